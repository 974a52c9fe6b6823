//! The way in: text and overrides to a resolved scenario, or to everything that is wrong with it.

use super::decode::{self, nearest_of};
use super::file::ScenarioFile;
use super::findings::{Finding, Findings, give_places, place};
use super::layer::Layer;
use super::lower::{Surroundings, lower, policies_alone};
use super::own::OwnPolicy;
use super::products::Products;
use super::recipe::Recipe;
use super::sources::Sources;
use super::tree::{Places, copy_policy, overlay};
use super::{NamedPolicy, Scenario};
use autosim_engine::fault::{Fault, Faults, Severity};
use autosim_engine::workload::trace::Spooled;
use std::ops::Range;
use std::path::PathBuf;
use toml::Spanned;
use toml::de::DeTable;

/// What stands beside the text of a scenario.
#[derive(Debug, Clone, Default)]
pub struct LoadOptions {
    /// Where relative paths of the file start.
    pub folder: PathBuf,
    /// The name of a scenario that gives none.
    pub fallback_name: String,
    /// Laid on the file in order.
    pub layers: Vec<Layer>,
    /// Only these policies are kept, and those of policy layers; both empty = all.
    pub policies: Vec<String>,
    /// Documents of products that were read already: name and text. A scenario that names one of them
    /// gets this text; every other is read from the folder.
    pub documents: Vec<(String, String)>,
    /// Policies of the calling program, by name: they compete with those of the file.
    pub own: Vec<(String, OwnPolicy)>,
    /// Recorded traffic that was given on standard input: the file `-` of a replay.
    pub standard_input: Option<Spooled>,
}

impl LoadOptions {
    /// Where policies are chosen, one more of them.
    pub fn keep(&mut self, policy: Option<String>) {
        if !self.policies.is_empty() || self.layers.iter().any(|layer| layer.chooses_policies) {
            self.policies.extend(policy);
        }
    }

    fn surroundings(&self) -> Surroundings<'_> {
        let Self { fallback_name, folder, own, .. } = self;
        Surroundings { fallback_name, folder, own, standard_input: self.standard_input.as_ref() }
    }

    /// Keeps these policies alone, of the file or of layers; all if there are none.
    pub fn choose_only(&mut self, policies: Vec<String>) {
        self.layers.iter_mut().for_each(|layer| layer.chooses_policies = false);
        self.policies = policies;
    }
}

/// A scenario fit to run, with what is legal but unwise about it.
#[derive(Debug)]
pub struct Loaded {
    /// The scenario.
    pub scenario: Scenario,
    /// Warnings only.
    pub warnings: Findings,
    /// What stands beside the texts it was put together from.
    pub beside: Beside,
}

/// What a scenario reads besides its texts.
#[derive(Debug, Clone, Default)]
pub struct Beside {
    /// Where its relative paths start.
    pub folder: PathBuf,
    /// Recorded traffic that was given on standard input.
    pub standard_input: Option<Spooled>,
}

/// Reads a scenario. Nothing is printed; traces it names are read.
///
/// # Errors
/// Everything that is wrong with it, warnings included; the findings hold the sources.
pub fn load(sources: Sources, options: &LoadOptions) -> Result<Loaded, Findings> {
    let around = options.surroundings();
    let recipe = Recipe::of(&sources, options);
    read_whole(sources, options, |file, products, faults| {
        let scenario = lower(file, &around, products, faults)?;
        Some(Scenario {
            recipe: recipe.with(products),
            documents: products.files.clone(),
            ..scenario
        })
    })
    .map(|(scenario, warnings)| {
        let (folder, standard_input) = (options.folder.clone(), options.standard_input.clone());
        Loaded { scenario, warnings, beside: Beside { folder, standard_input } }
    })
}

/// Policies without the rest of a scenario, in the order of the file, and warnings about them.
///
/// # Errors
/// Everything that is wrong with them, warnings included.
pub fn load_policies(
    sources: Sources,
    options: &LoadOptions,
) -> Result<(Vec<NamedPolicy>, Findings), Findings> {
    read_whole(sources, options, |file, products, faults| {
        let policies = policies_alone(&file, products, faults);
        (policies.len() == file.policies.len()).then_some(policies)
    })
}

