//! What is known of a service under a policy before it runs, for those who draw what came of it.

use autosim_engine::control::{Level, SignalRef};
use autosim_engine::simulation::ServiceSetup;
use autosim_engine::units::Time;

/// A service under one policy.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Setting {
    /// Names of the signals its policy sees, in the order of its readings.
    pub signals: Vec<String>,
    /// What the first of them is held against, here or where a rule sees the same once more.
    pub levels: Vec<Level>,
    /// It is a percentage of what there is.
    pub percent: bool,
    /// What the scenario has befall it, whatever its policy does, in order of time.
    pub scripted: Vec<Scripted>,
}

/// Something that befalls a service at a stated time.
#[derive(Debug, Clone, PartialEq)]
pub struct Scripted {
    /// When it begins.
    pub at: Time,
    /// When it ends, where that is stated too; else it is `at`.
    pub until: Time,
    /// What.
    pub what: What,
}

/// What befalls a service.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// Its replicas are replaced.
    Rollout,
    /// Several replicas fail at once.
    Outage,
    /// Work takes so many times as long, at every so manieth replica.
    Slowdown(f64, u32),
    /// Scrapes bring no data of these signals.
    MetricOutage(Vec<String>),
    /// Somebody else than its policy sets the count.
    Intervention(u32),
    /// Each replica requests so many cores from now on.
    Resize(f64),
}

impl Setting {
    pub(super) fn of(service: &ServiceSetup) -> Self {
        let signals = &service.autoscaler.signals;
        Self {
            signals: signals.iter().map(SignalRef::name).collect(),
            levels: levels(signals),
            percent: signals.first().is_some_and(is_percent),
            scripted: scripted(service),
        }
    }
}

fn levels(signals: &[SignalRef]) -> Vec<Level> {
    let first = signals.first().map(SignalRef::name);
    let same = signals.iter().filter(|signal| Some(signal.name()) == first);
    let mut levels: Vec<Level> = Vec::new();
    for level in same.flat_map(|signal| &signal.levels) {
        if !levels.contains(level) {
            levels.push(*level);
        }
    }
    levels
}

fn is_percent(seen: &SignalRef) -> bool {
    seen.signal.metric.name().ends_with("_percent") && seen.signal.unit == 1.0
}

fn scripted(service: &ServiceSetup) -> Vec<Scripted> {
    let fleet = &service.fleet;
    let rollouts = fleet.rollouts.iter().map(|one| (one.at, one.at, What::Rollout));
    let outages = fleet.failures.outages.iter();
    let outages = outages.map(|one| (one.at, one.at.after(one.notice), What::Outage));
    let slowdowns = fleet.slowdowns.iter();
    let slowdowns = slowdowns.map(|one| (one.at, one.until, What::Slowdown(one.factor, one.every)));
    let interventions = fleet.interventions.iter();
    let interventions = interventions.map(|one| (one.at, one.at, What::Intervention(one.replicas)));
    let resizes = fleet.resizes.iter().map(|one| (one.at, one.at, What::Resize(one.cores)));
    let out = out_of_data(&service.autoscaler.signals);
    let all = rollouts.chain(outages).chain(slowdowns).chain(interventions).chain(out);
    let all = all.chain(resizes);
    let mut all: Vec<Scripted> =
        all.map(|(at, until, what)| Scripted { at, until, what }).collect();
    all.sort_by_key(|one| one.at);
    all
}

