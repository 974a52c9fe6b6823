//! What a service does in a rollout; which batch is next is said by [`super::Rollout`].

use super::{Change, Service};
use crate::fleet::OrderedBy;
use crate::fleet::dispatch::Sink;
use crate::units::Time;

impl Service {
    /// When its rollouts begin.
    pub(in crate::simulation) fn rollouts(&self) -> Vec<Time> {
        self.fleet.spec().rollouts.iter().map(|rollout| rollout.at).collect()
    }

    /// Whether a rollout waits for replicas to be ready.
    pub(in crate::simulation) const fn is_rolling(&self) -> bool {
        self.rollout.is_running()
    }

    /// A rollout begins. Replicas still starting are of the old version: they are ordered anew at once.
    pub(in crate::simulation) fn begin_rollout(
        &mut self,
        now: Time,
        number: u32,
        changes: &mut Vec<Change>,
        observer: &mut impl Sink,
    ) {
        let Some(&rollout) = self.fleet.spec().rollouts.get(number as usize) else { return };
        let live = self.fleet.census().live();
        let starting = self.fleet.starting_victims(live);
        self.cancel(now, &starting);
        let old = self.fleet.ready().into_iter().map(|id| self.fleet.ordinal(id)).collect();
        self.rollout.begin(rollout, live, old);
        self.roll(now, changes, observer);
        for _ in &starting {
            self.launch_for_rollout(now, changes, observer);
        }
    }

    /// The batches of a rollout that may go now.
    pub(in crate::simulation) fn roll(
        &mut self,
        now: Time,
        changes: &mut Vec<Change>,
        observer: &mut impl Sink,
    ) {
        while let Some(batch) =
            self.rollout.next(&self.fleet, self.desired, |id| self.plane.load(now, id))
        {
            self.drain(now, &batch.leaving, changes);
            for _ in 0..batch.coming {
                self.launch_for_rollout(now, changes, observer);
            }
        }
    }

    fn launch_for_rollout(
        &mut self,
        now: Time,
        changes: &mut Vec<Change>,
        observer: &mut impl Sink,
    ) {
        if let Some(id) = self.launch(now, OrderedBy::Rollout, changes, observer) {
            self.rollout.wait_for(id, self.fleet.ordinal(id));
        }
    }
}
