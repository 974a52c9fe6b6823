//! Triggers: their metadata as each scaler of KEDA takes it. The API server looks at none of it; what is wrong there
//! the operator finds later, and then scales nothing.

use super::Knobs;
use super::cron::{Cron, Schedule};
use super::native::{Calendar, External, Source, Trigger};
use super::sensor;
use super::words::{MetricType, TriggerKind};
use crate::builtin::parts::calendar::time_zone;
use crate::products::kubernetes::fields::{Object, One};
use crate::products::kubernetes::quantity::Quantity;
use crate::products::kubernetes_hpa::words::SourceKind;
use crate::products::kubernetes_hpa::{MetricSpec, MetricTarget};
use crate::products::{Kind, Words, Wrong};

/// What a trigger has beside its metadata.
const TRIGGER: &str = "type name useCachedMetrics authenticationRef metricType metadata";
/// Why a trigger whose metadata is wrong is refused here.
const LATER: &str = "KEDA takes the object, and its operator then scales nothing";

/// A trigger as it was read.
pub(super) struct Read {
    pub(super) trigger: Trigger,
    /// `useCachedMetrics` is written.
    pub(super) cached: bool,
}

/// Where the number of a scaler is written.
struct Numbers {
    target: &'static str,
    /// Where it is left out; `None` = it must be there.
    default: Option<i64>,
    activation: &'static str,
    whole: bool,
}

/// Those of a scaler that looks outside the pods.
fn numbers(kind: TriggerKind) -> Option<Numbers> {
    let of = |target, activation| Numbers { target, default: None, activation, whole: false };
    let whole = |target, default, activation| Numbers {
        target,
        default: Some(default),
        activation,
        whole: true,
    };
    Some(match kind {
        TriggerKind::Prometheus => of("threshold", "activationThreshold"),
        TriggerKind::RabbitMq => of("value", "activationValue"),
        TriggerKind::MetricsApi => of("targetValue", "activationTargetValue"),
        TriggerKind::Kafka => whole("lagThreshold", 10, "activationLagThreshold"),
        TriggerKind::Redis => whole("listLength", 5, "activationListLength"),
        TriggerKind::Sqs => whole("queueLength", 5, "activationQueueLength"),
        TriggerKind::Cpu | TriggerKind::Memory | TriggerKind::Cron => return None,
    })
}

/// Reads one of `triggers`, the one of this place.
pub(super) fn read(item: &One<'_>, place: usize, knobs: &Knobs) -> Option<Read> {
    let object = item.members(TRIGGER)?;
    let kind = needed_text(&object.get("type"), "for example prometheus");
    let metadata = object.get("metadata");
    if metadata.value.is_none() {
        metadata.refuse(Wrong::Missing, "what the trigger looks at, as texts");
    }
    let metadata = metadata.value.and_then(|_| metadata.object());
    let texts = metadata.as_ref().is_some_and(are_texts);
    let name = object.get("name").text().filter(|name| !name.is_empty()).map(str::to_owned);
    object.get("useCachedMetrics").note(false);
    let cached = object.get("useCachedMetrics");
    let cached = cached.optional(|cached| cached.flag())?.unwrap_or(false);
    let metric_type = metric_type(&object.get("metricType"));
    let (kind, metadata, metric_type) = (kind?, metadata.filter(|_| texts)?, metric_type?);
    let Some(kind) = TriggerKind::named(kind) else {
        let message = format!("triggers of type {kind} are not emulated");
        let known = TriggerKind::list();
        let remedy = format!("known are {known}; a query to prometheus can stand for most others");
        object.get("type").decline(message, &remedy);
        return None;
    };
    let of = Metadata { object: &metadata, kind, metric_type, place };
    let source = match kind {
        TriggerKind::Cpu | TriggerKind::Memory => Source::Resource(of.resource(&object)?),
        TriggerKind::Cron => Source::Cron(of.calendar()?),
        TriggerKind::Prometheus
        | TriggerKind::RabbitMq
        | TriggerKind::Redis
        | TriggerKind::Sqs
        | TriggerKind::Kafka
        | TriggerKind::MetricsApi => {
            Source::Metric(of.external(&object, name.as_deref(), cached, knobs)?)
        }
    };
    Some(Read { trigger: Trigger { kind, name, source }, cached })
}

/// A text that must be there, empty or not.
fn needed_text<'r>(member: &One<'r>, help: &str) -> Option<&'r str> {
    if member.value.is_none() {
        member.refuse(Wrong::Missing, help);
    }
    member.text()
}

/// Whether every value of metadata is a text.
fn are_texts(metadata: &Object<'_>) -> bool {
    let keys = metadata.map.keys();
    let wrong = keys.filter(|key| metadata.get(key).value.is_some_and(|value| !value.is_string()));
    let wrong: Vec<&String> = wrong.collect();
    for key in &wrong {
        let member = metadata.get(key);
        let shown = member.value.map(ToString::to_string).unwrap_or_default();
        member.refuse(Wrong::Not(Kind::Text), &format!("in quotes: \"{shown}\""));
    }
    wrong.is_empty()
}