/// Each stretch without data once, with the signals that have none.
fn out_of_data(signals: &[SignalRef]) -> Vec<(Time, Time, What)> {
    let mut stretches: Vec<(Time, Time)> =
        signals.iter().flat_map(|signal| signal.outages.iter().copied()).collect();
    stretches.sort_unstable();
    stretches.dedup();
    let of = |stretch: (Time, Time)| {
        let out = signals.iter().filter(|signal| signal.outages.contains(&stretch));
        (stretch.0, stretch.1, What::MetricOutage(out.map(SignalRef::name).collect()))
    };
    stretches.into_iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::sample::read;
    use autosim_engine::control::Acts;
    use autosim_engine::simulation::{DecisionLog, Detail};

    fn setting(rest: &str) -> Setting {
        let text = format!(
            "duration = '4h'\n[workload.arrivals.main.poisson]\nrate = '1/s'\n{rest}" //
        );
        let detail = Detail { timeline: None, decisions: DecisionLog::Off, supply: false };
        Setting::of(&read(text).unwrap().setup(0, 0, None, detail).services[0])
    }

    #[test]
    fn what_befalls_a_service_is_told_in_order_of_time() {
        let found = setting(
            "[policies.one.target-tracking]\nmetric = 'cpu'\ntarget = '60%'\nmax = 9\n\
             [policies.two.kubernetes-hpa]\nbody.kind = 'HorizontalPodAutoscaler'\n\
             body.apiVersion = 'autoscaling/v2'\nbody.metadata.name = 'a'\nbody.spec = { maxReplicas = 9, \
             scaleTargetRef = { apiVersion = 'apps/v1', kind = 'Deployment', name = 'a' } }\n\
             [[resizes]]\nat = '3h10m'\ncores = 0.75\n\
             [[interventions]]\nat = '3h'\nreplicas = 3\n\
             [[metric_outages]]\nat = '2h'\nlasts = '10m'\n\
             [[slowdowns]]\nat = '1h'\nlasts = '5m'\nfactor = 4\n\
             [[outages]]\nat = '30m'\nkill = 1\nnotice = '2m'\n\
             [[rollouts]]\nat = '10m'\n",
        );
        let one = |at: u64, lasts: u64, what| Scripted {
            at: Time::from_secs(60 * at),
            until: Time::from_secs(60 * (at + lasts)),
            what,
        };
        let expected = [
            one(10, 0, What::Rollout),
            one(30, 2, What::Outage),
            one(60, 5, What::Slowdown(4.0, 1)),
            one(120, 10, What::MetricOutage(vec!["cpu_percent".into()])),
            one(180, 0, What::Intervention(3)),
            one(190, 0, What::Resize(0.75)),
        ];
        assert_eq!(found.scripted, expected);
    }

    #[test]
    fn policies_say_what_they_hold_their_metric_against() {
        let each = |value| Level { each: true, ..Level::target(value) };
        for (policy, expected) in [
            (
                "target-tracking = { metric = 'cpu', target = '60%', max = 9 }",
                vec![Level::target(60.0)],
            ),
            (
                "target-tracking = { metric = 'requests_per_s_per_replica', target = '6/s', max = 9 }",
                vec![each(6.0)],
            ),
            (
                "threshold = { metric = 'cpu', max = 9, rules = [\
                 { when = '> 70%', change = '+1' }, { when = '<= 25%', change = '-1' }] }",
                vec![Level::of(70.0, Acts::Above), Level::of(25.0, Acts::Below)],
            ),
            (
                "scale-to-zero = { policy.target-tracking = { metric = 'cpu', target = '50%', max = 9 } }",
                vec![Level::target(50.0)],
            ),
            (
                "combine.policies = { a.target-tracking = { metric = 'cpu', target = '50%', max = 9 }, \
                 b.target-tracking = { metric = 'memory', target = '80%', max = 9 }, \
                 c.threshold = { metric = 'cpu', max = 9, rules = [{ when = '> 90%', change = '+3' }] } }",
                vec![Level::target(50.0), Level::of(90.0, Acts::Above)],
            ),
            ("fixed = { replicas = 2 }", vec![]),
            (
                "ray-serve = { body.autoscaling_config = { max_replicas = 9, target_ongoing_requests = 3 } }",
                vec![each(3.0)],
            ),
        ] {
            assert_eq!(
                setting(&format!("[policies.one]\n{policy}\n")).levels,
                expected,
                "{policy}"
            );
        }
    }
}
