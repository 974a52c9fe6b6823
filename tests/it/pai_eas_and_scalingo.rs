//! PAI-EAS and Scalingo from outside: the samples printed in their API references, and their scenarios.
//! The references are not part of the project: `AUTOSIM_SHARED` names the folder that holds them (default:
//! `shared` beside the project); a test whose file is absent says so.

use autosim_policies::products::pai_eas::{self, PaiEas};
use autosim_policies::products::scalingo::{self, Scalingo};
use autosim_policies::products::{Document, DocumentFaults, Product};
use autosim_study::experiment::{self, Comparison, Figure, RunOptions, Silent};
use autosim_study::scenario::{LoadOptions, Sources, load};
use serde_json::{Value, json};
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// The text of a reference, if it is there.
fn reference(test: &str, file: &str) -> Option<String> {
    let shared = std::env::var_os("AUTOSIM_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared")),
        Into::into,
    );
    let text = std::fs::read_to_string(shared.join("seeds").join(file)).ok();
    if text.is_none() {
        // Not printed but written: the test harness swallows what passing tests print.
        let line = format!("skipped: {test}: {file} absent (AUTOSIM_SHARED names its folder)\n");
        let _ = std::io::stderr().write_all(line.as_bytes());
    }
    text
}

/// The JSON samples of a page: from a line that opens a brace to the one that closes it, as printed.
fn samples(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut open: Option<(String, i32)> = None;
    for line in text.lines() {
        let start = line.trim_start().trim_start_matches('\'');
        if open.is_none() && start == "{" {
            open = Some((String::new(), 0));
        }
        let Some((sample, depth)) = &mut open else { continue };
        let line = if sample.is_empty() { start } else { line };
        *depth += line.matches(['{', '[']).count() as i32 - line.matches(['}', ']']).count() as i32;
        sample.push_str(line.trim_end_matches('\''));
        sample.push('\n');
        if *depth == 0 {
            found.extend(open.take().map(|(sample, _)| sample));
        }
    }
    found
}

/// What a product says to one sample: its export, and its faults as `status field: message`.
fn read<V: Product>(sample: &str, knobs: &V::Knobs) -> (Option<Vec<Value>>, Vec<String>) {
    let line = |fault: &autosim_policies::products::DocumentFault| {
        let status = fault.status.map_or_else(|| "-".to_owned(), |status| status.to_string());
        format!("{status} {}: {}", fault.field, fault.message)
    };
    let document = match Document::parse(sample) {
        Ok(document) => document,
        Err(wrong) => return (None, vec![line(&V::unreadable(&wrong.message))]),
    };
    let mut faults = DocumentFaults::new();
    let model = V::read(&document.bodies, knobs, false, &mut faults);
    (model.map(|model| V::export(&model)), faults.as_slice().iter().map(line).collect())
}

#[test]
fn samples_of_scalingo() {
    let Some(text) = reference("samples of Scalingo", "002_282b22f93879e389.txt") else { return };
    let samples = samples(&text);
    let knobs = scalingo::Knobs::default();
    let created = json!({"autoscaler": {
        "container_type": "web", "min_containers": 3, "max_containers": 7,
        "metric": "rpm_per_container", "target": 150,
    }});
    assert_eq!(samples.len(), 7, "{samples:#?}");
    // The attributes, the list, the creation, its answer, and the answer of Get.
    for sample in &samples[..5] {
        let expected = (Some(vec![created.clone()]), Vec::new());
        assert_eq!(read::<Scalingo>(sample, &knobs), expected, "{sample}");
    }
    // The update as printed, and without the comma too many.
    let (none, faults) = read::<Scalingo>(&samples[5], &knobs);
    assert_eq!((none, faults.len()), (None, 1));
    let begins = "400 : There was a problem in the JSON you submitted: ";
    assert!(faults[0].starts_with(begins), "{faults:?}");
    let (none, faults) = read::<Scalingo>(&samples[5].replace("10,", "10"), &knobs);
    assert_eq!(none, None);
    assert_eq!(faults, ["422 min_containers: must be at least set to 2"]);
    // Its answer: an autoscaler from a time when one container was enough.
    let (old, faults) = read::<Scalingo>(&samples[6], &knobs);
    assert_eq!(old.unwrap()[0]["autoscaler"]["min_containers"], 2, "today's least");
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].starts_with("- min_containers: "), "{faults:?}");
}

