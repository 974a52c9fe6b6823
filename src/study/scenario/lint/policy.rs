//! Policies that cannot do what they are for: targets out of reach, rules without a way back, loops too fast.

use super::super::Deployment;
use autosim_engine::control::{Acts, Level, SignalRef};
use autosim_engine::fault::Faults;
use autosim_engine::fleet::AtZero;
use autosim_engine::random::Sampler;
use autosim_engine::signal::{Metric, MetricRef, Resources};
use autosim_engine::units::{Quantity, Span};
use autosim_policies::builtin::PolicySpec;
use autosim_policies::builtin::threshold::{Rule, Threshold};
use autosim_policies::products::ProductPolicy;

/// Looks a policy over, and those within it.
pub(super) fn lint(spec: &PolicySpec, deployment: &Deployment, faults: &mut Faults) {
    faults.within(spec.kind_name(), |f| match spec {
        PolicySpec::TargetTracking(tracking) => {
            target(&tracking.metric, tracking.target, tracking.tolerance.get(), deployment, f);
            if tracking.min < tracking.max {
                let after = tracking.stabilise_down.max(tracking.cooldown_down);
                early(after, "stabilise_down", deployment, f);
            }
        }
        PolicySpec::Threshold(threshold) => rules(threshold, deployment, f),
        PolicySpec::Pid(control) => target(&control.metric, control.target, 0.0, deployment, f),
        PolicySpec::ScaleToZero(outer) => {
            f.within("policy", |f| lint(&outer.policy, deployment, f));
        }
        PolicySpec::Scheduled(outer) => {
            let Some(policy) = &outer.policy else { return };
            f.within("policy", |f| lint(policy, deployment, f));
        }
        PolicySpec::Combine(outer) => f.within("policies", |f| {
            for (name, policy) in &outer.policies {
                f.within(name, |f| lint(policy, deployment, f));
            }
        }),
        PolicySpec::Fixed(_)
        | PolicySpec::Staffing(_)
        | PolicySpec::KeepAlive(_)
        | PolicySpec::Clairvoyant(_) => {}
    });
}

/// A product's levels that their metric cannot get above, and how it scales in.
pub(super) fn product(
    product: &ProductPolicy,
    signals: &[SignalRef],
    deployment: &Deployment,
    faults: &mut Faults,
) {
    faults.within(deployment.policy.kind_name(), |faults| {
        for seen in signals.iter().filter(|seen| seen.service.is_none()) {
            out_of_reach(seen, deployment, faults);
            stuck(seen, product.platform().start, deployment, faults);
            if !product.platform().queues {
                queueing(seen, deployment, faults);
            }
        }
        if let Some(after) = product.platform().scale_in_after {
            early(after, "", deployment, faults);
        }
        probes(product, deployment, faults);
    });
}

/// Probes that keep a replica from serving for long after it could, and such that kill it before.
fn probes(product: &ProductPolicy, deployment: &Deployment, faults: &mut Faults) {
    let platform = product.platform();
    let (boot_s, boot) = (deployment.mean_boot_s, Span::from_secs_f64(deployment.mean_boot_s));
    if let Some(found) = deployment.fleet.readiness.map(|probes| probes.find(boot))
        && found.as_secs_f64() > 2.0 * boot_s + 10.0
    {
        let what = format!(
            "a pod could serve {boot} after it began to run, and its readiness probe finds that after {found}"
        );
        faults.warn("", what, "a shorter initialDelaySeconds and periodSeconds");
    }
    if let Some(killed) = platform.killed_unless_up.filter(|killed| *killed < boot) {
        let what = format!(
            "a pod takes {boot} to serve, and its liveness probe fails for good after {killed}: it is killed before, \
             again and again; a run does not show that"
        );
        faults.warn("", what, "a startupProbe, or a larger failureThreshold");
    }
}

/// Levels of a signal that it cannot get above.
fn out_of_reach(seen: &SignalRef, deployment: &Deployment, faults: &mut Faults) {
    let Some(most) = deployment.resources.highest(seen.signal.metric) else { return };
    let most = most / seen.signal.unit;
    for (level, above) in seen.levels.iter().filter_map(|one| Some((one, one.out_above()?))) {
        if above < most {
            continue;
        }
        let band = match level.band {
            0.0 => String::new(),
            band => format!(" ({} and a tolerance of {}%)", level.value, rounded(band * 100.0)),
        };
        faults.warn(
            "",
            format!(
                "it never scales out by {}: with every slot busy it reads {most}, and it takes more \
                 than {}{band}",
                seen.name(),
                rounded(above),
            ),
            format!("a target with headroom, for example {}", rounded(most * 0.7)),
        );
    }
}

