//! The HorizontalPodAutoscaler over whole sequences: documents as users have them, readings step by step, the
//! count and the conditions after each; and documents with the API server's verdict.

use super::vectors;
use autosim_engine::control::{Decision, Observation, Policy};
use autosim_engine::fault::{Faults, Severity};
use autosim_engine::signal::{Census, Reading};
use autosim_engine::units::{Span, Time, WallClock};
use autosim_policies::builtin::{PolicyContext, Recorded};
use autosim_policies::products::kubernetes::fields::{
    BAD_REQUEST, FORBIDDEN, INVALID, NO_MATCH, NOT_SUPPORTED, REQUIRED,
};
use autosim_policies::products::kubernetes_hpa::calculator::{Target, Tolerance, of_pods};
use autosim_policies::products::kubernetes_hpa::controller::{Conditions, Controller};
use autosim_policies::products::kubernetes_hpa::pods::{
    Group, Measured, Phase, Pod, Readiness, SampleTime, StartUp, Sums, Usage,
};
use autosim_policies::products::kubernetes_hpa::policy::{Scaler, rules};
use autosim_policies::products::kubernetes_hpa::{Knobs, KubernetesHpa, Model};
use autosim_policies::products::{Document, DocumentFault, DocumentFaults, Product, ProductFile};
use autosim_study::dryrun::{Question, Recording, play};
use autosim_study::scenario::{Layer, LoadOptions, Sources, load_policies};
use serde_json::Value;

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}
fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}
fn count(value: &Value) -> u32 {
    number(value) as u32
}

fn model(document: &str, knobs: &Knobs) -> Model {
    let document = Document::parse(document).unwrap_or_else(|wrong| panic!("{wrong:?}"));
    let mut faults = DocumentFaults::new();
    KubernetesHpa::read(&document.bodies, knobs, true, &mut faults)
        .unwrap_or_else(|| panic!("{:?}", faults.as_slice()))
}

fn knobs(case: &Value) -> Knobs {
    match case.get("knobs") {
        Some(knobs) => serde_json::from_value(knobs.clone()).expect("knobs"),
        None => Knobs::default(),
    }
}

fn columns(case: &Value) -> Vec<String> {
    list(&case["columns"]).iter().map(|column| text(&column["metric"]).to_owned()).collect()
}

/// Names of what is read, in the order of the readings.
fn signals(model: &Model, knobs: &Knobs, columns: &[String]) -> Vec<String> {
    let recorded = Recorded { by_rows: true, columns: columns.to_vec() };
    let context = PolicyContext {
        clock: WallClock::default(),
        concurrency: 1,
        initial: 1,
        end: Time::from_secs(86_400),
        plan: None,
        recorded,
    };
    let autoscaler = KubernetesHpa::autoscaler(model, knobs, &context);
    autoscaler.signals.iter().map(|signal| signal.name()).collect()
}

/// The time of a step in seconds.
fn at_s(case: &Value, step: usize) -> u64 {
    u64::from(count(&case["first_step_s"])) + step as u64 * u64::from(count(&case["step_s"]))
}

/// The cells of a row as they are seen at `before` replicas.
fn seen(case: &Value, step: usize, before: u32) -> Vec<Option<f64>> {
    let row = list(&case["inputs"][step]).iter();
    let cells = row.zip(list(&case["columns"])).map(|(cell, column)| {
        let value = cell.as_f64()?;
        match text(&column["kind"]) {
            "total" => (before > 0).then(|| value / f64::from(before)),
            "seen" | "count" => Some(value),
            kind => panic!("{kind}"),
        }
    });
    cells.collect()
}

/// The count that a step starts from.
fn before(case: &Value, step: usize) -> u32 {
    let column = columns(case).iter().position(|name| name == "replicas");
    let edited = column.map(|at| &case["inputs"][step][at]).filter(|cell| !cell.is_null());
    match (edited, step) {
        (Some(edited), _) => count(edited),
        (None, 0) => count(&case["initial_replicas"]),
        (None, step) => count(&case["expected"][step - 1]),
    }
}

/// Each condition's reason after every step; `None` = it was never set.
fn reasons(case: &Value, condition: &str) -> Vec<Option<String>> {
    let runs = list(&case["reasons"][condition]).iter();
    let each = runs.flat_map(|run| {
        let reason = run[0].as_str().map(str::to_owned);
        std::iter::repeat_n(reason, count(&run[1]) as usize)
    });
    let mut all: Vec<Option<String>> = each.collect();
    all.resize(list(&case["expected"]).len(), None);
    all
}

