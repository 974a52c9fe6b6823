//! What is said of Knative, checked.

mod documents;
mod worked;

/// A Service with these annotations and members of its pods' specification, both as members of a JSON object.
fn service(annotations: &str, spec: &str) -> String {
    let comma = if spec.is_empty() { "" } else { "," };
    let annotations = annotations.replace("$", "autoscaling.knative.dev");
    format!(
        r#"{{"apiVersion": "serving.knative.dev/v1", "kind": "Service", "metadata": {{"name": "shop"}},
        "spec": {{"template": {{"metadata": {{"annotations": {{{annotations}}}}},
        "spec": {{{spec}{comma} "containers": [{{"image": "shop:1"}}]}}}}}}}}"#
    )
}

/// A Service with these annotations beside the map of the autoscaler with this data.
fn with_map(annotations: &str, data: &str) -> String {
    let service = service(annotations, "");
    format!(
        r#"[{service}, {{"apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {{"name": "config-autoscaler", "namespace": "knative-serving"}}, "data": {{{data}}}}}]"#
    )
}
