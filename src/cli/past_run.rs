//! A run that was made before, from what it left.

use super::exit::Failure;
use super::terminal::Terminal;
use autosim_report::check_whole;
use autosim_study::scenario::{Findings, LoadOptions, Scenario, load_resolved};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// What the manifest in the folder of a run says.
pub(super) struct PastRun {
    pub(super) manifest: Value,
}

impl PastRun {
    /// Reads the manifest of a folder.
    pub(super) fn open(folder: &Path, terminal: &Terminal) -> Result<Self, Failure> {
        check_whole(folder).map_err(Failure::bad_input)?;
        let path = folder.join("manifest.json");
        let text = std::fs::read_to_string(&path).map_err(|error| {
            Failure::bad_input(format_args!(
                "cannot read {}: {error}; give the folder that `autosim run` left",
                path.display()
            ))
        })?;
        let manifest: Value = serde_json::from_str(&text).map_err(|error| {
            Failure::bad_input(format_args!("{}: not JSON: {error}", path.display()))
        })?;
        let Some(version) = manifest["autosim"].as_str() else {
            let path = path.display();
            return Err(Failure::bad_input(format_args!("{path} is no manifest of autosim")));
        };
        let ours = env!("CARGO_PKG_VERSION");
        if version != ours {
            terminal.say(&format!(
                "warning: {} was written by autosim {version}, this is {ours}: results may differ",
                path.display()
            ));
        }
        Ok(Self { manifest })
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

    /// What is wrong; if inputs are not where they were, how to say where they are.
    fn with_folder_hint(&self, findings: &Findings) -> String {
        let text = findings.render(false);
        let inputs = self.manifest["inputs"].as_array().into_iter().flatten();
        let mut paths = inputs.filter_map(|input| input["path"].as_str());
        match text.contains("cannot read") && paths.any(|path| text.contains(path)) {
            true => {
                format!("{text}\n = help: --folder DIR says where the scenario's paths start now")
            }
            false => text,
        }
    }

    /// The scenario with these of its policies, its inputs unchanged; `folder` is where its relative
    /// paths start, if not where they did.
    pub(super) fn scenario(
        &self,
        policies: &[String],
        folder: Option<&Path>,
    ) -> Result<Scenario, Failure> {
        let recorded = self.manifest["folder"].as_str().map(PathBuf::from);
        let options = LoadOptions {
            folder: folder.map(Path::to_owned).or(recorded).unwrap_or_default(),
            policies: policies.to_vec(),
            ..LoadOptions::default()
        };
        let scenario = load_resolved(&self.manifest["resolved"], &options)
            .map_err(|findings| Failure::Said(self.with_folder_hint(&findings)))?;
        let then = |path: &str| {
            let all = self.manifest["inputs"].as_array().into_iter().flatten();
            all.into_iter().find(|input| input["path"] == path).map(|input| &input["sha256"])
        };
        for (path, hash) in &scenario.inputs {
            if then(path).is_some_and(|then| then != hash.as_str()) {
                return Err(Failure::bad_input(format_args!(
                    "{path} has changed since the run was made; run it again"
                )));
            }
        }
        Ok(scenario)
    }
}
