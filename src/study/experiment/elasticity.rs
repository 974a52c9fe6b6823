//! Need against ready replicas over the measured window.

use super::survey::INTERVAL;
use autosim_engine::simulation::Window;
use autosim_engine::stats::{Piece, Track};
use autosim_engine::units::Time;

/// The need of each interval from the start beside the ready replicas of one cell, which hold from each
/// listed instant on.
pub(super) fn track(window: Window, need: &[u32], ready: &[(Time, u32)]) -> Track {
    let mut track = Track::default();
    let (mut next, mut supply) = (0, 0);
    for (index, &need) in (0_u64..).zip(need) {
        let begins = Time(index * INTERVAL.0);
        let (from, to) = (begins.max(window.warmup), (begins + INTERVAL).min(window.end));
        let mut at = from;
        while let Some(&(change, count)) = ready.get(next)
            && change < to
        {
            piece(&mut track, at, change, need, supply);
            at = at.max(change);
            supply = count;
            next += 1;
        }
        piece(&mut track, at, to, need, supply);
        if from < to {
            track.grid.push((f64::from(need), f64::from(supply)));
        }
    }
    track
}

/// Adds the time between two instants, if there is any.
fn piece(track: &mut Track, from: Time, to: Time, need: u32, ready: u32) {
    if from < to {
        let length = (to - from).as_secs_f64();
        let (demand, supply) = (f64::from(need), f64::from(ready));
        track.pieces.push(Piece { length, demand, supply });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use autosim_engine::units::Span;

    #[test]
    fn pieces_are_cut_at_both_kinds_of_change_and_clipped_to_the_window() {
        let window = Window {
            warmup: Time::from_secs(5),
            end: Time::from_secs(25),
            drain_limit: Span::from_secs(100),
        };
        let ready = [(0, 1), (3, 2), (5, 3), (12, 4), (24, 9), (30, 7)];
        let ready = ready.map(|(at, count)| (Time::from_secs(at), count));
        let track = track(window, &[2, 5, 1], &ready);
        let pieces: Vec<(f64, f64, f64)> =
            track.pieces.iter().map(|p| (p.length, p.demand, p.supply)).collect();
        let expected =
            [(5.0, 2.0, 3.0), (2.0, 5.0, 3.0), (8.0, 5.0, 4.0), (4.0, 1.0, 4.0), (1.0, 1.0, 9.0)];
        assert_eq!(pieces, expected);
        assert_eq!(track.grid, [(2.0, 3.0), (5.0, 4.0), (1.0, 9.0)]);
    }
}
