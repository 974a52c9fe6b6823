//! The policy: starts its program when it is asked first, asks it, and says in full what went wrong.

use super::Stdio;
use super::program::{Program, Trouble};
use super::protocol::{Begun, Greeting, Line, VERSION, Wanted, hello, observe, reset};
use crate::builtin::PolicyContext;
use crate::builtin::parts::Bounds;
use autosim_engine::control::{Decision, Fork, Observation, Policy, Said, Why};
use serde::de::DeserializeOwned;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// A program may need that long before its first answer: interpreters and models are loaded.
const TO_BEGIN: Duration = Duration::from_secs(60);
/// More different reasons are not kept of one program.
const MOST_REASONS: u32 = 100_000;

/// Asks a program.
pub(super) struct Asking {
    spec: Stdio,
    folder: PathBuf,
    context: PolicyContext,
    names: Vec<String>,
    program: State,
    reasons: u32,
    newest: Newest,
}

/// Where its program is.
enum State {
    NotStarted,
    Running(Box<Program>),
    /// It can no longer be asked, and why.
    Failed(String),
}

/// What the program answered last: shared with copies of the policy, which cannot ask it again.
#[derive(Clone)]
struct Newest {
    answer: Arc<Mutex<Option<(u32, Why)>>>,
    bounds: Bounds,
}

impl Asking {
    pub(super) fn new(spec: &Stdio, folder: &Path, context: &PolicyContext) -> Self {
        Self {
            names: spec.observes.iter().map(super::Observed::name).collect(),
            newest: Newest { answer: Arc::default(), bounds: spec.bounds() },
            spec: spec.clone(),
            folder: folder.to_owned(),
            context: context.clone(),
            program: State::NotStarted,
            reasons: 0,
        }
    }

    fn decide(&mut self, seen: &Observation<'_>, activation: bool) -> Decision {
        if let State::Failed(_) = self.program {
            return seen.hold();
        }
        match self.wanted(seen, activation) {
            Ok(Wanted { count, reason }) => {
                let why = self.why(&reason);
                self.newest.set((count, why));
                self.newest.decision(seen)
            }
            Err(why) => {
                self.program = State::Failed(why);
                seen.hold()
            }
        }
    }

    /// What the program answers to what is seen.
    fn wanted(&mut self, seen: &Observation<'_>, activation: bool) -> Result<Wanted, String> {
        let mut program = match std::mem::replace(&mut self.program, State::NotStarted) {
            State::Running(program) => program,
            State::NotStarted => Box::new(self.begin()?),
            State::Failed(why) => return Err(why),
        };
        let line = observe(&self.names, seen, activation);
        let patience = Duration::from_nanos(self.spec.timeout.0);
        match ask(&mut program, &line, patience, EXPECTED) {
            Ok(wanted) => {
                self.program = State::Running(program);
                Ok(wanted)
            }
            Err(wrong) => Err(self.told(wrong, *program)),
        }
    }

    /// The program, ready for its first evaluation.
    fn begin(&self) -> Result<Program, String> {
        let mut program = Program::start(&self.spec.command, &self.folder).map_err(|error| {
            let here = self.folder.as_os_str().is_empty();
            let folder = if here { Path::new(".") } else { &self.folder };
            let (name, folder) = (&self.spec.command[0], folder.display());
            let hint = "is it installed? `command` names the program first; it runs in the scenario's folder";
            format!("cannot start `{name}` in `{folder}`: {error} ({hint})")
        })?;
        let patience = Duration::from_nanos(self.spec.timeout.0);
        let first = patience.max(TO_BEGIN);
        let greeted: Result<Greeting, _> =
            ask(&mut program, &hello(&self.spec), first, "{\"version\": 1}");
        let greeted = match greeted {
            Ok(greeting) => greeting,
            Err(wrong) => return Err(self.told(wrong, program)),
        };
        if greeted.version != VERSION {
            return Err(format!(
                "{} speaks version {} of the protocol, this autosim speaks {VERSION}",
                self.command(),
                greeted.version
            ));
        }
        match ask::<Begun>(&mut program, &reset(&self.context), patience, "{}") {
            Ok(Begun {}) => Ok(program),
            Err(wrong) => Err(self.told(wrong, program)),
        }
    }

    fn command(&self) -> String {
        format!("`{}`", self.spec.command.join(" "))
    }

