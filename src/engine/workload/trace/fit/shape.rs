//! How the rate of a recording varies: by the hour of the week, of the day, or piece by piece.

use super::super::statistics::{Tally, WEEK, Week, round_up};
use super::{Sources, rate, rounded};
use crate::units::{Span, WallClock};
use crate::workload::SourceSpec;
use crate::workload::arrivals::{Between, Level, Levels, Moment, Poisson, Profile};
use jiff::tz::TimeZone;

const DAY_S: f64 = 86_400.0;
const HOUR_NS: u64 = 3_600_000_000_000;
/// Most points of a rate that is given piece by piece.
const MOST_PIECES: u64 = 48;
/// A piece has so many requests at least: its rate is then known within some 7 %.
const PER_PIECE: f64 = 200.0;
/// Shorter pieces would follow the very bursts that are looked for about them.
const SHORTEST_PIECE_NS: u64 = 300_000_000_000;
/// A trend is told from so many weeks.
const FEWEST_WEEKS: u64 = 4;
/// It moves the rate by at least this share of the mean, and explains so much of how weeks vary.
const TREND: (f64, f64) = (0.2, 0.6);

/// The days from Monday on that are alike: a name, which of them, what they are called.
const KINDS: [(&str, std::ops::Range<usize>, &str); 2] =
    [("workdays", 0..5, "Monday to Friday"), ("weekend", 5..7, "Saturday and Sunday")];

/// Rates, requests a second.
#[derive(Debug, Clone)]
pub(super) enum Shape {
    /// Of each hour from Monday's first on; workdays and weekends each have their own hours of the day.
    Week(Box<[f64; WEEK]>),
    /// Of each hour of the day.
    Day(Box<[f64; 24]>),
    /// Of equal pieces of a length; the last may be cut short, at the end of all.
    Pieces { length: u64, end: u64, rates: Vec<f64> },
}

impl Shape {
    /// As long a cycle as the recording shows.
    pub(super) fn of(
        tally: &Tally<'_>,
        step: u64,
        clock: Option<&WallClock>,
        unknown: &mut Vec<String>,
    ) -> Self {
        let days = Span(tally.span_ns()).as_secs_f64() / DAY_S;
        let week = match clock {
            Some(clock) if days >= 1.0 => tally.week(clock.zone(), step, 0),
            // Of a recording that counts from its own start hours and days are those of the run: from a midnight on.
            None if days >= 2.0 => tally.week(&TimeZone::UTC, step, tally.first()),
            Some(_) | None => None,
        };
        match week {
            Some(week) if clock.is_none() => {
                unknown.push(
                    "it has no clock times: hours of the day count from its beginning, and nothing is known of days of \
                     the week"
                        .to_owned(),
                );
                Self::Day(Box::new(day(&week)))
            }
            Some(week) if days >= 7.0 => Self::Week(Box::new(alike(&week))),
            Some(week) => {
                unknown.push(
                    "it is shorter than a week: all days of the week are taken to be alike"
                        .to_owned(),
                );
                Self::Day(Box::new(day(&week)))
            }
            None => {
                let why = match (clock, days >= 1.0) {
                    (None, _) => "it has no clock times",
                    (Some(_), true) if step > HOUR_NS => "its intervals are longer than an hour",
                    (Some(_), true) => "an hour is no whole number of its intervals",
                    (Some(_), false) => "it is shorter than a day",
                };
                unknown.push(format!(
                    "{why}: nothing is known of hours of the day or days of the week; the rate follows the recording \
                     itself and stays where it ends"
                ));
                pieces(tally, step)
            }
        }
    }

    fn rates(&self) -> &[f64] {
        match self {
            Self::Week(rates) => rates.as_slice(),
            Self::Day(rates) => rates.as_slice(),
            Self::Pieces { rates, .. } => rates,
        }
    }

    fn mean(&self) -> f64 {
        self.rates().iter().sum::<f64>() / self.rates().len() as f64
    }

    /// What may be taken from every rate: the least, or a part of the mean where that is next to nothing.
    pub(super) fn least(&self) -> f64 {
        let least = self.rates().iter().copied().fold(f64::INFINITY, f64::min);
        least.max(0.2 * self.mean()) * 0.95
    }

