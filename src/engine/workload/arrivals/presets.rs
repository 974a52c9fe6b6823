//! `preset`: traffic by name, as somebody measured it, one entry each.

use super::{
    Between, Mmpp, Moment, Poisson, Profile, Renewal, Resolver, SourceSpec, State, StateOrder,
};
use crate::fault::Faults;
use crate::random::Distribution;
use crate::random::distribution::Gamma;
use crate::units::{Rate, Span};
use crate::workload::stream::Part;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantArray};

/// Traffic of a shape that somebody measured, by its name. `autosim presets NAME` prints it as a source of its own, to
/// be changed.
///
/// ```toml
/// [workload.arrivals.web.preset]
/// name = "web-diurnal-nasa"
/// rate = "40/s"
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Preset {
    /// Its name.
    pub name: TrafficPreset,
    /// Mean rate. Without it, that of the measurement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<Rate>,
    /// Nothing before this moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Moment>,
    /// Nothing from this moment on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Moment>,
    /// Law of its requests' service times; default: the service's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_time: Option<Distribution>,
}

impl Preset {
    pub(super) fn resolve(&self, resolver: &Resolver<'_>, faults: &mut Faults) -> Option<Part> {
        if let Some(rate) = self.rate {
            // Told at this key, not at one of the source that it stands for.
            resolver.rate("rate", rate, faults)?;
        }
        resolver.resolve(&self.source(), None, faults)
    }

    /// The source it stands for.
    pub fn source(&self) -> SourceSpec {
        let (measured, shape) = self.name.entry();
        let per_s = self.rate.map_or(measured, Rate::as_per_second);
        let rate = |per_s: f64| Rate::per_second(per_s).unwrap_or_default();
        let (from, until, service_time) = (self.from, self.until, self.service_time.clone());
        match shape {
            Shape::Poisson => {
                SourceSpec::Poisson(Poisson { rate: rate(per_s), from, until, service_time })
            }
            Shape::Hours(hours, days) => SourceSpec::Profile(Profile {
                mean: rate(per_s),
                hours: hours.to_vec(),
                days: days.to_vec(),
                between: Between::Linear,
                from,
                until,
                service_time,
            }),
            Shape::Gamma(cv) => {
                let mean = Span::from_secs_f64(1.0 / per_s);
                let gaps = Distribution::Gamma(Gamma { mean, cv });
                SourceSpec::Renewal(Renewal {
                    gaps,
                    first: None,
                    count: None,
                    from,
                    until,
                    service_time,
                })
            }
            // A mean of one: (1 * 10 low + 10 low) / 11.
            Shape::TwoStates => {
                let low = per_s * 11.0 / 20.0;
                let state = |per_s, s| State { rate: rate(per_s), dwell: Span::from_secs(s) };
                let states = vec![state(low, 600), state(10.0 * low, 60)];
                let order = StateOrder::Cycle;
                SourceSpec::Mmpp(Mmpp { states, order, from, until, service_time })
            }
        }
    }
}

/// Traffic that has a name.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum TrafficPreset {
    /// A web site over the hours of the day and the days of the week, 0.684/s. Measured: NASA's server, July 1995
    /// (Internet Traffic Archive), rate with August. Poisson within the hour: the site was burstier (index of dispersion
    /// 22 in a minute).
    WebDiurnalNasa,
    /// A site before its great event, over the hours of the day, 47.5/s. Measured: World Cup 1998, 10 May to 8 June
    /// (Internet Traffic Archive), hours of UTC.
    WebEventPre,
    /// A day with two flash crowds, up to 3.5 times the mean, 870/s. Measured: World Cup 1998, 30 June (Internet Traffic
    /// Archive), hours of UTC. Hour by hour: the steepest rise was 1.9 times in 10 to 15 minutes.
    FlashCrowdMatchDay,
    /// People on their way: evenings and weekends, 8.4/s. Measured: taxis of New York, July 2014 to January 2015
    /// (Numenta Anomaly Benchmark).
    ConsumerMobility,
    /// A small service behind a load balancer, 0.206/s. Measured: CloudWatch's count of an ELB (Numenta Anomaly
    /// Benchmark). Poisson within the hour: it was burstier (index of dispersion 52 in 5 minutes).
    SmallElb,
    /// Chat with a language model, gaps of variation 1.09, 5.5/s. Measured: Azure, conversations of November 2023
    /// (Splitwise, ISCA 2024); without its slow drift.
    LlmChatSmooth,
    /// A reasoning model over the hours of the day, 16/s. Measured: deepseek-r1 (Alibaba, ServeGen). Poisson within the
    /// hour: its 73 clients were burstier, each by itself.
    LlmReasoningDaily,
    /// A small language model over the hours of the day, 1174/s. Measured: m-small in 14 days (Alibaba, ServeGen). Poisson
    /// within the hour: its 43 clients were burstier, each by itself.
    LlmApiSmallModel,
    /// Language models in bursts: gaps of variation 4, the usual stress. As published (ServeGen; AlpaServe has 8), at
    /// 1/s, for which there is no source.
    LlmBurstyGamma,
    /// Rare and heavy jobs: gaps of variation 12, 0.0135/s. Measured: requests for images (Alibaba, GenTD26).
    GpuJobSparse,
    /// A Poisson stream of 0.1/s, which kept AWS Lambda at 0.59 % cold starts in 2020. Measured by pacslab
    /// (serverless-performance-modeling).
    PoissonLambda,
    /// Two rates, one ten times the other, for 1 and for 10 minutes in the mean, 1/s in all. A choice for experiments, not
    /// a measurement.
    #[serde(rename = "mmpp2")]
    #[strum(serialize = "mmpp2")]
    Mmpp2,
}

