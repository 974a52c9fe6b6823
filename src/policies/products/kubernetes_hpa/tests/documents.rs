//! Documents: what is taken, what is refused, and how it is said.

use super::{DEPLOYMENT, HEAD, hpa, model, model_with, plain, read};
use crate::products::kubernetes_hpa::{Knobs, KubernetesHpa, MetricTarget};
use crate::products::{Origin, Platform, Product, ProductFile, Readiness};
use autosim_engine::fault::Severity;
use autosim_engine::units::Span;
use serde_json::json;

/// `code field: message` of every error, in order.
fn errors(text: &str, knobs: &Knobs) -> Vec<String> {
    let faults = read(text, knobs, true).1.into_vec();
    let errors = faults.iter().filter(|fault| fault.severity == Severity::Error);
    errors.map(|fault| format!("{} {}: {}", fault.code, fault.field, fault.message)).collect()
}

/// The autoscaler with one metric, which begins with these members.
fn metric(members: &str) -> String {
    hpa(&format!("  maxReplicas: 8\n  metrics:\n  - {members}\n"))
}

/// `ValidateHorizontalPodAutoscaler`: members of `spec` beside a good target, and what is said of which field.
const REFUSED: &str = r#"
minReplicas: -1, maxReplicas: 8 | Invalid minReplicas | greater than or equal to 0
minReplicas: 4, maxReplicas: 3 | Invalid maxReplicas | `minReplicas`
minReplicas: 0, maxReplicas: 8 | Forbidden metrics | at least one Object or External
maxReplicas: 8, metrics: [{type: Cpu}] | NotSupported metrics[0].type | "Resource"
maxReplicas: 8, metrics: [{type: Resource}] | Required metrics[0].resource | must populate information
CPU: {type: Utilization} | Required CPU.target.averageUtilization | raw value or a target utilization
CPU: {type: Utilization, averageUtilization: 0} | Invalid CPU.target.averageUtilization | 0: must be greater
CPU: {type: Utilization, averageUtilization: 5, averageValue: 1} | Forbidden CPU.target.averageValue | both
CPU: {type: Average, averageUtilization: 5} | Invalid CPU.target.type | must be either
APP: A_b | Invalid metrics[0].containerResource.container | RFC 1123 label
APP: "" | Required metrics[0].containerResource.container |
RPS: rps, {type: AverageValue} | Required metrics[0].pods.target.averageValue | positive target
RPS: a%b, {type: AverageValue, averageValue: 1} | Invalid metrics[0].pods.metric.name | '%'
ING: {name: a} | Required metrics[0].object.describedObject.kind |
LAG: {type: Value} | Required LAG.target.averageValue | per-pod target
LAG: {type: Value, value: 1, averageValue: 1} | Forbidden LAG.target.value | both
LAG: {type: Value, value: -1} | Invalid LAG.target.value | must be positive
UP: stabilizationWindowSeconds: 3601 | Invalid UP.stabilizationWindowSeconds | 3600
UP: stabilizationWindowSeconds: -1 | Invalid UP.stabilizationWindowSeconds | zero
UP: selectPolicy: Average | NotSupported UP.selectPolicy | "Disabled"
UP: policies: [] | Required UP.policies | at least one Policy
UP: policies: [{type: Pod, value: 1, periodSeconds: 1}] | NotSupported UP.policies[0].type | "Pods"
UP: policies: [{type: Pods, value: 0, periodSeconds: 1}] | Invalid UP.policies[0].value | zero
UP: policies: [{type: Pods, value: 1, periodSeconds: 1801}] | Invalid UP.policies[0].periodSeconds | 1800
UP: tolerance: -0.1 | Invalid UP.tolerance | -0.1
"#;

/// The members that a line of the table stands for.
fn written_out(members: &str) -> String {
    let metric = |of: &str| format!("maxReplicas: 8, metrics: [{{{of}}}]");
    let (short, rest) = members.split_once(": ").unwrap();
    match short {
        "CPU" => metric(&format!("type: Resource, resource: {{name: cpu, target: {rest}}}")),
        "LAG" => {
            metric(&format!("type: External, external: {{metric: {{name: lag}}, target: {rest}}}"))
        }
        "APP" => metric(&format!(
            "type: ContainerResource, containerResource: {{name: cpu, container: {rest}, target: \
             {{type: AverageValue, averageValue: 1}}}}"
        )),
        "RPS" => {
            let (name, target) = rest.split_once(", ").unwrap();
            metric(&format!("type: Pods, pods: {{metric: {{name: {name}}}, target: {target}}}"))
        }
        "ING" => metric(&format!(
            "type: Object, object: {{metric: {{name: rps}}, describedObject: {rest}, target: \
             {{type: Value, value: 1}}}}"
        )),
        "UP" => format!("maxReplicas: 8, behavior: {{scaleUp: {{{rest}}}}}"),
        _ => members.to_owned(),
    }
}

