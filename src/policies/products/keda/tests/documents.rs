//! What is taken and refused, each fault at its place.

use super::super::native::Source;
use super::super::{Keda, Knobs, Model};
use super::{JOBS, faults, model, scaled};
use crate::products::Product as _;
use crate::products::kubernetes_hpa::MetricTarget;
use autosim_engine::fault::Severity;

/// `code path field: message`, errors alone or warnings alone.
fn told(text: &str, of: Severity) -> Vec<String> {
    let (_, faults) = faults(text, &Knobs::default(), true);
    let own = faults.as_slice().iter().filter(|fault| fault.severity == of);
    own.map(|fault| format!("{} {}: {}", fault.code, fault.path, fault.message)).collect()
}

/// Each of `expected` begins one of the errors, and there are no others.
fn refused(text: &str, expected: &[&str]) {
    let found = told(text, Severity::Error);
    assert_eq!(found.len(), expected.len(), "{found:#?}\n{text}");
    for part in expected {
        assert!(found.iter().any(|one| one.starts_with(part)), "{part}: {found:#?}\n{text}");
    }
}

#[test]
fn every_fault_of_the_schema_is_told_at_once() {
    refused(
        "apiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nmetadata: {name: worker}\nspec:\n  \
         scaleTargetRef: {}\n  pollingInterval: 0\n  cooldownPeriod: -1\n  minReplicaCount: two\n  \
         maxReplicaCount: 0\n  fallback: {behavior: most}\n  advanced: {scalingModifiers: {formula: a, metricType: \
         Utilization}}\n  triggers:\n  - {metadata: {a: 1}}\n  - {type: redis}\n",
        &[
            "FieldValueRequired spec.scaleTargetRef: Required value",
            "FieldValueInvalid spec.pollingInterval: Invalid value: 0: should be greater",
            "FieldValueInvalid spec.cooldownPeriod: Invalid value: -1: should be greater",
            "FieldValueInvalid spec.minReplicaCount: Invalid value: spec.minReplicaCount in body must be of type integer",
            "FieldValueInvalid spec.maxReplicaCount: Invalid value: 0: should be greater",
            "FieldValueRequired spec.fallback: Required value",
            "FieldValueRequired spec.fallback: Required value",
            "FieldValueNotSupported spec.fallback.behavior: Unsupported value: \"most\"",
            "FieldValueNotSupported spec.advanced.scalingModifiers.metricType: Unsupported value: \"Utilization\"",
            "FieldValueRequired spec.triggers.0: Required value",
            "FieldValueInvalid spec.triggers.0.metadata.a: Invalid value: spec.triggers[0].metadata.a in body must be \
             of type string",
            "FieldValueRequired spec.triggers.1: Required value",
        ],
    );
    refused(
        &format!(
            "apiVersion: keda.sh/v1\nkind: ScaledObject\nmetadata: {{name: a}}\nspec:\n{JOBS}"
        ),
        &["NotFound apiVersion: no matches for kind \"ScaledObject\" in version \"keda.sh/v1\""],
    );
    let (_, lenient) =
        faults(&scaled("", &format!("  maxReplicas: 7\n{JOBS}")), &Knobs::default(), false);
    let only = &lenient.as_slice()[0];
    assert_eq!((only.severity, only.path.as_str()), (Severity::Warning, "spec.maxReplicas"));
    assert_eq!(only.remedy, "a member of a HorizontalPodAutoscaler; here: maxReplicaCount");
}

const DEPLOYMENT: &str = "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: worker}\nspec: {template: {spec: \
    {containers: [{name: app, resources: {}}]}}}\n";
const HPA: &str = "---\napiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: other}\nspec: \
    {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: worker}, maxReplicas: 3}\n";

const CPU: &str = "  minReplicaCount: 1\n  triggers:\n\
    \x20 - {type: cpu, metricType: Utilization, metadata: {value: \"50\"}}\n";

