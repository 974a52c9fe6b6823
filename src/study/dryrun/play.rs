//! The replay of a recording.

use super::player::Player;
use super::recording::Recording;
use crate::scenario::PolicyChoice;
use autosim_engine::control::{Decision, SignalRef};
use autosim_engine::fault::Faults;
use autosim_engine::signal::{Census, Reading};
use autosim_engine::units::{Span, Time, WallClock, plural};
use std::fmt;
use std::rc::Rc;

/// More evaluations than this of one recording are a typing error.
const MOST_EVALUATIONS: u64 = 20_000_000;

/// What is to be replayed, and how.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// Who decides.
    pub policy: &'a PolicyChoice,
    /// What was seen.
    pub recording: &'a Recording,
    /// The count at the start, where the recording does not say; `None` = the policy's own.
    pub initial: Option<u32>,
    /// True: each row is what the policy sees at one evaluation. False: rows are samples; the policy's
    /// windows, delays and evaluation times apply.
    pub as_readings: bool,
}

/// Everything a policy would have decided.
#[derive(Debug, Clone, PartialEq)]
pub struct DryRun {
    /// Names of the signals, in the order of the readings.
    pub signals: Vec<String>,
    /// One decision per evaluation.
    pub answers: Vec<Answer>,
    /// What it shows when the policy is enabled.
    pub clock: WallClock,
    /// The recording's times are those of a clock.
    pub clock_times: bool,
}

impl DryRun {
    /// What came of it, in one line.
    pub fn summary(&self) -> String {
        let mut tally = Tally::default();
        for answer in &self.answers {
            tally.add(answer);
        }
        tally.to_string()
    }

    /// Keeps the decisions that wanted another number than the one before.
    pub fn keep_changes(&mut self) {
        let mut tally = Tally::default();
        self.answers.retain(|answer| tally.add(answer));
    }
}

/// What came of decisions, counted as they are made.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tally {
    evaluations: u64,
    changes: u64,
    /// When the first was made, and the count it found.
    first: Option<(Time, u32)>,
    /// When the last was made, and the count it wanted.
    last: Option<(Time, u32)>,
    /// The least and the most that were wanted.
    range: Option<(u32, u32)>,
}

impl Tally {
    /// Counts a decision; true if it wanted another number than the one before.
    pub fn add(&mut self, answer: &Answer) -> bool {
        let desired = answer.decision.desired;
        let changed = desired != self.last.map_or(answer.before, |(_, before)| before);
        self.evaluations += 1;
        self.changes += u64::from(changed);
        self.first.get_or_insert((answer.at, answer.before));
        self.last = Some((answer.at, desired));
        let (least, most) = self.range.unwrap_or((desired, desired));
        self.range = Some((least.min(desired), most.max(desired)));
        changed
    }
}

impl fmt::Display for Tally {
    /// In one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Some(first), Some(last), Some((least, most))) = (self.first, self.last, self.range)
        else {
            return f.write_str("no evaluation");
        };
        let span = [first.0, last.0].map(|at| at.since(Time::ZERO));
        write!(
            f,
            "{} from {} to {}, {}: from {} to {}, between {least} and {most}",
            plural(self.evaluations, "evaluation"),
            span[0],
            span[1],
            plural(self.changes, "change"),
            first.1,
            plural(last.1.into(), "replica")
        )
    }
}

/// One decision.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The instant of the decision, from when the policy was enabled.
    pub at: Time,
    /// The count it found.
    pub before: u32,
    /// Counts it saw.
    pub census: Census,
    /// What it decided.
    pub decision: Decision,
    /// What it saw.
    pub readings: Vec<Reading>,
    /// True if traffic at zero replicas asked for it.
    pub activation: bool,
}

/// Replays a recording. `None` if the policy cannot be replayed from it: `faults` say why; they may hold
/// warnings besides.
pub fn play(question: &Question<'_>, faults: &mut Faults) -> Option<DryRun> {
    let recording = question.recording;
    let end = recording.end();
    let mut player = asked(question, end, faults)?;
    let cadence = player.cadence();
    if let Some((first, interval)) = cadence
        && end.since(first).0 / interval.0.max(1) > MOST_EVALUATIONS
    {
        let message = format!("more than {MOST_EVALUATIONS} evaluations, one every {interval}");
        faults.error("", message, "give a shorter recording");
        return None;
    }
    let rows = &recording.rows;
    let own = (0..player.signals.len()).map(|signal| {
        let with_value = rows.iter().filter(|row| player.has_value(signal, row));
        usual_gap(with_value.map(|row| row.at))
    });
    let own: Vec<Span> = own.collect();
    let of_rows = usual_gap(rows.iter().map(|row| row.at));
    player.learn(of_rows, &own, &mut vec![false; own.len()], faults);
    let mut answers = Vec::new();
    for row in rows {
        answers.extend(player.arrive(&Rc::new(row.clone())));
        refuse_failure(&player, row.at, faults)?;
    }
    if answers.is_empty() {
        warn_of_nothing(cadence, faults);
    }
    Some(DryRun {
        signals: player.signals.iter().map(SignalRef::name).collect(),
        answers,
        clock: recording.clock.clone(),
        clock_times: recording.clock_times,
    })
}

/// The policy, before its first row; `None` if it cannot be asked, which `faults` say.
pub(super) fn asked(question: &Question<'_>, end: Time, faults: &mut Faults) -> Option<Player> {
    let policy = question.policy;
    if policy.needs_plan() || policy.keep_alive().is_some() {
        let hint = "run it in a scenario, which has requests";
        let kind = policy.kind_name();
        faults.error("", format!("`{kind}` does not decide from readings"), hint);
        return None;
    }
    let errors = faults.errors();
    let player = Player::new(question, end, faults);
    (faults.errors() == errors).then_some(player)
}

/// `None` if the policy could not decide something up to the row of this instant, which `faults` say.
pub(super) fn refuse_failure(player: &Player, at: Time, faults: &mut Faults) -> Option<()> {
    let Some(why) = player.failure() else { return Some(()) };
    let at = at.since(Time::ZERO).told();
    faults.error("", format!("the policy could not decide up to the row at {at}: {why}"), "");
    None
}

fn warn_of_nothing(cadence: Option<(Time, Span)>, faults: &mut Faults) {
    let first = cadence.map_or(Span::ZERO, |(first, _)| first.since(Time::ZERO));
    let message = format!("the recording ends before the first evaluation, at {first}");
    faults.warn("", message, "record longer, or use --as readings");
}

/// The usual distance between instants; zero of fewer than two.
pub(super) fn usual_gap(instants: impl Iterator<Item = Time>) -> Span {
    let instants: Vec<Time> = instants.collect();
    let gaps = instants.windows(2).map(|pair| pair[1].since(pair[0]).0);
    let mut gaps: Vec<u64> = gaps.collect();
    let middle = gaps.len() / 2;
    if gaps.is_empty() { Span::ZERO } else { Span(*gaps.select_nth_unstable(middle).1) }
}
