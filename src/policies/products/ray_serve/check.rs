//! From a document to the deployment that is scaled, or to everything Ray would say against it.

use super::native::{
    AutoscalingConfig, DEFAULT_GRACEFUL_SHUTDOWN_TIMEOUT_S, DEFAULT_MAX_ONGOING_REQUESTS,
    LARGEST_LIMIT, LLM_MAX_ONGOING_REQUESTS, Model, Scaling,
};
use super::options;
use super::pydantic::{Limit, Object, One, Pydantic, count, number};
use crate::products::facts::text_of;
use crate::products::form::Form;
use crate::products::{DocumentFault, Omitted, Reader, Words, Wrong};
use serde_json::{Map, Value, json};

/// Members of an autoscaling config.
pub(super) const AUTOSCALING: &str = "min_replicas initial_replicas max_replicas \
    target_ongoing_requests metrics_interval_s look_back_period_s smoothing_factor \
    upscale_smoothing_factor downscale_smoothing_factor upscaling_factor downscaling_factor \
    downscale_delay_s downscale_to_zero_delay_s upscale_delay_s aggregation_function policy";
/// Members of a deployment that bear on its count or its replicas.
pub(super) const DEPLOYMENT: &str = "num_replicas max_ongoing_requests autoscaling_config \
    graceful_shutdown_timeout_s graceful_shutdown_wait_loop_s";
/// The others of a deployment.
pub(super) const DEPLOYMENT_REST: &str = "name max_queued_requests user_config \
    health_check_period_s health_check_timeout_s ray_actor_options placement_group_bundles \
    placement_group_strategy placement_group_bundle_label_selector max_replicas_per_node \
    logging_config request_router_config gang_scheduling_config backpressure_config \
    deployment_actors rolling_update_percentage max_surge_percent";
pub(super) const APPLICATION: &str = "name route_prefix import_path runtime_env host port \
    deployments args logging_config autoscaling_policy external_scaler_enabled";
pub(super) const CONFIG: &str = "proxy_location http_options grpc_options controller_options \
    logging_config tracing_config target_capacity applications";
/// Members of the answer of `GET /api/serve/applications/` beside those of a config.
const ANSWER: &str = "controller_info proxies target_groups controller_health_metrics \
    restores_unset_config_options proxy_location http_options grpc_options target_capacity \
    applications";
/// Members of a model of Serve LLM beside its `deployment_config`.
const LLM: &str = "model_loading_config llm_engine engine_kwargs accelerator_type";
/// The policy that is modelled, by its two names.
const MODELLED: [&str; 2] = [
    "ray.serve.autoscaling_policy.default_autoscaling_policy",
    "ray.serve.autoscaling_policy.replica_queue_length_autoscaling_policy",
];

/// The forms documents come in.
pub(super) const FORMS: &[Form] = &[
    Form {
        inside: "applications.0",
        beside: CONFIG,
        shared: "name host port logging_config autoscaling_policy external_scaler_enabled",
        ..Form::request("a Serve config", "import_path deployments route_prefix runtime_env args")
    },
    Form {
        inside: "applications.*",
        beside: ANSWER,
        shared: "name status message source external_scaler_enabled deployment_topology",
        is_sent: false,
        ..Form::request(
            "the answer of Ray's REST API",
            "deployments deployed_app_config route_prefix docs_path last_deployed_time_s",
        )
    },
    Form {
        shared: "name host port logging_config autoscaling_policy external_scaler_enabled",
        ..Form::request("an application", "import_path deployments route_prefix runtime_env args")
    },
    Form { shared: DEPLOYMENT_REST, ..Form::request("a deployment", DEPLOYMENT) },
    Form {
        shared: "deployment_config lora_config runtime_env placement_group_config server_cls \
            log_engine_metrics experimental_configs callback_config",
        ..Form::request("a model of Serve LLM", LLM)
    },
    Form::request("an autoscaling config", AUTOSCALING),
];

