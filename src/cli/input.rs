//! From arguments to a scenario.

use super::demo;
use super::documents::{Group, ReadDocument, is_document};
use super::exit::Failure;
use super::named::{Named, named};
use super::past_run::PastRun;
use super::terminal::Terminal;
use super::trace::ReadingArgs;
use autosim_engine::workload::trace::{Spooled, unpacked};
use autosim_report::check_whole;
use autosim_study::scenario::{Findings, Layer, LoadOptions, Loaded, Sources, load};
use autosim_study::tune::Study;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// What may be said about a scenario on the command line.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct ScenarioArgs {
    /// Sets one key of the scenario: a TOML value, or bare text; may be repeated
    #[arg(long = "set", value_name = "PATH=VALUE", value_parser = key_value)]
    pub(super) set: Vec<(String, String)>,
    /// Seed of all random draws
    #[arg(long, value_name = "N")]
    pub(super) seed: Option<u64>,
    /// Independent repetitions
    #[arg(long, value_name = "N")]
    pub(super) replications: Option<u32>,
    /// Only this policy of the scenario; the policies of a TOML file; a platform's own document (JSON or
    /// YAML), each a policy unless it belongs to one before; fixed:12, clairvoyant, or the name of one
    /// that comes with autosim; may be repeated
    #[arg(long = "policy", value_name = "NAME|FILE")]
    pub(super) policies: Vec<String>,
    /// The policy that runs today, in any form --policy takes: the others are compared with it, and the verdict
    /// says what is saved [default: the cheapest one that keeps the SLO]
    #[arg(long, value_name = "NAME|FILE")]
    pub(super) base: Option<String>,
    /// Traffic from a recorded trace, in place of the scenario's; `-` is standard input
    #[arg(long, value_name = "FILE")]
    pub(super) trace: Option<PathBuf>,
    /// A TOML file with `service`, `replica` and `price` tables
    #[arg(long, value_name = "FILE")]
    pub(super) service: Option<PathBuf>,
    /// Multiplies the traffic of every service, in place of a `traffic_scale` of the scenario: 3 plays three times as
    /// much as its sources say
    #[arg(long, value_name = "FACTOR", allow_hyphen_values = true)]
    pub(super) scale_traffic: Option<String>,
    /// The SLO: 'p99<300ms' or 'errors<0.1%'; may be repeated
    #[arg(long, value_name = "TERM")]
    pub(super) slo: Vec<String>,
    /// Where relative paths of the scenario start [default: its own folder; of what a run left, where they
    /// started then]
    #[arg(long, value_name = "DIR")]
    pub(super) folder: Option<PathBuf>,
    #[command(flatten)]
    pub(super) reading: ReadingArgs,
    /// What standard input gave: it is read once, whatever number of scenarios it is laid on.
    #[arg(skip)]
    pub(super) standard_input: OnceLock<Option<Spooled>>,
}

pub(super) fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((path, value)) if !path.trim().is_empty() => {
            Ok((path.trim().to_owned(), value.trim().to_owned()))
        }
        _ => Err("expected PATH=VALUE, for example service.concurrency=8".into()),
    }
}

/// A count of the command line, in words a user knows.
pub(super) fn at_least_one<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| "give a whole number from 1 on".to_owned())
}

/// What a file is to be: what is said of one that cannot be read depends on it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Role {
    Scenario,
    Service,
    Policy,
    Readings,
}

impl Role {
    /// What helps if there is no such file.
    fn where_to_look(self, name: &str) -> String {
        let stem = Path::new(name).file_stem().map(|stem| stem.to_string_lossy());
        let shipped = stem.and_then(|stem| demo::nearly(&stem));
        let hint = match self {
            Self::Scenario => match shipped {
                Some(shipped) => {
                    return format!("check the path; or did you mean `autosim demo {shipped}`?");
                }
                None => "check the path; `autosim demo` lists the scenarios that come with autosim",
            },
            Self::Service => {
                "check the path; --service takes a TOML file with [service] and [replica]"
            }
            Self::Policy => {
                "check the path; a policy is a TOML file or a product's own document, JSON or YAML"
            }
            Self::Readings => {
                "check the path; readings are a CSV file whose first column is `time_s` or `time`, or series of Prometheus, CloudWatch or Grafana"
            }
        };
        hint.to_owned()
    }

