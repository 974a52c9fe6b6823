//! The annotations of a revision, as `ValidateAnnotations` of Knative judges them.

use super::buckets::Algorithm;
use super::check::{Admission, PREFIX, deny};
use super::cluster::WINDOW_S;
use super::go;
use super::native::{Annotations, Cluster};
use super::target::{LEAST_TARGET, ScaleBy};
use super::{HPA, KPA};
use crate::products::Words;
use crate::products::kubernetes::fields::{Object, One};
use crate::products::reader::nearest;
use autosim_engine::units::Span;
use serde_json::{Value, json};

/// Names with their older spelling.
const NAMES: &[(&str, &str)] = &[
    ("class", ""),
    ("metric", ""),
    ("metric-aggregation-algorithm", "metricAggregationAlgorithm"),
    ("min-scale", "minScale"),
    ("max-scale", "maxScale"),
    ("initial-scale", "initialScale"),
    ("activation-scale", "activationScale"),
    ("target", ""),
    ("target-utilization-percentage", "targetUtilizationPercentage"),
    ("target-burst-capacity", "targetBurstCapacity"),
    ("window", ""),
    ("panic-window-percentage", "panicWindowPercentage"),
    ("panic-threshold-percentage", "panicThresholdPercentage"),
    ("scale-down-delay", "scaleDownDelay"),
    ("scale-to-zero-pod-retention-period", "scaleToZeroPodRetentionPeriod"),
];

/// Annotations by their names; the dashed spelling wins.
struct Given<'o, 'r> {
    /// What holds them, if there are any.
    object: Option<&'o Object<'r>>,
    /// Their full keys by their names.
    keys: Vec<(&'static str, &'r str)>,
}

impl<'r> Given<'_, 'r> {
    /// An annotation and its text, where it is there.
    fn text(&self, name: &'static str) -> Option<(One<'r>, &'r str)> {
        let (_, key) = self.keys.iter().find(|(known, _)| *known == name)?;
        let member = self.object?.get(key);
        let text = member.value?.as_str()?;
        Some((member, text))
    }
}

/// Reads those of a Service's template; `None` if something is wrong.
pub(super) fn read(member: &One<'_>, service: &str, cluster: &Cluster) -> Option<Annotations> {
    let before = member.reader.errors();
    let object = member.value.and_then(|_| member.object());
    let keys = object.as_ref().map_or_else(Vec::new, keys);
    if member.reader.errors() > before {
        return None;
    }
    let given = Given { object: object.as_ref(), keys };
    class(member, &given, service, cluster);
    let (min, max) = (scale(&given, "min-scale"), scale(&given, "max-scale"));
    let activation_scale = judge_scales(&given, min.unwrap_or(0), max.unwrap_or(0), cluster);
    let read = Annotations {
        metric: metric(&given),
        algorithm: algorithm(&given),
        target: target(&given),
        utilization_percent: percent(&given, "target-utilization-percentage", (1.0, 100.0)),
        burst_capacity: burst_capacity(&given),
        window: window(&given, "window", (WINDOW_S.0, WINDOW_S.1), true),
        panic_window_percent: percent(&given, "panic-window-percentage", (1.0, 100.0)),
        panic_threshold_percent: percent(&given, "panic-threshold-percentage", (110.0, 1000.0)),
        retention: window(&given, "scale-to-zero-pod-retention-period", (0, WINDOW_S.1), false),
        scale_down_delay: window(&given, "scale-down-delay", (0, WINDOW_S.1), true),
        initial: initial(&given, cluster),
        min,
        max,
        activation_scale,
    };
    (member.reader.errors() == before).then_some(read)
}

/// Finds them by name; what is no text cannot be decoded, and what is no annotation of the autoscaler has no effect.
fn keys<'r>(object: &Object<'r>) -> Vec<(&'static str, &'r str)> {
    let mut keys: Vec<(&'static str, &'r str)> = Vec::new();
    for key in object.map.keys() {
        let value: &Value = &object.map[key];
        let member = object.get(key);
        if !value.is_string() {
            member.hint("a text: put quotes around it").text();
            continue;
        }
        let Some(short) = key.strip_prefix(PREFIX) else { continue };
        let known = NAMES.iter().find(|(name, older)| *name == short || *older == short);
        let Some((name, _)) = known else {
            let names: Vec<&str> = NAMES.iter().map(|(name, _)| *name).collect();
            let near = nearest(short, &names.join(" "), short.len() / 3).map(str::to_owned);
            let remedy = near.map_or_else(
                || "it has no effect: remove it".to_owned(),
                |near| format!("did you mean `{PREFIX}{near}`?"),
            );
            member.tolerate(
                format!("`{key}` is no annotation of the autoscaler: it is ignored"),
                &remedy,
            );
            continue;
        };
        match keys.iter_mut().find(|(known, _)| known == name) {
            Some(found) if *name == short => found.1 = key,
            Some(_) => {}
            None => keys.push((name, key)),
        }
    }
    keys
}