/// Which shape a document has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// A Serve config file.
    Config,
    /// What the REST API says is deployed.
    Answer,
    /// One application.
    Application,
    /// One deployment.
    Deployment,
    /// One model of Serve LLM.
    Llm,
    /// An autoscaling config alone.
    Autoscaling,
}

impl Shape {
    fn of(members: &Map<String, Value>) -> Self {
        let has = |keys: &str| keys.split(' ').any(|key| members.contains_key(key));
        match members.get("applications") {
            Some(Value::Object(_)) => Self::Answer,
            Some(_) => Self::Config,
            None if has("import_path deployments") => Self::Application,
            None if has(LLM) => Self::Llm,
            None if has("name") || has(DEPLOYMENT) => Self::Deployment,
            None => Self::Autoscaling,
        }
    }
}

/// Reads a document; `wanted` is the deployment to scale, by its name or `application/name`.
pub(super) fn read(
    document: &Value,
    wanted: Option<&str>,
    reader: &Reader<Pydantic>,
) -> Option<Model> {
    let root = reader.document(0, document);
    let Value::Object(members) = document else {
        root.refuse(Wrong::Own("dict_type", "Input should be a valid dictionary"), "");
        return None;
    };
    let before = reader.errors();
    let mut typed = document.clone();
    let (found, target_capacity) = match Shape::of(members) {
        Shape::Config => config(&root)?,
        Shape::Answer => {
            typed = config_of_answer(document);
            answer(&root)?
        }
        Shape::Application => (application(&root), None),
        Shape::Deployment => (vec![deployment(&root, None, Written::Plain)?], None),
        Shape::Llm => (model_of_llm(&root, None).into_iter().collect(), None),
        Shape::Autoscaling => {
            let config = autoscaling(&root, &AutoscalingConfig::default())?;
            (vec![bare(config, reader.take_omitted())], None)
        }
    };
    if reader.errors() > before {
        return None;
    }
    let found = choose(found, wanted, reader)?;
    Some(Model { typed, target_capacity, ..found })
}

/// An autoscaling config without its deployment.
fn bare(config: AutoscalingConfig, omitted: Vec<Omitted>) -> Model {
    Model {
        typed: Value::Null,
        omitted,
        application: None,
        deployment: None,
        scaling: Scaling::Auto(config),
        max_ongoing_requests: DEFAULT_MAX_ONGOING_REQUESTS,
        graceful_shutdown_timeout_s: DEFAULT_GRACEFUL_SHUTDOWN_TIMEOUT_S,
        target_capacity: None,
    }
}

fn full_name(model: &Model) -> String {
    let name = model.deployment.as_deref().unwrap_or_default();
    model.application.as_ref().map_or_else(|| name.to_owned(), |app| format!("{app}/{name}"))
}

/// The deployment that is scaled: the one asked for, or the only one.
fn choose(found: Vec<Model>, wanted: Option<&str>, reader: &Reader<Pydantic>) -> Option<Model> {
    let names: Vec<String> = found.iter().map(full_name).collect();
    let matching = |one: &Model| match wanted {
        None => true,
        Some(wanted) => full_name(one) == wanted || one.deployment.as_deref() == Some(wanted),
    };
    let mut chosen: Vec<Model> = found.into_iter().filter(matching).collect();
    if chosen.len() == 1 {
        return chosen.pop();
    }
    let remedy = match names.is_empty() {
        true => "add a deployment with an `autoscaling_config`".to_owned(),
        false => format!("set the knob `deployment` to one of: {}", names.join(", ")),
    };
    // Ray takes them all; which one is simulated is ours to ask.
    reader.add(
        "",
        match (wanted, chosen.len()) {
            (Some(wanted), 0) => {
                DocumentFault::ours(format!("no deployment is called {wanted}"), remedy)
            }
            (_, 0) => DocumentFault::incomplete("it lists no deployment", remedy),
            (_, count) => {
                let lack = format!("{count} deployments could be meant, and one is simulated");
                DocumentFault::incomplete(lack, remedy)
            }
        },
    );
    None
}

