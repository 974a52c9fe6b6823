//! Values of the file that are small sentences: SLOs, launch rates, laws written short.

use autosim_engine::fleet::{PROVISION, PULL};
use autosim_engine::random::Distribution;
use autosim_engine::simulation::Slo;
use autosim_engine::units::{Fraction, Span, TextError, percentile};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

/// An SLO on latency: `"p99 < 300ms"`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LatencyTerm(pub Slo);

impl LatencyTerm {
    const EXPECTED: &str =
        "a percentile and a limit above zero, for example \"p99 < 300ms\" or \"p99.9 < 2s\"";

    fn read(text: &str) -> Option<Self> {
        let (quantile, limit) = text.split_once('<')?;
        let percent = percentile(quantile.trim()).filter(|percent| *percent < 100.0)?;
        let (or_equal, limit) = or_equal(limit);
        let limit: Span = limit.trim().parse().ok()?;
        (!limit.is_zero()).then_some(Self(Slo { quantile: percent / 100.0, limit, or_equal }))
    }
}

impl FromStr for LatencyTerm {
    type Err = TextError;
    fn from_str(text: &str) -> Result<Self, TextError> {
        Self::read(text).ok_or_else(|| TextError::new(text, Self::EXPECTED))
    }
}

/// What follows `<`: whether it was `<=`, and the rest.
fn or_equal(text: &str) -> (bool, &str) {
    text.strip_prefix('=').map_or((false, text), |rest| (true, rest))
}

impl fmt::Display for LatencyTerm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

autosim_engine::written_as_text!(
    LatencyTerm,
    "LatencySlo",
    LatencyTerm::EXPECTED,
    "string",
    examples["p99 < 300ms"]
);

/// One SLO on latency, or several that hold together.
#[derive(Debug, Clone, PartialEq)]
pub struct LatencyTerms(pub Vec<LatencyTerm>);

impl LatencyTerms {
    const EXPECTED: &str = "an SLO on latency, for example \"p99 < 300ms\", or a list of such";
}

impl Serialize for LatencyTerms {
    fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            [one] => one.serialize(out),
            several => several.serialize(out),
        }
    }
}

impl<'de> Deserialize<'de> for LatencyTerms {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Visit;
        impl<'de> Visitor<'de> for Visit {
            type Value = LatencyTerms;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(LatencyTerms::EXPECTED)
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<LatencyTerms, E> {
                text.parse().map(|one| LatencyTerms(vec![one])).map_err(E::custom)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<LatencyTerms, A::Error> {
                let mut terms = Vec::new();
                while let Some(term) = list.next_element()? {
                    terms.push(term);
                }
                match terms.is_empty() {
                    true => Err(A::Error::custom(format!(
                        "an empty list, expected {}",
                        LatencyTerms::EXPECTED
                    ))),
                    false => Ok(LatencyTerms(terms)),
                }
            }
        }
        from.deserialize_any(Visit)
    }
}

impl JsonSchema for LatencyTerms {
    fn schema_name() -> Cow<'static, str> {
        "LatencySlos".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let term = generator.subschema_for::<LatencyTerm>();
        json_schema!({ "anyOf": [term, { "type": "array", "minItems": 1, "items": term }] })
    }
}

/// The largest share of requests that may fail: `"< 0.1%"`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ErrorTerm {
    /// The share, above 0 and at most 1.
    pub limit: Fraction,
    /// `<=`: the share itself is still good.
    pub or_equal: bool,
}

impl ErrorTerm {
    const EXPECTED: &str = "`<` and a share above 0% and at most 100%, for example \"< 0.1%\"";

    fn read(text: &str) -> Option<Self> {
        let (or_equal, share) = or_equal(text.trim().strip_prefix('<')?);
        let limit: Fraction = share.trim().parse().ok()?;
        (limit.get() > 0.0 && limit.get() <= 1.0).then_some(Self { limit, or_equal })
    }

    /// Whether such a share of failed requests keeps it.
    pub fn is_kept(&self, failed: f64) -> bool {
        // Shares of counts lie further apart than this, and 0.1 % is not 0.001 to the last bit.
        let slack = 1e-12;
        failed < self.limit.get() + if self.or_equal { slack } else { -slack }
    }
}

impl FromStr for ErrorTerm {
    type Err = TextError;
    fn from_str(text: &str) -> Result<Self, TextError> {
        Self::read(text).ok_or_else(|| TextError::new(text, Self::EXPECTED))
    }
}

impl fmt::Display for ErrorTerm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", if self.or_equal { "<=" } else { "<" }, self.limit)
    }
}

autosim_engine::written_as_text!(
    ErrorTerm,
    "ErrorSlo",
    ErrorTerm::EXPECTED,
    "string",
    examples["< 0.1%"]
);

