//! Who plays rows to a policy: what is in force, what each signal shows, when the policy is asked.

use super::columns::{self, Counts, READY, REPLICAS, Source};
use super::play::{Answer, Question};
use super::recording::{Recording, Row};
use crate::scenario::PolicyChoice;
use autosim_engine::control::{Autoscaler, Observation, SignalRef};
use autosim_engine::fault::Faults;
use autosim_engine::signal::{Census, Metric, Pipeline, Reading, Resources, Sensor};
use autosim_engine::units::{Known, Span, Time};
use autosim_policies::builtin::{PolicyContext, Recorded};
use autosim_policies::products::ProductPolicy;
use std::iter::Peekable;
use std::rc::Rc;

/// Whether each row is what is seen at one evaluation.
fn by_rows(question: &Question<'_>) -> bool {
    let own = question.policy.product().is_some_and(ProductPolicy::aggregates_itself);
    question.as_readings && !own
}

/// A policy and what it has been shown.
pub(super) struct Player {
    by_rows: bool,
    /// When it is asked, where rows are samples.
    evaluations: Peekable<Box<dyn Iterator<Item = Time>>>,
    autoscaler: Autoscaler,
    pub(super) signals: Vec<SignalRef>,
    sensors: Vec<Box<dyn Sensor>>,
    /// By signal: the product's metric path shares out itself.
    own: Vec<bool>,
    /// By signal: the row it was read from last.
    newest: Vec<Option<Rc<Row>>>,
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
    /// By signal; nothing holds as long as nobody says how far apart values are.
    pub(super) steps: Vec<Steps>,
}

/// How far apart the values are that a signal is read from.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Steps {
    /// Further than rows: a row without one says nothing about it.
    sparse: bool,
    /// How long a value holds, where they are further apart than what the signal looks back at.
    hold: Option<Span>,
}

