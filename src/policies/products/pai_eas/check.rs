//! From a JSON body to an [`AutoScaler`], or to the platform's refusals.
//!
//! EAS publishes no table of errors of this operation; the codes are the common ones of Alibaba Cloud.

use super::Knobs;
use super::native::{AutoScaler, Behavior, MetricName, Strategy};
use crate::products::{DocumentFault, DocumentFaults};
use serde_json::{Map, Value};

const INVALID: &str = "InvalidParameter";
const MISSING: &str = "MissingParameter";
const BAD_REQUEST: Option<u16> = Some(400);
/// The longest window of the Kubernetes autoscaler.
const LONGEST_WINDOW_S: u32 = 3600;

/// A text that is not JSON.
pub(super) fn unreadable(message: &str) -> DocumentFault {
    DocumentFault::error(
        INVALID,
        BAD_REQUEST,
        "body",
        "The request body is not valid JSON.",
        message,
    )
}

fn invalid(field: &str, remedy: impl Into<String>) -> DocumentFault {
    let message = format!("The specified value of parameter \"{field}\" is not valid.");
    DocumentFault::error(INVALID, BAD_REQUEST, field, message, remedy)
}

fn missing(field: &str, remedy: impl Into<String>) -> DocumentFault {
    let message = format!(
        "The input parameter \"{field}\" that is mandatory for processing this request is not supplied."
    );
    DocumentFault::error(MISSING, BAD_REQUEST, field, message, remedy)
}

/// Reads one body.
pub(super) fn read(
    document: usize,
    body: &Value,
    knobs: &Knobs,
    strict: bool,
    faults: &mut DocumentFaults,
) -> Option<AutoScaler> {
    let Some(object) = body.as_object() else {
        faults.add("", unreadable("a JSON object with `min`, `max` and `scaleStrategies`"));
        return None;
    };
    let before = faults.errors();
    let mut reader = Reader { faults, strict, field: Vec::new() };
    reader.unknown(object, &["min", "max", "scaleStrategies", "behavior"]);
    let min = reader.required(object, "min", "MinReplica", |value| whole(value, 0, i32::MAX));
    let floor = min.unwrap_or(0);
    let max = reader.required(object, "max", "MaxReplica", |value| {
        whole(value, 0, i32::MAX).and_then(|max| match max {
            max if max <= floor => Err(format!("more than `min`, which is {floor}")),
            max if max > knobs.max_cap => Err(format!("at most {}", knobs.max_cap)),
            max => Ok(max),
        })
    });
    let strategies = reader.strategies(object);
    let behavior = reader.behavior(object, max);
    if faults.errors() > before {
        return None;
    }
    Some(AutoScaler {
        min: min?,
        max: max?,
        written: written(body, &strategies),
        strategies,
        behavior: behavior?,
        document,
    })
}

/// The body with aliases replaced by the names of the API.
fn written(body: &Value, strategies: &[Strategy]) -> Value {
    let mut written = body.clone();
    let typed = written.get_mut("scaleStrategies").and_then(Value::as_array_mut);
    for (typed, read) in typed.into_iter().flatten().zip(strategies) {
        if let Some(name) = typed.get_mut("metricName")
            && name.as_str().is_some_and(|name| MetricName::named(name).is_none())
        {
            *name = read.metric.name().into();
        }
    }
    written
}

/// An integer from `least` to `most` as the API's types have it; what is right otherwise.
fn whole(value: &Value, least: i32, most: i32) -> Result<u32, String> {
    let within = |number: &i64| (i64::from(least)..=i64::from(most)).contains(number);
    let number = value.as_i64().filter(within).and_then(|number| u32::try_from(number).ok());
    number.ok_or_else(|| match most {
        i32::MAX => format!("an integer, at least {least}"),
        most => format!("an integer from {least} to {most}"),
    })
}

/// Walks a body; `field` is the way to the present place as the platform writes it, counting from 1.
struct Reader<'a> {
    faults: &'a mut DocumentFaults,
    strict: bool,
    field: Vec<String>,
}