/// | beside the queue, or in its place | where, and what the webhook says |
#[test]
fn the_webhook_tells_the_first_thing_it_finds() {
    let by =
        |replicas: &str| format!("  fallback: {{failureThreshold: 3, replicas: {replicas}}}\n");
    for (spec, expected) in [
        (CPU.replace(": 1", ": 0"), "spec.triggers.0: scaledobject has only cpu/memory triggers"),
        (
            format!("  idleReplicaCount: 0\n{JOBS}"),
            "spec.idleReplicaCount: IdleReplicaCount=0 must",
        ),
        (by("2") + CPU, "spec.fallback: at least one trigger (that is not cpu or memory)"),
        (
            by("2, behavior: scalingModifiers") + JOBS,
            "spec.fallback.behavior: fallback behavior scalingModifiers needs a formula",
        ),
        (
            CPU.replace("metadata", "useCachedMetrics: true, metadata"),
            "spec.triggers.0.useCachedMetrics: property \"useCachedMetrics\" is not supported for \"cpu\" scaler",
        ),
        (
            format!("{JOBS}  - {{type: redis, name: jobs, metadata: {{listName: b}}}}\n"),
            "spec.triggers.1.name: triggerName \"jobs\" is defined multiple times",
        ),
    ] {
        refused(&scaled("", &spec), &[&format!("Webhook {expected}")]);
    }
    let long = format!("name: {}, ann", "a".repeat(60));
    let text = scaled("", JOBS).replace("name: worker, ann", &long);
    refused(&text, &["Webhook metadata.name: the name \"keda-hpa-aaa"]);
    // An idle count where a minimum of 0 is written counts as below it.
    model(&scaled("", &format!("  idleReplicaCount: 0\n  minReplicaCount: 0\n{JOBS}")));
}

/// | scalingModifiers | where, and what is said |
#[test]
fn a_formula_has_a_target_and_knows_its_triggers() {
    for (modifiers, expected) in [
        ("target: \"5\"", "Webhook : error ScalingModifiers.Formula is mandatory"),
        (
            "formula: jobs + others, target: \"5\"",
            "Webhook .formula: error validating formula in ScalingModifiers: unknown name others",
        ),
        (
            "formula: jobs % 2, target: \"5\"",
            "autosim .formula: of the language of formulas this is not emulated: `%`",
        ),
        ("formula: jobs, target: \"-5\"", "Webhook .target: error validating target"),
        (
            "formula: jobs, target: \"5\", activationTarget: some",
            "Webhook .activationTarget: error validating target",
        ),
    ] {
        let spec = format!("  advanced: {{scalingModifiers: {{{modifiers}}}}}\n{JOBS}");
        let (code, rest) = expected.split_once(' ').unwrap();
        refused(&scaled("", &spec), &[&format!("{code} spec.advanced.scalingModifiers{rest}")]);
    }
}

#[test]
fn nobody_else_scales_its_workload() {
    let plain = scaled("", JOBS);
    let by = |who: &str| {
        format!(
            "Webhook spec.scaleTargetRef: the workload 'worker' of type 'Deployment' is already managed by the {who}"
        )
    };
    let second = plain.replace("name: worker, ann", "name: second, ann");
    refused(&format!("{plain}---\n{second}"), &[&by("ScaledObject 'worker'")]);
    refused(&format!("{plain}{HPA}"), &[&by("hpa 'other'")]);
    refused(
        &format!("{}{DEPLOYMENT}", scaled("", CPU)),
        &[
            "Webhook spec.triggers.0: the scaledobject has a cpu trigger but the container app doesn't have",
        ],
    );
    // Its own autoscaler, and one that it takes over.
    let owned = HPA.replace(
        "{name: other}",
        "{name: keda-hpa-worker, ownerReferences: [{kind: ScaledObject, name: worker}]}",
    );
    model(&format!("{plain}{owned}"));
    let takes_over = scaled(
        "scaledobject.keda.sh/transfer-hpa-ownership: \"true\"",
        &format!("  advanced: {{horizontalPodAutoscalerConfig: {{name: other}}}}\n{JOBS}"),
    );
    model(&format!("{takes_over}{HPA}"));
}

/// `trigger` alone, where there is a minimum.
fn triggered_by(trigger: &str) -> String {
    scaled("", &format!("  minReplicaCount: 1\n  triggers:\n  - {{{trigger}}}\n"))
}

