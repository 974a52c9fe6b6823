//! A study: what a tuning is asked. The flags of `autosim tune` and a file of the same are both one.

use super::Axis;
use crate::scenario::{Findings, Sources, read_file};
use autosim_engine::fault::Faults;
use autosim_engine::units::Span;
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// A study: the scenario whose policies vary, over which values, and how the cheapest setting is searched and judged.
/// Paths start from the folder of the file. Flags of the command line go before what it says.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "autosim study")]
pub struct Study {
    /// Version of the form of this file: 1.
    pub version: Version,
    /// The scenario, a TOML file. Default: none, traffic and service come from `trace` and `service`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scenario: Option<String>,
    /// A recorded trace, in place of the scenario's traffic. One that has to be told how it is read is named in a
    /// scenario. Default: that of the scenario.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<String>,
    /// A TOML file with `service`, `replica` and `price` tables. Default: those of the scenario.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// Policies: of the scenario by name, TOML files, platforms' own documents, or `fixed:12`. Default: all of the
    /// scenario.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<String>,
    /// The policy that runs today, in any form that `policies` takes. Default: that of the scenario, or the only one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    /// The SLO, for example `"p99<300ms"` and `"errors<0.1%"`. Default: that of the scenario.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub slo: Vec<String>,
    /// Keys of the scenario with other values, as `--set`. Default: none.
    #[serde(default, skip_serializing_if = "toml::Table::is_empty")]
    #[schemars(with = "IndexMap<String, serde_json::Value>")]
    pub set: toml::Table,
    /// Seed of all random draws. Default: that of the scenario.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// Replications of a setting that is to be known well. Default: those of the scenario.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replications: Option<u32>,
    /// What varies, and over which values: a key of a policy, a member of its document, or a key of the scenario, each
    /// with a range (`"40..90:2"`, `"1..64:x2"`) or a list. `"POLICY:KEY"` is for one policy only.
    #[serde(default, skip_serializing_if = "Vec::is_empty", serialize_with = "write_axes")]
    #[serde(deserialize_with = "read_axes")]
    #[schemars(with = "IndexMap<String, serde_json::Value>")]
    pub vary: Vec<Axis>,
    /// The end of the run that the search does not see, and that alone the winner is judged on. Default: nothing is
    /// held out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holdout: Option<Span>,
    /// How often a stretch as long as `holdout` is held out, 1 to 100: each is judged on settings that were chosen before
    /// it. Default: once, at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folds: Option<u32>,
    /// Replications on fresh luck that the winner is judged on, 1 to 10000. Default: those of the scenario.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fresh: Option<u32>,
    /// Every setting is tried. Default: false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub whole: bool,
    /// Requests after which the search stops, for example 2e9: of one call, what finished cells hold not counted.
    /// Default: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<f64>,
}

/// Most folds.
pub const MOST_FOLDS: u32 = 100;
/// Most replications of a judgement.
pub const MOST_FRESH: u32 = 10_000;
/// The version of the form that this program reads.
const VERSION: u32 = 1;

/// The version of the form: there is one so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct Version(u32);

impl Default for Version {
    fn default() -> Self {
        Self(VERSION)
    }
}

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u32::deserialize(deserializer)? {
            VERSION => Ok(Self(VERSION)),
            other => Err(D::Error::custom(format!(
                "this is a study of version {other}, and this autosim reads version {VERSION}, expected version = \
                 {VERSION}, or the autosim that wrote it"
            ))),
        }
    }
}

impl Study {
    /// Reads a study.
    ///
    /// # Errors
    /// Everything that is wrong with it, each with its place.
    pub fn read(sources: Sources) -> Result<Self, Findings> {
        read_file(sources, "version", Self::check)
    }

    /// Whether a text of TOML is a study, by what it begins with: no scenario has these keys.
    pub fn is_meant(text: &str) -> bool {
        let root = toml::from_str::<toml::Table>(text).unwrap_or_default();
        ["version", "vary"].iter().any(|key| root.contains_key(*key))
    }

    fn check(&self, faults: &mut Faults) {
        if self.vary.is_empty() {
            faults.error("vary", "nothing varies", "for example vary.target = \"40..90:2\"");
        }
        if self.fresh.is_some_and(|fresh| !(1..=MOST_FRESH).contains(&fresh)) {
            let message = format!("{} replications", self.fresh.unwrap_or(0));
            faults.error("fresh", message, format!("1 to {MOST_FRESH}"));
        }
        if let Some(folds) = self.folds.filter(|folds| !(1..=MOST_FOLDS).contains(folds)) {
            faults.error("folds", format!("{folds} folds"), format!("1 to {MOST_FOLDS}"));
        }
        if let Some(budget) = self.budget.filter(|budget| !is_budget(*budget)) {
            faults.error("budget", format!("{budget} requests"), "a number of them, as 2e9");
        }
        if self.scenario.is_none() && self.trace.is_none() {
            faults.error(
                "scenario",
                "there is nothing to play",
                "name a scenario, or a trace with policies and a service",
            );
        }
    }

