//! Autoscalers of Kubernetes over whole sequences: documents as users have them, readings step by step, the count and
//! what is said after each; the same as recordings; and documents with the platform's verdict.

mod documents;
mod hpa;
mod keda;
mod knative;

use super::vectors;
use autosim_engine::control::Decision;
use autosim_engine::fault::Faults;
use autosim_engine::units::{Time, WallClock};
use autosim_policies::builtin::{PolicyContext, Recorded};
use autosim_policies::products::kubernetes_hpa::controller::Conditions;
use autosim_policies::products::{Document, DocumentFaults, Product};
use autosim_study::dryrun::{DryRun, Question, Recording, play};
use autosim_study::scenario::{Layer, LoadOptions, PolicyChoice, Sources, load_policies};
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

/// A product that is stepped through sequences.
trait Stepped: Sized {
    type Product: Product;
    /// What is told after each step, by the names the vectors have.
    const TOLD: &'static [&'static str];
    /// Where the vectors have it.
    const KEY: &'static str;

    /// Before the first step.
    fn of(case: &Case<'_, Self>) -> Self;
    /// The documents are these from `now` on.
    fn adopt(&mut self, model: Model<Self>, now: Time);
    /// The count after a step, and what is told.
    fn step(&mut self, case: &Case<'_, Self>, step: usize) -> Told;
}

type Model<S> = <<S as Stepped>::Product as Product>::Model;
type Knobs<S> = <<S as Stepped>::Product as Product>::Knobs;
/// A count, and what is told with it.
type Told = (u32, Vec<Value>);

/// One sequence.
struct Case<'c, S: Stepped> {
    value: &'c Value,
    knobs: Knobs<S>,
    columns: Vec<String>,
}

impl<'c, S: Stepped> Case<'c, S> {
    fn new(value: &'c Value) -> Self {
        let knobs = value.get("knobs").map_or_else(Knobs::<S>::default, |knobs| {
            serde_json::from_value(knobs.clone()).expect("knobs")
        });
        let columns = list(&value["columns"]).iter();
        let columns = columns.map(|column| text(&column["metric"]).to_owned()).collect();
        Self { value, knobs, columns }
    }

    fn model(&self, document: &Value) -> Model<S> {
        let document = Document::parse(text(document)).unwrap_or_else(|wrong| panic!("{wrong:?}"));
        let mut faults = DocumentFaults::new();
        S::Product::read(&document.bodies, &self.knobs, true, &mut faults)
            .unwrap_or_else(|| panic!("{:?}", faults.as_slice()))
    }

    fn initial(&self) -> u32 {
        count(&self.value["initial_replicas"])
    }

    fn steps(&self) -> usize {
        list(&self.value["expected"]).len()
    }

    /// The time of a step in seconds.
    fn at_s(&self, step: usize) -> u64 {
        let of = |key: &str| u64::from(count(&self.value[key]));
        of("first_step_s") + step as u64 * of("step_s")
    }

    fn at(&self, step: usize) -> Time {
        Time::from_secs(self.at_s(step))
    }