    /// Every byte of it. What is written by hand and what holds that is not endless.
    fn limited(self, mut file: impl std::io::Read) -> std::io::Result<Vec<u8>> {
        const MOST: u64 = 256 << 20;
        let mut bytes = Vec::new();
        match self {
            Self::Readings => file.read_to_end(&mut bytes)?,
            Self::Scenario | Self::Service | Self::Policy => {
                file.take(MOST + 1).read_to_end(&mut bytes)?
            }
        };
        match self {
            Self::Scenario | Self::Service | Self::Policy if bytes.len() as u64 > MOST => {
                Err(std::io::Error::other(
                    "it is longer than 256 MiB; recorded traffic goes to --trace",
                ))
            }
            Self::Readings | Self::Scenario | Self::Service | Self::Policy => Ok(bytes),
        }
    }

    /// What it should be if it is not text.
    fn form(self) -> &'static str {
        match self {
            Self::Scenario => "a scenario is a TOML file in UTF-8",
            Self::Service => "--service takes a TOML file in UTF-8",
            Self::Policy => "a policy is a TOML file or a product's own document, in UTF-8",
            Self::Readings => "readings are CSV or JSON in UTF-8",
        }
    }
}

/// A text with its name and the folder its relative paths start from.
pub(super) struct Input {
    pub(super) name: String,
    pub(super) text: String,
    pub(super) folder: PathBuf,
    pub(super) fallback_name: String,
}

impl Input {
    /// Reads a file, or standard input for `-`.
    pub(super) fn read(path: &Path, role: Role) -> Result<Self, Failure> {
        Ok(Self::find(path, role)?)
    }

    /// The same, with what stops it as findings.
    pub(super) fn find(path: &Path, role: Role) -> Result<Self, Findings> {
        if path == Path::new("-") {
            let read = role.limited(std::io::stdin().lock());
            return Self::of_bytes(STANDARD_INPUT, role, read, PathBuf::new(), "stdin");
        }
        if let Role::Scenario = role
            && path.join("manifest.json").is_file()
        {
            let refuse = |error| Findings::of_file(&path.display().to_string(), error, "");
            check_whole(path).map_err(|error| refuse(error.to_string()))?;
            return Self::find(&path.join("manifest.json"), role);
        }
        let name = path.display().to_string();
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        let read = std::fs::File::open(path).and_then(|file| role.limited(file));
        Self::of_bytes(&name, role, read, folder, &stem.unwrap_or_default())
    }

    /// A text that is part of the program.
    pub(super) fn embedded(name: &str, text: &str, folder: PathBuf) -> Self {
        let name = name.to_owned();
        Self { fallback_name: name.clone(), name, text: text.to_owned(), folder }
    }

    /// A scenario that is nothing but its arguments.
    fn empty() -> Self {
        let name = "the command line".to_owned();
        Self { name, text: String::new(), folder: PathBuf::new(), fallback_name: "run".into() }
    }

    /// As the text of a scenario, with its surroundings.
    fn into_sources(self, folder: Option<PathBuf>) -> (Sources, LoadOptions) {
        let Self { name, text, folder: own, fallback_name } = self;
        let folder = folder.unwrap_or(own);
        (Sources::new(name, text), LoadOptions { folder, fallback_name, ..LoadOptions::default() })
    }

