//! `presets`: traffic, service times and cold starts that have a name.

use super::demo::wrapped;
use super::exit::{Exit, Failure};
use super::terminal::Terminal;
use autosim_engine::random::Distribution;
use autosim_engine::random::distribution::Preset as LawPreset;
use autosim_engine::workload::SourceSpec;
use autosim_engine::workload::arrivals::{Preset, TrafficPreset};
use autosim_study::scenario::{json_schema, nearest_of};

/// List the traffic, service times and cold starts that scenarios may name; print one, to be changed
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Which one to print as keys of its own; without it all are listed
    name: Option<String>,
}

const EXAMPLES: &str = "\
In a scenario: [workload.arrivals.NAME.preset] with a name and a rate; service_time.preset or cold_start.preset with a
name.
Examples:
  autosim presets
  autosim presets web-diurnal-nasa
  autosim presets lambda-python";

pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<Exit, Failure> {
    let all = all();
    let text = match &args.name {
        None => list(&all),
        Some(name) => {
            let found = all.iter().find(|entry| entry.name == name);
            let entry = found.ok_or_else(|| {
                let names: Vec<&str> = all.iter().map(|entry| entry.name).collect();
                let nearest = nearest_of(name, &names);
                Failure::bad_input(format_args!("there is no preset `{name}`; {nearest}"))
            })?;
            entry.keys().map_err(Failure::bad_input)?
        }
    };
    terminal.print(&text)?;
    Ok(Exit::Good)
}

/// What has a name.
enum Named {
    Traffic(TrafficPreset),
    Law(LawPreset),
}

struct Entry {
    name: &'static str,
    /// What it is of, and from where its figures are.
    told: String,
    named: Named,
}

