//! A process that is asked line by line. Whatever it does, who asks it gets an answer or an error in time, and
//! it is gone when this is.

use super::tail::Tail;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio as Pipe};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::thread;
use std::time::Duration;

/// An answer is not longer: a program that writes and writes no line end would fill the memory.
const LONGEST: usize = 65_536;
/// So many lines that nobody asked for are taken in before the program has to wait.
const AHEAD: usize = 4;
/// How long a program may take to end once its input has ended.
const TO_END: Duration = Duration::from_secs(2);
/// How often it is looked at whether it has.
const LOOKS: u32 = 400;

/// A running program.
pub(super) struct Program {
    child: Child,
    /// To the thread that writes; `None` once its input has ended.
    questions: Option<Sender<String>>,
    /// From the thread that reads.
    answers: Receiver<Vec<u8>>,
    complaints: Tail,
    /// It was asked something before.
    greeted: bool,
}

/// What a program did in place of answering.
#[derive(Debug)]
pub(super) enum Trouble {
    /// It wrote a line nobody had asked for.
    Unasked(String),
    /// It wrote more than a line may have.
    TooLong,
    /// It wrote nothing in time.
    Late,
    /// It ended, or closed its output.
    Ended,
}

impl Program {
    /// Starts it.
    pub(super) fn start(command: &[String], folder: &Path) -> std::io::Result<Self> {
        let (name, arguments) = command.split_first().ok_or(std::io::ErrorKind::InvalidInput)?;
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let named = Path::new(name);
        // One with a folder in its name is found from where it runs, on every system.
        let found = match named.components().count() > 1 {
            true => std::path::absolute(folder.join(named))?,
            false => named.to_owned(),
        };
        let mut command = Command::new(found);
        command.args(arguments).current_dir(folder);
        command.stdin(Pipe::piped()).stdout(Pipe::piped()).stderr(Pipe::piped());
        // A group of its own: what it started itself ends with it, and Ctrl-C reaches autosim alone.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.spawn()?;
        let (complaints, listener) = Tail::new();
        let (questions, asked) = channel();
        let (heard, answers) = sync_channel(AHEAD);
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let program =
            Self { child, questions: Some(questions), answers, complaints, greeted: false };
        let (Some(input), Some(output), Some(errors)) = pipes else { return Ok(program) };
        // Threads that are not waited for: each ends with its pipe.
        let thread = |name: &str| thread::Builder::new().name(format!("stdio {name}"));
        thread("input").spawn(move || write(input, &asked))?;
        thread("output").spawn(move || read(output, &heard))?;
        thread("errors").spawn(move || listener.listen(errors))?;
        Ok(program)
    }

    /// The line it answers to this one.
    pub(super) fn ask(&mut self, line: String, patience: Duration) -> Result<String, Trouble> {
        // It may greet at once, but from then on nothing is waiting to be heard when it is asked.
        if std::mem::replace(&mut self.greeted, true)
            && let Ok(line) = self.answers.try_recv()
        {
            return Err(Trouble::Unasked(text(&line)));
        }
        // If it no longer reads, it may still have answered; if not, that is what is told.
        let _ = self.questions.as_ref().map(|questions| questions.send(line));
        match self.answers.recv_timeout(patience) {
            Ok(line) if line.len() > LONGEST => Err(Trouble::TooLong),
            Ok(line) => Ok(text(&line)),
            Err(RecvTimeoutError::Timeout) => Err(Trouble::Late),
            Err(RecvTimeoutError::Disconnected) => Err(Trouble::Ended),
        }
    }

    /// Ends it at once; how it ended, if it did so by itself, and its last words.
    pub(super) fn give_up(mut self, ended: bool) -> (Option<ExitStatus>, String) {
        let by_itself = ended.then(|| self.wait(TO_END)).flatten();
        self.kill();
        (by_itself, self.complaints.of_the_dead())
    }

    /// How it ended, if it does so in time.
    fn wait(&mut self, most: Duration) -> Option<ExitStatus> {
        for _ in 0..LOOKS {
            match self.child.try_wait() {
                Ok(None) => thread::sleep(most / LOOKS),
                Ok(ended) => return ended,
                Err(_) => return None,
            }
        }
        None
    }

    /// Ends it and what it started.
    fn kill(&mut self) {
        #[cfg(unix)]
        if let Some(group) =
            i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw)
        {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
        let _ = self.child.kill();
        // Nothing survives that: the wait is short, and nothing is left of it in the system's table.
        let _ = self.child.wait();
    }
}

impl Drop for Program {
    /// Its input ends, which tells it to end; if it does not, it is ended.
    fn drop(&mut self) {
        self.questions = None;
        self.wait(TO_END);
        self.kill();
    }
}

/// Writes every line it is given, until there will be no more or nobody reads them.
fn write(mut input: ChildStdin, asked: &Receiver<String>) {
    while let Ok(line) = asked.recv() {
        if input.write_all(line.as_bytes()).is_err() {
            return;
        }
    }
}

/// Hands on every line, until there are no more or nobody takes them; one that is too long by its beginning.
fn read(output: ChildStdout, heard: &SyncSender<Vec<u8>>) {
    let mut output = BufReader::new(output);
    loop {
        let mut line = Vec::new();
        match (&mut output).take(LONGEST as u64 + 1).read_until(b'\n', &mut line) {
            Ok(1..) if heard.send(line).is_ok() => {}
            Ok(_) | Err(_) => return,
        }
    }
}

fn text(line: &[u8]) -> String {
    String::from_utf8_lossy(line).trim_end().to_owned()
}