fn judge(case: &Value, decisions: &[(u32, Conditions)]) {
    let expected: Vec<u32> = list(&case["expected"]).iter().map(count).collect();
    let counts: Vec<u32> = decisions.iter().map(|(count, _)| *count).collect();
    assert_eq!(counts, expected, "{} {}", case["id"], case["title"]);
    let of = |reason: &dyn Fn(&Conditions) -> Option<String>| -> Vec<Option<String>> {
        decisions.iter().map(|(_, conditions)| reason(conditions)).collect()
    };
    for (condition, found) in [
        ("AbleToScale", of(&|one| one.able.map(|reason| reason.to_string()))),
        ("ScalingActive", of(&|one| one.active.map(|reason| reason.to_string()))),
        ("ScalingLimited", of(&|one| one.limited.map(|reason| reason.to_string()))),
        ("ScaledToZero", of(&|one| one.at_zero.map(|reason| reason.to_string()))),
    ] {
        assert_eq!(found, reasons(case, condition), "{condition} of {}", case["id"]);
    }
}

fn outcome(decision: &Decision) -> (u32, Conditions) {
    (decision.desired, Conditions::unpack(decision.state))
}

fn stepped(case: &Value) {
    let knobs = knobs(case);
    let (mut model, columns) = (model(text(&case["document"]), &knobs), columns(case));
    let mut scaler = Scaler::new(&model, &knobs, &columns);
    let mut updates = list(&case["updates"]).iter().peekable();
    let mut decisions = Vec::new();
    for step in 0..list(&case["expected"]).len() {
        let now = Time::from_secs(at_s(case, step));
        while let Some(update) = updates.next_if(|one| number(&one["at_s"]) <= now.as_secs_f64()) {
            model = self::model(text(&update["document"]), &knobs);
            scaler.adopt(&model, &knobs);
        }
        let before = before(case, step);
        let cells = seen(case, step, before);
        let readings: Vec<Reading> = signals(&model, &knobs, &columns)
            .iter()
            .map(|name| {
                let at = columns.iter().position(|column| column == name).expect("a column");
                Reading { value: cells[at], at: now }
            })
            .collect();
        let census = Census { ready: before, ..Census::default() };
        let seen = Observation::new(now, census, before, &readings);
        decisions.push(outcome(&scaler.observe(&seen)));
    }
    judge(case, &decisions);
}

#[test]
fn sequences_decide_the_same_pass_by_pass_with_their_conditions() {
    let Some(file) = vectors("k8s_closed_loop", "hpa.json") else { return };
    let cases = list(&file["cases"]);
    cases.iter().for_each(stepped);
    assert_eq!(cases.len(), 27);
}

/// The same as a user would ask it: a recording, row by row.
fn played(case: &Value) {
    let columns = columns(case);
    let mut csv = String::from("time_s,replicas");
    let own: Vec<usize> = (0..columns.len()).filter(|&at| columns[at] != "replicas").collect();
    own.iter().for_each(|&at| csv += &format!(",{}", columns[at]));
    for step in 0..list(&case["expected"]).len() {
        let before = before(case, step);
        csv += &format!("\n{},{before}", at_s(case, step));
        let cells = seen(case, step, before);
        for &at in &own {
            let cell = cells[at].map_or_else(String::new, |value| value.to_string());
            csv += &format!(",{cell}");
        }
    }
    let file = ProductFile::of_files("kubernetes-hpa", vec!["hpa.yaml".to_owned()], true);
    assert!(file.is_some());
    let mut layers =
        vec![Layer::policies("a test", "[policies.own.kubernetes-hpa]\ndocument = 'hpa.yaml'\n")];
    for (knob, value) in case["knobs"].as_object().into_iter().flatten() {
        let path = format!("policies.own.kubernetes-hpa.knobs.{knob}");
        layers.push(Layer::value("a test", &path, &value.to_string()));
    }
    let options = LoadOptions {
        layers,
        documents: vec![("hpa.yaml".to_owned(), text(&case["document"]).to_owned())],
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
        as_readings: true,
    };
    let run = play(&question, &mut faults).unwrap_or_else(|| panic!("{:?}", faults.as_slice()));
    let decisions: Vec<_> = run.answers.iter().map(|answer| outcome(&answer.decision)).collect();
    judge(case, &decisions);
}

