//! The binary log of the World Cup of 1998: twenty bytes a request, numbers with their first byte first (tools of the
//! Internet Traffic Archive).

use super::broken;
use crate::workload::trace::failure::TraceError;
use std::fmt::Write as _;
use std::io::{BufReader, ErrorKind, Read};

/// The fields that are read.
pub(super) const NAMES: [&str; 4] = ["time", "client", "object", "bytes"];
const RECORD: usize = 20;
/// From 26 April to 27 July 1998, in seconds since 1970.
const SECONDS: std::ops::Range<u32> = 893_548_800..901_584_000;

/// Its records.
pub(super) struct WorldCupRows {
    bytes: BufReader<Box<dyn Read + Send>>,
    number: u64,
    /// The numbers of a record, as texts.
    fields: [String; NAMES.len()],
}

fn number(record: &[u8], index: usize) -> u32 {
    record[index * 4..].iter().take(4).fold(0, |sum, byte| (sum << 8) | u32::from(*byte))
}

/// True for a file that begins with records of those months, in order of time.
pub(crate) fn is_world_cup(head: &[u8]) -> bool {
    let times: Vec<u32> =
        head.chunks_exact(RECORD).take(50).map(|record| number(record, 0)).collect();
    !times.is_empty() && times.is_sorted() && times.iter().all(|time| SECONDS.contains(time))
}

impl WorldCupRows {
    pub(super) fn new(bytes: Box<dyn Read + Send>) -> Self {
        let bytes = BufReader::with_capacity(1 << 16, bytes);
        Self { bytes, number: 0, fields: Default::default() }
    }

    /// Moves to the next record; `false` after the last.
    pub(super) fn next(&mut self, path: &str) -> Result<bool, TraceError> {
        let mut record = [0; RECORD];
        self.number += 1;
        let mut read = 0;
        while read < RECORD {
            match self.bytes.read(&mut record[read..]) {
                Ok(0) if read == 0 => return Ok(false),
                Ok(0) => {
                    let message = format!("{path}: record {} is cut short", self.number);
                    return Err(TraceError::file(
                        message,
                        "a record has 20 bytes: copy the file again",
                    ));
                }
                Ok(count) => read += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(broken(path, self.number, &error)),
            }
        }
        for (index, field) in self.fields.iter_mut().enumerate() {
            field.clear();
            // Writing to a string cannot fail.
            let _ = write!(field, "{}", number(&record, index));
        }
        Ok(true)
    }

    /// Number of the record.
    pub(super) fn line(&self) -> u64 {
        self.number
    }

    /// A number of the record.
    pub(super) fn field(&self, index: usize) -> Option<&str> {
        self.fields.get(index).map(String::as_str)
    }
}