/// The deployments of a Serve config, and its target capacity.
fn config(root: &One<'_>) -> Option<(Vec<Model>, Option<f64>)> {
    let config = root.members(CONFIG)?;
    let capacity = number(&config.get("target_capacity").unless_null(), Limit::Percent);
    options::controller(&config.get("controller_options").unless_null());
    options::logging(&config.get("logging_config").unless_null());
    options::tracing(&config.get("tracing_config").unless_null());
    let applications = config.get("applications").items();
    let found = applications.iter().flatten().flat_map(application).collect();
    Some((found, capacity))
}

/// The deployments of an application: those it lists, and those Serve LLM makes of its arguments.
fn application(member: &One<'_>) -> Vec<Model> {
    let Some(application) = member.members(APPLICATION) else { return Vec::new() };
    let name = application.get("name");
    let name = if name.value.is_none() { Some("default") } else { name.text() };
    of_application(&application);
    let deployments = application.get("deployments").items();
    let read = |one: &One<'_>| deployment(one, name.or(Some("")), Written::Plain);
    let mut found: Vec<Model> = deployments.iter().flatten().filter_map(read).collect();
    let arguments = application.get("args");
    if arguments.value.is_some_and(Value::is_object)
        && let Some(arguments) = arguments.object()
    {
        let models = arguments.get("llm_configs");
        if models.value.is_some_and(Value::is_array) {
            let models = models.items();
            let models = models.iter().flatten().filter_map(|one| model_of_llm(one, name));
            // One that is listed too is listed for what it overrides.
            let listed = |one: &Model| found.iter().any(|known| known.deployment == one.deployment);
            let models: Vec<Model> = models.filter(|one| !listed(one)).collect();
            found.extend(models);
        }
    }
    found
}

/// What an application says beside its deployments.
fn of_application(application: &Object<'_>) {
    let policy = application.get("autoscaling_policy").unless_null();
    if policy.value.is_some() {
        not_modelled(&policy, "an application's autoscaling policy");
    }
    options::logging(&application.get("logging_config").unless_null());
}

/// The deployment Serve LLM makes of a model's configuration.
fn model_of_llm(member: &One<'_>, application: Option<&str>) -> Option<Model> {
    if let Some(file) = member.value.and_then(Value::as_str) {
        let remedy = format!("give {file} itself, or its text in place of its name");
        member.decline(format!("`{file}` names another file, which is not read"), &remedy);
        return None;
    }
    let members = member.object()?;
    let source = member.value?.get("model_loading_config")?.get("model_id");
    // As Ray names it: `org/small-7.5b` becomes `LLMServer:org--small-7_5b`.
    let id = source.and_then(Value::as_str).unwrap_or_default();
    let id = id.replace('/', "--").replace('.', "_");
    let config = members.get("deployment_config");
    deployment(&config, application, Written::ForLlm(&id))
}

/// The deployments the REST API says are there, and the target capacity in force.
fn answer(root: &One<'_>) -> Option<(Vec<Model>, Option<f64>)> {
    let answer = root.members(ANSWER)?;
    let capacity = number(&answer.get("target_capacity").unless_null(), Limit::Percent);
    let applications = answer.get("applications").object()?;
    let mut found = Vec::new();
    for name in applications.map.keys() {
        let Some(details) = applications.get(name).object() else { continue };
        let submitted = details.get("deployed_app_config").unless_null();
        if let Some(submitted) = submitted.value.and(submitted.object()) {
            of_application(&submitted);
        }
        let Some(deployments) = details.get("deployments").object() else { continue };
        for deployed in deployments.map.keys() {
            let Some(details) = deployments.get(deployed).object() else { continue };
            let config = details.get("deployment_config");
            if config.value.is_none() {
                let message = format!("`{deployed}` comes without its `deployment_config`");
                config.decline(message, "take the answer of GET /api/serve/applications/");
                continue;
            }
            found.extend(deployment(&config, Some(name), Written::Plain));
        }
    }
    Some((found, capacity))
}

