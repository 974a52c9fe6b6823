//! `hist`: what past days took at this hour.

use super::method::check_share;
use super::moving_window::Recent;
use super::{Answer, Now, PolicyContext, Rule};
use crate::builtin::parts::ceil_count;
use crate::builtin::timing;
use autosim_engine::control::Why;
use autosim_engine::fault::Faults;
use autosim_engine::units::{Fraction, Span, Time, WallClock};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};

/// For each hour of the day, by the scenario's clock, a histogram of the replicas the rate took in it; a high percentile
/// of the hour that `lead` falls in is what will be needed, plus the mean by which that fell short over the last hour. If
/// more than five of the last ten decisions found too few replicas, the count is at least two above the load.
///
/// Urgaonkar, Shenoy, Chandra, Goyal and Wood, "Agile dynamic provisioning of multi-tier Internet applications", ACM TAAS
/// 3(1), 2008. An hour without a past day has only what was seen of it today, and one without that the present load.
///
/// ```toml
/// method.hist = { quantile = "95%", lead = "5m" }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hist {
    /// Which share of an hour's past loads is covered. Default 95 %.
    #[serde(default = "most")]
    pub quantile: Fraction,
    /// How far ahead; the paper prepares hours, so that replicas are there when one begins. Default 1 min.
    #[serde(default = "timing::minute")]
    pub lead: Span,
}

fn most() -> Fraction {
    Fraction::new(0.95).unwrap_or_default()
}

/// So many last decisions are looked at, and more than half of them must have found too few.
const LOOKED_AT: u32 = 10;
const SPARE: u32 = 2;
/// Over how long errors are averaged.
const ERRORS: Span = Span::from_secs(3600);
/// So many errors are kept at most.
const MOST_ERRORS: u32 = 3600;

impl Hist {
    pub(super) fn check(&self, faults: &mut Faults) {
        check_share("quantile", self.quantile, faults);
    }

    pub(super) fn rule(&self, context: &PolicyContext) -> Hours {
        Hours {
            spec: self.clone(),
            clock: context.clock.clone(),
            loads: vec![BTreeMap::new(); 24],
            made: VecDeque::new(),
            short: Recent::new(MOST_ERRORS),
            under: Recent::new(LOOKED_AT),
        }
    }
}

#[derive(Clone)]
pub(super) struct Hours {
    spec: Hist,
    clock: WallClock,
    /// How often each count was needed, by hour of the day.
    loads: Vec<BTreeMap<u32, u64>>,
    /// What decisions expected, and of when: the earliest first.
    made: VecDeque<(Time, u32)>,
    /// By how much predictions fell short, and when.
    short: Recent<(Time, f64)>,
    /// Whether the last decisions found too few replicas.
    under: Recent<bool>,
}

impl Hours {
    fn hour(&self, at: Time) -> usize {
        self.clock.at(at).map_or(0, |now| usize::from(now.hour().unsigned_abs()) % 24)
    }

    /// The smallest count that covers the share; `None` of an hour never seen.
    fn percentile(&self, hour: usize) -> Option<u32> {
        let loads = &self.loads[hour];
        let all: u64 = loads.values().sum();
        let needed = (self.spec.quantile.get() * all as f64 - 1e-9).ceil().max(1.0);
        let mut covered = 0;
        loads.iter().find_map(|(&count, &times)| {
            covered += times;
            (covered as f64 >= needed).then_some(count)
        })
    }

    /// The mean by which predictions fell short of late.
    fn shortfall(&mut self, now: Time, load: u32) -> f64 {
        let mut predicted = None;
        while let Some(&(_, count)) = self.made.front().filter(|(of, _)| *of <= now) {
            predicted = Some(count);
            self.made.pop_front();
        }
        if let Some(predicted) = predicted {
            self.short.push((now, f64::from(load.saturating_sub(predicted))));
        }
        let old = |at: Time| at.after(ERRORS) <= now;
        while self.short.values.front().is_some_and(|&(at, _)| old(at)) {
            self.short.values.pop_front();
        }
        let sum: f64 = self.short.values.iter().map(|(_, error)| error).sum();
        sum / (self.short.values.len() as f64).max(1.0)
    }
}

