//! From the file to the domain: defaults filled in and said aloud, specs built, sense checked.

use super::decode::nearest_of;
use super::deployment::{Deployment, LeftOpen, PolicyDraft, ServiceDraft};
use super::file::{PriceFile, ReplicaFile, ScenarioFile, ServiceEntry, ServiceFile};
use super::own::OwnPolicy;
use super::products::{self, Products};
use super::recipe::Recipe;
use super::words::{SpanOrLaw, StartFile};
use super::{Competitor, Fidelity, NamedPolicy, PolicyChoice, Scenario, Service, SloTerms};
use super::{
    Variant, check, clients, clock, closed, effort, failures, fidelity, fleet, length, lint,
    priorities, rollouts, scripted, sharing, variants,
};
use autosim_engine::fault::Faults;
use autosim_engine::fleet::{FailureSpec, FleetSpec};
use autosim_engine::random::Distribution;
use autosim_engine::simulation::Window;
use autosim_engine::units::{Price, Span, Time, WallClock};
use autosim_engine::workload::trace::Spooled;
use autosim_engine::workload::{OPEN_END, Recordings, ResolveContext, Workload, WorkloadSpec};
use autosim_policies::products::ProductPolicy;
use std::collections::BTreeMap;
use std::path::Path;

/// Where neither the service nor the traffic says how long a request takes.
const DEFAULT_SERVICE_TIME: Distribution =
    Distribution::Exponential { mean: Span::from_millis(100) };

/// Ends the sentence about a default that a product's platform may override.
const OR_PLATFORM: &str = ", or as the product's platform says";

/// How long synthetic traffic lasts if nothing is said.
const DEFAULT_DURATION: Span = Span::from_secs(3600);

/// How often a scenario is repeated that does not say.
const DEFAULT_REPLICATIONS: u32 = 10;

/// What a scenario needs beyond its own text.
pub(super) struct Surroundings<'a> {
    /// The name of a scenario that has none of its own.
    pub(super) fallback_name: &'a str,
    /// Where relative paths of the file start.
    pub(super) folder: &'a Path,
    /// Policies that are not in the file.
    pub(super) own: &'a [(String, OwnPolicy)],
    /// Recorded traffic that was given on standard input.
    pub(super) standard_input: Option<&'a Spooled>,
}

/// Resolves a file. What it returns is sound only if no error was added to `faults`.
pub(super) fn lower(
    mut file: ScenarioFile,
    around: &Surroundings<'_>,
    products: &Products,
    faults: &mut Faults,
) -> Option<Scenario> {
    let mut assumptions = Vec::new();
    let left_open = LeftOpen::of_file(&file);
    one_or_many(&file, faults);
    let recorded = file.duration.is_none() && length::all_recorded(&file);
    fill(&mut file, around.fallback_name, &mut assumptions);
    let traffic = traffic(&file, around, faults);
    let clock = clock::of(file.start.as_ref(), &traffic, &mut assumptions, faults);
    let dated_traffic = traffic.iter().any(|read| !read.clocks().is_empty());
    let slo = file.slo.as_ref().map_or_else(SloTerms::default, SloTerms::of);
    let given = Time::ZERO.after(file.duration.unwrap_or(DEFAULT_DURATION));
    let end = if recorded { OPEN_END } else { given };
    let selects = matches!(file.start, Some(StartFile::At(_)));
    let (scale, traffic) = (check::traffic_scale(&file, faults), &mut traffic.into_iter());
    let resolution = Resolution { clock: &clock, selects, end, scale, traffic, faults };
    let mut drafts = services(&file, around, products, resolution);
    drafts.iter_mut().zip(left_open).for_each(|(draft, open)| draft.left_open = open);
    let length = if recorded { length::of_recordings(&drafts) } else { None };
    fill_times(&mut file, length, &mut assumptions);
    check::whole(&file, around.own, &clock, faults);
    variants::check_names(&file, faults);
    let mut policies = policies(&file, products, (&clock, end), faults);
    let sound = policies.len() == file.policies.len();
    policies.extend(around.own.iter().map(|(name, policy)| own(name, policy)));
    check_together(&drafts, &policies, window_end(&file), faults);
    check_base(&file, &policies, faults);
    if faults.any_error() || !sound {
        return None;
    }
    let on_nodes = say_products(&policies, &mut assumptions);
    let (services, policies) = deploy(drafts, policies)?;
    let mut inputs = products.inputs.clone();
    for service in &services {
        inputs.extend_from_slice(service.workload.input_files());
        assumptions.extend_from_slice(service.workload.assumptions());
    }
    let resolved = serde_json::to_value(&file).unwrap_or_default();
    let mut scenario = Scenario {
        name: file.name.clone().unwrap_or_default(),
        question: file.question.clone(),
        lesson: file.lesson.clone(),
        base: file.base.clone(),
        clock,
        dated_traffic,
        window: window(&file),
        seed: file.seed.unwrap_or_default(),
        replications: file.replications.unwrap_or_default(),
        fidelity: Fidelity::EXACT,
        slo,
        price: file.price.as_ref().and_then(|price| price.per_replica_hour).unwrap_or(Price::FREE),
        timeline: file.timeline.unwrap_or_default(),
        services,
        policies,
        assumptions,
        on_nodes,
        folder: relative(around.folder),
        recipe: Recipe::default(),
        documents: BTreeMap::new(),
        resolved,
        inputs,
    };
    look_over(&mut scenario, &file, faults);
    Some(scenario)
}

