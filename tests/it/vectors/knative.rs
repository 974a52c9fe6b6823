//! Knative's autoscaler: numbers of its own tests, whole sequences, and documents with the webhooks' verdict.

use super::vectors;
use autosim_engine::fault::{Faults, Severity};
use autosim_engine::units::{Span, Time};
use autosim_policies::products::knative::buckets::{Algorithm, Buckets, coefficient};
use autosim_policies::products::knative::decider::{Decider, LargestOf, Seen, Spec};
use autosim_policies::products::knative::reconciler::{Active, Rules, Status, ToZero};
use autosim_policies::products::knative::revision::Revision;
use autosim_policies::products::knative::target::{ScaleBy, Wanted};
use autosim_policies::products::knative::{Knative, Knobs, Model};
use autosim_policies::products::{
    Document, DocumentFault, DocumentFaults, Happening, Product, Words,
};
use autosim_study::dryrun::{Question, Recording, play};
use autosim_study::scenario::{Layer, LoadOptions, Sources, load_policies};
use serde_json::{Value, json};

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}
fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}
fn count(value: &Value) -> u32 {
    number(value) as u32
}
fn span(value: &Value) -> Span {
    Span::from_secs_f64(number(value))
}

/// An instant of a case; some begin before their own zero, which is a multiple of every slot.
fn at(value: &Value) -> Time {
    Time::from_secs_f64(number(value) + 6000.0)
}

#[test]
fn windows_have_the_same_averages() {
    let Some(file) = vectors("knative", "aggregation_buckets.json") else { return };
    let cases = list(&file["cases"]);
    for case in cases {
        if let Some(expected) = case.get("expected_coefficient") {
            let found = coefficient(count(&case["buckets"]) as usize);
            assert!(
                (found - number(expected)).abs() <= number(&case["absolute_tolerance"]),
                "{case}"
            );
            continue;
        }
        let algorithm = Algorithm::named(text(&case["algorithm"])).expect("a known algorithm");
        let mut buckets =
            Buckets::new(algorithm, span(&case["window_s"]), span(&case["granularity_s"]));
        let mut now = Time::ZERO;
        for op in list(&case["ops"]) {
            now = op.get("t_s").map_or(now, at);
            match text(&op["op"]) {
                "record" => buckets.record(now, number(&op["value"])),
                "resize" => buckets.resize(now, span(&op["window_s"])),
                "average" => {
                    let (found, expected) = (buckets.average(now), number(&op["expected"]));
                    let exact = algorithm == Algorithm::Linear;
                    let off = if exact { 0.0 } else { 1e-9 };
                    assert!((found - expected).abs() <= off, "{found} in {op} of {}", case["id"]);
                }
                other => panic!("{other}"),
            }
        }
    }
    assert_eq!(cases.len(), 14);
}

#[test]
fn the_largest_of_a_window_is_the_same() {
    let Some(file) = vectors("knative", "scale_down_delay_window.json") else { return };
    let cases = list(&file["cases"]);
    for case in cases {
        let mut window = LargestOf::new(span(&case["window_s"]), span(&case["granularity_s"]));
        let records = list(&case["records"]).iter();
        let largest =
            records.map(|one| window.record(at(&one["t_s"]), count(&one["value"]))).last();
        assert_eq!(largest, Some(count(&case["expected"])), "{}", case["id"]);
    }
    assert_eq!(cases.len(), 7);
}

#[test]
fn targets_are_the_same() {
    let Some(file) = vectors("knative", "metric_target.json") else { return };
    let cases = list(&file["cases"]);
    for case in cases {
        let config = &case["config"];
        let metric = ScaleBy::named(text(&case["metric"])).expect("a known metric");
        let (default, fraction) = match metric {
            ScaleBy::Concurrency => {
                ("containerConcurrencyTargetDefault", "containerConcurrencyTargetFraction")
            }
            ScaleBy::Rps => ("rpsTargetDefault", "targetUtilization"),
        };
        let wanted = Wanted {
            metric,
            default: number(&config[default]),
            fraction: number(&config[fraction]),
            container_concurrency: count(&case["container_concurrency"]),
            target: case["target_annotation"].as_f64(),
            utilization_percent: case["target_utilization_percentage_annotation"].as_f64(),
        };
        let (found, expected) = (wanted.resolve(), &case["expected"]);
        assert_eq!(found.target, number(&expected["target_value"]), "{}", case["id"]);
        assert_eq!(found.total, number(&expected["total_value"]), "{}", case["id"]);
    }
    assert_eq!(cases.len(), 20);
}

