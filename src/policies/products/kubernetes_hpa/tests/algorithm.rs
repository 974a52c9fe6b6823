//! The controller against counts worked out by hand.

use crate::products::kubernetes_hpa::calculator::{
    Failed, Held, Proposal, Target, Tolerance, of_average, of_pods, of_value, total,
};
use crate::products::kubernetes_hpa::controller::{
    Behavior, Conditions, Controller, Rules, ZeroRule,
};
use crate::products::kubernetes_hpa::pods::{
    Group, Measured, Phase, Pod, Readiness, SampleTime, StartUp, Sums, Usage,
};
use crate::products::kubernetes_hpa::rates::{Amount, Changes, ScalingPolicy, ScalingRules};
use crate::products::kubernetes_hpa::words::{
    Able, Active, AtZero, Limited, SelectPolicy, SourceKind,
};
use autosim_engine::units::{Span, Time};

const TOLERANCE: Tolerance = Tolerance { up: 0.1, down: 0.1, closed: true };

fn seconds(count: u64) -> Span {
    Span::from_secs(count)
}

/// `groupPods`: | pod | of cpu | of another resource |
#[test]
fn pods_count_by_phase_then_sample_then_for_cpu_alone_by_their_start() {
    let rules = StartUp { initialization: seconds(300), readiness_delay: seconds(30) };
    let running = Pod {
        phase: Phase::Running,
        deleted: false,
        started: Some(seconds(1000)),
        readiness: Some(Readiness { ready: true, since: seconds(900) }),
        sample: Some(SampleTime { age: seconds(10), window: seconds(15) }),
    };
    let young = Pod { started: Some(seconds(60)), ..running };
    let is = |ready, since| Some(Readiness { ready, since: seconds(since) });
    use Group::{Ignored, Missing, Ready, Unready};
    for (pod, cpu, other) in [
        (running, Ready, Ready),
        (Pod { deleted: true, phase: Phase::Pending, ..running }, Ignored, Ignored),
        (Pod { phase: Phase::Failed, ..running }, Ignored, Ignored),
        (Pod { phase: Phase::Succeeded, ..running }, Ready, Ready),
        (Pod { phase: Phase::Pending, sample: None, ..running }, Unready, Unready),
        // Without a sample it is missing, ready or not.
        (Pod { sample: None, readiness: is(false, 900), ..running }, Missing, Missing),
        (Pod { readiness: None, ..running }, Unready, Ready),
        (Pod { started: None, ..running }, Unready, Ready),
        // While it starts: not ready, or a sample that begins before it was.
        (Pod { readiness: is(false, 60), ..young }, Unready, Ready),
        (Pod { readiness: is(true, 24), ..young }, Unready, Ready),
        (Pod { readiness: is(true, 25), ..young }, Ready, Ready),
        // Later: only if it never became ready.
        (Pod { readiness: is(false, 971), ..running }, Unready, Ready),
        (Pod { readiness: is(false, 970), ..running }, Ready, Ready),
        (Pod { started: Some(seconds(300)), readiness: is(true, 1), ..running }, Ready, Ready),
    ] {
        assert_eq!((pod.group(Some(&rules)), pod.group(None)), (cpu, other), "{pod:?}");
    }
}

fn measured(group: Group, milli: i64) -> Measured {
    let usage = match group {
        Group::Missing => Usage::Absent,
        Group::Ready | Group::Unready | Group::Ignored => Usage::Milli(milli),
    };
    Measured { group: Some(group), usage, request: Some(200) }
}

/// Of so many pods of each group, request 200m: what a ready one uses, and what `target` makes of it.
fn proposal(
    [ready, unready, missing]: [usize; 3],
    milli: i64,
    target: Target,
    current: i32,
) -> Result<Proposal, Failed> {
    let groups = [(Group::Ready, ready), (Group::Unready, unready), (Group::Missing, missing)];
    let pods: Vec<Measured> =
        groups.into_iter().flat_map(|(group, count)| vec![measured(group, milli); count]).collect();
    Sums::of(&pods, target).and_then(|sums| of_pods(&sums, target, current, &TOLERANCE))
}

