//! A recording that is still being made: each row is answered as it comes.

use super::play::{Answer, DryRun, Question, asked, refuse_failure, usual_gap};
use super::player::Player;
use super::recording::{Incoming, Recording, Row, since};
use crate::scenario::PolicyChoice;
use autosim_engine::control::SignalRef;
use autosim_engine::fault::Faults;
use autosim_engine::units::{Span, Time, WallClock};
use std::collections::VecDeque;
use std::io::BufRead;
use std::rc::Rc;

/// Calendars are known so far ahead.
const END: Time = Time::from_secs(366 * 86_400);
/// The newest distances between rows tell how far they are apart.
const REMEMBERED: usize = 65;

/// A policy that is shown rows as they come.
pub struct Live<'a, R> {
    policy: &'a PolicyChoice,
    initial: Option<u32>,
    as_readings: bool,
    start: Option<&'a str>,
    incoming: Incoming<R>,
    /// What it shows when the policy is enabled, and which time of the table this is; from the first row on.
    clock: Option<(WallClock, i64)>,
    /// From the first row on.
    playing: Option<Playing>,
}

struct Playing {
    player: Player,
    instants: Instants,
    /// By signal.
    with_value: Vec<Instants>,
    /// By signal: it was said that its values hold.
    told: Vec<bool>,
    decided: DryRun,
}

/// The newest of a series of instants.
#[derive(Debug, Clone, Default)]
struct Instants(VecDeque<Time>);

impl Instants {
    fn push(&mut self, at: Time) {
        self.0.push_back(at);
        if self.0.len() > REMEMBERED {
            self.0.pop_front();
        }
    }

    fn usual_gap(&self) -> Span {
        usual_gap(self.0.iter().copied())
    }
}

impl<'a, R: BufRead> Live<'a, R> {
    /// A table at its first row, to be played to a policy as [`Question`] says. `None` if its header cannot be read.
    pub fn open(
        input: R,
        policy: &'a PolicyChoice,
        (initial, as_readings): (Option<u32>, bool),
        start: Option<&'a str>,
        faults: &mut Faults,
    ) -> Option<Self> {
        let incoming = Incoming::open(input, faults)?;
        Some(Self { policy, initial, as_readings, start, incoming, clock: None, playing: None })
    }

    /// Waits for the next row; what was decided up to it and at it. `None` at the end, or if the row is wrong, which
    /// `faults` say.
    pub fn next(&mut self, faults: &mut Faults) -> Option<&DryRun> {
        loop {
            let raw = self.incoming.next(faults)??;
            if self.clock.is_none() {
                self.clock = Some(self.incoming.zero((raw.0, None), self.start, faults)?);
            }
            let zero = self.clock.as_ref().map_or(0, |(_, zero)| *zero);
            // Rows before the policy was enabled are none of its own.
            if let Some(row) = since(raw, zero) {
                return self.play(row, faults);
            }
        }
    }

    fn play(&mut self, row: Row, faults: &mut Faults) -> Option<&DryRun> {
        if self.playing.is_none() {
            self.playing = Some(self.begin(&row, faults)?);
        }
        let playing = self.playing.as_mut()?;
        let errors = faults.errors();
        playing.player.refuse_negative(&self.incoming.columns, &row, faults);
        if faults.errors() > errors {
            return None;
        }
        let at = row.at;
        playing.decided.answers = playing.arrive(row, faults);
        refuse_failure(&playing.player, at, faults)?;
        Some(&playing.decided)
    }

    fn begin(&self, row: &Row, faults: &mut Faults) -> Option<Playing> {
        let (clock, _) = self.clock.clone()?;
        let columns = self.incoming.columns.clone();
        let clock_times = self.incoming.clock_times();
        let rows = vec![row.clone()];
        let recording =
            Recording { columns, rows, clock: clock.clone(), clock_times, series: None };
        let Self { policy, initial, as_readings, .. } = *self;
        let question = Question { policy, recording: &recording, initial, as_readings };
        let player = asked(&question, END, faults)?;
        let signals: Vec<String> = player.signals.iter().map(SignalRef::name).collect();
        Some(Playing {
            instants: Instants::default(),
            with_value: vec![Instants::default(); signals.len()],
            told: vec![false; signals.len()],
            decided: DryRun { signals, answers: Vec::new(), clock, clock_times },
            player,
        })
    }
}

impl Playing {
    fn arrive(&mut self, row: Row, faults: &mut Faults) -> Vec<Answer> {
        self.instants.push(row.at);
        for (signal, instants) in self.with_value.iter_mut().enumerate() {
            if self.player.has_value(signal, &row) {
                instants.push(row.at);
            }
        }
        let own: Vec<Span> = self.with_value.iter().map(Instants::usual_gap).collect();
        self.player.learn(self.instants.usual_gap(), &own, &mut self.told, faults);
        self.player.arrive(&Rc::new(row))
    }
}
