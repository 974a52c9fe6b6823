//! From documents to rules: creations, updates that amend them, halves that belong together.

use super::check;
use super::knobs::Knobs;
use super::native::{Kind, MinReadyMembers, Model, Rule};
use super::refusal::{
    Api2019, MIN_READY, MIN_READY_RATIO, NAME_EXISTS, NAME_NOT_FOUND, One, TIME_CONFLICT,
    TOO_MANY_RULES,
};
use super::shape::{self, Parts, Shape};
use crate::products::reader::find;
use crate::products::{Omitted, Reader, Words, Wrong};
use serde_json::Value;

const MOST_TIMING_RULES: usize = 5;

/// A rule as far as it is known: right or wrong.
struct Draft {
    name: Option<String>,
    shape: Shape,
    parts: Parts,
    body: usize,
    rule: Option<Rule>,
    omitted: Vec<Omitted>,
    /// Told apart for the quota even if something else is wrong with it.
    kind: Option<Kind>,
}

/// The rules read so far.
struct Rules<'r> {
    reader: &'r Reader<Api2019>,
    drafts: Vec<Draft>,
    bodies: Vec<Value>,
}

/// Reads documents in order of creation.
pub(super) fn read(documents: &[Value], reader: &Reader<Api2019>) -> Model {
    let mut rules = Rules { reader, drafts: Vec::new(), bodies: Vec::new() };
    for (number, document) in documents.iter().enumerate() {
        for (shape, parts) in shape::parts(reader, number, document) {
            rules.one(document, shape, parts);
        }
    }
    rules.times_across_rules();
    let Rules { drafts, bodies, .. } = rules;
    let half = |rule: &Rule| rule.kind == Kind::Mix && rule.metric.is_none();
    let half_a_mix = drafts.iter().filter_map(|draft| draft.rule.as_ref()).any(half);
    let (rules, omitted): (Vec<_>, Vec<_>) =
        drafts.into_iter().map(|draft| (draft.rule, draft.omitted)).unzip();
    let (rules, omitted) = (rules.into_iter().flatten(), omitted.into_iter().flatten());
    Model { rules: rules.collect(), bodies, omitted: omitted.collect(), half_a_mix }
}

/// Whether a document is about the rules of those before: an update of one of them, the other half of
/// a mix rule, another rule by time of the same application. A whole rule under a known name is
/// an alternative to it.
pub(super) fn joins(before: &[Value], document: &Value) -> bool {
    let reader = Reader::new(Api2019 { knobs: Knobs::default() }, false);
    let parts = |document: &Value| shape::parts(&reader, 0, document);
    let known: Vec<(Shape, Parts)> = before.iter().flat_map(parts).collect();
    let text = |parts: &Parts, name: &str| {
        parts.get(name).and_then(|part| part.value.as_str()).map(str::to_owned)
    };
    let special = |parts: &Parts| {
        parts.get(shape::TIMER).is_some_and(|timer| shape::is_special(&timer.value))
    };
    let all_timing = known
        .iter()
        .all(|(_, parts)| text(parts, shape::KIND).as_deref() == Some(Kind::Timing.name()));
    let given = parts(document);
    let joins = |(shape, parts): &(Shape, Parts)| {
        let same = |name: &str| {
            let given = text(parts, name);
            given.is_some() && known.iter().any(|(_, known)| text(known, name) == given)
        };
        let has = |name: &str| parts.contains_key(name);
        match shape {
            Shape::Alone => known.iter().any(|(of, half)| {
                let other = half.contains_key(shape::TIMER) != has(shape::TIMER);
                *of == Shape::Alone && other && (special(half) || special(parts))
            }),
            Shape::Request | Shape::Response if same(shape::NAME) => {
                !has(shape::KIND) && !has(shape::ENABLE)
            }
            Shape::Request | Shape::Response => {
                let kind = text(parts, shape::KIND);
                same(shape::APP) && all_timing && kind.as_deref() == Some(Kind::Timing.name())
            }
        }
    };
    !given.is_empty() && given.iter().all(joins)
}