/// Reads text and layers, then makes of the file what `make` does.
fn read_whole<T>(
    mut sources: Sources,
    options: &LoadOptions,
    make: impl FnOnce(ScenarioFile, &Products, &mut Faults) -> Option<T>,
) -> Result<(T, Findings), Findings> {
    for layer in &options.layers {
        sources.push(layer.name.clone(), layer.text.clone());
    }
    let layers = sources.padded_layers();
    let file_text = sources.text().to_owned();
    let (root, chosen) = match parse(&file_text, &layers, options) {
        Ok(parsed) => parsed,
        Err(found) => return Err(Findings::new(sources, found)),
    };
    let places = Places::of(root.get_ref());
    let read = decode::read::<ScenarioFile>(root);
    let mut found = read.findings;
    let sound_so_far = found.is_empty();
    let mut faults = Faults::new();
    let made = read.value.and_then(|mut file| {
        keep_policies(&mut file, &options.policies, &chosen, &mut faults);
        let products = Products::read(&mut file, options, &mut sources, &mut found, &mut faults);
        make(file, &products, &mut faults)
    });
    let rest = faults.into_vec().into_iter().filter(|fault| !follows(fault, &read.removed));
    found.extend(place(rest.collect(), &places));
    give_places(&mut found, &places);
    found.sort_by_key(|finding| finding.span.as_ref().map_or(usize::MAX, |span| span.start));
    let findings = Findings::new(sources, found);
    match made {
        Some(made) if sound_so_far && !findings.any_error() => Ok((made, findings)),
        _ => Err(findings),
    }
}

/// The tree of the file with the layers laid on it, and the policies that layers chose.
fn parse<'t>(
    text: &'t str,
    layers: &'t [String],
    options: &LoadOptions,
) -> Result<(Spanned<DeTable<'t>>, Vec<String>), Vec<Finding>> {
    let (mut root, errors) = DeTable::parse_recoverable(text);
    let mut found = first_of(text, &errors);
    let mut chosen = Vec::new();
    for (text, layer) in layers.iter().zip(&options.layers) {
        if let Some((of, name)) = &layer.copies {
            copy_policy(root.get_mut(), of, name);
        }
        match DeTable::parse(text) {
            Ok(over) => {
                if layer.chooses_policies {
                    chosen.extend(policy_names(over.get_ref()));
                }
                overlay(root.get_mut(), over.into_inner(), layer.depth.unwrap_or(usize::MAX));
            }
            Err(error) => found.extend(first_of(text, &[error])),
        }
    }
    if found.is_empty() { Ok((root, chosen)) } else { Err(found) }
}

fn policy_names(root: &DeTable<'_>) -> Vec<String> {
    let policies = root.get("policies").and_then(|value| value.get_ref().as_table());
    let keys = policies.into_iter().flat_map(DeTable::keys);
    keys.map(|key| key.get_ref().to_string()).collect()
}

/// What is wrong with the form of a text: the first fault, since one slip makes many, and how many follow.
pub(super) fn first_of(text: &str, errors: &[toml::de::Error]) -> Vec<Finding> {
    let start = |error: &&toml::de::Error| error.span().map_or(0, |span| span.start);
    let Some(first) = errors.iter().min_by_key(start) else { return Vec::new() };
    let mut finding = syntax(text, first);
    let hint = &mut finding.fault.hint;
    match errors.len() - 1 {
        0 => {}
        rest => {
            let follow = match rest {
                1 => "1 more place cannot be read".to_owned(),
                _ => format!("{rest} more places cannot be read"),
            };
            let mend = "perhaps because of this one";
            *hint = if hint.is_empty() { follow } else { format!("{hint}; {follow}") };
            *hint = format!("{hint}, {mend}");
        }
    }
    vec![finding]
}

fn syntax(text: &str, error: &toml::de::Error) -> Finding {
    let (message, hint) = match error.message().split_once(", expected ") {
        Some((message, expected)) => (message.to_owned(), format!("expected {expected}")),
        None => (error.message().to_owned(), String::new()),
    };
    let (message, hint) = match (message.as_str(), error.span()) {
        ("duplicate key", Some(span)) => twice(text, &span),
        ("key with no value" | "invalid unquoted key", Some(span))
            if text[..span.start].trim_end().ends_with(':')
                || text[span.start..].starts_with(':') =>
        {
            ("a key is followed by `:`".into(), "TOML writes `key = value`".into())
        }
        ("cannot recurse further; max recursion depth met" | "recursion limit", _) => {
            ("nested too deeply".into(), "at most 80 tables and arrays inside each other".into())
        }
        _ => (message, hint),
    };
    let fault = Fault {
        path: String::new(),
        message: format!("not TOML: {message}"),
        hint,
        severity: Severity::Error,
    };
    Finding::of(fault, error.span())
}

