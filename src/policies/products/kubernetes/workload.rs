//! The workload beside an autoscaler: what its pods request, and how they go.

use super::fields::{Object, One, int32, quantity};
use super::objects::Envelope;
use super::quantity::Quantity;
use crate::products::Words;
use crate::products::words::words;

words! {
    /// The kinds of workloads that have a scale.
    pub enum WorkloadKind {
        /// Of `apps/v1`.
        Deployment = "Deployment",
        /// Of `apps/v1`.
        StatefulSet = "StatefulSet",
        /// Of `apps/v1`.
        ReplicaSet = "ReplicaSet",
    }
}

/// A workload, as far as its replicas are concerned.
#[derive(Debug, Clone, PartialEq)]
pub struct Workload {
    /// `kind`.
    pub kind: WorkloadKind,
    /// `metadata.name`.
    pub name: String,
    /// `metadata.namespace`; empty where there is none.
    pub namespace: String,
    /// `spec.replicas`, if it is there.
    pub replicas: Option<i32>,
    /// `terminationGracePeriodSeconds`.
    pub grace_s: i32,
    /// Its readiness probe; of several containers' that of the last to be asked first.
    pub readiness: Option<Probe>,
    /// Its liveness probe where no startup probe holds it back; of several that of the first to kill.
    pub liveness: Option<Probe>,
    /// Its containers; those of its init containers that go on running among them.
    pub containers: Vec<Container>,
}

/// When a container is probed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Probe {
    /// `initialDelaySeconds`.
    pub initial_delay_s: u32,
    /// `periodSeconds`.
    pub period_s: u32,
    /// `successThreshold`.
    pub successes: u32,
    /// `failureThreshold`.
    pub failures: u32,
}

impl Probe {
    /// When one that never succeeds has failed for good, in seconds from the start of its container.
    pub const fn fails_after_s(&self) -> u64 {
        self.initial_delay_s as u64 + self.period_s as u64 * (self.failures as u64 - 1)
    }
}

/// A container of a workload's pods.
#[derive(Debug, Clone, PartialEq)]
pub struct Container {
    /// `name`.
    pub name: String,
    /// `resources.requests`; the limit where a request is left out, as the API server has it.
    pub requests: Amounts,
    /// `resources.limits`.
    pub limits: Amounts,
}

/// How much of each resource.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Default,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(default, deny_unknown_fields)]
pub struct Amounts {
    /// Cores.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<Quantity>,
    /// Bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<Quantity>,
}

impl Amounts {
    /// Of this name; `None` where it is not there, or another resource.
    pub fn of(&self, resource: &str) -> Option<Quantity> {
        match resource {
            "cpu" => self.cpu,
            "memory" => self.memory,
            _ => None,
        }
    }

    /// Both together; nothing where one of them has nothing.
    fn plus(self, other: Self) -> Self {
        let sum = |one: Option<Quantity>, other: Option<Quantity>| Some(one?.plus(other?));
        Self { cpu: sum(self.cpu, other.cpu), memory: sum(self.memory, other.memory) }
    }

    /// These, and what they lack of others.
    #[must_use]
    pub fn or(self, others: Self) -> Self {
        Self { cpu: self.cpu.or(others.cpu), memory: self.memory.or(others.memory) }
    }
}

impl Workload {
    /// Whether it is what these name; one without a namespace may be in any.
    pub fn is_called(&self, namespace: &str, kind: &str, name: &str) -> bool {
        let same_space =
            namespace == self.namespace || namespace.is_empty() || self.namespace.is_empty();
        kind == self.kind.name() && name == self.name && same_space
    }

    /// Requests or limits of a container, or of all of them.
    pub fn amounts(&self, container: Option<&str>, of: impl Fn(&Container) -> Amounts) -> Amounts {
        let named = |one: &&Container| container.is_none_or(|name| one.name == name);
        let all = self.containers.iter().filter(named).map(of);
        all.reduce(Amounts::plus).unwrap_or_default()
    }
}