#[test]
fn every_rule_of_the_validation_refuses_at_its_own_field() {
    let target = "scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: shop}";
    let head = HEAD.split("  scaleTargetRef").next().unwrap().trim_end();
    for line in REFUSED.lines().filter(|line| !line.is_empty()) {
        let [members, at, part] = line.split('|').map(str::trim).collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        let text = format!("{head} {{{target}, {}}}\n", written_out(members));
        let expected = at
            .replacen(' ', " spec.", 1)
            .replace("CPU", "metrics[0].resource")
            .replace("LAG", "metrics[0].external")
            .replace("UP", "behavior.scaleUp");
        let found = errors(&text, &Knobs::default());
        let [one] = found.as_slice() else { panic!("{found:#?}\n{text}") };
        assert!(one.starts_with(&format!("FieldValue{expected}: ")), "{one}\n{line}");
        assert!(one.contains(part), "{one}\n{line}");
    }
}

/// | of the head | by | what is said |
#[test]
fn names_and_references_are_checked_as_steps_of_a_path() {
    for (from, to, said) in [
        ("kind: Deployment, ", "", "FieldValueRequired spec.scaleTargetRef.kind"),
        (", name: shop}\n", ", name: a/b}\n", "FieldValueInvalid spec.scaleTargetRef.name"),
        ("apps/v1", "v1", "FieldValueInvalid spec.scaleTargetRef.apiVersion"),
        ("apps/v1", "a/b/c", "FieldValueInvalid spec.scaleTargetRef.apiVersion"),
        ("{name: shop}\nspec", "{}\nspec", "FieldValueRequired metadata.name"),
        ("{name: shop}\nspec", "{name: Shop}\nspec", "FieldValueInvalid metadata.name"),
    ] {
        let found = errors(&plain().replace(from, to), &Knobs::default());
        assert!(found.len() == 1 && found[0].starts_with(said), "{said}\n{found:?}");
    }
}

/// Rules that refuse with two faults: `maxReplicas` left out, a type left out, a second source.
#[test]
fn some_mistakes_are_two_faults() {
    for (text, expected) in [
        (
            hpa("  minReplicas: 2\n"),
            ["FieldValueRequired spec.maxReplicas", "FieldValueInvalid spec.maxReplicas"],
        ),
        (
            hpa("  maxReplicas: -1\n"),
            ["FieldValueInvalid spec.maxReplicas", "FieldValueInvalid spec.maxReplicas"],
        ),
        (
            metric("resource: {name: cpu, target: {type: AverageValue, averageValue: 1}}"),
            [
                "FieldValueRequired spec.metrics[0].type",
                "FieldValueNotSupported spec.metrics[0].type",
            ],
        ),
        (
            metric("type: Resource\n    resource: {name: cpu, target: {averageUtilization: 60}}"),
            [
                "FieldValueRequired spec.metrics[0].resource.target.type",
                "FieldValueInvalid spec.metrics[0].resource.target.type",
            ],
        ),
        (
            metric(
                "type: Pods\n    resource: {name: cpu, target: {type: AverageValue, averageValue: 1}}\n    \
                    external: {metric: {name: lag}, target: {type: Value, value: 1}}",
            ),
            [
                "FieldValueRequired spec.metrics[0].pods",
                "FieldValueForbidden spec.metrics[0].external",
            ],
        ),
    ] {
        let found = errors(&text, &Knobs::default());
        for (one, expected) in found.iter().zip(expected) {
            assert!(one.starts_with(expected), "{found:#?}\n{text}");
        }
        assert!(found.len() >= 2, "{found:#?}\n{text}");
    }
}

