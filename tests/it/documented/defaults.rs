//! Every default that a document states is the default: a scenario that writes it is the scenario that
//! does not, and one that writes another value is another scenario.

use super::{pages, root};
use crate::house::tree::File;
use autosim_engine::simulation::{self, DecisionLog, Detail};
use autosim_study::scenario::{
    Absent, Key, LoadOptions, Recipe, Reference, Scenario, Section, Sources, load,
};
use std::collections::BTreeSet;
use toml::{Table, Value};

/// Defaults that are no value of their key, in the words of the reference.
const NO_VALUE: &[&str] = &[
    "0% to 100%",
    "30% to 80%",
    "`cooldown`",
    "`keep` for requests, `uniform` for counts and for requests whose format cuts times to seconds, `poisson` for rates",
    "`web` if it has one, else the type of the first autoscaler",
    "`requests_per_s`, `ongoing_requests`, `cpu_percent`",
    "the metric's name",
    "a round one that makes at most 720 of them",
    "all are in force from the start",
    "all of `periods`",
    "all that the policy sees",
    "as its format has them",
    "as long as the trace, or one hour",
    "as many as the plan asks for",
    "as the document's own status says, else not checked",
    "as the product's document says, else 25%",
    "each policy's own minimum; for `fixed` its count",
    "that of recorded traffic, else none",
    "for ever",
    "from the trace, else exponential with mean 100 ms",
    "it goes by the rate",
    "it is not rounded",
    "memory 30%, GPU 0%",
    "memory 80%, GPU 100%",
    "no difference",
    "no limit",
    "no notice",
    "no quota",
    "none fails by itself",
    "none, no limit",
    "one for each slot",
    "one gap after the source begins",
    "one per request",
    "that of the scenario's start",
    "the cheapest one that keeps the SLO",
    "the file's name",
    "the initial fleet",
    "the only one",
    "the service's",
    "the usual distance between rows",
    "they do not",
    "told by the size of the first",
    "told from its first lines",
    "until another entry starts",
    "until they are done",
    "without limits",
];

/// Keys that only reading a file shows, of which no shipped recording shows another value.
const SHOWN_BY_NO_SCENARIO: &[&str] =
    &["replay.memory_limit_bytes", "replay.missing", "replay.zone"];