/// All of them, told as the schema of scenarios tells them.
fn all() -> Vec<Entry> {
    let schema = json_schema();
    let told = |of: &str, name: &str| {
        let choices = schema["$defs"][of]["oneOf"].as_array();
        let choice = choices.and_then(|all| all.iter().find(|one| one["const"] == name));
        let lines = choice.and_then(|one| one["description"].as_str()).unwrap_or_default();
        lines.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let traffic = TrafficPreset::ALL.iter().map(|preset| {
        let name = preset.name();
        Entry { name, told: told("TrafficPreset", name), named: Named::Traffic(*preset) }
    });
    let laws = LawPreset::ALL.iter().map(|preset| {
        let name = preset.name();
        Entry { name, told: told("LawPreset", name), named: Named::Law(*preset) }
    });
    traffic.chain(laws).collect()
}

/// One paragraph each, under what it is for.
fn list(all: &[Entry]) -> String {
    let mut out = String::new();
    let mut last = "";
    for entry in all {
        let head = match entry.named {
            Named::Traffic(_) => "Traffic: [workload.arrivals.NAME.preset], with a name and a rate",
            Named::Law(law) if law.is_service_time() => "Service times: service_time.preset",
            Named::Law(_) => "Cold starts: cold_start.preset, or one of its stages",
        };
        if head != last {
            let gap = if last.is_empty() { "" } else { "\n" };
            out += &format!("{gap}{head}\n\n");
            last = head;
        }
        out += &format!("{}\n{}", entry.name, wrapped(&entry.told));
    }
    out
}

impl Entry {
    /// The keys it stands for.
    fn keys(&self) -> Result<String, toml::ser::Error> {
        let comment: String =
            wrapped(&self.told).lines().map(|line| format!("# {}\n", line.trim_start())).collect();
        let keys = match self.named {
            Named::Traffic(name) => {
                let preset =
                    Preset { name, rate: None, from: None, until: None, service_time: None };
                let source = preset.source();
                let head = format!("[workload.arrivals.{}.{}]\n", self.name, source.kind());
                head + &source_keys(&source)?
            }
            Named::Law(preset) => {
                let law = law_keys(&preset.law())?;
                match preset.is_service_time() {
                    true => format!("[service.service_time]\n{law}"),
                    false => format!("[replica.cold_start]\n{law}"),
                }
            }
        };
        Ok(comment + &keys)
    }
}

/// The keys of a source, one a line.
pub(super) fn source_keys(source: &SourceSpec) -> Result<String, toml::ser::Error> {
    // Not a table at once: its serializer knows no variant with fields of its own.
    let of_kinds = toml::Value::try_from(source)?;
    let kinds = of_kinds.as_table().into_iter().flat_map(toml::Table::values);
    let keys = kinds.filter_map(toml::Value::as_table).flatten();
    Ok(keys.map(|(key, value)| format!("{key} = {value}\n")).collect())
}

/// A law on a line.
pub(super) fn law_keys(law: &Distribution) -> Result<String, toml::ser::Error> {
    let of_kinds = toml::Value::try_from(law)?;
    let kinds = of_kinds.as_table().into_iter().flatten();
    Ok(kinds.map(|(kind, law)| format!("{kind} = {law}\n")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_law_of_any_kind_is_written_as_it_is_read() {
        let laws = [
            "constant = '5s'",
            "exponential = { mean = '100ms' }",
            "lognormal = { median = '2s', sigma = 0.5 }",
            "gamma = { mean = '200ms', cv = 2 }",
            "erlang = { mean = '80ms', stages = 4 }",
            "weibull = { scale = '1s', shape = 0.5 }",
            "pareto = { minimum = '1s', maximum = '100s', alpha = 1 }",
            "uniform = { min = '10ms', max = '50ms' }",
            "hyperexponential = { mean = '1s', cv = 2 }",
            "empirical = { quantiles = [[0, '0s'], [1, '10s']] }",
            "mixture = [{ weight = 1, law.exponential.mean = '3s' }]",
            "preset = 'faas-azure'",
        ];
        let read = |text: &str| toml::from_str::<Distribution>(text).unwrap();
        for law in laws.map(read) {
            assert_eq!(read(&law_keys(&law).unwrap()), law);
        }
        let schema = json_schema();
        let all = schema["$defs"]["Law"]["oneOf"].as_array().unwrap().iter();
        let kinds: Vec<&String> =
            all.filter_map(|law| law["properties"].as_object()?.keys().next()).collect();
        assert_eq!(laws.map(|law| read(law).kind()).to_vec(), kinds, "every kind there is");
    }

    #[test]
    fn every_preset_says_what_it_is_and_from_where_and_fits_a_terminal() {
        let all = all();
        for entry in &all {
            assert!(entry.told.len() > 40, "{}: {}", entry.name, entry.told);
            let sourced = [
                "easured",
                "published",
                "lambda-perf",
                "Raw results",
                "told for",
                "choice",
                "quoted",
            ];
            assert!(sourced.iter().any(|word| entry.told.contains(word)), "{}", entry.told);
        }
        let legacy = all.iter().find(|entry| entry.name == "vm-legacy").unwrap();
        assert!(legacy.told.contains("not checked"), "{}", legacy.told);
        assert!(list(&all).lines().all(|line| line.chars().count() <= 80), "{}", list(&all));
    }

    #[test]
    fn what_is_printed_of_a_preset_is_what_it_stands_for() {
        for entry in all() {
            let keys: toml::Table = toml::from_str(&entry.keys().unwrap()).unwrap();
            let law = |part: &str, key: &str| keys[part][key].clone().try_into::<Distribution>();
            match entry.named {
                Named::Traffic(_) => {
                    let source = keys["workload"]["arrivals"][entry.name].clone();
                    assert!(source.try_into::<SourceSpec>().is_ok(), "{}", entry.name);
                }
                Named::Law(preset) if preset.is_service_time() => {
                    assert_eq!(law("service", "service_time").unwrap(), preset.law());
                }
                Named::Law(preset) => {
                    assert_eq!(law("replica", "cold_start").unwrap(), preset.law());
                }
            }
        }
    }
}