/// | what is typed | what is said | and advised |: what is of the wrong kind is not decoded.
#[test]
fn what_cannot_be_decoded_says_what_would_be_right() {
    for (from, to, said, advised) in [
        ("minReplicas: 2", "minReplicas: two", "expected an integer", "without quotes"),
        ("minReplicas: 2", "minReplicas: 2.5", "expected an integer", "a whole number"),
        ("averageUtilization: 60", "averageUtilization: 60%", "expected an integer", "write 60"),
        ("maxReplicas: 8", "maxReplicas: 99999999999", "expected an integer", "a whole number"),
        (
            "averageUtilization: 60",
            "averageValue: 512MB",
            "quantities must match the regular expression",
            "100Mi",
        ),
        ("{name: shop}\nspec", "shop\nspec", "expected an object", "an object"),
        ("name: cpu", "name: 7", "expected a string", "quotes"),
        (
            "maxReplicas: 8",
            "maxReplica: 8\n  maxReplicas: 8",
            "unknown field",
            "did you mean `maxReplicas`?",
        ),
        (
            "  metrics:",
            "  targetCPUUtilizationPercentage: 60\n  metrics:",
            "unknown field",
            "a member of autoscaling/v1",
        ),
        ("autoscaling/v2", "autoscaling/v2beta1", "no matches for kind", "not served since 1.25"),
        ("autoscaling/v2", "autoscaling/v2beta2", "no matches for kind", "not served since 1.26"),
    ] {
        let text = plain().replace(from, to);
        let faults = read(&text, &Knobs::default(), true).1.into_vec();
        let [fault] = faults.as_slice() else { panic!("{faults:#?}\n{text}") };
        assert!(
            fault.message.contains(said) && fault.remedy.contains(advised),
            "{fault:?}\n{text}"
        );
        assert!(fault.is_the_platforms(), "{fault:?}");
    }
    let found = errors(&plain().replace("kind: HorizontalPodAutoscaler\n", ""), &Knobs::default());
    assert_eq!(found, ["BadRequest kind: Object 'kind' is missing"]);
}

#[test]
fn ten_faults_are_ten_errors_each_at_its_own_line() {
    let text = "\
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: Shop
spec:
  scaleTargetRef:
    apiVersion: v1
    kind: Deployment
    name: shop
  minReplicas: 5
  maxReplicas: 3
  metrics:
  - type: Resource
    resource:
      name: cpu
      target:
        type: Utilization
        averageUtilization: 60%
  - type: Resources
  - type: External
    external:
      metric: {name: lag}
      target:
        type: AverageValue
        averageValue: 1.5GB
  behavior:
    scaleUp:
      stabilizationWindowSeconds: 4000
    scaleDown:
      selectPolicy: Average
      policies:
      - type: Percent
        value: 10
        periodSeconds: 3600
  maxReplica: 4
";
    let file = ProductFile::of_files("kubernetes-hpa", vec!["hpa.yaml".into()], true).unwrap();
    let found = file.load(&[text.to_owned()]).found;
    let mut lines: Vec<(usize, &str)> = found
        .iter()
        .map(|found| {
            let Origin::File { span, .. } = &found.origin else { panic!("{found:?}") };
            assert!(!found.fault.remedy.is_empty(), "{found:?}");
            (text[..span.start].matches('\n').count() + 1, found.fault.field.as_str())
        })
        .collect();
    lines.sort_unstable();
    let expected = [
        (4, "metadata.name"),
        (7, "spec.scaleTargetRef.apiVersion"),
        (11, "spec.maxReplicas"),
        (18, "spec.metrics[0].resource.target.averageUtilization"),
        (19, "spec.metrics[1].type"),
        (25, "spec.metrics[2].external.target.averageValue"),
        (28, "spec.behavior.scaleUp.stabilizationWindowSeconds"),
        (30, "spec.behavior.scaleDown.selectPolicy"),
        (34, "spec.behavior.scaleDown.policies[0].periodSeconds"),
        (35, "spec.maxReplica"),
    ];
    assert_eq!(lines, expected);
}

