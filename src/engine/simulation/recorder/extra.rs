//! What only some runs want to know of each completion: most pay nothing for it.

use super::super::outcome::SloMinute;
use super::super::slo::{Limits, Slo};
use crate::stats::Histogram;
use crate::units::Span;

/// Quantiles for signals, and limits beside the first SLO.
#[derive(Debug)]
pub(super) struct Extra {
    /// Response times of all completions, if a signal needs quantiles.
    pub(super) signal_latency: Option<Histogram>,
    limits: Vec<Limit>,
}

/// A limit beside that of the first SLO.
#[derive(Debug)]
struct Limit {
    longest: Span,
    /// Counted requests that took no longer.
    within: u64,
    /// Of a slo: the same by minute of arrival.
    slo: Option<(Slo, Vec<u32>)>,
}

impl Extra {
    /// `None` if there is nothing more to know.
    pub(super) fn new(of: &Limits, minutes: usize, quantiles: bool) -> Option<Box<Self>> {
        let further = of.slo.iter().skip(1).map(|slo| Limit {
            longest: slo.longest(),
            within: 0,
            slo: Some((*slo, vec![0; minutes])),
        });
        let alone = of.asked.iter();
        let alone = alone.map(|&longest| Limit { longest, within: 0, slo: None });
        let limits: Vec<Limit> = further.chain(alone).collect();
        (quantiles || !limits.is_empty())
            .then(|| Box::new(Self { signal_latency: quantiles.then(Histogram::new), limits }))
    }

    /// Counted requests that arrived in a minute took so long.
    pub(super) fn count(&mut self, minute: usize, latency: Span, count: u64) {
        for limit in self.limits.iter_mut().filter(|limit| latency <= limit.longest) {
            limit.within += count;
            if let Some((_, minutes)) = &mut limit.slo
                && let Some(within) = minutes.get_mut(minute)
            {
                *within = within.saturating_add(u32::try_from(count).unwrap_or(u32::MAX));
            }
        }
    }

    /// How many were within each limit; says of each minute whether a further SLO was broken in it.
    pub(super) fn finish(&self, minutes: &mut [SloMinute]) -> Vec<(Span, u64)> {
        for (slo, within) in self.limits.iter().filter_map(|limit| limit.slo.as_ref()) {
            for (minute, &within) in minutes.iter_mut().zip(within) {
                let kept = slo.is_kept(within.into(), minute.arrived.into());
                minute.also_broken |= !kept;
            }
        }
        self.limits.iter().map(|limit| (limit.longest, limit.within)).collect()
    }
}
