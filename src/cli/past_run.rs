//! A run that was made before, from what it left.

use super::exit::Failure;
use super::terminal::Terminal;
use autosim_report::check_whole;
use autosim_study::scenario::{
    Findings, Layer, LoadOptions, Loaded, Period, Recipe, Scenario, Sources, load,
};
use serde::Deserialize as _;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// What the manifest in the folder of a run says, or its page of the same.
pub(super) struct PastRun {
    /// What messages call the file.
    name: String,
    pub(super) manifest: Value,
}

/// How a page says that it is ours.
const GENERATOR: &str = "content=\"autosim ";
/// How the element of the page begins that holds what it takes to run it again.
const IN_PAGE: &str = "id=\"run\">";

/// What may be done about a manifest or a page that is none.
const AGAIN: &str = "`autosim run SCENARIO` leaves both; a platform's own document goes to --policy, with --trace and \
     --service";

impl PastRun {
    /// Reads the manifest of a folder.
    pub(super) fn open(folder: &Path, terminal: &Terminal) -> Result<Self, Failure> {
        check_whole(folder).map_err(Failure::bad_input)?;
        let path = folder.join("manifest.json");
        let name = path.display().to_string();
        let text = std::fs::read_to_string(&path).map_err(|error| {
            Failure::bad_input(format_args!(
                "cannot read {name}: {error}; give the folder that `autosim run` left"
            ))
        })?;
        let past = Self::of_manifest(&name, &text)?;
        if let Some(warning) = past.other_version() {
            terminal.say(&format!("warning: {warning}: results may differ"));
        }
        Ok(past)
    }

    /// Whether a text is a manifest or a page that autosim left, whole or not.
    pub(super) fn is_left_by_us(text: &str) -> bool {
        let html = || text.trim_start().starts_with('<') && text.contains(GENERATOR);
        html() || Self::of_manifest("", text).is_ok()
    }

    /// What a text holds of a run; `None` if it is neither a manifest nor a page, by how it begins.
    pub(super) fn of(name: &str, text: &str) -> Result<Option<Self>, Findings> {
        match text.trim_start().chars().next() {
            Some('<') => Self::of_page(name, text).map(Some),
            Some('{') => Self::of_manifest(name, text).map(Some),
            Some(_) | None => Ok(None),
        }
    }

    fn of_manifest(name: &str, text: &str) -> Result<Self, Findings> {
        let manifest: Value = serde_json::from_str(text).map_err(|error| {
            Findings::of_file(name, format!("{name}: not JSON: {error}"), AGAIN) //
        })?;
        match manifest["autosim"].is_string() {
            true => Ok(Self { name: name.to_owned(), manifest }),
            false => {
                Err(Findings::of_file(name, format!("{name} is no manifest of autosim"), AGAIN))
            }
        }
    }

    fn of_page(name: &str, text: &str) -> Result<Self, Findings> {
        let refuse = |message: String, hint: &str| Err(Findings::of_file(name, message, hint));
        let element = text.split_once(IN_PAGE).and_then(|(_, rest)| rest.split_once("</script>"));
        let Some((element, _)) = element else {
            return match (text.contains(GENERATOR), text.contains("</html>")) {
                (true, true) => refuse(
                    format!("{name} is a page of autosim from before pages held their scenario"),
                    "run the scenario itself; the page it leaves can be run again",
                ),
                (true, false) => refuse(
                    format!("{name} is a page of autosim that was cut short"),
                    "copy it again, or run manifest.json, which was left beside it",
                ),
                (false, _) => refuse(format!("{name} is a page, but not one of autosim"), AGAIN),
            };
        };
        Self::of_manifest(name, element)
    }

    /// That it was written by another version, if it was.
    fn other_version(&self) -> Option<String> {
        let (version, ours) = (self.manifest["autosim"].as_str()?, env!("CARGO_PKG_VERSION"));
        let name = &self.name;
        (version != ours)
            .then(|| format!("{name} was written by autosim {version}, this is {ours}"))
    }

    /// Names of its policies.
    pub(super) fn policies(&self) -> Vec<&str> {
        let all = self.manifest["policies"].as_array().into_iter().flatten();
        all.filter_map(|policy| policy["name"].as_str()).collect()
    }

