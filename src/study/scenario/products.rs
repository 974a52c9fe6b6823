//! Reads the documents of the products and the programs a scenario names, and gives what is wrong with them its place.

use super::Scenario;
use super::choice::{PolicyChoice, PolicyFile, ProgramPolicy};
use super::deployment::LeftOpen;
use super::file::{ReplicaFile, ScenarioFile, ServiceFile};
use super::findings::Finding;
use super::load::LoadOptions;
use super::sharing;
use super::sources::Sources;
use autosim_engine::fault::{Fault, Faults};
use autosim_policies::products::{Found, Loading, Origin, ProductFile, ProductPolicy};
use autosim_policies::stdio::ProgramFile;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Whether any policy of the scenario is a product's.
pub(super) fn any(file: &ScenarioFile) -> bool {
    let of_services = file.services.values().filter_map(|entry| entry.policy.as_ref());
    let mut all = file.policies.values().chain(of_services);
    all.any(|policy| matches!(policy, PolicyFile::Product(_)))
}

impl LeftOpen {
    /// Of every service of a scenario, before defaults are filled in.
    pub(super) fn of_file(file: &ScenarioFile) -> Vec<Self> {
        let sole = (file.services.is_empty()).then(|| Self::of(&file.service, &file.replica));
        let several = file.services.values().map(|entry| Self::of(&entry.service, &entry.replica));
        sole.into_iter().chain(several).collect()
    }

    fn of(service: &Option<ServiceFile>, replica: &Option<ReplicaFile>) -> Self {
        let service = service.as_ref();
        let replica = replica.as_ref();
        Self {
            concurrency: service
                .is_none_or(|one| one.concurrency.is_none() && !sharing::is_sharing(one)),
            cold_start: replica.is_none_or(|one| one.cold_start.is_none()),
            grace: replica.is_none_or(|one| one.grace.is_none()),
            victims: service.is_none_or(|one| one.scale_in.is_none()),
            at_zero: service
                .and_then(|one| one.queue.as_ref())
                .is_none_or(|queue| queue.at_zero.is_none()),
            balancing: service
                .is_none_or(|one| one.balancing.is_none() && !sharing::is_sharing(one)),
        }
    }
}

/// Refuses products that look at what nothing in a run stands for.
pub(super) fn check_sources(scenario: &Scenario, faults: &mut Faults) {
    let own =
        scenario.services.iter().filter_map(|one| Some((one.key("policy"), one.own.as_ref()?)));
    let competing =
        scenario.policies.iter().map(|one| (format!("policies.{}", one.name), &one.deployment));
    for (key, deployment) in own.chain(competing) {
        let policy = &deployment.policy;
        for one in policy.product().map(ProductPolicy::unsourced).unwrap_or_default() {
            let key = format!("{key}.{}.knobs", policy.kind_name());
            let message = format!("{} looks at nothing that a simulation has", one.what);
            let hint = format!("set {key}.{} to a metric such as \"queued_requests\"", one.knob);
            faults.error(&key, message, hint);
        }
    }
}

/// The products of a scenario by the path of their policy: `policies.platform`.
#[derive(Default)]
pub(super) struct Products {
    loaded: BTreeMap<String, ProductPolicy>,
    /// Where paths start.
    folder: PathBuf,
    /// Files read: path as written, SHA-256 in hex.
    pub(super) inputs: Vec<(String, String)>,
    /// Their texts, by the same names.
    pub(super) texts: Vec<(String, String)>,
    /// The files of each policy by its path, those with files: the key that names it, and its name.
    pub(super) files: BTreeMap<String, Vec<(&'static str, String)>>,
}

impl Products {
    /// Reads every document; the file then holds them in place of their names.
    pub(super) fn read(
        file: &mut ScenarioFile,
        options: &LoadOptions,
        sources: &mut Sources,
        findings: &mut Vec<Finding>,
        faults: &mut Faults,
    ) -> Self {
        let products = Self { folder: options.folder.clone(), ..Self::default() };
        let mut loader = DocumentLoader { options, sources, findings, faults, products };
        for (name, policy) in &mut file.policies {
            loader.policy(format!("policies.{name}"), policy);
        }
        for (name, entry) in &mut file.services {
            if let Some(policy) = &mut entry.policy {
                loader.policy(format!("services.{name}.policy"), policy);
            }
        }
        loader.products
    }

    /// The policy at `path`, ready to be built; `None` if its documents are not good.
    pub(super) fn choice(&self, path: &str, policy: &PolicyFile) -> Option<PolicyChoice> {
        match policy {
            PolicyFile::BuiltIn(spec) => Some(spec.clone().into()),
            PolicyFile::Program(file) => {
                let (file, folder) = (file.clone(), self.folder.clone());
                Some(PolicyChoice::Program(ProgramPolicy { file, folder }))
            }
            PolicyFile::Product(_) => {
                self.loaded.get(path).map(|one| PolicyChoice::Product(Box::new(one.clone())))
            }
        }
    }
}

struct DocumentLoader<'a> {
    options: &'a LoadOptions,
    sources: &'a mut Sources,
    findings: &'a mut Vec<Finding>,
    faults: &'a mut Faults,
    products: Products,
}