/// An annotation by its name, in whichever spelling; the dashed one wins.
pub(super) fn find<'r>(object: &Object<'r>, name: &'static str) -> Option<One<'r>> {
    let older = NAMES.iter().find(|(known, _)| *known == name).map_or("", |(_, older)| older);
    let keys = [name, older].map(|short| format!("{PREFIX}{short}"));
    let (key, _) = keys.iter().find_map(|key| object.map.get_key_value(key))?;
    Some(object.get(key))
}

fn refuse_value(member: &One<'_>, text: &str, help: &str) {
    deny(member, Admission::InvalidValue, &format!("invalid value: {text}"), help);
}

/// Another class than Knative's own is another autoscaler.
fn class(all: &One<'_>, given: &Given<'_, '_>, service: &str, cluster: &Cluster) {
    let other_class = |class: &str| match class {
        HPA => handed_over(given, service, cluster),
        _ => format!("leave the class out, or write {KPA}"),
    };
    let Some((member, text)) = given.text("class") else {
        if cluster.class != KPA {
            let message = format!("the cluster's pod-autoscaler-class is {}", cluster.class);
            all.decline(message, &other_class(&cluster.class));
        }
        return;
    };
    match text {
        KPA => {}
        HPA => member
            .decline("this revision is scaled by Kubernetes' own autoscaler", &other_class(text)),
        text if text.ends_with("knative.dev") => {
            refuse_value(&member, text, &format!("{KPA} or {HPA}"));
        }
        text => {
            member.decline(format!("{text} is not an autoscaler of Knative"), &other_class(text));
        }
    }
}

/// The autoscaler of Kubernetes that Knative makes of such a revision (`MakeHPA`), in a line.
fn handed_over(given: &Given<'_, '_>, service: &str, cluster: &Cluster) -> String {
    let count = |name, default: u32| {
        given.text(name).and_then(|(_, text)| text.parse().ok()).unwrap_or(default)
    };
    let (min, max) = (count("min-scale", cluster.min), count("max-scale", cluster.max));
    let mut spec = json!({
        "scaleTargetRef": { "apiVersion": "apps/v1", "kind": "Deployment", "name": service },
        "maxReplicas": if max == 0 { i32::MAX as u32 } else { max },
    });
    if min > 0 {
        spec["minReplicas"] = min.into();
    }
    let metric = given.text("metric").map_or("cpu", |(_, text)| text);
    let target = given.text("target").and_then(|(_, text)| text.parse::<f64>().ok());
    if let Some(target) = target.map(|target| target.ceil() as i64) {
        let average = |value: String| json!({ "type": "AverageValue", "averageValue": value });
        let of_share = json!({ "type": "Utilization", "averageUtilization": target });
        let resource = |target| json!({ "type": "Resource", "resource": { "name": metric, "target": target } });
        spec["metrics"] = json!([match metric {
            "cpu" => resource(of_share),
            "memory" => resource(average(format!("{target}Mi"))),
            other => json!({
                "type": "Pods",
                "pods": { "metric": { "name": other }, "target": average(target.to_string()) },
            }),
        }]);
    }
    let made = json!({
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": { "name": service },
        "spec": spec,
    });
    format!("give a policy of kubernetes-hpa what Knative makes of it: {made}")
}

fn metric(given: &Given<'_, '_>) -> Option<ScaleBy> {
    let (member, text) = given.text("metric")?;
    let read = ScaleBy::named(text);
    // Other classes have metrics of their own.
    let own = given.text("class").is_none_or(|(_, class)| class == KPA);
    if read.is_none() && own {
        refuse_value(&member, text, &ScaleBy::list());
    }
    read
}

/// Judged only where the class is given; what is not known is the mean.
fn algorithm(given: &Given<'_, '_>) -> Option<Algorithm> {
    let (member, text) = given.text("metric-aggregation-algorithm")?;
    let read = Algorithm::named(text);
    if read.is_none() && !text.is_empty() {
        match given.text("class").is_some_and(|(_, class)| class == KPA) {
            true => refuse_value(&member, text, &Algorithm::list()),
            false => {
                let message = format!(
                    "{text} is no algorithm: without a class that is not refused, and it is linear"
                );
                member.warn(message, &Algorithm::list());
            }
        }
    }
    read
}

/// A whole number of 32 bits from 0 on.
fn scale(given: &Given<'_, '_>, name: &'static str) -> Option<u32> {
    let (member, text) = given.text(name)?;
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse::<i32>().ok().and_then(|number| u32::try_from(number).ok()) {
        Some(number) => return Some(number),
        None if is_number => {
            let message = format!("expected 0 <= {text} <= {}", i32::MAX);
            deny(&member, Admission::OutOfBounds, &message, "a whole number, at least 0");
        }
        None => refuse_value(&member, text, "a whole number, at least 0"),
    }
    None
}

