//! `tune`: the cheapest setting that holds, from the command line.

use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// Servers with a queue: by Erlang C, nine are the fewest that keep the SLO.
const QUEUE: &str = "duration = '30m'\nreplications = 4\nslo.latency = 'p90 < 250ms'\n\
    price.per_replica_hour = '1 USD'\n[workload.arrivals.main.poisson]\nrate = '50/s'\n\
    [service]\nservice_time.exponential.mean = '100ms'\n[replica]\ninitial = 20\n\
    [policies.servers.fixed]\nreplicas = 20\n";

/// A day of load that rises and falls, and a policy that follows it.
const DAY: &str = "duration = '4h'\nwarmup = '10m'\nreplications = 2\n\
    slo = { latency = 'p95 < 400ms', errors = '< 1%' }\nprice.per_replica_hour = '1 USD'\n\
    [workload.arrivals.main.sinusoid]\nmean = '60/s'\namplitude = '45/s'\nperiod = '2h'\n\
    [service]\nconcurrency = 4\nservice_time.lognormal = { mean = '100ms', cv = 1.0 }\n\
    [replica]\ncold_start = '40s'\ninitial = 3\n";
const TRACKING: &str = "[policies.follows.target-tracking]\nmetric = 'utilization'\ntarget = '75%'\n\
    min = 1\nmax = 30\nwindow = '1m'\n";

/// An HPA as it is kept, with comments.
const HPA: &str = "# Ours.\napiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata:\n  name: shop\n\
    spec:\n  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: shop}\n  minReplicas: 2  # two zones\n  \
    maxReplicas: 30\n  metrics:\n  - type: Resource\n    resource:\n      name: cpu\n      target:\n        \
    type: Utilization\n        averageUtilization: 70\n";

pub(crate) fn home() -> TempDir {
    let home = TempDir::new().unwrap();
    for (name, text) in [
        ("queue.toml", QUEUE.to_owned()),
        ("day.toml", format!("{DAY}{TRACKING}")),
        (
            "hpa.toml",
            format!(
                "{DAY}[policies.shop.kubernetes-hpa]\ndocument = 'hpa.yaml'\nknobs.requests.cpu = '1'\n"
            ),
        ),
        ("hpa.yaml", HPA.to_owned()),
    ] {
        fs::write(home.path().join(name), text).unwrap();
    }
    home
}

pub(crate) fn tune(folder: &Path, arguments: &str) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_autosim"));
    let words = arguments.split_ascii_whitespace().map(|word| word.replace('~', " "));
    let output = command.arg("tune").args(words).current_dir(folder).stdin(Stdio::null());
    let output = output.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

fn tuned(folder: &Path, arguments: &str) -> Value {
    let (code, out, err) = tune(folder, &format!("{arguments} --format json"));
    assert_eq!(code, 0, "{arguments}\n{err}");
    serde_json::from_str(&out).unwrap()
}

/// Response times of M/M/c above a limit: the share, by Erlang C.
fn late(arrivals: f64, mean_s: f64, servers: f64, limit_s: f64) -> f64 {
    let (load, rate) = (arrivals * mean_s, 1.0 / mean_s);
    let mut blocked = 1.0;
    for k in 1..=servers as u32 {
        blocked = load * blocked / (f64::from(k) + load * blocked);
    }
    let waits = servers * blocked / (servers - load * (1.0 - blocked));
    let spare = servers - 1.0 - load;
    let queued = waits * (1.0 - (-rate * limit_s * spare).exp()) / spare;
    (-rate * limit_s).exp() * (1.0 + queued)
}

#[test]
fn the_fewest_servers_that_keep_the_slo_are_those_of_erlang_c() {
    let home = home();
    let fewest = (6..40).find(|servers| late(50.0, 0.1, f64::from(*servers), 0.25) <= 0.1).unwrap();
    let found = tuned(home.path(), "queue.toml --vary replicas=5..40");
    assert_eq!(found["winner"]["values"]["replicas"], fewest.to_string());
    assert_eq!(found["failing_neighbour"]["values"]["replicas"], (fewest - 1).to_string());
    assert_eq!(found["winner"]["standing"], "holds");
    // Halving tries six of the thirty-six.
    assert!(found["settings"].as_array().unwrap().len() <= 10, "{}", found["settings"]);
}

