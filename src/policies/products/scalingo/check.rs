//! From JSON bodies to an [`App`], or to the platform's refusals.
//!
//! A body is a request to create, a request to update, or an answer of the API. Which one is told by its
//! members: an answer has read-only ones, a creation names its `container_type`, an update does not. The
//! path of a real update names the autoscaler; here it is the one of the body's `id` or
//! `container_type`, else the one the document before was about.

use super::Knobs;
use super::app::{App, TypeAutoscaler, Version, WEB};
use super::native::{AutoscalerSettings, FEWEST, MetricName};
use crate::products::{DocumentFault, DocumentFaults};
use autosim_engine::units::Time;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

type Object = Map<String, Value>;

const REQUIRED: [&str; 5] =
    ["container_type", "min_containers", "max_containers", "metric", "target"];
const READ_ONLY: [&str; 7] = [
    "id",
    "app_id",
    "created_at",
    "updated_at",
    "last_scale",
    "alert_id_scale_up",
    "alert_id_scale_down",
];

/// Of those, dates.
const DATES: [&str; 3] = ["created_at", "updated_at", "last_scale"];

/// A text that is not JSON.
pub(super) fn unreadable(message: &str) -> DocumentFault {
    let message = format!("There was a problem in the JSON you submitted: {message}");
    DocumentFault::error("", Some(400), "", message, "a JSON object")
}

fn refused(field: &str, message: &str, remedy: impl Into<String>) -> DocumentFault {
    DocumentFault::error("", Some(422), field, message, remedy)
}

fn not_found(resource: &str, remedy: impl Into<String>) -> DocumentFault {
    DocumentFault::error("", Some(404), resource, "not found", remedy)
}

/// The answer to documents with these errors: what cannot be read, what does not exist, or every field
/// with what is wrong about it.
pub(super) fn refusal(faults: &[&DocumentFault]) -> Value {
    let Some(first) = faults.first() else { return json!({}) };
    match first.status {
        Some(400) => json!({ "error": first.message }),
        Some(404) => json!({ "resource": first.field, "error": first.message }),
        _ => {
            let mut errors = Map::new();
            for fault in faults.iter().filter(|fault| fault.status == first.status) {
                let list = errors.entry(fault.field.clone()).or_insert_with(|| json!([]));
                if let Some(list) = list.as_array_mut() {
                    list.push(json!(fault.message));
                }
            }
            json!({ "errors": errors })
        }
    }
}

/// Reads the bodies in order.
pub(super) fn read(
    documents: &[Value],
    knobs: &Knobs,
    strict: bool,
    faults: &mut DocumentFaults,
) -> Option<App> {
    let before = faults.errors();
    let app = App { autoscalers: Vec::new(), scaled_type: knobs.scaled_type.clone() };
    let mut reader =
        Reader { knobs, strict, app, number: 0, place: String::new(), updates: 0, latest: None };
    for (number, document) in documents.iter().enumerate() {
        faults.document(number);
        reader.number = number;
        reader.document(document, faults);
    }
    let app = reader.app;
    if let Some(name) = &knobs.scaled_type
        && app.acting().is_none()
        && !app.autoscalers.is_empty()
    {
        let remedy = "the knob `scaled_type` names no process type of the documents";
        faults.add("", not_found("autoscaler", format!("{remedy}: `{name}`")));
    }
    (faults.errors() == before).then_some(app)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Create,
    Update,
    Answer,
}

struct Reader<'a> {
    knobs: &'a Knobs,
    strict: bool,
    app: App,
    /// The document being read, and the way to the body in it.
    number: usize,
    place: String,
    /// Updates read so far.
    updates: usize,
    /// What the document before was about.
    latest: Option<usize>,
}

/// What a body says; `None` = nothing, or nothing sound.
#[derive(Default)]
struct Members {
    id: Option<String>,
    container_type: Option<String>,
    min_containers: Option<u32>,
    max_containers: Option<u32>,
    metric: Option<MetricName>,
    target: Option<f64>,
    disabled: Option<bool>,
    last_scale: Option<Timestamp>,
}