/// The config that would deploy what an answer says is there.
fn config_of_answer(answer: &Value) -> Value {
    let applications = answer["applications"].as_object().into_iter().flatten();
    let applications = applications.map(|(name, details)| {
        let submitted = details["deployed_app_config"].as_object();
        let mut application = submitted.cloned().unwrap_or_default();
        application.insert("name".into(), name.clone().into());
        let deployments = details["deployments"].as_object().into_iter().flatten();
        let configs = deployments.filter_map(|(_, one)| one.get("deployment_config").cloned());
        application.insert("deployments".into(), configs.collect());
        Value::Object(application)
    });
    let mut config = json!({ "applications": applications.collect::<Vec<Value>>() });
    for key in ["proxy_location", "http_options", "grpc_options", "target_capacity"] {
        if let Some(value) = answer.get(key).filter(|value| !value.is_null()) {
            config[key] = value.clone();
        }
    }
    config
}

/// Who wrote a deployment, which decides what stands in for what is left out.
#[derive(Debug, Clone, Copy)]
enum Written<'m> {
    /// Its user.
    Plain,
    /// Serve LLM, for the model of this name.
    ForLlm(&'m str),
}

fn deployment(member: &One<'_>, application: Option<&str>, written: Written<'_>) -> Option<Model> {
    let members = member.members_if_any(&format!("{DEPLOYMENT} {DEPLOYMENT_REST}"))?;
    let given = members.get("name");
    let name = match (written, application) {
        (Written::ForLlm(id), _) => {
            let name = if given.value.is_some() { given.text()? } else { id };
            Some(format!("LLMServer:{name}"))
        }
        (Written::Plain, Some(_)) => members.need("name").text().map(str::to_owned),
        (Written::Plain, None) => given.text().map(str::to_owned),
    };
    let usual = match written {
        Written::Plain => DEFAULT_MAX_ONGOING_REQUESTS,
        Written::ForLlm(_) => LLM_MAX_ONGOING_REQUESTS,
    };
    members.get("max_ongoing_requests").note(usual);
    members.get("graceful_shutdown_timeout_s").note(DEFAULT_GRACEFUL_SHUTDOWN_TIMEOUT_S);
    let scaling = scaling(&members, written);
    let most_ongoing = count(&members.get("max_ongoing_requests"), Limit::AboveZero);
    let grace = number(&members.get("graceful_shutdown_timeout_s"), Limit::NotNegative);
    number(&members.get("graceful_shutdown_wait_loop_s"), Limit::NotNegative);
    let most_ongoing = most_ongoing.unwrap_or(usual);
    options::of_deployment(&members);
    remarks(&members, &scaling, most_ongoing);
    Some(Model {
        typed: Value::Null,
        omitted: member.reader.take_omitted(),
        application: application.map(str::to_owned),
        deployment: name,
        scaling,
        max_ongoing_requests: most_ongoing,
        graceful_shutdown_timeout_s: grace.unwrap_or(DEFAULT_GRACEFUL_SHUTDOWN_TIMEOUT_S),
        target_capacity: None,
    })
}

/// `num_replicas` and `autoscaling_config`, which exclude each other.
fn scaling(members: &Object<'_>, written: Written<'_>) -> Scaling {
    let replicas = members.get("num_replicas").unless_null();
    let config = members.get("autoscaling_config");
    let auto = replicas.value.and_then(Value::as_str) == Some("auto");
    let left_open = config.value.is_none() && !members.map.contains_key("num_replicas");
    let config = config.unless_null();
    let (base, by_llm) = match written {
        _ if auto => (AutoscalingConfig::auto(), false),
        Written::ForLlm(_) if !members.map.contains_key("num_replicas") => {
            (AutoscalingConfig::of_llm(), left_open)
        }
        Written::Plain | Written::ForLlm(_) => (AutoscalingConfig::default(), false),
    };
    let fixed = if auto { None } else { count(&replicas, Limit::AboveZero) };
    let fixed = Scaling::Fixed(fixed.unwrap_or(1));
    if config.value.is_none() && !auto && !by_llm {
        replicas.note(1);
        return fixed;
    }
    let scaling = autoscaling(&config, &base).map_or(fixed, Scaling::Auto);
    if replicas.value.is_some() && !auto {
        members.me.refuse(Wrong::Because(BOTH), "leave one out, or \"auto\"");
    }
    scaling
}