#[test]
fn two_keys_end_where_the_whole_grid_does_with_a_fifth_of_its_requests() {
    let home = home();
    let axes = "--vary target=50..95:5 --vary min=1,2,3,4,5,6";
    let whole = tuned(home.path(), &format!("day.toml {axes} --whole --cells w"));
    let found = tuned(home.path(), &format!("day.toml {axes} --cells s"));
    let cost = |one: &Value| one["winner"]["cost"].as_f64().unwrap();
    assert_eq!(whole["settings"].as_array().unwrap().len(), 60);
    assert!(cost(&found) <= 1.01 * cost(&whole), "{}\n{}", found["winner"], whole["winner"]);
    let requests = |one: &Value| one["requests"].as_u64().unwrap();
    assert!(2 * requests(&found) < requests(&whole), "{} {}", requests(&found), requests(&whole));
}

#[test]
fn a_document_is_tuned_in_its_own_words_and_written_back_with_its_comments() {
    let home = home();
    let found =
        tuned(home.path(), "hpa.toml --vary target=40..90:10 --vary min=1,2,4 --export out.yaml");
    let values = &found["winner"]["values"];
    let (target, min) = (values["target"].as_str().unwrap(), values["min"].as_str().unwrap());
    let expected = HPA
        .replace("averageUtilization: 70", &format!("averageUtilization: {target}"))
        .replace("minReplicas: 2", &format!("minReplicas: {min}"));
    assert_eq!(fs::read_to_string(home.path().join("out.yaml")).unwrap(), expected);
    // A value that is what it was is written all the same, and the document may come from the command line.
    let flags = "day.toml --policy hpa.yaml --set policies.hpa.kubernetes-hpa.knobs.requests.cpu=1";
    let (code, out, err) = tune(home.path(), &format!("{flags} --vary min=2 --export same.yaml"));
    assert_eq!(code, 0, "{out}{err}");
    assert_eq!(fs::read_to_string(home.path().join("same.yaml")).unwrap(), HPA);
    // By the way to the member, or the end of it, it is the same search: its cells are known.
    let axes = "--vary spec.minReplicas=1,2,4 --vary averageUtilization=40..90:10";
    let (code, out, err) = tune(home.path(), &format!("hpa.toml {axes}"));
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("finished before"), "{out}");
}

#[test]
fn a_search_that_was_stopped_goes_on_from_its_cells() {
    let home = home();
    let asked = "day.toml --vary target=50..95:5 --vary min=1,2,4";
    let (code, out, err) = tune(home.path(), &format!("{asked} --budget 3e6"));
    assert_eq!(code, 1, "{err}");
    assert!(out.contains("NOT FINISHED") && !out.contains("Judged"), "{out}");
    let (code, out, err) = tune(home.path(), asked);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("finished before"), "{out}");
    let settings =
        || fs::read_to_string(home.path().join("output/day-tuned/settings.csv")).unwrap();
    let first = settings();
    // A cell that was cut short is run again; everything else is as it was.
    let cells = home.path().join("output/day.cells");
    let one = fs::read_dir(&cells).unwrap().map(|entry| entry.unwrap().path());
    let one = one.filter(|path| path.extension().is_some_and(|end| end == "json")).min().unwrap();
    fs::write(&one, "{\"simulated_requests\":1").unwrap();
    let (code, again, err) = tune(home.path(), asked);
    assert_eq!(code, 0, "{err}");
    assert_eq!(settings(), first);
    assert!(again.contains("finished before"), "{again}");
    assert_ne!(fs::read_to_string(&one).unwrap(), "{\"simulated_requests\":1");
}

