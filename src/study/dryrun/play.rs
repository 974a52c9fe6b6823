//! The replay of a recording.

use super::columns::{self, Counts, READY, REPLICAS, Source};
use super::recording::{Recording, Row};
use crate::scenario::PolicyChoice;
use autosim_engine::control::{Autoscaler, Decision, Observation, SignalRef};
use autosim_engine::fault::Faults;
use autosim_engine::signal::{Census, Metric, Pipeline, Reading, Resources, Sensor};
use autosim_engine::units::{Known, Span, Time, WallClock, plural};
use autosim_policies::builtin::{PolicyContext, Recorded};
use autosim_policies::products::ProductPolicy;

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
        let (Some(first), Some(last)) = (self.answers.first(), self.answers.last()) else {
            return "no evaluation".to_owned();
        };
        let span = [first, last].map(|answer| answer.at.since(Time::ZERO));
        let counts = || self.answers.iter().map(|answer| answer.decision.desired);
        let [least, most] = [counts().min(), counts().max()].map(Option::unwrap_or_default);
        let (asked, changed) = (self.answers.len() as u64, self.changes().count() as u64);
        format!(
            "{} from {} to {}, {}: from {} to {}, between {least} and {most}",
            plural(asked, "evaluation"),
            span[0],
            span[1],
            plural(changed, "change"),
            first.before,
            plural(last.decision.desired.into(), "replica")
        )
    }

    /// Keeps the decisions that wanted another number than the one before.
    pub fn keep_changes(&mut self) {
        let changes: Vec<usize> = self.changes().collect();
        self.answers = changes.into_iter().map(|at| self.answers[at].clone()).collect();
    }

    fn changes(&self) -> impl Iterator<Item = usize> + '_ {
        let before = |at: usize| match at.checked_sub(1) {
            Some(last) => self.answers[last].decision.desired,
            None => self.answers[at].before,
        };
        (0..self.answers.len()).filter(move |&at| self.answers[at].decision.desired != before(at))
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
    let policy = question.policy;
    if policy.needs_plan() || policy.keep_alive().is_some() {
        let hint = "run it in a scenario, which has requests";
        let kind = policy.kind_name();
        faults.error("", format!("`{kind}` does not decide from readings"), hint);
        return None;
    }
    let errors = faults.errors();
    let mut player = Player::new(question, faults);
    if faults.errors() > errors {
        return None;
    }
    let answers = match by_rows(question) {
        true => player.by_rows(),
        false => player.by_samples(faults)?,
    };
    let Recording { clock, clock_times, .. } = question.recording;
    Some(DryRun {
        signals: player.signals.iter().map(SignalRef::name).collect(),
        answers,
        clock: clock.clone(),
        clock_times: *clock_times,
    })
}

/// Whether each row is what is seen at one evaluation.
fn by_rows(question: &Question<'_>) -> bool {
    let own = question.policy.product().is_some_and(ProductPolicy::aggregates_itself);
    question.as_readings && !own
}

struct Player<'a> {
    recording: &'a Recording,
    /// After the policy was enabled.
    first_evaluation: Span,
    autoscaler: Autoscaler,
    signals: Vec<SignalRef>,
    sources: Vec<Source>,
    replicas: Option<usize>,
    ready: Option<usize>,
    /// Of the policy's own service.
    traffic: Vec<usize>,
    /// When each signal's service last had traffic; the start at first.
    last_traffic: Vec<Time>,
    /// Traffic in a row since the last evaluation.
    met_traffic: bool,
    counts: Counts,
    /// The newest recorded count of ready replicas.
    recorded_ready: Option<u32>,
    /// The newest row says how many replicas there are: until the next one, whatever is decided.
    holds_count: bool,
    /// Decisions that are not in force yet.
    pending: Vec<(Time, u32)>,
    /// By signal.
    steps: Vec<Steps>,
}

/// How far apart the values are that a signal is read from.
#[derive(Debug, Clone, Copy, Default)]
struct Steps {
    /// Further than rows: a row without one says nothing about it.
    sparse: bool,
    /// How long a value holds, where they are further apart than what the signal looks back at.
    hold: Option<Span>,
}