/// Reads a workload.
pub fn read(envelope: &Envelope<'_>, kind: WorkloadKind) -> Option<Workload> {
    // Of a workload only what bears on replicas is read; the rest is not ours to judge.
    let spec = envelope.object.get("spec");
    let spec = spec.value.and(spec.object());
    let pod = spec.as_ref().and_then(|spec| inside(spec, "template"));
    let pod = pod.as_ref().and_then(|template| inside(template, "spec"));
    let number = |object: Option<&Object<'_>>, name| object.and_then(|one| int32(&one.get(name)));
    let mut containers =
        pod.as_ref().map_or_else(Vec::new, |pod| containers(&pod.get("containers")));
    if let Some(pod) = &pod {
        let sidecars = pod.get("initContainers");
        let all = sidecars.value.and(sidecars.items()).unwrap_or_default();
        let stays = |one: &One<'_>| {
            one.value.and_then(|one| one.get("restartPolicy")).is_some_and(|word| word == "Always")
        };
        containers.extend(all.iter().filter(|one| stays(one)).filter_map(container));
    }
    let all: Vec<One<'_>> = pod.as_ref().map_or_else(Vec::new, |pod| {
        let containers = pod.get("containers");
        containers.value.and(containers.items()).unwrap_or_default()
    });
    if let Some(spec) = &spec {
        not_modelled(&spec.get("minReadySeconds"), "a rollout does not wait for it", "");
    }
    Some(Workload {
        kind,
        readiness: all
            .iter()
            .filter_map(|one| probe(one, "readinessProbe"))
            .max_by_key(|probe| (probe.initial_delay_s, probe.period_s)),
        liveness: all
            .iter()
            .filter(|one| one.object().is_some_and(|one| one.get("startupProbe").value.is_none()))
            .filter_map(|one| probe(one, "livenessProbe"))
            .min_by_key(Probe::fails_after_s),
        name: envelope.name.to_owned(),
        namespace: envelope.namespace.to_owned(),
        replicas: number(spec.as_ref(), "replicas"),
        grace_s: number(pod.as_ref(), "terminationGracePeriodSeconds").unwrap_or(30).max(0),
        containers,
    })
}

fn inside<'r>(object: &Object<'r>, name: &'r str) -> Option<Object<'r>> {
    let member = object.get(name);
    member.value.and_then(|_| member.object())
}

fn containers(list: &One<'_>) -> Vec<Container> {
    let items = list.value.and(list.items()).unwrap_or_default();
    items.iter().filter_map(container).collect()
}

/// A probe of a container, with the defaults of the API server.
fn probe(container: &One<'_>, name: &str) -> Option<Probe> {
    let object = container.object()?;
    let probe = inside(&object, name)?;
    let number = |name, default, least: i32| {
        let number = int32(&probe.get(name)).unwrap_or(default);
        number.max(least).unsigned_abs()
    };
    Some(Probe {
        initial_delay_s: number("initialDelaySeconds", 0, 0),
        period_s: number("periodSeconds", 10, 1),
        successes: number("successThreshold", 1, 1),
        failures: number("failureThreshold", 3, 1),
    })
}

/// Something that a pod waits for and a simulation does not.
fn not_modelled(member: &One<'_>, what: &str, remedy: &str) {
    if member.value.is_some_and(|value| *value != 0) {
        member.warn(format!("not modelled: {what}"), remedy);
    }
}

fn container(member: &One<'_>) -> Option<Container> {
    let object = member.object()?;
    let what = "readiness is probed from the start";
    not_modelled(&object.get("startupProbe"), what, "let `cold_start` hold what it takes");
    let resources = inside(&object, "resources");
    let amounts = |name| {
        let amounts = resources.as_ref().and_then(|resources| inside(resources, name));
        let of = |resource| amounts.as_ref().and_then(|amounts| quantity(&amounts.get(resource)));
        Amounts { cpu: of("cpu"), memory: of("memory") }
    };
    let (requests, limits) = (amounts("requests"), amounts("limits"));
    Some(Container {
        name: object.get("name").text().unwrap_or_default().to_owned(),
        requests: requests.or(limits),
        limits,
    })
}
