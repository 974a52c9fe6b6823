//! From a document to the deployment that is scaled, or to everything Ray would say against it.

use super::fields::{Fields, Limit, refuse, refuse_with};
use super::native::{
    AutoscalingConfig, DEFAULT_GRACEFUL_SHUTDOWN_TIMEOUT_S, DEFAULT_MAX_ONGOING_REQUESTS, Model,
    Scaling,
};
use crate::products::{DocumentFault, DocumentFaults};
use serde_json::{Map, Value};

/// Members of an autoscaling config.
pub(super) const AUTOSCALING: [&str; 16] = [
    "min_replicas",
    "initial_replicas",
    "max_replicas",
    "target_ongoing_requests",
    "metrics_interval_s",
    "look_back_period_s",
    "smoothing_factor",
    "upscale_smoothing_factor",
    "downscale_smoothing_factor",
    "upscaling_factor",
    "downscaling_factor",
    "downscale_delay_s",
    "downscale_to_zero_delay_s",
    "upscale_delay_s",
    "aggregation_function",
    "policy",
];
/// Members of a deployment that bear on its count or its replicas.
pub(super) const DEPLOYMENT: [&str; 5] = [
    "num_replicas",
    "max_ongoing_requests",
    "autoscaling_config",
    "graceful_shutdown_timeout_s",
    "graceful_shutdown_wait_loop_s",
];
const DEPLOYMENT_REST: [&str; 14] = [
    "name",
    "max_queued_requests",
    "user_config",
    "health_check_period_s",
    "health_check_timeout_s",
    "ray_actor_options",
    "placement_group_bundles",
    "placement_group_strategy",
    "placement_group_bundle_label_selector",
    "placement_group_fallback_strategy",
    "max_replicas_per_node",
    "logging_config",
    "request_router_config",
    "gang_scheduling_config",
];
const APPLICATION: [&str; 11] = [
    "name",
    "route_prefix",
    "import_path",
    "runtime_env",
    "host",
    "port",
    "deployments",
    "args",
    "logging_config",
    "autoscaling_policy",
    "external_scaler_enabled",
];
const CONFIG: [&str; 6] = [
    "proxy_location",
    "http_options",
    "grpc_options",
    "logging_config",
    "target_capacity",
    "applications",
];
/// The policy that is modelled, by its two names.
const MODELLED: [&str; 2] = [
    "ray.serve.autoscaling_policy.default_autoscaling_policy",
    "ray.serve.autoscaling_policy.replica_queue_length_autoscaling_policy",
];

/// Which of the three shapes a document has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// A Serve config file.
    Config,
    /// One deployment.
    Deployment,
    /// An autoscaling config alone.
    Autoscaling,
}

impl Shape {
    pub(super) fn of(members: &Map<String, Value>) -> Self {
        let has = |keys: &[&str]| keys.iter().any(|key| members.contains_key(*key));
        match members {
            _ if has(&["applications"]) => Self::Config,
            _ if has(&["name"]) || has(&DEPLOYMENT) => Self::Deployment,
            _ => Self::Autoscaling,
        }
    }
}

/// Reads a document; `wanted` is the deployment to scale, by its name or `application/name`.
pub(super) fn read(
    document: &Value,
    wanted: Option<&str>,
    strict: bool,
    faults: &mut DocumentFaults,
) -> Option<Model> {
    let Value::Object(members) = document else {
        refuse(faults, "", "dict_type", "Input should be a valid dictionary");
        return None;
    };
    let mut reader = Reader { strict, faults };
    let before = reader.faults.errors();
    let (found, target_capacity) = match Shape::of(members) {
        Shape::Config => reader.config(members),
        Shape::Deployment => (vec![reader.deployment(members, None)], None),
        Shape::Autoscaling => {
            let config = reader.autoscaling(members, &AutoscalingConfig::default());
            (vec![Found::bare(config)], None)
        }
    };
    if faults.errors() > before {
        return None;
    }
    let found = choose(found, wanted, faults)?;
    Some(Model {
        typed: document.clone(),
        place: found.place,
        autoscaling_place: found.autoscaling_place,
        application: found.application,
        deployment: found.name,
        scaling: found.scaling,
        max_ongoing_requests: found.max_ongoing_requests,
        graceful_shutdown_timeout_s: found.graceful_shutdown_timeout_s,
        target_capacity,
    })
}

