//! Options that do not bear on the count, checked because Ray refuses the whole config for them: models
//! that forbid what they do not know, and two numbers with limits.

use super::pydantic::{Limit, Object, One, count, number};
use crate::products::Wrong;
use crate::products::reader::nearest;
use serde_json::Value;

/// Names of the levels of Python's `logging`.
const LEVELS: [&str; 8] =
    ["CRITICAL", "FATAL", "ERROR", "WARN", "WARNING", "INFO", "DEBUG", "NOTSET"];
/// Their numbers.
const NUMBERS: [i64; 6] = [50, 40, 30, 20, 10, 0];

/// The members of a model that forbids others.
fn closed<'r>(member: &One<'r>, model: &str, known: &str) -> Option<Object<'r>> {
    if member.value.is_some_and(|value| !value.is_object()) {
        let message = format!("Input should be a valid dictionary or instance of {model}");
        member.refuse(Wrong::Own("model_type", &message), "");
        return None;
    }
    let members = member.object()?;
    for key in members.map.keys().filter(|key| !known.split(' ').any(|name| name == *key)) {
        let help = match nearest(key, known, key.len() / 3) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("it has {}", known.replace(' ', ", ")),
        };
        let wrong = Wrong::Own("extra_forbidden", "Extra inputs are not permitted");
        members.get(key).refuse(wrong, &help);
    }
    Some(members)
}

/// `logging_config` of a config, an application or a deployment.
pub(super) fn logging(member: &One<'_>) {
    let known = "encoding log_level logs_dir enable_access_log additional_log_standard_attrs";
    let Some(members) = closed(member, "LoggingConfig", known) else { return };
    let encoding = members.get("encoding");
    if let Some(text) = encoding.text().filter(|text| !["TEXT", "JSON"].contains(text)) {
        let message = format!("Value error, Got '{text}' for encoding.");
        encoding.refuse(Wrong::Because(&message), "TEXT or JSON");
    }
    let level = members.get("log_level");
    let good = level.value.is_none_or(|value| match (value.as_i64(), value.as_str()) {
        (Some(number), _) => NUMBERS.contains(&number),
        (None, Some(name)) => LEVELS.contains(&name),
        (None, None) => false,
    });
    if let Some(value) = level.value.filter(|_| !good) {
        let typed = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let message = format!("Value error, Got \"{typed}\" for log_level.");
        level.refuse(Wrong::Because(&message), &format!("one of {}", LEVELS.join(", ")));
    }
}

/// `tracing_config` of a config.
pub(super) fn tracing(member: &One<'_>) {
    let known = "enabled exporter_import_path sampling_ratio";
    let Some(members) = closed(member, "TracingConfig", known) else { return };
    let ratio = members.get("sampling_ratio");
    let read = ratio.value.and_then(Value::as_f64);
    if let Some(read) = read.filter(|read| !(0.0..=1.0).contains(read)) {
        let message =
            format!("Value error, sampling_ratio must be between 0.0 and 1.0, got {read:?}.");
        ratio.refuse(Wrong::Because(&message), "from 0 to 1");
    }
}

/// `controller_options` of a config: only environment variables.
pub(super) fn controller(member: &One<'_>) {
    let Some(members) = closed(member, "ControllerOptions", "runtime_env") else { return };
    let environment = members.get("runtime_env").unless_null();
    let Some(map) = environment.value.and_then(Value::as_object) else { return };
    let mut others: Vec<String> =
        map.keys().filter(|key| *key != "env_vars").map(|key| format!("'{key}'")).collect();
    others.sort_unstable();
    if !others.is_empty() {
        let message = format!(
            "Value error, ControllerOptions.runtime_env only supports ['env_vars'] in this version; got \
             disallowed keys [{}].",
            others.join(", ")
        );
        environment.refuse(Wrong::Because(&message), "`env_vars` alone");
    }
}

/// What a deployment says besides: backpressure, logging, actors, rolling updates.
pub(super) fn of_deployment(members: &Object<'_>) {
    logging(&members.get("logging_config"));
    let backpressure = members.get("backpressure_config");
    if let Some(inner) = closed(&backpressure, "BackpressureConfig", "status_code retry_after_s") {
        let status = inner.get("status_code");
        if status.value.is_some_and(|code| !matches!(code.as_i64(), Some(503 | 429))) {
            let message = "Input should be 503 or 429";
            status.refuse(Wrong::Own("literal_error", message), "");
        }
        number(&inner.get("retry_after_s").unless_null(), Limit::NotNegative);
    }
    members.get("deployment_actors").unless_null().items();
    number(&members.get("rolling_update_percentage"), Limit::Share);
    count(&members.get("max_surge_percent"), Limit::Percent);
}
