//! A trace file as text: unpacked by its magic bytes, hashed on the way, its beginning known.

use super::failure::TraceError;
use super::options::Options;
use super::spooled::Spooled;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

/// How many of its lines are.
const HEAD_LINES: usize = 50;

/// How much of the text is looked at to tell its format.
const HEAD: u64 = 64 * 1024;

/// The longest text that is read as one object.
const LONGEST_OBJECT: u64 = 2 << 30;

/// What can be opened again, as it was.
#[derive(Debug, Clone)]
pub(super) enum Origin {
    /// A file.
    File { base: PathBuf, path: String, length: u64, modified: Option<SystemTime> },
    /// What standard input gave.
    Spooled(Spooled),
}

impl Origin {
    /// Opens it once more; refuses a file that was changed.
    pub(super) fn open_again(&self) -> Result<Input, TraceError> {
        match self {
            Self::Spooled(spooled) => Input::of_spooled(spooled),
            Self::File { base, path, length, modified } => {
                let input = Input::open(base, path)?;
                match &input.origin {
                    Self::File { length: l, modified: m, .. } if (l, m) == (length, modified) => {
                        Ok(input)
                    }
                    Self::File { .. } | Self::Spooled(_) => Err(self.changed()),
                }
            }
        }
    }

    /// The folder its path starts from.
    pub(super) fn base(&self) -> PathBuf {
        match self {
            Self::File { base, .. } => base.clone(),
            Self::Spooled(_) => PathBuf::new(),
        }
    }

    /// The path of a file beside it whose name has one text where its own has another, if there is one.
    pub(super) fn beside(&self, names: [(&str, &str); 2]) -> Option<String> {
        let Self::File { base, path, .. } = self else { return None };
        let (folder, name) = path
            .rsplit_once('/')
            .map_or(("", path.as_str()), |(folder, name)| (&path[..=folder.len()], name));
        let other = names.iter().find(|(own, _)| name.contains(own));
        let other = other.map(|(own, other)| format!("{folder}{}", name.replace(own, other)))?;
        base.join(&other).is_file().then_some(other)
    }

    /// The file is not what it was.
    pub(super) fn changed(&self) -> TraceError {
        let path = match self {
            Self::File { path, .. } => path,
            Self::Spooled(_) => STANDARD_INPUT,
        };
        let message = format!("`{path}` was changed while it was being read");
        TraceError::file(message, "run it again, and leave the file alone meanwhile")
    }
}

/// What standard input is called in messages.
const STANDARD_INPUT: &str = "standard input";

/// An open trace.
pub(crate) struct Input {
    /// As written by the user.
    pub(super) path: String,
    pub(super) origin: Origin,
    /// The beginning of the text, without byte order mark.
    pub(super) head: Vec<u8>,
    rest: Box<dyn Read + Send>,
    raw: Tap,
    /// The file, where it is Parquet; its beginning is then that of a table with the same rows.
    #[cfg(feature = "parquet")]
    pub(super) parquet: Option<Spooled>,
}

impl Input {
    /// Opens `path`, relative to `base`; `-` is what the options have of standard input.
    pub(super) fn of(base: &Path, path: &str, options: &Options) -> Result<Self, TraceError> {
        match (path, &options.standard_input) {
            ("-", Some(spooled)) => Self::of_spooled(spooled),
            ("-", None) => Err(TraceError::file(
                format!(
                    "{STANDARD_INPUT} is not there: it can be read once, by a command with --trace -"
                ),
                "save it to a file, and give that: --trace FILE",
            )),
            (path, _) => Self::open(base, path),
        }
    }

    fn of_spooled(spooled: &Spooled) -> Result<Self, TraceError> {
        Self::unpacked(spooled.reader(), Origin::Spooled(spooled.clone()), STANDARD_INPUT)
    }

    /// Opens `path`, relative to `base`.
    pub(super) fn open(base: &Path, path: &str) -> Result<Self, TraceError> {
        let failed = |error: &io::Error| {
            let from = match base.as_os_str().is_empty() {
                true => "the current folder".to_owned(),
                false => format!("`{}`", base.display()),
            };
            let hint = if error.kind() == io::ErrorKind::NotFound {
                format!("paths start from {from}; `autosim trace generate` writes a trace")
            } else {
                "the file must be readable".to_owned()
            };
            TraceError::file(format!("cannot read `{path}`: {error}"), hint)
        };
        let file = File::open(base.join(path)).map_err(|error| failed(&error))?;
        let data = file.metadata().map_err(|error| failed(&error))?;
        if data.is_dir() {
            return Err(TraceError::file(format!("`{path}` is a folder"), "name a file in it"));
        }
        let origin = Origin::File {
            base: base.to_owned(),
            path: path.to_owned(),
            length: data.len(),
            modified: data.modified().ok(),
        };
        Self::unpacked(file, origin, path)
    }