/// What must stand beside the keys of a section, as a scenario; NAME is a name.
const BESIDE: &[(&str, &str)] = &[
    ("poisson", "workload.arrivals.NAME.poisson.rate = '5/s'"),
    (
        "closed-loop",
        "workload.arrivals.NAME.closed-loop = { users = 2, think = { constant = '1s' } }",
    ),
    ("client", "client.timeout = '2s'"),
    ("clairvoyant", "policies.NAME.clairvoyant = {}\nslo.latency = 'p99 < 1s'"),
    ("rollouts", "rollouts = [{ at = '5m' }]"),
    ("outages", "outages = [{ at = '5m', kill = 1 }]"),
    (
        "slowdowns",
        "service.cpu = '50%'\nslowdowns = [{ at = '5m', lasts = '1m', factor = 2 }]\npolicies.NAME.fixed.replicas = 9",
    ),
    ("renewal", "workload.arrivals.NAME.renewal.gaps.constant = '1s'"),
    (
        "mmpp",
        "workload.arrivals.NAME.mmpp.states = [{ rate = '1/s', dwell = '1m' }, { rate = '9/s', dwell = '1m' }]",
    ),
    (
        "profile",
        "workload.arrivals.NAME.profile = { mean = '1/s', hours = [1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,2] }",
    ),
    (
        "sinusoid",
        "workload.arrivals.NAME.sinusoid = { mean = '5/s', amplitude = '2/s', period = '5m' }",
    ),
    (
        "levels",
        "workload.arrivals.NAME.levels.points = [{ at = '0s', rate = '5/s' }, { at = '5m', rate = '9/s' }]",
    ),
    (
        "spike",
        "workload.arrivals.NAME.spike = { at = '1m', height = '9/s', rise = '9s', hold = '9s', fall = '9s' }",
    ),
    ("on-off", "workload.arrivals.NAME.on-off = { rate = '9/s', on = '10s', off = '20s' }"),
    ("preset", "workload.arrivals.NAME.preset.name = 'llm-chat-smooth'"),
    ("replay", "workload.arrivals.NAME.replay.file = 'traces/web-week.csv.gz'"),
    (
        "replay.service_time_linear",
        "workload.arrivals.NAME.replay = { file = 'traces/bursty-chat.csv.gz', service_time_linear.per = { service_time_s = '1ms' } }",
    ),
    ("service.sharing", "service.discipline = 'sharing'\nservice.balancing = 'random'"),
    (
        "service.queue",
        "service.queue.capacity = 9\nworkload.priorities.NAME = 1\nworkload.arrivals = { NAME.poisson.rate = '9/s', OTHER.poisson.rate = '1/s' }",
    ),
    ("replica.failures", "replica.failures.lifetime.exponential.mean = '1h'"),
    (
        "client.retries",
        "client.timeout = '2s'\nclient.retries = { budget = '10%', delay = '1s', jitter = '50%', factor = 2 }",
    ),
    (
        "target-tracking",
        "policies.NAME.target-tracking = { metric = 'cpu', target = '60%', max = 9 }",
    ),
    (
        "target-tracking.scale_up_limit",
        "policies.NAME.target-tracking = { metric = 'cpu', target = '60%', max = 9, scale_up_limit = { count = 4, percent = '100%', per = '15s' } }",
    ),
    (
        "threshold",
        "policies.NAME.threshold = { metric = 'cpu', max = 9, cooldown = '2m', rules = [{ when = '> 70%', change = '+1' }, { when = '< 30%', change = '-1' }] }",
    ),
    (
        "threshold.rules",
        "policies.NAME.threshold = { metric = 'cpu', max = 9, rules = [{ when = '> 70%', change = '+1', periods = 2 }] }",
    ),
    ("scheduled", "policies.NAME.scheduled.entries = [{ at = '5m', replicas = 3 }]"),
    (
        "scheduled.entries",
        "policies.NAME.scheduled.entries = [{ from = '00:01', to = '00:05', replicas = 3 }]",
    ),
    (
        "scale-to-zero",
        "policies.NAME.scale-to-zero.policy.target-tracking = { metric = 'cpu', target = '60%', max = 9 }",
    ),
    ("pid", "policies.NAME.pid = { metric = 'cpu', target = '60%', max = 9 }"),
    ("staffing", STAFFING),
    (
        "react",
        "policies.NAME.staffing = { method.react = {}, sizing.capacity.per_replica = '5/s', max = 9 }",
    ),
    (
        "hist",
        "policies.NAME.staffing = { method.hist = {}, sizing.capacity.per_replica = '5/s', max = 9 }",
    ),
    (
        "reg",
        "policies.NAME.staffing = { method.reg = {}, sizing.capacity.per_replica = '5/s', max = 9 }",
    ),
    (
        "moving-window",
        "policies.NAME.staffing = { method.moving-window = {}, sizing.capacity.per_replica = '5/s', max = 9 }",
    ),
    (
        "linear-regression",
        "policies.NAME.staffing = { method.linear-regression = {}, sizing.capacity.per_replica = '5/s', max = 9 }",
    ),
    (
        "holt-winters",
        "policies.NAME.staffing = { method.holt-winters = {}, sizing.capacity.per_replica = '5/s', max = 9 }",
    ),
    (
        "autoscale",
        "policies.NAME.staffing = { method.autoscale = {}, sizing.capacity.per_replica = '5/s', max = 9 }",
    ),
    ("capacity", STAFFING),
    (
        "square-root",
        "policies.NAME.staffing = { method.reactive = {}, sizing.square-root.service_time = '1s', max = 9 }",
    ),
    (
        "erlang-c",
        "policies.NAME.staffing = { method.reactive = {}, sizing.erlang-c.service_time = '1s', max = 9 }",
    ),
    ("keep-alive", "policies.NAME.keep-alive.idle_expiry.constant = '1m'"),
    (
        "combine",
        "policies.NAME.combine.policies = { a.fixed.replicas = 2, b.target-tracking = { metric = 'cpu', target = '60%', max = 9 } }",
    ),
    (
        "stdio",
        "policies.NAME.stdio = { command = ['sh', 'examples/stdio/policy.sh'], max = 9, observes = [{ metric = 'ongoing_requests' }] }",
    ),
    (
        "stdio.observes",
        "policies.NAME.stdio = { command = ['sh', 'examples/stdio/policy.sh'], max = 9, observes = [{ metric = 'ongoing_requests' }] }",
    ),
    ("pai-eas", "policies.NAME.pai-eas.document = 'scenarios/policies/pai-eas.json'"),
    ("sae", "policies.NAME.sae.document = 'scenarios/policies/sae.json'"),
    ("scaleway", "policies.NAME.scaleway.document = 'scenarios/policies/scaleway.json'"),
    ("scalingo", "policies.NAME.scalingo.document = 'scenarios/policies/scalingo.json'"),
    ("keda", "policies.NAME.keda.document = 'scenarios/policies/keda.yaml'"),
    ("knative", "policies.NAME.knative.document = 'scenarios/policies/knative.yaml'"),
    (
        "kubernetes-hpa",
        "policies.NAME.kubernetes-hpa.document = 'scenarios/policies/kubernetes-hpa.yaml'",
    ),
    ("ray-serve", "policies.NAME.ray-serve.document = 'scenarios/policies/ray-serve.yaml'"),
];