impl<'a> Player<'a> {
    fn new(question: &Question<'a>, faults: &mut Faults) -> Self {
        let (recording, policy) = (question.recording, question.policy);
        warn_of_dates(policy, recording, faults);
        let replicas = recording.column(REPLICAS);
        let recorded = replicas.and_then(|at| recording.rows.first()?.cells[at]);
        let initial = recorded.map(|count| count as u32).or(question.initial);
        let initial = initial.unwrap_or_else(|| policy.natural_start());
        let mut autoscaler = policy.autoscaler(&PolicyContext {
            clock: recording.clock.clone(),
            concurrency: 1,
            initial,
            end: recording.end().after(Span::from_secs(1)),
            plan: None,
            recorded: Recorded { by_rows: by_rows(question), columns: recording.columns.clone() },
        });
        let names = policy.product().map_or(&[][..], ProductPolicy::traffic);
        let signals = std::mem::take(&mut autoscaler.signals);
        let mut sources = columns::sources(&signals, recording, faults);
        if sources.len() == signals.len() {
            find_traffic(&signals, &mut sources, recording, names, faults);
            warn_of_unread(&sources, recording, faults);
            columns::refuse_negative(&sources, recording, faults);
            if replicas.is_none() {
                warn_of_load(&columns::of_load(&signals, &sources, recording), faults);
            }
        }
        Self {
            recording,
            first_evaluation: policy
                .product()
                .and_then(|own| own.first_evaluation())
                .unwrap_or_default(),
            autoscaler,
            traffic: columns::traffic(&signals, &sources, recording, names, None),
            last_traffic: vec![Time::ZERO; signals.len()],
            signals,
            sources,
            replicas,
            ready: recording.column(READY),
            met_traffic: false,
            counts: Counts { live: initial, ready: initial },
            recorded_ready: None,
            holds_count: false,
            pending: Vec::new(),
            steps: Vec::new(),
        }
    }

    /// Every row is what is seen at one evaluation.
    fn by_rows(&mut self) -> Vec<Answer> {
        let rows = &self.recording.rows;
        rows.iter()
            .map(|row| {
                self.take(row);
                let readings: Vec<Reading> = (0..self.sources.len())
                    .map(|at| Reading { value: self.value(at, row, row.at), at: row.at })
                    .collect();
                self.ask(row.at, readings)
            })
            .collect()
    }

    /// Rows are samples; the policy is asked when its own clock says so.
    fn by_samples(&mut self, faults: &mut Faults) -> Option<Vec<Answer>> {
        self.steps = self.steps(faults);
        let own: Vec<bool> = self.signals.iter().map(|signal| signal.sensor.is_some()).collect();
        let mut sensors: Vec<Box<dyn Sensor>> = self
            .signals
            .iter_mut()
            .map(|signal| {
                let pipeline =
                    || Box::new(Pipeline::new(signal.signal.clone(), Resources::default())) as _;
                signal.sensor.take().unwrap_or_else(pipeline)
            })
            .collect();
        let (rows, end) = (&self.recording.rows, self.recording.end());
        let interval = self.autoscaler.cadence.interval;
        let first = Time::ZERO.after(self.first_evaluation);
        if end.since(first).0 / interval.0.max(1) > MOST_EVALUATIONS {
            let message = format!("more than {MOST_EVALUATIONS} evaluations, one every {interval}");
            faults.error("", message, "give a shorter recording");
            return None;
        }
        let mut answers = Vec::new();
        let (mut next, mut newest) = (0, vec![None; self.signals.len()]);
        for now in self.evaluations(first, interval, end) {
            while let Some(row) = rows.get(next).filter(|row| row.at <= now) {
                self.take(row);
                for (at, sensor) in sensors.iter_mut().enumerate() {
                    if self.steps[at].sparse && self.sources[at].undivided(row).is_none() {
                        continue;
                    }
                    sensor.sample(row.at, self.sample(at, row, own[at]));
                    newest[at] = Some(row);
                }
                next += 1;
            }
            self.come_into_force(now);
            let readings: Vec<Reading> = sensors
                .iter_mut()
                .enumerate()
                .map(|(at, sensor)| self.read(at, sensor.as_mut(), own[at], newest[at], now))
                .collect();
            answers.push(self.ask(now, readings));
        }
        if answers.is_empty() {
            let first = first.since(Time::ZERO);
            let message = format!("the recording ends before the first evaluation, at {first}");
            faults.warn("", message, "record longer, or use --as readings");
        }
        Some(answers)
    }

