//! A file that several read, each at a place of its own; standard input becomes one.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::{Arc, Mutex, PoisonError};

/// A file for several who read it. What was read from standard input stands in a temporary one without a name: the system
/// removes it whatever becomes of the process.
#[derive(Debug, Clone)]
pub struct Spooled {
    file: Arc<Mutex<File>>,
}

impl Spooled {
    /// Keeps all that `input` gives.
    pub fn of(mut input: impl Read) -> io::Result<Self> {
        let mut file = tempfile::tempfile()?;
        io::copy(&mut input, &mut file)?;
        Ok(Self::over(file))
    }

    /// A file whose place nobody else moves.
    pub(super) fn over(file: File) -> Self {
        Self { file: Arc::new(Mutex::new(file)) }
    }

    /// From its beginning.
    pub(super) fn reader(&self) -> impl Read + Send + use<> {
        self.reader_from(0)
    }

    /// From a byte on.
    pub(super) fn reader_from(&self, at: u64) -> impl Read + Send + use<> {
        Reader { file: Arc::clone(&self.file), at }
    }

    /// How many bytes there are.
    #[cfg(feature = "parquet")]
    pub(super) fn length(&self) -> u64 {
        let file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.metadata().map_or(0, |data| data.len())
    }
}

/// The same one, not another of the same content.
impl PartialEq for Spooled {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.file, &other.file)
    }
}

/// One of those who read it, at a place of its own.
struct Reader {
    file: Arc<Mutex<File>>,
    at: u64,
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(self.at))?;
        let count = file.read(buffer)?;
        self.at += count as u64;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_who_read_do_not_move_each_other() {
        let spooled = Spooled::of(&b"abcdef"[..]).unwrap();
        let (mut first, mut second) = (spooled.reader(), spooled.reader());
        let next = |reader: &mut dyn Read, count: usize| {
            let mut bytes = vec![0; count];
            reader.read_exact(&mut bytes).unwrap();
            String::from_utf8(bytes).unwrap()
        };
        assert_eq!(next(&mut first, 2), "ab");
        assert_eq!(next(&mut second, 4), "abcd");
        assert_eq!(next(&mut first, 4), "cdef");
        assert_eq!(first.read(&mut [0; 1]).unwrap(), 0);
    }
}