/// Targets that an idle replica does not get below, or not by enough for a small fleet to shrink. A fleet of n is to be
/// n x idle / target, rounded up: fewer than n only from target / (target - idle) replicas on.
fn stuck(seen: &SignalRef, start: u32, deployment: &Deployment, faults: &mut Faults) {
    let Some(idle) = deployment.resources.idle(seen.signal.metric) else { return };
    let idle = idle / seen.signal.unit;
    for (level, below) in seen.levels.iter().filter_map(|one| Some((one, one.in_below()?))) {
        let (name, shown, target) = (seen.name(), rounded(idle), rounded(level.value));
        let remedy = format!("a target well above that, for example {}", rounded(idle * 2.0));
        if idle >= below {
            let band = match level.band_below {
                0.0 => String::new(),
                band => format!(" ({target} less a tolerance of {}%)", rounded(band * 100.0)),
            };
            let what = format!(
                "it never scales in by {name}: without a request it reads {shown}, and it takes less than {}{band}",
                rounded(below)
            );
            faults.warn("", what, remedy);
            continue;
        }
        let shrinks = (level.value / (level.value - idle)).ceil() as u32;
        if shrinks > start + 1 {
            let what = format!(
                "by {name} no fleet of fewer than {shrinks} replicas shrinks: without a request it reads {shown} of \
                 {target}"
            );
            faults.warn("", what, remedy);
        }
    }
}

/// A target of more requests for each replica than it serves at once.
fn queueing(seen: &SignalRef, deployment: &Deployment, faults: &mut Faults) {
    let Metric::OngoingRequests = seen.signal.metric else { return };
    let slots = deployment.fleet.concurrency;
    let of_each = |one: &&Level| one.each || seen.signal.per_replica;
    let targets = seen.levels.iter().filter(|one| one.acts == Acts::Towards).filter(of_each);
    for target in targets.filter(|one| one.value > slots.into()) {
        faults.warn(
            "",
            format!(
                "it aims at {} requests for each replica, which serves {slots} at once: the others wait",
                rounded(target.value)
            ),
            format!("a target below {slots}, or more at once (`service.concurrency`)"),
        );
    }
}

/// A fleet that is woken by a request which does not live to see it.
pub(super) fn asleep(deployment: &Deployment, faults: &mut Faults) {
    let Deployment { policy, fleet, mean_start_s, .. } = deployment;
    let by_platform = policy.product().is_some_and(|product| product.platform().sleeps);
    if !by_platform && !matches!(policy.built_in(), Some(PolicySpec::ScaleToZero(_))) {
        return;
    }
    if fleet.queue.at_zero == AtZero::Reject {
        faults.warn(
            policy.kind_name(),
            "requests that find no replica are rejected (`queue.at_zero`)",
            "every request is lost until it wakes; `at_zero = \"wait\"` keeps them",
        );
        return;
    }
    let mut patience = fleet.client.map_or(Span::MAX, |client| client.timeout);
    if let Some(Sampler::Constant(ns)) = fleet.queue.timeout {
        patience = patience.min(Span(ns));
    }
    if patience.as_secs_f64() < *mean_start_s {
        let start = Span::from_secs(mean_start_s.round() as u64);
        faults.warn(
            policy.kind_name(),
            format!(
                "it sleeps, and a replica takes {start} to be ready: who wakes it gives up after {patience}"
            ),
            "a minimum of one, a faster start, or more patience",
        );
    }
}

/// Replicas go sooner than those that would follow them are ready.
fn early(after: Span, key: &str, deployment: &Deployment, faults: &mut Faults) {
    let start_s = deployment.mean_start_s;
    if after.as_secs_f64() < start_s {
        let start = Span::from_secs(start_s.round() as u64);
        faults.warn(
            key,
            format!(
                "it scales in once fewer replicas are needed for {after}, and a replica takes {start} to be \
                 ready: after a shorter lull they are gone, and their successors are not there yet"
            ),
            "wait longer before scale-in than a replica takes to start",
        );
    }
}

fn rounded(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}