    fn of_bytes(
        name: &str,
        role: Role,
        bytes: std::io::Result<Vec<u8>>,
        folder: PathBuf,
        fallback_name: &str,
    ) -> Result<Self, Findings> {
        let refuse = |message: String, hint: &str| Findings::of_file(name, message, hint);
        let bytes = bytes.map_err(|error| match error.kind() == ErrorKind::IsADirectory {
            true => refuse(format!("cannot read {name}: it is a folder"), NAME_A_FILE),
            false => refuse(format!("cannot read {name}: {error}"), &role.where_to_look(name)),
        })?;
        let bytes = match role {
            Role::Readings => unpacked(bytes, name).map_err(|error| {
                refuse(error.message.clone(), &error.hint) //
            })?,
            Role::Scenario | Role::Service | Role::Policy => bytes,
        };
        let text = String::from_utf8(bytes).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            let message = format!("{name} is not text: byte {at} is not UTF-8");
            refuse(message, role.form())
        })?;
        let fallback_name = fallback_name.to_owned();
        Ok(Self { name: name.to_owned(), text, folder, fallback_name })
    }
}

/// What `-` is called.
const STANDARD_INPUT: &str = "standard input";

const NAME_A_FILE: &str =
    "name a file in it, or a folder that `autosim run` left, which has a manifest.json";

/// Endings of recorded traffic, which is no scenario.
const RECORDED: [&str; 4] = [".csv", ".tsv", ".gz", ".zst"];

/// A file that can be no scenario by its name.
pub(super) fn refuse_recorded(path: &Path) -> Result<(), Findings> {
    let name = path.display().to_string();
    if !RECORDED.iter().any(|ending| name.ends_with(ending)) {
        return Ok(());
    }
    let hint = "recorded traffic goes to `--trace`, with `--policy` and `--service` files, or is named in a \
                scenario";
    Err(Findings::of_file(&name, format!("{name} is no scenario: those are TOML"), hint))
}

impl ScenarioArgs {
    /// The same over what a file says: a flag goes before it, `--set` lies on top of it.
    pub(super) fn over(self, below: Self) -> Self {
        let first = |own: Vec<String>, below| if own.is_empty() { below } else { own };
        Self {
            set: [below.set, self.set].concat(),
            seed: self.seed.or(below.seed),
            replications: self.replications.or(below.replications),
            policies: first(self.policies, below.policies),
            base: self.base.or(below.base),
            trace: self.trace.or(below.trace),
            service: self.service.or(below.service),
            scale_traffic: self.scale_traffic.or(below.scale_traffic),
            slo: first(self.slo, below.slo),
            folder: self.folder.or(below.folder),
            reading: self.reading,
            standard_input: self.standard_input,
        }
    }

    /// The scenario of a file, or of the arguments alone, with the arguments laid on it.
    pub(super) fn load(&self, path: Option<&Path>) -> Result<Result<Loaded, Findings>, Failure> {
        if self.trace.is_none()
            && let Some((key, _)) = self.reading.keys().iter().next()
        {
            return Err(Failure::bad_input(format_args!(
                "`{key}` says how a recorded trace is read, but there is no --trace: give one, or state it in the \
                 scenario: --set workload.arrivals.NAME.replay.{key}=..."
            )));
        }
        match (path, &self.trace) {
            (Some(path), _) => match refuse_recorded(path) {
                Ok(()) => self.load_input(Input::read(path, Role::Scenario)?),
                Err(findings) => Ok(Err(findings)),
            },
            (None, Some(_)) => self.load_input(Input::empty()),
            (None, None) => Err(Failure::bad_input(
                "nothing to run: give a scenario file, or --trace with --policy and --service \
                 files; `autosim demo` lists the scenarios that come with autosim",
            )),
        }
    }

    /// The same with more policies.
    pub(super) fn with_documents(&self, documents: Vec<String>) -> Self {
        let mut all = self.clone();
        all.policies.splice(0..0, documents);
        all
    }

    /// As [`ScenarioArgs::load`], but traffic may come from overrides alone; `below` lies under them.
    pub(super) fn load_or_empty(
        &self,
        path: Option<&Path>,
        below: Vec<Layer>,
    ) -> Result<Result<Loaded, Findings>, Failure> {
        let read = |path| Input::read(path, Role::Scenario);
        self.load_layers(path.map_or_else(|| Ok(Input::empty()), read)?, below)
    }