/// `GetResourceReplicas`, `calcPlainMetricReplicas`: | pods | each uses | current | count |
#[test]
fn a_metric_of_pods_proposes_by_those_that_count() {
    let percent = Target::Utilization(60);
    let value = Target::Average(100);
    for (pods, milli, target, current, expected, held) in [
        // 55.9 % is 55: ratios are of whole percents, ends of the tolerance inside.
        ([10, 0, 0], 132, percent, 10, 10, Some(Held::Tolerance)),
        ([10, 0, 0], 133, percent, 10, 10, Some(Held::Tolerance)),
        ([10, 0, 0], 134, percent, 10, 12, None),
        // Nine in ten of the ready ones, not of all there are.
        ([5, 2, 0], 60, percent, 7, 3, None),
        // The starting ones count as idle: 450 / 7 is 64 %.
        ([5, 2, 0], 180, percent, 7, 7, Some(Held::Tolerance)),
        // 540 of 800: 67 %, and 380 of 800: 47 %.
        ([3, 0, 1], 180, percent, 4, 5, None),
        ([3, 0, 1], 60, percent, 4, 4, None),
        // At the target the missing one is left out.
        ([3, 0, 1], 120, percent, 4, 4, Some(Held::Tolerance)),
        // Of a target of 200 % a missing one takes 200: 150 % of all four.
        ([2, 0, 2], 200, Target::Utilization(200), 4, 3, None),
        ([4, 0, 0], 150, value, 4, 6, None),
        ([4, 1, 0], 150, value, 5, 6, None),
        ([4, 0, 4], 150, value, 8, 8, Some(Held::Unsure)),
        ([4, 0, 1], 50, value, 5, 3, None),
    ] {
        let found = proposal(pods, milli, target, current).unwrap();
        assert_eq!((found.replicas, found.held), (expected, held), "{pods:?} {milli} {found:?}");
    }
}

#[test]
fn a_metric_of_pods_without_a_value_to_go_by_proposes_nothing() {
    let percent = Target::Utilization(60);
    assert_eq!(proposal([0, 0, 0], 0, percent, 3), Err(Failed::NoSamples));
    assert_eq!(proposal([0, 2, 1], 90, percent, 3), Err(Failed::NoSamples));
    let ready = measured(Group::Ready, 90);
    for (pod, wrong) in [
        (Measured { request: None, ..ready }, Failed::NoRequest),
        (Measured { group: Some(Group::Ignored), request: None, ..ready }, Failed::NoRequest),
        (Measured { usage: Usage::NoContainer, ..ready }, Failed::NoContainer),
        (Measured { group: None, ..ready }, Failed::NoKnownPod),
    ] {
        let sums = Sums::of(&[pod], percent);
        let found = sums.and_then(|sums| of_pods(&sums, percent, 1, &TOLERANCE));
        assert_eq!(found, Err(wrong), "{pod:?}");
    }
    // An average needs no request, and counts pods that nobody knows.
    let strangers = [Measured { group: None, request: None, ..ready }, ready];
    let target = Target::Average(30);
    let sums = Sums::of(&strangers, target).unwrap();
    assert_eq!(of_pods(&sums, target, 1, &TOLERANCE).map(|one| one.shown.milli), Ok(90));
}

/// `GetObjectMetricReplicas`, `GetExternalMetricReplicas`: a value times the ready ones.
#[test]
fn a_value_is_applied_to_ready_pods_and_from_zero_to_one() {
    for (usage, current, ready, expected) in [
        (300, 4, 4, 6),
        (300, 6, 4, 6),
        (220, 8, 6, 8),
        (221, 8, 6, 7),
        (330, 0, 0, 2),
        (90, 0, 0, 1),
    ] {
        let found = of_value(usage * 1000, 200_000, current, ready, &TOLERANCE);
        assert_eq!(found.replicas, expected, "{usage} {current}");
    }
    assert_eq!(of_value(i64::MAX, 1, 5, 5, &TOLERANCE).replicas, i32::MAX);
    assert_eq!(total(&[i64::MAX, 1]), i64::MAX);
}

/// `GetExternalPerPodMetricReplicas`: tolerated, it answers with the pods there are.
#[test]
fn an_average_of_a_total_goes_by_status_replicas() {
    for (usage, status, expected) in
        [(540, 5, 5), (640, 6, 6), (690, 7, 7), (440, 5, 5), (556, 5, 6), (55, 0, 1), (0, 0, 0)]
    {
        let found = of_average(usage * 1000, 100_000, status, &TOLERANCE);
        assert_eq!(found.replicas, expected, "{usage} {status}");
    }
}

#[test]
fn before_1_33_the_ends_of_the_tolerance_are_outside_by_their_last_bit() {
    for (closed, expected) in [(true, true), (false, false)] {
        assert_eq!(Tolerance { closed, ..TOLERANCE }.holds(1.1), expected);
    }
    let sides = Tolerance { up: 0.05, down: 0.3, closed: true };
    assert_eq!([0.7, 0.69, 1.05, 1.06].map(|ratio| sides.holds(ratio)), [true, false, true, false]);
}