fn spec(value: &Value) -> Spec {
    let of = |key: &str| number(&value[key]);
    Spec {
        target: of("target_value"),
        total: of("total_value"),
        burst_capacity: of("target_burst_capacity"),
        panic_threshold: of("panic_threshold"),
        max_scale_up_rate: of("max_scale_up_rate"),
        max_scale_down_rate: of("max_scale_down_rate"),
        stable_window: span(&value["stable_window_s"]),
        scale_down_delay: span(&value["scale_down_delay_s"]),
        reachable: value["reachable"] == true,
        activation_scale: count(&value["activation_scale"]),
    }
}

#[test]
fn ticks_keep_the_same_state() {
    let Some(file) = vectors("knative", "decider.json") else { return };
    let cases = list(&file["cases"]);
    for case in cases {
        if let Some(creation) = case.get("creation") {
            let decider = Decider::created(Time::ZERO, count(&creation["ready_pods"]), Span::ZERO);
            let found = (decider.panic_since.is_some(), decider.max_panic_pods);
            let expected = &case["expected_state"];
            let expected = (expected["panic"] == true, count(&expected["max_panic_pods"]));
            assert_eq!(found, expected, "{}", case["id"]);
            continue;
        }
        let mut spec = self::spec(&case["spec"]);
        let mut decider = Decider::created(Time::ZERO, 0, spec.scale_down_delay);
        let initial = &case["initial_state"];
        decider.max_panic_pods = count(&initial["max_panic_pods"]);
        let entered = &initial["panic_entered_at_s"];
        decider.panic_since = (!entered.is_null()).then(|| at(entered));
        for step in list(&case["steps"]) {
            if let Some(update) = step.get("spec_update") {
                spec = self::spec(update);
            }
            let expected = &step["expected"];
            if step["metric_error"] == true {
                assert_eq!(expected["valid"], false, "{step}");
                continue;
            }
            let tick = decider.tick(
                &spec,
                &Seen {
                    now: at(&step["t_s"]),
                    ready: count(&step["ready_pods"]),
                    stable: number(&step["stable_value"]),
                    panic: number(&step["panic_value"]),
                },
            );
            let panics = decider.panic_since.is_some();
            let found = (tick.desired, panics, decider.max_panic_pods, tick.excess);
            let excess = number(&expected["excess_burst_capacity"]);
            let most = count(&expected["max_panic_pods"]);
            let expected =
                (count(&expected["desired_pods"]), expected["panic"] == true, most, excess);
            assert_eq!(found, expected, "{} at {}", case["id"], step["t_s"]);
        }
    }
    assert_eq!(cases.len(), 40);
}

#[test]
fn a_reconcile_writes_the_same() {
    let Some(file) = vectors("knative", "scale_to_zero.json") else { return };
    let cases = list(&file["cases"]);
    for case in cases {
        let (config, pa) = (&case["config"], &case["pa"]);
        let active = match text(&pa["active"]) {
            "active" => Active::Yes,
            "inactive" => Active::No,
            "activating" => Active::Activating,
            other => panic!("{other}"),
        };
        let rules = Rules {
            scale_to_zero: config["enable_scale_to_zero"] == true,
            min: count(&config["min_scale"]),
            max: count(&config["max_scale"]),
            initial: count(&pa["initial_scale"]),
            stable_window: span(&pa["window_s"]),
            grace: span(&config["grace_s"]),
            retention: span(&pa["retention_s"]),
            activation_timeout: span(&pa["activation_timeout_s"]),
            reachable: pa["reachability"] != "unreachable",
            probes: number(&pa["target_burst_capacity"]) >= 0.0,
        };
        let proxies = active == Active::No || pa["sks_proxy_mode"] == true;
        let found = Status {
            active,
            lasted: span(&pa["status_age_s"]),
            initial_reached: pa["initial_scale_reached"] == true,
            proxying: proxies.then(|| span(&pa["proxy_for_s"])),
            probe: pa["activator_probe"] == true,
        };
        let desired = case["decider_desired"].as_i64().expect("a count");
        let scaled = rules.scale(desired, &found);
        let current = count(&case["current_replicas"]);
        let expected = &case["expected"];
        assert_eq!(Some(scaled.want), expected["returned"].as_i64(), "{}", case["id"]);
        let write = scaled.write.filter(|write| *write != current).map(u64::from);
        assert_eq!(write, expected["applied_replicas"].as_u64(), "{}", case["id"]);
        let again = scaled.to_zero.and_then(ToZero::again_in).is_some();
        assert_eq!(again, expected["requeue_scheduled"] == true, "{}", case["id"]);
        let probes = scaled.to_zero == Some(ToZero::Unconfirmed);
        assert_eq!(probes, expected["async_probe_started"] == true, "{}", case["id"]);
    }
    assert_eq!(cases.len(), 40);
}

