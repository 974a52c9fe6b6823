//! The HorizontalPodAutoscaler over whole sequences, pod by pod too where the vectors have the pods.

use super::{Case, Model, Stepped, Told, conditions, count, for_each, list, number, reason, text};
use autosim_engine::control::{Observation, Policy};
use autosim_engine::signal::{Census, Reading};
use autosim_engine::units::{Span, Time};
use autosim_policies::products::kubernetes_hpa::KubernetesHpa;
use autosim_policies::products::kubernetes_hpa::calculator::{Target, Tolerance, of_pods};
use autosim_policies::products::kubernetes_hpa::controller::Controller;
use autosim_policies::products::kubernetes_hpa::pods::{
    Group, Measured, Phase, Pod, Readiness, SampleTime, StartUp, Sums, Usage,
};
use autosim_policies::products::kubernetes_hpa::policy::{Scaler, rules};
use serde_json::Value;

struct Hpa {
    model: Model<Self>,
    knobs: autosim_policies::products::kubernetes_hpa::Knobs,
    scaler: Scaler,
}

impl Stepped for Hpa {
    type Product = KubernetesHpa;
    const TOLD: &'static [&'static str] =
        &["AbleToScale", "ScalingActive", "ScalingLimited", "ScaledToZero"];
    const KEY: &'static str = "reasons";

    fn of(case: &Case<'_, Self>) -> Self {
        let model = case.model(&case.value["document"]);
        let scaler = Scaler::new(&model, &case.knobs, &case.columns);
        Self { model, knobs: case.knobs.clone(), scaler }
    }

    fn adopt(&mut self, model: Model<Self>, _: Time) {
        self.scaler.adopt(&model, &self.knobs);
        self.model = model;
    }

    fn step(&mut self, case: &Case<'_, Self>, step: usize) -> Told {
        let (now, before) = (case.at(step), case.before(step));
        let cells = case.seen(step, before);
        let signals = case.signals(&self.model);
        let reading = |name: &String| {
            let at = case.columns.iter().position(|column| column == name).expect("a column");
            Reading { value: cells[at], at: now }
        };
        let readings: Vec<Reading> = signals.iter().map(reading).collect();
        let census = Census { ready: before, ..Census::default() };
        let seen = Observation::new(now, census, before, &readings);
        let decision = self.scaler.observe(&seen);
        (decision.desired, conditions(&decision).to_vec())
    }
}

#[test]
fn sequences_decide_the_same_pass_by_pass_with_their_conditions() {
    for_each::<Hpa>("hpa.json", 27, |case| case.stepped());
}

/// One has updates, which no recording has.
#[test]
fn recordings_of_the_same_sequences_are_answered_the_same() {
    for_each::<Hpa>("hpa.json", 27, |case| {
        if case.value.get("updates").is_none() {
            let answers = case.played(&case.rows(true), true).0.answers;
            let told = answers
                .iter()
                .map(|one| (one.decision.desired, conditions(&one.decision).to_vec()));
            case.judge(&told.collect::<Vec<_>>());
        }
    });
}

/// The pods of a step: fields in the order of `pod_fields`.
fn pods(case: &Value, step: usize, column: &str) -> Vec<(Pod, Usage)> {
    let window = Span::from_secs(u64::from(count(&case["sample_window_s"])));
    let age = |value: &Value| (!value.is_null()).then(|| Span::from_secs_f64(number(value)));
    let one = |pod: &Value| {
        let phase = match text(&pod[3]) {
            "Pending" => Phase::Pending,
            "Running" => Phase::Running,
            phase => panic!("{phase}"),
        };
        let readiness = pod[1]
            .as_bool()
            .map(|ready| Readiness { ready, since: age(&pod[2]).unwrap_or(Span::MAX) });
        let sample = age(&pod[4]).map(|age| SampleTime { age, window });
        let pod_ = Pod { phase, deleted: false, started: age(&pod[0]), readiness, sample };
        let usage = pod[5].get(column).and_then(Value::as_i64);
        (pod_, usage.map_or(Usage::Absent, Usage::Milli))
    };
    list(&case["pods"][step]).iter().map(one).collect()
}

/// Pod by pod: the groups are the counts of the columns, and the passes decide the same.
fn pod_by_pod(case: &Case<'_, Hpa>) {
    let knobs = &case.knobs;
    let model = case.model(&case.value["document"]);
    let seconds = |count: u32| Span::from_secs(u64::from(count));
    let start_up = StartUp {
        initialization: seconds(knobs.cpu_initialization_period_s),
        readiness_delay: seconds(knobs.initial_readiness_delay_s),
    };
    let mut controller = Controller::new(rules(&model, knobs));
    let tolerance = Tolerance { up: 0.1, down: 0.1, closed: true };
    let mut decisions = Vec::new();
    for step in 0..case.steps() {
        let before = case.before(step) as i32;
        let mut metrics = Vec::new();
        for metric in &model.hpa.metrics {
            let cpu = (metric.name == "cpu").then_some(&start_up);
            let pods = pods(case.value, step, &metric.column());
            let measured: Vec<Measured> = pods
                .iter()
                .map(|&(pod, usage)| Measured {
                    group: Some(pod.group(cpu)),
                    usage,
                    request: Some(200),
                })
                .collect();
            if metric.name == "cpu" {
                let told = |name: &str| case.cell(step, name).map_or(0, count);
                let of =
                    |group| measured.iter().filter(|one| one.group == Some(group)).count() as u32;
                let unready = told("pods_pending") + told("pods_initializing");
                let counts = (of(Group::Unready), of(Group::Missing));
                assert_eq!(counts, (unready, told("pods_missing")), "{} {step}", case.value["id"]);
            }
            let target = Target::Utilization(60);
            let sums = Sums::of(&measured, target);
            metrics.push(sums.and_then(|sums| of_pods(&sums, target, before, &tolerance)));
        }
        let now = case.at(step);
        let count = controller.pass(now, before, &metrics, &mut |_, to| to);
        let of = controller.conditions;
        let told =
            [reason(of.able), reason(of.active), reason(of.limited), reason(of.at_zero)].to_vec();
        decisions.push((count as u32, told));
    }
    case.judge(&decisions);
}

#[test]
fn pods_one_by_one_give_the_same_answers() {
    let found = std::cell::Cell::new(0);
    for_each::<Hpa>("hpa.json", 27, |case| {
        if case.value.get("pods").is_some() {
            pod_by_pod(case);
            found.set(found.get() + 1);
        }
    });
    assert!([0, 2].contains(&found.get()), "none where the vectors are absent");
}