#[test]
fn rules_of_other_versions_hold_in_those() {
    let older = |kubernetes_minor| Knobs { kubernetes_minor, ..Knobs::default() };
    let zero =
        hpa("  minReplicas: 0\n  maxReplicas: 4\n  metrics:\n  - type: External\n    external: \
                    {metric: {name: lag}, target: {type: AverageValue, averageValue: 5}}\n");
    for (text, minor, expected) in [
        (zero.clone(), 37, 0),
        (zero.clone(), 36, 1),
        (plain().replace("apps/v1", "v1"), 34, 1),
        (plain().replace("apps/v1", "v1"), 33, 0),
    ] {
        let found = errors(&text, &older(minor));
        assert_eq!(found.len(), expected, "{minor} {found:?}");
    }
    let gate = Knobs { scale_to_zero: Some(true), ..older(30) };
    assert_eq!(errors(&zero, &gate), [""; 0]);
    let missing = |minor| errors(&hpa(""), &older(minor)).remove(0);
    assert!(missing(36).starts_with("FieldValueRequired spec.maxReplicas"));
    assert!(missing(35).starts_with("FieldValueInvalid spec.maxReplicas"));
}

#[test]
fn what_is_left_out_is_the_platforms_default() {
    let model = model(&hpa("  maxReplicas: 8\n  behavior: {scaleDown: {selectPolicy: Min}}\n"));
    assert_eq!((model.hpa.min, model.hpa.max), (1, 8));
    assert_eq!(model.hpa.metrics[0].target, MetricTarget::Utilization(80));
    let behavior = model.hpa.behavior.as_ref().unwrap();
    assert!(!behavior.down_window && behavior.rules.up.window == Span::ZERO);
    assert_eq!((behavior.rules.up.policies.len(), behavior.rules.down.policies.len()), (2, 1));
    let omitted: Vec<String> = KubernetesHpa::defaults(&model)
        .into_iter()
        .map(|one| format!("{} {}", one.path, one.value))
        .collect();
    for expected in [
        "spec.minReplicas 1",
        "spec.behavior.scaleUp.stabilizationWindowSeconds 0",
        "spec.behavior.scaleUp.selectPolicy \"Max\"",
    ] {
        assert!(omitted.iter().any(|one| one == expected), "{expected}\n{omitted:#?}");
    }
    assert_eq!(model_with(&hpa("  maxReplicas: 8\n"), &Knobs::default()).hpa.behavior, None);
}

#[test]
fn version_1_is_a_metric_of_cpu() {
    let v1 = HEAD.replace("/v2", "/v1");
    for (members, percent) in [("", 80), ("  targetCPUUtilizationPercentage: 55\n", 55)] {
        let model = model(&format!("{v1}  maxReplicas: 4\n{members}"));
        assert_eq!(model.hpa.metrics[0].target, MetricTarget::Utilization(percent));
    }
    let zero = format!("{v1}  maxReplicas: 4\n  targetCPUUtilizationPercentage: 0\n");
    let found = errors(&zero, &Knobs::default());
    let expected = "FieldValueInvalid spec.metrics[0].resource.target.averageUtilization: \
                    Invalid value: 0: must be greater than 0";
    assert_eq!(found, [expected]);
}

#[test]
fn the_workload_beside_it_brings_count_grace_and_requests() {
    let beside = model(&format!("{}{DEPLOYMENT}", plain()));
    let workload = beside.workload.as_ref().unwrap();
    let requests = workload.amounts(None, |one| one.requests);
    assert_eq!(requests.cpu.map(|cpu| cpu.milli()), Some(200));
    let Platform { start, most, grace, rejects_at_zero, .. } =
        KubernetesHpa::platform(&beside, &Knobs::default());
    assert_eq!((start, most, grace), (3, 8, Some(Span::from_secs(45))));
    assert!(rejects_at_zero, "a Service without endpoints takes no request");
    // One of another name is not its own.
    let other = DEPLOYMENT.replace("name: shop", "name: other");
    let alone = model(&format!("{}{other}", plain()));
    assert_eq!(alone.workload, None);
    assert_eq!(KubernetesHpa::platform(&alone, &Knobs::default()).start, 2);
    // Limits stand in for requests; sidecars count; a container without a request leaves the pod without.
    for (from, to, milli) in [
        ("requests: {cpu: 200m, memory: 128Mi}", "x: 1", Some(400)),
        (
            "      containers:",
            "      initContainers:\n      - {name: a, restartPolicy: Always, resources: {requests: {cpu: 50m}}}\n      \
             - {name: b, resources: {requests: {cpu: 9}}}\n      containers:",
            Some(250),
        ),
        ("      - name: web", "      - name: bare\n      - name: web", None),
    ] {
        let text = format!("{}{}", plain(), DEPLOYMENT.replace(from, to));
        let workload = model(&text).workload.unwrap();
        let cpu = workload.amounts(None, |one| one.requests).cpu;
        assert_eq!(cpu.map(|cpu| cpu.milli()), milli, "{text}");
    }
}

