//! Files of traces, written: whole or not at all, packed as they are called, as tables or lines of JSON.

#[cfg(feature = "parquet")]
use super::columnar::ColumnarWriter;
use crate::workload::trace::GenerateError;
use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::fmt;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Writes a file to `path`: whole or not at all, packed as its ending says (`.gz`, `.zst`). What a killed process left
/// beside it goes.
pub(super) fn whole<T>(
    path: &Path,
    write: impl FnOnce(&mut (dyn Write + Send)) -> Result<T, Stopped>,
) -> Result<T, GenerateError> {
    let failed = |source| GenerateError::Write { path: path.to_owned(), source };
    let (file, target) = beside(path).map_err(failed)?;
    let mut packed = Packed::new(file, path).map_err(failed)?;
    let done = write(&mut packed).map_err(|stopped| match stopped {
        Stopped::Failed(source) => failed(source),
        Stopped::Because(error) => error,
    })?;
    let file = packed.finish().map_err(failed)?;
    file.persist(target).map_err(|error| failed(error.error))?;
    Ok(done)
}

/// Writes bytes to `path`: whole or not at all, packed as its ending says (`.gz`, `.zst`).
///
/// # Errors
/// The file cannot be written; what was at its path is as it was.
pub fn write_packed(path: &Path, bytes: &[u8]) -> Result<(), GenerateError> {
    whole(path, |file| Ok(file.write_all(bytes)?))
}

/// Writes bytes as they are to `path`: whole or not at all.
///
/// # Errors
/// The file cannot be written; what was at its path is as it was.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let (mut file, target) = beside(path)?;
    file.write_all(bytes)?;
    file.persist(target).map(drop).map_err(|error| error.error)
}

/// A file that is still to get its name, and that name; what killed processes left beside it goes.
fn beside(path: &Path) -> io::Result<(tempfile::NamedTempFile, PathBuf)> {
    let target = replaceable(path)?;
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    sweep(folder);
    Ok((temporary(folder)?, target))
}

/// The file that is replaced, where there is one: behind a link the one that it leads to. A rename would take the place
/// of anything, of a device or a pipe too.
fn replaceable(path: &Path) -> io::Result<PathBuf> {
    let refused = |why: &str| Err(io::Error::new(io::ErrorKind::InvalidInput, why));
    match path.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(path.to_owned()),
        Err(error) => return Err(error),
        Ok(data) if data.is_file() => return Ok(path.to_owned()),
        Ok(_) => {}
    }
    match path.canonicalize() {
        Ok(target) if target.is_file() => Ok(target),
        Ok(target) if target.is_dir() => refused("it is a folder: name a file in it"),
        Ok(_) => refused("it is no file, and nothing else is replaced: name a file"),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            refused("it is a link that leads nowhere: name the file itself")
        }
        Err(error) => Err(error),
    }
}

/// Why a file is not written to its end.
pub(super) enum Stopped {
    Failed(io::Error),
    Because(GenerateError),
}

impl From<io::Error> for Stopped {
    fn from(error: io::Error) -> Self {
        Self::Failed(error)
    }
}

/// How the rows of a file are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FileForm {
    /// Comma-separated values with a header.
    Csv,
    /// A line of JSON each.
    Json,
    /// Columns of a Parquet file.
    Parquet,
}

impl FileForm {
    /// As the ending of a file's name says, without that of its packing; `None` where it says nothing.
    pub(super) fn of(path: &Path) -> Result<Option<Self>, GenerateError> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        let bare = name.strip_suffix(".gz").or(name.strip_suffix(".zst")).unwrap_or(&name);
        Ok(match bare.rsplit_once('.').map(|(_, ending)| ending) {
            Some("csv") => Some(Self::Csv),
            Some("jsonl" | "ndjson" | "json") => Some(Self::Json),
            Some("parquet") if bare != name => {
                return Err(GenerateError::PackedParquet(path.to_owned()));
            }
            Some("parquet") if cfg!(not(feature = "parquet")) => {
                return Err(GenerateError::NoParquet(path.to_owned()));
            }
            Some("parquet") => Some(Self::Parquet),
            _ => None,
        })
    }
}

