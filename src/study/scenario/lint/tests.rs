//! Every warning is given where it is due, and not where it is not.

use crate::scenario::{LoadOptions, Sources, load};

const TRAFFIC: &str = "workload.arrivals.main.poisson.rate = '10/s'\n";

/// Key and message of everything that is said of a scenario, or why there is none.
fn said(rest: &str) -> Vec<(String, String)> {
    let text = format!("duration = '10m'\nreplications = 2\n{rest}");
    let options = LoadOptions { fallback_name: "test".into(), ..LoadOptions::default() };
    let found = match load(Sources::new("test.toml", text), &options) {
        Ok(loaded) => loaded.warnings,
        Err(found) => found,
    };
    let told = found.located().into_iter();
    told.map(|fault| (fault.key.to_owned(), fault.message.to_owned())).collect()
}

fn ray(slots: u32) -> String {
    format!(
        "ray-serve.body = {{ name = 'D', max_ongoing_requests = {slots}, autoscaling_config = \
         {{ min_replicas = 1, max_replicas = 1, target_ongoing_requests = 1 }} }}\n"
    )
}

#[test]
fn slots_of_a_product_are_those_that_carry_the_load() {
    // One request in service on average.
    assert_eq!(said(&format!("{TRAFFIC}[policies.ray]\n{}", ray(4))), []);
    let rate = TRAFFIC.replace("10/s", "50/s");
    let found = said(&format!("{rate}[policies.ray]\n{}", ray(4)));
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].0, "policies.ray.ray-serve");
    assert!(found[0].1.contains("keeps 1.2 replicas busy"), "{found:?}");
}

#[test]
fn more_slots_than_memory_can_hold_are_refused_whoever_brings_them() {
    let found =
        said(&format!("replica.initial = 3000\n{TRAFFIC}[policies.ray]\n{}", ray(1_000_000)));
    let refused = found.iter().filter(|(_, what)| what.contains("3000 replicas of 1000000 slots"));
    assert_eq!(refused.count(), 1, "{found:?}");
}

#[test]
fn a_limit_of_a_product_that_is_none_leaves_the_slots_to_the_scenario() {
    let found = said(&format!("{TRAFFIC}[policies.ray]\n{}", ray(4_000_000_000)));
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].0, "policies.ray.ray-serve.body.max_ongoing_requests");
    assert!(found[0].1.contains("as good as no limit"), "{found:?}");
}

/// A Service of Knative with these annotations, and what its template says.
fn knative(annotations: &str, spec: &str) -> String {
    format!(
        "[policies.kn]\nknative.body = {{ apiVersion = 'serving.knative.dev/v1', kind = 'Service', metadata.name = 's', \
         spec.template = {{ metadata.annotations = {{ {annotations} }}, spec = {{ {spec} containers = [{{ image = 'i' }}] \
         }} }} }}\n"
    )
}

const PATIENCE: &str = "who wakes it gives up after";

#[test]
fn who_wakes_a_fleet_that_sleeps_should_live_to_see_it() {
    let tracked = "target-tracking = { metric = 'cpu', target = '60%', min = 1, max = 9 }";
    let sleeper = format!("[policies.one]\nscale-to-zero.policy = {{ {tracked} }}\n");
    let limited = knative("", "containerConcurrency = 1,");
    let awake = knative("'autoscaling.knative.dev/min-scale' = '1'", "containerConcurrency = 1,");
    for (rest, policy, expected) in [
        ("service.queue.timeout = '15s'\n", &limited, true),
        ("client.timeout = '15s'\n", &limited, true),
        ("client.timeout = '15s'\nservice.queue.timeout = '25s'\n", &limited, true),
        ("client.timeout = '15s'\n", &sleeper, true),
        ("client.timeout = '25s'\n", &limited, false),
        ("service.queue.timeout = '15s'\n", &awake, false),
        ("", &limited, false),
    ] {
        let found = warned(&format!("replica.cold_start = '20s'\n{rest}{TRAFFIC}{policy}"));
        let hit = found.iter().any(|what| what.contains(PATIENCE));
        assert_eq!(hit, expected, "{rest}{policy}: {found:?}");
    }
}