#[test]
fn probes_of_the_workload_say_when_a_pod_is_ready() {
    let seconds = Span::from_secs;
    let with = |probes: &str| {
        let to = format!("      - name: web\n{probes}");
        format!("{}{}", plain(), DEPLOYMENT.replace("      - name: web\n", &to))
    };
    let ready = |first, period, in_a_row| {
        Some(Readiness { first: seconds(first), period: seconds(period), in_a_row })
    };
    let asked = "        readinessProbe: {initialDelaySeconds: 20, successThreshold: 2}\n";
    let alive = "        livenessProbe: {periodSeconds: 5, failureThreshold: 4}\n";
    let started = "        startupProbe: {failureThreshold: 30}\n";
    for (probes, readiness, killed) in [
        (String::new(), None, None),
        ("        readinessProbe: {}\n".to_owned(), ready(0, 10, 1), None),
        (asked.to_owned(), ready(20, 10, 2), None),
        (alive.to_owned(), None, Some(seconds(15))),
        (format!("{asked}{alive}"), ready(20, 10, 2), Some(seconds(15))),
        (format!("{alive}{started}"), None, None),
    ] {
        let model = model(&with(&probes));
        let platform = KubernetesHpa::platform(&model, &Knobs::default());
        assert_eq!(
            (platform.readiness, platform.killed_unless_up),
            (readiness, killed),
            "{probes}"
        );
        let knobs = Knobs { readiness_probes: false, ..Knobs::default() };
        assert_eq!(KubernetesHpa::platform(&model, &knobs).readiness, None);
    }
    let text = with(started).replace("  replicas: 3", "  replicas: 3\n  minReadySeconds: 20");
    let told = warnings(&text, &Knobs::default());
    let expected = ["startupProbe: not modelled", "minReadySeconds: not modelled"];
    assert_eq!(told.len(), 2, "{told:?}");
    for (told, expected) in told.iter().zip(expected) {
        assert!(told.contains(expected), "{told}");
    }
}

/// `field: message` of every warning.
fn warnings(text: &str, knobs: &Knobs) -> Vec<String> {
    let faults = read(text, knobs, false).1.into_vec();
    let warnings = faults.iter().filter(|fault| fault.severity == Severity::Warning);
    warnings.map(|fault| format!("{}: {}", fault.path, fault.message)).collect()
}