    /// As [`ScenarioArgs::load`] for a text already read.
    pub(super) fn load_input(&self, input: Input) -> Result<Result<Loaded, Findings>, Failure> {
        self.load_layers(input, Vec::new())
    }

    fn load_layers(
        &self,
        input: Input,
        below: Vec<Layer>,
    ) -> Result<Result<Loaded, Findings>, Failure> {
        self.refuse_two_on_standard_input(&input)?;
        if Study::is_meant(&input.text) {
            let message = format!("{} is a study, and no scenario", input.name);
            let hint = "`autosim tune` takes it; what it is about is the scenario that it names";
            return Ok(Err(Findings::of_file(&input.name, message, hint)));
        }
        let base = PastRun::of(&input.name, &input.text).and_then(|past| match past {
            Some(past) => Ok((past.restored(self.folder.as_deref())?, Some(past))),
            None => Ok((input.into_sources(self.folder.clone()), None)),
        });
        let ((sources, mut options), past) = match base {
            Ok(base) => base,
            Err(findings) => return Ok(Err(findings)),
        };
        options.layers.splice(0..0, below);
        let before = options.layers.len();
        if let Some(path) = &self.service {
            let part = Input::read(path, Role::Service)?;
            options.layers.push(Layer::part(part.name, part.text));
        }
        let texts = options.layers.iter().map(Layer::text).chain([sources.text()]);
        let taken = texts.flat_map(policies_of).collect();
        let chosen = match Chosen::of(&self.policies, self.base.as_deref(), taken) {
            Ok(chosen) => chosen?,
            Err(findings) => return Ok(Err(findings)),
        };
        if !self.policies.is_empty() {
            options.choose_only(chosen.names);
        }
        options.layers.extend(chosen.layers);
        options.keep(chosen.base);
        options.documents.splice(0..0, chosen.documents);
        if let Some(trace) = &self.trace {
            if self.standard_input.get().is_none() {
                let _ = self.standard_input.set(standard_input(trace)?);
            }
            options.standard_input = self.standard_input.get().cloned().flatten();
            options.layers.push(trace_layer(trace, &self.reading.keys(), &options.folder)?);
        }
        options.layers.extend(slo_layers(&self.slo)?);
        options.layers.extend(self.values());
        let loaded = load(sources, &options);
        Ok(match past {
            Some(past) => past.judged(loaded, &options.layers[before..]),
            None => loaded,
        })
    }

    /// What comes on standard input is one thing.
    fn refuse_two_on_standard_input(&self, input: &Input) -> Result<(), Failure> {
        let is = |path: &Option<PathBuf>| path.as_deref() == Some(Path::new("-"));
        let mut policies = self.policies.iter().chain(&self.base);
        let given = [
            ("the scenario", input.name == STANDARD_INPUT),
            ("--trace", is(&self.trace)),
            ("--service", is(&self.service)),
            ("--policy", policies.any(|policy| policy == "-")),
        ];
        let given: Vec<&str> =
            given.iter().filter(|(_, given)| *given).map(|(name, _)| *name).collect();
        match given.as_slice() {
            [first, second, ..] => Err(Failure::bad_input(format_args!(
                "{first} and {second} cannot both be standard input; save one of them to a file"
            ))),
            [] | [_] => Ok(()),
        }
    }

    /// What is laid on a scenario value by value.
    pub(super) fn values(&self) -> Vec<Layer> {
        let seed = self.seed.map(|n| ("seed", n.to_string()));
        let replications = self.replications.map(|n| ("replications", n.to_string()));
        let named = seed.into_iter().chain(replications);
        let named = named.map(|(key, value)| Layer::value(format!("--{key} {value}"), key, &value));
        let scale = self.scale_traffic.iter().map(|factor| {
            Layer::value(format!("--scale-traffic {factor}"), "traffic_scale", factor) //
        });
        let set = self.set.iter().map(|(path, value)| {
            Layer::value(format!("--set {path}={value}"), path, value) //
        });
        set.chain(scale).chain(named).collect()
    }
}