#[test]
fn a_target_of_more_requests_than_a_replica_serves_at_once_has_them_wait() {
    for (service, spec, expected) in [
        ("service.concurrency = 8\n", "", "aims at 70 requests for each replica, which serves 8"),
        ("service.concurrency = 80\n", "", ""),
        ("", "containerConcurrency = 8,", ""),
    ] {
        let found = warned(&format!("{service}{TRAFFIC}{}", knative("", spec)));
        let hit = found.iter().any(|what| what.contains(expected));
        assert!(if expected.is_empty() { found.is_empty() } else { hit }, "{spec}: {found:?}");
    }
}

/// A policy that acts again before a replica it ordered is ready.
const HASTY: &str = "threshold = { metric = 'cpu', min = 1, max = 9, cooldown = '10s', \
                     rules = [{ when = '> 90%', change = '+1' }, { when = '< 40%', change = '-1' }] }";

/// What is said of the only policy, or of `key`, where anything is.
fn warned(text: &str) -> Vec<String> {
    said(text).into_iter().map(|(key, what)| format!("{key}: {what}")).collect()
}

#[test]
fn a_metric_that_cannot_get_where_it_acts_is_pointed_out() {
    let tracked =
        |keys: &str| format!("target-tracking = {{ metric = 'cpu', min = 1, max = 9, {keys} }}");
    let stepped = |when: &str| {
        format!(
            "threshold = {{ metric = 'cpu', min = 1, max = 9, rules = [{{ when = '{when}', change = \
             '+1' }}, {{ when = '< 30%', change = '-1' }}] }}"
        )
    };
    let half = "replica.resources.cpu = { full = '50%' }\n";
    let looped = |target: u32| format!("pid = {{ metric = 'cpu', target = '{target}%', max = 9 }}");
    for (replica, policy, expected) in [
        (half, looped(50), "reads 50%, and it takes more than 50%"),
        (half, looped(40), ""),
        ("", tracked("target = '92%'"), "takes more than 101.2% (92% and a tolerance of 10%)"),
        ("", tracked("target = '90%'"), ""),
        ("", tracked("target = '92%', tolerance = '5%'"), ""),
        (half, tracked("target = '60%'"), "reads 50%"),
        ("", stepped("> 99%"), ""),
        ("", stepped(">= 100%"), ""),
        ("", stepped("> 100%"), "never holds: with every slot busy cpu_percent reads 100%"),
        (half, stepped("> 60%"), "never holds: with every slot busy cpu_percent reads 50%"),
    ] {
        let found = warned(&format!("{replica}{TRAFFIC}[policies.one]\n{policy}\n"));
        let hit = found.iter().any(|what| what.contains(expected));
        assert!(if expected.is_empty() { found.is_empty() } else { hit }, "{policy}: {found:?}");
    }
}