#[test]
fn every_cell_is_in_a_table_with_a_column_for_each_key_and_is_run_once() {
    let home = home();
    let asked = "day.toml --vary target=50,80 --vary replica.cold_start=20s,40s --whole --fresh 2";
    let (code, _, err) = tune(home.path(), asked);
    assert_eq!(code, 0, "{err}");
    let table = |name: &str| -> Vec<Vec<String>> {
        let path = home.path().join("output/day-tuned").join(name);
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_path(path).unwrap();
        let rows = reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect());
        rows.collect()
    };
    let (settings, cells) = (table("settings.csv"), table("cells.csv"));
    assert_eq!(
        settings[0][..5],
        ["setting", "policy", "target", "replica.cold_start", "replications"]
    );
    assert_eq!(
        cells[0][..7],
        ["cell", "setting", "policy", "target", "replica.cold_start", "replication", "arrived"]
    );
    assert_eq!((settings.len(), cells.len()), (1 + 4, 1 + 4 * 2));
    // Each cell is the file of its identity, and belongs to a setting of the other table.
    for cell in &cells[1..] {
        assert!(home.path().join(format!("output/day.cells/{}.json", cell[0])).is_file());
        assert!(settings.iter().any(|one| one[..4] == cell[1..5]), "{cell:?}");
    }
    let (code, out, err) = tune(home.path(), asked);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("8 cells, 8 of them finished before"), "{out}");
    assert_eq!((table("settings.csv"), table("cells.csv")), (settings, cells));
}

#[test]
fn days_that_the_search_has_not_seen_judge_the_winner() {
    let home = home();
    let (code, out, err) =
        tune(home.path(), "day.toml --vary target=50..95:5 --holdout 1h --fresh 3");
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("3 replications"), "{out}");
    assert!(out.contains("On the days that the search did not see, "), "{out}");
    let manifest = fs::read_to_string(home.path().join("output/day-tuned/manifest.json")).unwrap();
    let manifest: Value = serde_json::from_str(&manifest).unwrap();
    assert_eq!(manifest["resolved"]["warmup"], "3h", "{}", manifest["resolved"]);
    // What judged it can be run again by itself.
    let mut again = Command::new(env!("CARGO_BIN_EXE_autosim"));
    let again = again.args(["run", "output/day-tuned/manifest.json", "--out", "again", "--quiet"]);
    assert!(again.current_dir(home.path()).output().unwrap().status.success());
    let summary =
        |folder: &str| fs::read_to_string(home.path().join(folder).join("summary.csv")).unwrap();
    assert_eq!(summary("again"), summary("output/day-tuned"));
}

#[test]
fn the_page_of_a_tuning_shows_its_search() {
    let home = home();
    let found =
        tuned(home.path(), "day.toml --vary target=65,75,95 --vary min=1,2 --whole --fresh 2");
    let page = fs::read_to_string(home.path().join("output/day-tuned/report.html")).unwrap();
    let (_, search) = page.split_once("id=\"search\"").unwrap();
    let (search, _) = search.split_once("</section>").unwrap();
    assert!(search.contains("<li>Cheapest that holds: follows with "), "{search}");
    for (class, of) in [("winner", 1), ("today", 1), ("breaks", 2), ("edge-right", 2)] {
        assert_eq!(cells_with(search, class), of, "{class}\n{search}");
    }
    let cost = found["winner"]["cost"].as_f64().unwrap();
    let row = search.lines().find(|line| line.contains("winner")).unwrap();
    assert!(row.contains(&format!("{cost:.2}")), "{cost}: {row}");
    // Only a tuning has one.
    let mut run = Command::new(env!("CARGO_BIN_EXE_autosim"));
    let run = run.args(["run", "day.toml", "--out", "plain", "--quiet"]).current_dir(home.path());
    assert!(run.output().unwrap().status.success());
    assert!(
        !fs::read_to_string(home.path().join("plain/report.html"))
            .unwrap()
            .contains("id=\"search\"")
    );
}