/// The base is one of the policies; of policies that could not be read nothing is said here.
fn check_base(file: &ScenarioFile, policies: &[PolicyDraft], faults: &mut Faults) {
    let mut known: Vec<&str> = file.policies.keys().map(String::as_str).collect();
    let own = policies.iter().map(|draft| draft.named.name.as_str());
    known.extend(own.filter(|name| !file.policies.contains_key(*name)));
    if let Some(base) = file.base.as_deref().filter(|base| !known.contains(base)) {
        faults.error(
            "base",
            format!("the scenario has no policy `{base}`"),
            nearest_of(base, &known),
        );
    }
}

/// What is to be said of a whole scenario.
fn look_over(scenario: &mut Scenario, file: &ScenarioFile, faults: &mut Faults) {
    check::slots(scenario, faults);
    scripted::check_resolved(scenario, faults);
    closed::check_endless(scenario, faults);
    failures::check_lives(scenario, faults);
    fidelity::apply(scenario, file, faults);
    products::check_sources(scenario, faults);
    if !faults.any_error() {
        effort::check(scenario, faults);
    }
    lint::lint(scenario, file, faults);
}

/// Every service as its policies make it; `None` without a service.
fn deploy(
    drafts: Vec<ServiceDraft>,
    policies: Vec<PolicyDraft>,
) -> Option<(Vec<Service>, Vec<Competitor>)> {
    let contested = drafts.first()?;
    let compete = |PolicyDraft { named, variant }: PolicyDraft| Competitor {
        deployment: Deployment::of(contested, named.spec, &variant),
        name: named.name,
    };
    let competitors = policies.into_iter().map(compete).collect();
    let service = |draft: ServiceDraft| Service {
        own: draft.policy.clone().map(|own| Deployment::of(&draft, own, &Variant::default())),
        name: draft.name,
        prefix: draft.prefix,
        workload: draft.workload,
        metric_outages: draft.metric_outages,
    };
    Some((drafts.into_iter().map(service).collect(), competitors))
}

/// What the parts of a scenario cannot be combined with.
fn check_together(
    services: &[ServiceDraft],
    policies: &[PolicyDraft],
    end: Time,
    faults: &mut Faults,
) {
    failures::check(services, faults);
    scripted::check(services, policies, end, faults);
    sharing::check_policies(services, policies, faults);
    closed::check(services, policies, faults);
    priorities::check(services, policies, faults);
}

