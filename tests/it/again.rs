//! A run is made again from what it left: its page, its manifest or their folder.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use tempfile::TempDir;

const SERVICE: &str = "service = { concurrency = 4, service_time.exponential.mean = '50ms' }\n\
                       replica.cold_start.constant = '5s'\n";
const TRAFFIC: &str = "timestamp,count\n0,300\n60,900\n120,600\n";
const EAS: &str = r#"{"min":1,"max":9,"scaleStrategies":[{"metricName":"qps","threshold":10}]}"#;
const POLICIES: &str = "[policies.two.fixed]\nreplicas = 2\n\
                        [policies.cpu.target-tracking]\nmetric = 'cpu'\ntarget = '60%'\nmax = 8\n";

/// A scenario of synthetic traffic; one of recorded traffic with a product's document.
fn scenarios() -> [(&'static str, String); 2] {
    let short = "duration = '5m'\nreplications = 2\nwarmup = '1m'\n# in my own words: <p> & é\n";
    let recorded = "workload.arrivals.main.replay.file = '../traffic.csv'\n";
    let product = "[policies.platform.pai-eas]\ndocument = '../eas.json'\n";
    let drawn = "workload.arrivals.main.poisson.rate = '20/s'\n";
    [
        ("drawn.toml", [short, drawn, SERVICE, POLICIES].concat()),
        ("recorded.toml", [short, recorded, SERVICE, POLICIES, product].concat()),
    ]
}

fn folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("mine")).unwrap();
    for (name, text) in scenarios() {
        fs::write(folder.path().join("mine").join(name), text).unwrap();
    }
    for (name, text) in [
        ("service.toml", SERVICE),
        ("traffic.csv", TRAFFIC),
        ("eas.json", EAS),
        ("own.toml", POLICIES),
    ] {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

/// The exit code, and what was said.
fn autosim(folder: &Path, arguments: &[&str], input: &str) -> (i32, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_autosim"))
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let done = child.wait_with_output().unwrap();
    (done.status.code().unwrap(), String::from_utf8_lossy(&done.stderr).into_owned())
}

fn good(folder: &Path, arguments: &[&str], input: &str) {
    let (code, said) = autosim(folder, arguments, input);
    assert_eq!(code, 0, "{arguments:?}\n{said}");
}

/// Every file of a folder.
fn left(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
    entries.map(|path| (name(&path), fs::read(&path).unwrap())).collect()
}

fn run(folder: &Path) {
    good(folder, &["run", "mine/recorded.toml", "--out", "left"], "");
}

#[test]
fn every_kind_of_run_leaves_the_same_bytes_when_it_is_run_again() {
    let from_input = &scenarios()[0].1;
    for (arguments, input) in [
        ("run mine/drawn.toml", ""),
        ("run mine/drawn.toml --policy cpu --seed 7 --replications 1", ""),
        ("run mine/drawn.toml --set replica.initial=3 --slo p99<90ms --slo p50<60ms", ""),
        ("run mine/drawn.toml --timelines all --decisions all", ""),
        ("run mine/drawn.toml --base cpu --per month", ""),
        ("run mine/drawn.toml --policy eas.json --policy fixed:4 --policy two", ""),
        ("run mine/recorded.toml", ""),
        ("run mine/recorded.toml --policy platform --service service.toml", ""),
        ("run --trace traffic.csv --policy own.toml --policy eas.json --service service.toml", ""),
        ("run --trace traffic.csv --policy sae --service service.toml --slo errors<5%", ""),
        ("run - --set name=piped", from_input),
        ("demo cooldown-blocks --set duration=10m --replications 1", ""),
    ] {
        let folder = folder();
        let of = |name: &str| folder.path().join(name).join("out");
        let words: Vec<&str> = arguments.split(' ').collect();
        good(folder.path(), &[&words[..], &["--out", "first/out"]].concat(), input);
        let first = left(&of("first"));
        for (at, from) in ["first/out/report.html", "first/out/manifest.json", "first/out"]
            .into_iter()
            .enumerate()
        {
            let out = format!("{at}/out");
            good(folder.path(), &["run", from, "--out", &out], "");
            let again = left(&folder.path().join(out));
            assert!(first.keys().eq(again.keys()), "{arguments} from {from}");
            for (name, bytes) in &first {
                assert!(*bytes == again[name], "{arguments} from {from}: {name} differs");
            }
        }
        let page = String::from_utf8(first["report.html"].clone()).unwrap();
        good(folder.path(), &["run", "-", "--out", "piped/out"], &page);
        assert!(left(&of("piped")) == first, "{arguments} from a page on standard input");
    }
}

#[test]
fn a_run_of_an_absolute_path_is_found_from_where_its_paths_start() {
    let folder = folder();
    let mine = folder.path().join("mine");
    let scenario = mine.join("recorded.toml");
    good(folder.path(), &["run", scenario.to_str().unwrap(), "--out", "a/out"], "");
    good(folder.path(), &["run", "a/out", "--folder", mine.to_str().unwrap(), "-o", "b/out"], "");
    assert!(left(&folder.path().join("a/out")) == left(&folder.path().join("b/out")));
    let manifest = fs::read_to_string(folder.path().join("a/out/manifest.json")).unwrap();
    assert!(!manifest.contains(folder.path().to_str().unwrap()), "a path of this machine");
    let (code, said) = autosim(folder.path(), &["run", "a/out", "--out", "c"], "");
    assert_eq!(code, 2, "{said}");
    for part in ["cannot read `../traffic.csv`", "SHA-256 ", "--folder DIR"] {
        assert!(said.contains(part), "{part}\n{said}");
    }
}

#[test]
fn what_is_asked_anew_is_laid_on_what_was_run() {
    let folder = folder();
    let (drawn, slower) = ("mine/drawn.toml", "replica.cold_start.constant=90s");
    good(
        folder.path(),
        &["run", drawn, "--policy", "eas.json", "--slo", "p99<90ms", "-o", "a"],
        "",
    );
    for (at, anew) in [
        &["--set", slower][..],
        &["--slo", "p95<70ms", "--seed", "9"],
        &["--policy", "two"],
        &["--policy", "eas"],
        &["--policy", "own.toml"],
        &["--trace", "traffic.csv", "--decisions", "all"],
    ]
    .into_iter()
    .enumerate()
    {
        let (again, fresh) = (format!("{at}/again"), format!("{at}/fresh"));
        good(folder.path(), &[&["run", "a/report.html"], anew, &["-o", &again]].concat(), "");
        // The same in one command: a policy asked for takes the place of that of before.
        let first: &[&str] =
            if anew.contains(&"--policy") { &[] } else { &["--policy", "eas.json"] };
        let anew: Vec<&str> =
            anew.iter().map(|&word| if word == "eas" { "eas.json" } else { word }).collect();
        let slo: &[&str] = if anew.contains(&"--slo") { &[] } else { &["--slo", "p99<90ms"] };
        good(folder.path(), &[&["run", drawn], first, slo, &anew, &["-o", &fresh]].concat(), "");
        let read = |out: &str, name: &str| fs::read(folder.path().join(out).join(name)).unwrap();
        for name in ["summary.csv", "replications.csv", "decisions.csv", "timeline.csv"] {
            assert!(read(&again, name) == read(&fresh, name), "{anew:?}: {name} differs");
        }
    }
}

#[test]
fn what_was_read_has_to_be_there_as_it_was() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    run(folder.path());
    // A document is in the manifest: its file may change or go.
    fs::remove_file(path("eas.json")).unwrap();
    good(folder.path(), &["run", "left", "--out", "same"], "");
    fs::write(path("traffic.csv"), TRAFFIC.replace("900", "901")).unwrap();
    let refused = |arguments: &[&str], parts: &[&str]| {
        let (code, said) = autosim(folder.path(), &[&["run", "left"], arguments].concat(), "");
        assert_eq!(code, 2, "{said}");
        parts.iter().for_each(|part| assert!(said.contains(part), "{part}\n{said}"));
    };
    refused(&[], &["`../traffic.csv` is not what the run read: SHA-256 ", " now, ", " then"]);
    // What is named anew is read as it is.
    good(folder.path(), &["run", "left", "--trace", "traffic.csv", "--out", "new"], "");
    fs::remove_file(path("traffic.csv")).unwrap();
    refused(&["--out", "c"], &["cannot read `../traffic.csv`", "SHA-256 ", "--folder DIR"]);
}