/// | trigger | where, and what the operator would find later |
const UNUSABLE: &[(&str, &str)] = &[
    (
        "type: redis, metadata: {listLength: \"5\"}",
        "metadata: a trigger of type redis needs `listName`",
    ),
    (
        "type: redis, metadata: {listName: a, listLength: \"2.5\"}",
        "metadata.listLength: `2.5` is no whole number",
    ),
    (
        "type: redis, metadata: {listName: a, listLength: \"0\"}",
        "metadata.listLength: `0` is no target",
    ),
    (
        "type: prometheus, metadata: {query: up}",
        "metadata: a trigger of type prometheus needs `threshold`",
    ),
    (
        "type: prometheus, metadata: {threshold: \"5\", activationThreshold: a}",
        "metadata.activationThreshold: `a` is no number",
    ),
    (
        "type: prometheus, metricType: Utilization, metadata: {threshold: \"5\"}",
        "metricType: Utilization is for cpu and memory",
    ),
    (
        "type: prometheus, metricType: Sum, metadata: {threshold: \"5\"}",
        "metricType: there is no metricType Sum",
    ),
    (
        "type: cpu, metricType: Value, metadata: {value: \"5\"}",
        "metricType: Value is not for cpu and memory",
    ),
    (
        "type: cpu, metricType: Utilization, metadata: {value: 60%}",
        "metadata.value: `60%` is no target",
    ),
    ("type: datadog, metadata: {}", "type: triggers of type datadog are not emulated"),
];

/// | start | end | zone | replicas | what is wrong |
const NO_CALENDAR: &[[&str; 5]] = &[
    [
        "0 0 8 * * *",
        "0 9 * * *",
        "UTC",
        "2",
        "start: `0 0 8 * * *` is no cron expression: expected exactly 5",
    ],
    ["0 8 * * *", "0 8 * * *", "UTC", "2", "end: `0 8 * * *` is the start too"],
    ["0 8 * * *", "0 9 * * *", "Berlin", "2", "timezone: `Berlin` is no time zone"],
    ["0 8 * * *", "0 9 * * *", "UTC", "0", "desiredReplicas: `0` is no number of replicas"],
];

#[test]
fn what_the_operator_cannot_use_is_refused_with_what_would_be_right() {
    for (trigger, expected) in UNUSABLE {
        refused(&triggered_by(trigger), &[&format!("autosim spec.triggers.0.{expected}")]);
    }
    for [start, end, zone, replicas, expected] in NO_CALENDAR {
        let trigger = format!(
            "type: cron, metadata: {{start: {start}, end: {end}, timezone: {zone}, desiredReplicas: \"{replicas}\"}}"
        );
        let expected = format!("autosim spec.triggers.0.metadata.{expected}");
        refused(&triggered_by(&trigger), &[&expected]);
    }
    let needs =
        |key| format!("autosim spec.triggers.0.metadata: a trigger of type cron needs `{key}`");
    let all = ["start", "end", "timezone", "desiredReplicas"].map(needs);
    refused(&triggered_by("type: cron, metadata: {}"), &all.each_ref().map(String::as_str));
    for text in ["some", "-1", "4000000000", "2147483648", "1.5", ""] {
        let paused = "autoscaling.keda.sh/paused-replicas";
        let expected =
            format!("autosim metadata.annotations.{paused}: `{text}` is no number of replicas");
        refused(&scaled(&format!("{paused}: \"{text}\""), JOBS), &[&expected]);
    }
}

/// | annotation | the most it can want | whether it sleeps, with a minimum of 0 and of 1 |
#[test]
fn a_pause_counts_among_the_most_and_does_not_sleep_above_0() {
    for (annotation, most, sleeps) in [
        ("", 9, [true, false]),
        ("autoscaling.keda.sh/paused: \"true\"", 9, [true, false]),
        ("autoscaling.keda.sh/paused-replicas: \"0\"", 9, [true, true]),
        ("autoscaling.keda.sh/paused-replicas: \"5\"", 9, [false, false]),
        ("autoscaling.keda.sh/paused-replicas: \"50\"", 50, [false, false]),
    ] {
        let platform = [0, 1].map(|min| {
            let spec = format!("  minReplicaCount: {min}\n  maxReplicaCount: 9\n{JOBS}");
            Keda::platform(&model(&scaled(annotation, &spec)), &Knobs::default())
        });
        let found = platform.map(|one| (one.most, one.sleeps));
        assert_eq!(found, sleeps.map(|one| (most, one)), "{annotation}");
    }
    let idle = format!("  idleReplicaCount: 0\n  minReplicaCount: 2\n{JOBS}");
    for (annotation, sleeps) in [("", true), ("autoscaling.keda.sh/paused: \"true\"", false)] {
        let platform = Keda::platform(&model(&scaled(annotation, &idle)), &Knobs::default());
        assert_eq!(platform.sleeps, sleeps, "it stays at 2: {annotation}");
    }
}

