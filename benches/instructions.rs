//! Instructions of a request on each data plane, as multiples of those of the floor: a regression guard that
//! does not depend on how busy the machine is. Counted by valgrind's cachegrind, as the difference of two
//! runs of different length, so that the start of the process and of the fleet cancels out.
//!
//! ```console
//! $ cargo bench --bench instructions
//! ```
//!
//! The limits are in `benches/instructions.toml`; above one of them the exit code is 1 - with the compiler they
//! were counted with, for another one may need more or fewer. Without valgrind it says so and does nothing.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program of its own")]

mod kernels;

use autosim_engine::fleet::FleetSpec;
use autosim_engine::simulation::run;
use kernels::{drawn, floor, planes, recorded, setup};
use std::collections::BTreeMap;
use std::hint::black_box;
use std::process::{Command, ExitCode};

/// Replicas; enough for every plane to have its usual depth.
const REPLICAS: u32 = 150;
/// The two lengths, in requests.
const LENGTHS: [u32; 2] = [20_000, 80_000];
const LIMITS: &str = include_str!("instructions.toml");

/// `benches/instructions.toml`.
#[derive(serde::Deserialize)]
struct Limits {
    /// The compiler they hold for: `rustc --version` begins so.
    compiler: String,
    tolerance_percent: f64,
    floors: BTreeMap<String, f64>,
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().collect();
    if let [_, word, name, requests] = &words[..]
        && word == "--only"
    {
        return only(name, requests.parse().unwrap_or(0));
    }
    if Command::new("valgrind").arg("--version").output().is_err() {
        eprintln!(
            "SKIPPED: instructions are counted by valgrind, and there is none on the search path"
        );
        return ExitCode::SUCCESS;
    }
    match compare(&words[0]) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("error: {why}");
            ExitCode::FAILURE
        }
    }
}

/// Counts every plane; false if one is above its limit.
fn compare(program: &str) -> Result<bool, String> {
    let limits: Limits = toml::from_str(LIMITS).map_err(|error| error.to_string())?;
    let floor = per_request(program, "floor")?;
    let (more, mut sound) = (1.0 + limits.tolerance_percent / 100.0, true);
    println!("{:<20} {:>12} {:>8} {:>8}", "", "instructions", "floors", "limit");
    println!("{:<20} {floor:>12.1} {:>8.2}", "floor", 1.0);
    let names = planes().into_iter().map(|(name, _)| name).chain(["replay"]);
    for name in names {
        let count = per_request(program, name)?;
        let floors = count / floor;
        let limit = limits.floors.get(name).copied().ok_or(format!("no limit of {name}"))?;
        let word = match floors {
            _ if floors > limit * more => "  TOO MANY",
            _ if floors * more < limit => "  fewer: lower the limit",
            _ => "",
        };
        sound &= floors <= limit * more;
        println!("{name:<20} {count:>12.1} {floors:>8.2} {limit:>8.2}{word}");
    }
    println!("limits hold within {} %: benches/instructions.toml", limits.tolerance_percent);
    let compiler = compiler();
    let known = compiler.starts_with(&limits.compiler) && cfg!(target_arch = "x86_64");
    if !known {
        println!("they are those of {} on x86-64 and only shown with {compiler}", limits.compiler);
    }
    Ok(sound || !known)
}

/// What `rustc --version` says.
fn compiler() -> String {
    let said = Command::new("rustc").arg("--version").output();
    said.map_or_else(
        |_| "an unknown compiler".into(),
        |said| String::from_utf8_lossy(&said.stdout).trim().to_owned(),
    )
}

/// Instructions of one more request.
fn per_request(program: &str, name: &str) -> Result<f64, String> {
    let [short, long] = LENGTHS;
    let more = count(program, name, long)? - count(program, name, short)?;
    Ok(more / f64::from(long - short))
}

/// Instructions of the whole process.
fn count(program: &str, name: &str, requests: u32) -> Result<f64, String> {
    let run = Command::new("valgrind")
        .args(["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null", program])
        .args(["--only", name, &requests.to_string()])
        .output()
        .map_err(|error| format!("valgrind: {error}"))?;
    let said = String::from_utf8_lossy(&run.stderr);
    // `==123== I   refs:      12,345,678`, without the word `I` from version 3.21 on.
    let line = said.lines().find(|line| line.contains("refs:")).filter(|_| run.status.success());
    let digits = line.map(|line| line.rsplit(':').next().unwrap_or_default().replace(',', ""));
    let number = digits.and_then(|digits| digits.trim().parse().ok());
    number.ok_or_else(|| format!("valgrind counted nothing for {name}:\n{said}"))
}

/// What is counted: one plane, so many requests.
fn only(name: &str, requests: u32) -> ExitCode {
    let named = planes().into_iter().find(|(other, _)| *other == name);
    let done = match (name, named) {
        ("floor", _) => black_box(floor(requests)) > 0,
        ("replay", _) => {
            // Both lengths read as many: what is drawn beforehand cancels out.
            let all = recorded(REPLICAS, LENGTHS[1]);
            run(setup(REPLICAS, requests, &all, FleetSpec::default())).is_ok()
        }
        (_, Some((_, fleet))) => run(setup(REPLICAS, requests, &drawn(REPLICAS), fleet)).is_ok(),
        (_, None) => false,
    };
    if done { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