#[test]
fn what_is_wrong_with_what_was_run_is_told_of_the_file_that_holds_it() {
    let folder = folder();
    run(folder.path());
    let manifest = folder.path().join("left/manifest.json");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, text.replace("duration = '5m'", "0duration = '5m'")).unwrap();
    let (code, said) = autosim(folder.path(), &["run", "left/manifest.json"], "");
    assert_eq!(code, 2, "{said}");
    for part in
        ["left/manifest.json holds the scenario", "unknown key `0duration`", "recorded.toml:1:1"]
    {
        assert!(said.contains(part), "{part}\n{said}");
    }
}

#[test]
fn what_holds_no_run_is_refused_with_what_to_do() {
    let folder = folder();
    run(folder.path());
    let read = |name: &str| fs::read_to_string(folder.path().join("left").join(name)).unwrap();
    let (page, manifest) = (read("report.html"), read("manifest.json"));
    let changed = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut value = serde_json::from_str(&manifest).unwrap();
        change(&mut value);
        value.to_string()
    };
    let old_page = page.replace("id=\"run\"", "id=\"old\"");
    let without = changed(&|value| drop(value.as_object_mut().unwrap().remove("recipe")));
    let odd = changed(&|value| value["recipe"]["layers"] = "many".into());
    let own = changed(&|value| value["recipe"]["own"] = serde_json::json!(["mine"]));
    let document = changed(&|value| {
        value["recipe"]["documents"]["../eas.json"] = EAS.replace('9', "8").into();
    });
    let deep = format!("{{\"autosim\":{}", "[".repeat(100_000));
    for (name, text, parts) in [
        (
            "cut.html",
            &page[..page.find("id=\"run\"").unwrap() + 200],
            "a page of autosim that was cut short",
        ),
        ("old.html", &old_page, "from before pages held their scenario"),
        ("other.html", "<!doctype html><p>hello</p>", "a page, but not one of autosim"),
        ("cut.json", &manifest[..manifest.len() / 2], "not JSON: EOF"),
        ("other.json", EAS, "no manifest of autosim | goes to --policy"),
        ("without.json", &without, "holds no `recipe` | run the scenario itself"),
        ("odd.json", &odd, "`recipe`: invalid type | run the scenario itself"),
        ("own.json", &own, "what mine does is in the program"),
        ("document.json", &document, "`../eas.json` is not what the run read"),
        ("deep.json", &deep, "deep.json: not JSON"),
    ] {
        fs::write(folder.path().join(name), text).unwrap();
        let (code, said) = autosim(folder.path(), &["run", name, "--out", "out"], "");
        assert_eq!(code, 2, "{name}: {said}");
        for part in [name].into_iter().chain(parts.split(" | ")) {
            assert!(said.contains(part), "{name}: {part}\n{said}");
        }
        assert!(said.len() < 2000, "{name}: {} bytes", said.len());
        assert!(!folder.path().join("out").exists());
    }
    let (code, said) = autosim(folder.path(), &["run", "mine"], "");
    assert!(code == 2 && said.contains("which has a manifest.json"), "{said}");
}

