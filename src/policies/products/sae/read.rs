//! From documents to rules: creations, updates that amend them, halves that belong together.

use super::native::{Kind, MetricRule, MinReadyMembers, Model, Rule, Timer};
use super::refusal::{
    Checker, MIN_READY, MIN_READY_RATIO, NAME_EXISTS, NAME_NOT_FOUND, TIME_CONFLICT,
    TOO_MANY_RULES, find,
};
use super::shape::{self, Part, Parts, Shape};
use crate::products::Omitted;
use serde_json::{Value, json};

const MOST_TIMING_RULES: usize = 5;

/// A rule as far as it is known: right or wrong.
struct Draft {
    name: Option<String>,
    shape: Shape,
    parts: Parts,
    body: usize,
    rule: Option<Rule>,
    /// Told apart for the quota even if something else is wrong with it.
    kind: Option<Kind>,
}

/// Reads documents in order of creation.
pub(super) struct Reader<'a> {
    checker: Checker<'a>,
    drafts: Vec<Draft>,
    bodies: Vec<Value>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(checker: Checker<'a>) -> Self {
        Self { checker, drafts: Vec::new(), bodies: Vec::new() }
    }

    /// The model, if no error was found.
    pub(super) fn read(mut self, documents: &[Value]) -> Option<Model> {
        let before = self.checker.faults.errors();
        for (number, document) in documents.iter().enumerate() {
            self.checker.faults.document(number);
            for (shape, parts) in self.checker.parts(number, document) {
                self.one(document, shape, parts);
            }
        }
        self.times_across_rules();
        if self.checker.faults.errors() > before {
            return None;
        }
        let half_a_mix = self.drafts.iter().any(|draft| {
            draft.rule.as_ref().is_some_and(|rule| rule.kind == Kind::Mix && rule.metric.is_none())
        });
        let omitted = self.drafts.iter().flat_map(|draft| self.omitted(draft)).collect();
        let rules = self.drafts.into_iter().filter_map(|draft| draft.rule).collect();
        Some(Model { rules, bodies: self.bodies, omitted, half_a_mix })
    }

    fn one(&mut self, document: &Value, shape: Shape, parts: Parts) {
        let name = if shape == Shape::Alone { None } else { self.named(shape, &parts) };
        let known = match shape {
            Shape::Alone => self.other_half(&parts),
            _ => name.as_ref().and_then(|name| {
                self.drafts.iter().position(|draft| draft.name.as_ref() == Some(name))
            }),
        };
        let Some(known) = known else { return self.create(document, shape, parts, name) };
        if shape == Shape::Request && parts.contains_key(shape::ENABLE) {
            let path = parts.get(shape::NAME).map(|part| part.path.clone()).unwrap_or_default();
            let remedy = "another name; an update has no ScalingRuleEnable";
            self.checker.refuse(&path, shape::NAME, NAME_EXISTS, remedy);
            return;
        }
        match shape {
            Shape::Request => {
                shape::amend(&mut self.bodies[self.drafts[known].body], document);
            }
            Shape::Response => {
                let body = shape::body(shape, document, &parts);
                shape::amend(&mut self.bodies[self.drafts[known].body], &body);
            }
            Shape::Alone => self.bodies.push(shape::body(shape, document, &parts)),
        }
        let mut merged = std::mem::take(&mut self.drafts[known].parts);
        merged.extend(parts);
        let rule = self.rule(shape, &merged);
        let draft = &mut self.drafts[known];
        draft.kind = rule.as_ref().map(|rule| rule.kind);
        draft.parts = merged;
        draft.rule = rule;
    }

    fn create(&mut self, document: &Value, shape: Shape, parts: Parts, name: Option<String>) {
        let empty =
            [shape::KIND, shape::TIMER, shape::METRIC].iter().all(|part| !parts.contains_key(part));
        if shape == Shape::Request && empty && name.is_some() {
            let path = parts.get(shape::NAME).map(|part| part.path.clone()).unwrap_or_default();
            let remedy = "an update amends a rule created before it: give that document first";
            self.checker.refuse(&path, shape::NAME, NAME_NOT_FOUND, remedy);
            return;
        }
        let rule = self.rule(shape, &parts);
        let kind = rule.as_ref().map(|rule| rule.kind);
        if let Some(kind) = kind {
            self.quota(kind, &parts);
        }
        let body = self.bodies.len();
        self.bodies.push(shape::body(shape, document, &parts));
        self.drafts.push(Draft { name, shape, parts, body, rule, kind });
    }

    /// A calendar of bounds alone and a metric configuration alone are one mix rule.
    fn other_half(&self, parts: &Parts) -> Option<usize> {
        let lacks = |draft: &Draft, part| draft.parts.contains_key(part);
        let special = |parts: &Parts| {
            parts.get(shape::TIMER).is_some_and(|part| shape::is_special(&part.value))
        };
        self.drafts.iter().position(|draft| {
            draft.shape == Shape::Alone
                && match parts.contains_key(shape::TIMER) {
                    true => special(parts) && !lacks(draft, shape::TIMER),
                    false => special(&draft.parts) && !lacks(draft, shape::METRIC),
                }
        })
    }

    /// The rule's name; what every request must have is asked for.
    fn named(&mut self, shape: Shape, parts: &Parts) -> Option<String> {
        if shape == Shape::Request && !parts.contains_key(shape::APP) {
            self.checker.missing("", shape::APP, "the application's ID");
        }
        let Some(part) = parts.get(shape::NAME) else {
            self.checker.missing("", shape::NAME, "a name such as \"timer-0800-2100\"");
            return None;
        };
        let good = |name: &&str| {
            let rest =
                |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            name.len() <= 32
                && name.bytes().next().is_some_and(|first| first.is_ascii_lowercase())
                && name.bytes().all(rest)
        };
        let name = part.value.as_str().filter(good);
        if name.is_none() {
            let remedy = "at most 32 lowercase letters, digits and hyphens, a letter first";
            self.checker.obviously(&part.path, shape::NAME, remedy);
        }
        // A faulty name still tells rules apart.
        part.value.as_str().map(str::to_owned)
    }

    fn quota(&mut self, kind: Kind, parts: &Parts) {
        let kinds = || self.drafts.iter().filter_map(|draft| draft.kind);
        let full = match kind {
            Kind::Timing => {
                kinds().count() >= MOST_TIMING_RULES || kinds().any(|kind| kind != Kind::Timing)
            }
            Kind::Metric | Kind::Mix => kinds().count() > 0,
        };
        if full {
            let path = parts.get(shape::NAME).map(|part| part.path.clone()).unwrap_or_default();
            let remedy = "up to 5 timing rules, or 1 metric rule, or 1 mix rule, never together";
            self.checker.refuse(&path, shape::NAME, TOO_MANY_RULES, remedy);
        }
    }

    /// The rule of these parts, if they are good.
    fn rule(&mut self, shape: Shape, parts: &Parts) -> Option<Rule> {
        let errors = self.checker.faults.errors();
        let given = self.kind(parts);
        let (timer, metric) = (parts.get(shape::TIMER), parts.get(shape::METRIC));
        let special = timer.is_some_and(|part| shape::is_special(&part.value));
        let kind = given.or(match (timer, metric) {
            (Some(_), None) if special => Some(Kind::Mix),
            (Some(_), None) => Some(Kind::Timing),
            (Some(_), Some(_)) => Some(Kind::Mix),
            (None, Some(_)) => Some(Kind::Metric),
            (None, None) => None,
        });
        let special = match kind {
            Some(Kind::Mix) => true,
            Some(Kind::Timing) => false,
            Some(Kind::Metric) | None => special,
        };
        let readable = |part: &&Part| !part.value.is_null();
        let timer: Option<Timer> =
            timer.filter(readable).and_then(|part| self.checker.timer(&part.place(), special));
        let rule: Option<MetricRule> =
            metric.filter(readable).and_then(|part| self.checker.metric(&part.place()));
        self.completeness(kind, shape, parts);
        let min_ready = self.min_ready(parts, metric);
        let enabled = self.flag(parts, shape::ENABLE).unwrap_or(true);
        if self.flag(parts, shape::IDLE) == Some(true) {
            let path = parts.get(shape::IDLE).map_or("", |part| part.path.as_str());
            self.checker.warn(path, "idle mode is not emulated", "the rule runs without it");
        }
        (self.checker.faults.errors() == errors).then_some(Rule {
            kind: kind?,
            kind_inferred: given.is_none() && shape != Shape::Alone,
            enabled,
            timer,
            metric: rule,
            min_ready,
        })
    }

    fn kind(&mut self, parts: &Parts) -> Option<Kind> {
        let Some(part) = parts.get(shape::KIND) else {
            let alone = !parts.contains_key(shape::NAME);
            if !self.checker.knobs.type_may_be_absent && !alone {
                self.checker.missing("", shape::KIND, "timing, metric or mix");
            }
            return None;
        };
        let text = part.value.as_str();
        let kind = Kind::ALL.iter().find(|(_, name)| text == Some(*name));
        if kind.is_none() {
            self.checker.obviously(&part.path, shape::KIND, "timing, metric or mix");
        }
        kind.map(|(kind, _)| *kind)
    }

    fn completeness(&mut self, kind: Option<Kind>, shape: Shape, parts: &Parts) {
        let (needed, other) = match kind {
            Some(Kind::Timing) => (shape::TIMER, Some(shape::METRIC)),
            Some(Kind::Metric) => (shape::METRIC, Some(shape::TIMER)),
            Some(Kind::Mix) => (shape::METRIC, None),
            None => return,
        };
        if !parts.contains_key(needed) && shape != Shape::Alone {
            let remedy = format!("a rule of type {} needs it", kind.map_or("", Kind::name));
            self.checker.missing("", needed, remedy);
        }
        if let Some(part) = other.and_then(|other| parts.get(other)) {
            let message = format!("a {} rule does not use it", kind.map_or("", Kind::name));
            self.checker.warn(&part.path, message, "for both together the type is mix");
        }
    }

    fn flag(&mut self, parts: &Parts, name: &'static str) -> Option<bool> {
        let part = parts.get(name)?;
        let flag = part.value.as_bool();
        if flag.is_none() {
            self.checker.obviously(&part.path, name, "true or false");
        }
        flag
    }

    fn min_ready(&mut self, parts: &Parts, metric: Option<&Part>) -> Option<MinReadyMembers> {
        let number = |reader: &mut Self, name: &'static str| {
            let part = parts.get(name)?;
            let number = part.value.as_i64();
            if number.is_none() {
                reader.checker.obviously(&part.path, name, "a whole number");
            }
            number.map(|number| (number, part.path.clone()))
        };
        let instances = number(self, shape::MIN_READY);
        let ratio = number(self, shape::RATIO);
        if let Some((given, path)) = &ratio
            && !(-1..=100).contains(given)
        {
            let remedy = "from 0 to 100, or -1 to leave it unused";
            self.checker.refuse(path, shape::RATIO, MIN_READY_RATIO, remedy);
        }
        let used = ratio.as_ref().is_some_and(|(ratio, _)| (0..=100).contains(ratio));
        if let Some((given, path)) = &instances {
            let status = metric.and_then(|part| current_replicas(&part.value));
            let current = self.checker.knobs.current_replicas.map(i64::from).or(status);
            if *given < -1 {
                let why = "it must be -1 or more";
                let remedy = "-1 for 25 %, or a number of instances";
                self.checker.with_message(path, shape::MIN_READY, why, remedy);
            } else if current.is_some_and(|current| *given >= current) && !used {
                let remedy = "fewer than the application has";
                self.checker.refuse(path, shape::MIN_READY, MIN_READY, remedy);
            }
        }
        (instances.is_some() || ratio.is_some()).then(|| MinReadyMembers {
            instances: instances.map_or(-1, |(number, _)| number),
            ratio: ratio.map_or(-1, |(number, _)| number),
        })
    }

    /// Where two timing rules may not share a time, which is a knob.
    fn times_across_rules(&mut self) {
        if self.checker.knobs.rules_may_share_times {
            return;
        }
        let timers: Vec<(&Part, &Timer)> = self
            .drafts
            .iter()
            .filter_map(|draft| {
                let timer = draft.rule.as_ref()?.timer.as_ref()?;
                Some((draft.parts.get(shape::TIMER)?, timer))
            })
            .collect();
        let mut found = Vec::new();
        for (later, (part, timer)) in timers.iter().enumerate() {
            if timers[..later].iter().any(|(_, earlier)| earlier.clashes_with(timer)) {
                found.push((part.document, part.path.clone()));
            }
        }
        for (document, path) in found {
            self.checker.faults.document(document);
            self.checker.refuse(&path, "atTime", TIME_CONFLICT, "times no other rule has");
        }
    }

    /// What a rule left out.
    fn omitted(&self, draft: &Draft) -> Vec<Omitted> {
        let Some(rule) = &draft.rule else { return Vec::new() };
        let mut found = Vec::new();
        let first = draft.parts.values().next().map_or(0, |part| part.document);
        let mut add = |document, path: String, value| found.push(Omitted { document, path, value });
        if draft.shape == Shape::Request {
            for (name, value) in [
                (shape::KIND, json!(rule.kind.name())),
                (shape::ENABLE, json!(true)),
                (shape::MIN_READY, json!(-1)),
                (shape::RATIO, json!(-1)),
            ] {
                if !draft.parts.contains_key(name) {
                    add(first, name.to_owned(), value);
                }
            }
        }
        if let Some(part) = draft.parts.get(shape::TIMER) {
            for name in ["beginDate", "endDate"] {
                if !has_key(&part.value, name) {
                    add(part.document, below(&part.path, name), Value::Null);
                }
            }
        }
        if let Some(part) = draft.parts.get(shape::METRIC) {
            for direction in ["scaleUpRules", "scaleDownRules"] {
                let inner = part.value.as_object().and_then(|map| find(map, direction));
                let (key, rules) = inner.unwrap_or((direction, &Value::Null));
                let base = below(&part.path, key);
                for (name, value) in [
                    ("step", json!(self.checker.knobs.default_step)),
                    ("disabled", json!(false)),
                    ("stabilizationWindowSeconds", json!(0)),
                ] {
                    if !has_key(rules, name) {
                        add(part.document, below(&base, name), value);
                    }
                }
            }
        }
        found
    }
}

fn below(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

fn has_key(value: &Value, name: &str) -> bool {
    value.as_object().is_some_and(|map| map.keys().any(|key| key.eq_ignore_ascii_case(name)))
}

/// What a response says of the application.
fn current_replicas(metric: &Value) -> Option<i64> {
    let (_, status) = find(metric.as_object()?, "MetricsStatus")?;
    find(status.as_object()?, "CurrentReplicas")?.1.as_i64()
}