/// What requests do, but for their rate.
enum Shape {
    Poisson,
    /// Factors of the hours of the day and of the days from Monday on.
    Hours([f64; 24], [f64; 7]),
    /// Independent gaps of this coefficient of variation.
    Gamma(f64),
    TwoStates,
}

const ALIKE: [f64; 7] = [1.0; 7];

impl TrafficPreset {
    /// All of them.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// Its name in a scenario.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Mean rate as measured, requests a second, and shape.
    fn entry(self) -> (f64, Shape) {
        match self {
            Self::WebDiurnalNasa => {
                (0.684, Shape::Hours(NASA, [1.09, 1.0, 1.15, 1.31, 1.13, 0.66, 0.66]))
            }
            Self::WebEventPre => (47.5, Shape::Hours(EVENT_PRE, ALIKE)),
            Self::FlashCrowdMatchDay => (870.0, Shape::Hours(MATCH_DAY, ALIKE)),
            Self::ConsumerMobility => {
                (8.4, Shape::Hours(MOBILITY, [0.88, 0.95, 1.0, 1.01, 1.06, 1.12, 0.98]))
            }
            Self::SmallElb => (0.206, Shape::Hours(SMALL_ELB, ALIKE)),
            Self::LlmChatSmooth => (5.5, Shape::Gamma(1.09)),
            Self::LlmReasoningDaily => (16.0, Shape::Hours(REASONING, ALIKE)),
            Self::LlmApiSmallModel => (1174.0, Shape::Hours(SMALL_MODEL, ALIKE)),
            Self::LlmBurstyGamma => (1.0, Shape::Gamma(4.0)),
            Self::GpuJobSparse => (0.0135, Shape::Gamma(12.0)),
            Self::PoissonLambda => (0.1, Shape::Poisson),
            Self::Mmpp2 => (1.0, Shape::TwoStates),
        }
    }
}

const NASA: [f64; 24] = [
    0.78, 0.66, 0.56, 0.47, 0.40, 0.40, 0.44, 0.67, 1.04, 1.25, 1.31, 1.44, 1.52, 1.54, 1.58, 1.57,
    1.52, 1.26, 1.02, 0.93, 0.90, 0.93, 0.91, 0.90,
];
const EVENT_PRE: [f64; 24] = [
    0.72, 0.71, 0.72, 0.71, 0.65, 0.64, 0.76, 0.82, 0.92, 0.98, 1.00, 1.11, 1.23, 1.30, 1.36, 1.36,
    1.37, 1.29, 1.22, 1.21, 1.17, 1.07, 0.88, 0.81,
];
const MATCH_DAY: [f64; 24] = [
    0.37, 0.33, 0.28, 0.27, 0.24, 0.25, 0.30, 0.31, 0.30, 0.31, 0.32, 0.35, 0.41, 0.50, 1.07, 2.47,
    2.58, 1.62, 1.43, 2.33, 3.00, 3.54, 0.91, 0.50,
];
const MOBILITY: [f64; 24] = [
    0.97, 0.72, 0.53, 0.38, 0.28, 0.24, 0.48, 0.82, 1.01, 1.06, 1.06, 1.12, 1.18, 1.18, 1.22, 1.17,
    1.00, 1.19, 1.44, 1.51, 1.43, 1.42, 1.38, 1.23,
];
const SMALL_ELB: [f64; 24] = [
    0.92, 1.00, 0.85, 0.84, 0.82, 0.77, 0.68, 0.72, 0.73, 0.73, 0.76, 0.73, 0.99, 1.11, 1.21, 1.22,
    1.21, 1.53, 1.23, 1.38, 1.49, 1.26, 0.90, 0.93,
];
const REASONING: [f64; 24] = [
    1.21, 1.39, 2.03, 1.79, 1.06, 0.91, 0.75, 0.58, 0.60, 0.66, 0.81, 0.83, 0.45, 0.54, 0.68, 0.70,
    0.88, 0.55, 0.75, 0.59, 1.24, 1.62, 2.19, 1.18,
];
const SMALL_MODEL: [f64; 24] = [
    0.83, 0.70, 0.75, 0.70, 0.71, 0.73, 0.77, 0.87, 1.00, 1.13, 1.11, 1.08, 1.04, 1.06, 1.04, 1.03,
    1.07, 1.06, 0.99, 1.21, 1.43, 1.38, 1.25, 1.05,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_of_hours_and_days_have_a_mean_of_one() {
        for preset in TrafficPreset::ALL {
            let Shape::Hours(hours, days) = preset.entry().1 else { continue };
            for factors in [hours.as_slice(), days.as_slice()] {
                let mean = factors.iter().sum::<f64>() / factors.len() as f64;
                // As printed, to two digits.
                assert!((mean - 1.0).abs() < 0.011, "{}: {mean}", preset.name());
            }
        }
    }

    #[test]
    fn a_preset_is_the_source_that_it_stands_for_at_the_rate_that_is_given() {
        let text = |name: &str| format!("name = '{name}'\nrate = '40/s'\nuntil = '2h'");
        for (name, part) in [
            ("web-diurnal-nasa", "mean = \"40/s\""),
            ("llm-chat-smooth", "gamma = { mean = \"25ms\", cv = 1.09 }"),
            ("poisson-lambda", "rate = \"40/s\""),
            ("mmpp2", "rate = \"220/s\", dwell = \"1m\""),
        ] {
            let preset: Preset = toml::from_str(&text(name)).unwrap();
            let table = toml::Table::try_from(preset.source()).unwrap();
            let told = toml::Value::Table(table).to_string();
            assert!(told.contains(part) && told.contains("until = \"2h\""), "{told}");
        }
        assert!(toml::from_str::<Preset>(&text("web-diurnal")).is_err());
    }
}
