//! The last words of a program on its standard error.

use std::io::Read;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// So many bytes of the end are kept.
const KEPT: usize = 2048;
/// A program that is gone has been heard to its end by then.
const HEARD: Duration = Duration::from_millis(500);

/// What was written last to a pipe that somebody else reads.
pub(super) struct Tail {
    words: Arc<Mutex<Vec<u8>>>,
    /// Breaks off when the pipe has ended.
    ended: Receiver<()>,
}

/// Reads the pipe to its end.
pub(super) struct Listener {
    words: Arc<Mutex<Vec<u8>>>,
    _ends: Sender<()>,
}

impl Tail {
    /// What a listener will have heard.
    pub(super) fn new() -> (Self, Listener) {
        let (ends, ended) = channel();
        let words = Arc::new(Mutex::new(Vec::new()));
        (Self { words: Arc::clone(&words), ended }, Listener { words, _ends: ends })
    }

    /// The last words, once nobody will write any more.
    pub(super) fn of_the_dead(&self) -> String {
        let _ = self.ended.recv_timeout(HEARD);
        let words = self.words.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&words).trim().to_owned()
    }
}

impl Listener {
    pub(super) fn listen(self, mut pipe: impl Read) {
        let mut part = [0; 1024];
        while let Ok(count @ 1..) = pipe.read(&mut part) {
            let mut words = self.words.lock().unwrap_or_else(PoisonError::into_inner);
            words.extend_from_slice(&part[..count]);
            let surplus = words.len().saturating_sub(KEPT);
            words.drain(..surplus);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_what_was_written_is_kept() {
        let (tail, listener) = Tail::new();
        let words = format!("first{}last\n", " ".repeat(KEPT));
        listener.listen(words.as_bytes());
        let kept = tail.of_the_dead();
        assert!(kept == "last", "{kept}");
    }
}
