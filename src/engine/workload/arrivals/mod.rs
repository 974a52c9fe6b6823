//! The sources a scenario may name, one file each: one variant and one arm here.

mod civil;
mod closed_loop;
mod diurnal;
mod levels;
mod mmpp;
mod moment;
mod on_off;
mod poisson;
mod polyline;
mod presets;
mod profile;
mod ramp;
mod renewal;
mod replay;
mod resolver;
mod sinusoid;
mod spike;
mod step;
mod thinning;

pub use closed_loop::ClosedLoop;
pub use diurnal::Diurnal;
pub use levels::{Level, Levels};
pub use mmpp::{Mmpp, State, StateOrder};
pub use moment::Moment;
pub use on_off::{Dwell, OnOff};
pub use poisson::Poisson;
pub use presets::{Preset, TrafficPreset};
pub use profile::{Between, Profile};
pub use ramp::Ramp;
pub use renewal::Renewal;
pub use replay::{Replay, TracePoint};
pub(crate) use resolver::Resolver;
pub use sinusoid::Sinusoid;
pub use spike::Spike;
pub use step::Step;
pub(crate) use thinning::{Intensity, Piece, Thinning};

use super::stream::Part;
use super::trace::Recording;
use crate::fault::Faults;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

/// A source of arrivals as a scenario names it: `[workload.arrivals.NAME.KIND]`.
#[derive(
    Debug,
    Clone,
    PartialEq,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
    IntoStaticStr,
    VariantNames,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
#[schemars(rename = "Arrivals")]
pub enum SourceSpec {
    /// Poisson arrivals of a constant rate.
    Poisson(Poisson),
    /// Independent gaps of any law.
    Renewal(Renewal),
    /// Poisson arrivals whose rate jumps between states.
    Mmpp(Mmpp),
    /// A sinusoid over the day, by its peak.
    Diurnal(Diurnal),
    /// Factors of the hours of the day and the days of the week.
    Profile(Profile),
    /// A sinusoid of any period.
    Sinusoid(Sinusoid),
    /// A rate that moves from one level to another.
    Ramp(Ramp),
    /// A rate that jumps once.
    Step(Step),
    /// A rate given point by point.
    Levels(Levels),
    /// A burst that rises, holds and falls.
    Spike(Spike),
    /// Bursts with silence between them.
    OnOff(OnOff),
    /// Recorded traffic.
    Replay(Box<Replay>),
    /// Users who send the next request only after the one before.
    ClosedLoop(ClosedLoop),
    /// Traffic that somebody measured, by its name.
    Preset(Preset),
}

impl SourceSpec {
    /// The name of its kind in a scenario.
    pub fn kind(&self) -> &'static str {
        self.into()
    }
}

impl Resolver<'_> {
    /// Checks and compiles one source; `None` after an error, which is in `faults`.
    pub(crate) fn resolve(
        &self,
        spec: &SourceSpec,
        recording: Option<Recording>,
        faults: &mut Faults,
    ) -> Option<Part> {
        match spec {
            SourceSpec::Poisson(spec) => spec.resolve(self, faults),
            SourceSpec::Renewal(spec) => spec.resolve(self, faults),
            SourceSpec::Mmpp(spec) => spec.resolve(self, faults),
            SourceSpec::Diurnal(spec) => spec.resolve(self, faults),
            SourceSpec::Profile(spec) => spec.resolve(self, faults),
            SourceSpec::Sinusoid(spec) => spec.resolve(self, faults),
            SourceSpec::Ramp(spec) => spec.resolve(self, faults),
            SourceSpec::Step(spec) => spec.resolve(self, faults),
            SourceSpec::Levels(spec) => spec.resolve(self, faults),
            SourceSpec::Spike(spec) => spec.resolve(self, faults),
            SourceSpec::OnOff(spec) => spec.resolve(self, faults),
            SourceSpec::Replay(spec) => spec.resolve(recording?, self, faults),
            SourceSpec::ClosedLoop(spec) => spec.resolve(self, faults),
            SourceSpec::Preset(spec) => spec.resolve(self, faults),
        }
    }
}