fn model(document: &str, knobs: &Knobs) -> Model {
    let document = Document::parse(document).unwrap_or_else(|wrong| panic!("{wrong:?}"));
    let mut faults = DocumentFaults::new();
    Knative::read(&document.bodies, knobs, true, &mut faults)
        .unwrap_or_else(|| panic!("{:?}", faults.as_slice()))
}

fn knobs(case: &Value) -> Knobs {
    case.get("knobs")
        .map_or_else(Knobs::default, |knobs| serde_json::from_value(knobs.clone()).expect("knobs"))
}

/// The time of a step in seconds.
fn at_s(case: &Value, step: usize) -> u64 {
    u64::from(count(&case["first_step_s"])) + step as u64 * u64::from(count(&case["step_s"]))
}

/// The cell of a row in the column of that name.
fn cell<'c>(case: &'c Value, step: usize, column: &str) -> Option<&'c Value> {
    let at = list(&case["columns"]).iter().position(|one| one["metric"] == column)?;
    Some(&case["inputs"][step][at])
}

/// What is said after a step.
type Stages = [Value; 5];
const STAGES: [&str; 5] = ["desired_pods", "panic", "excess_burst_capacity", "activator", "active"];

fn judge(case: &Value, found: &[(u32, Stages)]) {
    let expected: Vec<u32> = list(&case["expected"]).iter().map(count).collect();
    let counts: Vec<u32> = found.iter().map(|(count, _)| *count).collect();
    assert_eq!(counts, expected, "{} {}", case["id"], case["title"]);
    for (at, stage) in STAGES.iter().enumerate() {
        let runs = list(&case["stages"][stage]).iter();
        let each = runs.flat_map(|run| std::iter::repeat_n(&run[0], count(&run[1]) as usize));
        let expected: Vec<&Value> = each.collect();
        let same = |one: &Value, other: &Value| {
            one == other || one.as_f64() == other.as_f64() && one.is_number()
        };
        for (step, ((_, stages), expected)) in found.iter().zip(expected).enumerate() {
            assert!(
                same(&stages[at], expected),
                "{stage} of {} at step {step}: {}",
                case["id"],
                stages[at]
            );
        }
    }
}

fn stages(revision: &Revision) -> Stages {
    let active = match revision.active() {
        Active::Yes => "active",
        Active::No => "inactive",
        Active::Activating => "activating",
    };
    [
        json!(revision.desired),
        json!(revision.decider.panic_since.is_some()),
        json!(revision.excess),
        json!(if revision.proxies() { "proxy" } else { "serve" }),
        json!(active),
    ]
}

/// Ticks and reconciles by the clock, with every update of the documents.
fn stepped(case: &Value) {
    let knobs = knobs(case);
    let settings = |document: &Value| model(text(document), &knobs).settings(knobs.reachable);
    let mut rules = settings(&case["document"]);
    let by_samples = case["as"] == "samples";
    let second = Span::from_secs(1);
    let window = |length| Buckets::new(rules.algorithm, length, second);
    let (mut stable, mut panic) = (window(rules.spec.stable_window), window(rules.panic_window));
    let mut now_count = count(&case["initial_replicas"]);
    let ready_at = |step, now_count: u32| match cell(case, step, "ready") {
        Some(ready) if !ready.is_null() => count(ready),
        Some(_) | None => now_count,
    };
    let ready = ready_at(0, now_count);
    let mut revision = Revision::taken_over(rules.spec, rules.rules, Time::ZERO, now_count, ready);
    let mut updates = list(&case["updates"]).iter().peekable();
    let mut found = Vec::new();
    let name = rules.metric.name().to_owned();
    for step in 0..list(&case["expected"]).len() {
        let now = Time::from_secs(at_s(case, step));
        while let Some(update) = updates.next_if(|one| number(&one["at_s"]) <= now.as_secs_f64()) {
            rules = settings(&update["document"]);
            (revision.spec, revision.rules) = (rules.spec, rules.rules);
            stable.resize(now, rules.spec.stable_window);
            panic.resize(now, rules.panic_window);
        }
        let value = cell(case, step, &name).and_then(Value::as_f64);
        let ready = ready_at(step, now_count);
        let averages = match by_samples {
            true => {
                if let Some(value) = value {
                    stable.record(now, value);
                    panic.record(now, value);
                }
                let known = !rules.rules.probes || !stable.is_empty(now);
                known.then(|| (stable.average(now), panic.average(now)))
            }
            false => {
                let panic = cell(case, step, &format!("panic_{name}"));
                value.zip(panic.map_or(value, Value::as_f64))
            }
        };
        let pokes = revision.desired == 0 && value.is_some_and(|value| value > 0.0);
        if !by_samples || at_s(case, step).is_multiple_of(2) || pokes {
            let scaled = revision.tick(now, ready, averages).scaled;
            now_count = scaled.write.unwrap_or(now_count);
        }
        found.push((now_count, stages(&revision)));
    }
    judge(case, &found);
}