#[test]
fn what_a_simulation_has_to_guess_is_said() {
    let with =
        |text: &str| serde_json::from_value::<Knobs>(serde_json::from_str(text).unwrap()).unwrap();
    let bytes = metric(
        "type: Resource\n    resource: {name: memory, target: {type: AverageValue, averageValue: 1Gi}}",
    );
    let rps = metric(
        "type: Pods\n    pods: {metric: {name: rps}, target: {type: AverageValue, averageValue: 15}}",
    );
    let bare = format!("{}{}", plain(), DEPLOYMENT.replace("cpu: ", "gpu: "));
    for (text, knobs, part) in [
        (plain(), "{}", "spec.metrics.0: percent of the cpu request"),
        (plain(), r#"{"requests": {"cpu": "500m"}}"#, ""),
        (format!("{}{DEPLOYMENT}", plain()), "{}", ""),
        (bytes.clone(), "{}", "taken for 1Gi"),
        (bytes, r#"{"limits": {"memory": "2Gi"}}"#, ""),
        (rps.clone(), "{}", "nothing in a simulation is called `rps`"),
        (rps, r#"{"metrics": {"rps": "requests_per_s"}}"#, ""),
        (bare.clone(), "{}", "missing request for cpu"),
        (bare, r#"{"requests": {"cpu": "500m"}}"#, ""),
        (
            format!("{}---\napiVersion: v1\nkind: Service\n{DEPLOYMENT}", plain()),
            "{}",
            "kind: a Service of v1 does not bear on the count",
        ),
        (
            metric(
                "type: Object\n    object: {metric: {name: queued_requests}, describedObject: {kind: A, name: a}, \
                    target: {type: Value, averageValue: 1}}",
            ),
            "{}",
            "the controller cannot use it",
        ),
    ] {
        let found = warnings(&text, &with(knobs));
        match part {
            "" => assert_eq!(found, [""; 0], "{text}"),
            part => {
                assert!(found.len() == 1 && found[0].contains(part), "{part}\n{found:?}\n{text}");
            }
        }
    }
}

#[test]
fn one_of_several_autoscalers_is_chosen_by_a_knob() {
    let second = plain().replace("metadata: {name: shop}", "metadata: {name: cart, namespace: eu}");
    let both = format!("{}---\n{second}", plain());
    let (none, faults) = read(&both, &Knobs::default(), true);
    let fault = &faults.as_slice()[0];
    assert!(none.is_none() && fault.is_incompleteness(), "{fault:?}");
    assert!(fault.remedy.contains("shop, eu/cart"), "{fault:?}");
    for name in ["cart", "eu/cart"] {
        let knobs = Knobs { autoscaler: Some(name.into()), ..Knobs::default() };
        assert_eq!(model_with(&both, &knobs).hpa.name, "cart");
    }
    let knobs = Knobs { autoscaler: Some("basket".into()), ..Knobs::default() };
    let (_, faults) = read(&both, &knobs, true);
    assert!(faults.as_slice()[0].message.contains("no autoscaler is called basket"));
    let (_, faults) = read(DEPLOYMENT.trim_start_matches("---\n"), &Knobs::default(), true);
    assert!(faults.as_slice()[0].message.contains("there is no HorizontalPodAutoscaler"));
}

#[test]
fn a_fetched_object_is_read_and_goes_out_without_what_only_the_platform_writes() {
    let fetched = plain().replace(
        "metadata: {name: shop}",
        "metadata: {name: shop, uid: a-b, managedFields: [{manager: kubectl}], creationTimestamp: null, labels: {a: b}}",
    );
    let fetched = format!("{fetched}status: {{currentReplicas: 3, conditions: []}}\n");
    let model = model(&fetched);
    let out = KubernetesHpa::export(&model).remove(0);
    assert_eq!(out["metadata"], json!({"name": "shop", "labels": {"a": "b"}}));
    assert_eq!((&out["status"], &out["spec"]["maxReplicas"]), (&json!(null), &json!(8)));
}

#[test]
fn an_autoscaler_is_told_by_its_kind_and_workloads_join_the_one_that_names_them() {
    let value = |text: &str| crate::products::Document::parse(text).unwrap().bodies.remove(0);
    let (hpa, deployment) = (value(&plain()), value(DEPLOYMENT.trim_start_matches("---\n")));
    let other = value(&DEPLOYMENT.trim_start_matches("---\n").replace("{name: shop}", "{name: x}"));
    for (before, document, joins) in [
        (&[hpa.clone()][..], &deployment, true),
        (std::slice::from_ref(&deployment), &hpa, true),
        (std::slice::from_ref(&hpa), &hpa, false),
        (std::slice::from_ref(&hpa), &other, false),
    ] {
        assert_eq!(KubernetesHpa::joins(before, document), joins, "{document}");
    }
    let kind = |document| ProductFile::recognise(document).map(|one| one.kind);
    let bare = json!({"spec": {"scaleTargetRef": {}, "maxReplicas": 3}});
    for document in [&hpa, &deployment, &bare] {
        assert_eq!(kind(document), Some("kubernetes-hpa"), "{document}");
    }
    assert_eq!(kind(&json!({"kind": "ConfigMap", "apiVersion": "v1"})), None);
}

#[test]
fn a_refusal_is_the_servers_status() {
    let file = ProductFile::of_files("kubernetes-hpa", vec!["hpa.yaml".into()], true).unwrap();
    let found = file.load(&[plain().replace("maxReplicas: 8", "maxReplicas: 1")]).found;
    let faults: Vec<_> = found.iter().map(|found| &found.fault).collect();
    let answer = file.refusal(&faults).unwrap();
    assert_eq!((&answer["reason"], &answer["code"]), (&json!("Invalid"), &json!(422)));
    let cause = &answer["details"]["causes"][0];
    assert_eq!(cause["field"], "spec.maxReplicas");
    let message = "HorizontalPodAutoscaler.autoscaling is invalid: spec.maxReplicas: Invalid value: 1: must be \
                   greater than or equal to `minReplicas`";
    assert_eq!(answer["message"], message);
}