/// The plainest way to staff for a rate.
const STAFFING: &str = "policies.NAME.staffing = { method.reactive = {}, sizing.capacity.per_replica = '5/s', max = 9 }";

/// For sections that have no traffic, or no policy, of their own.
const TRAFFIC: &str = "workload.arrivals.NAME.step = { from = '5/s', to = '40/s', at = '3m' }";
const POLICY: &str = "policies.NAME.fixed.replicas = 2";

/// A scenario of ten minutes around a table; the table's own keys as they must be.
fn around(section: &Section) -> Table {
    let owner = section.name.strip_suffix(".knobs").unwrap_or(&section.name);
    let beside = BESIDE.iter().find(|(name, _)| *name == owner).map_or("", |(_, beside)| beside);
    let mut scenario: Table = toml::from_str(beside).unwrap();
    for (key, text) in [("workload", TRAFFIC), ("policies", POLICY)] {
        let part: Table = toml::from_str(text).unwrap();
        let missing =
            scenario.get(key).is_none_or(|own| key == "workload" && own.get("arrivals").is_none());
        if let Some(Value::Table(own)) = scenario.get_mut(key).filter(|_| missing) {
            own.extend(part[key].as_table().unwrap().clone());
        } else if missing {
            scenario.extend(part);
        }
    }
    if section.name != "scenario" {
        scenario.insert("duration".into(), "10m".into());
    }
    scenario
}

/// The table at a place such as `[service.queue]`, made where it is not there.
fn table_at<'t>(scenario: &'t mut Table, place: &str) -> &'t mut Table {
    let path = place.trim_matches(['[', ']']);
    path.split('.').filter(|key| !key.is_empty()).fold(scenario, |table, key| {
        match table.entry(key).or_insert_with(|| Value::Table(Table::new())) {
            Value::Table(inner) => inner,
            Value::Array(list) => list[0].as_table_mut().unwrap(),
            other => panic!("{place}: {key} is {other}"),
        }
    })
}

fn loaded(scenario: &Table) -> Result<Scenario, String> {
    let folder = root().to_owned();
    let options = LoadOptions { folder, fallback_name: "n".into(), ..LoadOptions::default() };
    let text = toml::to_string(scenario).unwrap();
    let loaded = load(Sources::new("s.toml", text), &options);
    loaded.map(|loaded| loaded.scenario).map_err(|found| found.render(false))
}

/// A scenario as the engine is given it: not how it was written, nor what was said about that.
fn given(mut scenario: Scenario) -> String {
    scenario.resolved = serde_json::Value::Null;
    scenario.assumptions.clear();
    scenario.recipe = Recipe::default();
    format!("{scenario:?}")
}

