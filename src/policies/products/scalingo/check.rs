//! From JSON bodies to an [`App`], or to the platform's refusals.
//!
//! A body is a request to create, a request to update, or an answer of the API. Which one is told by its
//! members: an answer has read-only ones, a creation names its `container_type`, an update does not. The
//! path of a real update names the autoscaler; here it is the one of the body's `id` or
//! `container_type`, else the one the document before was about.

use super::Knobs;
use super::app::{App, TypeAutoscaler, Version, WEB};
use super::native::{AutoscalerSettings, FEWEST, MetricName};
use crate::products::{
    Dialect, DocumentFault, Kind, Member, Members, Omitted, Place, Reader, Words, Wrong,
};
use autosim_engine::units::Time;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

pub(super) const REQUIRED: [&str; 5] =
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

/// Scalingo's words: every field with what is wrong about it.
#[derive(Debug)]
pub struct V1;

type One<'r> = Member<'r, V1>;
type Object<'r> = Members<'r, V1>;

impl Dialect for V1 {
    const PLACES: &'static [(&'static str, &'static str)] =
        &[("`autoscaler`", "container_type min_containers max_containers metric target disabled")];
    const NULL_IS_A_VALUE: bool = true;

    fn fault(&self, at: &Place<'_>, wrong: Wrong<'_>, help: &str) -> DocumentFault {
        let field = at.name;
        let (message, remedy) = match wrong {
            Wrong::Missing => ("missing field", help.to_owned()),
            Wrong::Not(_) | Wrong::Twice => ("is invalid", help.to_owned()),
            Wrong::Because(why) => (why, help.to_owned()),
            Wrong::Own(resource, message) => {
                return DocumentFault::error("", Some(404), resource, message, help);
            }
        };
        DocumentFault::error("", Some(422), field, message, remedy)
    }

    fn in_warnings<'p>(&self, at: &'p Place<'_>) -> &'p str {
        at.name
    }

    fn unknown(&self, key: &str, _: &str) -> (String, String) {
        (format!("`{key}` is ignored"), format!("the API knows no such field; remove `{key}`"))
    }

    fn lacking(&self, name: &str, _: &str) -> String {
        format!("add `{name}`")
    }

    fn help(&self, kind: Kind) -> &'static str {
        match kind {
            Kind::Whole => "an integer",
            Kind::List => "an array",
            Kind::Text | Kind::Flag | Kind::Number | Kind::Object => kind.plain(),
        }
    }
}

/// A text that is not JSON.
pub(super) fn unreadable(message: &str) -> DocumentFault {
    let message = format!("There was a problem in the JSON you submitted: {message}");
    DocumentFault::error("", Some(400), "", message, "a JSON object")
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

/// Something that does not exist.
const fn not_found(resource: &str) -> Wrong<'_> {
    Wrong::Own(resource, "not found")
}

/// Reads the bodies in order.
pub(super) fn read(documents: &[Value], knobs: &Knobs, reader: &Reader<V1>) -> App {
    let app = App { autoscalers: Vec::new(), scaled_type: knobs.scaled_type.clone() };
    let mut bodies = Bodies { knobs, app, updates: 0, latest: None };
    for (number, document) in documents.iter().enumerate() {
        bodies.document(&reader.document(number, document));
    }
    let app = bodies.app;
    if let Some(name) = &knobs.scaled_type
        && app.acting().is_none()
        && !app.autoscalers.is_empty()
    {
        let remedy =
            format!("the knob `scaled_type` names no process type of the documents: `{name}`");
        reader.part("", "", None).refuse(not_found("autoscaler"), &remedy);
    }
    app
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Create,
    Update,
    Answer,
}

/// The bodies read so far.
struct Bodies<'a> {
    knobs: &'a Knobs,
    app: App,
    /// Updates read so far.
    updates: usize,
    /// What the document before was about.
    latest: Option<usize>,
}

/// What a body says; `None` = nothing, or nothing sound.
struct Said {
    id: Option<String>,
    container_type: Option<String>,
    min_containers: Option<u32>,
    max_containers: Option<u32>,
    metric: Option<MetricName>,
    target: Option<f64>,
    disabled: Option<bool>,
    last_scale: Option<Timestamp>,
    omitted: Vec<Omitted>,
}

