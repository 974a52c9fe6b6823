//! What differs where one of the competing policies runs: fixes outside of the autoscaler beside it.

use super::ScenarioFile;
use super::clients::{self, ClientFile};
use super::decode::nearest_of;
use super::file::{QueueFile, ScaleInFile};
use super::fleet;
use super::scripted::{self, InterventionFile};
use autosim_engine::fault::Faults;
use autosim_engine::fleet::{ClientSpec, FleetSpec, Intervention, QueueSpec, VictimOrder};
use autosim_engine::units::{Span, Time, WallClock};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What differs where a policy runs; a table given here takes the place of the scenario's whole.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VariantFile {
    /// In place of `client`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<ClientFile>,
    /// In place of `service.queue`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<QueueFile>,
    /// In place of `service.scale_in`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale_in: Option<ScaleInFile>,
    /// In place of `replica.grace`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grace: Option<Span>,
    /// In place of `interventions`; `[]`: nobody else sets the count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interventions: Option<Vec<InterventionFile>>,
}

/// The same, built.
#[derive(Debug, Clone, Default)]
pub(super) struct Variant {
    client: Option<ClientSpec>,
    queue: Option<QueueSpec>,
    victims: Option<VictimOrder>,
    grace: Option<Span>,
    pub(super) interventions: Option<Vec<Intervention>>,
    /// Its queue says what happens to a request that finds no replica.
    says_at_zero: bool,
}

impl Variant {
    /// Whether it says how requests wait or what clients do.
    pub(super) fn changes_waiting(&self) -> bool {
        self.client.is_some() || self.queue.is_some()
    }

    /// Changes a fleet into the one the policy meets.
    pub(super) fn apply(&self, fleet: &mut FleetSpec) {
        fleet.client = self.client.or(fleet.client);
        if let Some(queue) = &self.queue {
            // What is not said stays as the scenario or the product's platform has it.
            let at_zero = if self.says_at_zero { queue.at_zero } else { fleet.queue.at_zero };
            let replica_capacity = fleet.queue.replica_capacity;
            fleet.queue = QueueSpec { at_zero, replica_capacity, ..queue.clone() };
        }
        fleet.victims = self.victims.unwrap_or(fleet.victims);
        fleet.grace = self.grace.unwrap_or(fleet.grace);
        if let Some(interventions) = &self.interventions {
            fleet.interventions.clone_from(interventions);
        }
    }
}

/// The variant of a policy; sound only if no error was added to `faults`.
pub(super) fn of_policy(
    file: &ScenarioFile,
    policy: &str,
    run: (&WallClock, Time),
    faults: &mut Faults,
) -> Variant {
    let Some(given) = file.variants.get(policy) else { return Variant::default() };
    faults.within("variants", |f| {
        f.within(policy, |f| Variant {
            client: given
                .client
                .as_ref()
                .map(|client| f.within("client", |f| clients::build(client, f))),
            queue: given
                .queue
                .as_ref()
                .map(|queue| f.within("queue", |f| fleet::queue(Some(queue), f))),
            victims: given.scale_in.map(|order| fleet::victims(Some(order))),
            grace: given.grace,
            interventions: given
                .interventions
                .as_ref()
                .map(|given| scripted::interventions(given, run, f)),
            says_at_zero: given.queue.as_ref().is_some_and(|queue| queue.at_zero.is_some()),
        })
    })
}

/// Whether every policy with a variant is there.
pub(super) fn check_names(file: &ScenarioFile, faults: &mut Faults) {
    let known: Vec<&str> = file.policies.keys().map(String::as_str).collect();
    for name in file.variants.keys().filter(|name| !known.contains(&name.as_str())) {
        faults.within("variants", |f| {
            let hint = nearest_of(name, &known);
            f.error(name, format!("there is no policy `{name}` that could run in it"), hint);
        });
    }
}
