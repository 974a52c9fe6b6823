//! The forms its documents come in, and which of them belong together.

use super::check::REQUIRED;
use crate::products::Form;
use serde_json::Value;

/// The forms documents come in.
pub(super) const FORMS: &[Form] = &[
    Form {
        inside: "autoscaler",
        shared: SHARED,
        ..Form::request("a request or an answer about an autoscaler", OWN)
    },
    Form {
        inside: "autoscaler",
        shared: "metric target disabled id",
        ..Form::request("an update of an autoscaler", "")
    },
    Form {
        inside: "autoscalers.0",
        beside: "meta",
        shared: SHARED,
        is_sent: false,
        ..Form::request("the list of an app's autoscalers", OWN)
    },
    Form { shared: SHARED, ..Form::request("an autoscaler without its wrapper", OWN) },
];
const OWN: &str =
    "container_type min_containers max_containers alert_id_scale_up alert_id_scale_down";
const SHARED: &str = "metric target disabled id app_id created_at updated_at last_scale";

/// Whether a body is about the app of those before: an update, or the autoscaler of another process
/// type. A second one of the same type is an alternative to the first.
pub(super) fn joins(before: &[Value], document: &Value) -> bool {
    fn types(document: &Value) -> Vec<&Value> {
        let list = document.get("autoscalers").and_then(Value::as_array);
        let alone = document.get("autoscaler").unwrap_or(document);
        list.map_or_else(|| vec![alone], |list| list.iter().collect())
    }
    let whole = |body: &&Value| REQUIRED.iter().all(|key| body.get(key).is_some());
    let known: Vec<&Value> = before.iter().flat_map(types).filter(whole).collect();
    let new = types(document);
    let taken =
        |body: &Value| known.iter().any(|known| known["container_type"] == body["container_type"]);
    !new.iter().filter(|body| whole(body)).any(|body| taken(body))
}
