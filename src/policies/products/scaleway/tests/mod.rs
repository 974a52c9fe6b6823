//! What the platform would say and do, body by body and evaluation by evaluation.

mod documents;
mod events;
mod knobs;
mod loops;

/// A group, `CAPACITY` in place of its capacity.
pub(super) const GROUP: &str = r#"{
    "project_id": "<PROJECT_ID>", "name": "my_instance_group", "template_id": "<TEMPLATE_ID>",
    "capacity": CAPACITY,
    "loadbalancer": {"id": "<LOAD_BALANCER_ID>", "backend_ids": ["<BACKEND_ID>"],
                     "private_network_id": "<PRIVATE_NETWORK_ID>"}
}"#;

/// The policy of the reference that scales up.
pub(super) const UP: &str = r#"{
    "name": "my-policy-scale-up",
    "metric": {"name": "cpu scale up", "managed_metric": "managed_metric_instance_cpu",
               "operator": "operator_greater_than", "aggregate": "aggregate_average",
               "sampling_range_min": 5, "threshold": 70},
    "action": "scale_up", "type": "flat_count", "value": 1, "priority": 1,
    "instance_group_id": "<AUTOSCALING_INSTANCE_GROUP_ID>"
}"#;

/// The policy of the reference that scales down.
pub(super) const DOWN: &str = r#"{
    "name": "my-policy-scale-down",
    "metric": {"name": "cpu scale down", "managed_metric": "managed_metric_instance_cpu",
               "operator": "operator_less_than", "aggregate": "aggregate_average",
               "sampling_range_min": 5, "threshold": 40},
    "action": "scale_down", "type": "flat_count", "value": 1, "priority": 2,
    "instance_group_id": "<AUTOSCALING_INSTANCE_GROUP_ID>"
}"#;

/// A group between 1 and 5 Instances with a cooldown.
pub(super) fn group(cooldown: &str) -> String {
    let capacity =
        format!(r#"{{"max_replicas": 5, "min_replicas": 1, "cooldown_delay": "{cooldown}"}}"#);
    GROUP.replace("CAPACITY", &capacity)
}

/// A policy with other members: `[("value", "2"), ("metric.threshold", "90")]`, values in JSON; an empty
/// value takes the member away.
pub(super) fn with(body: &str, changes: &[(&str, &str)]) -> String {
    let mut value: serde_json::Value = serde_json::from_str(body).unwrap();
    for (path, json) in changes {
        let (holder, key) = match path.split_once('.') {
            Some((holder, key)) => (&mut value[holder], key),
            None => (&mut value, *path),
        };
        let holder = holder.as_object_mut().unwrap();
        match *json {
            "" => {
                holder.shift_remove(key);
            }
            json => {
                holder.insert(key.to_owned(), serde_json::from_str(json).unwrap());
            }
        }
    }
    value.to_string()
}

/// Documents that belong together.
pub(super) fn array(bodies: &[&str]) -> String {
    format!("[{}]", bodies.join(","))
}