/// A deployment of the document.
struct Found {
    place: String,
    autoscaling_place: Option<String>,
    application: Option<String>,
    name: Option<String>,
    scaling: Scaling,
    max_ongoing_requests: u32,
    graceful_shutdown_timeout_s: f64,
}

impl Found {
    fn bare(config: AutoscalingConfig) -> Self {
        Self {
            place: String::new(),
            autoscaling_place: Some(String::new()),
            application: None,
            name: None,
            scaling: Scaling::Auto(config),
            max_ongoing_requests: DEFAULT_MAX_ONGOING_REQUESTS,
            graceful_shutdown_timeout_s: DEFAULT_GRACEFUL_SHUTDOWN_TIMEOUT_S,
        }
    }

    fn full_name(&self) -> String {
        let name = self.name.as_deref().unwrap_or_default();
        self.application.as_ref().map_or_else(|| name.to_owned(), |app| format!("{app}/{name}"))
    }
}

/// The deployment that is scaled: the one asked for, or the only one.
fn choose(found: Vec<Found>, wanted: Option<&str>, faults: &mut DocumentFaults) -> Option<Found> {
    let names: Vec<String> = found.iter().map(Found::full_name).collect();
    let matching = |one: &Found| match wanted {
        None => true,
        Some(wanted) => one.full_name() == wanted || one.name.as_deref() == Some(wanted),
    };
    let mut chosen: Vec<Found> = found.into_iter().filter(matching).collect();
    if chosen.len() == 1 {
        return chosen.pop();
    }
    let message = match (wanted, chosen.len()) {
        (Some(wanted), 0) => format!("no deployment is called {wanted}"),
        (_, 0) => "it has no deployments".to_owned(),
        (_, count) => format!("{count} deployments could be meant, and one is simulated"),
    };
    let remedy = match names.is_empty() {
        true => "add a deployment with an `autoscaling_config`".to_owned(),
        false => format!("set the knob `deployment` to one of: {}", names.join(", ")),
    };
    faults.add("", DocumentFault::ours(message, remedy));
    None
}

struct Reader<'a> {
    strict: bool,
    faults: &'a mut DocumentFaults,
}

