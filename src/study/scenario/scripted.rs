//! What befalls a service at stated times besides traffic, failures and releases: slowdowns, metrics that are
//! out, somebody else who sets the count, and another amount of CPU that replicas request.

use super::deployment::{PolicyDraft, ServiceDraft};
use super::rollouts::within_run;
use super::{Deployment, Scenario, Service};
use autosim_engine::control::SignalRef;
use autosim_engine::fault::Faults;
use autosim_engine::fleet::{Discipline, FleetSpec, Intervention, Resize, Slowdown, Slowdowns};
use autosim_engine::signal::MetricRef;
use autosim_engine::units::{Fraction, Span, Time, WallClock};
use autosim_engine::workload::arrivals::Moment;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Beyond this a request would hold its slot for longer than any run lasts.
const MOST_FACTOR: f64 = 1e6;
/// The most cores a replica requests.
const MOST_CORES: f64 = 1e6;
/// The most replicas somebody sets.
const MOST_REPLICAS: u32 = 1_000_000_000;

/// For a while requests in service go on more slowly.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SlowdownFile {
    /// When it begins: so long after the start, or at a time of day.
    pub at: Moment,
    /// How long it lasts.
    pub lasts: Span,
    /// So many times as long does it take: above 1.
    pub factor: f64,
    /// What takes longer. Default: slots.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<SlowedFile>,
    /// Every so manieth replica in order of launch, the initial fleet first: 10 is one in ten. Default: 1, all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<u32>,
}

/// What takes longer in a slowdown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SlowedFile {
    /// All of the time in the slot, as when a backend is slow: the CPU a request takes stays the same, so that
    /// CPU falls.
    #[default]
    Slots,
    /// The part of it that is CPU (`service.cpu`), as with a busy neighbour: CPU stays or rises.
    Cpu,
}

/// For a while scrapes bring no data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MetricOutageFile {
    /// When it begins: so long after the start, or at a time of day.
    pub at: Moment,
    /// How long it lasts.
    pub lasts: Span,
    /// Which metric, such as `cpu` or `web/requests_per_s`. Default: all that the policy sees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metric: Option<MetricRef>,
}

/// Somebody else than the policy sets the desired count: by hand, with a manifest, by another controller.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InterventionFile {
    /// When: so long after the start, or at a time of day.
    pub at: Moment,
    /// The count in force from then on, until the policy decides again.
    pub replicas: u32,
}

/// From then on every replica requests another amount of CPU, as a vertical autoscaler changes it in place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResizeFile {
    /// When: so long after the start, or at a time of day.
    pub at: Moment,
    /// The cores that each requests from then on, such as 0.75.
    pub cores: f64,
}

/// Scrapes that bring no data.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct MetricOutage {
    at: Time,
    until: Time,
    metric: Option<MetricRef>,
}

impl MetricOutage {
    /// Tells the signals that are out what they will miss.
    pub(super) fn befall(&self, signals: &mut [SignalRef]) {
        let is_out = |signal: &SignalRef| {
            self.metric.as_ref().is_none_or(|out| {
                out.metric == signal.signal.metric && out.service == signal.service
            })
        };
        for signal in signals.iter_mut().filter(|signal| is_out(signal)) {
            signal.outages.push((self.at, self.until));
        }
    }
}

/// A stretch of the run.
fn stretch(
    at: Moment,
    lasts: Span,
    (clock, end): (&WallClock, Time),
    faults: &mut Faults,
) -> Option<(Time, Time)> {
    if lasts.is_zero() {
        faults.error("lasts", "it lasts no time", "a length of time such as \"10m\"");
    }
    let at = within_run(at, clock, end, faults)?;
    Some((at, at.after(lasts)))
}

/// Everything of one list, each element under its number.
fn each<Given, Built>(
    key: &str,
    given: &[Given],
    faults: &mut Faults,
    mut one: impl FnMut(&Given, &mut Faults) -> Option<Built>,
) -> Vec<Built> {
    faults.within(key, |faults| {
        let numbered = given.iter().enumerate();
        let built = numbered.filter_map(|(number, given)| {
            faults.within(number.to_string(), |faults| one(given, faults))
        });
        built.collect()
    })
}