    /// The text of raw bytes, its beginning read; `path` is what it is called.
    fn unpacked(
        raw: impl Read + Send + 'static,
        origin: Origin,
        path: &str,
    ) -> Result<Self, TraceError> {
        let raw: Box<dyn Read + Send> = Box::new(raw);
        let raw = Tap { file: Arc::new(Mutex::new((BufReader::new(raw), Sha256::new()))) };
        let mut text = unpack(raw.clone(), path)?;
        let mut head = Vec::new();
        text.by_ref().take(HEAD).read_to_end(&mut head).map_err(|error| {
            let hint =
                if error.kind() == DAMAGED { COPY_AGAIN } else { "the file must be readable" };
            TraceError::file(format!("cannot read `{path}`: {error}"), hint)
        })?;
        if head.starts_with(b"\xef\xbb\xbf") {
            head.drain(..3);
        }
        refuse_empty(&head, path)?;
        let input = Self {
            path: path.to_owned(),
            origin,
            head,
            rest: text,
            raw,
            #[cfg(feature = "parquet")]
            parquet: None,
        };
        #[cfg(feature = "parquet")]
        if input.head.starts_with(PARQUET) {
            return input.into_parquet();
        }
        Ok(input)
    }

    /// A file of Parquet: its beginning becomes text, the rest is for those who read rows.
    #[cfg(feature = "parquet")]
    fn into_parquet(self) -> Result<Self, TraceError> {
        let file = match &self.origin {
            Origin::Spooled(file) => Ok(file.clone()),
            Origin::File { base, path, .. } => File::open(base.join(path)).map(Spooled::over),
        };
        let file = file.map_err(|error| {
            let message = format!("cannot read `{}`: {error}", self.path);
            TraceError::file(message, "the file must be readable")
        })?;
        let head = super::records::parquet_head(&file, &self.path)?;
        let text = io::Error::other("it is Parquet, which only formats of tables are read from");
        Ok(Self { head, rest: Box::new(Failing(Some(text))), parquet: Some(file), ..self })
    }

    /// The whole text.
    pub(super) fn into_reader(self) -> (impl Read + Send, Fingerprint) {
        (Cursor::new(self.head).chain(self.rest), Fingerprint(self.raw))
    }

    /// The beginning of the text.
    pub(super) fn head_text(&self) -> String {
        String::from_utf8_lossy(&self.head).into_owned()
    }

    /// Refuses what is no text, for whoever reads text.
    pub(super) fn refuse_binary(&self) -> Result<(), TraceError> {
        if self.head.starts_with(b"\xff\xfe") || self.head.starts_with(b"\xfe\xff") {
            let message = format!("`{}` is text in UTF-16", self.path);
            return Err(TraceError::file(
                message,
                "iconv -f UTF-16 -t UTF-8 FILE > FILE.utf8 makes what is read",
            ));
        }
        if self.head.contains(&0) {
            let message = format!("`{}` is not text", self.path);
            let hint = "a trace is CSV text, JSON or a log, plain or packed as gz or zst, or a binary log of the World Cup \
                        of 1998";
            return Err(TraceError::file(message, hint));
        }
        Ok(())
    }

    /// The whole text at once, for what is one object, and its SHA-256.
    pub(super) fn into_text(self) -> Result<(String, String), TraceError> {
        let path = self.path.clone();
        let (text, fingerprint) = self.into_reader();
        let failed = |error: io::Error| {
            TraceError::file(
                format!("cannot read `{path}`: {error}"),
                "it must be whole, and UTF-8",
            )
        };
        let mut whole = String::new();
        text.take(LONGEST_OBJECT + 1).read_to_string(&mut whole).map_err(failed)?;
        if whole.len() as u64 > LONGEST_OBJECT {
            let message = format!("`{path}` is one object of more than {LONGEST_OBJECT} bytes");
            return Err(TraceError::file(message, "export a shorter range, or fewer series"));
        }
        let sha256 = fingerprint.finish().map_err(failed)?;
        Ok((whole, sha256))
    }

    /// The first lines of the text that fit its beginning.
    pub(super) fn first_lines(&self) -> Vec<String> {
        let text = String::from_utf8_lossy(&self.head);
        text.lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .take(HEAD_LINES)
            .map(str::to_owned)
            .collect()
    }
}