/// How fast a platform launches: `"10/min"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LaunchRateText {
    /// Launches in one period, at least 1.
    pub launches: u32,
    /// The period, not zero.
    pub per: Span,
}

impl LaunchRateText {
    const EXPECTED: &str =
        "a whole number of launches per period, for example \"10/min\" or \"4/15s\"";

    fn read(text: &str) -> Option<Self> {
        let (launches, per) = text.split_once('/')?;
        let launches: u32 = launches.trim().parse().ok()?;
        let per = match per.trim() {
            "s" | "sec" | "second" => Span::from_secs(1),
            "m" | "min" | "minute" => Span::from_secs(60),
            "h" | "hour" => Span::from_secs(3600),
            "d" | "day" => Span::from_secs(86_400),
            other => other.parse().ok()?,
        };
        (launches > 0 && !per.is_zero()).then_some(Self { launches, per })
    }
}

impl FromStr for LaunchRateText {
    type Err = TextError;
    fn from_str(text: &str) -> Result<Self, TextError> {
        Self::read(text).ok_or_else(|| TextError::new(text, Self::EXPECTED))
    }
}

impl fmt::Display for LaunchRateText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.launches, self.per)
    }
}

autosim_engine::written_as_text!(
    LaunchRateText,
    "LaunchRate",
    LaunchRateText::EXPECTED,
    "string",
    examples["10/min"]
);

/// The start on the wall clock: text in quotes or a bare TOML date-time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StartFile {
    /// Recorded traffic is played from this time on, by its own clock.
    At(String),
    /// Recorded traffic is played from its beginning, as if it had been recorded from this time on.
    Relabel(String),
}

const START_EXPECTED: &str = "a date with or without time and zone, for example \"2026-03-02\", \
     \"2026-03-02T00:00:00+08:00\" or \"2026-03-02T00:00:00+01:00[Europe/Berlin]\", or a weekday, \"Mon 08:00\"";
const RELABEL: &str = "relabel";

impl StartFile {
    /// The date and time as written.
    pub fn text(&self) -> &str {
        match self {
            Self::At(text) | Self::Relabel(text) => text,
        }
    }
}

impl Serialize for StartFile {
    fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::At(text) => text.serialize(out),
            Self::Relabel(text) => out.collect_map([(RELABEL, text)]),
        }
    }
}

impl<'de> Deserialize<'de> for StartFile {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Visit;
        impl<'de> Visitor<'de> for Visit {
            type Value = StartFile;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(START_EXPECTED)
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<StartFile, E> {
                Ok(StartFile::At(text.to_owned()))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<StartFile, A::Error> {
                const ONE: &str = "one key, `relabel`, for example { relabel = \"2026-03-02\" }";
                let key: Option<String> = map.next_key()?;
                match key.filter(|key| key == RELABEL || key.starts_with("$__toml")) {
                    Some(key) if key == RELABEL => {
                        let start = map.next_value::<StartFile>()?.text().to_owned();
                        match map.next_key::<String>()? {
                            None => Ok(StartFile::Relabel(start)),
                            Some(_) => Err(A::Error::custom(format!("a table, expected {ONE}"))),
                        }
                    }
                    Some(key) => toml::value::Datetime::deserialize(rest_of_map(&mut map, key))
                        .map(|when| StartFile::At(when.to_string()))
                        .map_err(|_| {
                            A::Error::custom(format!("a table, expected {START_EXPECTED}"))
                        }),
                    None => Err(A::Error::custom(format!("a table, expected {ONE}"))),
                }
            }
        }
        from.deserialize_any(Visit)
    }
}

impl JsonSchema for StartFile {
    fn schema_name() -> Cow<'static, str> {
        "Start".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": START_EXPECTED,
            "anyOf": [
                { "type": "string" },
                {
                    "type": "object",
                    "properties": { "relabel": {
                        "type": "string",
                        "description": "Recorded traffic is played from its beginning, as if it had been recorded from this time on.",
                    } },
                    "required": ["relabel"],
                    "additionalProperties": false,
                },
            ],
            "examples": ["2026-03-02T00:00:00+08:00"],
        })
    }
}

/// A duration that may be a law: `"10s"` or `{ exponential = { mean = "10s" } }`.
#[derive(Debug, Clone, PartialEq)]
pub struct SpanOrLaw(pub Distribution);

const SPAN_OR_LAW: &str = "a duration, for example \"10s\", or one law, for example \
     { exponential = { mean = \"10s\" } }";

impl Serialize for SpanOrLaw {
    fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let Distribution::Constant(span) = &self.0 else { return self.0.serialize(out) };
        span.serialize(out)
    }
}