    /// With the mean less by so much, taken from every rate as far as it goes.
    pub(super) fn lowered(&self, by: f64) -> Self {
        let mut lower = self.clone();
        let rates = match &mut lower {
            Self::Week(rates) => rates.as_mut_slice(),
            Self::Day(rates) => rates.as_mut_slice(),
            Self::Pieces { rates, .. } => rates,
        };
        let wanted = (self.mean() - by).max(0.0) * rates.len() as f64;
        rates.iter_mut().for_each(|rate| *rate = (*rate - by).max(0.0));
        let left: f64 = rates.iter().sum();
        let scale = if left > 0.0 { wanted / left } else { 1.0 };
        rates.iter_mut().for_each(|rate| *rate *= scale);
        lower
    }

    /// In the words of a scenario, with what each was made from.
    pub(super) fn sources(&self) -> Sources {
        let mut sources = Sources::new();
        match self {
            Self::Week(rates) => {
                for (name, days, told) in KINDS {
                    if let Some(profile) = profile(rates, days) {
                        let told = format!("hours of {told}, by the recording's clock");
                        sources.insert(name.to_owned(), (SourceSpec::Profile(profile), told));
                    }
                }
            }
            Self::Day(rates) => {
                let profile = of_hours(self.mean(), rates.as_slice(), [1.0; 7].to_vec());
                let told = "hours of the day".to_owned();
                sources.insert("daily".to_owned(), (SourceSpec::Profile(profile), told));
            }
            Self::Pieces { rates, .. } if rates.len() == 1 => {
                let steady =
                    Poisson { rate: rate(rates[0]), from: None, until: None, service_time: None };
                let told = "its mean: too few requests show how it varies".to_owned();
                sources.insert("steady".to_owned(), (SourceSpec::Poisson(steady), told));
            }
            Self::Pieces { length, end, rates } => {
                let middle = |at: u64| {
                    let (from, until) = (at * length, ((at + 1) * length).min(*end));
                    Moment::Offset(Span(from.midpoint(until)))
                };
                let level = |(at, per_s): (u64, &f64)| Level { at: middle(at), rate: rate(*per_s) };
                let levels = Levels {
                    points: (0..).zip(rates).map(level).collect(),
                    between: Between::Linear,
                    from: None,
                    until: None,
                    service_time: None,
                };
                let told = format!("means of {}, from its beginning on", Span(*length));
                sources.insert("course".to_owned(), (SourceSpec::Levels(levels), told));
            }
        }
        sources
    }
}

/// A profile of the days that are alike; `None` where they have no requests.
fn profile(rates: &[f64; WEEK], days: std::ops::Range<usize>) -> Option<Profile> {
    let of_day = |day: usize| rates[day * 24..][..24].iter().sum::<f64>() / 24.0;
    let of: Vec<f64> =
        (0..7).map(|day| if days.contains(&day) { of_day(day) } else { 0.0 }).collect();
    let hours: Vec<f64> =
        (0..24).map(|hour| days.clone().map(|day| rates[day * 24 + hour]).sum()).collect();
    let mean = of.iter().sum::<f64>() / 7.0;
    let factors = of.iter().map(|rate| rate / mean).collect();
    (mean > 0.0).then(|| of_hours(mean, &hours, factors))
}

/// Hours and days as factors in few digits.
fn of_hours(mean: f64, hours: &[f64], days: Vec<f64>) -> Profile {
    let of_all = hours.iter().sum::<f64>() / 24.0;
    Profile {
        mean: rate(mean),
        hours: middles(hours).iter().map(|hour| rounded(hour / of_all, 4)).collect(),
        days: days.into_iter().map(|day| rounded(day, 3)).collect(),
        between: Between::Linear,
        from: None,
        until: None,
        service_time: None,
    }
}

/// Rates in the middles of hours between which straight lines give each hour its mean: `(before + 6 middle + after) / 8`.
fn middles(means: &[f64]) -> Vec<f64> {
    let count = means.len();
    let mut rates = means.to_vec();
    // What is left shrinks by half each time at least.
    for _ in 0..20 {
        let last = rates.clone();
        for (at, rate) in rates.iter_mut().enumerate() {
            let beside = last[(at + count - 1) % count] + last[(at + 1) % count];
            *rate = (last[at] + means[at] - (6.0 * last[at] + beside) / 8.0).max(0.0);
        }
    }
    rates
}