/// What Ray lets pass and a user should know.
fn remarks(members: &Object<'_>, scaling: &Scaling, most_ongoing: u32) {
    if let Scaling::Auto(AutoscalingConfig { target_ongoing_requests: Some(target), .. }) = scaling
        && f64::from(most_ongoing) < *target
    {
        let message = format!(
            "max_ongoing_requests {most_ongoing} is below target_ongoing_requests {target}: only \
             requests that wait can ask for more replicas"
        );
        members.get("max_ongoing_requests").warn(message, "raise max_ongoing_requests");
    }
    let given = members.get("max_ongoing_requests");
    if given.value.is_some() && most_ongoing > LARGEST_LIMIT {
        let message = format!("max_ongoing_requests {most_ongoing} is as good as no limit");
        given.warn(message, "`service.concurrency` says how many a replica serves at once");
    }
    let gang = members.get("gang_scheduling_config").unless_null();
    if gang.value.is_some() {
        not_modelled(&gang, "gang scheduling");
    }
    let limited = members.get("max_queued_requests");
    if limited.value.and_then(Value::as_i64).is_some_and(|limit| limit >= 0) {
        let message = "max_queued_requests is not taken from the document";
        limited.warn(message, "write it as `service.queue.capacity`");
    }
}

/// An autoscaling config over `base`.
fn autoscaling(member: &One<'_>, base: &AutoscalingConfig) -> Option<AutoscalingConfig> {
    let before = member.reader.errors();
    let members = member.members_if_any(AUTOSCALING)?;
    let config = fields(&members, base);
    policy(&members);
    if member.reader.errors() > before {
        return Some(config);
    }
    let AutoscalingConfig { min_replicas: min, max_replicas: max, initial_replicas, .. } = config;
    let text = match initial_replicas {
        _ if max < min => {
            format!("max_replicas ({max}) must be greater than or equal to min_replicas ({min})!")
        }
        Some(initial) if min > initial => format!(
            "min_replicas ({min}) must be less than or equal to initial_replicas ({initial})!"
        ),
        Some(initial) if max < initial => format!(
            "max_replicas ({max}) must be greater than or equal to initial_replicas ({initial})!"
        ),
        _ => {
            lint(&members, &config, base);
            return Some(config);
        }
    };
    let order = "min_replicas <= initial_replicas <= max_replicas";
    member.refuse(Wrong::Because(&format!("Value error, {text}")), order);
    Some(config)
}

/// The members one by one, in Ray's order.
fn fields(members: &Object<'_>, base: &AutoscalingConfig) -> AutoscalingConfig {
    use Limit::{AboveZero, NotNegative};
    let whole = |name, default, limit| {
        members.get(name).or(default, |one| count(one, limit)).unwrap_or(default)
    };
    let real = |name, default, limit| {
        members.get(name).or(default, |one| number(one, limit)).unwrap_or(default)
    };
    let maybe = |name, default: Option<f64>, limit| {
        let member = members.get(name);
        member.or(default, |_| Some(number(&members.get(name).unless_null(), limit))).flatten()
    };
    AutoscalingConfig {
        min_replicas: whole("min_replicas", base.min_replicas, NotNegative),
        initial_replicas: {
            let initial = members.get("initial_replicas");
            initial.note(Value::Null);
            count(&initial.unless_null(), NotNegative)
        },
        max_replicas: whole("max_replicas", base.max_replicas, AboveZero),
        target_ongoing_requests: maybe(
            "target_ongoing_requests",
            base.target_ongoing_requests,
            AboveZero,
        ),
        metrics_interval_s: real("metrics_interval_s", base.metrics_interval_s, AboveZero),
        look_back_period_s: real("look_back_period_s", base.look_back_period_s, AboveZero),
        smoothing_factor: real("smoothing_factor", base.smoothing_factor, AboveZero),
        upscale_smoothing_factor: maybe("upscale_smoothing_factor", None, AboveZero),
        downscale_smoothing_factor: maybe("downscale_smoothing_factor", None, AboveZero),
        upscaling_factor: maybe("upscaling_factor", None, AboveZero),
        downscaling_factor: maybe("downscaling_factor", None, AboveZero),
        downscale_delay_s: real("downscale_delay_s", base.downscale_delay_s, NotNegative),
        downscale_to_zero_delay_s: maybe("downscale_to_zero_delay_s", None, NotNegative),
        upscale_delay_s: real("upscale_delay_s", base.upscale_delay_s, NotNegative),
        aggregation_function: {
            let member = members.get("aggregation_function");
            member.note(base.aggregation_function.name());
            aggregation(&member).unwrap_or(base.aggregation_function)
        },
    }
}