/// Names of the policies in a text of TOML, in its order; none if it is none.
pub(super) fn policies_of(text: &str) -> Vec<String> {
    let root = toml::from_str::<toml::Table>(text).unwrap_or_default();
    let policies = root.get("policies").and_then(toml::Value::as_table);
    policies.into_iter().flat_map(toml::Table::keys).cloned().collect()
}

/// The policies an invocation asks for.
#[derive(Default)]
struct Chosen {
    /// By their names in the scenario.
    names: Vec<String>,
    /// Besides those of the scenario.
    layers: Vec<Layer>,
    /// Texts of documents that layers name.
    documents: Vec<(String, String)>,
    /// What runs today.
    base: Option<String>,
}

impl Chosen {
    /// Policies of the scenario, by the names in `taken`; files; those that need no file; and the base, which
    /// runs too. What stands in a document that is none comes as findings.
    fn of(
        policies: &[String],
        base: Option<&str>,
        mut taken: Vec<String>,
    ) -> Result<Result<Self, Failure>, Findings> {
        let others = policies.iter().map(String::as_str).filter(|policy| Some(*policy) != base);
        let mut chosen = Self::default();
        if let Err(failure) = chosen.add("--policy", others, &mut taken)? {
            return Ok(Err(failure));
        }
        let Some(base) = base else { return Ok(Ok(chosen)) };
        let (mut today, before) = (Self::default(), taken.len());
        if let Err(failure) = today.add("--base", [base].into_iter(), &mut taken)? {
            return Ok(Err(failure));
        }
        let added = today.names.iter().chain(&taken[before..]);
        let [name] = &added.cloned().collect::<Vec<_>>()[..] else {
            return Ok(Err(Failure::bad_input(format_args!(
                "--base {base}: a base is one policy, and it holds {}; give the file to --policy, and to \
                 --base the name of one",
                taken.len() - before
            ))));
        };
        if policies.iter().any(|policy| policy == base) {
            chosen.names.push(name.clone());
        }
        chosen.base = Some(name.clone());
        chosen.layers.extend(today.layers.into_iter().map(Layer::beside));
        let value = toml::Value::String(name.clone()).to_string();
        chosen.layers.push(Layer::value(format!("--base {base}"), "base", &value));
        chosen.documents.extend(today.documents);
        Ok(Ok(chosen))
    }

    fn add<'a>(
        &mut self,
        flag: &str,
        policies: impl Iterator<Item = &'a str>,
        taken: &mut Vec<String>,
    ) -> Result<Result<(), Failure>, Findings> {
        let mut documents = Vec::new();
        for policy in policies {
            let path = Path::new(policy);
            let is_file = is_document(policy, "") || policy.ends_with(".toml") || path.is_file();
            let named = match named(policy) {
                _ if taken.iter().any(|name| name == policy) => {
                    self.names.push(policy.to_owned());
                    continue;
                }
                _ if is_file => {
                    let input = Input::find(path, Role::Policy)?;
                    if is_document(&input.name, &input.text) {
                        documents.push(ReadDocument::of(input)?);
                    } else {
                        taken.extend(policies_of(&input.text));
                        self.layers.push(Layer::policies(input.name, input.text));
                    }
                    continue;
                }
                Ok(named) => named,
                Err(text) => return Ok(Err(Failure::bad_input(format_args!("{flag} {text}")))),
            };
            match named {
                Some(Named::Table(name, table)) => {
                    taken.push(name);
                    self.layers.push(Layer::policies(format!("{flag} {policy}"), table));
                }
                Some(Named::Document(input)) => documents.push(ReadDocument::of(input)?),
                None => self.names.push(policy.to_owned()),
            }
        }
        for group in Group::apart(documents) {
            let name = group.policy_name(taken);
            self.layers.push(group.layer(&name, false));
            self.documents.extend(group.texts());
            taken.push(name);
        }
        Ok(Ok(()))
    }
}

