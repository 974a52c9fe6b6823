//! How long a policy took to react: from the traffic's rise to users being well again.

use super::moments::is_bad;
use crate::experiment::{About, DecisionRecord, Interval, ServiceDetails, Stage};
use crate::units::{Span, Time};

/// Scale-outs that belong together: until everything ordered was ready, nothing was removed. Instants
/// that come from the timeline are as fine as its intervals.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Reaction {
    /// Replicas before the first and after the last of its decisions.
    pub before: u32,
    pub after: u32,
    /// When traffic had risen a third of its way, in the ten minutes before the first decision or since
    /// the change before; `None` where it did not rise by a quarter, or a calendar decided.
    pub rise: Option<Time>,
    /// End of the window that the reading behind the first decision describes.
    pub seen: Time,
    /// The first decision, and the last.
    pub decided: Time,
    pub decided_last: Time,
    /// Nothing is starting any more.
    pub ready: Time,
    /// First interval after the first decision in which the promise held again; `None` if it was never
    /// broken.
    pub calm: Option<Time>,
}

impl Reaction {
    /// From the earliest instant known to the latest.
    pub(super) fn length(&self) -> Span {
        self.end().since(self.start())
    }

    /// The earliest instant known.
    pub(super) fn start(&self) -> Time {
        self.rise.unwrap_or(self.seen)
    }

    fn end(&self) -> Time {
        self.ready.max(self.calm.unwrap_or(Time::ZERO))
    }
}

/// How far back a rise of traffic is looked for.
const LOOK_BACK: Span = Span::from_secs(600);
/// What rises by less than this share in that time rises gradually: it has no instant.
const SUDDEN: f64 = 0.25;

/// Every reaction of a service within the measured window, in order of time.
pub(super) fn reactions(about: &About, service: &ServiceDetails) -> Vec<Reaction> {
    let timeline = &service.timeline;
    let changes: Vec<&DecisionRecord> =
        service.decisions.iter().filter(|d| d.before != d.decision.desired).collect();
    let mut found: Vec<Reaction> = Vec::new();
    let mut open = false;
    let mut changed = Time::ZERO;
    for decision in changes {
        let outwards = decision.decision.desired > decision.before;
        let counted = decision.at >= about.window.warmup && decision.at < about.window.end;
        if outwards && counted {
            match found.last_mut() {
                Some(last) if open && decision.at < last.ready => {
                    last.after = decision.decision.desired;
                    last.decided_last = decision.at;
                    last.ready = ready(timeline, decision.at);
                }
                _ => found.push(begin(timeline, decision, changed)),
            }
        }
        open = outwards;
        changed = decision.at;
    }
    for reaction in &mut found {
        reaction.calm = calm(about, timeline, reaction);
    }
    found
}

fn begin(timeline: &[Interval], decision: &DecisionRecord, changed: Time) -> Reaction {
    let planned = decision.decision.reason().stage == Stage::Schedule;
    let reading = decision.readings.first().filter(|r| r.value.is_some() && !planned);
    let seen = reading.map_or(decision.at, |reading| reading.at.min(decision.at));
    let rise = if planned { None } else { rise(timeline, changed, decision.at) };
    Reaction {
        before: decision.before,
        after: decision.decision.desired,
        rise: rise.map(|rise| rise.min(seen)),
        seen,
        decided: decision.at,
        decided_last: decision.at,
        ready: ready(timeline, decision.at),
        calm: None,
    }
}

/// The interval that holds an instant.
fn index(timeline: &[Interval], at: Time) -> usize {
    timeline.partition_point(|interval| interval.at <= at).saturating_sub(1)
}

fn rise(timeline: &[Interval], changed: Time, decided: Time) -> Option<Time> {
    let from = index(timeline, changed.max(decided.before(LOOK_BACK)));
    let range = timeline.get(from..=index(timeline, decided))?;
    let rate = |i: &Interval| i.arrivals as f64 / i.length.as_secs_f64().max(1e-9);
    let by_rate = |a: &(usize, f64), b: &(usize, f64)| a.1.total_cmp(&b.1);
    let (low_at, low) = range.iter().map(rate).enumerate().min_by(by_rate)?;
    let rest = &range[low_at..];
    let (high_at, high) = rest.iter().map(rate).enumerate().max_by(by_rate)?;
    // Chance alone moves a count by its square root.
    let length = rest[high_at].length.as_secs_f64();
    if (high - low) * length <= 4.0 * (high * length).sqrt() || high < (1.0 + SUDDEN) * low {
        return None;
    }
    rest.iter().find(|i| rate(i) > low + (high - low) / 3.0).map(|interval| interval.at)
}