/// The slowdowns of one service whose requests take so much CPU of their time in the slot.
pub(super) fn slowdowns(
    given: &[SlowdownFile],
    cpu: Option<Fraction>,
    run: (&WallClock, Time),
    faults: &mut Faults,
) -> Slowdowns {
    let cpu = cpu.map_or(1.0, Fraction::get);
    let mut built = each("slowdowns", given, faults, |given, f| {
        let factor = given.factor;
        if !(factor > 1.0 && factor <= MOST_FACTOR) {
            let hint =
                format!("a number above 1, at most {MOST_FACTOR:.0}: 4 is four times as long");
            f.error("factor", format!("{factor} times as long is no slowdown"), hint);
        }
        let every = given.every.unwrap_or(1);
        if every == 0 {
            f.error("every", "every 0th replica is none", "10 is one in ten, 1 is all");
        }
        let (at, until) = stretch(given.at, given.lasts, run, f)?;
        let (factor, cpu) = match given.of.unwrap_or_default() {
            SlowedFile::Slots => (factor, 1.0 / factor),
            SlowedFile::Cpu => {
                let stretched = 1.0 - cpu + cpu * factor;
                (stretched, factor / stretched)
            }
        };
        Some(Slowdown { at, until, factor, cpu, every })
    });
    built.sort_by_key(|slowdown| slowdown.at);
    for pair in built.windows(2).filter(|pair| pair[1].at < pair[0].until) {
        let (first, next) = (pair[0], pair[1]);
        let message = format!(
            "one begins at {} while that of {} lasts until {}",
            next.at.since(Time::ZERO),
            first.at.since(Time::ZERO),
            first.until.since(Time::ZERO)
        );
        faults.error(
            "slowdowns",
            message,
            "one after the other, with the product of their factors between",
        );
    }
    if faults.any_error() { Slowdowns::default() } else { Slowdowns::new(built) }
}

/// The metric outages of one service.
pub(super) fn metric_outages(
    given: &[MetricOutageFile],
    run: (&WallClock, Time),
    faults: &mut Faults,
) -> Vec<MetricOutage> {
    each("metric_outages", given, faults, |given, f| {
        let (at, until) = stretch(given.at, given.lasts, run, f)?;
        Some(MetricOutage { at, until, metric: given.metric.clone() })
    })
}

/// The counts that somebody else sets.
pub(super) fn interventions(
    given: &[InterventionFile],
    run: (&WallClock, Time),
    faults: &mut Faults,
) -> Vec<Intervention> {
    each("interventions", given, faults, |given, f| {
        if given.replicas > MOST_REPLICAS {
            let hint = format!("at most {MOST_REPLICAS}");
            f.error("replicas", format!("{} replicas", given.replicas), hint);
        }
        let at = within_run(given.at, run.0, run.1, f)?;
        Some(Intervention { at, replicas: given.replicas })
    })
}

/// What replicas request, as it changes.
pub(super) fn resizes(
    given: &[ResizeFile],
    run: (&WallClock, Time),
    faults: &mut Faults,
) -> Vec<Resize> {
    each("resizes", given, faults, |given, f| {
        let cores = given.cores;
        if !(cores > 0.0 && cores <= MOST_CORES) {
            let hint = format!("a number above 0, at most {MOST_CORES:.0}: 0.5 is half a core");
            f.error("cores", format!("{cores} cores"), hint);
        }
        let at = within_run(given.at, run.0, run.1, f)?;
        Some(Resize { at, cores })
    })
}

/// What can be said once services and policies are known.
pub(super) fn check(
    services: &[ServiceDraft],
    policies: &[PolicyDraft],
    end: Time,
    faults: &mut Faults,
) {
    for (index, service) in services.iter().enumerate() {
        beyond_end(service, end, faults);
        if service.fleet.slowdowns.are_partial() && service.fleet.discipline != Discipline::Slots {
            let message = "where requests share their replica, all replicas slow down or none";
            faults.error(&service.key("slowdowns"), message, "leave `every` out, or use slots");
        }
        if service.scales_per_request(index, policies) {
            left_to_requests(service, faults);
        }
    }
    for PolicyDraft { named, variant } in policies {
        let others = variant.interventions.iter().flatten().map(|one| one.at);
        let key = format!("variants.{}.interventions", named.name);
        others.for_each(|at| within(&key, at, end, faults));
        if named.spec.keep_alive().is_some() && variant.interventions.is_some() {
            faults.error(&key, PER_REQUEST.0, PER_REQUEST.1);
        }
    }
}

/// Why nobody sets a count, and what to do about it.
const PER_REQUEST: (&str, &str) =
    ("a policy of this service scales per request", "leave that out, or the keep-alive policy");