/// Rates of the hours of the week, those of workdays in the same proportion, and those of weekends.
fn alike(week: &Week) -> [f64; WEEK] {
    let mut rates = [0.0; WEEK];
    for (_, days, _) in KINDS {
        let hours = |day: usize| day * 24..day * 24 + 24;
        let seconds = |at: usize| week.seconds[at].max(1e-9);
        // Of a mean day of its kind: hours that were recorded count as often as they were.
        let of_hour = |hour: usize| {
            let all = days.clone().map(|day| day * 24 + hour);
            let (requests, recorded) = all.fold((0.0, 0.0), |(requests, recorded), at| {
                (requests + week.requests[at], recorded + week.seconds[at])
            });
            if recorded > 0.0 { requests / recorded } else { 0.0 }
        };
        let usual: Vec<f64> = (0..24).map(of_hour).collect();
        for day in days.clone() {
            let known = hours(day).filter(|&at| week.seconds[at] > 0.0);
            let (of_day, of_usual) = known.fold((0.0, 0.0), |(of_day, of_usual), at| {
                (of_day + week.requests[at] / seconds(at), of_usual + usual[at % 24])
            });
            let factor = if of_usual > 0.0 { of_day / of_usual } else { 0.0 };
            hours(day).for_each(|at| rates[at] = usual[at % 24] * factor);
        }
    }
    rates
}

/// Rates of the hours of the day.
fn day(week: &Week) -> [f64; 24] {
    let mut rates = [0.0; 24];
    for (hour, rate) in rates.iter_mut().enumerate() {
        let all = || (0..7).map(|day| day * 24 + hour);
        let seconds: f64 = all().map(|at| week.seconds[at]).sum();
        *rate = all().map(|at| week.requests[at]).sum::<f64>() / seconds.max(1e-9);
    }
    rates
}

/// Rates of equal pieces.
fn pieces(tally: &Tally<'_>, step: u64) -> Shape {
    let span = tally.span_ns();
    let most = (tally.requests() / PER_PIECE) as u64;
    let count = most.min(MOST_PIECES).min(span / SHORTEST_PIECE_NS.max(step)).max(1);
    let unit = 1_000_000_000_u64.next_multiple_of(step.max(1));
    let length = round_up(span.div_ceil(count).div_ceil(unit)).saturating_mul(unit);
    let count = span.div_ceil(length);
    let mut rates = vec![0.0; usize::try_from(count).unwrap_or(1)];
    tally.each_window(Span(length), |index, requests| {
        let at = usize::try_from(index.min(count - 1)).unwrap_or(0);
        rates[at] += requests;
    });
    for (index, rate) in (0..).zip(&mut rates) {
        *rate /= Span(length.min(span - length * index)).as_secs_f64();
    }
    Shape::Pieces { length, end: span, rates }
}

/// Where a straight line through the means of whole weeks begins and ends, less its lower end; `None` where there is
/// none to speak of.
pub(super) fn trend(tally: &Tally<'_>, step: u64, shape: &Shape) -> Option<(f64, f64)> {
    let week = 7 * 24 * HOUR_NS;
    let weeks = tally.whole(Span(week));
    if weeks < FEWEST_WEEKS || step > week {
        return None;
    }
    let mut rates = vec![0.0; usize::try_from(weeks).ok()?];
    tally.each_window(Span(week), |index, requests| {
        if let Some(rate) = usize::try_from(index).ok().and_then(|index| rates.get_mut(index)) {
            *rate = requests / Span(week).as_secs_f64();
        }
    });
    let count = weeks as f64;
    let (middle, mean) = ((count - 1.0) / 2.0, rates.iter().sum::<f64>() / count);
    let at = |index: usize| index as f64 - middle;
    let along: f64 = rates.iter().enumerate().map(|(index, rate)| at(index) * (rate - mean)).sum();
    let weeks: f64 = (0..rates.len()).map(|index| at(index).powi(2)).sum();
    let all: f64 = rates.iter().map(|rate| (rate - mean).powi(2)).sum();
    let explained = if all > 0.0 { along * along / (weeks * all) } else { 0.0 };
    let moved = along / weeks * Span(tally.span_ns()).as_secs_f64() / Span(week).as_secs_f64();
    let told = moved.abs() >= TREND.0 * mean && explained >= TREND.1;
    // Half of it is taken from every hour.
    let moved = moved.abs().min(2.0 * shape.least()).copysign(moved);
    told.then_some(if moved > 0.0 { (0.0, moved) } else { (-moved, 0.0) })
}