    /// How far apart each signal's values are. One that looks back no further than from one to the next would have
    /// no data in between: there a value holds until the next one is overdue.
    fn steps(&self, faults: &mut Faults) -> Vec<Steps> {
        let rows = &self.recording.rows;
        let of_rows = usual_gap(rows.iter().map(|row| row.at));
        let mut told: Vec<(Span, String)> = Vec::new();
        let mut steps = Vec::new();
        for (signal, source) in self.signals.iter().zip(&self.sources) {
            let Source::Column { .. } = source else {
                steps.push(Steps::default());
                continue;
            };
            let with_value = rows.iter().filter(|row| source.undivided(row).is_some());
            let own = usual_gap(with_value.map(|row| row.at));
            let sparse = own > of_rows;
            let usual = own.max(of_rows);
            let coarse = usual > signal.signal.window;
            let overdue = Span(usual.0.saturating_add(usual.0 / 2));
            steps.push(Steps { sparse, hold: coarse.then_some(overdue) });
            let short = format!("`{}` only {}", signal.name(), signal.signal.window);
            if coarse && !told.contains(&(usual, short.clone())) {
                told.push((usual, short));
            }
        }
        while let Some(&(usual, _)) = told.first() {
            let (same, others) = told.into_iter().partition::<Vec<_>, _>(|one| one.0 == usual);
            told = others;
            let names: Vec<String> = same.into_iter().map(|(_, name)| name).collect();
            let what = if usual == of_rows { "rows" } else { "values" };
            let message =
                format!("{what} are {usual} apart; the policy looks back {}", names.join(", "));
            let hint = "each holds until the next; record more often to be exact";
            faults.warn("", message, hint);
        }
        steps
    }

    /// When the policy is asked: every `interval` from `first` on, and after that when it wants to be asked
    /// besides, as the engine does it.
    fn evaluations(
        &self,
        first: Time,
        interval: Span,
        end: Time,
    ) -> impl Iterator<Item = Time> + use<> {
        let besides = self.autoscaler.wakeups.iter().copied();
        let mut besides = besides
            .filter(|&at| at > first && at <= end)
            .filter(|at| at.since(first).0.checked_rem(interval.0) != Some(0))
            .collect::<Vec<Time>>()
            .into_iter()
            .peekable();
        let mut regular = first;
        std::iter::from_fn(move || {
            if let Some(at) = besides.next_if(|&at| at < regular) {
                return Some(at);
            }
            let now = regular;
            regular = now.after(interval);
            (now <= end).then_some(now)
        })
    }

    /// A row as a sample of a signal; `own`: the product's metric path shares out itself.
    fn sample(&self, signal: usize, row: &Row, own: bool) -> Option<f64> {
        let metric = self.signals[signal].signal.metric;
        let of_replicas = metric.is_average() && !metric.is_of_requests();
        if of_replicas && self.counts.ready == 0 {
            return None; // nobody to average over
        }
        match &self.sources[signal] {
            source if source.shares_at_the_end() && !own => source.undivided(row),
            _ => self.value(signal, row, row.at),
        }
    }

    /// What a signal shows at an evaluation.
    fn read(
        &self,
        signal: usize,
        sensor: &mut dyn Sensor,
        own: bool,
        newest: Option<&Row>,
        now: Time,
    ) -> Reading {
        let source = &self.sources[signal];
        if let (Source::Idle(_), Some(row)) = (source, newest) {
            return Reading { value: self.value(signal, row, now), at: now };
        }
        let held = newest.filter(|row| {
            let hold = self.steps[signal].hold;
            row.at < now && hold.is_some_and(|length| now.since(row.at) < length)
        });
        if let Some(row) = held {
            sensor.sample(now, self.sample(signal, row, own));
        } else if !own && newest.is_none_or(|row| row.at < now) {
            // The window ends here, whether or not there is a sample.
            sensor.sample(now, None);
        }
        let reading = sensor.reading(now);
        match newest {
            Some(row) if source.shares_at_the_end() && !own => {
                let value = reading.value.and_then(|total| source.shared(row, self.counts, total));
                Reading { value, ..reading }
            }
            _ => reading,
        }
    }

    /// Comes to a row: decisions due by then are in force, its counts replace them, its traffic is noted.
    fn take(&mut self, row: &Row) {
        self.come_into_force(row.at);
        let count = |column: Option<usize>| {
            column.and_then(|at| row.cells[at]).map(|count| count.max(0.0) as u32)
        };
        let recorded = count(self.replicas);
        self.holds_count = recorded.is_some();
        if let Some(live) = recorded {
            self.counts = Counts { live, ready: live };
            self.pending.clear();
        }
        self.recorded_ready = count(self.ready).or(self.recorded_ready);
        self.counts.ready = self.ready_of(self.counts.live);
        let busy = |columns: &[usize]| {
            columns.iter().any(|&at| row.cells[at].is_some_and(|value| value > 0.0))
        };
        self.met_traffic |= busy(&self.traffic);
        for (source, last) in self.sources.iter().zip(&mut self.last_traffic) {
            // Without any such column the service is never idle.
            if let Source::Idle(columns) = source
                && (columns.is_empty() || busy(columns))
            {
                *last = row.at;
            }
        }
    }