    /// Its keys of the scenario and their values, as TOML, one by one.
    pub fn values(&self) -> Vec<(String, String)> {
        fn below(way: &str, value: &toml::Value, all: &mut Vec<(String, String)>) {
            match value {
                toml::Value::Table(table) => {
                    table
                        .iter()
                        .for_each(|(key, value)| below(&format!("{way}.{key}"), value, all));
                }
                leaf @ (toml::Value::String(_)
                | toml::Value::Integer(_)
                | toml::Value::Float(_)
                | toml::Value::Boolean(_)
                | toml::Value::Datetime(_)
                | toml::Value::Array(_)) => all.push((way.to_owned(), leaf.to_string())),
            }
        }
        let mut all = Vec::new();
        self.set.iter().for_each(|(key, value)| below(key, value, &mut all));
        all
    }

    /// The same, with what another says of the search in place of what this one does: flags go before a file.
    #[must_use]
    pub fn under(mut self, flags: Self) -> Self {
        let said = |axis: &Axis| {
            flags.vary.iter().any(|one| (&one.policy, &one.key) == (&axis.policy, &axis.key))
        };
        self.vary.retain(|axis| !said(axis));
        self.vary.extend(flags.vary);
        Self {
            holdout: flags.holdout.or(self.holdout),
            folds: flags.folds.or(self.folds),
            fresh: flags.fresh.or(self.fresh),
            whole: flags.whole || self.whole,
            budget: flags.budget.or(self.budget),
            ..self
        }
    }

    /// What it asks, without the scenario: that is known already.
    #[must_use]
    pub fn asked(&self) -> Self {
        Self {
            vary: self.vary.clone(),
            holdout: self.holdout,
            folds: self.folds,
            fresh: self.fresh,
            whole: self.whole,
            budget: self.budget,
            ..Self::default()
        }
    }
}

/// Whether a number can be a budget of requests.
pub fn is_budget(requests: f64) -> bool {
    (1.0..1e18).contains(&requests)
}

/// As a table of keys, each with the list of its values.
fn write_axes<S: Serializer>(axes: &[Axis], serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(axes.len()))?;
    for axis in axes {
        let policy = axis.policy.as_ref().map_or_else(String::new, |policy| format!("{policy}:"));
        map.serialize_entry(&format!("{policy}{}", axis.key), &axis.values)?;
    }
    map.end()
}

fn read_axes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Axis>, D::Error> {
    deserializer.deserialize_map(Axes { way: String::new() })
}

/// Axes below a key: its own, or those of the keys below it, `a.b` being a table in TOML.
struct Axes {
    way: String,
}

impl Axes {
    /// Through the same text that a flag has.
    fn of<E: Error>(&self, values: &str) -> Result<Vec<Axis>, E> {
        if self.way.is_empty() {
            let found = format!("`{values}` says no key, expected a table: target = \"40..90:2\"");
            return Err(E::custom(found));
        }
        let axis = format!("{}={values}", self.way).parse();
        axis.map(|axis| vec![axis]).map_err(E::custom)
    }
}