    /// What went wrong, with the line and the program's last words.
    fn told(&self, Wrong { asked, what }: Wrong, program: Program) -> String {
        let ended = matches!(what, What::Not(Trouble::Ended));
        let (status, complaint) = program.give_up(ended);
        let asked = brief(&asked);
        let did = match what {
            What::Not(Trouble::Late) => {
                format!(
                    "did not answer within {} (`timeout`); the line was {asked}",
                    self.spec.timeout
                )
            }
            What::Not(Trouble::Ended) => match status {
                Some(status) => format!("ended ({status}) and did not answer {asked}"),
                None => format!("closed its output and did not answer {asked}"),
            },
            What::Not(Trouble::Unasked(line)) => format!(
                "had answered before it was asked {asked}: {}; one line answers one, written out at once \
                 (flushed), and nothing else goes to standard output",
                brief(&line)
            ),
            What::Not(Trouble::TooLong) => {
                format!("answered with more than 65536 bytes to {asked}; one line answers one")
            }
            What::Nonsense { line, error, expected } => format!(
                "answered {} to {asked}: {error}; expected a line such as {expected}",
                brief(&line)
            ),
        };
        let complaint = match complaint.is_empty() {
            true => String::new(),
            false => format!("; its last words on standard error:\n{complaint}"),
        };
        format!("{} {did}{complaint}", self.command())
    }

    /// A reason, where somebody will read it.
    fn why(&mut self, reason: &str) -> Why {
        if reason.is_empty() || !self.context.explains || self.reasons == MOST_REASONS {
            return Why::Plain;
        }
        self.reasons += 1;
        Why::Said(Said::new(reason))
    }
}

impl Policy for Asking {
    fn observe(&mut self, seen: &Observation<'_>) -> Decision {
        self.decide(seen, false)
    }

    fn activate(&mut self, seen: &Observation<'_>) -> Decision {
        self.decide(seen, true)
    }

    fn failure(&self) -> Option<&str> {
        match &self.program {
            State::Failed(why) => Some(why),
            State::NotStarted | State::Running(_) => None,
        }
    }
}

impl Fork for Asking {
    /// A program cannot be copied, nor be asked the same twice: its copy knows what it answered last, which is all
    /// that what `min` and `max` are worth depends on.
    fn fork(&self) -> Box<dyn Policy> {
        Box::new(self.newest.clone())
    }
}

impl Newest {
    fn set(&self, answer: (u32, Why)) {
        *self.answer.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
    }

    fn decision(&self, seen: &Observation<'_>) -> Decision {
        match *self.answer.lock().unwrap_or_else(PoisonError::into_inner) {
            Some((count, why)) => self.bounds.apply(seen.propose(count, why)),
            None => seen.hold(),
        }
    }
}

impl Policy for Newest {
    fn observe(&mut self, seen: &Observation<'_>) -> Decision {
        self.decision(seen)
    }

    fn activate(&mut self, seen: &Observation<'_>) -> Decision {
        self.decision(seen)
    }
}

/// An answer to `observe`, for those who have to be told.
const EXPECTED: &str = "{\"count\": 3, \"reason\": \"optional\"}";

/// A line that was not answered.
struct Wrong {
    asked: String,
    what: What,
}

enum What {
    /// By nothing.
    Not(Trouble),
    /// By what it means nothing.
    Nonsense { line: String, error: String, expected: &'static str },
}

fn ask<T: DeserializeOwned>(
    program: &mut Program,
    line: &Line<'_>,
    patience: Duration,
    expected: &'static str,
) -> Result<T, Wrong> {
    let asked = line.text();
    let wrong = |what| Wrong { asked: asked.clone(), what };
    let answer =
        program.ask(asked.clone(), patience).map_err(|trouble| wrong(What::Not(trouble)))?;
    serde_json::from_str(&answer).map_err(|error| {
        let error = error.to_string();
        let error = error.split(" at line ").next().unwrap_or_default().to_owned();
        wrong(What::Nonsense { line: answer.clone(), error, expected })
    })
}

/// A line as a message quotes it.
fn brief(line: &str) -> String {
    const SHOWN: usize = 400;
    let mut shown: String =
        line.trim_end().chars().take(SHOWN).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if line.trim_end().chars().nth(SHOWN).is_some() {
        shown.push_str("...");
    }
    format!("`{shown}`")
}