impl<'de> Deserialize<'de> for SpanOrLaw {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Visit;
        impl<'de> Visitor<'de> for Visit {
            type Value = SpanOrLaw;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(SPAN_OR_LAW)
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<SpanOrLaw, E> {
                let span = text.parse().map_err(E::custom)?;
                Ok(SpanOrLaw(Distribution::Constant(span)))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<SpanOrLaw, A::Error> {
                law_of_map(map, None).map(SpanOrLaw)
            }
        }
        from.deserialize_any(Visit)
    }
}

impl JsonSchema for SpanOrLaw {
    fn schema_name() -> Cow<'static, str> {
        "SpanOrLaw".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": SPAN_OR_LAW,
            "anyOf": [generator.subschema_for::<Span>(), generator.subschema_for::<Distribution>()],
        })
    }
}

/// The law a table holds; `first` is its first key if that was read already.
fn law_of_map<'de, A: MapAccess<'de>>(
    mut map: A,
    first: Option<String>,
) -> Result<Distribution, A::Error> {
    let replay = Replay { first, rest: &mut map };
    let from = serde::de::value::MapAccessDeserializer::new(replay);
    let law = Distribution::deserialize(from)?;
    match map.next_key::<String>()? {
        None => Ok(law),
        Some(_) => Err(A::Error::custom("wanted exactly 1 element, more than 1 element")),
    }
}

/// A map whose first key was taken out, for whoever reads the rest of it.
pub(super) fn rest_of_map<'de, 'a, A: MapAccess<'de>>(
    map: &'a mut A,
    first: String,
) -> serde::de::value::MapAccessDeserializer<impl MapAccess<'de, Error = A::Error> + use<'de, 'a, A>>
{
    serde::de::value::MapAccessDeserializer::new(Replay { first: Some(first), rest: map })
}

/// A map whose first key was taken out and is given back.
struct Replay<'a, A> {
    first: Option<String>,
    rest: &'a mut A,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Replay<'_, A> {
    type Error = A::Error;
    fn next_key_seed<K: serde::de::DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        match self.first.take() {
            Some(key) => {
                seed.deserialize(serde::de::IntoDeserializer::into_deserializer(key)).map(Some)
            }
            None => self.rest.next_key_seed(seed),
        }
    }
    fn next_value_seed<V: serde::de::DeserializeSeed<'de>>(
        &mut self,
        seed: V,
    ) -> Result<V::Value, A::Error> {
        self.rest.next_value_seed(seed)
    }
}

/// How long a launch takes: one duration or law, or stages passed in order.
#[derive(Debug, Clone, PartialEq)]
pub enum ColdStartFile {
    /// All in one.
    Whole(SpanOrLaw),
    /// By stage, in the order of [`STAGES`].
    Stages(Vec<(&'static str, SpanOrLaw)>),
}

/// The stages of a cold start, in the order they are passed.
pub(super) const STAGES: [&str; 4] = [PROVISION, PULL, "boot", "warm_up"];

const COLD_START: &str = "a duration (\"25s\"), one law ({ lognormal = ... }), or stages \
     (provision, pull, boot, warm_up), each a duration or a law";

impl Serialize for ColdStartFile {
    fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Whole(law) => law.serialize(out),
            Self::Stages(stages) => out.collect_map(stages.iter().map(|(name, law)| (name, law))),
        }
    }
}

impl<'de> Deserialize<'de> for ColdStartFile {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Visit;
        impl<'de> Visitor<'de> for Visit {
            type Value = ColdStartFile;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(COLD_START)
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<ColdStartFile, E> {
                let span = text.parse().map_err(E::custom)?;
                Ok(ColdStartFile::Whole(SpanOrLaw(Distribution::Constant(span))))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ColdStartFile, A::Error> {
                match map.next_key::<String>()? {
                    None => Err(A::Error::custom(format!("an empty table, expected {COLD_START}"))),
                    Some(first) if STAGES.contains(&first.as_str()) => stages_of_map(map, first),
                    Some(first) => {
                        law_of_map(map, Some(first)).map(|law| ColdStartFile::Whole(SpanOrLaw(law)))
                    }
                }
            }
        }
        from.deserialize_any(Visit)
    }
}

fn stages_of_map<'de, A: MapAccess<'de>>(
    mut map: A,
    first: String,
) -> Result<ColdStartFile, A::Error> {
    let mut given: [Option<SpanOrLaw>; STAGES.len()] = Default::default();
    let mut key = Some(first);
    while let Some(name) = key {
        let Some(at) = STAGES.iter().position(|stage| *stage == name) else {
            return Err(A::Error::unknown_field(&name, &STAGES));
        };
        given[at] = Some(map.next_value()?);
        key = map.next_key()?;
    }
    let stages = STAGES.into_iter().zip(given);
    Ok(ColdStartFile::Stages(stages.filter_map(|(name, law)| Some((name, law?))).collect()))
}