/// A key that is given twice, with its first place.
fn twice(text: &str, span: &Range<usize>) -> (String, String) {
    let unquoted = |key: &str| key.trim().trim_matches(['"', '\'']).to_owned();
    let keys = |keys: &str| -> Vec<String> {
        keys.split('.').filter(|key| !key.trim().is_empty()).map(unquoted).collect()
    };
    let line_start = text[..span.start].rfind('\n').map_or(0, |at| at + 1);
    let before = text[line_start..span.start].trim_start();
    let mut path = match before.strip_prefix('[') {
        Some(header) => keys(header.trim_start_matches('[')),
        None => {
            let header = text[..line_start].lines().rev().map(str::trim);
            let header = header.filter_map(|line| line.strip_prefix('[')?.split(']').next()).next();
            let mut path = keys(header.unwrap_or_default().trim_start_matches('['));
            path.extend(keys(before));
            path
        }
    };
    let name = unquoted(&text[span.clone()]);
    path.push(name.clone());
    let (before, _) = DeTable::parse_recoverable(&text[..line_start]);
    let places = Places::of(before.get_ref());
    let first = places.first(&path).map_or_else(String::new, |place| {
        let line = text[..place.key.start].matches('\n').count() + 1;
        format!(", first in line {line}")
    });
    (format!("the key `{name}` is given twice{first}"), "keep one of them".into())
}

/// Keeps the policies that were asked for by name and those that layers chose.
fn keep_policies(
    file: &mut ScenarioFile,
    named: &[String],
    chosen: &[String],
    faults: &mut Faults,
) {
    for name in named {
        if !file.policies.contains_key(name) {
            let known: Vec<&str> = file.policies.keys().map(String::as_str).collect();
            faults.error(
                "policies",
                format!("the scenario has no policy `{name}`"),
                nearest_of(name, &known),
            );
        }
    }
    let known = |name: &String| file.policies.contains_key(name);
    if (!named.is_empty() || !chosen.is_empty()) && named.iter().all(known) {
        let kept = |name: &String| named.contains(name) || chosen.contains(name);
        file.variants.retain(|name, _| kept(name) || !file.policies.contains_key(name));
        // One that is not run is no base; one that never was is told later.
        if file.base.as_ref().is_some_and(|base| known(base) && !kept(base)) {
            file.base = None;
        }
        file.policies.retain(|name, _| kept(name));
    }
}