/// The columns of a file: its times, and what stands beside them.
#[derive(Debug, Clone)]
pub(super) struct Columns {
    pub(super) file: FileForm,
    /// Of a recording with dates: the instant of its nanosecond zero, and where its clock is.
    pub(super) dated: Option<(i64, TimeZone)>,
    /// The column beside the times.
    pub(super) value: Option<&'static str>,
}

impl Columns {
    const fn time(&self) -> &'static str {
        if self.dated.is_some() { "time" } else { "time_s" }
    }

    /// A writer of rows, its header written.
    pub(super) fn writer<'a>(
        &'a self,
        out: &'a mut (dyn Write + Send),
    ) -> io::Result<RowWriter<'a>> {
        let columns = self;
        match (self.file, self.value) {
            #[cfg(feature = "parquet")]
            (FileForm::Parquet, _) => {
                let writer = ColumnarWriter::new(out, self)?;
                return Ok(RowWriter::Columnar(Box::new(writer)));
            }
            #[cfg(not(feature = "parquet"))]
            (FileForm::Parquet, _) => return Err(io::ErrorKind::Unsupported.into()),
            (FileForm::Json, _) => {}
            (FileForm::Csv, Some(value)) => writeln!(out, "{},{value}", self.time())?,
            (FileForm::Csv, None) => writeln!(out, "{}", self.time())?,
        }
        Ok(RowWriter::Text { columns, out })
    }

    fn row(&self, out: &mut dyn Write, at: u64, value: Value) -> io::Result<()> {
        let time = match &self.dated {
            Some((zero, zone)) => stamp(zero.saturating_add_unsigned(at), zone),
            None => seconds(at),
        };
        let quote = if self.dated.is_some() { "\"" } else { "" };
        let name = self.time();
        match (self.file, self.value) {
            (FileForm::Json, Some(column)) => {
                writeln!(out, "{{\"{name}\":{quote}{time}{quote},\"{column}\":{value}}}")
            }
            (FileForm::Json, None) => writeln!(out, "{{\"{name}\":{quote}{time}{quote}}}"),
            (FileForm::Csv | FileForm::Parquet, Some(_)) => writeln!(out, "{time},{value}"),
            (FileForm::Csv | FileForm::Parquet, None) => writeln!(out, "{time}"),
        }
    }
}

/// What stands beside a time.
#[derive(Debug, Clone, Copy)]
pub(super) enum Value {
    /// A length in nanoseconds, written in seconds.
    Length(u64),
    Count(f64),
    None,
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length(ns) => f.write_str(&seconds(*ns)),
            Self::Count(count) => count.fmt(f),
            Self::None => Ok(()),
        }
    }
}

/// Writes rows.
pub(super) enum RowWriter<'a> {
    Text {
        columns: &'a Columns,
        out: &'a mut (dyn Write + Send),
    },
    #[cfg(feature = "parquet")]
    Columnar(Box<ColumnarWriter<'a>>),
}

impl RowWriter<'_> {
    /// A row at a nanosecond.
    pub(super) fn row(&mut self, at: u64, value: Value) -> io::Result<()> {
        match self {
            Self::Text { columns, out } => columns.row(out, at, value),
            #[cfg(feature = "parquet")]
            Self::Columnar(writer) => writer.row(at, value),
        }
    }

    /// After the last row.
    pub(super) fn finish(self) -> io::Result<()> {
        match self {
            Self::Text { .. } => Ok(()),
            #[cfg(feature = "parquet")]
            Self::Columnar(writer) => writer.finish(),
        }
    }
}