fn rules(min: i32, max: i32) -> Rules {
    Rules {
        min,
        max,
        sources: vec![SourceKind::External],
        behavior: None,
        downscale_window: seconds(300),
        zero: ZeroRule::IfItsOwn,
    }
}

fn side(window: u64, policies: &[(Amount, u64)]) -> ScalingRules {
    let policies = policies
        .iter()
        .map(|&(amount, period)| ScalingPolicy { amount, period: seconds(period) })
        .collect();
    ScalingRules { window: seconds(window), select: SelectPolicy::Max, policies }
}

/// `behavior: {}`.
fn default_behavior() -> Behavior {
    Behavior {
        up: side(0, &[(Amount::Pods(4), 15), (Amount::Percent(100), 15)]),
        down: side(300, &[(Amount::Percent(100), 15)]),
    }
}

/// A controller over a lag of which each pod takes ten, passes 15 s apart; pods are there at once.
struct Passes {
    controller: Controller,
    count: i32,
    at: u64,
}

impl Passes {
    fn of(rules: Rules, count: i32) -> Self {
        Self { controller: Controller::new(rules), count, at: 0 }
    }

    fn with(min: i32, max: i32, behavior: Behavior, count: i32) -> Self {
        Self::of(Rules { behavior: Some(behavior), ..rules(min, max) }, count)
    }

    fn pass(&mut self, lag: Option<i64>) -> i32 {
        self.at += 15;
        let lag = lag.ok_or(Failed::NoSamples);
        let metric = lag.map(|lag| of_average(lag * 1000, 10_000, self.count, &TOLERANCE));
        let now = Time::from_secs(self.at);
        self.count = self.controller.pass(now, self.count, &[metric], &mut |_, to| to);
        self.count
    }

    fn passes(&mut self, lags: &[(i64, usize)]) -> Vec<i32> {
        let each = lags.iter().flat_map(|&(lag, times)| std::iter::repeat_n(lag, times));
        each.map(|lag| self.pass(Some(lag))).collect()
    }
}

#[test]
fn without_behavior_it_doubles_or_takes_four_and_holds_for_twenty_passes() {
    let mut passes = Passes::of(rules(1, 64), 1);
    assert_eq!(passes.passes(&[(600, 7)]), [4, 8, 16, 32, 60, 60, 60]);
    let after = passes.passes(&[(40, 21)]);
    assert_eq!((after[18], after[19], after[20]), (60, 4, 4));
}

#[test]
fn an_empty_behavior_adds_four_or_doubles_what_there_was_a_period_ago() {
    let mut passes = Passes::with(1, 64, default_behavior(), 1);
    assert_eq!(passes.passes(&[(600, 6)]), [5, 10, 20, 40, 60, 60]);
    let after = passes.passes(&[(40, 20)]);
    assert_eq!((after[18], after[19]), (60, 4));
}

#[test]
fn a_fresh_controller_holds_the_count_it_found_for_the_window() {
    let counts = Passes::of(rules(1, 64), 9).passes(&[(10, 22)]);
    assert_eq!((counts[0], counts[19], counts[20]), (9, 9, 1));
}

#[test]
fn rates_count_from_the_periods_start_with_the_changes_of_both_directions() {
    let slow = Behavior { up: side(0, &[(Amount::Pods(4), 120)]), down: side(0, &[]) };
    let counts = Passes::with(1, 90, slow, 2).passes(&[(400, 10)]);
    assert_eq!((counts[0], counts[7], counts[8]), (6, 6, 10));
    let percent = Behavior { up: side(0, &[]), down: side(0, &[(Amount::Percent(30), 30)]) };
    assert_eq!(Passes::with(1, 200, percent, 190).passes(&[(1, 3)]), [133, 133, 93]);
    // 150 x (1 - 0.8) in doubles is below 30.
    let most = side(0, &[(Amount::Percent(80), 30)]);
    assert_eq!(most.floor(Time::ZERO, 150, &Changes::default()), 29);
    // 16 to 10 was a correction of 6: one period later three fewer than 16 are too many.
    let three = Behavior { up: side(0, &[]), down: side(0, &[(Amount::Pods(3), 120)]) };
    let counts = Passes::with(1, 10, three, 16).passes(&[(10, 10)]);
    assert_eq!((counts[0], counts[7], counts[8]), (10, 10, 7));
}