/// What minimum, maximum and activation scale say of one another; the activation scale.
fn judge_scales(given: &Given<'_, '_>, min: u32, max: u32, cluster: &Cluster) -> Option<u32> {
    let max_member = given.text("max-scale");
    if max != 0 && max < min {
        let message = format!("max-scale={max} is less than min-scale={min}");
        let help = format!("at least {min}, or 0 for no limit");
        let members = [given.text("max-scale"), given.text("min-scale")];
        for (member, _) in members.into_iter().flatten() {
            deny(&member, Admission::Generic, &message, &help);
        }
    }
    if let Some((member, _)) = max_member.filter(|_| cluster.max_limit > 0) {
        let limit = cluster.max_limit;
        let help = format!("from 1 to {limit}, the cluster's max-scale-limit");
        if max > limit {
            deny(
                &member,
                Admission::OutOfBounds,
                &format!("expected 1 <= {max} <= {limit}"),
                &help,
            );
        } else if max == 0 {
            let message = format!("max-scale=0 (unlimited), must be less than {limit}");
            deny(&member, Admission::Generic, &message, &help);
        }
    }
    let (member, text) = given.text("activation-scale")?;
    let Ok(number) = text.parse::<i32>() else {
        refuse_value(&member, text, "a whole number, at least 2");
        return None;
    };
    let wide = i64::from(number);
    let message = if wide < i64::from(min) {
        format!("min-scale={min} is greater than activation-scale={number}")
    } else if max != 0 && wide > i64::from(max) {
        format!("max-scale={max} is less than activation-scale={number}")
    } else if number < 2 {
        format!("activation-scale={number} must be greater than 1")
    } else {
        return u32::try_from(number).ok();
    };
    deny(&member, Admission::Generic, &message, "at least 2, from min-scale to max-scale");
    None
}

/// A number; one that is none, or without end, is not.
fn number<'r>(given: &Given<'_, 'r>, name: &'static str) -> Option<(One<'r>, &'r str, f64)> {
    let (member, text) = given.text(name)?;
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Some((member, text, number)),
        Ok(_) => {
            member.decline(format!("{text} is no number to decide by"), "write a finite one");
            None
        }
        Err(_) => {
            refuse_value(&member, text, "a number");
            None
        }
    }
}

fn percent(given: &Given<'_, '_>, name: &'static str, (least, most): (f64, f64)) -> Option<f64> {
    let (member, text, number) = number(given, name)?;
    if number < least || number > most {
        let message = format!("expected {least} <= {text} <= {most}");
        let help = format!("percent, from {least} to {most}, without a sign");
        deny(&member, Admission::OutOfBounds, &message, &help);
        return None;
    }
    Some(number)
}

fn target(given: &Given<'_, '_>) -> Option<f64> {
    let (member, text, number) = number(given, "target")?;
    if number < LEAST_TARGET {
        let message = format!("target {text} should be at least {LEAST_TARGET}");
        deny(&member, Admission::Generic, &message, "requests per pod, at least 0.01");
        return None;
    }
    Some(number)
}

fn burst_capacity(given: &Given<'_, '_>) -> Option<f64> {
    let (member, text, number) = number(given, "target-burst-capacity")?;
    if number < 0.0 && number != -1.0 {
        refuse_value(&member, text, "0 or more requests, or -1 for no limit");
        return None;
    }
    Some(number)
}

fn window(
    given: &Given<'_, '_>,
    name: &'static str,
    (least_s, most_s): (u64, u64),
    is_whole: bool,
) -> Option<Span> {
    let (member, text) = given.text(name)?;
    let help = format!("a duration from {least_s}s to {most_s}s, such as 60s");
    let Some(nanos) = go::duration(text) else {
        refuse_value(&member, text, &help);
        return None;
    };
    let (least, most) = (Span::from_secs(least_s), Span::from_secs(most_s));
    let Some(span) = go::span(nanos).filter(|span| (least..=most).contains(span)) else {
        let message = format!("expected {least_s}s <= {text} <= {most_s}s");
        deny(&member, Admission::OutOfBounds, &message, &help);
        return None;
    };
    if is_whole && !span.0.is_multiple_of(1_000_000_000) {
        let message = "must be specified with at most second precision";
        deny(&member, Admission::Generic, message, &help);
        return None;
    }
    Some(span)
}

fn initial(given: &Given<'_, '_>, cluster: &Cluster) -> Option<u32> {
    let (member, text) = given.text("initial-scale")?;
    let number = text.parse::<i64>().ok();
    let count = number.and_then(|number| u32::try_from(number).ok());
    match count {
        Some(0) if !cluster.allow_zero_initial_scale => {
            let help = "at least 1, or allow-zero-initial-scale: \"true\" in config-autoscaler";
            refuse_value(&member, text, help);
            None
        }
        Some(count) => Some(count),
        None => {
            refuse_value(&member, text, "a whole number, at least 1");
            None
        }
    }
}