impl Rule for Hours {
    fn answer(&mut self, now: &Now<'_>) -> Answer {
        let load = now.load();
        let hour = self.hour(now.at);
        *self.loads[hour].entry(load).or_default() += 1;
        let missing = self.shortfall(now.at, load);
        let ahead = now.at.after(self.spec.lead);
        let expected = self.percentile(self.hour(ahead));
        self.made.extend(expected.map(|count| (ahead, count)));
        self.under.push(load > now.current);
        let wanted = ceil_count(f64::from(expected.unwrap_or(load)) + missing);
        let ample = load.saturating_add(SPARE);
        let short = self.under.values.iter().filter(|&&under| under).count();
        if short > LOOKED_AT as usize / 2 && ample > wanted {
            self.under.values.clear();
            return Answer::count(now, ample, Why::Note("too few for most of the last decisions"));
        }
        match expected {
            Some(_) => Answer::count(now, wanted, Why::Note("what past days took at this hour")),
            None => Answer::count(now, wanted, Why::Note("no past day at this hour")),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::builtin::tape::{Tape, reason};

    const TEXT: &str = "[staffing]\nmethod.hist = { quantile = \"90%\", lead = \"1m\" }\nmax = 90\n\
                        sizing.capacity = { per_replica = \"10/s\" }";
    const HOUR: u64 = 3600;

    #[test]
    fn an_hour_takes_what_it_took_on_days_before_from_its_beginning_on() {
        let _shown = autosim_engine::marks::expect([
            "what past days took at this hour",
            "no past day at this hour",
        ]);
        let mut tape = Tape::new(TEXT, 5);
        // The tape's day begins at midnight. From 01:00 to 02:00 one sample in ten takes 9 replicas and the others 6.
        let mut told = Vec::new();
        for minute in 1..=1440_u64 {
            let busy = (60..120).contains(&minute);
            let rate = if !busy {
                20.0
            } else if minute % 10 == 3 {
                90.0
            } else {
                60.0
            };
            let decision = tape.at(minute * 60, &[Some(rate)]);
            if minute == 59 {
                told.push(decision.trail[1].why.to_string());
            }
        }
        let day = 24 * HOUR;
        let before = tape.at(day + HOUR - 120, &[Some(20.0)]);
        assert_eq!(before.desired, 2, "{}", reason(&before));
        let ahead = tape.at(day + HOUR - 60, &[Some(20.0)]);
        told.push(ahead.trail[1].why.to_string());
        // 90 % of the loads of that hour are at most 6.
        assert_eq!(ahead.desired, 6, "{}", reason(&ahead));
        assert_eq!(told, ["no past day at this hour", "what past days took at this hour"]);
    }

    #[test]
    fn what_fell_short_of_late_is_added() {
        let mut tape = Tape::new(TEXT, 1);
        for minute in 1..=30_u64 {
            tape.at(minute * 60, &[Some(20.0)]);
        }
        // Four more than the hour's percentile, on one of 30 and then two of 31 decisions: the mean is 0.14, 0.26.
        assert_eq!(tape.at(31 * 60, &[Some(60.0)]).desired, 3);
        // Nine minutes of it are half a percentile's worth: the error alone is 4 x 9 / 38.
        for minute in 32..=33_u64 {
            assert_eq!(tape.at(minute * 60, &[Some(60.0)]).desired, 3);
        }
    }

    #[test]
    fn an_expectation_is_held_against_the_moment_it_was_made_for() {
        // Two days of 20/s with 200/s from 09:00 to 10:00; the second day is as the first was.
        for lead in ["1m", "5m", "30m"] {
            let mut tape = Tape::new(&TEXT.replace("1m", lead), 1);
            let mut after = 0;
            for minute in 1..=2880_u64 {
                let busy = (540..600).contains(&(minute % 1440));
                let rate = if busy { 200.0 } else { 20.0 };
                after = match minute {
                    2050..=2160 => tape.at(minute * 60, &[Some(rate)]).desired.max(after),
                    _ => {
                        tape.at(minute * 60, &[Some(rate)]);
                        after
                    }
                };
            }
            assert_eq!(after, 2, "from 10:10 to 12:00, looking {lead} ahead");
        }
    }

    #[test]
    fn after_too_few_for_six_of_ten_decisions_it_reacts() {
        let _shown = autosim_engine::marks::expect(["too few for most of the last decisions"]);
        let mut tape = Tape::new(TEXT, 1);
        for step in 1..=100_u64 {
            tape.at(step * 30, &[Some(20.0)]);
        }
        let mut reacted = Vec::new();
        for step in 101..=107_u64 {
            let decision = tape.at(step * 30, &[Some(200.0)]);
            if reason(&decision).contains("too few") {
                reacted.push((step, decision.desired));
            }
        }
        assert_eq!(reacted, [(106, 22)]);
    }
}