/// What would happen after the run: a recording tells only when it has been read how long that is.
fn beyond_end(service: &ServiceDraft, end: Time, faults: &mut Faults) {
    let fleet = &service.fleet;
    let rollouts = fleet.rollouts.iter().map(|one| one.at).enumerate();
    let rollouts = rollouts.map(|(number, at)| (format!("rollouts.{number}.at"), at));
    let outages = fleet.failures.outages.iter().map(|one| one.at).enumerate();
    let outages = outages.map(|(number, at)| (format!("outages.{number}.at"), at));
    let slowdowns = fleet.slowdowns.iter().map(|one| ("slowdowns".to_owned(), one.at));
    let blind = service.metric_outages.iter().map(|one| ("metric_outages".to_owned(), one.at));
    let others = fleet.interventions.iter().map(|one| ("interventions".to_owned(), one.at));
    let resizes = fleet.resizes.iter().map(|one| ("resizes".to_owned(), one.at));
    let all = rollouts.chain(outages).chain(slowdowns).chain(blind).chain(others).chain(resizes);
    all.for_each(|(key, at)| within(&service.key(&key), at, end, faults));
}

fn within(key: &str, at: Time, end: Time, faults: &mut Faults) {
    if at >= end {
        let (at, long) = (at.since(Time::ZERO), end.since(Time::ZERO));
        let message = format!("{at} is not within the run, which lasts {long}");
        faults.error(key, message, "an earlier time, or a longer `duration`");
    }
}

/// Scale per request starts and removes replicas by itself: nobody else's count is in force there, none fails
/// together with others, no numbers tell which are slow, and nothing could be replaced in batches.
fn left_to_requests(service: &ServiceDraft, faults: &mut Faults) {
    let FleetSpec { rollouts, failures, interventions, slowdowns, .. } = &service.fleet;
    for (key, given) in [
        ("rollouts", !rollouts.is_empty()),
        ("outages", !failures.outages.is_empty()),
        ("interventions", !interventions.is_empty()),
        ("slowdowns", slowdowns.are_partial()),
    ] {
        if given {
            faults.error(&service.key(key), PER_REQUEST.0, PER_REQUEST.1);
        }
    }
}

/// What can be said once every policy is built: a metric that no policy sees is out for nobody, and slots
/// cannot use more cores than there are.
pub(super) fn check_resolved(scenario: &Scenario, faults: &mut Faults) {
    for (index, service) in scenario.services.iter().enumerate() {
        let deployments = scenario.deployments_of(index);
        let mut seen: Vec<MetricRef> = Vec::new();
        let mut requests_matter = false;
        for deployment in &deployments {
            let autoscaler = scenario.autoscaler(deployment, deployment.fleet.initial, None);
            let mut sensors = autoscaler.signals.iter().filter_map(|one| one.sensor.as_ref());
            requests_matter |= sensors.any(|sensor| sensor.tells_of_requests());
            seen.extend(autoscaler.signals.iter().map(|signal| MetricRef {
                service: signal.service.clone(),
                metric: signal.signal.metric,
                per_replica: false,
            }));
        }
        check_metrics(service, &seen, faults);
        let resized = deployments.iter().any(|one| !one.fleet.resizes.is_empty());
        if resized && !requests_matter {
            faults.warn(
                &service.key("resizes"),
                "no policy here is told CPU in percent of what a replica requests: they change nothing",
                "one with a Utilization target of Kubernetes and `per_pod` is",
            );
        }
        for deployment in deployments {
            check_cores(service, deployment, faults);
        }
    }
}

/// CPU is no limit in the model, so that slots must not need more of it than there is.
fn check_cores(service: &Service, deployment: &Deployment, faults: &mut Faults) {
    let (fleet, resources) = (&deployment.fleet, &deployment.resources);
    let slowest = fleet.slowdowns.iter().map(|slowdown| slowdown.cpu).fold(1.0, f64::max);
    let needed = f64::from(resources.concurrency) * resources.cpu_of_request * slowest;
    // More by a hair is rounding.
    if needed > resources.cores() * 1.000_001 {
        let meanwhile = if slowest > 1.0 { " in a slowdown of the CPU" } else { "" };
        let message = format!(
            "{} slots keep {needed:.3} cores busy{meanwhile}, and there are {}",
            resources.concurrency,
            resources.cores()
        );
        let hint = "more `cores`, less `service.cpu` or fewer slots; where requests compete for CPU, \
                    `discipline = \"sharing\"` has them slow each other";
        faults.error(&service.key("replica.resources.cpu.cores"), message, hint);
    }
}