fn ready(timeline: &[Interval], decided: Time) -> Time {
    let after = timeline.iter().skip(index(timeline, decided) + 1);
    let mut after = after.skip_while(|interval| interval.mean_starting > 1e-6);
    let end = timeline.last().map_or(decided, |last| last.at.after(last.length));
    after.next().map_or(end, |interval| interval.at)
}

fn calm(about: &About, timeline: &[Interval], reaction: &Reaction) -> Option<Time> {
    about.slo.and_then(|terms| terms.latency)?;
    let bad = |interval: &Interval| is_bad(about, interval);
    let from = index(timeline, reaction.start());
    let to = index(timeline, reaction.ready);
    let first = from + timeline.get(from..=to)?.iter().position(bad)?;
    let first = first.max(index(timeline, reaction.decided));
    let good = timeline[first..].iter().find(|interval| !bad(interval));
    Some(good.map_or_else(|| reaction.ready, |interval| interval.at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::{Census, Decision, Reading, Why};
    use crate::report::sample;

    fn interval(minute: u64, arrivals: u64, starting: f64, p99_ms: u64) -> Interval {
        let results = sample::results();
        Interval {
            at: Time::from_secs(60 * minute),
            arrivals,
            timeouts: 0,
            rejections: 0,
            losses: 0,
            mean_starting: starting,
            percentiles: Some([Span::from_millis(p99_ms); 3]),
            ..results.policies[0].details[0].services[0].timeline[0].clone()
        }
    }

    fn scale_out(second: u64, before: u32, after: u32) -> DecisionRecord {
        DecisionRecord {
            at: Time::from_secs(second),
            census: Census { starting: 0, ready: before, draining: 0 },
            before,
            decision: Decision::propose(
                before,
                after,
                Why::Ratio { base: before, value: 0.9, target: 0.6 },
            ),
            readings: vec![Reading { value: Some(0.9), at: Time::from_secs(second - 15) }],
            activation: false,
        }
    }

    #[test]
    fn a_step_is_taken_apart_into_its_delays() {
        let mut about = sample::results().about;
        about.window.warmup = Time::ZERO;
        // Traffic doubles at 5 min; two decisions; ready at 9 min; well again at 10 min.
        let timeline: Vec<Interval> = (0..20)
            .map(|m| {
                let arrivals = if m < 5 { 6000 } else { 12_000 };
                let p99 = if (6..10).contains(&m) { 900 } else { 50 };
                interval(m, arrivals, if (6..9).contains(&m) { 4.0 } else { 0.0 }, p99)
            })
            .collect();
        let decisions = vec![scale_out(375, 10, 14), scale_out(435, 14, 18)];
        let service = ServiceDetails {
            told: Vec::new(),
            service: "service".into(),
            timeline,
            decisions,
            slo_minutes: Vec::new(),
            launches: Default::default(),
        };
        let found = reactions(&about, &service);
        assert_eq!(found.len(), 1, "the second decision belongs to the first");
        let reaction = found[0];
        assert_eq!((reaction.before, reaction.after), (10, 18));
        let seconds = |time: Time| time.as_secs_f64();
        assert_eq!(reaction.rise.map(seconds), Some(300.0));
        assert_eq!(seconds(reaction.seen), 360.0);
        assert_eq!((seconds(reaction.decided), seconds(reaction.decided_last)), (375.0, 435.0));
        assert_eq!(seconds(reaction.ready), 540.0);
        assert_eq!(reaction.calm.map(seconds), Some(600.0));
        assert_eq!(reaction.length(), Span::from_secs(300));
    }

    #[test]
    fn flat_traffic_has_no_rise_and_a_calm_run_no_recovery() {
        let mut about = sample::results().about;
        about.window.warmup = Time::ZERO;
        let timeline = (0..20).map(|m| interval(m, 6000 + m % 3, 0.0, 50)).collect();
        let service = ServiceDetails {
            told: Vec::new(),
            service: "service".into(),
            timeline,
            decisions: vec![scale_out(375, 10, 14)],
            slo_minutes: Vec::new(),
            launches: Default::default(),
        };
        let found = reactions(&about, &service);
        assert_eq!((found[0].rise, found[0].calm), (None, None));
        assert_eq!(found[0].ready, Time::from_secs(420));
    }
}