impl JsonSchema for ColdStartFile {
    fn schema_name() -> Cow<'static, str> {
        "ColdStart".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let stage = generator.subschema_for::<SpanOrLaw>();
        json_schema!({
            "description": COLD_START,
            "anyOf": [stage, {
                "type": "object",
                "properties": {
                    "provision": stage, "pull": stage, "boot": stage, "warm_up": stage,
                },
                "additionalProperties": false,
                "minProperties": 1,
            }],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slos_and_launch_rates_are_read_and_written() {
        for (text, written) in [("p99.9<300ms", "p99.9 < 300ms"), ("p29 <= 2s", "p29 <= 2s")] {
            let latency: LatencyTerm = text.parse().unwrap();
            assert_eq!(latency.to_string(), written);
        }
        for (text, at_the_limit) in [("< 0.1%", false), ("<= 0.1%", true)] {
            let errors: ErrorTerm = text.parse().unwrap();
            assert_eq!(errors.to_string(), text);
            assert!(errors.is_kept(0.0009) && !errors.is_kept(0.0011));
            assert_eq!(errors.is_kept(0.001), at_the_limit, "{text}");
        }
        let rate: LaunchRateText = "10/min".parse().unwrap();
        assert_eq!((rate.launches, rate.per), (10, Span::from_secs(60)));
        assert_eq!(rate.to_string().parse(), Ok(rate));
    }

    #[test]
    fn what_is_no_slo_is_refused() {
        for text in [
            "p99",
            "p0 < 1s",
            "p100 < 1s",
            "p99 < 0s",
            "99 < 1s",
            "p99 < -1s",
            "pinf<1s",
            "p00099 < 1s",
            "p099 < 1s",
            "p99. < 1s",
            "p.9 < 1s",
            "p99 <== 1s",
        ] {
            assert!(text.parse::<LatencyTerm>().is_err(), "{text}");
        }
        for text in ["0.1%", "< 0%", "< 120%", "< x"] {
            assert!(text.parse::<ErrorTerm>().is_err(), "{text}");
        }
        for text in ["0/min", "10", "1.5/s", "10/0s", "-1/s"] {
            assert!(text.parse::<LaunchRateText>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_slo_on_latency_may_be_several() {
        #[derive(Deserialize)]
        struct Stated {
            latency: LatencyTerms,
        }
        let written = |text: &str| {
            let read = toml::from_str::<Stated>(text).map_err(|error| error.message().to_owned());
            read.map(|stated| serde_json::to_string(&stated.latency).unwrap())
        };
        for (text, back) in [
            ("latency = 'p99<1s'", r#""p99 < 1s""#),
            ("latency = ['p99<1s']", r#""p99 < 1s""#),
            ("latency = ['p50<=9ms', 'p99<1s']", r#"["p50 <= 9ms","p99 < 1s"]"#),
        ] {
            assert_eq!(written(text), Ok(back.to_owned()));
        }
        for (text, part) in [
            ("latency = []", "or a list of such"),
            ("latency = ['p99<1s', 'p50']", "a percentile and a limit"),
            ("latency = 3", "or a list of such"),
        ] {
            let error = written(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[derive(Deserialize)]
    struct Holder {
        cold: ColdStartFile,
    }

    fn cold(text: &str) -> Result<ColdStartFile, String> {
        toml::from_str::<Holder>(text).map(|h| h.cold).map_err(|e| e.message().to_owned())
    }

    #[test]
    fn a_cold_start_is_a_duration_a_law_or_stages() {
        let constant = |s| SpanOrLaw(Distribution::Constant(Span::from_secs(s)));
        assert_eq!(cold("cold = '25s'"), Ok(ColdStartFile::Whole(constant(25))));
        assert_eq!(cold("cold.constant = '25s'"), Ok(ColdStartFile::Whole(constant(25))));
        let staged = cold("cold = { boot = '5s', provision.constant = '20s' }");
        let stages = vec![("provision", constant(20)), ("boot", constant(5))];
        assert_eq!(staged, Ok(ColdStartFile::Stages(stages)));
    }

    #[test]
    fn a_cold_start_that_says_two_things_is_refused() {
        for (text, part) in [
            ("cold = { constant = '5s', exponential = { mean = '5s' } }", "exactly 1"),
            ("cold = { boot = '5s', constant = '5s' }", "unknown field `constant`"),
            ("cold = {}", "empty table"),
            ("cold = 5", "a duration"),
        ] {
            let error = cold(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