impl Bodies<'_> {
    fn document(&mut self, root: &One<'_>) {
        let has = |key: &str| root.value.is_some_and(|value| value.get(key).is_some());
        if has("autoscalers") {
            let Some(list) = root.members("autoscalers meta") else { return };
            for item in list.get("autoscalers").items().into_iter().flatten() {
                if let Some(body) = item.hint("an autoscaler").object() {
                    self.body(&body, Form::Answer);
                }
            }
        } else if has("autoscaler") {
            let Some(wrapper) = root.members("autoscaler") else { return };
            if let Some(body) = wrapper.get("autoscaler").object() {
                self.body(&body, self.form(&body));
            }
        } else if READ_ONLY.into_iter().any(has) {
            root.object().into_iter().for_each(|body| self.body(&body, Form::Answer));
        } else {
            let remedy = "a request is wrapped: {\"autoscaler\": {...}}";
            let wrapper = root.reader.part("", "autoscaler", None);
            wrapper.refuse(Wrong::Missing, remedy);
        }
    }

    /// What a wrapped body is.
    fn form(&self, body: &Object<'_>) -> Form {
        let has = |key: &&str| body.map.contains_key(*key);
        if READ_ONLY.iter().any(|key| *key != "id" && has(key)) {
            return Form::Answer;
        }
        let complete = REQUIRED.iter().all(&has);
        if has(&"id") {
            return if complete { Form::Answer } else { Form::Update };
        }
        let named = body.map.get("container_type").and_then(Value::as_str);
        let known = named
            .is_some_and(|name| self.app.autoscalers.iter().any(|one| one.container_type == name));
        let nothing_to_amend = self.app.autoscalers.is_empty();
        let all_but_type = REQUIRED[1..].iter().all(&has) && !has(&"disabled");
        match named {
            Some(_) if complete || !known => Form::Create,
            None if has(&"container_type") => Form::Create,
            None if nothing_to_amend && all_but_type => Form::Create,
            _ => Form::Update,
        }
    }

    fn body(&mut self, body: &Object<'_>, form: Form) {
        let reader = body.me.reader;
        body.report_unknown(&[&REQUIRED[..], &READ_ONLY, &["disabled"]].concat().join(" "));
        if form != Form::Update {
            for key in REQUIRED {
                body.need(key).present(Kind::Text);
            }
        }
        let before = reader.errors();
        let mut said = self.said(body, form);
        if form == Form::Create && said.disabled.take().is_some() {
            ignored(body, "disabled", "a new autoscaler is enabled; update it afterwards");
        }
        if form == Form::Update && said.container_type.is_some() {
            ignored(body, "container_type", "an update cannot change it");
        }
        let sound = reader.errors() == before;
        match form {
            Form::Create | Form::Answer => self.add(&said, form, body),
            Form::Update => self.update(&said, sound, body),
        }
    }

    fn said(&self, body: &Object<'_>, form: Form) -> Said {
        let container_type = body.get("container_type");
        let exists = |name: &&str| {
            form == Form::Update || self.knobs.process_types.iter().any(|known| known == name)
        };
        let named = container_type.text();
        if named.is_some_and(|name| !exists(&name)) {
            let known = self.knobs.process_types.join(", ");
            let remedy = format!("the app has {known}; the knob `process_types` can name others");
            container_type.refuse(not_found("container_type"), &remedy);
        }
        let (target, disabled) = (body.get("target"), body.get("disabled"));
        disabled.note(false);
        let (min, max) = (body.get("min_containers"), body.get("max_containers"));
        Said {
            id: body.map.get("id").and_then(Value::as_str).map(str::to_owned),
            container_type: named.filter(exists).map(str::to_owned),
            min_containers: minimum(&min, form),
            max_containers: self.maximum(&max, form),
            metric: self.metric(&body.get("metric")),
            target: target.number().filter(|&level| {
                if level <= 0.0 {
                    target.refuse(Wrong::Because("must be greater than 0"), "a positive level");
                }
                level > 0.0
            }),
            disabled: disabled.flag(),
            last_scale: read_only(body),
            omitted: body.me.reader.take_omitted(),
        }
    }

    fn maximum(&self, member: &One<'_>, form: Form) -> Option<u32> {
        let max = member.whole()?;
        let limit = self.knobs.container_limit;
        if max > i64::from(limit) {
            let remedy = format!("at most {limit}; the knob `container_limit` raises it");
            if form != Form::Answer {
                member.refuse(Wrong::Because("is above the limit"), &remedy);
                return None;
            }
            let name = member.at.name;
            let message = format!("`{name}` {max} is more than a new autoscaler may have");
            member.warn(message, &remedy);
        }
        let count = u32::try_from(max).ok();
        if count.is_none() {
            member.refuse(Wrong::Not(Kind::Whole), "a count");
        }
        count
    }

    fn metric(&self, member: &One<'_>) -> Option<MetricName> {
        let name = member.text()?;
        if let Some(metric) = MetricName::named(name) {
            return Some(metric);
        }
        let ram = name.eq_ignore_ascii_case("ram");
        let remedy = match ram {
            true => "the identifier is `memory`".to_owned(),
            false => format!("one of {}", MetricName::list()),
        };
        if ram && self.knobs.alias_ram && !member.reader.strict {
            member.warn(format!("`{name}` is read as `memory`"), &remedy);
            return Some(MetricName::Memory);
        }
        member.refuse(Wrong::Because("is not a valid metric"), &remedy);
        None
    }

    fn place_of(&self, name: Option<&String>) -> Option<usize> {
        self.app.autoscalers.iter().position(|one| Some(&one.container_type) == name)
    }

    /// A new autoscaler; an answer may be about one already read about, which it replaces.
    fn add(&mut self, said: &Said, form: Form, body: &Object<'_>) {
        let settings = together(said, None, body);
        let known = self.place_of(said.container_type.as_ref());
        let replaces = |at: usize| {
            let id = &self.app.autoscalers[at].id;
            form == Form::Answer && (id.is_none() || said.id.is_none() || *id == said.id)
        };
        if known.is_some_and(|at| !replaces(at)) {
            let remedy = "one autoscaler per process type: update the first";
            let why = Wrong::Because("already has an autoscaler");
            return body.get("container_type").refuse(why, remedy);
        }
        let (Some(settings), Some(container_type)) = (settings, said.container_type.clone()) else {
            return;
        };
        let made = TypeAutoscaler {
            container_type,
            id: said.id.clone(),
            versions: vec![Version { from: Time::ZERO, settings }],
            last_scale: said.last_scale,
            omitted: said.omitted.clone(),
        };
        self.latest = known.or(Some(self.app.autoscalers.len()));
        match known {
            Some(at) => self.app.autoscalers[at] = made,
            None => self.app.autoscalers.push(made),
        }
    }

    fn update(&mut self, said: &Said, sound: bool, body: &Object<'_>) {
        let Some(at) = self.addressed(said, body) else {
            together(said, None, body);
            return;
        };
        self.latest = Some(at);
        let times = &self.knobs.updates_at_s;
        let from = times.get(self.updates).or(times.last()).copied().unwrap_or(0);
        let from = Time::from_secs(u64::from(from));
        self.updates += 1;
        let one = &mut self.app.autoscalers[at];
        let Some(last) = one.versions.last_mut() else { return };
        let earlier = Some((one.container_type.as_str(), last.settings));
        let Some(settings) = together(said, earlier, body).filter(|_| sound) else { return };
        if said.disabled.is_some() {
            one.omitted.clear();
        }
        match last.from == from {
            true => last.settings = settings,
            false => one.versions.push(Version { from, settings }),
        }
    }

    /// The autoscaler an update is about; `None` = there is none to amend.
    fn addressed(&self, said: &Said, body: &Object<'_>) -> Option<usize> {
        let all = &self.app.autoscalers;
        let Some(id) = &said.id else {
            return self.place_of(said.container_type.as_ref()).or(self.latest);
        };
        let same = all.iter().position(|one| one.id.as_ref() == Some(id));
        // One made by a creation has an id that no document says.
        let found = same.or(self.latest.filter(|&at| all[at].id.is_none()));
        if found.is_none() && !all.is_empty() {
            let remedy = "the id of one of the documents before";
            body.get("id").refuse(not_found("autoscaler"), remedy);
        }
        found
    }
}