impl Player {
    /// A policy that is to be shown rows like those of the question's recording, up to `end`.
    pub(super) fn new(question: &Question<'_>, end: Time, faults: &mut Faults) -> Self {
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
            end: end.after(Span::from_secs(1)),
            plan: None,
            recorded: Recorded { by_rows: by_rows(question), columns: recording.columns.clone() },
            replication: 0,
            explains: true,
        });
        let names = policy.product().map_or(&[][..], ProductPolicy::traffic);
        let mut signals = std::mem::take(&mut autoscaler.signals);
        let mut sources = columns::sources(&signals, recording, faults);
        if sources.len() == signals.len() {
            find_traffic(&signals, &mut sources, recording, names, faults);
            warn_of_unread(&sources, recording, faults);
            columns::refuse_negative(&sources, &recording.columns, &recording.rows, faults);
            if replicas.is_none() {
                warn_of_load(&columns::of_load(&signals, &sources, recording), faults);
            }
        }
        let first = policy.product().and_then(|own| own.first_evaluation()).unwrap_or_default();
        let evaluations = evaluations(&autoscaler, Time::ZERO.after(first), end);
        let own = signals.iter().map(|signal| signal.sensor.is_some()).collect();
        let sensor = |signal: &mut SignalRef| {
            let pipeline =
                || Box::new(Pipeline::new(signal.signal.clone(), Resources::default())) as _;
            signal.sensor.take().unwrap_or_else(pipeline)
        };
        Self {
            by_rows: by_rows(question),
            evaluations: evaluations.peekable(),
            autoscaler,
            sensors: signals.iter_mut().map(sensor).collect(),
            own,
            newest: vec![None; signals.len()],
            traffic: columns::traffic(&signals, &sources, recording, names, None),
            last_traffic: vec![Time::ZERO; signals.len()],
            sources,
            replicas,
            ready: recording.column(READY),
            met_traffic: false,
            counts: Counts { live: initial, ready: initial },
            recorded_ready: None,
            holds_count: false,
            pending: Vec::new(),
            steps: vec![Steps::default(); signals.len()],
            signals,
        }
    }

    /// Refuses what no metric can be, in the columns of these names.
    pub(super) fn refuse_negative(&self, names: &[String], row: &Row, faults: &mut Faults) {
        columns::refuse_negative(&self.sources, names, std::slice::from_ref(row), faults);
    }

    /// What is decided up to the next row and at it. Rows come in order of time.
    pub(super) fn arrive(&mut self, row: &Rc<Row>) -> Vec<Answer> {
        if self.by_rows {
            self.take(row);
            let reading = |at| Reading { value: self.value(at, row, row.at), at: row.at };
            let readings = (0..self.sources.len()).map(reading).collect();
            return vec![self.ask(row.at, readings)];
        }
        let mut answers = Vec::new();
        while let Some(now) = self.evaluations.next_if(|&now| now < row.at) {
            answers.push(self.evaluate(now));
        }
        self.take(row);
        for at in 0..self.sensors.len() {
            if self.steps[at].sparse && self.sources[at].undivided(row).is_none() {
                continue;
            }
            let value = self.sample(at, row);
            self.sensors[at].sample(row.at, value);
            self.newest[at] = Some(Rc::clone(row));
        }
        if let Some(now) = self.evaluations.next_if(|&now| now == row.at) {
            answers.push(self.evaluate(now));
        }
        answers
    }

    fn evaluate(&mut self, now: Time) -> Answer {
        self.come_into_force(now);
        let readings = (0..self.sensors.len()).map(|at| self.read(at, now)).collect();
        self.ask(now, readings)
    }

    /// Why its policy can decide no more, if that is so.
    pub(super) fn failure(&self) -> Option<&str> {
        self.autoscaler.policy.failure()
    }

    /// How long from one evaluation to the next, and when the first one is; `None` where rows are evaluations.
    pub(super) fn cadence(&mut self) -> Option<(Time, Span)> {
        let first = self.evaluations.peek().copied()?;
        (!self.by_rows).then_some((first, self.autoscaler.cadence.interval))
    }

    /// The column that a signal is read from has a value in this row.
    pub(super) fn has_value(&self, signal: usize, row: &Row) -> bool {
        self.sources[signal].undivided(row).is_some()
    }

    /// Learns how far apart rows and each signal's values are. A signal that looks back no further than from one value
    /// to the next would have no data in between: there a value holds until the next one is overdue. Says so in
    /// `faults`, of the signals for which `told` is false, and sets it.
    pub(super) fn learn(
        &mut self,
        of_rows: Span,
        own: &[Span],
        told: &mut [bool],
        faults: &mut Faults,
    ) {
        let mut news: Vec<(Span, String)> = Vec::new();
        for (at, signal) in self.signals.iter().enumerate() {
            let Source::Column { .. } = &self.sources[at] else { continue };
            let usual = own[at].max(of_rows);
            let sparse = own[at] > of_rows;
            let is_coarse = usual > signal.signal.window;
            let overdue = Span(usual.0.saturating_add(usual.0 / 2));
            self.steps[at] = Steps { sparse, hold: is_coarse.then_some(overdue) };
            let (name, window) = (signal.name(), signal.signal.window);
            let text = match self.by_rows {
                true => format!("`{name}`"),
                false => format!("`{name}` only {window}"),
            };
            let is_new = if self.by_rows { sparse } else { is_coarse };
            if is_new
                && !std::mem::replace(&mut told[at], true)
                && !news.contains(&(usual, text.clone()))
            {
                news.push((usual, text));
            }
        }
        while let Some(&(usual, _)) = news.first() {
            let (same, others) = news.into_iter().partition::<Vec<_>, _>(|one| one.0 == usual);
            news = others;
            let names: Vec<String> = same.into_iter().map(|(_, name)| name).collect();
            let names = names.join(", ");
            if self.by_rows {
                let message = format!("values of {names} are {usual} apart, rows {of_rows}");
                faults.warn(
                    "",
                    message,
                    "the policy sees none at the rows between; as samples they hold",
                );
                continue;
            }
            let what = if usual == of_rows { "rows" } else { "values" };
            let message = format!("{what} are {usual} apart; the policy looks back {names}");
            faults.warn("", message, "each holds until the next; record more often to be exact");
        }
    }

    /// A row as a sample of a signal.
    fn sample(&self, signal: usize, row: &Row) -> Option<f64> {
        let metric = self.signals[signal].signal.metric;
        let of_replicas = metric.is_average() && !metric.is_of_requests();
        if of_replicas && self.counts.ready == 0 {
            return None; // nobody to average over
        }
        match &self.sources[signal] {
            source if source.shares_at_the_end() && !self.own[signal] => source.undivided(row),
            _ => self.value(signal, row, row.at),
        }
    }

    /// What a signal shows at an evaluation.
    fn read(&mut self, signal: usize, now: Time) -> Reading {
        let (own, newest) = (self.own[signal], self.newest[signal].clone());
        if let (Source::Idle(_), Some(row)) = (&self.sources[signal], &newest) {
            return Reading { value: self.value(signal, row, now), at: now };
        }
        let hold = self.steps[signal].hold;
        let holds =
            |row: &Rc<Row>| row.at < now && hold.is_some_and(|length| now.since(row.at) < length);
        if let Some(row) = newest.as_ref().filter(|row| holds(row)) {
            let value = self.sample(signal, row);
            self.sensors[signal].sample(now, value);
        } else if !own && newest.as_ref().is_none_or(|row| row.at < now) {
            // The window ends here, whether or not there is a sample.
            self.sensors[signal].sample(now, None);
        }
        let reading = self.sensors[signal].reading(now);
        let source = &self.sources[signal];
        match newest {
            Some(row) if source.shares_at_the_end() && !own => {
                let value = reading.value.and_then(|total| source.shared(&row, self.counts, total));
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

/// When a policy is asked: every interval from `first` to `end`, and after that when it wants to be asked besides, as
/// the engine does it.
fn evaluations(autoscaler: &Autoscaler, first: Time, end: Time) -> Box<dyn Iterator<Item = Time>> {
    let interval = autoscaler.cadence.interval;
    let besides = autoscaler.wakeups.iter().copied();
    let mut besides = besides
        .filter(|&at| at > first && at <= end)
        .filter(|at| at.since(first).0.checked_rem(interval.0) != Some(0))
        .collect::<Vec<Time>>()
        .into_iter()
        .peekable();
    let mut regular = first;
    Box::new(std::iter::from_fn(move || {
        if let Some(at) = besides.next_if(|&at| at < regular) {
            return Some(at);
        }
        let now = regular;
        regular = now.after(interval);
        (now <= end).then_some(now)
    }))
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