#[test]
fn the_levels_of_products_are_held_against_what_their_metric_can_read() {
    let eas = |metric: &str, threshold: u32| {
        format!(
            "pai-eas.body = {{ min = 1, max = 9, scaleStrategies = [{{ metricName = '{metric}', threshold = \
             {threshold} }}] }}"
        )
    };
    let sae = |limit: u32, tolerance: &str| {
        format!(
            "sae = {{ knobs.tolerance = {tolerance}, body = {{ AppId = 'a', ScalingRuleName = 'r', ScalingRuleType = 'metric', \
             ScalingRuleMetric = {{ minReplicas = 1, maxReplicas = 9, metrics = [{{ metricType = 'CPU', \
             metricTargetAverageUtilization = {limit} }}] }} }} }}"
        )
    };
    let scalingo = |target: f64| {
        format!(
            "scalingo.body.autoscaler = {{ container_type = 'web', min_containers = 2, max_containers = 9, \
             metric = 'cpu', target = {target} }}"
        )
    };
    // Of a request that is half the limit a full replica shows 200 %.
    let hpa = |target: u32| {
        format!(
            "kubernetes-hpa.body = {{ apiVersion = 'autoscaling/v2', kind = 'HorizontalPodAutoscaler', \
             metadata.name = 'shop', spec = {{ scaleTargetRef = {{ apiVersion = 'apps/v1', kind = 'Deployment', \
             name = 'shop' }}, minReplicas = 3, maxReplicas = 30, metrics = [{{ type = 'Resource', resource = {{ \
             name = 'cpu', target = {{ type = 'Utilization', averageUtilization = {target} }} }} }}] }} }}\n\
             kubernetes-hpa.knobs = {{ requests.cpu = '500m', limits.cpu = '1' }}"
        )
    };
    let half = "replica.resources.cpu = { full = '50%' }\n";
    for (replica, policy, expected) in [
        ("", hpa(180), ""),
        ("", hpa(190), "reads 200, and it takes more than 209 (190 and a tolerance of 10%)"),
        ("", eas("cpu", 92), "reads 100, and it takes more than 101.2 (92 and a tolerance of 10%)"),
        ("", eas("cpu", 90), ""),
        ("", eas("qps", 920), ""),
        (half, eas("cpu", 60), "reads 50,"),
        ("", sae(95, "0.0"), ""),
        ("", sae(95, "0.1"), "takes more than 104.5 (95 and a tolerance of 10%)"),
        ("", scalingo(0.9), ""),
        (half, scalingo(0.6), "reads 0.5, and it takes more than 0.6"),
    ] {
        let found = warned(&format!("{replica}{TRAFFIC}[policies.one]\n{policy}\n"));
        let hit = found.iter().any(|what| what.contains(expected));
        assert!(if expected.is_empty() { found.is_empty() } else { hit }, "{policy}: {found:?}");
    }
}

/// cpu or memory at that percent of a request of half of what a replica is given.
fn hpa(resource: &str, percent: u32, behavior: &str) -> String {
    format!(
        "kubernetes-hpa = {{ knobs.requests.{resource} = '1', knobs.limits.{resource} = '2', body = {{ \
         apiVersion = 'autoscaling/v2', kind = 'HorizontalPodAutoscaler', metadata = {{ name = 'a' }}, spec = {{ \
         scaleTargetRef = {{ apiVersion = 'apps/v1', kind = 'Deployment', name = 'a' }}, maxReplicas = 9, \
         behavior = {{ {behavior} }}, metrics = [{{ type = 'Resource', resource = {{ name = '{resource}', target = \
         {{ type = 'Utilization', averageUtilization = {percent} }} }} }}] }} }} }}"
    )
}

/// | target | what is said |; without a request memory is at 30 %, of the request at 60 %.
#[test]
fn targets_that_an_idle_replica_does_not_get_below_are_pointed_out() {
    for (policy, expected) in [
        (
            hpa("memory", 65, ""),
            "it never scales in by memory_percent: without a request it reads 60, and it takes less than 58.5",
        ),
        (
            hpa("memory", 80, ""),
            "no fleet of fewer than 4 replicas shrinks: without a request it reads 60 of 80",
        ),
        (hpa("memory", 120, ""), ""),
        (
            hpa("memory", 70, "scaleDown.tolerance = '0.2'"),
            "takes less than 56 (70 less a tolerance of 20%)",
        ),
        (hpa("cpu", 100, ""), ""),
        (hpa("cpu", 190, ""), "with every slot busy it reads 200, and it takes more than 209"),
    ] {
        let found = warned(&format!("{TRAFFIC}[policies.one]\n{policy}\n"));
        let hit = found.iter().any(|what| what.contains(expected));
        let right = if expected.is_empty() { found.is_empty() } else { hit };
        assert!(right, "{policy}: {found:?}");
    }
}

#[test]
fn replicas_that_go_before_their_successors_come_are_pointed_out() {
    let tracked = |keys: &str| {
        format!("target-tracking = {{ metric = 'cpu', target = '60%', min = 1, max = 9, {keys} }}")
    };
    let eas = "pai-eas.body = { min = 1, max = 9, scaleStrategies = [{ metricName = 'qps', threshold = 9 }], \
               behavior.scaleDown.stabilizationWindowSeconds = 30 }";
    for (start, policy, warned) in [
        ("4m", tracked(""), false),
        ("6m", tracked(""), true),
        ("6m", tracked("cooldown_down = '10m'"), false),
        ("1m", tracked("stabilise_down = '30s'"), true),
        ("20s", eas.to_owned(), false),
        ("1m", eas.to_owned(), true),
        ("6m", hpa("cpu", 100, ""), true),
        ("4m", hpa("cpu", 100, ""), false),
        ("6m", hpa("cpu", 100, "scaleDown.selectPolicy = 'Disabled'"), false),
    ] {
        let start = format!("replica.cold_start.constant = '{start}'\n");
        let found = said(&format!("{start}{TRAFFIC}[policies.one]\n{policy}\n"));
        let hit = found.iter().any(|(_, what)| what.contains("their successors are not there"));
        assert_eq!(hit, warned, "{start}{policy}: {found:?}");
    }
}