impl Reader<'_> {
    fn document(&mut self, document: &Value, faults: &mut DocumentFaults) {
        let object = document.as_object();
        let member = |key: &str| object.and_then(|object| object.get(key));
        if let (Some(object), Some(list)) = (object, member("autoscalers")) {
            self.unknown(object, &["autoscalers", "meta"], faults);
            let Some(list) = list.as_array() else {
                faults.add("autoscalers", refused("autoscalers", "is invalid", "an array"));
                return;
            };
            faults.within("autoscalers", |faults| {
                for (at, item) in list.iter().enumerate() {
                    self.place = format!("autoscalers.{at}");
                    faults.within(at, |faults| match item.as_object() {
                        Some(body) => self.body(body, Form::Answer, faults),
                        None => {
                            faults.add("", refused("autoscalers", "is invalid", "an autoscaler"));
                        }
                    });
                }
            });
        } else if let (Some(object), Some(wrapped)) = (object, member("autoscaler")) {
            self.unknown(object, &["autoscaler"], faults);
            self.place = "autoscaler".into();
            match wrapped.as_object() {
                Some(body) => {
                    let form = self.form(body);
                    faults.within("autoscaler", |faults| self.body(body, form, faults));
                }
                None => {
                    faults.add("autoscaler", refused("autoscaler", "is invalid", "an object"));
                }
            }
        } else if let Some(body) =
            object.filter(|body| READ_ONLY.iter().any(|key| body.contains_key(*key)))
        {
            self.place = String::new();
            self.body(body, Form::Answer, faults);
        } else {
            let remedy = "a request is wrapped: {\"autoscaler\": {...}}";
            faults.add("", refused("autoscaler", "missing field", remedy));
        }
    }

    /// What a wrapped body is.
    fn form(&self, body: &Object) -> Form {
        let has = |key: &&str| body.contains_key(*key);
        if READ_ONLY.iter().any(|key| *key != "id" && has(key)) {
            return Form::Answer;
        }
        let complete = REQUIRED.iter().all(&has);
        if body.contains_key("id") {
            return if complete { Form::Answer } else { Form::Update };
        }
        let named = body.get("container_type").and_then(Value::as_str);
        let known = named
            .is_some_and(|name| self.app.autoscalers.iter().any(|one| one.container_type == name));
        let nothing_to_amend = self.app.autoscalers.is_empty();
        let all_but_type = REQUIRED[1..].iter().all(&has) && !has(&"disabled");
        match named {
            Some(_) if complete || !known => Form::Create,
            None if body.contains_key("container_type") => Form::Create,
            None if nothing_to_amend && all_but_type => Form::Create,
            _ => Form::Update,
        }
    }

    fn unknown(&self, object: &Object, known: &[&str], faults: &mut DocumentFaults) {
        for key in object.keys().filter(|key| !known.contains(&key.as_str())) {
            self.ignored(key, "the API knows no such field", faults);
        }
    }

    /// Something the platform ignores, and strictness refuses.
    fn ignored(&self, key: &str, why: &str, faults: &mut DocumentFaults) {
        let remedy = format!("{why}; remove `{key}`");
        let fault = match self.strict {
            true => refused(key, "is not accepted here", remedy),
            false => DocumentFault {
                field: key.to_owned(),
                ..DocumentFault::warning(format!("`{key}` is ignored"), remedy)
            },
        };
        faults.add(key, fault);
    }

    fn warn(&self, key: &str, message: String, remedy: &str, faults: &mut DocumentFaults) {
        let fault = DocumentFault::warning(message, remedy);
        faults.add(key, DocumentFault { field: key.to_owned(), ..fault });
    }

    fn body(&mut self, body: &Object, form: Form, faults: &mut DocumentFaults) {
        let known: Vec<&str> = REQUIRED.into_iter().chain(READ_ONLY).chain(["disabled"]).collect();
        self.unknown(body, &known, faults);
        if form != Form::Update {
            for key in REQUIRED.iter().filter(|key| !body.contains_key(**key)) {
                faults.add(key, refused(key, "missing field", format!("add `{key}`")));
            }
        }
        let before = faults.errors();
        let mut members = self.members(body, form, faults);
        if form == Form::Create && members.disabled.take().is_some() {
            self.ignored("disabled", "a new autoscaler is enabled; update it afterwards", faults);
        }
        if form == Form::Update && members.container_type.is_some() {
            self.ignored("container_type", "an update cannot change it", faults);
        }
        let sound = faults.errors() == before;
        match form {
            Form::Create => self.create(&members, faults),
            Form::Answer => self.answer(&members, faults),
            Form::Update => self.update(&members, sound, faults),
        }
    }

    fn members(&self, body: &Object, form: Form, faults: &mut DocumentFaults) -> Members {
        let text = |key: &str, faults: &mut DocumentFaults| {
            let text = body.get(key)?.as_str().map(str::to_owned);
            if text.is_none() {
                faults.add(key, refused(key, "is invalid", "a text"));
            }
            text
        };
        let whole = |key: &str, faults: &mut DocumentFaults| {
            let number = body.get(key)?.as_i64();
            if number.is_none() {
                faults.add(key, refused(key, "is invalid", "an integer"));
            }
            number
        };
        let container_type = text("container_type", faults).filter(|name| {
            let exists = form == Form::Update || self.knobs.process_types.contains(name);
            if !exists {
                let known = self.knobs.process_types.join(", ");
                let remedy =
                    format!("the app has {known}; the knob `process_types` can name others");
                faults.add("container_type", not_found("container_type", remedy));
            }
            exists
        });
        let min = whole("min_containers", faults).and_then(|min| self.minimum(min, form, faults));
        let max = whole("max_containers", faults).and_then(|max| self.maximum(max, form, faults));
        let metric = text("metric", faults).and_then(|name| self.metric(&name, faults));
        let target = body.get("target").and_then(|value| {
            let Some(target) = value.as_f64() else {
                faults.add("target", refused("target", "is invalid", "a number"));
                return None;
            };
            if target <= 0.0 {
                faults
                    .add("target", refused("target", "must be greater than 0", "a positive level"));
            }
            (target > 0.0).then_some(target)
        });
        let disabled = body.get("disabled").and_then(|value| {
            if !value.is_boolean() {
                faults.add("disabled", refused("disabled", "is invalid", "true or false"));
            }
            value.as_bool()
        });
        Members {
            id: body.get("id").and_then(Value::as_str).map(str::to_owned),
            container_type,
            min_containers: min,
            max_containers: max,
            metric,
            target,
            disabled,
            last_scale: read_only(body, faults),
        }
    }

    fn minimum(&self, min: i64, form: Form, faults: &mut DocumentFaults) -> Option<u32> {
        let key = "min_containers";
        if min >= i64::from(FEWEST) {
            // Beyond any count: the largest one, which no maximum allows.
            return Some(u32::try_from(min).unwrap_or(u32::MAX));
        }
        if form == Form::Answer && min >= 0 {
            let message = format!("an old autoscaler: today `{key}` {min} would be refused");
            self.warn(key, message, "2 containers are kept", faults);
            return u32::try_from(min).ok();
        }
        faults.add(key, refused(key, "must be at least set to 2", "2 or more"));
        None
    }

    fn maximum(&self, max: i64, form: Form, faults: &mut DocumentFaults) -> Option<u32> {
        let key = "max_containers";
        let limit = self.knobs.container_limit;
        if max > i64::from(limit) {
            let remedy = format!("at most {limit}; the knob `container_limit` raises it");
            if form != Form::Answer {
                faults.add(key, refused(key, "is above the limit", remedy));
                return None;
            }
            let message = format!("`{key}` {max} is more than a new autoscaler may have");
            self.warn(key, message, &remedy, faults);
        }
        let count = u32::try_from(max).ok();
        if count.is_none() {
            faults.add(key, refused(key, "is invalid", "a count"));
        }
        count
    }

    fn metric(&self, name: &str, faults: &mut DocumentFaults) -> Option<MetricName> {
        let key = "metric";
        if let Some(metric) = MetricName::named(name) {
            return Some(metric);
        }
        if name.eq_ignore_ascii_case("ram") && self.knobs.alias_ram && !self.strict {
            let message = format!("`{name}` is read as `memory`");
            self.warn(key, message, "the identifier is `memory`", faults);
            return Some(MetricName::Memory);
        }
        let remedy = match name.eq_ignore_ascii_case("ram") {
            true => "the identifier is `memory`".to_owned(),
            false => {
                let names: Vec<&str> = MetricName::ALL.iter().map(|&(_, name)| name).collect();
                format!("one of {}", names.join(", "))
            }
        };
        faults.add(key, refused(key, "is not a valid metric", remedy));
        None
    }

    /// What the members say together: those of `earlier` unless the body says otherwise.
    fn together(
        &self,
        members: &Members,
        earlier: Option<(&str, AutoscalerSettings)>,
        faults: &mut DocumentFaults,
    ) -> Option<AutoscalerSettings> {
        let old = earlier.map(|(_, settings)| settings);
        let min = members.min_containers.or(old.map(|old| old.min_containers));
        let max = members.max_containers.or(old.map(|old| old.max_containers));
        let metric = members.metric.or(old.map(|old| old.metric));
        let target = members.target.or(old.map(|old| old.target));
        let process = earlier.map(|(process, _)| process).or(members.container_type.as_deref());
        let before = faults.errors();
        if let (Some(min), Some(max)) = (min, max)
            && max < min
        {
            let key = "max_containers";
            let message = "must be greater than or equal to min_containers";
            faults.add(key, refused(key, message, format!("at least {min}")));
        }
        if let (Some(metric), Some(process)) = (metric, process)
            && metric.is_of_router()
            && process != WEB
        {
            let message = "is only available for web containers";
            let remedy = format!("the router does not serve `{process}`: cpu or memory");
            faults.add("metric", refused("metric", message, remedy));
        }
        if members.metric.is_some() || members.target.is_some() {
            self.unwise(metric, target, faults);
        }
        let settings = AutoscalerSettings {
            min_containers: min?,
            max_containers: max?,
            metric: metric?,
            target: target?,
            disabled: members.disabled.or(old.map(|old| old.disabled)).unwrap_or(false),
        };
        (faults.errors() == before).then_some(settings)
    }

    /// Legal, and probably a mistake.
    fn unwise(&self, metric: Option<MetricName>, target: Option<f64>, faults: &mut DocumentFaults) {
        let Some(metric) = metric else { return };
        let name = metric.name();
        if metric == MetricName::All {
            let message = "`all` is a total that no added container lowers".to_owned();
            self.warn("metric", message, "rpm_per_container", faults);
        }
        if metric == MetricName::Swap {
            let message = "simulated containers do not swap: `swap` is 0 in a run".to_owned();
            self.warn("metric", message, "a recording may hold it; else cpu or memory", faults);
        }
        let Some(target) = target else { return };
        if metric.is_fraction() && target > 2.0 {
            let message = format!("`{name}` is a fraction: {target} is {} %", target * 100.0);
            self.warn("target", message, "0.75 is 75 %", faults);
        }
        if metric == MetricName::P95ResponseTime && target < 10.0 {
            let message = format!("`{name}` is in milliseconds: {target} is hardly reached");
            self.warn("target", message, "1000 is a second", faults);
        }
    }

    fn made(&self, members: &Members, settings: AutoscalerSettings) -> Option<TypeAutoscaler> {
        Some(TypeAutoscaler {
            container_type: members.container_type.clone()?,
            id: members.id.clone(),
            versions: vec![Version { from: Time::ZERO, settings }],
            origin: (self.number, self.place.clone()),
            last_scale: members.last_scale,
            says_disabled: members.disabled.is_some(),
        })
    }

    fn place_of(&self, name: Option<&String>) -> Option<usize> {
        self.app.autoscalers.iter().position(|one| Some(&one.container_type) == name)
    }

    fn create(&mut self, members: &Members, faults: &mut DocumentFaults) {
        let settings = self.together(members, None, faults);
        if self.place_of(members.container_type.as_ref()).is_some() {
            taken(faults);
            return;
        }
        if let Some(made) = settings.and_then(|settings| self.made(members, settings)) {
            self.latest = Some(self.app.autoscalers.len());
            self.app.autoscalers.push(made);
        }
    }

    /// What the API said: of a new autoscaler, or of one already read about.
    fn answer(&mut self, members: &Members, faults: &mut DocumentFaults) {
        let settings = self.together(members, None, faults);
        let known = self.place_of(members.container_type.as_ref());
        let same = known.is_none_or(|at| {
            let id = &self.app.autoscalers[at].id;
            id.is_none() || members.id.is_none() || *id == members.id
        });
        if !same {
            taken(faults);
            return;
        }
        let Some(made) = settings.and_then(|settings| self.made(members, settings)) else { return };
        match known {
            Some(at) => self.app.autoscalers[at] = made,
            None => self.app.autoscalers.push(made),
        }
        self.latest = known.or(Some(self.app.autoscalers.len() - 1));
    }

    fn update(&mut self, members: &Members, sound: bool, faults: &mut DocumentFaults) {
        let Some(at) = self.addressed(members, faults) else {
            self.together(members, None, faults);
            return;
        };
        self.latest = Some(at);
        let number = self.updates;
        self.updates += 1;
        let times = &self.knobs.updates_at_s;
        let from = times.get(number).or(times.last()).copied().unwrap_or(0);
        let from = Time::from_secs(u64::from(from));
        let one = &self.app.autoscalers[at];
        let Some(last) = one.versions.last().copied() else { return };
        let earlier = Some((one.container_type.as_str(), last.settings));
        let Some(settings) = self.together(members, earlier, faults).filter(|_| sound) else {
            return;
        };
        let one = &mut self.app.autoscalers[at];
        one.says_disabled |= members.disabled.is_some();
        match one.versions.last_mut() {
            Some(last) if last.from == from => last.settings = settings,
            _ => one.versions.push(Version { from, settings }),
        }
    }

    /// The autoscaler an update is about; `None` = there is none to amend.
    fn addressed(&self, members: &Members, faults: &mut DocumentFaults) -> Option<usize> {
        let all = &self.app.autoscalers;
        let Some(id) = &members.id else {
            return self.place_of(members.container_type.as_ref()).or(self.latest);
        };
        let same = all.iter().position(|one| one.id.as_ref() == Some(id));
        // One made by a creation has an id that no document says.
        let found = same.or(self.latest.filter(|&at| all[at].id.is_none()));
        if found.is_none() && !all.is_empty() {
            faults.add("id", not_found("autoscaler", "the id of one of the documents before"));
        }
        found
    }
}

/// Checks what the platform alone writes; gives the last scaling. A date of the year 1 means never, and
/// `null` says nothing.
fn read_only(body: &Object, faults: &mut DocumentFaults) -> Option<Timestamp> {
    let mut last_scale = None;
    for key in READ_ONLY {
        let Some(value) = body.get(key).filter(|value| !value.is_null()) else { continue };
        let Some(text) = value.as_str() else {
            faults.add(key, refused(key, "is invalid", "a text, as the platform writes it"));
            continue;
        };
        if !DATES.contains(&key) {
            continue;
        }
        match text.parse::<Timestamp>() {
            Ok(at) if key == "last_scale" => last_scale = Some(at),
            Ok(_) => {}
            Err(_) => faults.add(key, refused(key, "is invalid", "a date of RFC 3339")),
        }
    }
    let never = |at: &Timestamp| at.to_zoned(TimeZone::UTC).year() <= 1;
    last_scale.filter(|at| !never(at))
}

fn taken(faults: &mut DocumentFaults) {
    let key = "container_type";
    let remedy = "one autoscaler per process type: update the first";
    faults.add(key, refused(key, "already has an autoscaler", remedy));
}