/// Cells of the map that have a class.
fn cells_with(page: &str, class: &str) -> usize {
    let classes = page.split("<td class=\"").skip(1).filter_map(|rest| rest.split('"').next());
    classes.filter(|classes| classes.split(' ').any(|one| one == class)).count()
}

#[test]
fn what_many_settings_have_wrong_is_said_once() {
    let home = home();
    let (code, _, err) = tune(home.path(), "day.toml --vary min=1,50 --vary target=50..90:5");
    assert_eq!((code, err.matches("is above max").count()), (2, 1), "{err}");
}

/// The maximum is never reached: it changes no cost, and stays what it is.
#[test]
fn what_changes_no_cost_stays_as_it_is_today() {
    let home = home();
    for asked in ["--vary max=20,25,30,40", "--vary max=20,25,30,40 --vary target=60,75 --whole"] {
        let found = tuned(home.path(), &format!("day.toml {asked} --fresh 2"));
        assert_eq!(found["winner"]["values"]["max"], "30", "{asked}: {found:#}");
    }
}

/// Each fold is the search of a run that ends where the fold begins, and a run of what that chose on the days after.
#[test]
fn folds_judge_what_was_chosen_before_each_of_them() {
    let home = home();
    let axes = "--vary target=50..95:15 --fresh 2 --cells c";
    let found = tuned(home.path(), &format!("day.toml {axes} --holdout 30m --folds 3"));
    let folds = found["folds"].as_array().unwrap();
    let until: Vec<f64> = folds.iter().map(|fold| fold["until_s"].as_f64().unwrap()).collect();
    assert_eq!(until, [9000.0, 10_800.0, 12_600.0]);
    for (fold, end) in folds.iter().zip(["2h30m", "3h", "3h30m"]) {
        let alone = tuned(home.path(), &format!("day.toml {axes} --set duration={end}"));
        assert_eq!(fold["values"], alone["winner"]["values"], "{end}");
        assert_eq!(alone["folds"], Value::Array(Vec::new()));
    }
    // Of the first by itself: on the half hour after it, with the seed of a judgement.
    let target = folds[0]["values"]["target"].as_str().unwrap();
    let words = "check day.toml --set duration=3h --set warmup=2h30m --seed 1000004 --replications 2 --assert \
                 p95<400ms --assert errors<1% --set";
    let mut alone = Command::new(env!("CARGO_BIN_EXE_autosim"));
    let alone = alone.args(words.split_ascii_whitespace());
    let alone = alone.arg(format!("policies.follows.target-tracking.target={target}"));
    let kept = alone.current_dir(home.path()).output().unwrap().status.code() == Some(0);
    assert_eq!(folds[0]["kept"], kept);
    let (code, out, err) = tune(home.path(), &format!("day.toml {axes} --holdout 30m --folds 3"));
    assert_eq!(code, 0, "{err}");
    let kept = folds.iter().filter(|fold| fold["kept"] == true).count();
    assert!(out.contains(&format!("3 times: it kept the SLO in {kept}")), "{out}");
    assert!(out.contains("  until 2h 30m: follows with target "), "{out}");
    // What is allowed is spent in them: those that were judged are there.
    let (code, out, err) = tune(
        home.path(),
        "day.toml --vary target=50..95:15 --cells b --holdout 30m --folds 3 --budget 2e6 --whole",
    );
    assert_eq!(code, 1, "{out}{err}");
}

#[test]
fn what_cannot_hold_is_said_with_the_closest() {
    let home = home();
    let (code, out, err) =
        tune(home.path(), "day.toml --vary target=50..95:5 --slo p99<1ms --export x.toml");
    assert_eq!(code, 2, "{out}{err}");
    assert!(
        out.contains("Nothing that was tried holds") && out.contains("Closest: follows with"),
        "{out}"
    );
    assert!(err.contains("nothing holds, so there is nothing to write"), "{err}");
    // What was tried is there to be looked at, and the closest was run.
    let settings = fs::read_to_string(home.path().join("output/day-tuned/settings.csv")).unwrap();
    assert!(settings.lines().count() > 3 && !settings.contains("winner"), "{settings}");
    let (code, out, _) = tune(home.path(), "day.toml --vary target=50,60 --slo p99<1ms");
    assert_eq!(code, 1, "{out}");
}