/// An instant as RFC 3339 has it, to the nanosecond.
fn stamp(at: i64, zone: &TimeZone) -> String {
    let Ok(at) = Timestamp::from_nanosecond(i128::from(at)) else {
        return seconds(at.unsigned_abs());
    };
    if *zone == TimeZone::UTC {
        return at.to_string();
    }
    at.to_zoned(zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%.f%:z").to_string()
}

/// Seconds with as many digits as the nanoseconds need.
pub(super) fn seconds(ns: u64) -> String {
    let text = format!("{}.{:09}", ns / 1_000_000_000, ns % 1_000_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn temporary(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    // Readable by others, as any file the user writes: a temporary file is not by default.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
    let file = builder.prefix(UNFINISHED).tempfile_in(folder)?;
    // Where the file system knows no locks, what a killed process leaves stays.
    let _ = file.as_file().try_lock();
    Ok(file)
}

/// How a file begins that is still written.
const UNFINISHED: &str = ".autosim-trace-";
/// A file with nothing in it may be about to be locked by who made it; not for so long.
const NEWBORN: Duration = Duration::from_secs(60);

/// Removes what killed processes left: who still writes holds a lock. Best effort, as nothing depends on it.
fn sweep(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if !entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
            continue;
        }
        let Ok(file) = File::open(entry.path()) else { continue };
        let age = file.metadata().and_then(|data| data.modified()).map(|at| at.elapsed());
        let is_old = age.is_ok_and(|age| age.is_ok_and(|age| age > NEWBORN));
        let is_begun = file.metadata().is_ok_and(|data| data.len() > 0);
        if (is_begun || is_old) && file.try_lock().is_ok() {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

type Sink = BufWriter<tempfile::NamedTempFile>;

/// A file, packed or not.
enum Packed {
    Plain(Sink),
    Gz(GzEncoder<Sink>),
    Zst(zstd::stream::write::Encoder<'static, Sink>),
}

impl Packed {
    fn new(file: tempfile::NamedTempFile, path: &Path) -> io::Result<Self> {
        let sink = BufWriter::with_capacity(1 << 16, file);
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase());
        Ok(match ending.as_deref() {
            Some("gz") => Self::Gz(GzEncoder::new(sink, Compression::default())),
            Some("zst") => Self::Zst(zstd::stream::write::Encoder::new(sink, 0)?),
            _ => Self::Plain(sink),
        })
    }

    fn finish(self) -> io::Result<tempfile::NamedTempFile> {
        let sink = match self {
            Self::Plain(sink) => sink,
            Self::Gz(encoder) => encoder.finish()?,
            Self::Zst(encoder) => encoder.finish()?,
        };
        let file = sink.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.as_file().sync_all()?;
        Ok(file)
    }
}

impl Write for Packed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(sink) => sink.write(bytes),
            Self::Gz(encoder) => encoder.write(bytes),
            Self::Zst(encoder) => encoder.write(bytes),
        }
    }
    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(sink) => sink.flush(),
            Self::Gz(encoder) => encoder.flush(),
            Self::Zst(encoder) => encoder.flush(),
        }
    }
}

#[cfg(test)]
mod tests {
    #[cfg(unix)]
    #[test]
    fn only_files_are_replaced_and_behind_a_link_the_one_it_leads_to() {
        use super::*;
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("file"), "before").unwrap();
        std::os::unix::fs::symlink("file", at("link")).unwrap();
        std::os::unix::fs::symlink("nowhere", at("loose")).unwrap();
        std::fs::create_dir(at("folder")).unwrap();
        let pipe = std::os::unix::net::UnixListener::bind(at("pipe")).unwrap();
        for write in
            [write_whole as fn(&Path, &[u8]) -> io::Result<()>, |path: &Path, bytes: &[u8]| {
                write_packed(path, bytes).map_err(|error| io::Error::other(error.to_string()))
            }]
        {
            for name in ["link", "new"] {
                write(&at(name), name.as_bytes()).unwrap();
            }
            assert!(at("link").is_symlink());
            assert_eq!(std::fs::read_to_string(at("file")).unwrap(), "link");
            assert_eq!(std::fs::read_to_string(at("new")).unwrap(), "new");
            for (name, why) in [
                ("pipe", "it is no file, and nothing else is replaced: name a file"),
                ("folder", "it is a folder: name a file in it"),
                ("loose", "it is a link that leads nowhere"),
            ] {
                let refused = write(&at(name), b"x").unwrap_err().to_string();
                assert!(refused.contains(why), "{name}: {refused}");
                assert!(!at(name).symlink_metadata().unwrap().is_file(), "{name}");
            }
        }
        drop(pipe);
    }
}
