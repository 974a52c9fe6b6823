//! How long a policy took to react: from the traffic's rise to users being well again.

use super::moments::is_bad;
use autosim_engine::control::Stage;
use autosim_engine::fleet::{Launch, OrderedBy};
use autosim_engine::simulation::{DecisionRecord, Interval};
use autosim_engine::units::{Span, Time};
use autosim_study::experiment::{About, ServiceDetails};

/// Scale-outs that belong together: until everything ordered was ready, nothing was removed. Instants
/// that come from the timeline are as fine as its intervals; those of launches are exact.
#[derive(Debug, Clone, PartialEq)]
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
    /// What it ordered; nothing where launches were not kept or the quota refused them all.
    pub launched: Launched,
    /// The last of its launches is ready; without launches, nothing is starting any more.
    pub ready: Time,
    /// First interval after the first decision in which the SLO held again; `None` if it was never
    /// broken, or never held again.
    pub calm: Option<Time>,
    /// The SLO was missed and did not hold again.
    pub lost: bool,
}

/// Launches that belong together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Launched {
    /// How many were ordered.
    pub ordered: u32,
    /// Of those, cancelled before they were ready.
    pub cancelled: u32,
    /// When the first of them was ready.
    pub first_ready: Option<Time>,
    /// The one that was ready last.
    pub slowest: Option<Slowest>,
}

/// The launch that was ready last: the one whose cold start the reaction had to wait for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Slowest {
    /// Its number, from 0.
    pub number: u64,
    pub decided: Time,
    pub ordered: Time,
    pub launched: Time,
    pub stages: Vec<(&'static str, Span)>,
    /// What its stages come to; it may lie behind the end of the run.
    pub ready: Time,
}

/// A part of a reaction: its key, from, to. Parts follow one another without gaps.
pub(super) type Part = (&'static str, Time, Time);

/// Keys of the parts that are no stages of a cold start, in order; stages come before the last two.
pub(super) const RISE: &str = "rise_to_metric";
pub(super) const LOOP: &str = "metric_to_decision";
pub(super) const DECISIONS: &str = "further_decisions";
pub(super) const ACTUATION: &str = "actuation_delay";
pub(super) const LAUNCH_RATE: &str = "launch_rate";
pub(super) const START: &str = "start";
pub(super) const SLO_AGAIN: &str = "ready_to_slo";

impl Launched {
    /// One more.
    fn add(&mut self, decided: Time, launch: &Launch) {
        self.ordered += 1;
        if launch.cancelled_at().is_some() {
            self.cancelled += 1;
            return;
        }
        let stages = launch.stages.iter();
        let ready = stages.fold(launch.launched_at, |at, (_, length)| at.after(*length));
        self.first_ready = Some(self.first_ready.map_or(ready, |first| first.min(ready)));
        if self.slowest.as_ref().is_none_or(|slowest| slowest.ready < ready) {
            self.slowest = Some(Slowest {
                number: launch.number,
                decided,
                ordered: launch.ordered_at,
                launched: launch.launched_at,
                stages: launch.stages.clone(),
                ready,
            });
        }
    }
}

impl Slowest {
    /// From its decision until it was ready.
    pub(super) fn parts(&self) -> Vec<Part> {
        let mut parts = vec![
            (ACTUATION, self.decided, self.ordered),
            (LAUNCH_RATE, self.ordered, self.launched),
        ];
        let mut from = self.launched;
        for (name, length) in &self.stages {
            parts.push((*name, from, from.after(*length)));
            from = from.after(*length);
        }
        parts
    }
}

/// The launches of a service by the decision that ordered them.
pub(super) struct Orders<'a> {
    launches: Vec<(Time, &'a Launch)>,
    /// Of decisions from here on not all launches were kept.
    known_before: Time,
}

impl<'a> Orders<'a> {
    pub(super) fn of(service: &'a ServiceDetails) -> Self {
        let decided = |launch: &'a Launch| match launch.by {
            OrderedBy::Decision(at) => Some((at, launch)),
            OrderedBy::Rollout | OrderedBy::Failure | OrderedBy::Request => None,
        };
        let launches: Vec<_> = service.launches.kept.iter().filter_map(decided).collect();
        let known_before = match service.launches.left_out {
            0 => Time::NEVER,
            _ => launches.last().map_or(Time::ZERO, |(at, _)| *at),
        };
        Self { launches, known_before }
    }

    /// What the decision of an instant ordered; `None` if that was not kept.
    pub(super) fn by(&self, at: Time) -> Option<Launched> {
        if at >= self.known_before {
            return None;
        }
        let mut found = Launched::default();
        self.add(at, &mut found);
        Some(found)
    }

    fn add(&self, at: Time, to: &mut Launched) {
        let from = self.launches.partition_point(|(decided, _)| *decided < at);
        let same = self.launches[from..].iter().take_while(|(decided, _)| *decided == at);
        same.for_each(|(decided, launch)| to.add(*decided, launch));
    }
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

    /// Where its time went, by way of the launch that was ready last.
    pub(super) fn parts(&self) -> Vec<Part> {
        let mut parts = Vec::new();
        parts.extend(self.rise.map(|rise| (RISE, rise, self.seen)));
        parts.push((LOOP, self.seen, self.decided));
        match &self.launched.slowest {
            Some(slowest) => {
                parts.push((DECISIONS, self.decided, slowest.decided));
                parts.extend(slowest.parts());
            }
            None => {
                parts.push((DECISIONS, self.decided, self.decided_last));
                parts.push((START, self.decided_last, self.ready));
            }
        }
        parts.extend(
            self.calm.filter(|calm| *calm > self.ready).map(|at| (SLO_AGAIN, self.ready, at)),
        );
        parts
    }

    /// One more decision belongs to it.
    fn join(&mut self, decision: &DecisionRecord, timeline: &[Interval], orders: &Orders<'_>) {
        self.after = decision.decision.desired;
        self.decided_last = decision.at;
        if decision.at < orders.known_before {
            orders.add(decision.at, &mut self.launched);
        } else {
            self.launched = Launched::default();
        }
        self.ready = match &self.launched.slowest {
            Some(slowest) => slowest.ready,
            None => ready(timeline, decision.at),
        };
    }
}