#[test]
fn check_looks_at_a_past_run_too() {
    let folder = folder();
    run(folder.path());
    for from in ["left", "left/report.html", "left/manifest.json"] {
        good(folder.path(), &["check", from, "--set", "seed=3"], "");
        let (code, said) = autosim(folder.path(), &["check", from, "--set", "sed=3"], "");
        assert!(code == 2 && said.contains("did you mean `seed`"), "{from}: {said}");
    }
}

#[test]
fn traffic_on_standard_input_is_read_once_and_cannot_be_read_again() {
    let folder = folder();
    let at = folder.path();
    let common = ["--service", "service.toml", "--policy", "fixed:2"];
    let run = |trace: &str, out: &str, input: &str| {
        let all = [&["run", "--trace", trace, "--out", out], &common[..]].concat();
        let (code, said) = autosim(at, &all, input);
        assert_eq!(code, 0, "{said}");
        fs::read_to_string(at.join(out).join("summary.csv")).unwrap()
    };
    assert_eq!(run("-", "piped", TRAFFIC), run("traffic.csv", "filed", ""));
    let manifest = |out: &str| -> serde_json::Value {
        let text = fs::read_to_string(at.join(out).join("manifest.json")).unwrap();
        serde_json::from_str(&text).unwrap()
    };
    let (piped, filed) = (manifest("piped"), manifest("filed"));
    assert_eq!(piped["inputs"][0]["path"], "-");
    assert_eq!(piped["inputs"][0]["sha256"], filed["inputs"][0]["sha256"]);
    let two = ["mine/drawn.toml", "mine/recorded.toml", "--trace", "-"];
    let refuse = |arguments: &[&str], input: &str, parts: [&str; 2]| {
        let (code, said) = autosim(at, arguments, input);
        assert!(code == 2 && parts.iter().all(|part| said.contains(part)), "{arguments:?}: {said}");
    };
    for verb in ["check", "run"] {
        let (code, said) = autosim(at, &[&[verb][..], &two[..1], &two[2..]].concat(), TRAFFIC);
        assert_eq!(code, 0, "{verb}: {said}");
    }
    assert_eq!(autosim(at, &[&["check"], &two[..]].concat(), TRAFFIC).0, 0, "one input for both");
    assert_eq!(autosim(at, &["trace", "inspect", "-"], TRAFFIC).0, 0);
    refuse(&["run", "piped/manifest.json"], "", ["standard input is not there", "--trace FILE"]);
    refuse(&["trace", "inspect", "-"], "", ["`standard input` is empty", "at least one row"]);
    refuse(&["run", "-", "--trace", "-"], "x = 1", ["the scenario and --trace", "cannot both be"]);
    let both = ["run", "--trace", "-", "--service", "-", "--policy", "fixed:2"];
    refuse(&both, TRAFFIC, ["--trace and --service", "save one of them"]);
}
