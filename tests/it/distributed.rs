//! The same study on engines that people have: Ray, Slurm, Kubernetes. Whichever it is, the tables are those of one
//! machine.

use crate::shards::{STUDY, answer, merge};
use crate::tune::{home, tune};
use serde_json::{Value, json};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const AUTOSIM: &str = env!("CARGO_BIN_EXE_autosim");
const SHARDS: u32 = 4;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A folder with a study, of which one machine has the answer already.
fn studied(study: &str) -> tempfile::TempDir {
    let home = home();
    fs::write(home.path().join("study.toml"), study).unwrap();
    let (code, _, err) = tune(home.path(), "study.toml --cells alone --out one --quiet");
    assert_eq!(code, 0, "{err}");
    home
}

fn same_tables(home: &Path, other: &str) {
    let (one, other) = (answer(&home.join("one")), answer(&home.join(other)));
    for name in ["settings.csv", "cells.csv", "settings.json", "summary.csv"] {
        assert_eq!(other[name], one[name], "{name}");
    }
}

#[test]
fn a_job_array_of_slurm_has_the_answer_of_one_machine() {
    let home = studied(STUDY);
    let script = root().join("distributed/slurm/study.sbatch");
    let text = fs::read_to_string(&script).unwrap();
    let default =
        |start: &str| text.split_once(start).unwrap().1.split(['}', '\n']).next().unwrap();
    assert_eq!(default("--array=1-"), default("SHARDS:-"), "the array and the shards are as many");
    for task in (1..=SHARDS).rev() {
        let output = Command::new("bash")
            .arg(&script)
            .env("SLURM_ARRAY_TASK_ID", task.to_string())
            .env("SLURM_CPUS_PER_TASK", "1")
            .envs([("SHARDS", SHARDS.to_string().as_str()), ("AUTOSIM", AUTOSIM)])
            .current_dir(home.path())
            .output()
            .unwrap();
        let err = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{err}");
    }
    let (code, _, err) = merge(home.path(), "cells --out slurm --cells all");
    assert_eq!(code, 0, "{err}");
    same_tables(home.path(), "slurm");
}

fn indexed_job() -> Value {
    let text = fs::read_to_string(root().join("distributed/kubernetes/indexed-job.yaml")).unwrap();
    serde_saphyr::from_str(&text).unwrap()
}

/// What each index runs is what the file says, under the shell it names.
#[test]
fn an_indexed_job_of_kubernetes_has_the_answer_of_one_machine() {
    let home = studied(STUDY);
    let job = indexed_job();
    let container = &job["spec"]["template"]["spec"]["containers"][0];
    let texts = |value: &Value| -> Vec<String> {
        value.as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned()).collect()
    };
    let command = [texts(&container["command"]), texts(&container["args"])].concat();
    for index in 0..SHARDS {
        let mut pod = Command::new(&command[0]);
        pod.args(&command[1..]).current_dir(home.path()).env("AUTOSIM", AUTOSIM);
        for variable in container["env"].as_array().unwrap() {
            pod.env(variable["name"].as_str().unwrap(), variable["value"].as_str().unwrap());
        }
        pod.env("SHARDS", SHARDS.to_string()).env("JOB_COMPLETION_INDEX", index.to_string());
        let output = pod.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let (code, _, err) = merge(home.path(), "cells --out kubernetes --cells all");
    assert_eq!(code, 0, "{err}");
    same_tables(home.path(), "kubernetes");
}

