//! What every source needs when it is resolved: moments, limits, rates and demands, checked.

use super::moment::Moment;
use crate::fault::Faults;
use crate::random::Distribution;
use crate::units::{Rate, Time};
use crate::workload::ResolveContext;
use crate::workload::source::Extent;
use crate::workload::stream::Demand;

/// More than one request a nanosecond cannot be told apart in time.
const MAX_PER_SECOND: f64 = 1e9;

/// The context of a source, with the workload's own scales.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Resolver<'a> {
    pub(crate) context: ResolveContext<'a>,
    pub(crate) rate_scale: f64,
    /// End of arrivals in the source's own time, before the workload's time scale.
    pub(crate) source_end: Time,
    /// Of the whole workload.
    pub(crate) time_scale: f64,
}

impl Resolver<'_> {
    /// The law of the source's demands: its own, or else the service's.
    pub(crate) fn demand(&self, own: Option<&Distribution>, faults: &mut Faults) -> Option<Demand> {
        if let Some(law) = own {
            let before = faults.errors();
            faults.within("service_time", |faults| law.check(faults));
            return (faults.errors() == before).then(|| Demand::new(law));
        }
        if self.context.service_time.is_none() {
            let hint = "give the service a service_time, for example \
                        service_time.exponential = { mean = \"50ms\" }, or this source one";
            faults.error("", "its requests have no service time", hint);
        }
        self.context.service_time.map(Demand::new)
    }

    /// That a dated recording leaves the run's clock, where it is played at another pace than recorded.
    pub(crate) fn pace_told(&self, own_scale: f64) -> Option<String> {
        let scale = own_scale * self.time_scale;
        (scale != 1.0).then(|| {
            format!("its time is stretched {scale} times: only at the start is the clock the recording's")
        })
    }

    /// Nanoseconds from the start.
    pub(crate) fn moment(&self, key: &str, moment: Moment, faults: &mut Faults) -> Option<u64> {
        let Some(at) = moment.after_start(self.context.clock) else {
            let message = format!("`{moment}` cannot be placed in the calendar");
            faults.error(key, message, "give an offset from the start, for example \"10m\"");
            return None;
        };
        if at >= self.source_end {
            let message = format!("`{moment}` comes when the run is over");
            faults.warn(key, message, "the run ends before; nothing happens at this moment");
        }
        Some(at.0)
    }

    /// As [`Resolver::moment`] for one that may be left out.
    pub(crate) fn moment_or(
        &self,
        key: &str,
        moment: Option<Moment>,
        default: u64,
        faults: &mut Faults,
    ) -> Option<u64> {
        moment.map_or(Some(default), |moment| self.moment(key, moment, faults))
    }

    /// The limits `from` and `until` of a source. A limit beyond the end of the run is fine.
    pub(crate) fn extent(
        &self,
        from: Option<Moment>,
        until: Option<Moment>,
        faults: &mut Faults,
    ) -> Option<Extent> {
        let start = self.moment_or("from", from, 0, faults)?;
        let Some(limit) = until else { return Some(Extent { from: start, until: u64::MAX }) };
        let end = limit.after_start(self.context.clock).map_or(u64::MAX, |at| at.0);
        if end <= start {
            let message = format!("`{limit}` is not after the source begins");
            faults.error("until", message, "give a later moment, or leave it out");
            return None;
        }
        Some(Extent { from: start, until: end })
    }

    /// Requests a second, scaled; refuses a rate of zero.
    pub(crate) fn rate(&self, key: &str, rate: Rate, faults: &mut Faults) -> Option<f64> {
        if rate.as_per_second() == 0.0 {
            let hint = "give a positive rate, or remove the source";
            faults.error(key, "the rate is zero: nothing would arrive", hint);
            return None;
        }
        self.rate_or_zero(key, rate, faults)
    }

    /// Requests a second, scaled; zero is fine.
    pub(crate) fn rate_or_zero(&self, key: &str, rate: Rate, faults: &mut Faults) -> Option<f64> {
        let scaled = rate.as_per_second() * self.rate_scale;
        if scaled > MAX_PER_SECOND {
            let message = format!("{scaled:e} requests a second are more than one a nanosecond");
            faults.error(key, message, "the largest rate is 1e9/s");
            return None;
        }
        Some(scaled)
    }
}