    /// The cell of a row in the column of that name.
    fn cell(&self, step: usize, column: &str) -> Option<&'c Value> {
        let at = self.columns.iter().position(|name| name == column)?;
        Some(&self.value["inputs"][step][at])
    }

    /// The count that a step starts from.
    fn before(&self, step: usize) -> u32 {
        let edited = self.cell(step, "replicas").filter(|cell| !cell.is_null());
        match (edited, step) {
            (Some(edited), _) => count(edited),
            (None, 0) => self.initial(),
            (None, step) => count(&self.value["expected"][step - 1]),
        }
    }

    /// The cells of a row as they are seen at `before` replicas.
    fn seen(&self, step: usize, before: u32) -> Vec<Option<f64>> {
        let row = list(&self.value["inputs"][step]).iter();
        let cells = row.zip(list(&self.value["columns"])).map(|(cell, column)| {
            let value = cell.as_f64()?;
            match text(&column["kind"]) {
                "total" => (before > 0).then(|| value / f64::from(before)),
                "seen" | "count" => Some(value),
                kind => panic!("{kind}"),
            }
        });
        cells.collect()
    }

    /// Names of what is read, in the order of the readings.
    fn signals(&self, model: &Model<S>) -> Vec<String> {
        let recorded = Recorded { by_rows: true, columns: self.columns.clone() };
        let context = PolicyContext {
            clock: WallClock::default(),
            concurrency: 1,
            initial: 1,
            end: Time::from_secs(86_400),
            plan: None,
            recorded,
            replication: 0,
            explains: true,
        };
        let autoscaler = S::Product::autoscaler(model, &self.knobs, &context);
        autoscaler.signals.iter().map(|signal| signal.name()).collect()
    }

    /// What is told after every step; null where nothing is.
    fn told(&self, name: &str) -> Vec<Value> {
        let runs = list(&self.value[S::KEY][name]).iter();
        let each =
            runs.flat_map(|run| std::iter::repeat_n(run[0].clone(), count(&run[1]) as usize));
        let mut all: Vec<Value> = each.collect();
        all.resize(self.steps(), Value::Null);
        all
    }

    fn judge(&self, found: &[Told]) {
        let expected: Vec<u32> = list(&self.value["expected"]).iter().map(count).collect();
        let counts: Vec<u32> = found.iter().map(|(count, _)| *count).collect();
        assert_eq!(counts, expected, "{} {}", self.value["id"], self.value["title"]);
        for (at, name) in S::TOLD.iter().enumerate() {
            for (step, (found, expected)) in found.iter().zip(self.told(name)).enumerate() {
                let told = &found.1[at];
                let same =
                    *told == expected || told.is_number() && told.as_f64() == expected.as_f64();
                assert!(same, "{name} of {} at step {step}: {told}", self.value["id"]);
            }
        }
    }

    /// Step by step, with every update of the documents.
    fn stepped(&self) {
        let mut it = S::of(self);
        let mut updates = list(&self.value["updates"]).iter().peekable();
        let mut found = Vec::new();
        for step in 0..self.steps() {
            let now = self.at(step);
            let due = |one: &&Value| number(&one["at_s"]) <= now.as_secs_f64();
            while let Some(update) = updates.next_if(due) {
                it.adopt(self.model(&update["document"]), now);
            }
            found.push(it.step(self, step));
        }
        self.judge(&found);
    }

    /// A row of CSV: its time, the count it starts from if that is told, what is seen.
    fn row(&self, at_s: u64, step: usize, open: bool) -> String {
        let before = self.before(step);
        let replicas = if open { format!(",{before}") } else { String::new() };
        let cells = self.seen(step, before).into_iter().zip(&self.columns);
        let cells = cells
            .filter(|(_, name)| *name != "replicas")
            .map(|(cell, _)| cell.map_or_else(|| ",".to_owned(), |value| format!(",{value}")));
        format!("\n{at_s}{replicas}{}", cells.collect::<String>())
    }

    /// What a recording begins with.
    fn header(&self, open: bool) -> String {
        let own = self.columns.iter().filter(|name| *name != "replicas");
        let own: String = own.map(|name| format!(",{name}")).collect();
        format!("time_s{}{own}", if open { ",replicas" } else { "" })
    }

    /// The same as a user would ask it: a recording. With the policy that answers.
    fn played(&self, csv: &str, as_readings: bool) -> (DryRun, PolicyChoice) {
        let kind = S::Product::KIND;
        let table = format!("[policies.own.{kind}]\ndocument = 'own.yaml'\n");
        let mut layers = vec![Layer::policies("a test", table)];
        for (knob, value) in self.value["knobs"].as_object().into_iter().flatten() {
            let path = format!("policies.own.{kind}.knobs.{knob}");
            layers.push(Layer::value("a test", &path, &value.to_string()));
        }
        let options = LoadOptions {
            layers,
            documents: vec![("own.yaml".to_owned(), text(&self.value["document"]).to_owned())],
            ..LoadOptions::default()
        };
        let (policies, _) = load_policies(Sources::new("a test", ""), &options)
            .unwrap_or_else(|found| panic!("{}", found.render(false)));
        let policy = policies[0].spec.clone();
        let mut faults = Faults::new();
        let start = self.value["start_utc"].as_str();
        let recording = Recording::read(csv, start, &mut faults)
            .unwrap_or_else(|| panic!("{:?}\n{csv}", faults.as_slice()));
        let question = Question {
            policy: &policy,
            recording: &recording,
            initial: Some(self.initial()),
            as_readings,
        };
        let run = play(&question, &mut faults).unwrap_or_else(|| panic!("{:?}", faults.as_slice()));
        (run, policy)
    }

    /// Row by row; `open`: with the count each starts from.
    fn rows(&self, open: bool) -> String {
        let rows = (0..self.steps()).map(|step| self.row(self.at_s(step), step, open));
        self.header(open) + &rows.collect::<String>()
    }
}

/// Every sequence of a file.
fn for_each<S: Stepped>(file: &str, number: usize, ask: impl Fn(&Case<'_, S>)) {
    let Some(file) = vectors("k8s_closed_loop", file) else { return };
    let cases = list(&file["cases"]);
    cases.iter().for_each(|case| ask(&Case::new(case)));
    assert_eq!(cases.len(), number);
}

/// A reason as the vectors have it.
fn reason(of: Option<impl ToString>) -> Value {
    of.map_or(Value::Null, |reason| reason.to_string().into())
}

/// The conditions of an autoscaler after a decision.
fn conditions(decision: &Decision) -> [Value; 4] {
    let of = Conditions::unpack(decision.state);
    [reason(of.able), reason(of.active), reason(of.limited), reason(of.at_zero)]
}