/// What the policy is shown and decides, for keys whose default is filled in only when it is built.
fn played(scenario: &Scenario) -> String {
    let detail = Detail { timeline: None, decisions: DecisionLog::All, supply: false };
    let setup = || scenario.setup(0, 0, None, detail);
    let signals: Vec<_> =
        setup().services[0].autoscaler.signals.iter().map(|one| one.signal.clone()).collect();
    let outcome = simulation::run(setup()).unwrap();
    format!("{signals:?} {:?}", outcome.services[0].decisions)
}

/// Values to try for a documented default: `15 s` is a duration, `false` no text.
fn readings(text: &str) -> Vec<Value> {
    if text.contains("`, `") {
        let words = text.split('`').skip(1).step_by(2);
        return vec![words.map(Value::from).collect::<Vec<Value>>().into()];
    }
    let text = text.trim_matches('`');
    let bare = toml::from_str::<Table>(&format!("x = {text}"))
        .ok()
        .and_then(|mut table| table.remove("x"));
    bare.into_iter().chain([Value::String(text.to_owned())]).collect()
}

/// The value in words such as `15, one tick` or `1; 0 needs a metric`.
fn value_of(default: &str) -> &str {
    let end = [", ", "; ", ": "].iter().filter_map(|end| default.find(end)).min();
    let list = default.find(']').filter(|_| default.starts_with('[')).map(|end| end + 1);
    let words = default.ends_with('`').then_some(default.len());
    &default[..list.or(words).or(end).unwrap_or(default.len())]
}

/// Values that another scenario may have for a key.
fn others(key: &Key) -> Vec<Value> {
    let words = key.choices.iter().map(|one| Value::from(one.word.as_str()));
    let bools = [true, false].map(Value::from);
    let texts = [
        "7s",
        "7%",
        "7/s",
        "Asia/Tokyo",
        "sat",
        "max",
        "queued_requests",
        "hold",
        "instant",
        "sharing",
    ];
    let numbers = [
        Value::from(3),
        Value::from(7),
        Value::from(0.25),
        Value::from(vec!["web"]),
        Value::from(vec![1, 1, 1, 1, 1, 1, 2]),
    ];
    words.chain(bools).chain(texts.map(Value::from)).chain(numbers).collect()
}

/// The key at a path such as `service.queue.timeout`, and its section.
fn key_of<'r>(reference: &'r Reference, path: &str) -> Option<(&'r Section, &'r Key)> {
    let (table, name) = path.rsplit_once('.').unwrap_or(("scenario", path));
    let section = reference.sections.iter().find(|section| section.name == table)?;
    Some((section, section.keys.iter().find(|key| key.name == name)?))
}

/// What is wrong with a documented default of a key.
fn judged(section: &Section, key: &Key, default: &str) -> Result<(), String> {
    let place = &section.places[0];
    let with = |value: Option<&Value>| {
        let mut scenario = around(section);
        let table = table_at(&mut scenario, place);
        table.remove(&key.name);
        if let Some(value) = value {
            table.insert(key.name.clone(), value.clone());
        }
        loaded(&scenario)
    };
    let without = with(None).map_err(|found| format!("no scenario without it: {found}"))?;
    let mut readings = readings(value_of(default)).into_iter();
    let written = readings.find_map(|value| Some((with(Some(&value)).ok()?, value)));
    let (written, value) = written.ok_or_else(|| "is no value of it".to_owned())?;
    let equal = |other: &Scenario| given(other.clone()) == given(without.clone());
    let late = place.contains("policies.") && key.filled.is_none() && !equal(&written);
    let same =
        |other: &Scenario| if late { played(other) == played(&without) } else { equal(other) };
    if !same(&written) {
        return Err("is not what holds without it".into());
    }
    let mut others = others(key).into_iter().filter_map(|value| with(Some(&value)).ok());
    let shown = others.any(|other| !same(&other))
        || key.filled.as_ref().is_some_and(|filled| {
            // What only a check reads: what is filled in is what the schema says.
            serde_json::to_value(value).is_ok_and(|value| value == *filled)
        });
    match shown || SHOWN_BY_NO_SCENARIO.contains(&format!("{}.{}", section.name, key.name).as_str())
    {
        true => Ok(()),
        false => Err("cannot be told from any other value".into()),
    }
}

