//! From a case of the table to runs of the engine.

use super::policies;
use super::samples::{Samples, Watch};
use super::table::Case;
use autosim_engine::control::Autoscaler;
use autosim_engine::fault::Faults;
use autosim_engine::fleet::{
    Balancing, ColdStage, Discipline, FleetSpec, QueueSpec, RoutingRule, ScalePerRequest, Scaling,
};
use autosim_engine::random::{Distribution, Streams};
use autosim_engine::signal::Resources;
use autosim_engine::simulation::{
    DecisionLog, Detail, ServiceOutcome, ServiceSetup, Setup, Window, run_told,
};
use autosim_engine::units::{Span, Time, WallClock};
use autosim_engine::workload::{Arrivals, Batch, ResolveContext, Workload, WorkloadSpec};
use serde_json::Value;
use std::path::Path;

/// A case ready to run.
pub(super) struct Plan {
    workload: Workload,
    pub(super) fleet: FleetSpec,
    autoscaler: Box<dyn Fn() -> Autoscaler + Sync>,
    pub(super) window: Window,
    pub(super) watch: Watch,
    /// Seconds between controls, where there are any.
    pub(super) tick_s: f64,
    /// Whether exact samples are kept, for quantiles.
    keep: bool,
    /// Whether response times are set against demands.
    slowdown: bool,
}

/// Length of a block of an ensemble: arrivals for `ACTIVE`, then silence until all is empty again.
const BLOCK: Span = Span::from_secs(200);
const ACTIVE: Span = Span::from_secs(21);

impl Plan {
    /// A plan of about `requests` counted requests.
    pub(super) fn new(case: &Case, requests: f64) -> Self {
        let rate = arrival_rate(case);
        let (window, watch) = match case.kind.as_str() {
            "ensemble" => {
                let per_block = rate * ACTIVE.as_secs_f64();
                blocks(case, (requests / per_block).ceil() as u64)
            }
            "periodic" => {
                let cycles = (requests / (rate * 24.0)).ceil() as u64;
                let from = Time::from_secs(48);
                let end = from + Span::from_secs(24 * cycles);
                (window(from, end), Watch::Cycle { from, cycles })
            }
            "deterministic" => (window(Time::ZERO, Time::from_secs(1000)), Watch::Each),
            _ => {
                let end = requests / 0.9 / rate;
                let span = window(Time::from_secs_f64(end / 10.0), Time::from_secs_f64(end));
                let replicas = case.params["n_suggested"].as_u64();
                (span, replicas.map_or(Watch::Nothing, |replicas| Watch::Lengths { replicas }))
            }
        };
        Self {
            workload: workload(case, window.end),
            fleet: fleet(case),
            autoscaler: autoscaler(case, &watch),
            tick_s: case.param_or("period", f64::NAN),
            keep: case
                .expected
                .iter()
                .any(|(metric, _)| metric.contains("_p5") || metric.contains("_p9")),
            slowdown: case.expected.iter().any(|(metric, _)| metric == "mean_slowdown"),
            window,
            watch,
        }
    }

    /// One replication; what the engine counted and what the sink heard.
    pub(super) fn run(&self, seed: u64, replication: u32) -> (ServiceOutcome, Samples) {
        let streams = Streams::new(seed, replication, 0);
        let arrivals = if let Watch::Blocks { blocks, .. } = self.watch {
            let inner = self.workload.requests(&streams, Time(blocks * ACTIVE.0));
            Box::new(Blocks { inner }) as Box<dyn Arrivals>
        } else {
            self.workload.requests(&streams, self.window.end)
        };
        let service = ServiceSetup {
            name: "service".to_owned(),
            arrivals,
            fleet: self.fleet.clone(),
            resources: Resources { concurrency: self.fleet.concurrency, ..Resources::default() },
            autoscaler: (self.autoscaler)(),
            limits: Default::default(),
        };
        let setup = Setup {
            services: vec![service],
            window: self.window,
            seed,
            replication,
            detail: Detail { timeline: None, decisions: DecisionLog::Off, supply: false },
            waiting_limit: 50_000_000,
            stop_after: None,
            cancel: None,
        };
        let mut samples = Samples::new(self.window.warmup, self.keep, self.watch.clone());
        if self.slowdown {
            samples.note_demands(self.workload.requests(&streams, self.window.end));
        }
        let outcome = run_told(setup, [], &mut samples).expect("a stable queue halts no run");
        let service = outcome.services.into_iter().next().expect("there is one service");
        (service, samples)
    }
}

fn window(warmup: Time, end: Time) -> Window {
    Window { warmup, end, drain_limit: Span::from_secs(1_000_000) }
}