    fn value(&self, signal: usize, row: &Row, now: Time) -> Option<f64> {
        match &self.sources[signal] {
            Source::Idle(columns) if columns.is_empty() => Some(0.0),
            Source::Idle(_) => Some(now.since(self.last_traffic[signal]).as_secs_f64()),
            source @ (Source::Column { .. } | Source::OwnReplicas) => {
                source.value(row, self.counts)
            }
        }
    }

    fn ask(&mut self, now: Time, readings: Vec<Reading>) -> Answer {
        self.come_into_force(now);
        let before = self.counts.live;
        let ready = self.counts.ready;
        let census = Census { starting: before - ready.min(before), ready, draining: 0 };
        let seen = Observation::new(now, census, before, &readings);
        let woken = before == 0 && std::mem::take(&mut self.met_traffic);
        let policy = &mut self.autoscaler.policy;
        let activation = woken.then(|| policy.activate(&seen)).filter(|one| one.desired > 0);
        let decision = activation.unwrap_or_else(|| policy.observe(&seen));
        self.met_traffic = false;
        if !self.holds_count {
            let due = now.after(self.autoscaler.actuation_delay);
            self.pending.push((due, decision.desired));
        }
        let activation = activation.is_some();
        Answer { at: now, before, census, decision, readings, activation }
    }

    fn come_into_force(&mut self, now: Time) {
        while let Some(&(due, desired)) = self.pending.first()
            && due <= now
        {
            self.pending.remove(0);
            self.counts = Counts { live: desired, ready: self.ready_of(desired) };
        }
    }

    /// As recorded, else all.
    fn ready_of(&self, live: u32) -> u32 {
        self.recorded_ready.map_or(live, |ready| ready.min(live))
    }
}

/// The usual distance between instants; zero of fewer than two.
fn usual_gap(instants: impl Iterator<Item = Time>) -> Span {
    let instants: Vec<Time> = instants.collect();
    let gaps = instants.windows(2).map(|pair| pair[1].since(pair[0]).0);
    let mut gaps: Vec<u64> = gaps.collect();
    let middle = gaps.len() / 2;
    if gaps.is_empty() { Span::ZERO } else { Span(*gaps.select_nth_unstable(middle).1) }
}

fn find_traffic(
    signals: &[SignalRef],
    sources: &mut [Source],
    recording: &Recording,
    names: &[&str],
    faults: &mut Faults,
) {
    for at in 0..sources.len() {
        if signals[at].signal.metric != Metric::IdleS {
            continue;
        }
        let service = signals[at].service.as_deref();
        let columns = columns::traffic(signals, sources, recording, names, service);
        if columns.is_empty() {
            let hint = "add a column such as `requests_per_s` or `ongoing_requests`";
            faults.warn("line 1", "no column shows traffic: the service is never idle", hint);
        }
        sources[at] = Source::Idle(columns);
    }
}

/// A recorded load does not fall when the policy adds replicas: it would be answered again and again.
fn warn_of_load(names: &[&str], faults: &mut Faults) {
    if names.is_empty() {
        return;
    }
    let message = format!(
        "the load in `{}` would fall with more replicas, but no column says how many there were: each decision is \
         made as if it stayed",
        names.join("`, `")
    );
    let hint = "add a column `replicas` with the count of each row; totals such as `requests_per_s` need none";
    faults.warn("line 1", message, hint);
}

/// A calendar of dates or of a zone says nothing where nobody knows the date.
fn warn_of_dates(policy: &PolicyChoice, recording: &Recording, faults: &mut Faults) {
    let dated = policy.product().is_some_and(|product| product.platform().dated);
    if dated && recording.clock.known() != Known::Date {
        let start = recording.clock.start();
        let message = format!(
            "its calendar needs a date, which nobody says: it is taken to begin at {start}"
        );
        let hint = "say when it begins with --start, or give clock times in a column `time`";
        faults.warn("", message, hint);
    }
}

fn warn_of_unread(sources: &[Source], recording: &Recording, faults: &mut Faults) {
    const SHOWN: usize = 4;
    let names = columns::unread(sources, recording);
    if recording.series.is_none() {
        for name in names {
            faults.warn("line 1", format!("the policy does not read the column `{name}`"), "");
        }
    } else if !names.is_empty() {
        let shown = names[..names.len().min(SHOWN)].join("`, `");
        let more = match names.len().saturating_sub(SHOWN) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let message = format!("the policy reads no column from the series `{shown}`{more}");
        faults.warn("", message, "--column 'NAME=SERIES' makes one a column");
    }
}