impl DocumentLoader<'_> {
    fn policy(&mut self, path: String, policy: &mut PolicyFile) {
        let file = match policy {
            PolicyFile::Product(file) => file,
            PolicyFile::Program(program) => return self.program(program),
            PolicyFile::BuiltIn(_) => return,
        };
        let key = format!("{path}.{}", file.kind_name());
        let Some(texts) = self.texts(&key, file) else { return };
        let names: Vec<String> = file.files().into_iter().map(str::to_owned).collect();
        let Loading { policy: loaded, found } = file.load(&texts);
        if !names.is_empty() {
            let keys = file.files_by_key().into_iter();
            let files = keys.map(|(key, name)| (key, name.to_owned())).collect();
            self.products.files.insert(path.clone(), files);
        }
        let starts: Vec<usize> = names
            .into_iter()
            .zip(texts)
            .map(|(name, text)| self.sources.push(name, text))
            .collect();
        // Documents of a command line stand for themselves.
        let own = file.files().iter().any(|name| self.document(name).is_some());
        for found in &found {
            self.found(if own { "" } else { &key }, &starts, found);
        }
        if let Some(loaded) = loaded {
            *file = loaded.file().clone();
            self.products.loaded.insert(path, loaded);
        }
    }

    /// The files that a program's command names are inputs of the run: its figures depend on what they say.
    fn program(&mut self, program: &ProgramFile) {
        for word in &program.spec().command {
            let path = self.options.folder.join(word);
            let Some(Ok(bytes)) = path.is_file().then(|| std::fs::read(path)) else { continue };
            let input = (word.clone(), sha256(&bytes));
            if !self.products.inputs.contains(&input) {
                self.products.inputs.push(input);
            }
        }
    }

    fn texts(&mut self, key: &str, file: &ProductFile) -> Option<Vec<String>> {
        let mut texts = Vec::new();
        let mut sound = true;
        for name in file.files() {
            match self.text(name) {
                Ok(text) => {
                    self.products.inputs.push((name.to_owned(), sha256(text.as_bytes())));
                    self.products.texts.push((name.to_owned(), text.clone()));
                    texts.push(text);
                }
                Err(error) => {
                    sound = false;
                    let message = format!("cannot read the document {name}: {error}");
                    self.faults.error(key, message, "paths are relative to the scenario's folder");
                }
            }
        }
        sound.then_some(texts)
    }

    fn text(&self, name: &str) -> std::io::Result<String> {
        let read = || std::fs::read_to_string(self.options.folder.join(name));
        self.document(name).map_or_else(read, |text| Ok(text.to_owned()))
    }

    /// The text of a document that was read already.
    fn document(&self, name: &str) -> Option<&str> {
        let mut known = self.options.documents.iter();
        known.find(|(known, _)| known == name).map(|(_, text)| text.as_str())
    }

    fn found(&mut self, key: &str, starts: &[usize], found: &Found) {
        let span = match &found.origin {
            Origin::Inline(_) => None,
            Origin::File { file, span } => {
                let start = starts.get(*file).copied().unwrap_or_default();
                Some(span.start + start..span.end + start)
            }
        };
        let document = Some(found.fault.clone());
        self.findings.push(Finding { fault: fault_of(key, found), span, document });
    }
}

/// In hex.
fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A fault of a document in our form; `key` is the product's in the scenario.
fn fault_of(key: &str, Found { origin, fault }: &Found) -> Fault {
    let below = |part: &str, gap: &str| match (key, part) {
        ("", part) => part.to_owned(),
        (key, "") => key.to_owned(),
        (key, part) => format!("{key}{gap}{part}"),
    };
    let path = match origin {
        Origin::Inline(path) => below(path, "."),
        Origin::File { .. } => below(&fault.field, ": "),
    };
    // A document written as text has no places: its member is named in words.
    let named = path.ends_with(&fault.path) || matches!(origin, Origin::File { .. });
    let member = if named { String::new() } else { format!("{}: ", fault.path) };
    let said = match (fault.code.as_str(), fault.status) {
        ("", None) => String::new(),
        ("", Some(status)) => format!("HTTP {status}: "),
        (code, None) => format!("{code}: "),
        (code, Some(status)) => format!("{code} (HTTP {status}): "),
    };
    let message = format!("{said}{member}{}", fault.message);
    Fault { path, message, hint: fault.remedy.clone(), severity: fault.severity }
}
