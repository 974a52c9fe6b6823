//! `manifest.json`: what was run, so that it can be trusted and repeated. Its presence marks a folder
//! as ours.

use autosim_study::experiment::{About, PolicyResults, Results, ServiceDetails};
use serde_json::{Value, json};
use std::fs;
use std::io::{self, Write};
use std::path::{Component, Path};

/// File name.
pub(super) const NAME: &str = "manifest.json";
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// `files` are the names of all files of the folder. No clock time, thread count or path of this machine is in it.
pub(super) fn write(results: &Results, files: &[String], out: &mut dyn Write) -> io::Result<()> {
    let about = &results.about;
    let policies: Vec<Value> = results
        .policies
        .iter()
        .map(|policy| {
            json!({
                "name": policy.name,
                "replications_finished": policy.first_service().count(),
                "signals": policy.settings.iter().map(|of| &of.signals).collect::<Vec<_>>(),
                "launches_left_out": left_out(policy, |service| service.launches.left_out),
                "decisions_left_out": left_out(policy, |service| service.decisions_left_out),
                "effective": policy.effective,
            })
        })
        .collect();
    let manifest = json!({
        "autosim": VERSION,
        "scenario": about.name,
        "question": about.question,
        "complete": results.complete,
        "closed_loop_users": about.closed_loop_users,
        "seed": about.seed,
        "replications": about.replications,
        "replications_finished": results.finished_replications(),
        "start": about.clock.start_told().map(|_| about.clock.to_string()),
        "warmup_s": about.window.warmup.as_secs_f64(),
        "end_s": about.window.end.as_secs_f64(),
        "simulated_requests": results.simulated_requests,
        "fidelity": { "used": about.fidelity.name(), "why": about.fidelity.why },
        "currency": about.price.currency().to_string(),
        "work_bound": results.references.work_bound,
        "folder": about.folder,
        "inputs": inputs(about),
        "assumptions": about.assumptions,
        "policies": policies,
        "files": files,
        "recipe": about.recipe,
        "resolved": about.resolved,
    });
    serde_json::to_writer_pretty(&mut *out, &manifest)?;
    out.write_all(b"\n")
}

/// Files that were read, with what they held.
fn inputs(about: &About) -> Vec<Value> {
    let input = |(path, sha256): &(String, String)| json!({ "path": path, "sha256": sha256 });
    about.inputs.iter().map(input).collect()
}

/// The members of the manifest that a run is made again from, for the page.
pub(super) fn to_repeat(about: &About) -> Value {
    json!({
        "autosim": VERSION,
        "folder": about.folder,
        "inputs": inputs(about),
        "recipe": about.recipe,
    })
}

/// Of what `launches.csv` and `decisions.csv` have room for, so many more there were.
fn left_out(policy: &PolicyResults, of: impl Fn(&ServiceDetails) -> u64) -> u64 {
    policy.details.iter().flat_map(|details| &details.services).map(of).sum()
}

/// The names of the files that a manifest of ours lists; `None` if there is none. Whatever it says, none of
/// them is outside its folder.
pub(super) fn files(manifest: &Path) -> Option<Vec<String>> {
    let text = fs::read_to_string(manifest).ok()?;
    let value: Value = serde_json::from_str(&text).ok()?;
    value.get("autosim")?;
    let names = value["files"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let plain = |name: &&str| {
        let mut parts = Path::new(name).components();
        matches!((parts.next(), parts.next()), (Some(Component::Normal(_)), None))
    };
    Some(names.filter(plain).map(str::to_owned).collect())
}