/// Every documented default: how many were compared, which are no value, what is wrong.
fn compared(reference: &Reference) -> (usize, BTreeSet<&str>, Vec<String>) {
    let (mut compared, mut words, mut wrong) = (0, BTreeSet::new(), Vec::new());
    for (section, key) in
        reference.sections.iter().flat_map(|one| one.keys.iter().map(move |key| (one, key)))
    {
        let Absent::Default(default) = &key.default else { continue };
        if NO_VALUE.contains(&default.as_str()) {
            words.insert(default.as_str());
            continue;
        }
        compared += 1;
        let judged = judged(section, key, default);
        wrong.extend(
            judged.err().map(|why| format!("{}.{}: `{default}` {why}", section.name, key.name)),
        );
    }
    (compared, words, wrong)
}

#[test]
fn every_documented_default_is_the_default() {
    let reference = Reference::of_scenarios();
    let (compared, words, wrong) = compared(&reference);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(words, NO_VALUE.iter().copied().collect(), "one of these is documented no more");
    // A key more or less need not be counted here; a reference that has lost half of them would say nothing.
    assert!(compared > 200, "{compared} defaults are few: this test looks at all of them");
}

#[test]
fn a_wrong_default_is_noticed() {
    let reference = Reference::of_scenarios();
    for (asked, claim, fault) in [
        ("scenario.replications", "10", None),
        ("scenario.replications", "5", Some("is not what holds without it")),
        ("target-tracking.tolerance", "5 %", Some("is not what holds without it")),
        ("target-tracking.window", "30 s", Some("is not what holds without it")),
        ("sae.knobs.eval_period_s", "60, as the HPA", Some("is not what holds without it")),
        ("service.queue.timeout", "a while", Some("is no value of it")),
        ("scenario.question", "why", Some("is not what holds without it")),
    ] {
        let (section, key) = key_of(&reference, asked).unwrap();
        assert_eq!(judged(section, key, claim).err().as_deref(), fault, "{asked} {claim}");
    }
}

/// Rows of tables with the columns `key` and `default` whose default is not that of the reference, and
/// how many rows there are.
fn rows(page: &File, reference: &Reference) -> (usize, Vec<String>) {
    let cells = |line: &str| -> Vec<String> {
        let cells = line.trim().trim_matches('|').split('|');
        cells.map(|cell| cell.trim().replace('`', "")).collect()
    };
    let (mut rows, mut wrong, mut columns) = (0, Vec::new(), None);
    for line in page.text.lines() {
        if !line.starts_with('|') {
            columns = None;
            continue;
        }
        let cells = cells(line);
        let at = |name: &str| cells.iter().position(|cell| cell == name);
        let Some((key, default)) = columns else {
            columns = at("key").zip(at("default"));
            continue;
        };
        if cells[key].starts_with("--") {
            continue;
        }
        rows += 1;
        let found = key_of(reference, &cells[key]).map(|(_, key)| key.default.clone());
        let says = match found {
            Some(Absent::Default(says)) => says.replace('`', ""),
            Some(Absent::Nothing | Absent::Refused) | None => "nothing".into(),
        };
        if says != cells[default] {
            wrong.push(format!(
                "{}: {} is {}, the reference says {says}",
                page.path, cells[key], cells[default]
            ));
        }
    }
    (rows, wrong)
}

#[test]
fn tables_of_defaults_in_the_guide_are_those_of_the_reference() {
    let reference = Reference::of_scenarios();
    let guide = pages().into_iter().find(|page| page.path == "docs/guide.md").unwrap();
    let (rows, wrong) = rows(&guide, &reference);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(rows >= 30, "only {rows} rows");
}

#[test]
fn a_wrong_row_is_noticed() {
    let reference = Reference::of_scenarios();
    let page = File::new(
        "p.md",
        "| key | default |\n|---|---|\n| `target-tracking.interval` | 1 min |\n| `seed` | 1 |\n",
    );
    let (count, wrong) = rows(&page, &reference);
    assert_eq!(
        (count, wrong),
        (2, vec!["p.md: target-tracking.interval is 1 min, the reference says 15 s".to_owned()])
    );
}