/// What there is to read where recorded traffic is `-`.
pub(super) fn standard_input(trace: &Path) -> Result<Option<Spooled>, Failure> {
    if trace != Path::new("-") {
        return Ok(None);
    }
    let kept = Spooled::of(std::io::stdin().lock());
    kept.map(Some).map_err(|error| {
        Failure::bad_input(format_args!(
            "cannot keep {STANDARD_INPUT} in a temporary file: {error}; TMPDIR names a folder with room"
        ))
    })
}

/// A recorded trace as the only source. Its path is relative to where the command runs, while paths
/// of a scenario are relative to its file.
fn trace_layer(trace: &Path, reading: &toml::Table, folder: &Path) -> Result<Layer, Failure> {
    let file = toml::Value::String(seen_from(folder, trace)?);
    let mut keys = String::new();
    for (key, value) in reading {
        let value = match (key.as_str(), value) {
            ("durations", toml::Value::String(path)) => {
                toml::Value::String(seen_from(folder, Path::new(path))?)
            }
            (_, value) => value.clone(),
        };
        keys += &format!(", {key} = {value}");
    }
    let value = format!("{{ trace = {{ replay = {{ file = {file}{keys} }} }} }}");
    Ok(Layer::value(format!("--trace {}", trace.display()), "workload.arrivals", &value))
}

/// A path of the command line as paths from a folder on are written.
pub(super) fn seen_from(folder: &Path, trace: &Path) -> Result<String, Failure> {
    use std::path::Component;
    let plain = folder.components().all(|part| matches!(part, Component::Normal(_)));
    let path = if trace.is_absolute() || trace == Path::new("-") {
        trace.to_owned()
    } else if plain {
        // Back up from the file's folder; no absolute path gets into the results this way.
        let mut path: PathBuf = folder.components().map(|_| "..").collect();
        path.push(trace);
        path
    } else {
        std::env::current_dir().map_err(Failure::bad_input)?.join(trace)
    };
    Ok(path.display().to_string())
}

/// All SLOs of the command line: those on latency hold together.
fn slo_layers(terms: &[String]) -> Result<Vec<Layer>, Failure> {
    let (mut latency, mut errors) = (Vec::new(), Vec::new());
    for term in terms.iter().map(|term| term.trim()) {
        match term.strip_prefix("errors") {
            Some(share) => errors.push((term, share.trim())),
            None if term.starts_with('p') => latency.push(term),
            None => {
                return Err(Failure::bad_input(format_args!(
                    "--slo `{term}` is neither a latency nor an errors SLO; \
                     write 'p99<300ms' or 'errors<0.1%'"
                )));
            }
        }
    }
    if let [(first, _), (second, _), ..] = errors[..] {
        return Err(Failure::bad_input(format_args!(
            "--slo `{first}` and --slo `{second}`: one SLO on errors; keep the stricter"
        )));
    }
    let layer = |term: &str, key: &str, value: &str| {
        Layer::value(format!("--slo {term}"), key, value) //
    };
    let errors = errors.into_iter().map(|(term, share)| layer(term, "slo.errors", share));
    let latency = match latency[..] {
        [] => None,
        [one] => Some(layer(one, "slo.latency", one)),
        _ => {
            let list = latency.iter().map(|&term| toml::Value::from(term)).collect();
            let list = toml::Value::Array(list).to_string();
            Some(layer(&latency.join(" --slo "), "slo.latency", &list))
        }
    };
    Ok(latency.into_iter().chain(errors).collect())
}

/// The scenario, its warnings shown; or everything wrong with it as a failure.
pub(super) fn accept(
    loaded: Result<Loaded, Findings>,
    terminal: &Terminal,
) -> Result<autosim_study::scenario::Scenario, Failure> {
    match loaded {
        Ok(Loaded { scenario, warnings, .. }) => {
            if !warnings.is_empty() {
                terminal.say(&warnings.render(terminal.colour));
            }
            Ok(scenario)
        }
        Err(findings) => Err(findings.into()),
    }
}