#[test]
fn probes_that_hide_a_pod_or_kill_it_are_pointed_out() {
    let with = |probes: &str| {
        format!(
            "[policies.one.kubernetes-hpa]\nbody = \"\"\"\napiVersion: autoscaling/v2\n\
             kind: HorizontalPodAutoscaler\nmetadata: {{name: a}}\nspec:\n  scaleTargetRef: {{apiVersion: \
             apps/v1, kind: Deployment, name: a}}\n  maxReplicas: 9\n---\napiVersion: apps/v1\n\
             kind: Deployment\nmetadata: {{name: a}}\nspec:\n  template:\n    spec:\n      containers:\n      \
             - {{name: web, resources: {{requests: {{cpu: 1}}}}, {probes}}}\n\"\"\"\n"
        )
    };
    for (probes, hidden, killed) in [
        ("", false, false),
        ("readinessProbe: {initialDelaySeconds: 30}", false, false),
        ("readinessProbe: {initialDelaySeconds: 90}", true, false),
        ("readinessProbe: {periodSeconds: 60, successThreshold: 2}", true, false),
        ("livenessProbe: {}", false, true),
        ("livenessProbe: {failureThreshold: 30}", false, false),
        ("livenessProbe: {}, startupProbe: {}", false, false),
    ] {
        let start = "replica.cold_start = { provision = '2m', boot = '25s' }\n";
        let found = warned(&format!("{start}{TRAFFIC}{}", with(probes)));
        let is_told = |what: &str| found.iter().any(|told| told.contains(what));
        let told = (is_told("its readiness probe finds that"), is_told("it is killed before"));
        assert_eq!(told, (hidden, killed), "{probes}: {found:?}");
    }
}

#[test]
fn dates_of_a_product_need_one_of_the_run() {
    let sae = |dates: &str| {
        format!(
            "sae = {{ body = {{ AppId = 'a', ScalingRuleName = 'r', ScalingRuleType = 'timing', ScalingRuleTimer = \
             {{ {dates} period = '* * *', schedules = [{{ atTime = '08:00', targetReplicas = 3 }}] }} }} }}"
        )
    };
    let dates = "beginDate = '2026-03-02', endDate = '2026-03-09',";
    for (start, dates, warned) in [
        ("", "", false),
        ("", dates, true),
        ("start = 'Mon 08:00'\n", dates, true),
        ("start = '2026-03-02'\n", dates, false),
    ] {
        let found = said(&format!("{start}{TRAFFIC}[policies.one]\n{}\n", sae(dates)));
        let hit = found.iter().any(|(key, what)| {
            key == "policies.one.sae" && what.contains("from one date to another")
        });
        assert_eq!(hit, warned, "{start}{dates}: {found:?}");
    }
}

#[test]
fn rules_that_lead_nowhere_back_are_pointed_out() {
    let rules = |rules: &str| {
        format!(
            "{TRAFFIC}[policies.one]\nthreshold = {{ metric = 'cpu', min = 1, max = 9, rules = [{rules}] }}\n"
        )
    };
    let (out, inwards) = ("{ when = '> 70%', change = '+1' }", "{ when = '< 40%', change = '-1' }");
    for (given, expected) in [
        (format!("{out}, {inwards}"), ""),
        ("{ when = '> 0%', change = '+1' }, { when = '<= 0%', change = '-1' }".to_owned(), ""),
        (out.to_owned(), "no rule scales in"),
        (inwards.to_owned(), "no rule scales out"),
        (format!("{out}, {}", inwards.replace("40", "65")), "one undoes the other"),
    ] {
        let found = warned(&rules(&given));
        let hit = found.iter().any(|what| what.contains(expected));
        assert!(if expected.is_empty() { found.is_empty() } else { hit }, "{given}: {found:?}");
    }
}