/// | trigger | name of its metric | target in milli-units | what it stands for |
const AIMED: &[(&str, &str, i64, &str)] = &[
    (
        "type: prometheus, name: errors_per_s, metadata: {threshold: \"0.29\"}",
        "s0-prometheus",
        290,
        "errors_per_s",
    ),
    ("type: prometheus, name: load, metadata: {threshold: \"5\"}", "s0-prometheus", 5000, ""),
    (
        "type: rabbitmq, metadata: {queueName: a/b_c, value: \"20\"}",
        "s0-rabbitmq-a-b_c",
        20_000,
        "ongoing_requests",
    ),
    (
        "type: rabbitmq, metadata: {queueName: a, value: \"2\", excludeUnacknowledged: \"true\"}",
        "s0-rabbitmq-a",
        2000,
        "queued_requests",
    ),
    (
        "type: rabbitmq, metadata: {queueName: a, value: \"2\", mode: MessageRate}",
        "s0-rabbitmq-a",
        2000,
        "requests_per_s",
    ),
    (
        "type: kafka, metadata: {topic: t.v1, allowIdleConsumers: \"true\"}",
        "s0-kafka-t-v1",
        10_000,
        "ongoing_requests",
    ),
    ("type: redis, metadata: {listName: \"a:b\"}", "s0-redis-a-b", 5000, "queued_requests"),
    (
        "type: aws-sqs-queue, metadata: {queueURL: \"https://sqs.eu-west-1.amazonaws.com/1/jobs\"}",
        "s0-aws-sqs-jobs",
        5000,
        "ongoing_requests",
    ),
    (
        "type: aws-sqs-queue, metadata: {queueURL: jobs, scaleOnInFlight: \"false\"}",
        "s0-aws-sqs-jobs",
        5000,
        "queued_requests",
    ),
    (
        "type: metrics-api, metadata: {valueLocation: \"a.b(1)%\", targetValue: \"1.5\"}",
        "s0-metric-api-a-b-1--",
        1500,
        "",
    ),
];

/// Name, target and what it stands for of the only trigger.
fn aim(model: &Model) -> (String, MetricTarget, String) {
    let Source::Metric(of) = &model.scaled.triggers[0].source else { panic!() };
    let stands_for = of.stands_for.as_ref().map(ToString::to_string);
    (of.metric.clone(), of.target, stands_for.unwrap_or_default())
}

#[test]
fn triggers_are_named_and_aimed_as_keda_does_it() {
    for (trigger, metric, milli, stands_for) in AIMED {
        let found = aim(&model(&triggered_by(trigger)));
        let target = MetricTarget::Average(*milli);
        assert_eq!(found, ((*metric).to_owned(), target, (*stands_for).to_owned()), "{trigger}");
    }
    for (knob, trigger, target, stands_for) in [
        (
            r#""load": "p95_ms""#,
            "type: prometheus, name: load, metricType: Value, metadata: {threshold: \"5\"}",
            MetricTarget::Value(5000),
            "p95_ms",
        ),
        (
            r#""s0-redis-a": "web/queued_requests""#,
            "type: redis, metadata: {listName: a}",
            MetricTarget::Average(5000),
            "web/queued_requests",
        ),
    ] {
        let knobs: Knobs = serde_json::from_str(&format!("{{\"metrics\": {{{knob}}}}}")).unwrap();
        let (_, found, told) = aim(&faults(&triggered_by(trigger), &knobs, true).0.unwrap());
        assert_eq!((found, told.as_str()), (target, stands_for));
    }
}

