//! Parts of a study on several machines: what the folder of each says of itself, and the cells of all in one.

use super::cells::{CellFolder, HALF, cell_path, write_whole};
use super::{Tuning, program};
use crate::cli::exit::Failure;
use crate::cli::past_run::PastRun;
use autosim_engine::units::plural;
use autosim_study::experiment::CellFigures;
use autosim_study::tune::{Study, shard_of};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The file that says of which study the cells of a folder are.
const RECORD: &str = "shards.json";

/// Of which study, into how many shards divided, by which program: the same in every folder of it.
pub(super) struct Record {
    path: PathBuf,
    value: Value,
}

/// Its members that must be the same everywhere, and what differs where one is not.
const SAME: [(&str, &str); 6] = [
    ("autosim", "another version of autosim"),
    ("program", "another build of autosim"),
    ("shards", "another number of shards"),
    ("study", "another study"),
    ("recipe", "another scenario"),
    ("inputs", "other traffic"),
];

impl Record {
    /// Of a study that is to be divided.
    pub(super) fn of(tuning: &Tuning, shards: u64, folder: &Path) -> Result<Self, Failure> {
        let scenario = &tuning.scenario;
        if tuning.beside.standard_input.is_some() {
            return Err(Failure::bad_input(
                "--shard: traffic from standard input cannot be read again where shards are merged; save it to a file",
            ));
        }
        let input = |(path, sha256): &(String, String)| json!({ "path": path, "sha256": sha256 });
        let value = json!({
            "autosim": env!("CARGO_PKG_VERSION"),
            "program": program(),
            "shards": shards,
            "study": tuning.study.asked(),
            "folder": scenario.folder,
            "inputs": scenario.inputs.iter().map(input).collect::<Vec<_>>(),
            "recipe": scenario.recipe,
        });
        Ok(Self { path: folder.join(RECORD), value })
    }

    /// Writes it into its folder, unless it is there; one of another study is refused.
    pub(super) fn leave(&self) -> Result<(), Failure> {
        if self.path.is_file() {
            let there = Self::read(&self.path)?;
            return match self.differs(&there) {
                None => Ok(()),
                Some(what) => Err(Failure::bad_input(format_args!(
                    "--cells {}: its cells are of {what}; name a folder for this one",
                    there.folder().display()
                ))),
            };
        }
        write_whole(&self.path, format!("{:#}\n", self.value).as_bytes()).map_err(|error| {
            Failure::bad_input(format_args!("cannot write {}: {error}", self.path.display()))
        })
    }

    fn read(path: &Path) -> Result<Self, Failure> {
        let (name, folder) = (path.display(), path.parent().unwrap_or(Path::new("")).display());
        let refuse = |why: String| {
            Failure::bad_input(format_args!(
                "{name}: {why}; a folder of `autosim tune --shard I/N --cells {folder}` has one"
            ))
        };
        let text = std::fs::read_to_string(path).map_err(|error| refuse(error.to_string()))?;
        let value: Value =
            serde_json::from_str(&text).map_err(|error| refuse(error.to_string()))?;
        let whole = SAME.iter().all(|(key, _)| !value[*key].is_null());
        match whole {
            true => Ok(Self { path: path.to_owned(), value }),
            false => Err(refuse("it is no record of shards".to_owned())),
        }
    }

    fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    /// What is different, with the values where they say something.
    fn differs(&self, other: &Self) -> Option<String> {
        let (key, what) = SAME.iter().find(|(key, _)| self.value[*key] != other.value[*key])?;
        let told = |record: &Self| match &record.value[*key] {
            Value::String(text) => Some(text.get(..12).unwrap_or(text).to_owned()),
            Value::Number(number) => Some(number.to_string()),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        };
        let values = told(other).zip(told(self));
        let values = values.map_or_else(String::new, |(there, here)| {
            format!(" ({there} there, {here} here)") //
        });
        Some(format!("{what}{values}"))
    }

    /// The one record of all folders.
    pub(super) fn common(folders: &[PathBuf]) -> Result<Self, Failure> {
        let mut faults = String::new();
        let mut first: Option<Self> = None;
        for folder in folders {
            match (Self::read(&folder.join(RECORD)), &first) {
                (Err(failure), _) => faults += &(failure.text(false) + "\n"),
                (Ok(record), None) => first = Some(record),
                (Ok(record), Some(first)) => {
                    if let Some(what) = first.differs(&record) {
                        faults += &format!(
                            "error: the cells of {} are of {what}, those of {} not: merge those of one study\n",
                            folder.display(),
                            first.folder().display()
                        );
                    }
                }
            }
        }
        let own = program();
        if let Some(made) = first.as_ref().filter(|record| record.value["program"] != own) {
            let version = made.value["autosim"].as_str().unwrap_or_default();
            let build = made.value["program"].as_str().unwrap_or_default();
            faults += &format!(
                "error: the cells of {} were finished by autosim {version} (build {}), and this is {} (build {}): merge \
                 with the autosim that ran the shards\n",
                made.folder().display(),
                build.get(..12).unwrap_or(build),
                env!("CARGO_PKG_VERSION"),
                own.get(..12).unwrap_or(&own)
            );
        }
        match first {
            Some(record) if faults.is_empty() => Ok(record),
            Some(_) | None => Err(Failure::Said(faults)),
        }
    }

