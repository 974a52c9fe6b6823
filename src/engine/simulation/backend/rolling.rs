//! What a service does in a rollout; which batch is next is said by
//! [`RolloutState`](crate::simulation::rollout::RolloutState).

use super::Backend;
use crate::fleet::OrderedBy;
use crate::units::Time;

impl<const OBSERVED: bool> Backend<'_, OBSERVED> {
    /// Whether a rollout waits for replicas to be ready.
    pub(in crate::simulation) const fn is_rolling(&self) -> bool {
        self.rollout.is_running()
    }

    /// A rollout begins. Replicas still starting are of the old version: they are ordered anew at once.
    pub(in crate::simulation) fn begin_rollout(&mut self, now: Time, number: u32) {
        let Some(&rollout) = self.fleet.spec().rollouts.get(number as usize) else { return };
        let live = self.fleet.census().live();
        let starting = self.fleet.starting_victims(live);
        self.cancel(now, &starting);
        let old = self.fleet.ready().into_iter().map(|id| self.fleet.ordinal(id)).collect();
        self.rollout.begin(rollout, live, old);
        self.roll(now);
        for _ in &starting {
            self.launch_for_rollout(now);
        }
    }

    /// The batches of a rollout that may go now.
    pub(in crate::simulation) fn roll(&mut self, now: Time) {
        while let Some(batch) =
            self.rollout.next(&self.fleet, self.desired, |id| self.plane.load(now, id))
        {
            self.drain(now, &batch.leaving);
            for _ in 0..batch.coming {
                self.launch_for_rollout(now);
            }
        }
    }

    fn launch_for_rollout(&mut self, now: Time) {
        if let Some(id) = self.launch(now, OrderedBy::Rollout) {
            self.rollout.wait_for(id, self.fleet.ordinal(id));
        }
    }
}