#[test]
fn a_policy_is_tuned_whatever_it_is_called_and_from_whichever_pipe_the_traffic_comes() {
    let home = home();
    let text = format!("{DAY}{}", TRACKING.replace("follows", "'v1.2'"));
    fs::write(home.path().join("dotted.toml"), text).unwrap();
    let (code, out, err) = tune(home.path(), "dotted.toml --vary target=50,60,70");
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("--set 'policies.\"v1.2\".target-tracking.target="), "{out}");
    let rows: String = (0..600).map(|second| format!("{second},9\n")).collect();
    fs::write(home.path().join("counts.csv"), format!("time_s,count\n{rows}")).unwrap();
    let input = fs::File::open(home.path().join("counts.csv")).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_autosim"));
    let words = "tune --trace - --policy fixed:9 --vary replicas=2..9 --slo p90<2s --quiet";
    let output = command.args(words.split(' ')).current_dir(home.path()).stdin(input).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// A study beside its flags: the same table, byte by byte, and flags go before what the file says.
#[test]
fn a_study_asks_what_its_flags_ask() {
    let home = home();
    let study = "version = 1\nscenario = '../day.toml'\npolicies = ['follows']\nslo = ['p95<500ms']\nfresh = 2\n\
        seed = 7\nset.replica.cold_start = '20s'\nholdout = '1h'\n[vary]\ntarget = '50..90:20'\nmin = [1, 2]\n";
    fs::create_dir(home.path().join("studies")).unwrap();
    fs::write(home.path().join("studies/study.toml"), study).unwrap();
    let flags = "day.toml --policy follows --slo p95<500ms --fresh 2 --seed 7 --set replica.cold_start=20s \
                 --holdout 1h --vary target=50..90:20 --vary min=1,2";
    let csv = |arguments: &str| {
        let (code, out, err) = tune(home.path(), &format!("{arguments} --format csv"));
        assert!(code <= 1, "{arguments}: {err}");
        out
    };
    assert_eq!(csv("studies/study.toml"), csv(flags));
    let over = csv("studies/study.toml --vary min=1 --set replica.cold_start=25s --holdout 2h");
    let flags = flags.replace("min=1,2", "min=1").replace("20s", "25s").replace("1h", "2h");
    assert_eq!(over, csv(&flags));
}

#[test]
fn what_is_wrong_with_a_study_is_told_with_line_and_column() {
    let home = home();
    let study = "version = 1\nscenaro = 'day.toml'\nholdout = 'soon'\n[vary]\ntarget = '90..50'\n";
    fs::write(home.path().join("study.toml"), study).unwrap();
    let (code, out, err) = tune(home.path(), "study.toml");
    assert_eq!((code, out.as_str()), (2, ""));
    for said in [
        "study.toml:2:1",
        "did you mean `scenario`?",
        "study.toml:3:11",
        "study.toml:5:10",
        "`90..50` runs backwards",
    ] {
        assert!(err.contains(said), "{said}\n{err}");
    }
    for (text, said) in [
        ("version = 3\nfuture = 1\n", "a study of version 3, and this autosim reads version 1"),
        ("version = 1\nscenario = 'nowhere.toml'\nvary.min = 1\n", "cannot read nowhere.toml"),
        ("version = 1\nscenario = 'day.toml'\nvary.tarket = 1\n", "did you mean `target`"),
        ("version = 1\nscenario = 'day.toml'\nvary.min = 1\nholdout = '9h'\n", "--holdout 9h"),
    ] {
        fs::write(home.path().join("study.toml"), text).unwrap();
        let (code, _, err) = tune(home.path(), "study.toml");
        assert_eq!(code, 2, "{text}\n{err}");
        assert!(err.contains(said) && !err.contains("future"), "{text}: {said}\n{err}");
    }
    let run = Command::new(env!("CARGO_BIN_EXE_autosim"))
        .args(["run", "study.toml"])
        .current_dir(home.path())
        .output();
    let run = run.unwrap();
    let err = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.code() == Some(2) && err.contains("`autosim tune` takes it"), "{err}");
    let (code, _, err) = tune(home.path(), "day.toml");
    assert!(code == 2 && err.contains("nothing varies"), "{err}");
}

