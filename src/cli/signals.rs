//! Requests to stop: Ctrl-C, `kill`, a closed terminal.

use super::exit::Exit;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

#[cfg(unix)]
const REQUESTS: [i32; 3] = [SIGINT, SIGTERM, signal_hook::consts::SIGHUP];
#[cfg(not(unix))]
const REQUESTS: [i32; 2] = [SIGINT, SIGTERM];

/// Sets `cancel` when the process is asked to stop. Ctrl-C after that ends it at once; the others do not,
/// for a closed terminal may send several.
pub(super) fn stop_when_asked(cancel: &Arc<AtomicBool>) {
    let ignored = ignored();
    let heeded = |signal: i32| (ignored >> (signal - 1)) & 1 == 0;
    // Where signals cannot be had the run is not harmed.
    if heeded(SIGINT) {
        let status = i32::from(Exit::Interrupted as u8);
        let _ = flag::register_conditional_shutdown(SIGINT, status, Arc::clone(cancel));
    }
    for signal in REQUESTS.into_iter().filter(|&signal| heeded(signal)) {
        let _ = flag::register(signal, Arc::clone(cancel));
    }
}

/// What whoever started this process told it to ignore, signal 1 lowest: `nohup` a closed terminal, for
/// example. Nothing where the system does not say.
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}
