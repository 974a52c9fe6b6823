//! What only some runs want to know of each completion: most pay nothing for it.

use super::super::outcome::SloMinute;
use super::super::slo::{Promises, Slo};
use crate::stats::Histogram;
use crate::units::Span;

/// Quantiles for signals, and limits beside the first promise.
#[derive(Debug)]
pub(super) struct Extra {
    /// Response times of all completions, if a signal needs quantiles.
    pub(super) signal_latency: Option<Histogram>,
    limits: Vec<Limit>,
}

/// A limit beside that of the first promise.
#[derive(Debug)]
struct Limit {
    longest: Span,
    /// Counted requests that took no longer.
    within: u64,
    /// Of a promise: the same by minute of arrival.
    promise: Option<(Slo, Vec<u32>)>,
}

impl Extra {
    /// `None` if there is nothing more to know.
    pub(super) fn new(asked: &Promises, minutes: usize, quantiles: bool) -> Option<Box<Self>> {
        let further = asked.slo.iter().skip(1).map(|slo| Limit {
            longest: slo.longest(),
            within: 0,
            promise: Some((*slo, vec![0; minutes])),
        });
        let alone = asked.limits.iter();
        let alone = alone.map(|&longest| Limit { longest, within: 0, promise: None });
        let limits: Vec<Limit> = further.chain(alone).collect();
        (quantiles || !limits.is_empty())
            .then(|| Box::new(Self { signal_latency: quantiles.then(Histogram::new), limits }))
    }

    /// Counted requests that arrived in a minute took so long.
    pub(super) fn count(&mut self, minute: usize, latency: Span, count: u64) {
        for limit in self.limits.iter_mut().filter(|limit| latency <= limit.longest) {
            limit.within += count;
            if let Some((_, minutes)) = &mut limit.promise
                && let Some(within) = minutes.get_mut(minute)
            {
                *within = within.saturating_add(u32::try_from(count).unwrap_or(u32::MAX));
            }
        }
    }

    /// How many were within each limit; says of each minute whether a further promise was broken in it.
    pub(super) fn finish(&self, minutes: &mut [SloMinute]) -> Vec<(Span, u64)> {
        for (slo, within) in self.limits.iter().filter_map(|limit| limit.promise.as_ref()) {
            for (minute, &within) in minutes.iter_mut().zip(within) {
                let kept = slo.is_kept(within.into(), minute.arrived.into());
                minute.also_broken |= !kept;
            }
        }
        self.limits.iter().map(|limit| (limit.longest, limit.within)).collect()
    }
}