fn aggregation<W: Words>(member: &One<'_>) -> Option<W> {
    let text = text_of(member.value?).to_lowercase();
    let function = W::named(&text);
    if function.is_none() {
        let message = format!("Value error, '{text}' is not a valid AggregationFunction");
        member.refuse(Wrong::Because(&message), "mean, max or min");
    }
    function
}

/// Only Ray's own policy is modelled.
fn policy(members: &Object<'_>) {
    let policy = members.get("policy");
    if policy.value.is_some_and(|value| !value.is_object()) {
        let message = "Input should be a valid dictionary or instance of AutoscalingPolicy";
        return policy.refuse(Wrong::Own("model_type", message), "");
    }
    let Some(policy) = policy.members("policy_function name policy_kwargs") else { return };
    for member in ["policy_function", "name"].map(|key| policy.get(key)) {
        let name = member.text().unwrap_or_default();
        if !name.is_empty() && !MODELLED.contains(&name.replace(':', ".").as_str()) {
            not_modelled(&member, &format!("the custom policy `{name}`"));
        }
    }
}

/// Ray's own warnings, and one of ours.
fn lint(members: &Object<'_>, config: &AutoscalingConfig, base: &AutoscalingConfig) {
    let (look_back, interval) = (config.look_back_period_s, config.metrics_interval_s);
    if members.has("metrics_interval_s") && interval != 10.0 {
        let message = format!("DeprecationWarning: {DEPRECATED}");
        members.get("metrics_interval_s").warn(message, "");
    }
    if members.has("look_back_period_s") && look_back <= interval {
        let message = format!(
            "FutureWarning: `look_back_period_s` ({look_back:?}) must be greater than \
             `metrics_interval_s` ({interval:?}). This will raise an exception in a future release. \
             Please set `look_back_period_s` > `metrics_interval_s`."
        );
        members.get("look_back_period_s").warn(message, "");
    }
    if config.target_ongoing_requests.is_none() {
        let message = "target_ongoing_requests is null: Ray accepts that, and then every loop of its \
                       controller fails with a TypeError";
        let remedy = "a number above 0, or leave it out";
        members.get("target_ongoing_requests").warn(message, remedy);
    }
    if !members.has("max_replicas") && config.max_replicas == config.min_replicas {
        let most = base.max_replicas;
        let message = format!("max_replicas is {most} where it is left out: this never scales");
        members.me.warn(message, "give max_replicas");
    }
}

fn not_modelled(member: &One<'_>, what: &str) {
    let remedy = "leave it out to see Ray's default policy without it";
    member.decline(format!("{what} is not modelled"), remedy);
}

const BOTH: &str = "Value error, Manually setting num_replicas is not allowed when \
                    autoscaling_config is provided.";
const DEPRECATED: &str = "The `metrics_interval_s` field in AutoscalingConfig is deprecated and will be \
    replaced by the environment variables `RAY_SERVE_REPLICA_AUTOSCALING_METRIC_PUSH_INTERVAL_S` and \
    `RAY_SERVE_HANDLE_AUTOSCALING_METRIC_PUSH_INTERVAL_S` in a future release.";