#[test]
fn the_autoscaler_that_is_made_lists_its_metrics_by_type() {
    let spec = "  minReplicaCount: 0\n  triggers:\n\
        \x20 - {type: memory, metricType: AverageValue, metadata: {value: 1Gi}}\n\
        \x20 - {type: redis, name: jobs, metadata: {listName: jobs}}\n\
        \x20 - {type: cpu, metricType: Utilization, metadata: {value: \"50\", containerName: app}}\n\
        \x20 - {type: cron, metadata: {timezone: UTC, start: 0 8 * * 1-5, end: 0 9 */2 * ?, desiredReplicas: \"2\"}}\n";
    let hpa = model(&scaled("", spec)).scaled.hpa();
    let names: Vec<String> =
        hpa.metrics.iter().map(|one| format!("{} {}", one.kind, one.name)).collect();
    let cron = "External s3-cron-UTC-08xx1-5-09xSl2xQm";
    assert_eq!(names, ["ContainerResource cpu", "External s1-redis-jobs", cron, "Resource memory"]);
    assert_eq!((hpa.min, hpa.max, hpa.name.as_str()), (1, 100, "keda-hpa-worker"));
    let formula =
        format!("  advanced: {{scalingModifiers: {{formula: jobs, target: \"2\"}}}}\n{spec}");
    let hpa = model(&scaled("", &formula)).scaled.hpa();
    let names: Vec<&str> = hpa.metrics.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["cpu", "composite-metric", "memory"]);
}

#[test]
fn what_has_no_effect_or_is_not_modelled_is_said() {
    let warned = |text: &str| told(text, Severity::Warning);
    let min = format!("  minReplicaCount: 2\n  cooldownPeriod: 60\n  pollingInterval: 10\n{JOBS}");
    let found = warned(&scaled("", &min));
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(
        found[0].contains("spec.cooldownPeriod: cooldownPeriod is for scaling to zero"),
        "{found:?}"
    );
    assert!(
        found[1].contains("spec.pollingInterval: pollingInterval is for scaling from zero"),
        "{found:?}"
    );
    assert!(warned(&scaled("", &format!("  idleReplicaCount: 0\n{min}"))).is_empty());
    let cached = min.replace("    metadata", "    useCachedMetrics: true\n    metadata");
    assert_eq!(warned(&scaled("", &cached)).len(), 1);
    for (text, part) in [
        (scaled("", "  triggers:\n  - {type: kafka, metadata: {topic: t}}\n"), "metadata: KEDA never asks for more replicas than there are partitions"),
        (scaled("", "  triggers:\n  - {type: metrics-api, metadata: {valueLocation: a, targetValue: \"5\"}}\n"), "spec.triggers.0: nothing in a simulation is called `s0-metric-api-a`"),
        (scaled("", &JOBS.replace("  triggers:\n", "  triggers:\n  - {type: cpu, metricType: Utilization, metadata: {value: \"50\"}}\n")), "spec.triggers.0: percent of the cpu request"),
        (scaled("autoscaling.keda.sh/pause: \"true\"", JOBS), "KEDA knows no annotation autoscaling.keda.sh/pause"),
        (format!("{}---\napiVersion: keda.sh/v1alpha1\nkind: ScaledJob\n", scaled("", JOBS)), "a ScaledJob starts jobs"),
        (format!("{}---\napiVersion: v1\nkind: Service\n", scaled("", JOBS)), "a Service of v1 does not bear on the count"),
    ] {
        let found = warned(&text);
        assert!(found.len() == 1 && found[0].contains(part), "{part}: {found:?}");
    }
    let beside =
        "---\napiVersion: keda.sh/v1alpha1\nkind: TriggerAuthentication\nmetadata: {name: a}\n";
    assert!(warned(&format!("{}{beside}", scaled("", JOBS))).is_empty());
}