/// AverageValue where none is written; `None` = refused.
fn metric_type(member: &One<'_>) -> Option<MetricType> {
    member.note(MetricType::AverageValue.name());
    let text = match member.value {
        None => return Some(MetricType::AverageValue),
        Some(_) => member.text()?,
    };
    let found =
        if text.is_empty() { Some(MetricType::AverageValue) } else { MetricType::named(text) };
    if found.is_none() {
        let message = format!("there is no metricType {text}: {LATER}");
        member.decline(message, &format!("one of {}", MetricType::list()));
    }
    found
}

/// The metadata of a trigger.
struct Metadata<'m, 'r> {
    object: &'m Object<'r>,
    kind: TriggerKind,
    metric_type: MetricType,
    /// Which trigger it is.
    place: usize,
}

impl<'r> Metadata<'_, 'r> {
    /// A text that is not empty.
    fn text(&self, key: &'r str) -> Option<&'r str> {
        self.object.get(key).value.and_then(|value| value.as_str()).filter(|text| !text.is_empty())
    }

    /// The same, which must be there.
    fn needed(&self, key: &'r str) -> Option<&'r str> {
        let found = self.text(key);
        if found.is_none() {
            let message = format!("a trigger of type {} needs `{key}`: {LATER}", self.kind);
            self.object.get(key).decline(message, &format!("write `{key}`, as a text"));
        }
        found
    }

    fn unusable(&self, key: &'r str, why: &str, remedy: &str) {
        let typed = self.text(key).unwrap_or_default();
        self.object.get(key).decline(format!("`{typed}` {why}: {LATER}"), remedy);
    }

    /// The name of a metric as KEDA makes it.
    fn metric(&self, name: &str) -> String {
        let plain = |c: char| if "/.:%()".contains(c) { '-' } else { c };
        let name: String = name.chars().map(plain).collect();
        format!("s{}-{name}", self.place)
    }

    /// Of a scaler that looks outside the pods.
    fn external(
        &self,
        trigger: &Object<'_>,
        name: Option<&str>,
        cached: bool,
        knobs: &Knobs,
    ) -> Option<External> {
        let metric = self.metric(&self.own_name()?);
        let numbers = numbers(self.kind)?;
        let (target, activation) =
            (self.number(numbers.target, &numbers), self.activation(&numbers));
        let target = match self.metric_type {
            MetricType::AverageValue => MetricTarget::Average(target?),
            MetricType::Value => MetricTarget::Value(target?),
            MetricType::Utilization => {
                let message = format!("Utilization is for cpu and memory: {LATER}");
                trigger.get("metricType").decline(message, "AverageValue or Value");
                return None;
            }
        };
        self.warn_of_partitions();
        let told = |name: &str| knobs.metrics.get(name).cloned();
        let told = name.and_then(told).or_else(|| told(&metric));
        let stands_for = told.or_else(|| self.stands_for(name.unwrap_or_default()));
        let is_false = |text: &str| text == "false";
        let nothing_is_zero = self.kind == TriggerKind::Prometheus
            && !self.text("ignoreNullValues").is_some_and(is_false);
        let activation = activation?;
        Some(External { metric, target, activation, cached, nothing_is_zero, stands_for })
    }

    /// The name of a metric, before what makes it one of this trigger.
    fn own_name(&self) -> Option<String> {
        Some(match self.kind {
            TriggerKind::RabbitMq => format!("rabbitmq-{}", self.needed("queueName")?),
            TriggerKind::Redis => format!("redis-{}", self.needed("listName")?),
            TriggerKind::Kafka => format!("kafka-{}", self.text("topic").unwrap_or_default()),
            TriggerKind::MetricsApi => format!("metric-api-{}", self.needed("valueLocation")?),
            TriggerKind::Sqs => {
                let url = match self.text("queueURLFromEnv") {
                    Some(variable) => variable,
                    None => self.needed("queueURL")?,
                };
                format!("aws-sqs-{}", url.rsplit('/').next().unwrap_or(url))
            }
            TriggerKind::Prometheus
            | TriggerKind::Cpu
            | TriggerKind::Memory
            | TriggerKind::Cron => self.kind.name().to_owned(),
        })
    }

    /// What it stands for in a simulation where no knob says so.
    fn stands_for(&self, name: &str) -> Option<autosim_engine::signal::MetricRef> {
        let is = |key, value| self.text(key).is_some_and(|text| text == value);
        if self.kind == TriggerKind::RabbitMq && is("mode", "MessageRate") {
            return "requests_per_s".parse().ok();
        }
        // What is being worked on counts, unless the scaler is told that it does not.
        let waiting = is("excludeUnacknowledged", "true") || is("scaleOnInFlight", "false");
        sensor::stands_for(self.kind, name, waiting)
    }

    fn warn_of_partitions(&self) {
        let idles = self.text("allowIdleConsumers").is_some_and(|text| text == "true");
        if self.kind == TriggerKind::Kafka && !idles {
            let message = "KEDA never asks for more replicas than there are partitions, which are not modelled";
            let remedy = "keep maxReplicaCount at the number of partitions";
            self.object.me.warn(message, remedy);
        }
    }

    /// A number above zero in milli-units, cut.
    fn number(&self, key: &'static str, numbers: &Numbers) -> Option<i64> {
        let member = self.object.get(key);
        let text = match (self.text(key), numbers.default) {
            (Some(text), _) => text,
            (None, Some(default)) => {
                member.note(default.to_string());
                return Some(default * 1000);
            }
            (None, None) => self.needed(key)?,
        };
        let milli = self.parsed(key, text, numbers.whole)?;
        // What is a whole number but for its last bits is that number.
        let milli = (milli * 1000.0 + 1e-9).floor() as i64;
        if milli <= 0 {
            self.unusable(key, "is no target: it must be positive", "a number above 0, in quotes");
            return None;
        }
        Some(milli)
    }

    fn activation(&self, numbers: &Numbers) -> Option<f64> {
        let key = numbers.activation;
        let Some(text) = self.text(key) else {
            self.object.get(key).note("0");
            return Some(0.0);
        };
        self.parsed(key, text, numbers.whole)
    }

    fn parsed(&self, key: &'static str, text: &str, whole: bool) -> Option<f64> {
        let found = match whole {
            true => text.parse::<i64>().ok().map(|number| number as f64),
            false => text.parse::<f64>().ok().filter(|number| number.is_finite()),
        };
        if found.is_none() {
            let what = if whole { "is no whole number" } else { "is no number" };
            self.unusable(key, what, "a number in quotes");
        }
        found
    }

    /// Cpu or memory of the pods, or of a container of each.
    fn resource(&self, trigger: &Object<'_>) -> Option<MetricSpec> {
        let text = self.needed("value")?;
        let target = match self.metric_type {
            MetricType::Utilization => {
                let percent = text.parse().ok().filter(|&percent: &i32| percent > 0);
                percent.map(MetricTarget::Utilization)
            }
            MetricType::AverageValue => {
                let quantity: Option<Quantity> = text.parse().ok();
                let quantity = quantity.filter(|quantity| quantity.is_positive());
                quantity.map(|quantity| MetricTarget::Average(quantity.milli()))
            }
            MetricType::Value => {
                let message = format!("Value is not for cpu and memory: {LATER}");
                trigger.get("metricType").decline(message, "Utilization or AverageValue");
                return None;
            }
        };
        if target.is_none() {
            let remedy =
                "percent above 0 with metricType Utilization, else a quantity such as \"500m\"";
            self.unusable("value", "is no target", remedy);
        }
        let container = self.text("containerName").map(str::to_owned);
        Some(MetricSpec {
            kind: match container {
                Some(_) => SourceKind::ContainerResource,
                None => SourceKind::Resource,
            },
            name: self.kind.name().to_owned(),
            container,
            target: target?,
            stands_for: None,
        })
    }

    fn calendar(&self) -> Option<Calendar> {
        let cron = |key| {
            let text = self.needed(key)?;
            let read = Cron::parse(text);
            if let Err(why) = &read {
                self.unusable(key, &format!("is no cron expression: {why}"), CRON);
            }
            Some((text, read.ok()?))
        };
        let (start, end) = (cron("start"), cron("end"));
        let zone = self.needed("timezone").and_then(|name| {
            let zone = time_zone(name).filter(|_| !name.starts_with(['+', '-']));
            if zone.is_none() {
                self.unusable("timezone", "is no time zone", "a name of the IANA, Europe/Berlin");
            }
            Some((name, zone?))
        });
        let replicas = self.needed("desiredReplicas").and_then(|text| {
            let count = text.parse().ok().filter(|&count| count > 0);
            if count.is_none() {
                self.unusable(
                    "desiredReplicas",
                    "is no number of replicas",
                    "1 or more, in quotes",
                );
            }
            count
        });
        let ((start, starts), (end, ends), (zone_name, zone)) = (start?, end?, zone?);
        if start == end {
            self.unusable("end", "is the start too", "another expression than `start`");
            return None;
        }
        let plain = |text: &str| {
            text.replace(' ', "").replace('*', "x").replace('/', "Sl").replace('?', "Qm")
        };
        Some(Calendar {
            metric: self.metric(&format!("cron-{zone_name}-{}-{}", plain(start), plain(end))),
            schedule: Schedule { start: starts, end: ends, zone },
            replicas: replicas?,
        })
    }
}

/// What a cron expression looks like.
const CRON: &str = "minute, hour, day of month, month, day of week: \"0 8 * * 1-5\"";