impl Reader<'_> {
    fn config(&mut self, members: &Map<String, Value>) -> (Vec<Found>, Option<f64>) {
        self.unknown(members, &[&CONFIG]);
        let capacity = Fields::new(members, self.faults).optional_number(
            "target_capacity",
            None,
            Limit::Percent,
        );
        let mut found = Vec::new();
        self.each(members, "applications", |reader, application| {
            reader.unknown(application, &[&APPLICATION]);
            let name = match application.get("name") {
                None => "default".to_owned(),
                Some(name) => reader.text("name", name),
            };
            if application.get("autoscaling_policy").is_some_and(|policy| !policy.is_null()) {
                reader.not_modelled("autoscaling_policy", "an application's autoscaling policy");
            }
            reader.each(application, "deployments", |reader, deployment| {
                found.push(reader.deployment(deployment, Some(&name)));
            });
        });
        (found, capacity)
    }

    /// Every object of a list.
    fn each(
        &mut self,
        members: &Map<String, Value>,
        key: &str,
        mut read: impl FnMut(&mut Reader<'_>, &Map<String, Value>),
    ) {
        let items = match members.get(key) {
            None => return,
            Some(Value::Array(items)) => items,
            Some(_) => {
                return refuse(self.faults, key, "list_type", "Input should be a valid list");
            }
        };
        for (at, item) in items.iter().enumerate() {
            self.within(&format!("{key}.{at}"), |reader| match item {
                Value::Object(members) => read(reader, members),
                _ => refuse(reader.faults, "", "model_type", MODEL_TYPE),
            });
        }
    }

    fn within<T>(&mut self, key: &str, read: impl FnOnce(&mut Reader<'_>) -> T) -> T {
        let strict = self.strict;
        self.faults.within(key, |faults| read(&mut Reader { strict, faults }))
    }

    fn text(&mut self, key: &str, value: &Value) -> String {
        match value {
            Value::String(text) => text.clone(),
            _ => {
                refuse(self.faults, key, "string_type", "Input should be a valid string");
                String::new()
            }
        }
    }

    fn deployment(&mut self, members: &Map<String, Value>, application: Option<&str>) -> Found {
        self.unknown(members, &[&DEPLOYMENT, &DEPLOYMENT_REST]);
        let name = match members.get("name") {
            Some(name) => Some(self.text("name", name)),
            None if application.is_some() => {
                refuse(self.faults, "name", "missing", "Field required");
                None
            }
            None => None,
        };
        let scaling = self.scaling(members);
        let mut fields = Fields::new(members, self.faults);
        let max_ongoing_requests =
            fields.count("max_ongoing_requests", DEFAULT_MAX_ONGOING_REQUESTS, Limit::AboveZero);
        let grace = DEFAULT_GRACEFUL_SHUTDOWN_TIMEOUT_S;
        let grace = fields.number("graceful_shutdown_timeout_s", grace, Limit::NotNegative);
        fields.number("graceful_shutdown_wait_loop_s", 2.0, Limit::NotNegative);
        self.remarks(members, &scaling, max_ongoing_requests);
        let typed = members.get("autoscaling_config").is_some_and(Value::is_object);
        Found {
            place: self.faults.path_to(""),
            autoscaling_place: typed.then(|| self.faults.path_to("autoscaling_config")),
            application: application.map(str::to_owned),
            name,
            scaling,
            max_ongoing_requests,
            graceful_shutdown_timeout_s: grace,
        }
    }

    /// `num_replicas` and `autoscaling_config`, which exclude each other.
    fn scaling(&mut self, members: &Map<String, Value>) -> Scaling {
        let replicas = members.get("num_replicas").filter(|value| !value.is_null());
        let config = members.get("autoscaling_config").filter(|value| !value.is_null());
        let auto = replicas.and_then(Value::as_str) == Some("auto");
        let base = if auto { AutoscalingConfig::auto() } else { AutoscalingConfig::default() };
        let fixed = match replicas {
            None => 1,
            Some(_) if auto => 1,
            Some(_) => Fields::new(members, self.faults).count("num_replicas", 1, Limit::AboveZero),
        };
        let Some(config) = config else {
            return if auto { Scaling::Auto(base) } else { Scaling::Fixed(fixed) };
        };
        let scaling = self.within("autoscaling_config", |reader| match config {
            Value::Object(members) => Scaling::Auto(reader.autoscaling(members, &base)),
            _ => {
                refuse(reader.faults, "", "model_type", MODEL_TYPE);
                Scaling::Fixed(fixed)
            }
        });
        if replicas.is_some() && !auto {
            refuse_with(self.faults, "", "value_error", BOTH, "leave one out, or \"auto\"");
        }
        scaling
    }

    /// What Ray lets pass and a user should know.
    fn remarks(&mut self, members: &Map<String, Value>, scaling: &Scaling, most_ongoing: u32) {
        if let Scaling::Auto(AutoscalingConfig { target_ongoing_requests: Some(target), .. }) =
            scaling
            && f64::from(most_ongoing) < *target
        {
            let message = format!(
                "max_ongoing_requests {most_ongoing} is below target_ongoing_requests {target}: \
                 only requests that wait can ask for more replicas"
            );
            let fault = DocumentFault::warning(message, "raise max_ongoing_requests");
            self.faults.add("max_ongoing_requests", fault);
        }
        if members.get("gang_scheduling_config").is_some_and(|gang| !gang.is_null()) {
            self.not_modelled("gang_scheduling_config", "gang scheduling");
        }
        let limited = members.get("max_queued_requests").and_then(Value::as_i64);
        if limited.is_some_and(|limit| limit >= 0) {
            let message = "max_queued_requests is not taken from the document";
            let fault = DocumentFault::warning(message, "write it as `service.queue.capacity`");
            self.faults.add("max_queued_requests", fault);
        }
    }

    /// An autoscaling config over `base`.
    pub(super) fn autoscaling(
        &mut self,
        members: &Map<String, Value>,
        base: &AutoscalingConfig,
    ) -> AutoscalingConfig {
        let before = self.faults.errors();
        self.unknown(members, &[&AUTOSCALING]);
        let config = self.fields(members, base);
        self.policy(members);
        if self.faults.errors() > before {
            return config;
        }
        let AutoscalingConfig { min_replicas: min, max_replicas: max, initial_replicas, .. } =
            config;
        let text = match initial_replicas {
            _ if max < min => {
                format!(
                    "max_replicas ({max}) must be greater than or equal to min_replicas ({min})!"
                )
            }
            Some(initial) if min > initial => format!(
                "min_replicas ({min}) must be less than or equal to initial_replicas ({initial})!"
            ),
            Some(initial) if max < initial => format!(
                "max_replicas ({max}) must be greater than or equal to initial_replicas ({initial})!"
            ),
            _ => {
                self.lint(members, &config, base);
                return config;
            }
        };
        refuse_with(self.faults, "", "value_error", format!("Value error, {text}"), ORDER);
        config
    }

    /// The members one by one, in Ray's order.
    fn fields(
        &mut self,
        members: &Map<String, Value>,
        base: &AutoscalingConfig,
    ) -> AutoscalingConfig {
        use Limit::{AboveZero, NotNegative};
        let mut f = Fields::new(members, self.faults);
        let target = base.target_ongoing_requests;
        let mut config = AutoscalingConfig {
            min_replicas: f.count("min_replicas", base.min_replicas, NotNegative),
            initial_replicas: f.optional_count("initial_replicas", NotNegative),
            max_replicas: f.count("max_replicas", base.max_replicas, AboveZero),
            target_ongoing_requests: f.optional_number(
                "target_ongoing_requests",
                target,
                AboveZero,
            ),
            metrics_interval_s: f.number("metrics_interval_s", base.metrics_interval_s, AboveZero),
            look_back_period_s: f.number("look_back_period_s", base.look_back_period_s, AboveZero),
            smoothing_factor: f.number("smoothing_factor", base.smoothing_factor, AboveZero),
            upscale_smoothing_factor: f.optional_number(
                "upscale_smoothing_factor",
                None,
                AboveZero,
            ),
            downscale_smoothing_factor: f.optional_number(
                "downscale_smoothing_factor",
                None,
                AboveZero,
            ),
            upscaling_factor: f.optional_number("upscaling_factor", None, AboveZero),
            downscaling_factor: f.optional_number("downscaling_factor", None, AboveZero),
            downscale_delay_s: f.number("downscale_delay_s", base.downscale_delay_s, NotNegative),
            downscale_to_zero_delay_s: f.optional_number(
                "downscale_to_zero_delay_s",
                None,
                NotNegative,
            ),
            upscale_delay_s: f.number("upscale_delay_s", base.upscale_delay_s, NotNegative),
            ..base.clone()
        };
        if let Some(value) = members.get("aggregation_function") {
            let text = match value {
                Value::String(text) => text.to_lowercase(),
                Value::Null => "none".to_owned(),
                other => other.to_string().to_lowercase(),
            };
            match text.parse() {
                Ok(function) => config.aggregation_function = function,
                Err(()) => {
                    let message =
                        format!("Value error, '{text}' is not a valid AggregationFunction");
                    let (key, remedy) = ("aggregation_function", "mean, max or min");
                    refuse_with(self.faults, key, "value_error", message, remedy);
                }
            }
        }
        config
    }

    /// Only Ray's own policy is modelled.
    fn policy(&mut self, members: &Map<String, Value>) {
        let Some(policy) = members.get("policy") else { return };
        let Value::Object(policy) = policy else {
            let message = "Input should be a valid dictionary or instance of AutoscalingPolicy";
            return refuse(self.faults, "policy", "model_type", message);
        };
        self.within("policy", |reader| {
            reader.unknown(policy, &[&["policy_function", "name", "policy_kwargs"]]);
            for key in ["policy_function", "name"] {
                let Some(name) = policy.get(key) else { continue };
                let name = reader.text(key, name);
                if !name.is_empty() && !MODELLED.contains(&name.replace(':', ".").as_str()) {
                    reader.not_modelled(key, &format!("the custom policy `{name}`"));
                }
            }
        });
    }

    /// Ray's own warnings, and one of ours.
    fn lint(
        &mut self,
        members: &Map<String, Value>,
        config: &AutoscalingConfig,
        base: &AutoscalingConfig,
    ) {
        let (look_back, interval) = (config.look_back_period_s, config.metrics_interval_s);
        let fields = Fields::new(members, self.faults);
        let (has_interval, has_look_back, has_max) = (
            fields.is_typed("metrics_interval_s"),
            fields.is_typed("look_back_period_s"),
            fields.is_typed("max_replicas"),
        );
        if has_interval && interval != 10.0 {
            let fault = DocumentFault::warning(format!("DeprecationWarning: {DEPRECATED}"), "");
            self.faults.add("metrics_interval_s", fault);
        }
        if has_look_back && look_back <= interval {
            let message = format!(
                "FutureWarning: `look_back_period_s` ({look_back:?}) must be greater than \
                 `metrics_interval_s` ({interval:?}). This will raise an exception in a future \
                 release. Please set `look_back_period_s` > `metrics_interval_s`."
            );
            self.faults.add("look_back_period_s", DocumentFault::warning(message, ""));
        }
        if config.target_ongoing_requests.is_none() {
            let message = "target_ongoing_requests is null: Ray accepts that, and then every loop of \
                           its controller fails with a TypeError";
            let fault = DocumentFault::warning(message, "a number above 0, or leave it out");
            self.faults.add("target_ongoing_requests", fault);
        }
        if !has_max && config.max_replicas == config.min_replicas {
            let most = base.max_replicas;
            let message = format!("max_replicas is {most} where it is left out: this never scales");
            self.faults.add("", DocumentFault::warning(message, "give max_replicas"));
        }
    }

    fn not_modelled(&mut self, key: &str, what: &str) {
        let message = format!("{what} is not modelled");
        let remedy = "leave it out to see Ray's default policy without it";
        self.faults.add(key, DocumentFault::ours(message, remedy));
    }

    /// Ray ignores what it does not know without a word.
    fn unknown(&mut self, members: &Map<String, Value>, known: &[&[&str]]) {
        for key in members.keys() {
            if known.iter().any(|keys| keys.contains(&key.as_str())) {
                continue;
            }
            let near = known.iter().flat_map(|keys| keys.iter());
            let near = near.min_by_key(|known| strsim::damerau_levenshtein(known, key));
            let near = match key.as_str() {
                "target_num_ongoing_requests_per_replica" => Some(&"target_ongoing_requests"),
                "max_concurrent_queries" => Some(&"max_ongoing_requests"),
                _ => near.filter(|near| strsim::damerau_levenshtein(near, key) <= key.len() / 3),
            };
            let remedy = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => "leave it out".to_owned(),
            };
            let message = format!("`{key}` is not a member Ray knows; it is ignored silently");
            let fault = match self.strict {
                true => DocumentFault::ours(message, remedy),
                false => DocumentFault::warning(message, remedy),
            };
            self.faults.add(key, fault);
        }
    }
}

const MODEL_TYPE: &str = "Input should be a valid dictionary";
const BOTH: &str = "Value error, Manually setting num_replicas is not allowed when \
                    autoscaling_config is provided.";
const ORDER: &str = "min_replicas <= initial_replicas <= max_replicas";
const DEPRECATED: &str = "The `metrics_interval_s` field in AutoscalingConfig is deprecated and will be \
    replaced by the environment variables `RAY_SERVE_REPLICA_AUTOSCALING_METRIC_PUSH_INTERVAL_S` and \
    `RAY_SERVE_HANDLE_AUTOSCALING_METRIC_PUSH_INTERVAL_S` in a future release.";