#[test]
fn facts_of_pai_eas() {
    let Some(text) = reference("facts of PAI-EAS", "000_8e0c8d4b88a36d5c.txt") else { return };
    let number = |part: &str| -> String { part.chars().take_while(char::is_ascii_digit).collect() };
    let printed: Vec<String> = text.split("Default value: ").skip(1).map(number).collect();
    let least = r#"{"min":2,"max":8,
        "scaleStrategies":[{"metricName":"qps","threshold":10,"service":"demo_svc"}]}"#;
    let document = Document::parse(least).unwrap();
    let knobs = pai_eas::Knobs::default();
    let mut faults = DocumentFaults::new();
    let model = PaiEas::read(&document.bodies, &knobs, true, &mut faults).unwrap();
    let defaults = PaiEas::defaults(&model);
    let defaults: Vec<String> = defaults.iter().map(|one| one.value.to_string()).collect();
    assert_eq!(printed, defaults);
    for metric in ["qps", "cpu", "gpu[util]"] {
        assert!(text.contains(&format!("{metric}: ")), "{metric}");
        assert!(pai_eas::MetricName::named(metric).is_some_and(pai_eas::MetricName::in_api));
    }
    // The only sample of the page is an answer, not a document.
    let [answer] = &samples(&text)[..] else { panic!("one sample") };
    assert!(PaiEas::likeness(&serde_json::from_str(answer).unwrap()).is_none());
}

/// A scenario of the folder `scenarios/products`, or one written here, run once.
fn run(name: &str, text: Option<String>) -> Comparison {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("scenarios/products");
    let file = format!("{name}.toml");
    let text = text.unwrap_or_else(|| std::fs::read_to_string(folder.join(&file)).unwrap());
    let options = LoadOptions { folder, fallback_name: name.into(), ..LoadOptions::default() };
    let mut loaded = match load(Sources::new(file, text), &options) {
        Ok(loaded) => loaded,
        Err(findings) => panic!("{}", findings.render(false)),
    };
    loaded.scenario.replications = 1;
    let options = RunOptions {
        jobs: 2,
        all_timelines: false,
        all_decisions: false,
        limits: &[],
        cancel: &Arc::new(AtomicBool::new(false)),
    };
    let results = experiment::run(&loaded.scenario, &options, &Silent).unwrap();
    Comparison::of(&results)
}

fn figure(comparison: &Comparison, policy: &str, figure: Figure) -> f64 {
    let compared = comparison.policies.iter().find(|one| one.name == policy).unwrap();
    compared.estimate(figure).unwrap_or_else(|| panic!("{policy} has no {}", figure.column())).mean
}

#[test]
fn sleeping_is_cheaper_and_the_first_to_come_wait() {
    let story = run("pai-eas", None);
    let of = |policy, which| figure(&story, policy, which);
    let saved = of("eas", Figure::Cost) / of("eas-min-1", Figure::Cost);
    assert!((0.7..0.9).contains(&saved), "{saved}");
    assert!(of("eas", Figure::ColdStarts) > of("eas-min-1", Figure::ColdStarts));
    assert!(of("eas", Figure::SloLatency) > 10_000.0);
    assert!(of("eas-min-1", Figure::SloLatency) < 3000.0);
}

#[test]
fn following_is_as_cheap_and_in_time() {
    let story = run("pai-eas-follows", None);
    let of = |policy, which| figure(&story, policy, which);
    let p99 = ["own", "follows", "both"].map(|policy| of(policy, Figure::LatencyP99));
    assert!(p99[0] > 10.0 * p99[1] && p99[2] < 2000.0, "{p99:?}");
    let hours = ["own", "follows"].map(|policy| of(policy, Figure::BilledHours));
    assert!(hours[1] < 1.1 * hours[0], "{hours:?}");
}

#[test]
fn response_time_is_watched_too_late() {
    let story = run("scalingo", None);
    let p99 =
        ["rpm", "rpm-one-by-one", "p95"].map(|policy| figure(&story, policy, Figure::LatencyP99));
    assert!(p99[0] < p99[1] && p99[1] < 1000.0 && p99[2] > 1000.0, "{p99:?}");
}

#[test]
fn a_container_that_boots_for_long_brings_another_unless_it_is_counted() {
    let policy = |name: &str, counted: bool| {
        format!(
            "[policies.{name}.scalingo]\nknobs.count_booting = {counted}\n\
             [policies.{name}.scalingo.body.autoscaler]\ncontainer_type = 'web'\n\
             min_containers = 3\nmax_containers = 7\nmetric = 'rpm_per_container'\ntarget = 170\n"
        )
    };
    let text = format!(
        "duration = '15m'\n[workload.arrivals.main.poisson]\nrate = '10/s'\n\
         [service]\nconcurrency = 5\n[replica]\ncold_start.constant = '90s'\n{}{}",
        policy("running", false),
        policy("counted", true)
    );
    let story = run("boot", Some(text));
    let peaks = ["running", "counted"].map(|policy| figure(&story, policy, Figure::PeakReplicas));
    assert_eq!(peaks, [5.0, 4.0]);
}