#[test]
fn recordings_of_the_same_sequences_are_answered_the_same() {
    let Some(file) = vectors("k8s_closed_loop", "hpa.json") else { return };
    let cases = list(&file["cases"]).iter().filter(|case| case.get("updates").is_none());
    assert_eq!(cases.clone().count(), 26);
    cases.for_each(played);
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
fn pod_by_pod(case: &Value) {
    let knobs = knobs(case);
    let model = model(text(&case["document"]), &knobs);
    let seconds = |count: u32| Span::from_secs(u64::from(count));
    let start_up = StartUp {
        initialization: seconds(knobs.cpu_initialization_period_s),
        readiness_delay: seconds(knobs.initial_readiness_delay_s),
    };
    let mut controller = Controller::new(rules(&model, &knobs));
    let tolerance = Tolerance { up: 0.1, down: 0.1, closed: true };
    let names = columns(case);
    let mut decisions = Vec::new();
    for step in 0..list(&case["expected"]).len() {
        let before = before(case, step) as i32;
        let mut metrics = Vec::new();
        for metric in &model.hpa.metrics {
            let cpu = (metric.name == "cpu").then_some(&start_up);
            let pods = pods(case, step, &metric.column());
            let measured: Vec<Measured> = pods
                .iter()
                .map(|&(pod, usage)| Measured {
                    group: Some(pod.group(cpu)),
                    usage,
                    request: Some(200),
                })
                .collect();
            if metric.name == "cpu" {
                let row = &case["inputs"][step];
                let told = |name: &str| {
                    let at = names.iter().position(|known| known == name);
                    at.map_or(0, |at| count(&row[at]))
                };
                let of =
                    |group| measured.iter().filter(|one| one.group == Some(group)).count() as u32;
                let unready = told("pods_pending") + told("pods_initializing");
                let counts = (of(Group::Unready), of(Group::Missing));
                assert_eq!(counts, (unready, told("pods_missing")), "{} {step}", case["id"]);
            }
            let target = Target::Utilization(60);
            let sums = Sums::of(&measured, target);
            metrics.push(sums.and_then(|sums| of_pods(&sums, target, before, &tolerance)));
        }
        let now = Time::from_secs(at_s(case, step));
        let count = controller.pass(now, before, &metrics, &mut |_, to| to);
        decisions.push((count as u32, controller.conditions));
    }
    judge(case, &decisions);
}

#[test]
fn pods_one_by_one_give_the_same_answers() {
    let Some(file) = vectors("k8s_closed_loop", "hpa.json") else { return };
    let cases = list(&file["cases"]).iter().filter(|case| case.get("pods").is_some());
    assert_eq!(cases.clone().count(), 2);
    cases.for_each(pod_by_pod);
}

/// Document, path and kind of a refusal, as the vectors have them.
fn refusal(fault: &DocumentFault) -> (usize, String, &'static str) {
    let kind = match fault.code.as_str() {
        REQUIRED => "Required",
        INVALID => "Invalid",
        NOT_SUPPORTED => "NotSupported",
        FORBIDDEN => "Forbidden",
        NO_MATCH => "NoMatch",
        BAD_REQUEST if fault.message.contains("unknown field") => "UnknownField",
        BAD_REQUEST => "Decode",
        code => panic!("{code}"),
    };
    (fault.document, fault.field.clone(), kind)
}

fn read(text: &str, strict: bool) -> Result<Vec<DocumentFault>, String> {
    let document = Document::parse(text).map_err(|wrong| wrong.message)?;
    let mut faults = DocumentFaults::new();
    KubernetesHpa::read(&document.bodies, &Knobs::default(), strict, &mut faults);
    // Which of several is simulated is ours to ask.
    Ok(faults.into_vec().into_iter().filter(|fault| !fault.is_incompleteness()).collect())
}

#[test]
fn documents_are_taken_and_refused_at_the_same_places() {
    let Some(file) = vectors("k8s_closed_loop", "documents.json") else { return };
    let is_own = |case: &&Value| {
        let text = text(&case["text"]);
        text.contains("kind: HorizontalPodAutoscaler") && !text.contains("ScaledObject")
    };
    let cases: Vec<&Value> = list(&file["cases"]).iter().filter(is_own).collect();
    assert_eq!(cases.len(), 22);
    for case in cases {
        let (expect, errors) = (&case["expect"], list(&case["expect"]["errors"]));
        let faults = match read(text(&case["text"]), true) {
            Ok(faults) => faults,
            Err(message) => {
                assert_eq!((errors.len(), text(&errors[0]["kind"])), (1, "Syntax"), "{case}");
                assert!(message.contains(text(&errors[0]["text"])), "{message}\n{case}");
                continue;
            }
        };
        let is_error = |fault: &&DocumentFault| fault.severity == Severity::Error;
        let mut found: Vec<_> = faults.iter().filter(is_error).map(refusal).collect();
        for error in errors {
            let kinds = text(&error["kind"]).split('|').collect::<Vec<_>>();
            let same = |(document, path, kind): &(usize, String, &str)| {
                error["document"] == *document && error["path"] == *path && kinds.contains(kind)
            };
            let at = found.iter().position(same);
            found.remove(at.unwrap_or_else(|| panic!("{error} is not among {found:?}\n{case}")));
        }
        assert!(found.is_empty(), "{found:?}\n{case}");
        let lenient = read(text(&case["text"]), false).expect("a document");
        if expect["strict_only"] == true || case["strict_only"] == true {
            assert!(!lenient.iter().any(|fault| is_error(&fault)), "{lenient:?}");
            let path = text(&errors[0]["path"]);
            assert!(lenient.iter().any(|fault| fault.field == path), "{lenient:?}");
        }
        let warned = lenient.iter().any(|fault| fault.severity == Severity::Warning);
        assert!(warned || expect["warning"] != true, "{case}");
        if expect["verdict"] == "accept" {
            let bodies = Document::parse(text(&case["text"])).expect("a document").bodies;
            let own = bodies.iter().filter(|one| one["kind"] == "HorizontalPodAutoscaler");
            let own: Vec<Value> =
                own.map(|one| serde_json::json!([one["kind"], one["metadata"]["name"]])).collect();
            assert_eq!(own, list(&expect["objects"]), "{case}");
        }
    }
}