    /// The name if there is such a policy, or the only one there is.
    pub(super) fn policy(&self, name: Option<&str>) -> Result<String, Failure> {
        let known = self.policies();
        match (name, known.as_slice()) {
            (Some(name), known) if known.contains(&name) => Ok(name.to_owned()),
            (None, [only]) => Ok((*only).to_owned()),
            (name, known) => {
                let what = name.map_or_else(
                    || "the run has several policies; choose one with --policy".to_owned(),
                    |name| format!("the run has no policy `{name}`"),
                );
                Err(Failure::bad_input(format_args!("{what}: {}", known.join(", "))))
            }
        }
    }

    /// Files that were read: path as written, SHA-256 in hex.
    fn inputs(&self) -> impl Iterator<Item = (&str, &str)> {
        let all = self.manifest["inputs"].as_array().into_iter().flatten();
        all.filter_map(|input| Some((input["path"].as_str()?, input["sha256"].as_str()?)))
    }

    /// What the scenario was put together from; `folder` is where its relative paths start, if not where
    /// they did.
    pub(super) fn restored(
        &self,
        folder: Option<&Path>,
    ) -> Result<(Sources, LoadOptions), Findings> {
        let name = &self.name;
        let refuse = |message: String, hint: &str| Err(Findings::of_file(name, message, hint));
        let recipe = &self.manifest["recipe"];
        if recipe.is_null() {
            return refuse(
                format!(
                    "{name} holds no `recipe`, the texts of its scenario: a version of autosim left it that \
                     kept none"
                ),
                "run the scenario itself; what it leaves can be run again",
            );
        }
        let recipe: Recipe = match serde_json::from_value(recipe.clone()) {
            Ok(recipe) => recipe,
            Err(error) => {
                let hint = "it was changed, or written by another version; run the scenario itself";
                return refuse(format!("{name}: `recipe`: {error}"), hint);
            }
        };
        if !recipe.own.is_empty() {
            let own = recipe.own.join(", ");
            let message = format!("{name}: what {own} does is in the program that made the run");
            return refuse(message, "run that program again");
        }
        // A run whose paths started from a place of its machine does not say from which.
        let recorded = self.manifest["folder"].as_str().map(PathBuf::from);
        let here = || std::env::current_dir().unwrap_or_default();
        let folder = folder.map(Path::to_owned).or(recorded).unwrap_or_else(here);
        Ok(recipe.restored(folder))
    }

    /// A scenario made of it, if the files it reads are those the run read; what new layers name is read as
    /// it is.
    pub(super) fn judged(
        &self,
        loaded: Result<Loaded, Findings>,
        new: &[Layer],
    ) -> Result<Loaded, Findings> {
        let mut loaded = loaded.map_err(|mut findings| {
            for (path, sha256) in self.inputs() {
                let hint = format!(
                    "the run read it with SHA-256 {sha256}; --folder DIR says where the scenario's paths \
                     start now"
                );
                findings.advise(&format!("`{path}`"), &hint);
            }
            let message = format!("{} holds the scenario that this is about", self.name);
            findings.warn(message, "faults are placed in its texts as they were written");
            findings
        })?;
        let named_anew = |path: &str| {
            let written = toml::Value::from(path).to_string();
            new.iter().any(|layer| layer.text().contains(&written))
        };
        let then = |path: &str| {
            self.inputs().find(|(known, _)| *known == path && !named_anew(path)) //
        };
        let changed = loaded.scenario.inputs.iter().filter_map(|(path, now)| {
            let (_, then) = then(path).filter(|(_, then)| then != now)?;
            Some(format!("`{path}` is not what the run read: SHA-256 {now} now, {then} then"))
        });
        let changed: Vec<String> = changed.collect();
        if !changed.is_empty() {
            let hint = "restore it, or say with --folder DIR where it is; to play what is there now, run the \
                        scenario itself";
            return Err(Findings::of_file(&self.name, changed.join("; "), hint));
        }
        if let Some(warning) = self.other_version() {
            loaded.warnings.warn(warning, "results may differ");
        }
        let (recipe, before) = (&mut loaded.scenario.recipe, &self.manifest["recipe"]);
        recipe.all_timelines = before["all_timelines"] == true;
        recipe.all_decisions = before["all_decisions"] == true;
        recipe.per = Period::deserialize(&before["per"]).ok();
        Ok(loaded)
    }

    /// The scenario with these of its policies, its inputs unchanged; `folder` is where its relative
    /// paths start, if not where they did.
    pub(super) fn scenario(
        &self,
        policies: &[String],
        folder: Option<&Path>,
    ) -> Result<Scenario, Failure> {
        let (sources, mut options) = self.restored(folder)?;
        options.choose_only(policies.to_vec());
        Ok(self.judged(load(sources, &options), &[])?.scenario)
    }
}