/// Something the platform ignores, and strictness refuses.
fn ignored(body: &Object<'_>, key: &str, why: &str) {
    body.get(key).tolerate(format!("`{key}` is ignored"), &format!("{why}; remove `{key}`"));
}

fn minimum(member: &One<'_>, form: Form) -> Option<u32> {
    let min = member.whole()?;
    if min >= i64::from(FEWEST) {
        // Beyond any count: the largest one, which no maximum allows.
        return Some(u32::try_from(min).unwrap_or(u32::MAX));
    }
    if form == Form::Answer && min >= 0 {
        let message =
            format!("an old autoscaler: today `{}` {min} would be refused", member.at.name);
        member.warn(message, "2 containers are kept");
        return u32::try_from(min).ok();
    }
    member.refuse(Wrong::Because("must be at least set to 2"), "2 or more");
    None
}

/// What the members say together: those of `earlier` unless the body says otherwise.
fn together(
    said: &Said,
    earlier: Option<(&str, AutoscalerSettings)>,
    body: &Object<'_>,
) -> Option<AutoscalerSettings> {
    let old = earlier.map(|(_, settings)| settings);
    let min = said.min_containers.or(old.map(|old| old.min_containers));
    let max = said.max_containers.or(old.map(|old| old.max_containers));
    let metric = said.metric.or(old.map(|old| old.metric));
    let target = said.target.or(old.map(|old| old.target));
    let process = earlier.map(|(process, _)| process).or(said.container_type.as_deref());
    let before = body.me.reader.errors();
    if let (Some(min), Some(max)) = (min, max)
        && max < min
    {
        let why = Wrong::Because("must be greater than or equal to min_containers");
        body.get("max_containers").refuse(why, &format!("at least {min}"));
    }
    if let (Some(metric), Some(process)) = (metric, process)
        && metric.is_of_router()
        && process != WEB
    {
        let remedy = format!("the router does not serve `{process}`: cpu or memory");
        let why = Wrong::Because("is only available for web containers");
        body.get("metric").refuse(why, &remedy);
    }
    if let Some(metric) = metric
        && (said.metric.is_some() || said.target.is_some())
    {
        unwise(metric, target, body);
    }
    let settings = AutoscalerSettings {
        min_containers: min?,
        max_containers: max?,
        metric: metric?,
        target: target?,
        disabled: said.disabled.or(old.map(|old| old.disabled)).unwrap_or(false),
    };
    (body.me.reader.errors() == before).then_some(settings)
}

