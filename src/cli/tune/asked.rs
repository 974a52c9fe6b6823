//! What is asked: the flags, a study file, or both, as one study and the scenario it is about.

use super::Args;
use crate::cli::exit::Failure;
use crate::cli::input::{Input, Role, ScenarioArgs};
use autosim_study::scenario::{Findings, Loaded, Sources};
use autosim_study::tune::Study;
use std::path::{Path, PathBuf};

/// What was asked, and the scenario or what is wrong with it.
pub(super) type Asked = (Study, Result<Loaded, Findings>);

pub(super) fn asked(args: &Args) -> Result<Asked, Failure> {
    let flags = Study {
        vary: args.vary.clone(),
        holdout: args.holdout,
        folds: args.folds,
        fresh: args.fresh,
        whole: args.whole,
        budget: args.budget,
        ..Study::default()
    };
    let file = match &args.scenario {
        None => None,
        Some(path) => study_file(path)?,
    };
    let (study, loaded) = match file {
        None => (flags, args.scenario_args.load(args.scenario.as_deref())?),
        Some((study, folder)) => {
            let ground = args.scenario_args.clone().over(ground(&study, &folder));
            let scenario = study.scenario.as_ref().map(|path| folder.join(path));
            (study.under(flags), ground.load(scenario.as_deref())?)
        }
    };
    match study.vary.is_empty() {
        true => Err(Failure::bad_input(
            "nothing varies: name a key and its values, for example --vary target=40..90:2, or give a study file",
        )),
        false => Ok((study, loaded)),
    }
}

/// The study in a file, and the folder its paths start from; `None` if it is a scenario.
fn study_file(path: &Path) -> Result<Option<(Study, PathBuf)>, Failure> {
    if path == Path::new("-") || path.is_dir() {
        return Ok(None);
    }
    // What cannot be read is said where scenarios are read.
    let Ok(input) = Input::find(path, Role::Scenario) else { return Ok(None) };
    match Study::is_meant(&input.text) {
        false => Ok(None),
        true => {
            let study = Study::read(Sources::new(input.name, input.text))?;
            Ok(Some((study, input.folder)))
        }
    }
}

/// What a study says of the scenario, as flags would; its paths start from `folder`.
fn ground(study: &Study, folder: &Path) -> ScenarioArgs {
    // A name stays one; what is there as a file is meant as that.
    let policy = |policy: &String| {
        let path = folder.join(policy);
        if path.is_file() { path.display().to_string() } else { policy.clone() }
    };
    ScenarioArgs {
        set: study.values(),
        seed: study.seed,
        replications: study.replications,
        policies: study.policies.iter().map(policy).collect(),
        base: study.base.as_ref().map(policy),
        trace: study.trace.as_ref().map(|path| folder.join(path)),
        service: study.service.as_ref().map(|path| folder.join(path)),
        slo: study.slo.clone(),
        ..ScenarioArgs::default()
    }
}