#[test]
fn requests_that_outlast_the_grace_or_the_slo_are_pointed_out() {
    let policy = "[policies.one.target-tracking]\nmetric = 'cpu'\ntarget = '60%'\nmax = 900\n";
    for (scenario, expected) in [
        ("service.service_time.constant = '60s'\nreplica.grace = '20s'\n", "has 20s of grace"),
        ("service.service_time.constant = '10s'\nreplica.grace = '20s'\n", ""),
        // One in a hundred of an exponential law is above 4.6 means.
        (
            "service.service_time.exponential.mean = '100ms'\nslo.latency = 'p99 < 300ms'\n",
            "% of the service times alone",
        ),
        ("service.service_time.exponential.mean = '100ms'\nslo.latency = 'p99 < 500ms'\n", ""),
    ] {
        let found = warned(&format!("{scenario}{TRAFFIC}{policy}"));
        let hit = found.iter().any(|what| what.contains(expected));
        assert!(if expected.is_empty() { found.is_empty() } else { hit }, "{scenario}: {found:?}");
    }
}

#[test]
fn every_policy_is_looked_at_wherever_it_stands() {
    for (policy, key) in [
        (HASTY.to_owned(), "threshold.cooldown"),
        (
            format!("scale-to-zero.policy = {{ {HASTY} }}"),
            "scale-to-zero.policy.threshold.cooldown",
        ),
        (
            format!(
                "scheduled = {{ entries = [{{ at = '1m', max = 5 }}], policy = {{ {HASTY} }} }}"
            ),
            "scheduled.policy.threshold.cooldown",
        ),
        (
            format!("combine = {{ choose = 'max', policies.in = {{ {HASTY} }} }}"),
            "combine.policies.in.threshold.cooldown",
        ),
    ] {
        let start = "replica.cold_start.constant = '1m'\n";
        let found = said(&format!("{start}{TRAFFIC}[policies.one]\n{policy}\n"));
        let key = format!("policies.one.{key}");
        assert!(found.iter().any(|(at, _)| *at == key), "{key}: {found:?}");
    }
}

#[test]
fn every_service_is_looked_at_and_its_keys_are_found() {
    let service = |name: &str, policy: &str| {
        format!(
            "[services.{name}]\n{policy}\nreplica.cold_start.constant = '1m'\n\
             replica.failures.lifetime = '5s'\n\
             [services.{name}.workload.arrivals.main.poisson]\nrate = '10/s'\n"
        )
    };
    let own = format!("policy.{HASTY}");
    let (front, back) = (service("front", ""), service("back", &own));
    let found = said(&format!("{front}{back}[policies.one.fixed]\nreplicas = 5\n"));
    let keys: Vec<&str> = found.iter().map(|(key, _)| key.as_str()).collect();
    let expected = [
        "services.front.replica.failures.lifetime",
        "services.back.policy.threshold.cooldown",
        "services.back.replica.failures.lifetime",
    ];
    assert_eq!(keys, expected);
}

#[test]
fn start_up_times_of_a_product_are_those_that_a_life_is_held_against() {
    let group = |boot_s: u32, life: &str| {
        said(&format!(
            "{TRAFFIC}replica.failures.lifetime = '{life}'\n[policies.app.scalingo]\n\
             knobs.boot_s = {boot_s}\nbody.autoscaler = {{ container_type = 'web', \
             min_containers = 2, max_containers = 9, metric = 'rpm_per_container', \
             target = 450 }}\n"
        ))
    };
    let found = group(60, "12s");
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].1.contains("about 17% of them are ready"), "{found:?}");
    assert_eq!(group(5, "12s"), []);
    let found = group(0, "1us");
    assert_eq!(found[0].0, "replica.failures.lifetime");
    assert!(found[0].1.contains("6.0e8 times"), "{found:?}");
    assert!(group(1, "1us").iter().all(|(_, what)| !what.contains("times")));
}