/// What is measured, once the duration is known.
fn window(file: &ScenarioFile) -> Window {
    Window {
        warmup: Time::ZERO.after(file.warmup.unwrap_or_default()),
        end: window_end(file),
        drain_limit: file.drain_limit.unwrap_or_default(),
    }
}

/// When arrivals stop, once the duration is known.
fn window_end(file: &ScenarioFile) -> Time {
    Time::ZERO.after(file.duration.unwrap_or_default())
}

/// The competing policies that are sound.
fn policies(
    file: &ScenarioFile,
    products: &Products,
    run: (&WallClock, Time),
    faults: &mut Faults,
) -> Vec<PolicyDraft> {
    let mut sound = Vec::new();
    for (name, policy) in &file.policies {
        let variant = variants::of_policy(file, name, run, faults);
        let choice = || products.choice(&format!("policies.{name}"), policy);
        let spec = faults.within("policies", |f| {
            f.within(name, |f| check::policy(policy, file, f, choice)) //
        });
        let named = spec.map(|spec| NamedPolicy { name: name.clone(), spec });
        sound.extend(named.map(|named| PolicyDraft { named, variant }));
    }
    sound
}

/// A policy of the calling program, as it competes.
fn own(name: &str, policy: &OwnPolicy) -> PolicyDraft {
    let spec = PolicyChoice::Own(policy.clone());
    PolicyDraft { named: NamedPolicy { name: name.to_owned(), spec }, variant: Variant::default() }
}

/// A path that says nothing about the machine.
fn relative(folder: &Path) -> Option<String> {
    folder.is_relative().then(|| folder.display().to_string())
}

/// The policies of a file that need not be a whole scenario.
pub(super) fn policies_alone(
    file: &ScenarioFile,
    products: &Products,
    faults: &mut Faults,
) -> Vec<NamedPolicy> {
    let mut sound = Vec::new();
    faults.within("policies", |f| {
        for (name, policy) in &file.policies {
            let choice = || products.choice(&format!("policies.{name}"), policy);
            let spec = f.within(name, |f| check::policy_alone(policy, f, choice));
            sound.extend(spec.map(|spec| NamedPolicy { name: name.clone(), spec }));
        }
    });
    sound
}

/// The rule of products whose replicas need machines, which are not modelled.
const NODES: &str = "nodes";

/// Says what each product assumes; returns the policies whose product places replicas on nodes.
fn say_products(policies: &[PolicyDraft], said: &mut Vec<String>) -> Vec<String> {
    let mut on_nodes = Vec::new();
    for NamedPolicy { name, spec } in policies.iter().map(|draft| &draft.named) {
        let Some(policy) = spec.product() else { continue };
        said.push(assumed(name, policy));
        if policy.assumptions().iter().any(|one| one.rule == NODES) {
            on_nodes.push(name.clone());
        }
    }
    on_nodes
}

/// A product's assumptions in one sentence.
fn assumed(name: &str, policy: &ProductPolicy) -> String {
    let rules: Vec<String> =
        policy.assumptions().iter().map(|one| format!("{} = {}", one.rule, one.value)).collect();
    let (product, fidelity) = (policy.product(), policy.provenance());
    match rules.is_empty() {
        true => format!("{name}: {product}, known from its {fidelity}, nothing assumed"),
        false => format!("{name}: {product} ({fidelity}); assumed: {}", rules.join(", ")),
    }
}

fn one_or_many(file: &ScenarioFile, faults: &mut Faults) {
    if file.services.is_empty() {
        return;
    }
    for (key, given) in [
        ("workload", file.workload.is_some()),
        ("service", file.service.is_some()),
        ("replica", file.replica.is_some()),
        ("client", file.client.is_some()),
        ("rollouts", !file.rollouts.is_empty()),
        ("outages", !file.outages.is_empty()),
        ("slowdowns", !file.slowdowns.is_empty()),
        ("metric_outages", !file.metric_outages.is_empty()),
        ("interventions", !file.interventions.is_empty()),
        ("resizes", !file.resizes.is_empty()),
    ] {
        if given {
            faults.error(
                key,
                "the scenario has `services` as well",
                format!("move it into one of them: `[services.NAME.{key}]`"),
            );
        }
    }
}