#[test]
fn sequences_decide_the_same_tick_by_tick_with_their_stages() {
    let Some(file) = vectors("k8s_closed_loop", "knative.json") else { return };
    let cases = list(&file["cases"]);
    cases.iter().for_each(stepped);
    assert_eq!(cases.len(), 22);
}

/// The same as a user would ask it: a recording, row by row; `open`: with the count each row starts from.
fn played(case: &Value, open: bool) {
    let columns: Vec<&str> =
        list(&case["columns"]).iter().map(|one| text(&one["metric"])).collect();
    let mut csv = format!("time_s{},{}", if open { ",replicas" } else { "" }, columns.join(","));
    for step in 0..list(&case["expected"]).len() {
        csv += &format!("\n{}", at_s(case, step));
        if open {
            let before = match step {
                0 => count(&case["initial_replicas"]),
                step => count(&case["expected"][step - 1]),
            };
            csv += &format!(",{before}");
        }
        for cell in list(&case["inputs"][step]) {
            let cell = cell.as_f64().map_or_else(String::new, |value| value.to_string());
            csv += &format!(",{cell}");
        }
    }
    let mut layers =
        vec![Layer::policies("a test", "[policies.own.knative]\ndocument = 'kn.yaml'\n")];
    for (knob, value) in case["knobs"].as_object().into_iter().flatten() {
        let path = format!("policies.own.knative.knobs.{knob}");
        layers.push(Layer::value("a test", &path, &value.to_string()));
    }
    let options = LoadOptions {
        layers,
        documents: vec![("kn.yaml".to_owned(), text(&case["document"]).to_owned())],
        ..LoadOptions::default()
    };
    let (policies, _) = load_policies(Sources::new("a test", ""), &options)
        .unwrap_or_else(|found| panic!("{}", found.render(false)));
    let mut faults = Faults::new();
    let recording = Recording::read(&csv, None, &mut faults).expect("a recording");
    let question = Question {
        policy: &policies[0].spec,
        recording: &recording,
        initial: Some(count(&case["initial_replicas"])),
        as_readings: case["as"] == "readings",
    };
    let run = play(&question, &mut faults).unwrap_or_else(|| panic!("{:?}", faults.as_slice()));
    assert!(faults.as_slice().is_empty(), "{:?}", faults.as_slice());
    let told = |answer: &autosim_study::dryrun::Answer| {
        let happening = Happening {
            at: answer.at,
            clock: &run.clock,
            before: answer.before,
            decision: &answer.decision,
            census: answer.census,
            readings: &answer.readings,
        };
        let product = policies[0].spec.product().expect("a product");
        let told = product.tell(&happening).expect("a status");
        (answer.decision.desired, STAGES.map(|stage| told[stage].clone()))
    };
    judge(case, &run.answers.iter().map(told).collect::<Vec<_>>());
}

#[test]
fn recordings_of_the_same_sequences_are_answered_the_same() {
    let Some(file) = vectors("k8s_closed_loop", "knative.json") else { return };
    let cases = list(&file["cases"]).iter().filter(|case| case.get("updates").is_none());
    assert_eq!(cases.clone().count(), 21);
    for case in cases {
        played(case, false);
        played(case, true);
    }
}

#[test]
fn documents_are_taken_and_refused_at_the_same_places() {
    let Some(file) = vectors("k8s_closed_loop", "documents.json") else { return };
    let is_own = |case: &&Value| text(&case["text"]).contains("serving.knative.dev");
    let cases: Vec<&Value> = list(&file["cases"]).iter().filter(is_own).collect();
    assert_eq!(cases.len(), 9);
    for case in cases {
        let document =
            Document::parse(text(&case["text"])).unwrap_or_else(|wrong| panic!("{wrong:?}"));
        let mut faults = DocumentFaults::new();
        let read = Knative::read(&document.bodies, &Knobs::default(), true, &mut faults);
        let errors = list(&case["expect"]["errors"]);
        assert_eq!(read.is_some(), case["expect"]["verdict"] == "accept", "{case}");
        let is_error = |fault: &&DocumentFault| fault.severity == Severity::Error;
        let mut found: Vec<&DocumentFault> = faults.as_slice().iter().filter(is_error).collect();
        for error in errors {
            let same = |fault: &&DocumentFault| {
                error["document"] == fault.document
                    && error["path"] == fault.field
                    && error["kind"] == fault.code
            };
            let at = found.iter().position(same);
            found.remove(at.unwrap_or_else(|| panic!("{error} is not among {found:?}\n{case}")));
        }
        assert!(found.is_empty(), "{found:?}\n{case}");
    }
}