/// The instants of an ensemble are in the names of its metrics: `mean_queue@9.99`.
fn blocks(case: &Case, blocks: u64) -> (Window, Watch) {
    let instant = |(metric, _): &(String, f64)| {
        let seconds = metric.split_once('@')?.1.parse().ok()?;
        Some(Span::from_secs_f64(seconds))
    };
    let mut at: Vec<Span> = case.expected.iter().filter_map(instant).collect();
    at.sort_unstable();
    at.dedup();
    let end = Time(blocks * BLOCK.0);
    (window(Time::ZERO, end), Watch::Blocks { block: BLOCK, blocks, at })
}

/// Plays a stationary stream in blocks with silence between them.
struct Blocks {
    inner: Box<dyn Arrivals>,
}

impl Arrivals for Blocks {
    fn fill(&mut self, batch: &mut Batch) {
        self.inner.fill(batch);
        for at in &mut batch.arrival_ns {
            *at = *at / ACTIVE.0 * BLOCK.0 + *at % ACTIVE.0;
        }
    }
}

// ---- traffic ----

/// Mean arrivals per second.
fn arrival_rate(case: &Case) -> f64 {
    let arrivals = &case.configure["arrivals"];
    let number = |name: &str| arrivals[name].as_f64();
    match arrivals["process"].as_str() {
        Some("poisson") => number("rate").expect("a Poisson stream has a rate"),
        Some("renewal") => 1.0 / law_mean(&arrivals["interarrival"]),
        Some("deterministic") => 1.0 / number("interval").expect("a clock has an interval"),
        Some("nonhomogeneous poisson") => case.param("lam_mean"),
        _ => case.expected.iter().find(|(name, _)| name == "arrival_rate").expect("a rate").1,
    }
}

fn workload(case: &Case, end: Time) -> Workload {
    let arrivals = &case.configure["arrivals"];
    let rate = arrival_rate(case);
    let source = match arrivals["process"].as_str() {
        Some("poisson") => format!("poisson = {{ rate = \"{rate}/s\" }}"),
        Some("renewal") => {
            format!("renewal = {{ gaps = {} }}", law_text(&arrivals["interarrival"]))
        }
        Some("deterministic") => format!(
            "renewal = {{ gaps = {{ constant = \"{}s\" }}, first = \"{}s\", count = {} }}",
            arrivals["interval"], arrivals["first"], arrivals["count"]
        ),
        Some("nonhomogeneous poisson") => format!(
            "sinusoid = {{ mean = \"{rate}/s\", amplitude = \"{}/s\", period = \"{}s\" }}",
            case.param("amplitude"),
            case.param("period")
        ),
        Some("mmpp2") => {
            let state = |i: usize| {
                let rate = &arrivals["rates"][i];
                let stay = 1.0 / arrivals["switch"][i].as_f64().expect("a rate of leaving");
                format!("{{ rate = \"{rate}/s\", dwell = \"{stay:.9}s\" }}")
            };
            format!("mmpp = {{ states = [{}, {}] }}", state(0), state(1))
        }
        other => panic!("{}: unknown process {other:?}", case.id),
    };
    let spec: WorkloadSpec = toml::from_str(&format!("[arrivals.source]\n{source}\n"))
        .unwrap_or_else(|error| panic!("{}: {source}: {error}", case.id));
    let mut faults = Faults::new();
    let context = ResolveContext {
        base_dir: Path::new("."),
        clock: &WallClock::default(),
        selects: false,
        end,
        service_time: Some(&law(&case.configure["service"])),
        service_time_stated: true,
    };
    let workload = spec.resolve(&context, &mut faults);
    workload.unwrap_or_else(|| panic!("{}: {:?}", case.id, faults.as_slice()))
}

fn law_mean(law: &Value) -> f64 {
    law["mean"].as_f64().or(law["value"].as_f64()).expect("a law has a mean")
}

/// A law of the table as a scenario writes it.
fn law_text(law: &Value) -> String {
    let mean = format!("{:.9}s", law_mean(law));
    let number = |name: &str| law[name].as_f64().expect("the law has this parameter");
    match law["dist"].as_str() {
        Some("deterministic") => format!("{{ constant = \"{mean}\" }}"),
        Some("exponential") => format!("{{ exponential = {{ mean = \"{mean}\" }} }}"),
        Some("lognormal") => {
            let cv = number("cv2").sqrt();
            format!("{{ lognormal = {{ mean = \"{mean}\", cv = {cv:?} }} }}")
        }
        Some("erlang") => {
            let cv = 1.0 / number("k").sqrt();
            format!("{{ gamma = {{ mean = \"{mean}\", cv = {cv:?} }} }}")
        }
        Some("hyperexponential2") => {
            let cv = number("cv2").sqrt();
            format!("{{ hyperexponential = {{ mean = \"{mean}\", cv = {cv:?} }} }}")
        }
        other => panic!("unknown law {other:?}"),
    }
}