impl Reader<'_> {
    fn field(&self, key: &str) -> String {
        let mut field = self.field.clone();
        if !key.is_empty() {
            field.push(key.to_owned());
        }
        field.join(".")
    }

    fn within<T>(
        &mut self,
        key: &str,
        place: impl ToString,
        read: impl FnOnce(&mut Reader<'_>) -> T,
    ) -> T {
        let mut field = self.field.clone();
        field.push(match key {
            "" => place.to_string(),
            key => key.to_owned(),
        });
        let strict = self.strict;
        self.faults.within(place, |faults| read(&mut Reader { faults, strict, field }))
    }

    fn invalid(&mut self, key: &str, remedy: impl Into<String>) {
        let field = self.field(key);
        self.faults.add(key, invalid(&field, remedy));
    }

    fn missing(&mut self, key: &str, remedy: impl Into<String>) {
        let field = self.field(key);
        self.faults.add(key, missing(&field, remedy));
    }

    /// Something the platform lets pass, and strictness does not.
    fn tolerated(&mut self, key: &str, message: String, remedy: &str) {
        let field = self.field(key);
        let fault = match self.strict {
            true => invalid(&field, format!("{message}; {remedy}")),
            false => DocumentFault { field, ..DocumentFault::warning(message, remedy) },
        };
        self.faults.add(key, fault);
    }

    fn unknown(&mut self, object: &Map<String, Value>, known: &[&str]) {
        for key in object.keys().filter(|key| !known.contains(&key.as_str())) {
            let remedy = match key.as_str() {
                "strategies" => {
                    "the client tool's shape; the API takes `scaleStrategies`, an array"
                }
                "MinReplica" | "MaxReplica" | "ScaleStrategies" | "CurrentMetrics" | "Behavior" => {
                    "the answer of DescribeServiceAutoScaler; a request has `min`, `max`, \
                     `scaleStrategies` and `behavior`"
                }
                _ => "it has no effect; remove it",
            };
            self.tolerated(key, format!("`{key}` is not a member the API knows"), remedy);
        }
    }

    /// A member that must be there; `described` is what the answer of Describe calls it.
    fn required<T>(
        &mut self,
        object: &Map<String, Value>,
        key: &str,
        described: &str,
        read: impl FnOnce(&Value) -> Result<T, String>,
    ) -> Option<T> {
        match object.get(key).filter(|value| !value.is_null()) {
            None => {
                let remedy = match object.contains_key(described) {
                    true => format!("`{described}` is of the answer of Describe: write `{key}`"),
                    false => format!("add `{key}`"),
                };
                self.missing(key, remedy);
                None
            }
            Some(value) => match read(value) {
                Ok(value) => Some(value),
                Err(remedy) => {
                    self.invalid(key, remedy);
                    None
                }
            },
        }
    }

    fn strategies(&mut self, object: &Map<String, Value>) -> Vec<Strategy> {
        let key = "scaleStrategies";
        let items = self.required(object, key, "ScaleStrategies", |value| {
            value.as_array().cloned().ok_or_else(|| "an array of strategies".into())
        });
        let Some(items) = items else { return Vec::new() };
        if items.is_empty() {
            self.missing(key, "at least one strategy");
        }
        self.within(key, key, |reader| {
            let mut read: Vec<(usize, Strategy)> = Vec::new();
            for (at, item) in items.iter().enumerate() {
                let strategy =
                    reader.within(&(at + 1).to_string(), at, |reader| reader.strategy(item));
                let Some(strategy) = strategy else { continue };
                let same = |other: &Strategy| {
                    (other.metric, &other.service) == (strategy.metric, &strategy.service)
                };
                if let Some((first, _)) = read.iter().find(|(_, other)| same(other)) {
                    let first = first + 1;
                    let field = reader.field(&format!("{}.metricName", at + 1));
                    let remedy =
                        format!("strategy {first} reads the same metric: keep one of them");
                    reader.faults.add(&format!("{at}.metricName"), invalid(&field, remedy));
                }
                read.push((at, strategy));
            }
            read.into_iter().map(|(_, strategy)| strategy).collect()
        })
    }

    fn strategy(&mut self, item: &Value) -> Option<Strategy> {
        let Some(object) = item.as_object() else {
            self.invalid("", "an object with `metricName` and `threshold`");
            return None;
        };
        self.unknown(object, &["metricName", "threshold", "service"]);
        let metric = self.required(object, "metricName", "MetricName", |value| {
            let names = "`qps`, `cpu` or `gpu[util]`";
            value.as_str().map(str::to_owned).ok_or_else(|| format!("a text: {names}"))
        });
        let metric = metric.and_then(|name| self.metric(&name));
        let threshold = self.required(object, "threshold", "Threshold", |value| {
            // The API carries it in 32 bits: what is no finite number there is none.
            let sound = |number: &f64| (*number as f32).is_finite() && (*number as f32) > 0.0;
            value.as_f64().filter(sound).ok_or_else(|| "a number above 0".into())
        });
        let service = match object.get("service").filter(|value| !value.is_null()) {
            None => Some(None),
            Some(Value::String(name)) if !name.is_empty() => Some(Some(name.clone())),
            Some(_) => {
                self.invalid(
                    "service",
                    "the name of a service; leave it out for the service itself",
                );
                None
            }
        };
        Some(Strategy { metric: metric?, threshold: threshold?, service: service? })
    }

    fn metric(&mut self, name: &str) -> Option<MetricName> {
        let key = "metricName";
        if name.eq_ignore_ascii_case("gpu") {
            let message = format!("`{name}` is not in the list of metrics; read as `gpu[util]`");
            self.tolerated(key, message, "write `gpu[util]`");
            return Some(MetricName::GpuUtil);
        }
        let Some(metric) = MetricName::named(name) else {
            self.invalid(key, "`qps`, `cpu` or `gpu[util]`");
            return None;
        };
        if !metric.in_api() {
            let message = format!("`{name}` is a metric of the client tool, not in the API's list");
            self.tolerated(key, message, "the API lists `qps`, `cpu` and `gpu[util]`");
        }
        Some(metric)
    }

    fn behavior(&mut self, object: &Map<String, Value>, max: Option<u32>) -> Option<Behavior> {
        let mut behavior = Behavior::default();
        let before = self.faults.errors();
        self.part(object, "behavior", |reader, object| {
            reader.unknown(object, &["scaleUp", "scaleDown", "onZero"]);
            let window = "stabilizationWindowSeconds";
            let longest = LONGEST_WINDOW_S as i32;
            reader.part(object, "scaleUp", |reader, object| {
                reader.unknown(object, &[window]);
                reader.optional(object, window, (0, longest), &mut behavior.scale_up_window_s);
            });
            reader.part(object, "scaleDown", |reader, object| {
                reader.unknown(object, &[window]);
                reader.optional(object, window, (0, longest), &mut behavior.scale_down_window_s);
            });
            reader.part(object, "onZero", |reader, object| {
                let (grace, activation) =
                    ("scaleDownGracePeriodSeconds", "scaleUpActivationReplicas");
                reader.unknown(object, &[grace, activation]);
                reader.optional(object, grace, (0, i32::MAX), &mut behavior.grace_s);
                let most = max.and_then(|max| i32::try_from(max).ok()).unwrap_or(i32::MAX);
                let replicas = &mut behavior.activation_replicas;
                reader.optional(object, activation, (1, most), replicas);
            });
        });
        (self.faults.errors() == before).then_some(behavior)
    }

    /// Reads an object that may be absent.
    fn part(
        &mut self,
        object: &Map<String, Value>,
        key: &str,
        read: impl FnOnce(&mut Reader<'_>, &Map<String, Value>),
    ) {
        match object.get(key).filter(|value| !value.is_null()) {
            None => {}
            Some(Value::Object(part)) => self.within(key, key, |reader| read(reader, part)),
            Some(_) => self.invalid(key, "an object"),
        }
    }

    fn optional(
        &mut self,
        object: &Map<String, Value>,
        key: &str,
        (least, most): (i32, i32),
        into: &mut u32,
    ) {
        match object.get(key).filter(|value| !value.is_null()) {
            None => {}
            Some(value) => match whole(value, least, most) {
                Ok(value) => *into = value,
                Err(remedy) => self.invalid(key, remedy),
            },
        }
    }
}
