//! What a run took: elapsed time, processor time, peak memory. Goes to standard error only.

use autosim_engine::units::{Span, plural};
use autosim_study::experiment::Estimate;
use std::time::Instant;

/// Measures from its making.
#[derive(Debug)]
pub(super) struct Effort {
    since: Instant,
    cpu_before_s: Option<f64>,
}

impl Effort {
    /// Starts the watch.
    pub(super) fn start() -> Self {
        Self { since: Instant::now(), cpu_before_s: cpu_seconds() }
    }

    /// One line about `requests` simulated so far.
    pub(super) fn line(&self, requests: u64) -> String {
        let elapsed = self.since.elapsed().as_secs_f64();
        let elapsed = Span::from_secs_f64(elapsed).told();
        let mut line = format!("{} simulated in {elapsed}", plural(requests, "request"));
        if let (Some(before), Some(now)) = (self.cpu_before_s, cpu_seconds()) {
            let cpu = now - before;
            line += &format!(", {cpu:.2} CPU seconds");
            // Ticks of 10 ms: below a tenth of a second the quotient is noise.
            if cpu >= 0.1 {
                let speed = requests as f64 / cpu;
                line += &format!(", {} per CPU-second", plural(speed as u64, "request"));
            }
        }
        if let Some(peak) = peak_memory_mib() {
            line += &format!(", peak memory {peak} MiB");
        }
        line
    }
}

/// What a run is expected to take, in a line.
pub(super) fn takes(estimate: &Estimate) -> String {
    let Estimate { cells, requests, elapsed_s, memory_bytes } = *estimate;
    format!(
        "about {} in {}: {} and {:.0} MiB, roughly",
        plural(requests.round() as u64, "request"),
        plural(cells as u64, "cell"),
        duration(elapsed_s),
        memory_bytes / f64::from(1 << 20),
    )
}

/// So many seconds as nobody would count them exactly.
pub(super) fn duration(seconds: f64) -> String {
    const UNITS: [(f64, &str); 4] =
        [(86_400.0, "days"), (3600.0, "hours"), (60.0, "minutes"), (1.0, "seconds")];
    let unit = UNITS.iter().find(|(unit, _)| seconds >= 2.0 * unit);
    unit.map_or("a second".into(), |(unit, name)| format!("{} {name}", (seconds / unit).round()))
}

/// Processor time of this process, all threads, user and system; `None` where the system does not say.
fn cpu_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The command's name may hold anything, so the fields are counted from its closing bracket: user
    // and system time are the 12th and 13th after it, in ticks of 1/100 s on every Linux port.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some((user + system) as f64 / 100.0)
}

/// The most memory this process ever held.
fn peak_memory_mib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib.div_ceil(1024))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_estimate_is_said_in_round_numbers() {
        for (seconds, text) in [
            (0.02, "a second"),
            (1.9, "a second"),
            (2.4, "2 seconds"),
            (119.0, "119 seconds"),
            (150.0, "3 minutes"),
            (9000.0, "3 hours"),
            (200_000.0, "2 days"),
        ] {
            assert_eq!(duration(seconds), text);
        }
        let estimate = Estimate { cells: 10, requests: 36e7, elapsed_s: 28.0, memory_bytes: 32e6 };
        assert_eq!(
            takes(&estimate),
            "about 360 000 000 requests in 10 cells: 28 seconds and 31 MiB, roughly"
        );
    }

    #[test]
    fn the_line_names_requests() {
        let line = Effort::start().line(1500);
        assert!(line.starts_with("1500 requests simulated in "), "{line}");
    }
}