impl<'de> DeserializeSeed<'de> for Axes {
    type Value = Vec<Axis>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<Axis>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Axes {
    type Value = Vec<Axis>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.way.is_empty() {
            true => "a table",
            false => "a range such as \"40..90:2\", or a list of values",
        })
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Vec<Axis>, E> {
        self.of(value)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Vec<Axis>, E> {
        self.of(&value.to_string())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Vec<Axis>, E> {
        self.of(&value.to_string())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Vec<Axis>, E> {
        self.of(&value.to_string())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Vec<Axis>, E> {
        self.of(&value.to_string())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<Axis>, A::Error> {
        let mut all = Vec::new();
        while let Some(item) = items.next_element::<Item>()? {
            all.push(item.0);
        }
        self.of(&all.join(","))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut below: A) -> Result<Vec<Axis>, A::Error> {
        let mut all = Vec::new();
        while let Some(key) = below.next_key::<String>()? {
            let way = match self.way.is_empty() {
                true => key,
                false => format!("{}.{key}", self.way),
            };
            all.extend(below.next_value_seed(Self { way })?);
        }
        Ok(all)
    }
}

/// One value of a list, as text.
struct Item(String);

impl<'de> Deserialize<'de> for Item {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "a number or text")]
        enum Scalar {
            Whole(i64),
            Number(f64),
            Switch(bool),
            Text(String),
        }
        Ok(Self(match Scalar::deserialize(deserializer)? {
            Scalar::Whole(value) => value.to_string(),
            Scalar::Number(value) => value.to_string(),
            Scalar::Switch(value) => value.to_string(),
            Scalar::Text(value) => value,
        }))
    }
}

/// The schema (draft 2020-12) of a study.
pub fn study_schema() -> serde_json::Value {
    let mut schema = schemars::schema_for!(Study).to_value();
    if let serde_json::Value::Object(root) = &mut schema {
        root.insert("$id".into(), "autosim-study".into());
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Study, String> {
        Study::read(Sources::new("study.toml", text)).map_err(|findings| {
            let line = |at: &crate::scenario::Located<'_>| {
                format!("{}:{} {}: {} | {}", at.line, at.column, at.key, at.message, at.remedy)
            };
            findings.located().iter().map(line).collect::<Vec<_>>().join("\n")
        })
    }

    #[test]
    fn axes_of_a_study_are_those_of_the_flags() {
        let study = read(
            "version = 1\nscenario = 'a.toml'\n[vary]\ntarget = '40..60:10'\nmin = [2, 8, 4]\nk = 0.5\n\
             'hpa:spec.x' = '1,2'\nspec.minReplicas = [1, '3..5']\nmetric = ['cpu', 'rps']\n",
        )
        .unwrap();
        let flags = [
            "target=40..60:10",
            "min=2,8,4",
            "k=0.5",
            "hpa:spec.x=1,2",
            "spec.minReplicas=1,3..5",
            "metric=cpu,rps",
        ];
        let flags: Vec<Axis> = flags.iter().map(|flag| flag.parse().unwrap()).collect();
        assert_eq!(study.vary, flags);
        let written = serde_json::to_string(&study).unwrap();
        assert_eq!(serde_json::from_str::<Study>(&written).unwrap(), study);
    }

    #[test]
    fn what_is_wrong_with_a_study_is_said_at_once_with_its_place() {
        for (text, said) in [
            (
                "version = 2\nshape = 1\n",
                "1:11 version: this is a study of version 2, and this autosim reads version 1 | expected version = 1, \
                 or the autosim that wrote it",
            ),
            ("scenario = 'a'\nvary.k = 1\n", "1:1 : `version` is missing | add `version = ...`"),
            (
                "version = 1\n",
                "0:0 vary: nothing varies | for example vary.target = \"40..90:2\"\n0:0 scenario: there",
            ),
            (
                "version = 1\nscenario = 'a'\nholdoud = '2d'\n[vary]\nmin = '4..2'\nmax = [1, 1]\n",
                "3:1 holdoud: unknown key `holdoud` | did you mean `holdout`?",
            ),
            (
                "version = 1\nscenario = 'a'\n[vary]\nx = 1\nmin = '4..2'\n",
                "5:7 vary.min: `4..2` runs backwards",
            ),
            (
                "version = 1\nscenario = 'a'\n[vary]\nmax = [1, 1]\n",
                "4:7 vary.max: `1` is given twice",
            ),
            ("version = 1\nscenario = 'a'\nvary.a.b = '1..'\n", "3:12 vary.a.b: `1..` is no range"),
            (
                "version = 1\nscenario = 'a'\nvary.k = 1\nfresh = 0\nbudget = 0.5\n",
                "4:9 fresh: 0 replications | 1 to 10000\n5:10 budget: 0.5 requests",
            ),
            (
                "version = 1\nscenario = 'a'\nvary = 3\n",
                "3:8 vary: `3` says no key | expected a table: target = \"40..90:2\"",
            ),
            ("version = 1\nholdout = '2 days ago'\n", "2:11 holdout: "),
        ] {
            let found = read(text).unwrap_err();
            assert!(found.contains(said), "{text}\nsaid: {said}\nfound: {found}");
        }
    }

    #[test]
    fn a_study_is_told_from_a_scenario_by_its_keys() {
        for (text, is) in [
            ("version = 1\n", true),
            ("vary.min = [1]\n", true),
            ("name = 'x'\n[service]\n", false),
            ("version = = 1", false),
        ] {
            assert_eq!(Study::is_meant(text), is, "{text}");
        }
    }

    #[test]
    fn keys_of_the_scenario_are_set_one_by_one() {
        let text = "version = 1\nscenario = 'a'\nvary.k = 1\n[set]\nreplica.cold_start = '15s'\nreplica.quota = 9\n\
                    slo.latency = ['p99 < 1s']\n";
        let values = read(text).unwrap().values();
        let told: Vec<String> =
            values.iter().map(|(key, value)| format!("{key}={value}")).collect();
        assert_eq!(
            told,
            ["replica.cold_start=\"15s\"", "replica.quota=9", "slo.latency=[\"p99 < 1s\"]"]
        );
    }

    #[test]
    fn the_schema_takes_what_is_read() {
        let schema = study_schema();
        for key in ["version", "scenario", "vary", "holdout", "budget"] {
            assert!(schema["properties"][key].is_object(), "{key}");
        }
        assert_eq!(schema["additionalProperties"], false);
    }
}