/// How far back a rise of traffic is looked for.
const LOOK_BACK: Span = Span::from_secs(600);
/// What rises by less than this share in that time rises gradually: it has no instant.
const SUDDEN: f64 = 0.25;

/// Every reaction of a service within the measured window, in order of time.
pub(super) fn reactions(about: &About, service: &ServiceDetails) -> Vec<Reaction> {
    let timeline = &service.timeline;
    let orders = Orders::of(service);
    let changes = service.decisions.iter().filter(|d| d.before != d.decision.desired);
    let mut found: Vec<Reaction> = Vec::new();
    let mut open = false;
    let mut changed = Time::ZERO;
    for decision in changes {
        let outwards = decision.decision.desired > decision.before;
        let counted = decision.at >= about.window.warmup && decision.at < about.window.end;
        if outwards && counted {
            match found.last_mut() {
                Some(last) if open && decision.at < last.ready => {
                    last.join(decision, timeline, &orders);
                }
                _ => found.push(begin(timeline, decision, changed, &orders)),
            }
        }
        open = outwards;
        changed = decision.at;
    }
    for reaction in &mut found {
        if let Some(calm) = calm(about, timeline, reaction) {
            (reaction.calm, reaction.lost) = (calm, calm.is_none());
        }
    }
    found
}