fn law(law: &Value) -> Distribution {
    #[derive(serde::Deserialize)]
    struct One {
        law: Distribution,
    }
    let text = format!("law = {}", law_text(law));
    let one: One = toml::from_str(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
    one.law
}

/// A law, or a bare number of seconds.
fn law_or_seconds(value: &Value) -> Distribution {
    value.as_f64().map_or_else(|| law(value), |s| Distribution::Constant(Span::from_secs_f64(s)))
}

// ---- fleet and policy ----

fn fleet(case: &Case) -> FleetSpec {
    let configure = &case.configure;
    let cold_start = match &configure["cold_start"] {
        Value::Null => Vec::new(),
        value => vec![ColdStage { name: "cold_start", length: law(value).sampler() }],
    };
    let timeout = match &configure["queue_timeout"] {
        Value::Null => None,
        value => Some(law(value).sampler()),
    };
    let capacity = configure["queue_limit"].as_u64();
    let (concurrency, discipline) = served_at_once(configure);
    FleetSpec {
        concurrency,
        discipline,
        initial: initial(case),
        cold_start,
        cold_demand: configure.get("cold_service").map(|value| law(value).sampler()),
        scaling: scaling(case),
        balancing: balancing(case),
        queue: QueueSpec { capacity, timeout, ..QueueSpec::default() },
        ..FleetSpec::default()
    }
}

/// Requests at full speed, and what more of them do.
fn served_at_once(configure: &Value) -> (u32, Discipline) {
    let concurrency = configure["concurrency"].as_u64().map(|count| count as u32);
    if configure["discipline"] != "processor sharing" {
        return (concurrency.unwrap_or(1), Discipline::Slots);
    }
    let cores = configure["cores"].as_u64().expect("a sharing case has cores");
    (cores as u32, Discipline::Sharing { limit: concurrency })
}

fn initial(case: &Case) -> u32 {
    if let Some(replicas) = case.configure["replicas"].as_u64() {
        return replicas as u32;
    }
    match case.id.as_str() {
        id if id.starts_with("zero_") || id.starts_with("faas_") || id.starts_with("dd1_") => 0,
        // Never more than about 60 in service: all of them always warm.
        "mt_inf_sinusoid" => 200,
        _ => case.params["plan"][0][1].as_u64().unwrap_or(4) as u32,
    }
}

fn scaling(case: &Case) -> Scaling {
    let configure = &case.configure;
    if let Value::String(_) | Value::Number(_) | Value::Object(_) = configure["idle_expiry"] {
        return Scaling::PerRequest(ScalePerRequest {
            limit: if case.is("zero_") { 1 } else { u32::MAX },
            ..ScalePerRequest::after(law_or_seconds(&configure["idle_expiry"]).sampler())
        });
    }
    Scaling::Controlled
}

fn balancing(case: &Case) -> Balancing {
    let configure = &case.configure;
    if configure["discipline"] == "processor sharing" {
        return Balancing::PerReplica(RoutingRule::Random);
    }
    if configure["queue"] != "per-replica FIFO" {
        return Balancing::CentralQueue;
    }
    match configure["routing"].as_str() {
        Some("uniform random") => Balancing::PerReplica(RoutingRule::Random),
        Some("round robin") => Balancing::PerReplica(RoutingRule::RoundRobin),
        // Joining the shortest of all is choosing among as many as there are.
        Some(_) if case.param_or("d", 2.0) > 2.0 => {
            Balancing::PerReplica(RoutingRule::LeastOutstanding)
        }
        _ => Balancing::PerReplica(RoutingRule::PowerOfTwo),
    }
}

fn autoscaler(case: &Case, watch: &Watch) -> Box<dyn Fn() -> Autoscaler + Sync> {
    let bounds = || (case.param("min") as u32, case.param("max") as u32);
    let period = || Span::from_secs_f64(case.param("period"));
    let count = |step: usize| case.params["plan"][step][1].as_u64().unwrap_or(0) as u32;
    match (case.id.as_str(), watch) {
        (id, _) if id.starts_with("target_") => {
            let (period, target, bounds) = (period(), case.param("target"), bounds());
            Box::new(move || policies::target(period, target, bounds))
        }
        (id, _) if id.starts_with("threshold_") => {
            let (up, down) = (case.param("up"), case.param("down"));
            let (period, bounds) = (period(), bounds());
            Box::new(move || policies::threshold(period, up, down, bounds))
        }
        ("dd1_cold_backlog", _) => Box::new(policies::one_at_start),
        (id, &Watch::Blocks { block, blocks, .. }) if id.starts_with("scheduled_") => {
            let at = Span::from_secs(if id == "scheduled_out" { 7 } else { 10 });
            let (first, second) = (count(0), count(1));
            Box::new(move || policies::plan(blocks, block, at, first, second))
        }
        _ => Box::new(policies::none),
    }
}
