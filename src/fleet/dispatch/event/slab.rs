//! The slab of requests in service, a leaf of the winner tree each: wide enough, and not much wider.

use super::clients::{NOBODY, Whereabouts};
use super::{EventPlane, Serving};

/// A slab with this many times more places than requests is narrowed.
const SPARSE: usize = 8;
/// One of so few places is not.
const SMALL: usize = 16;

impl EventPlane {
    /// A new place for a request in service.
    pub(super) fn widen_slab(&mut self) -> usize {
        let at = self.serving.len();
        self.serving.push(Serving {
            arrival: 0,
            start: 0,
            slot: 0,
            client: NOBODY,
            replica: None,
            cold: false,
            class: 0,
        });
        // The list of unused places never outgrows the slab, so it need never grow by itself.
        self.serving_unused.reserve(self.serving.len());
        if at >= self.ends.width() {
            let ends: Vec<u64> = (0..at).map(|leaf| self.ends.get(leaf)).collect();
            self.ends.refill(at + 1, ends.into_iter());
        }
        at
    }

    /// After a rush the few that are left lie far apart, in a deep tree: moves them together, in their order.
    pub(super) fn narrow_slab(&mut self) {
        let places = self.serving.len();
        if places <= SMALL || self.gauges.in_flight as usize * SPARSE > places {
            return;
        }
        let mut ends = Vec::new();
        for at in 0..places {
            let serving = self.serving[at];
            if serving.replica.is_some() {
                self.note_place(serving.client, Whereabouts::Serving(ends.len() as u32));
                self.serving[ends.len()] = serving;
                self.move_held(at, ends.len());
                ends.push(self.ends.get(at));
            }
        }
        self.serving.truncate(ends.len());
        self.serving_unused.clear();
        self.ends.narrow(ends.len(), ends.into_iter());
    }
}