fn begin(
    timeline: &[Interval],
    decision: &DecisionRecord,
    changed: Time,
    orders: &Orders<'_>,
) -> Reaction {
    let planned = decision.decision.reason().stage == Stage::Schedule;
    let reading = decision.readings.first().filter(|r| r.value.is_some() && !planned);
    let seen = reading.map_or(decision.at, |reading| reading.at.min(decision.at));
    let rise = if planned { None } else { rise(timeline, changed, decision.at) };
    let mut reaction = Reaction {
        before: decision.before,
        after: decision.decision.desired,
        rise: rise.map(|rise| rise.min(seen)),
        seen,
        decided: decision.at,
        decided_last: decision.at,
        launched: Launched::default(),
        ready: decision.at,
        calm: None,
        lost: false,
    };
    reaction.join(decision, timeline, orders);
    reaction
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

/// When the SLO held again, if ever; `None` if it was not broken.
fn calm(about: &About, timeline: &[Interval], reaction: &Reaction) -> Option<Option<Time>> {
    about.slo.tail()?;
    let bad = |interval: &Interval| is_bad(about, interval);
    let from = index(timeline, reaction.start());
    let to = index(timeline, reaction.ready);
    let first = from + timeline.get(from..=to)?.iter().position(bad)?;
    let first = first.max(index(timeline, reaction.decided));
    let good = timeline[first..].iter().find(|interval| !bad(interval));
    Some(good.map(|interval| interval.at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;
    use autosim_engine::control::{Observation, Why};
    use autosim_engine::fleet::Launches;
    use autosim_engine::signal::{Census, Reading};
    use autosim_engine::simulation::AskedBy;

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
            decision: Observation::of_count(before)
                .propose(after, Why::Ratio { base: before, value: 0.9, target: 0.6 }),
            readings: vec![Reading { value: Some(0.9), at: Time::from_secs(second - 15) }],
            asked_by: AskedBy::Control,
            without: Vec::new(),
            until: None,
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
            product_events: Vec::new(),
            service: "service".into(),
            timeline,
            decisions,
            slo_minutes: Vec::new(),
            decisions_left_out: 0,
            grace: Span::MAX,
            launches: Launches::default(),
        };
        let found = reactions(&about, &service);
        assert_eq!(found.len(), 1, "the second decision belongs to the first");
        let reaction = &found[0];
        assert_eq!((reaction.before, reaction.after), (10, 18));
        let seconds = |time: Time| time.as_secs_f64();
        assert_eq!(reaction.rise.map(seconds), Some(300.0));
        assert_eq!(seconds(reaction.seen), 360.0);
        assert_eq!((seconds(reaction.decided), seconds(reaction.decided_last)), (375.0, 435.0));
        assert_eq!(seconds(reaction.ready), 540.0);
        assert_eq!(reaction.calm.map(seconds), Some(600.0));
        assert_eq!(reaction.length(), Span::from_secs(300));
    }

    /// Pulled for so many seconds and booted in ten, ordered five seconds after its decision.
    fn launch(number: u64, decided: u64, pull: u64, cancelled: Option<u64>) -> Launch {
        let ordered_at = Time::from_secs(decided + 5);
        let stages = vec![("pull", Span::from_secs(pull)), ("boot", Span::from_secs(10))];
        let ready_at = cancelled.is_none().then(|| Time::from_secs(decided + 5 + pull + 10));
        Launch {
            number,
            by: OrderedBy::Decision(Time::from_secs(decided)),
            ordered_at,
            launched_at: ordered_at,
            stages,
            ready_at,
            gone_at: cancelled.map(Time::from_secs),
        }
    }

    #[test]
    fn a_reaction_ends_with_the_launch_that_was_ready_last() {
        let mut about = sample::results().about;
        about.window.warmup = Time::ZERO;
        let timeline = (0..20).map(|m| interval(m, 6000 + m % 3, 0.0, 50)).collect();
        // The slow one comes from the first decision; the one slower still was cancelled.
        let kept = vec![
            launch(0, 375, 20, None),
            launch(1, 375, 90, None),
            launch(2, 390, 30, None),
            launch(3, 390, 300, Some(600)),
        ];
        let mut service = ServiceDetails {
            product_events: Vec::new(),
            service: "service".into(),
            timeline,
            decisions: vec![scale_out(375, 10, 12), scale_out(390, 12, 14)],
            decisions_left_out: 0,
            launches: Launches { kept, left_out: 0 },
            slo_minutes: Vec::new(),
            grace: Span::MAX,
        };
        let found = reactions(&about, &service);
        assert_eq!(found.len(), 1);
        let launched = &found[0].launched;
        assert_eq!((launched.ordered, launched.cancelled), (4, 1));
        assert_eq!(launched.first_ready, Some(Time::from_secs(375 + 5 + 30)));
        assert_eq!(found[0].ready, Time::from_secs(375 + 5 + 100));
        let parts: Vec<(&str, u64)> = found[0]
            .parts()
            .iter()
            .map(|(part, from, to)| (*part, to.since(*from).0 / 1_000_000_000))
            .collect();
        let expected = [
            (LOOP, 15),
            (DECISIONS, 0),
            (ACTUATION, 5),
            (LAUNCH_RATE, 0),
            ("pull", 90),
            ("boot", 10),
        ];
        assert_eq!(parts, expected);
        assert!(found[0].parts().windows(2).all(|pair| pair[0].2 == pair[1].1), "a gap");
        // What was ordered later was not kept: the split falls back on the timeline.
        service.launches.left_out = 7;
        let orders = Orders::of(&service);
        assert_eq!(orders.by(Time::from_secs(375)).map(|found| found.ordered), Some(2));
        assert_eq!(orders.by(Time::from_secs(390)), None);
        let found = reactions(&about, &service);
        assert_eq!(found[0].parts().last().map(|part| part.0), Some(START));
    }

    #[test]
    fn flat_traffic_has_no_rise_and_a_calm_run_no_recovery() {
        let mut about = sample::results().about;
        about.window.warmup = Time::ZERO;
        let timeline = (0..20).map(|m| interval(m, 6000 + m % 3, 0.0, 50)).collect();
        let service = ServiceDetails {
            product_events: Vec::new(),
            service: "service".into(),
            timeline,
            decisions: vec![scale_out(375, 10, 14)],
            decisions_left_out: 0,
            slo_minutes: Vec::new(),
            grace: Span::MAX,
            launches: Launches::default(),
        };
        let found = reactions(&about, &service);
        assert_eq!((found[0].rise, found[0].calm), (None, None));
        assert_eq!(found[0].ready, Time::from_secs(420));
    }
}
