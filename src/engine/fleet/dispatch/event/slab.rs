//! The slab of requests in service, a leaf of the winner tree each.

use super::clients::NOBODY;
use super::{EventPlane, Serving};

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
            by_proxy: false,
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
}