fn check_metrics(service: &Service, seen: &[MetricRef], faults: &mut Faults) {
    for (number, outage) in service.metric_outages.iter().enumerate() {
        let Some(metric) = &outage.metric else { continue };
        let is_seen =
            |one: &MetricRef| one.metric == metric.metric && one.service == metric.service;
        if !seen.iter().any(is_seen) {
            let mut known: Vec<String> = seen.iter().map(MetricRef::to_string).collect();
            known.sort();
            known.dedup();
            let hint = match known.is_empty() {
                true => "no policy here sees any metric: leave the outage out".to_owned(),
                false => format!("they see {}; without `metric` all are out", known.join(", ")),
            };
            let key = service.key(&format!("metric_outages.{number}.metric"));
            faults.error(&key, format!("no policy of this service sees `{metric}`"), hint);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Scenario;
    use crate::scenario::sample::read;
    use autosim_engine::simulation::{DecisionLog, Detail};

    const HEAD: &str = "start = '2026-03-02T11:00:00+08:00'\nduration = '2h'\n\
        [workload.arrivals.main.poisson]\nrate = '1/s'\n\
        [policies.one.target-tracking]\nmetric = 'cpu'\ntarget = '60%'\nmin = 1\nmax = 9\n";

    fn sound(rest: &str) -> Scenario {
        read(format!("{HEAD}{rest}")).unwrap()
    }

    fn refused(rest: &str, parts: &[&str]) {
        let found = read(format!("{HEAD}{rest}")).unwrap_err();
        for part in parts {
            assert!(found.contains(part), "{part}\n{found}");
        }
    }

    #[test]
    fn slowdowns_are_of_the_slots_or_of_the_cpu_within_them() {
        let scenario = sound(
            "[service]\ncpu = '25%'\n\
             [[slowdowns]]\nat = '12:30'\nlasts = '10m'\nfactor = 5\nof = 'cpu'\n\
             [[slowdowns]]\nat = '5m'\nlasts = '1m'\nfactor = 4\nevery = 10\n",
        );
        let of = |at, lasts, factor, cpu, every| Slowdown {
            at: Time::from_secs(at),
            until: Time::from_secs(at + lasts),
            factor,
            cpu,
            every,
        };
        let expected = vec![of(300, 60, 4.0, 0.25, 10), of(5400, 600, 2.0, 2.5, 1)];
        let deployment = scenario.deployment(0, 0);
        assert_eq!(deployment.fleet.slowdowns, Slowdowns::new(expected));
        assert_eq!(deployment.resources.cpu_of_request, 0.25);
    }

    #[test]
    fn metrics_are_out_for_the_policies_that_see_them() {
        let outages = |rest: &str| {
            let scenario = sound(rest);
            let detail = Detail { timeline: None, decisions: DecisionLog::Off, supply: false };
            let setup = scenario.setup(0, 0, None, detail);
            setup.services[0].autoscaler.signals[0].outages.clone()
        };
        let stretch = (Time::from_secs(300), Time::from_secs(360));
        let one = "[[metric_outages]]\nat = '5m'\nlasts = '1m'\n";
        assert_eq!(outages(one), [stretch]);
        assert_eq!(outages(&format!("{one}metric = 'cpu'\n")), [stretch]);
        assert!(outages("").is_empty());
    }

    #[test]
    fn somebody_sets_the_count() {
        let scenario = sound("[[interventions]]\nat = '11:20'\nreplicas = 3\n");
        let expected = [Intervention { at: Time::from_secs(1200), replicas: 3 }];
        assert_eq!(scenario.deployment(0, 0).fleet.interventions, expected);
    }

    #[test]
    fn who_else_sets_the_count_may_differ_by_policy() {
        let scenario = sound(
            "[[interventions]]\nat = '20m'\nreplicas = 3\n[policies.two.fixed]\nreplicas = 4\n\
             [policies.three.fixed]\nreplicas = 4\n[variants.two]\ninterventions = []\n\
             [variants.three]\ninterventions = [{ at = '30m', replicas = 5 }]\n",
        );
        let at = |minute: u64, replicas| {
            vec![Intervention { at: Time::from_secs(60 * minute), replicas }]
        };
        let expected = [at(20, 3), vec![], at(30, 5)];
        let found = [0, 1, 2].map(|one| scenario.deployment(one, 0).fleet.interventions.clone());
        assert_eq!(found, expected);
    }

    #[test]
    fn what_replicas_request_changes_for_whoever_is_told_of_it() {
        use crate::scenario::{LoadOptions, Sources, load};
        let hpa = |target: &str| {
            format!(
                "[policies.two.kubernetes-hpa]\nbody.kind = 'HorizontalPodAutoscaler'\n\
                 body.apiVersion = 'autoscaling/v2'\nbody.metadata.name = 'a'\nbody.spec = {{ maxReplicas = 9, \
                 scaleTargetRef = {{ apiVersion = 'apps/v1', kind = 'Deployment', name = 'a' }}, metrics = [{{ \
                 type = 'Resource', resource = {{ name = 'cpu', target = {target} }} }}] }}\n\
                 knobs.requests.cpu = '1'\n"
            )
        };
        let percent = hpa("{ type = 'Utilization', averageUtilization = 60 }");
        let mean = percent.replace("knobs.", "knobs.per_pod = false\nknobs.");
        let resize = "[[resizes]]\nat = '12:30'\ncores = 0.5\n";
        for (policy, told) in [
            (percent, true),
            (mean, false),
            (hpa("{ type = 'AverageValue', averageValue = '600m' }"), false),
            (String::new(), false),
        ] {
            let sources = Sources::new("test.toml", format!("{HEAD}{policy}{resize}"));
            let options = LoadOptions { fallback_name: "test".into(), ..LoadOptions::default() };
            let loaded = load(sources, &options).unwrap();
            let warned = loaded.warnings.located();
            let idle =
                |fault: &crate::scenario::Located<'_>| fault.message.contains("change nothing");
            assert_eq!(warned.iter().any(idle), !told, "{policy}");
            let expected = [Resize { at: Time::from_secs(5400), cores: 0.5 }];
            assert_eq!(loaded.scenario.deployment(0, 0).fleet.resizes, expected);
        }
    }

    #[test]
    fn what_cannot_befall_a_service_is_refused_with_its_place() {
        refused(
            "[[slowdowns]]\nat = '3h'\nlasts = '0s'\nfactor = 0.5\n\
             [[metric_outages]]\nat = '3h'\nlasts = '1m'\n\
             [[interventions]]\nat = '3h'\nreplicas = 4294967295\n\
             [[resizes]]\nat = '3h'\ncores = 0\n",
            &[
                "0 cores",
                "resizes.0.at",
                "3h is not within the run",
                "it lasts no time",
                "0.5 times as long is no slowdown",
                "4294967295 replicas",
                "slowdowns.0.factor",
                "metric_outages.0.at",
                "interventions.0.at",
            ],
        );
        refused(
            "[service]\ndiscipline = 'sharing'\n\
             [[slowdowns]]\nat = '5m'\nlasts = '10m'\nfactor = 2\nevery = 3\n",
            &["all replicas slow down or none"],
        );
        refused(
            "[policies.faas.keep-alive]\nidle_expiry.constant = '10m'\n\
             [[slowdowns]]\nat = '5m'\nlasts = '10m'\nfactor = 2\nevery = 3\n",
            &["scales per request"],
        );
        refused(
            "[[slowdowns]]\nat = '5m'\nlasts = '10m'\nfactor = 2\nevery = 0\n",
            &["slowdowns.0.every", "every 0th replica is none"],
        );
        refused(
            "[[slowdowns]]\nat = '5m'\nlasts = '10m'\nfactor = 2\n\
             [[slowdowns]]\nat = '10m'\nlasts = '10m'\nfactor = 3\n",
            &["one begins at 10m while that of 5m lasts until 15m"],
        );
        refused(
            "[[metric_outages]]\nat = '5m'\nlasts = '1m'\nmetric = 'queued_requests'\n",
            &["no policy of this service sees `queued_requests`", "they see cpu_percent"],
        );
        refused(
            "[service]\nconcurrency = 8\ncpu = '30%'\n[replica]\nresources.cpu.cores = 2\n",
            &["8 slots keep 2.400 cores busy, and there are 2"],
        );
        refused(
            "[service]\nconcurrency = 4\ncpu = '20%'\n[replica]\nresources.cpu.cores = 1\n\
             [[slowdowns]]\nat = '5m'\nlasts = '10m'\nfactor = 6\nof = 'cpu'\n",
            &["4 slots keep 2.400 cores busy in a slowdown of the CPU, and there are 1"],
        );
        refused(
            "[service]\ncpu = '130%'\n[replica]\nresources.cpu.cores = 0\n",
            &["a request takes 130% of its service time", "0 cores"],
        );
        refused(
            "[policies.faas.keep-alive]\nidle_expiry.constant = '10m'\n\
             [[interventions]]\nat = '1h'\nreplicas = 3\n",
            &["scales per request"],
        );
        refused(
            "[policies.faas.keep-alive]\nidle_expiry.constant = '10m'\n\
             [variants.faas]\ninterventions = [{ at = '1h', replicas = 3 }]\n\
             [variants.one]\ninterventions = [{ at = '3h', replicas = 3 }]\n",
            &[
                "variants.faas.interventions",
                "scales per request",
                "variants.one.interventions",
                "3h is not within the run",
            ],
        );
    }
}