/// Fills in what a file left open, with a sentence for everything that shapes the figures.
fn fill(file: &mut ScenarioFile, fallback_name: &str, assumptions: &mut Vec<String>) {
    let mut assume = |sentence: &str| assumptions.push(sentence.to_owned());
    file.name.get_or_insert_with(|| fallback_name.to_owned());
    if file.warmup.is_none() {
        assume("no warm-up given: the figures count from the start");
        file.warmup = Some(Span::ZERO);
    }
    file.drain_limit.get_or_insert(Span::from_secs(3600));
    file.seed.get_or_insert(1);
    if file.replications.is_none() {
        assume(&format!("no replications given: {DEFAULT_REPLICATIONS}"));
        file.replications = Some(DEFAULT_REPLICATIONS);
    }
    let price = file.price.get_or_insert_default();
    if price.per_replica_hour.is_none() {
        assume("no price given: cost is in replica-hours (1 XXX each, XXX = no currency)");
        price.per_replica_hour = "1 XXX".parse().ok();
    }
    let mut releases =
        file.services.values().flat_map(|entry| &entry.rollouts).chain(&file.rollouts);
    if releases.any(|rollout| rollout.min_ready.is_none()) {
        assume(
            "no min_ready given: a rollout leaves ready what a product's document says, else a quarter",
        );
    }
    let products = products::any(file);
    let sole = file.services.is_empty();
    if sole {
        let label = String::new();
        fill_service(file.service.get_or_insert_default(), &label, products, assumptions);
        fill_replica(file.replica.get_or_insert_default(), &label, products, assumptions);
    }
    for (name, entry) in &mut file.services {
        let label = format!("service {name}: ");
        fill_service(entry.service.get_or_insert_default(), &label, products, assumptions);
        fill_replica(entry.replica.get_or_insert_default(), &label, products, assumptions);
    }
}

/// The times that depend on how long the recordings are, where `recorded` says so.
fn fill_times(file: &mut ScenarioFile, recorded: Option<Span>, assumptions: &mut Vec<String>) {
    let duration = *file.duration.get_or_insert_with(|| {
        assumptions.push(match recorded {
            Some(span) => format!("no duration given: as long as the recording, {span}"),
            None => "no duration given: traffic lasts one hour".into(),
        });
        recorded.unwrap_or(DEFAULT_DURATION)
    });
    file.timeline.get_or_insert_with(|| round_interval(duration));
}

/// With `products` among the policies, what their platforms may bring is left open.
fn fill_service(
    service: &mut ServiceFile,
    label: &str,
    products: bool,
    assumptions: &mut Vec<String>,
) {
    let or_platform = if products { OR_PLATFORM } else { "" };
    if sharing::is_sharing(service) {
        sharing::fill(service, label, assumptions);
    } else if service.concurrency.is_none() {
        assumptions.push(format!(
            "{label}no concurrency given: one request at a time per replica{or_platform}"
        ));
        service.concurrency = (!products).then_some(1);
    }
    if service.service_time.is_none() {
        assumptions.push(format!(
            "{label}no service time given: exponential with a mean of 100 ms where the traffic \
             brings none"
        ));
        service.service_time = Some(DEFAULT_SERVICE_TIME);
    }
    if service.balancing.is_none() {
        assumptions.push(format!("{label}no balancing given: one central queue{or_platform}"));
        let central = super::file::BalancingFile::CentralQueue;
        service.balancing = (!products).then_some(central);
    }
    if !products {
        service.scale_in.get_or_insert(super::file::ScaleInFile::FewestInFlight);
    }
    let queue = service.queue.get_or_insert_default();
    if !products {
        queue.at_zero.get_or_insert(super::file::AtZeroFile::Wait);
    }
    match (queue.capacity, &queue.timeout) {
        (None, None) => assumptions.push(format!(
            "{label}no queue limits given: requests wait without limit and never give up"
        )),
        (Some(_), None) => {
            assumptions.push(format!("{label}no queue timeout given: requests never give up"));
        }
        _ => {}
    }
}