/// Legal, and probably a mistake.
fn unwise(metric: MetricName, target: Option<f64>, body: &Object<'_>) {
    let name = metric.name();
    let warn = |key, message: String, remedy| body.get(key).warn(message, remedy);
    if metric == MetricName::All {
        let message = "`all` is a total that no added container lowers";
        warn("metric", message.into(), "rpm_per_container");
    }
    if metric == MetricName::Swap {
        let message = "simulated containers do not swap: `swap` is 0 in a run";
        warn("metric", message.into(), "a recording may hold it; else cpu or memory");
    }
    let Some(target) = target else { return };
    if metric.is_fraction() && target > 2.0 {
        let message = format!("`{name}` is a fraction: {target} is {} %", target * 100.0);
        warn("target", message, "0.75 is 75 %");
    }
    if metric == MetricName::P95ResponseTime && target < 10.0 {
        let message = format!("`{name}` is in milliseconds: {target} is hardly reached");
        warn("target", message, "1000 is a second");
    }
}

/// Checks what the platform alone writes; gives the last scaling. A date of the year 1 means never, and
/// `null` says nothing.
fn read_only(body: &Object<'_>) -> Option<Timestamp> {
    let mut last_scale = None;
    for key in READ_ONLY {
        let member = body.get(key).hint("a text, as the platform writes it");
        let Some(text) = member.value.filter(|value| !value.is_null()).and_then(|_| member.text())
        else {
            continue;
        };
        if !DATES.contains(&key) {
            continue;
        }
        match text.parse::<Timestamp>() {
            Ok(at) if key == "last_scale" => last_scale = Some(at),
            Ok(_) => {}
            Err(_) => member.refuse(Wrong::Not(Kind::Text), "a date of RFC 3339"),
        }
    }
    let never = |at: &Timestamp| at.to_zoned(TimeZone::UTC).year() <= 1;
    last_scale.filter(|at| !never(at))
}