fn target(
    metric: &MetricRef,
    target: Quantity,
    band: f64,
    deployment: &Deployment,
    faults: &mut Faults,
) {
    let Some(most) = highest(metric, &deployment.resources) else { return };
    let target = target.value;
    let needed = target * (1.0 + band);
    if needed >= most {
        let tolerance = match band {
            0.0 => String::new(),
            _ => format!(" ({target}% and a tolerance of {}%)", rounded(band * 100.0)),
        };
        faults.warn(
            "target",
            format!(
                "never scales out: with every slot busy {} reads {most}%, and it takes more than \
                 {}%{tolerance}",
                metric.metric.name(),
                rounded(needed),
            ),
            format!("a target with headroom, for example \"{}%\"", (most * 0.7).round()),
        );
    }
}

fn rules(threshold: &Threshold, deployment: &Deployment, faults: &mut Faults) {
    hasty(threshold, deployment.mean_start_s, faults);
    one_way(threshold, faults);
    let most = highest(&threshold.metric, &deployment.resources);
    faults.within("rules", |faults| {
        for (index, rule) in threshold.rules.iter().enumerate() {
            let Some(most) = most.filter(|&most| out(rule) && !rule.when.holds(most, level(rule)))
            else {
                continue;
            };
            faults.within(index.to_string(), |faults| {
                faults.warn(
                    "when",
                    format!(
                        "never holds: with every slot busy {} reads {most}%",
                        threshold.metric.metric.name()
                    ),
                    format!("a level with headroom, for example \"> {}%\"", (most * 0.7).round()),
                );
            });
        }
    });
    adjacent(threshold, faults);
}

/// A cooldown that ends before what was ordered is ready.
fn hasty(threshold: &Threshold, start_s: f64, faults: &mut Faults) {
    let cooldown = threshold.cooldown_up.unwrap_or(threshold.cooldown);
    if !cooldown.is_zero() && cooldown.as_secs_f64() < start_s {
        let start = Span::from_secs(start_s.round() as u64);
        faults.warn(
            "cooldown",
            format!(
                "the cooldown ({cooldown}) ends before a replica is ready ({start} on average): the same \
                 need is answered twice"
            ),
            "make it longer than the cold start",
        );
    }
}

/// Rules that only go one way.
fn one_way(threshold: &Threshold, faults: &mut Faults) {
    if threshold.min >= threshold.max || threshold.rules.is_empty() {
        return;
    }
    let (what, example) =
        match (threshold.rules.iter().any(out), threshold.rules.iter().any(inwards)) {
            (true, false) => ("in: once out, it stays", "{ when = \"< 40%\", change = \"-1\" }"),
            (false, true) => ("out: it can only shrink", "{ when = \"> 70%\", change = \"+1\" }"),
            (true, true) | (false, false) => return,
        };
    faults.warn(
        "rules",
        format!("no rule scales {what}"),
        format!("add one, for example {example}"),
    );
}

/// A level to scale in at that one step out of a small fleet leads to at once.
fn adjacent(threshold: &Threshold, faults: &mut Faults) {
    let levels =
        |is: fn(&Rule) -> bool| threshold.rules.iter().filter(move |rule| is(rule)).map(level);
    let (Some(lowest_out), Some(highest_in)) =
        (levels(out).reduce(f64::min), levels(inwards).reduce(f64::max))
    else {
        return;
    };
    // Out at the first of a queue and in once it is empty is no contradiction.
    if lowest_out > 0.0 && highest_in >= 0.9 * lowest_out {
        faults.warn(
            "rules",
            format!("it scales in at {highest_in} and out at {lowest_out}: one undoes the other"),
            "keep them well apart: in at half of where it scales out",
        );
    }
}

/// Whether a rule adds replicas, judged at a count at which every change shows.
fn out(rule: &Rule) -> bool {
    rule.when.is_upper() && rule.change.apply(1000) > 1000
}

fn inwards(rule: &Rule) -> bool {
    !rule.when.is_upper() && rule.change.apply(1000) < 1000
}

const fn level(rule: &Rule) -> f64 {
    rule.when.level.value
}

/// What it reads at most, in percent, where it has such an end: a share of this service's own capacity.
fn highest(metric: &MetricRef, resources: &Resources) -> Option<f64> {
    let own = metric.service.is_none() && !metric.per_replica;
    own.then(|| resources.highest(metric.metric)).flatten()
}