    /// What was asked, and what it was asked of; `folder` is where relative paths start, if not where they did.
    pub(super) fn tuning(
        &self,
        folder: Option<&Path>,
        terminal: &crate::cli::terminal::Terminal,
    ) -> Result<Tuning, Failure> {
        let name = self.path.display().to_string();
        let study: Study =
            serde_json::from_value(self.value["study"].clone()).map_err(|error| {
                Failure::bad_input(format_args!("{name}: `study`: {error}; it was changed"))
            })?;
        let past = PastRun::of(&name, &self.value.to_string())?;
        let past = past.ok_or_else(|| Failure::bad_input(format_args!("{name} is no record")))?;
        let (sources, options) = past.restored(folder)?;
        let loaded = past.judged(autosim_study::scenario::load(sources, &options), &[]);
        Tuning::of(study, loaded, terminal)
    }

    /// Into how many shards it was divided.
    pub(super) fn shards(&self) -> u64 {
        self.value["shards"].as_u64().unwrap_or(1)
    }
}

/// The cells of several folders.
#[derive(Default)]
pub(super) struct Gathered {
    /// Where each is.
    cells: BTreeMap<String, PathBuf>,
    /// Files that are the same cell as one in another folder, byte by byte.
    doubled: usize,
    /// Files that are cells of something else.
    others: usize,
    missing: Vec<String>,
    damaged: Vec<PathBuf>,
    differing: Vec<(PathBuf, PathBuf)>,
    unreadable: Vec<String>,
}

impl Gathered {
    /// Looks for every cell of a study in every folder.
    pub(super) fn of(folders: &[PathBuf], expected: &[String]) -> Self {
        let mut all = Self::default();
        for id in expected {
            all.look_for(id, folders);
        }
        let expected: BTreeSet<&String> = expected.iter().collect();
        for folder in folders {
            let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
            let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
            let others = names.filter(|name| {
                let id = name.strip_suffix(".json").map(str::to_owned);
                name != RECORD
                    && !name.ends_with(HALF)
                    && id.is_some_and(|id| !expected.contains(&id))
            });
            all.others += others.count();
        }
        all
    }

    fn look_for(&mut self, id: &str, folders: &[PathBuf]) {
        let mut first: Option<(PathBuf, Vec<u8>)> = None;
        for path in folders.iter().map(|folder| cell_path(folder, id)) {
            let bytes = match std::fs::read(&path) {
                Ok(bytes) => bytes,
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(error) => {
                    self.unreadable.push(format!("cannot read {}: {error}", path.display()));
                    continue;
                }
            };
            match &first {
                _ if serde_json::from_slice::<CellFigures>(&bytes).is_err() => {
                    self.damaged.push(path);
                }
                None => first = Some((path, bytes)),
                Some((_, known)) if *known == bytes => self.doubled += 1,
                Some((known, _)) => self.differing.push((known.clone(), path)),
            }
        }
        match first {
            Some((path, _)) => _ = self.cells.insert(id.to_owned(), path),
            None => self.missing.push(id.to_owned()),
        }
    }

    /// Refuses what is not one whole study.
    pub(super) fn refuse(&self, expected: &[String], shards: u64) -> Result<(), Failure> {
        let mut faults: Vec<String> = self.unreadable.clone();
        faults.extend(self.differing.iter().map(|(one, other)| {
            format!(
                "{} and {} are the same cell and differ: one of them was changed; remove it, and its shard, called \
                 again, runs what is missing",
                one.display(),
                other.display()
            )
        }));
        let cells = |ids: &[String], shard: u64| {
            ids.iter().filter(|id| shard_of(id, shards) == shard).count() as u64
        };
        for shard in 1..=shards {
            let (all, missing) = (cells(expected, shard), cells(&self.missing, shard));
            let told = plural(all, "cell");
            if missing == all && all > 0 {
                faults.push(format!(
                    "shard {shard} of {shards} is missing: none of its {told} is in any folder; run it with --shard \
                     {shard}/{shards}, and name its folder too"
                ));
            } else if missing > 0 {
                faults.push(format!(
                    "shard {shard} of {shards} was not finished: {missing} of its {told} are missing; called again with \
                     --shard {shard}/{shards} and its --cells it runs those alone"
                ));
            }
        }
        if !self.missing.is_empty() && !self.damaged.is_empty() {
            let names: Vec<String> =
                self.damaged.iter().take(3).map(|path| path.display().to_string()).collect();
            faults.push(format!(
                "{} cut short or damaged, and count as missing: {}",
                plural(self.damaged.len() as u64, "file"),
                names.join(", ")
            ));
        }
        match faults.is_empty() {
            true => Ok(()),
            false => {
                Err(Failure::Said(faults.iter().map(|fault| format!("error: {fault}\n")).collect()))
            }
        }
    }

    /// Puts every cell into one folder.
    pub(super) fn put(&self, into: &CellFolder) -> Result<(), Failure> {
        for (id, path) in &self.cells {
            let bytes = std::fs::read(path).map_err(|error| {
                Failure::bad_input(format_args!("cannot read {}: {error}", path.display()))
            })?;
            into.adopt(id, &bytes);
        }
        into.finish()
    }

    /// What was found, in a line.
    pub(super) fn told(&self, shards: u64) -> String {
        let mut text =
            format!("{} of {}", plural(self.cells.len() as u64, "cell"), plural(shards, "shard"));
        if self.doubled > 0 {
            text += &format!("; {} there twice, counted once", self.doubled);
        }
        if !self.damaged.is_empty() {
            text += &format!("; {} cut short, and whole elsewhere", self.damaged.len());
        }
        if self.others > 0 {
            text +=
                &format!("; {} of something else, left out", plural(self.others as u64, "cell"));
        }
        text
    }
}