#[test]
fn what_is_said_of_one_policy_goes_before_what_is_said_of_all() {
    let home = home();
    let found = tuned(home.path(), "day.toml --vary min=1,2 --vary follows:min=3,4 --whole");
    let all = found["settings"].as_array().unwrap();
    let values: Vec<&str> = all.iter().map(|one| one["values"]["min"].as_str().unwrap()).collect();
    assert_eq!(values, ["3", "4"]);
}

#[test]
fn without_a_request_nothing_is_said_to_hold() {
    let home = home();
    let quiet = "day.toml --set workload.arrivals.main.sinusoid.mean=0.000001/s \
                 --set workload.arrivals.main.sinusoid.amplitude=0/s --vary min=1,2";
    let (code, out, err) = tune(home.path(), quiet);
    assert_eq!(code, 1, "{out}{err}");
    assert!(out.contains("No request arrived in what is measured"), "{out}");
}

/// | arguments | what is said |
#[test]
fn what_cannot_vary_is_refused_before_anything_runs() {
    let home = home();
    for (arguments, said) in [
        ("day.toml --vary tarket=1,2", "no policy has such a key; did you mean `target`"),
        ("day.toml --vary target=90..50:5", "runs backwards"),
        ("day.toml --vary target=1..1000000000", "at most 10000"),
        ("day.toml --vary target=1..9999 --vary max=1..9999", "would have 99980001 settings"),
        ("day.toml --vary other:target=1,2", "there is no policy `other`"),
        ("day.toml --vary target=60%,-5", "--vary target=-5%"),
        (
            "day.toml --vary min=1,50",
            "policies.follows-min-50.target-tracking.min: min 50 is above",
        ),
        ("day.toml --vary replica.cold_start=1s,soon", "--vary replica.cold_start=soon"),
        ("day.toml --vary replica.colt_start=1s,2s", "did you mean `cold_start`"),
        ("hpa.toml --vary spec.maxReplicas=0,5", "must be greater than"),
        ("hpa.toml --vary min=2,x", "minReplicas"),
        ("day.toml --vary target=50..95:5 --holdout 4h", "something must be left"),
        ("day.toml --vary target=50,60 --folds 3", "say with --holdout how long"),
        ("day.toml --vary target=50,60 --holdout 1h --folds 4", "something must be left"),
        ("day.toml --vary target=50,60 --holdout 1h --folds 0", "not in 1..=100"),
        ("queue.toml --vary replicas=5..40 --cells .", "files that are not cells"),
        ("queue.toml --vary replicas=5..40 --export no/x", "there is no folder no"),
        ("queue.toml --vary replicas=5..40 --fresh 5000000000", "not in 1..=10000"),
        ("day.toml --vary warmup=1m,5m", "`warmup` cannot vary"),
        ("day.toml --vary slo.errors=1%,2%", "it is what a setting has to keep"),
        ("day.toml --vary seed=1,2", "`seed` cannot vary"),
        ("day.toml --vary target=50,60 --vary target=70", "it varies already for `follows`"),
    ] {
        let (code, out, err) = tune(home.path(), arguments);
        assert_eq!((code, out.as_str()), (2, ""), "{arguments}\n{err}");
        assert!(err.contains(said), "{arguments}: {said}\n{err}");
        assert!(!err.contains(" in all"), "something was announced\n{err}");
        assert!(!err.contains("setting-"), "a setting is called by its values\n{err}");
    }
}