#[test]
fn a_knob_that_names_no_trigger_is_refused() {
    let knobs =
        r#"{"metrics": {"jobs": "queued_requests", "s0-redis-jobs": "cpu", "job": "p95_ms"}}"#;
    let refused = |spec: &str, knobs: &str| {
        let knobs: Knobs = serde_json::from_str(knobs).unwrap();
        let (_, found) = faults(&scaled("", spec), &knobs, true);
        let [only] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!(only.message, "the knob `metrics.job` names no trigger");
        only.remedy.clone()
    };
    assert_eq!(refused(JOBS, knobs), "names are: jobs or s0-redis-jobs");
    let by_hours = "  triggers:\n  - {type: cron, name: job, metadata: {start: 0 8 * * *, end: 0 18 * * *, timezone: \
                    UTC, desiredReplicas: \"3\"}}\n";
    assert_eq!(
        refused(by_hours, r#"{"metrics": {"job": "p95_ms"}}"#),
        "triggers of type cron, cpu and memory look at nothing else: leave the knob out"
    );
}

/// A trigger from outside the pods has a column of its name in a recording.
#[test]
fn a_trigger_named_as_a_column_of_time_or_of_pods_is_pointed_out() {
    let named = |name: &str| {
        told(&scaled("", &JOBS.replace("name: jobs", &format!("name: {name}"))), Severity::Warning)
    };
    for name in ["time", "time_s", "replicas", "ready", "status_replicas", "pods_pending"] {
        let said = format!(
            " spec.triggers.0.name: the column `{name}` of a recording is time or a count of pods"
        );
        let found = named(name);
        assert!(found.len() == 1 && found[0].contains(&said), "{name}: {found:?}");
    }
    assert!(named("ready_jobs").is_empty());
    let cron = triggered_by(
        "type: cron, name: ready, metadata: {start: 0 8 * * *, end: 0 9 * * *, timezone: UTC, desiredReplicas: \"1\"}",
    );
    assert!(told(&cron, Severity::Warning).is_empty(), "it reads no column");
}

/// As `kubectl get scaledobject -o yaml` shows it.
#[test]
fn what_only_the_platform_writes_is_read_over_and_left_out() {
    let text = scaled("", JOBS).replace(
        "metadata: {name: worker,",
        "status: {conditions: [], health: {}}\nmetadata: {name: worker, uid: a, generation: 2, finalizers: \
         [finalizer.keda.sh], managedFields: [],",
    );
    let written = &model(&text).written[0];
    assert_eq!(written["status"], serde_json::Value::Null);
    assert_eq!(written["metadata"]["uid"], serde_json::Value::Null);
    assert_eq!(written["spec"]["triggers"][0]["type"], "redis");
}

/// | spec of the other | what is said of cpu in percent |
#[test]
fn a_vertical_autoscaler_of_the_same_resource_is_pointed_out() {
    let moves = "spec.triggers.0: the percent is of a cpu request that the VerticalPodAutoscaler size moves";
    let target = "targetRef: {apiVersion: apps/v1, kind: Deployment, name: worker}";
    for (kind, spec, expected) in [
        ("percent", target.to_owned(), moves),
        ("percent", format!("{target}, updatePolicy: {{updateMode: Initial}}"), moves),
        ("percent", format!("{target}, updatePolicy: {{updateMode: \"Off\"}}"), ""),
        ("percent", target.replace("worker", "web"), ""),
        (
            "percent",
            format!(
                "{target}, resourcePolicy: {{containerPolicies: [{{controlledResources: [memory]}}]}}"
            ),
            "",
        ),
        (
            "percent",
            format!("{target}, resourcePolicy: {{containerPolicies: [{{mode: \"Off\"}}]}}"),
            "",
        ),
        ("amount", target.to_owned(), "answers the same cpu with larger pods"),
    ] {
        let spec_ = match kind {
            "amount" => CPU.replace("Utilization", "AverageValue").replace("50", "500m"),
            _ => CPU.to_owned(),
        };
        let workload = DEPLOYMENT.replace("resources: {}", "resources: {requests: {cpu: \"1\"}}");
        let vertical = format!(
            "---\napiVersion: autoscaling.k8s.io/v1\nkind: VerticalPodAutoscaler\nmetadata: {{name: size}}\nspec: {{{spec}}}\n"
        );
        let found = told(&format!("{}{workload}{vertical}", scaled("", &spec_)), Severity::Warning);
        // That it is not simulated is said of each.
        let found: Vec<&String> = found.iter().filter(|one| !one.contains("not read")).collect();
        match expected {
            "" => assert!(found.is_empty(), "{spec}: {found:?}"),
            _ => assert!(found.len() == 1 && found[0].contains(expected), "{spec}: {found:?}"),
        }
    }
}