/// | selectPolicy | up from 10 | down from 10 |, 4 pods or 50 % in 60 s.
#[test]
fn of_several_policies_the_selected_one_limits() {
    let policies = [(Amount::Pods(4), 60), (Amount::Percent(50), 60)];
    for (select, up, down) in
        [(SelectPolicy::Max, 15, 5), (SelectPolicy::Min, 14, 6), (SelectPolicy::Disabled, 10, 10)]
    {
        let rules = ScalingRules { select, ..side(0, &policies) };
        let none = Changes::default();
        let found = (rules.ceiling(Time::ZERO, 10, &none), rules.floor(Time::ZERO, 10, &none));
        assert_eq!(found, (up, down), "{select}");
    }
}

#[test]
fn windows_of_both_directions_act_on_every_pass() {
    let behavior = Behavior {
        up: side(45, &[(Amount::Pods(100), 15)]),
        down: side(0, &[(Amount::Percent(100), 15)]),
    };
    let mut passes = Passes::with(1, 64, behavior, 4);
    assert_eq!(passes.passes(&[(40, 1), (90, 3), (30, 1)]), [4, 4, 4, 9, 3]);
}

#[test]
fn counts_out_of_bounds_are_corrected_at_once_and_conditions_stay() {
    let mut passes = Passes::of(rules(3, 8), 15);
    assert_eq!(passes.pass(None), 8);
    let corrected = Conditions {
        able: Some(Able::SucceededRescale),
        at_zero: Some(AtZero::NotScaledToZero),
        ..Conditions::default()
    };
    assert_eq!(passes.controller.conditions, corrected);
    passes.pass(Some(80));
    let limited = Some(Limited::TooManyReplicas);
    let active = Some(Active::ValidMetricFound);
    let found = passes.controller.conditions;
    assert_eq!((found.limited, found.active), (limited, active), "15 is still in the window");
    passes.count = 1;
    assert_eq!(passes.pass(None), 3);
    assert_eq!(passes.controller.conditions.limited, limited);
}

#[test]
fn a_metric_that_failed_forbids_scaling_in_and_is_not_remembered() {
    let two = Rules { sources: vec![SourceKind::Resource, SourceKind::External], ..rules(1, 30) };
    for (lag, expected, reason) in [
        (30, 5, Active::FailedGetResourceMetric),
        (50, 5, Active::ValidMetricFound),
        (70, 7, Active::ValidMetricFound),
    ] {
        let mut controller = Controller::new(two.clone());
        let lag = Ok(of_average(lag * 1000, 10_000, 5, &TOLERANCE));
        let metrics = [Err(Failed::NoSamples), lag];
        let count = controller.pass(Time::ZERO, 5, &metrics, &mut |_, to| to);
        assert_eq!((count, controller.conditions.active), (expected, Some(reason)));
        let kept = controller.history.map(|history| history.counts().count());
        assert_eq!(kept, Some(if reason == Active::ValidMetricFound { 2 } else { 1 }));
    }
}

/// | rule | at zero, by itself | at zero, by hand |, `minReplicas` 0, a lag of 55.
#[test]
fn out_of_zero_it_comes_only_where_it_went_there_itself() {
    for (zero, own, by_hand) in
        [(ZeroRule::IfItsOwn, 4, 0), (ZeroRule::IfMinimum, 4, 4), (ZeroRule::Never, 0, 0)]
    {
        let mut passes = Passes::of(Rules { zero, ..rules(0, 8) }, 0);
        assert_eq!(passes.pass(Some(55)), by_hand, "{zero:?}");
        let mut passes = Passes::of(Rules { zero, ..rules(0, 8) }, 1);
        passes.passes(&[(0, 21)]);
        assert_eq!(passes.count, 0);
        assert_eq!(passes.pass(Some(55)), own, "{zero:?}");
    }
    // The minimum raised meanwhile: at least that, whatever the metrics say.
    let mut passes = Passes::of(rules(0, 8), 1);
    passes.passes(&[(0, 21)]);
    passes.controller.rules.min = 3;
    assert_eq!(passes.pass(Some(15)), 3);
}

#[test]
fn conditions_go_into_a_word_and_come_out_of_it() {
    let all = Conditions {
        able: Some(Able::ReadyForNewScale),
        active: Some(Active::FailedGetExternalMetric),
        limited: Some(Limited::TooFewReplicas),
        at_zero: Some(AtZero::ScaledToZero),
    };
    for conditions in [all, Conditions::default(), Conditions { active: None, ..all }] {
        assert_eq!(Conditions::unpack(conditions.pack()), conditions);
    }
    assert_eq!(Conditions::default().pack(), 0);
}