impl Rules<'_> {
    fn one(&mut self, document: &Value, shape: Shape, parts: Parts) {
        let name = if shape == Shape::Alone { None } else { self.named(shape, &parts) };
        let known = match shape {
            Shape::Alone => self.other_half(&parts),
            Shape::Request | Shape::Response => name.as_ref().and_then(|name| {
                self.drafts.iter().position(|draft| draft.name.as_ref() == Some(name))
            }),
        };
        let Some(known) = known else { return self.create(document, shape, parts, name) };
        if shape == Shape::Request && parts.contains_key(shape::ENABLE) {
            let remedy = "another name; an update has no ScalingRuleEnable";
            return self.part(&parts, shape::NAME).refuse(NAME_EXISTS, remedy);
        }
        let body = shape::body(shape, document, &parts);
        match shape {
            Shape::Request | Shape::Response => {
                shape::amend(&mut self.bodies[self.drafts[known].body], &body);
            }
            Shape::Alone => self.bodies.push(body),
        }
        let mut merged = std::mem::take(&mut self.drafts[known].parts);
        merged.extend(parts);
        let created = self.drafts[known].shape;
        let rule = self.rule(shape, created, &merged);
        let draft = &mut self.drafts[known];
        draft.kind = rule.as_ref().map(|rule| rule.kind);
        draft.parts = merged;
        draft.rule = rule;
        draft.omitted = self.reader.take_omitted();
    }

    fn part<'p>(&'p self, parts: &'p Parts, name: &'static str) -> One<'p> {
        shape::part(self.reader, parts, name)
    }

    fn create(&mut self, document: &Value, shape: Shape, parts: Parts, name: Option<String>) {
        let empty =
            [shape::KIND, shape::TIMER, shape::METRIC].iter().all(|part| !parts.contains_key(part));
        if shape == Shape::Request && empty && name.is_some() {
            let remedy = "an update amends a rule created before it: give that document first";
            return self.part(&parts, shape::NAME).refuse(NAME_NOT_FOUND, remedy);
        }
        let rule = self.rule(shape, shape, &parts);
        let kind = rule.as_ref().map(|rule| rule.kind);
        if let Some(kind) = kind {
            self.quota(kind, &parts);
        }
        let body = self.bodies.len();
        self.bodies.push(shape::body(shape, document, &parts));
        let omitted = self.reader.take_omitted();
        self.drafts.push(Draft { name, shape, parts, body, rule, omitted, kind });
    }

    /// A calendar of bounds alone and a metric configuration alone are one mix rule.
    fn other_half(&self, parts: &Parts) -> Option<usize> {
        let has = |draft: &Draft, part| draft.parts.contains_key(part);
        let special = |parts: &Parts| {
            parts.get(shape::TIMER).is_some_and(|part| shape::is_special(&part.value))
        };
        self.drafts.iter().position(|draft| {
            draft.shape == Shape::Alone
                && match parts.contains_key(shape::TIMER) {
                    true => special(parts) && !has(draft, shape::TIMER),
                    false => special(&draft.parts) && !has(draft, shape::METRIC),
                }
        })
    }

    /// The rule's name; what every request must have is asked for.
    fn named(&self, shape: Shape, parts: &Parts) -> Option<String> {
        if shape == Shape::Request {
            let app = self.part(parts, shape::APP).must("the application's ID");
            let _ = app.present(crate::products::Kind::Text);
        }
        let good = |name: &&str| {
            let rest =
                |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            name.len() <= 32
                && name.bytes().next().is_some_and(|first| first.is_ascii_lowercase())
                && name.bytes().all(rest)
        };
        let name = self.part(parts, shape::NAME).must("a name such as \"timer-0800-2100\"");
        let remedy = "at most 32 lowercase letters, digits and hyphens, a letter first";
        let text = name.value.and_then(Value::as_str);
        let _ = name
            .hint(remedy)
            .read(crate::products::Kind::Text, |value| value.as_str().filter(good));
        // A faulty name still tells rules apart.
        text.map(str::to_owned)
    }

    fn quota(&self, kind: Kind, parts: &Parts) {
        let kinds = || self.drafts.iter().filter_map(|draft| draft.kind);
        let full = match kind {
            Kind::Timing => {
                kinds().count() >= MOST_TIMING_RULES || kinds().any(|kind| kind != Kind::Timing)
            }
            Kind::Metric | Kind::Mix => kinds().count() > 0,
        };
        if full {
            let remedy = "up to 5 timing rules, or 1 metric rule, or 1 mix rule, never together";
            let place = parts.get(shape::NAME).map_or("", |name| &name.path);
            self.reader.part(place, shape::NAME, None).refuse(TOO_MANY_RULES, remedy);
        }
    }

    /// The rule of these parts, if they are good; the first of them came in the shape `created`.
    fn rule(&self, shape: Shape, created: Shape, parts: &Parts) -> Option<Rule> {
        let errors = self.reader.errors();
        let given = self.kind(parts);
        let (timer, metric) = (self.part(parts, shape::TIMER), self.part(parts, shape::METRIC));
        let special = timer.value.is_some_and(shape::is_special);
        let kind = given.or(match (timer.value.is_some(), metric.value.is_some()) {
            (true, false) if !special => Some(Kind::Timing),
            (true, _) => Some(Kind::Mix),
            (false, true) => Some(Kind::Metric),
            (false, false) => None,
        });
        if created == Shape::Request {
            let kind = kind.map_or("", Kind::name).into();
            let minus = || Value::from(-1);
            for (name, default) in [
                (shape::KIND, kind),
                (shape::ENABLE, true.into()),
                (shape::MIN_READY, minus()),
                (shape::RATIO, minus()),
            ] {
                self.part(parts, name).note(default);
            }
        }
        let special = match kind {
            Some(Kind::Mix) => true,
            Some(Kind::Timing) => false,
            Some(Kind::Metric) | None => special,
        };
        let readable = |part: &One<'_>| part.value.is_some_and(|value| !value.is_null());
        let timer = readable(&timer).then(|| check::timer(&timer, special)).flatten();
        let rule = readable(&metric).then(|| check::metric(&metric)).flatten();
        self.completeness(kind, shape, parts);
        let min_ready = self.min_ready(parts, metric.value);
        let enabled = self.part(parts, shape::ENABLE).flag().unwrap_or(true);
        let idle = self.part(parts, shape::IDLE);
        if idle.flag() == Some(true) {
            idle.warn("idle mode is not emulated", "the rule runs without it");
        }
        (self.reader.errors() == errors).then_some(Rule {
            kind: kind?,
            kind_inferred: given.is_none() && shape != Shape::Alone,
            enabled,
            timer,
            metric: rule,
            min_ready,
        })
    }

    fn kind(&self, parts: &Parts) -> Option<Kind> {
        let kind = self.part(parts, shape::KIND).hint("timing, metric or mix");
        let alone = !parts.contains_key(shape::NAME);
        match self.reader.dialect.knobs.type_may_be_absent || alone {
            true => kind.word(),
            false => kind.must("").word(),
        }
    }

    fn completeness(&self, kind: Option<Kind>, shape: Shape, parts: &Parts) {
        let Some(kind) = kind else { return };
        let (needed, other) = match kind {
            Kind::Timing => (shape::TIMER, Some(shape::METRIC)),
            Kind::Metric => (shape::METRIC, Some(shape::TIMER)),
            Kind::Mix => (shape::METRIC, None),
        };
        if !parts.contains_key(needed) && shape != Shape::Alone {
            let remedy = format!("a rule of type {} needs it", kind.name());
            self.part(parts, needed).refuse(Wrong::Missing, &remedy);
        }
        if let Some(other) = other.filter(|other| parts.contains_key(other)) {
            let message = format!("a {} rule does not use it", kind.name());
            self.part(parts, other).warn(message, "for both together the type is mix");
        }
    }

    fn min_ready(&self, parts: &Parts, metric: Option<&Value>) -> Option<MinReadyMembers> {
        let (least, share) = (self.part(parts, shape::MIN_READY), self.part(parts, shape::RATIO));
        let (instances, ratio) = (least.whole(), share.whole());
        if ratio.is_some_and(|given| !(-1..=100).contains(&given)) {
            share.refuse(MIN_READY_RATIO, "from 0 to 100, or -1 to leave it unused");
        }
        let used = ratio.is_some_and(|ratio| (0..=100).contains(&ratio));
        if let Some(given) = instances {
            let own = self.reader.dialect.knobs.current_replicas.map(i64::from);
            let current = own.or(metric.and_then(current_replicas));
            if given < -1 {
                let why = Wrong::Because("it must be -1 or more");
                least.refuse(why, "-1 for 25 %, or a number of instances");
            } else if current.is_some_and(|current| given >= current) && !used {
                least.refuse(MIN_READY, "fewer than the application has");
            }
        }
        (instances.is_some() || ratio.is_some()).then(|| MinReadyMembers {
            instances: instances.unwrap_or(-1),
            ratio: ratio.unwrap_or(-1),
        })
    }

    /// Where two timing rules may not share a time, which is a knob.
    fn times_across_rules(&self) {
        if self.reader.dialect.knobs.rules_may_share_times {
            return;
        }
        let timers = self.drafts.iter().filter_map(|draft| {
            Some((draft.parts.get(shape::TIMER)?, draft.rule.as_ref()?.timer.as_ref()?))
        });
        let timers: Vec<_> = timers.collect();
        for (later, (part, timer)) in timers.iter().enumerate() {
            if timers[..later].iter().any(|(_, earlier)| earlier.clashes_with(timer)) {
                self.reader.turn_to(part.document);
                let times = self.reader.part(&part.path, "atTime", Some(&part.value));
                times.refuse(TIME_CONFLICT, "times no other rule has");
            }
        }
    }
}

/// What a response says of the application.
fn current_replicas(metric: &Value) -> Option<i64> {
    let (_, status) = find(metric.as_object()?, "MetricsStatus")?;
    find(status.as_object()?, "CurrentReplicas")?.1.as_i64()
}