/// As [`fill_service`].
fn fill_replica(
    replica: &mut ReplicaFile,
    label: &str,
    products: bool,
    assumptions: &mut Vec<String>,
) {
    let or_platform = if products { OR_PLATFORM } else { "" };
    if replica.cold_start.is_none() {
        assumptions
            .push(format!("{label}no cold start given: replicas are ready at once{or_platform}"));
        let none = SpanOrLaw(Distribution::Constant(Span::ZERO));
        let none = super::words::ColdStartFile::Whole(none);
        replica.cold_start = (!products).then_some(none);
    }
    if replica.initial.is_none() {
        assumptions.push(format!(
            "{label}no initial fleet given: each policy starts with its own minimum (fixed: its count)"
        ));
    }
}

/// The shortest round interval that makes at most 720 of them.
fn round_interval(duration: Span) -> Span {
    const SECONDS: [u64; 15] =
        [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400];
    let round = SECONDS.into_iter().map(Span::from_secs);
    round
        .into_iter()
        .find(|interval| duration.0 / interval.0 <= 720)
        .unwrap_or(Span((duration.0 / 720).div_ceil(86_400_000_000_000) * 86_400_000_000_000))
}

/// What is known of a scenario before its services, and where their faults go.
struct Resolution<'a> {
    clock: &'a WallClock,
    /// The start says from when on recordings are played.
    selects: bool,
    end: Time,
    /// Of the traffic of every service.
    scale: f64,
    /// Recorded traffic of the services to come, in their order.
    traffic: &'a mut std::vec::IntoIter<Recordings>,
    faults: &'a mut Faults,
}

/// The recorded traffic of all services, in their order.
fn traffic(file: &ScenarioFile, around: &Surroundings<'_>, faults: &mut Faults) -> Vec<Recordings> {
    let read = |spec: Option<&WorkloadSpec>, f: &mut Faults| {
        let read =
            |f: &mut Faults| spec.map(|spec| spec.read(around.folder, around.standard_input, f));
        f.within("workload", read).unwrap_or_default()
    };
    if file.services.is_empty() {
        return vec![read(file.workload.as_ref(), faults)];
    }
    let services = file.services.iter().map(|(name, entry)| {
        let read = |f: &mut Faults| read(entry.workload.as_ref(), f);
        faults.within("services", |f| f.within(name, read))
    });
    services.collect()
}

fn services(
    file: &ScenarioFile,
    around: &Surroundings<'_>,
    products: &Products,
    mut resolution: Resolution<'_>,
) -> Vec<ServiceDraft> {
    let mut services = Vec::new();
    if file.services.is_empty() {
        let entry = ServiceEntry {
            workload: file.workload.clone(),
            service: file.service.clone(),
            replica: file.replica.clone(),
            client: file.client.clone(),
            rollouts: file.rollouts.clone(),
            outages: file.outages.clone(),
            slowdowns: file.slowdowns.clone(),
            metric_outages: file.metric_outages.clone(),
            interventions: file.interventions.clone(),
            resizes: file.resizes.clone(),
            policy: None,
        };
        services.extend(service("service", &entry, file.price.as_ref(), around, &mut resolution));
    }
    let Resolution { clock, selects, end, scale, traffic, faults } = resolution;
    for (index, (name, entry)) in file.services.iter().enumerate() {
        faults.within("services", |f| {
            f.within(name, |f| {
                check::policy_of_service(index, entry, f);
                let mut resolution = Resolution { clock, selects, end, scale, traffic, faults: f };
                let draft = service(name, entry, file.price.as_ref(), around, &mut resolution);
                let Some(draft) = draft else { return };
                let prefix = format!("services.{name}.");
                let own = entry.policy.as_ref().and_then(|policy| {
                    let choice = || products.choice(&format!("{prefix}policy"), policy);
                    f.within("policy", |f| check::policy(policy, file, f, choice))
                });
                services.push(ServiceDraft { prefix, policy: own, ..draft });
            });
        });
    }
    services
}