/// An object with these members and no others.
fn object(members: &[(&str, Value)], required: &[&str]) -> Value {
    let properties: serde_json::Map<String, Value> =
        members.iter().map(|(name, schema)| ((*name).to_owned(), schema.clone())).collect();
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

/// A Job as the reference of Kubernetes 1.31 has it (batch/v1 and core/v1), as far as the template uses it: of the types
/// it uses every member of the Job, and of a pod those that a batch job may want.
fn job_schema() -> Value {
    let (text, whole) = (json!({ "type": "string" }), json!({ "type": "integer", "minimum": 0 }));
    let texts = json!({ "type": "array", "items": text });
    let name =
        json!({ "type": "string", "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "maxLength": 63 });
    let list = |item: Value| json!({ "type": "array", "minItems": 1, "items": item });
    let quantity = json!({ "type": "string", "pattern": "^[0-9]+(m|Ki|Mi|Gi|Ti)?$" });
    let quantities = object(&[("cpu", quantity.clone()), ("memory", quantity)], &[]);
    let variable = object(&[("name", text.clone()), ("value", text.clone())], &["name", "value"]);
    let mount = [
        ("name", name.clone()),
        ("mountPath", text.clone()),
        ("subPath", text.clone()),
        ("readOnly", json!({ "type": "boolean" })),
    ];
    let container = [
        ("name", name.clone()),
        ("image", text.clone()),
        ("imagePullPolicy", json!({ "enum": ["Always", "IfNotPresent", "Never"] })),
        ("workingDir", text.clone()),
        ("command", texts.clone()),
        ("args", texts),
        ("env", list(variable)),
        ("resources", object(&[("requests", quantities.clone()), ("limits", quantities)], &[])),
        ("volumeMounts", list(object(&mount, &["name", "mountPath"]))),
    ];
    let claim = object(&[("claimName", text.clone())], &["claimName"]);
    let volume = object(&[("name", name.clone()), ("persistentVolumeClaim", claim)], &["name"]);
    let pod = [
        ("restartPolicy", json!({ "enum": ["Never", "OnFailure"] })),
        ("containers", list(object(&container, &["name", "image"]))),
        ("volumes", list(volume)),
        ("nodeSelector", json!({ "type": "object" })),
        ("serviceAccountName", text.clone()),
    ];
    let codes = [
        ("containerName", text.clone()),
        ("operator", json!({ "enum": ["In", "NotIn"] })),
        ("values", list(whole.clone())),
    ];
    let condition = [("type", text.clone()), ("status", text.clone())];
    let rule = [
        ("action", json!({ "enum": ["FailJob", "FailIndex", "Ignore", "Count"] })),
        ("onExitCodes", object(&codes, &["operator", "values"])),
        ("onPodConditions", list(object(&condition, &["type", "status"]))),
    ];
    let rules = list(object(&rule, &["action"]));
    let spec = [
        ("activeDeadlineSeconds", whole.clone()),
        ("backoffLimit", whole.clone()),
        ("backoffLimitPerIndex", whole.clone()),
        ("completionMode", json!({ "enum": ["NonIndexed", "Indexed"] })),
        ("completions", whole.clone()),
        ("managedBy", text.clone()),
        ("manualSelector", json!({ "type": "boolean" })),
        ("maxFailedIndexes", whole.clone()),
        ("parallelism", whole.clone()),
        ("podFailurePolicy", object(&[("rules", rules)], &["rules"])),
        ("podReplacementPolicy", json!({ "enum": ["TerminatingOrFailed", "Failed"] })),
        ("suspend", json!({ "type": "boolean" })),
        (
            "template",
            object(
                &[
                    ("metadata", json!({})),
                    ("spec", object(&pod, &["containers", "restartPolicy"])),
                ],
                &["spec"],
            ),
        ),
        ("ttlSecondsAfterFinished", whole),
    ];
    let metadata = [("name", name), ("labels", json!({ "type": "object" })), ("namespace", text)];
    object(
        &[
            ("apiVersion", json!({ "const": "batch/v1" })),
            ("kind", json!({ "const": "Job" })),
            ("metadata", object(&metadata, &["name"])),
            ("spec", object(&spec, &["template"])),
        ],
        &["apiVersion", "kind", "metadata", "spec"],
    )
}

#[test]
fn the_template_of_kubernetes_is_an_indexed_job_of_its_schema() {
    let schema = jsonschema::validator_for(&job_schema()).unwrap();
    let job = indexed_job();
    let faults: Vec<String> =
        schema.iter_errors(&job).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let spec = &job["spec"];
    let pod = &spec["template"]["spec"];
    // What the API server asks beyond the shape.
    assert_eq!(
        (&spec["completionMode"], &pod["restartPolicy"]),
        (&json!("Indexed"), &json!("Never"))
    );
    assert!(spec["maxFailedIndexes"].as_u64() <= spec["completions"].as_u64());
    assert!(spec["parallelism"].as_u64() <= spec["completions"].as_u64());
    let container = &pod["containers"][0];
    assert_eq!(container["volumeMounts"][0]["name"], pod["volumes"][0]["name"]);
    let shards = container["env"].as_array().unwrap().iter().find(|one| one["name"] == "SHARDS");
    assert_eq!(shards.unwrap()["value"], spec["completions"].to_string());
    // A slip is noticed.
    for (path, value) in [
        ("/spec/completionsMode", json!("Indexed")),
        ("/spec/template/spec/containers/0/envs", json!([])),
    ] {
        let mut wrong = job.clone();
        let (table, key) = path.rsplit_once('/').unwrap();
        wrong.pointer_mut(table).unwrap()[key] = value;
        assert!(!schema.is_valid(&wrong), "{path}");
    }
}

/// A Python that has Ray; `AUTOSIM_RAY_PYTHON` names one.
fn python_with_ray() -> Option<PathBuf> {
    let named = std::env::var_os("AUTOSIM_RAY_PYTHON").map(PathBuf::from);
    let python = named.unwrap_or_else(|| PathBuf::from("python3"));
    let asked = Command::new(&python).args(["-c", "import ray"]).stderr(Stdio::null()).status();
    asked.is_ok_and(|status| status.success()).then_some(python)
}

/// The process that runs a shard in a folder, and the one that started it: a worker of Ray.
fn worker_at(folder: &Path) -> Option<u32> {
    let folder = folder.canonicalize().ok()?;
    let processes = fs::read_dir("/proc").ok()?.flatten().map(|entry| entry.path());
    let runs_a_shard = |process: &PathBuf| {
        let command = fs::read(process.join("cmdline")).unwrap_or_default();
        let here = fs::read_link(process.join("cwd")).is_ok_and(|cwd| cwd == folder);
        here && command.split(|byte| *byte == 0).any(|word| word == b"--shard")
    };
    let shard = processes.into_iter().find(runs_a_shard)?;
    let status = fs::read_to_string(shard.join("status")).ok()?;
    let parent = status.lines().find_map(|line| line.strip_prefix("PPid:"))?;
    parent.trim().parse().ok().filter(|parent| *parent > 1)
}

/// Four workers on this machine, one of them killed while it runs a shard.
#[test]
fn a_cluster_of_ray_of_which_a_worker_dies_has_the_answer_of_one_machine() {
    let Some(python) = python_with_ray() else {
        let said = b"SKIPPED: no Python with Ray (AUTOSIM_RAY_PYTHON names one), ray_study.py was not run\n";
        std::io::stderr().write_all(said).unwrap();
        return;
    };
    let home = studied(&STUDY.replace("whole = true", "whole = true\nreplications = 8"));
    let driver = root().join("distributed/ray_study.py");
    let mut study = Command::new(&python)
        .arg(&driver)
        .args([
            "study.toml",
            "--shards",
            "8",
            "--workers",
            "4",
            "--out",
            "ray",
            "--autosim",
            AUTOSIM,
        ])
        .env("RAY_AUTH_MODE", "disabled")
        .current_dir(home.path())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    let mut killed = None;
    while killed.is_none()
        && study.try_wait().unwrap().is_none()
        && begun.elapsed() < Duration::from_secs(120)
    {
        killed = worker_at(home.path());
        std::thread::sleep(Duration::from_millis(2));
    }
    let worker = killed.expect("no worker of Ray ran a shard");
    let sent = Command::new("kill").args(["-9", &worker.to_string()]).status().unwrap();
    let output = study.wait_with_output().unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(sent.success() && output.status.success(), "{err}");
    assert!(err.contains("8 of 8 shards"), "{err}");
    same_tables(home.path(), "ray");
    // Called again it runs nothing, and a study of other values is not taken for it.
    fs::write(home.path().join("study.toml"), STUDY).unwrap();
    let again = Command::new(&python)
        .arg(&driver)
        .args(["study.toml", "--shards", "8", "--workers", "1", "--autosim", AUTOSIM])
        .env("RAY_AUTH_MODE", "disabled")
        .current_dir(home.path())
        .output()
        .unwrap();
    let err = String::from_utf8_lossy(&again.stderr);
    assert!(again.status.code() == Some(2) && err.contains("its cells are of another"), "{err}");
}