/// Whether a fault is only about what an earlier fault took out.
pub(super) fn follows(fault: &Fault, removed: &[Vec<String>]) -> bool {
    removed.iter().any(|gone| {
        let gone = gone.join(".");
        let under = |a: &str, b: &str| a == b || a.starts_with(&format!("{b}."));
        under(&gone, &fault.path) || under(&fault.path, &gone)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use autosim_engine::simulation::{DecisionLog, Detail};
    use autosim_engine::units::Span;
    use autosim_engine::workload::Batch;

    const GOOD: &str = r#"
duration = "10m"
warmup = "1m"
[slo]
latency = "p99 < 300ms"
[workload.arrivals.main.poisson]
rate = "100/s"
[service]
concurrency = 8
service_time.exponential.mean = "50ms"
[replica]
cold_start.constant = "25s"
initial = 3
[policies.peak.fixed]
replicas = 12
"#;

    fn load_text(text: &str, change: &[(&str, &str)]) -> Result<Loaded, Findings> {
        let layers = change
            .iter()
            .map(|(path, value)| Layer::value(format!("--set {path}={value}"), path, value));
        let layers = layers.collect();
        let options =
            LoadOptions { fallback_name: "test".into(), layers, ..LoadOptions::default() };
        load(Sources::new("test.toml", text), &options)
    }

    fn faults(text: &str, change: &[(&str, &str)]) -> Vec<String> {
        let found = match load_text(text, change) {
            Ok(loaded) => loaded.warnings,
            Err(found) => found,
        };
        found
            .located()
            .iter()
            .map(|at| {
                let file = at.file.get(..40).unwrap_or(at.file);
                format!(
                    "{file}:{}:{} {}: {} | {}",
                    at.line, at.column, at.key, at.message, at.remedy
                )
            })
            .collect()
    }

    /// (rule 11)
    #[test]
    fn a_small_scenario_becomes_cells() {
        let scenario = load_text(GOOD, &[]).map_err(|found| found.render(false)).unwrap().scenario;
        assert_eq!(scenario.name, "test");
        assert_eq!(scenario.replications, 10);
        assert!(scenario.assumptions.iter().any(|a| a.contains("no price")), "{scenario:?}");
        let detail = Detail { timeline: None, decisions: DecisionLog::Off, supply: false };
        let mut setup = scenario.setup(0, 2, None, detail);
        assert_eq!((setup.services.len(), setup.replication), (1, 2));
        let service = &mut setup.services[0];
        assert_eq!((service.fleet.concurrency, service.fleet.initial), (8, 3));
        assert_eq!(
            service.limits.slo,
            [autosim_engine::simulation::Slo::below(0.99, Span::from_millis(300))]
        );
        let mut batch = Batch::new();
        service.arrivals.fill(&mut batch);
        assert!(!batch.is_empty());
    }

    #[test]
    fn overrides_replace_values_and_make_tables() {
        let changes =
            [("service.concurrency", "2"), ("service.queue.timeout", "5s"), ("seed", "9")];
        let scenario = load_text(GOOD, &changes).map_err(|f| f.render(false)).unwrap().scenario;
        assert_eq!((scenario.deployment(0, 0).fleet.concurrency, scenario.seed), (2, 9));
        assert!(scenario.deployment(0, 0).fleet.queue.timeout.is_some());
    }

    #[test]
    fn all_faults_of_a_file_come_together_with_their_place() {
        let text = GOOD
            .replace("duration = \"10m\"", "duration = 10")
            .replace("concurrency", "concurency")
            .replace("\"25s\"", "\"-25s\"")
            .replace("replicas = 12", "replica = 12\nreplicas = \"many\"");
        let found = faults(&text, &[]);
        for (at, part) in [
            ("test.toml:2:12 duration:", "a duration needs a unit"),
            ("test.toml:9:1 service.concurency:", "did you mean `concurrency`?"),
            ("test.toml:12:23 replica.cold_start.constant:", "negative"),
            ("test.toml:15:1 policies.peak.fixed.replica:", "unknown key `replica`"),
            ("test.toml:16:12 policies.peak.fixed.replicas:", "expected a whole number"),
        ] {
            let hit = found.iter().any(|line| line.starts_with(at) && line.contains(part));
            assert!(hit, "{at} {part}\n{}", found.join("\n"));
        }
        assert_eq!(found.len(), 5, "{}", found.join("\n"));
    }

    #[test]
    fn one_slip_is_one_fault_with_its_place_and_remedy() {
        let twice = GOOD.replace("initial = 3", "initial = 3\ninitial = 4");
        let table = format!("{GOOD}[service]\nconcurrency = 8\n");
        let dotted = GOOD.replace("concurrency = 8", "a.b = 1\na.b = 2");
        let colons = GOOD.replace(" = ", ": ");
        let deep = format!("x = {}", "[".repeat(100_000));
        for (text, expected) in [
            (
                &twice,
                "test.toml:14:1 : not TOML: the key `initial` is given twice, first in line 13 | keep",
            ),
            (
                &table,
                "test.toml:16:2 : not TOML: the key `service` is given twice, first in line 8 | keep",
            ),
            (&dotted, "the key `b` is given twice, first in line 9"),
            (
                &colons,
                "test.toml:2:9 : not TOML: a key is followed by `:` | TOML writes `key = value`; ",
            ),
            (
                &GOOD.replace("[slo]", "[slo"),
                "test.toml:4:5 : not TOML: unclosed table | expected `]`",
            ),
            (&deep, "not TOML: nested too deeply | at most 80"),
        ] {
            let found = faults(text, &[]);
            assert!(found.len() == 1 && found[0].contains(expected), "{expected}\n{found:?}");
        }
        let colons = faults(&colons, &[]).join("");
        assert!(
            colons.contains("more places cannot be read, perhaps because of this one"),
            "{colons}"
        );
    }

    #[test]
    fn items_of_an_array_are_judged_one_by_one() {
        let text = format!(
            "{GOOD}[[rollouts]]\nat = 'x'\nmin_redy = 3\n[[rollouts]]\nmin_ready = 'q'\n\
             [[rollouts]]\nat = '2m'\n[[outages]]\nat = 3\n[[outages]]\nfoo = 1\n"
        );
        let found = faults(&text, &[]);
        for (at, part) in [
            ("test.toml:17:6 rollouts.0.at:", "`x` is not an offset"),
            ("test.toml:18:1 rollouts.0.min_redy:", "did you mean `min_ready`?"),
            ("test.toml:20:13 rollouts.1.min_ready:", "`q`"),
            ("test.toml:24:6 outages.0.at:", "needs a unit"),
            ("test.toml:26:1 outages.1.foo:", "unknown key `foo`"),
        ] {
            let hit = found.iter().any(|line| line.starts_with(at) && line.contains(part));
            assert!(hit, "{at} {part}\n{}", found.join("\n"));
        }
    }

    #[test]
    fn numbers_kinds_and_endless_values_are_refused_in_few_words() {
        let endless = "x".repeat(3_000_000);
        for (path, value, part) in [
            (
                "replica.initial",
                "99999999999999999999",
                "`99999999999999999999` | expected a whole",
            ),
            ("replica.initial", "4294967296", "at most 4294967295"),
            ("seed", "18446744073709551616", "at most 18446744073709551615"),
            ("traffic_scale", "0", "traffic_scale: the scale is 0 | a positive number"),
            ("service.balancing", "3", "it names no kind | known: `central-queue`, `random`"),
            ("duration", endless.as_str(), "bytes left out"),
        ] {
            let found = faults(GOOD, &[(path, value)]);
            let line = found.iter().find(|line| line.contains(part));
            assert!(line.is_some_and(|line| line.len() < 5000), "{path}: {part}");
        }
    }

    #[test]
    fn nonsense_is_refused_with_a_remedy() {
        for (path, value, place, part) in [
            ("duration", "0s", "--set duration=0s:1:12", "above zero"),
            ("warmup", "10m", "--set warmup=10m:1:10", "shorter warm-up"),
            ("start", "2026-13-01T00:00:00Z", "--set start", "expected a date"),
            ("start", "2026-03-02T00:00:00+01:00[Europe/Nowhere]", "--set start", "Nowhere"),
            ("service.concurrency", "0", "--set service", "1 to 1000000"),
            ("name", "a/b", "--set name", "cannot name a file"),
            ("replica.quota", "2", "test.toml:13:11", "exceed the quota"),
            ("replications", "0", "--set replications", "from 1"),
            ("price.per_replica_hour", "0.1", "--set price", "needs a currency"),
            ("workload.arrivals.main.poisson.rate", "0/s", "--set workload", "zero"),
            ("slo.latency", "p99 > 3s", "--set slo", "p99 < 300ms"),
            ("timeline", "1ns", "--set timeline", "longer interval"),
        ] {
            let found = faults(GOOD, &[(path, value)]);
            let hit = found.iter().any(|line| line.starts_with(place) && line.contains(part));
            assert!(hit, "{path} = {value}: {place} {part}\n{}", found.join("\n"));
        }
    }

    #[test]
    fn what_is_legal_but_unwise_is_a_warning() {
        let threshold = "{ metric = 'cpu', max = 9, cooldown = '5s', \
             rules = [{ when = '> 70%', change = '+1' }] }";
        let tracking = "{ metric = 'cpu', target = '100%', max = 9 }";
        let dated = "{ entries = [{ at = '2026-03-02T08:00', replicas = 9 }] }";
        for (path, value, place, part) in [
            ("slo.latency", "p99 < 30ms", "slo.latency", "mean service time (50ms)"),
            ("replications", "1", "replications", "no spread"),
            ("warmup", "9m", "warmup", "more than half"),
            (
                "workload.arrivals.main.poisson.rate",
                "2000/s",
                "policies.peak.fixed",
                "12.5 replicas",
            ),
            ("replica.quota", "8", "policies.peak.fixed", "grants 8"),
            ("replica.initial", "20", "policies.peak.fixed", "starts with 20"),
            ("policies.t.threshold", threshold, "policies.t.threshold.cooldown", "twice"),
            (
                "policies.t.scheduled",
                dated,
                "policies.t.scheduled.entries.0.at",
                "is a date, but nobody",
            ),
            ("policies.t.target-tracking", tracking, "target-tracking.target", "never scales out"),
        ] {
            let found = faults(GOOD, &[(path, value)]);
            let hit = found.iter().any(|line| line.contains(place) && line.contains(part));
            assert!(hit, "{path} = {value}\n{}", found.join("\n"));
            assert!(load_text(GOOD, &[(path, value)]).is_ok(), "{path} = {value} is no error");
        }
        assert_eq!(faults(GOOD, &[]), Vec::<String>::new());
    }

    #[test]
    fn what_is_missing_altogether_is_said() {
        let found = faults("", &[]).join("\n");
        assert!(found.contains("there is no policy") && found.contains("no traffic"), "{found}");
    }

    #[test]
    fn text_that_is_not_toml_is_shown_where_it_breaks() {
        let found = faults("name = \"x\"\nduration = = 3\n", &[]);
        assert!(found[0].starts_with("test.toml:2:"), "{found:?}");
    }
}