/// How a file of Parquet begins.
#[cfg(feature = "parquet")]
const PARQUET: &[u8] = b"PAR1";

/// What is not to be read.
#[cfg(feature = "parquet")]
struct Failing(Option<io::Error>);

#[cfg(feature = "parquet")]
impl Read for Failing {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

/// The hash of a file, once its text is read.
pub(super) struct Fingerprint(Tap);

impl Fingerprint {
    /// SHA-256 of the file's bytes in hex; reads what is left of them.
    pub(super) fn finish(mut self) -> io::Result<String> {
        io::copy(&mut self.0, &mut io::sink())?;
        let hash = self.0.locked(|state| state.1.clone().finalize());
        Ok(hash.iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

/// The file's own bytes, hashed as they pass.
#[derive(Clone)]
struct Tap {
    file: Arc<Mutex<Hashed>>,
}

/// Bytes, and the hash of those that were read.
type Hashed = (BufReader<Box<dyn Read + Send>>, Sha256);

impl Tap {
    fn locked<T>(&self, act: impl FnOnce(&mut Hashed) -> T) -> T {
        act(&mut self.file.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Read for Tap {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.locked(|(file, hash)| {
            let count = file.read(buffer)?;
            hash.update(&buffer[..count]);
            Ok(count)
        })
    }
}

/// The kind of error of packed data that cannot be unpacked.
const DAMAGED: io::ErrorKind = io::ErrorKind::InvalidData;
const COPY_AGAIN: &str =
    "copy or download the file again; `gzip -t FILE` or `zstd -t FILE` tells whether it is whole";

/// Packed text, which says so where it is damaged.
struct Packed<R> {
    what: &'static str,
    text: R,
}

impl<R: Read> Read for Packed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.text.read(buffer).map_err(|error| {
            let message = format!("it is damaged or cut short ({}: {error})", self.what);
            io::Error::new(DAMAGED, message)
        })
    }
}

/// A text that may be packed as gz or zst, told by its first bytes; `path` is what it is called.
pub fn unpacked(bytes: Vec<u8>, path: &str) -> Result<Vec<u8>, TraceError> {
    let mut text = Vec::new();
    unpack(Cursor::new(bytes), path)?.read_to_end(&mut text).map_err(|error| {
        TraceError::file(format!("cannot unpack `{path}`: {error}"), COPY_AGAIN)
    })?;
    Ok(text)
}

fn unpack(
    mut raw: impl Read + Send + 'static,
    path: &str,
) -> Result<Box<dyn Read + Send>, TraceError> {
    let failed = |error: io::Error| {
        TraceError::file(format!("cannot read `{path}`: {error}"), "the file must be readable")
    };
    let mut magic = Vec::new();
    raw.by_ref().take(6).read_to_end(&mut magic).map_err(failed)?;
    let unpackable = |what: &str, command: &str| {
        let hint = format!("unpack it first: {command}; gz and zst are read as they are");
        Err(TraceError::file(format!("`{path}` is {what}"), hint))
    };
    let whole = Cursor::new(magic.clone()).chain(raw);
    match magic.as_slice() {
        [0x1f, 0x8b, ..] => {
            Ok(Box::new(Packed { what: "gz", text: flate2::read::MultiGzDecoder::new(whole) }))
        }
        [0x28, 0xb5, 0x2f, 0xfd, ..] => {
            let text = zstd::stream::read::Decoder::new(whole).map_err(failed)?;
            Ok(Box::new(Packed { what: "zst", text }))
        }
        [b'B', b'Z', b'h', ..] => unpackable("packed with bzip2", "bunzip2 FILE"),
        [0xfd, b'7', b'z', b'X', b'Z', ..] => unpackable("packed with xz", "unxz FILE"),
        [b'P', b'K', 3, 4, ..] => unpackable("a zip archive", "unzip FILE"),
        [b'R', b'a', b'r', b'!', ..] => unpackable("a rar archive", "unrar x FILE"),
        #[cfg(not(feature = "parquet"))]
        [b'P', b'A', b'R', b'1', ..] => Err(TraceError::file(
            format!(
                "`{path}` is a Parquet file, and this autosim was built without its feature `parquet`"
            ),
            "cargo build --release --features parquet builds one that reads it; or export the file as CSV",
        )),
        _ => Ok(Box::new(whole)),
    }
}

fn refuse_empty(head: &[u8], path: &str) -> Result<(), TraceError> {
    if head.iter().all(u8::is_ascii_whitespace) {
        let message = format!("`{path}` is empty");
        return Err(TraceError::file(message, "a trace has a header and at least one row"));
    }
    Ok(())
}