fn service(
    name: &str,
    entry: &ServiceEntry,
    price: Option<&PriceFile>,
    around: &Surroundings<'_>,
    resolution: &mut Resolution<'_>,
) -> Option<ServiceDraft> {
    let recordings = resolution.traffic.next().unwrap_or_default();
    let (service, replica) = (entry.service.as_ref()?, entry.replica.as_ref()?);
    let errors = resolution.faults.errors();
    let (fleet, resources) = fleet::build(service, replica, price, resolution.faults);
    // Only a law that is sound has a mean.
    let sound = Some(replica).filter(|_| resolution.faults.errors() == errors);
    let Resolution { clock, end, faults, .. } = &mut *resolution;
    let client = entry.client.as_ref();
    let outages = failures::outages(&entry.outages, clock, *end, faults);
    let run = (*clock, *end);
    let metric_outages = scripted::metric_outages(&entry.metric_outages, run, faults);
    let fleet = FleetSpec {
        failures: FailureSpec { outages, ..fleet.failures },
        client: client.map(|given| faults.within("client", |f| clients::build(given, f))),
        rollouts: rollouts::build(&entry.rollouts, clock, *end, faults),
        slowdowns: scripted::slowdowns(&entry.slowdowns, service.cpu, run, faults),
        interventions: scripted::interventions(&entry.interventions, run, faults),
        resizes: scripted::resizes(&entry.resizes, run, faults),
        ..fleet
    };
    let workload = workload((entry.workload.as_ref(), recordings), service, around, resolution)?;
    let [mean_start_s, mean_boot_s] =
        sound.map_or([0.0; 2], |one| fleet::mean_start_s(one.cold_start.as_ref()));
    let classes = workload.classes().len().max(1) as u8;
    let fleet = FleetSpec { loops: closed::loops(&workload), classes, ..fleet };
    Some(ServiceDraft {
        name: name.to_owned(),
        prefix: String::new(),
        workload,
        fleet,
        initial: replica.initial,
        resources,
        metric_outages,
        left_open: LeftOpen::default(),
        mean_start_s,
        mean_boot_s,
        mean_life_s: sound.and_then(|one| failures::mean_life_s(one.failures.as_ref())),
        policy: None,
    })
}

fn workload(
    (workload, recordings): (Option<&WorkloadSpec>, Recordings),
    service: &ServiceFile,
    around: &Surroundings<'_>,
    resolution: &mut Resolution<'_>,
) -> Option<Workload> {
    let faults = &mut *resolution.faults;
    let law = service.service_time.clone().unwrap_or(DEFAULT_SERVICE_TIME);
    let errors = faults.errors();
    faults.within("service", |f| f.within("service_time", |f| law.check(f)));
    // A faulty law has been reported; another one stands in so that the traffic is looked at too.
    let law = if faults.errors() == errors { law } else { DEFAULT_SERVICE_TIME };
    let Some(workload) = workload else {
        faults.error(
            "workload",
            "there is no traffic",
            "add a source, for example `[workload.arrivals.main.poisson]` with `rate = \"100/s\"`",
        );
        return None;
    };
    let context = ResolveContext {
        base_dir: around.folder,
        clock: resolution.clock,
        selects: resolution.selects,
        end: resolution.end,
        service_time: Some(&law),
        // By value: a run that is repeated from what it left states the default.
        service_time_stated: law != DEFAULT_SERVICE_TIME,
    };
    let rate_scale = workload.rate_scale * resolution.scale;
    let workload = WorkloadSpec { rate_scale, ..workload.clone() };
    faults.within("workload", |f| workload.resolve_read(recordings, &context, f))
}
