//! Which pods count, and their sums: `groupPods` and the sums of `replica_calculator.go`.

use super::calculator::{Failed, Target};
use autosim_engine::units::Span;

/// `status.phase` of a pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Not all of its containers have been started.
    Pending,
    /// It runs.
    Running,
    /// All containers ended well.
    Succeeded,
    /// All containers ended, one of them badly.
    Failed,
}

/// A pod as the API server and the metrics API show it. Ages are counted back from the pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pod {
    /// `status.phase`.
    pub phase: Phase,
    /// It has a `deletionTimestamp`.
    pub deleted: bool,
    /// Age of `status.startTime`.
    pub started: Option<Span>,
    /// The condition Ready, if it is there.
    pub readiness: Option<Readiness>,
    /// Its sample, if the metrics API has one.
    pub sample: Option<SampleTime>,
}

/// The condition Ready of a pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Readiness {
    /// Whether it is True.
    pub ready: bool,
    /// Age of its `lastTransitionTime`.
    pub since: Span,
}

/// When a sample was taken, and over how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SampleTime {
    /// Age of its timestamp: the end of its window.
    pub age: Span,
    /// The window it is the mean of.
    pub window: Span,
}

/// The rules of the start that hold for cpu alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StartUp {
    /// `--horizontal-pod-autoscaler-cpu-initialization-period`.
    pub initialization: Span,
    /// `--horizontal-pod-autoscaler-initial-readiness-delay`.
    pub readiness_delay: Span,
}

/// What becomes of a pod in a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// It counts.
    Ready,
    /// It does not count yet: pending, or set aside by the rules of the start.
    Unready,
    /// It runs and has no sample.
    Missing,
    /// It is on its way out.
    Ignored,
}

impl Pod {
    /// The group it is in; `cpu` are the rules of the start, for a metric of cpu.
    pub fn group(&self, cpu: Option<&StartUp>) -> Group {
        if self.deleted || self.phase == Phase::Failed {
            return Group::Ignored;
        }
        if self.phase == Phase::Pending {
            return Group::Unready;
        }
        // Asked before readiness: an unready pod without a sample is missing.
        let Some(sample) = self.sample else { return Group::Missing };
        let Some(rules) = cpu else { return Group::Ready };
        let (Some(started), Some(readiness)) = (self.started, self.readiness) else {
            return Group::Unready;
        };
        let starts = started < rules.initialization;
        // Begun before it was ready: the sample holds the work of the start.
        let sample_of_start = readiness.since < sample.age + sample.window;
        let never_ready = started < readiness.since + rules.readiness_delay;
        let unready = match starts {
            true => !readiness.ready || sample_of_start,
            false => !readiness.ready && never_ready,
        };
        if unready { Group::Unready } else { Group::Ready }
    }
}

/// What the metrics API says of a pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Usage {
    /// Nothing.
    Absent,
    /// So many milli-units.
    Milli(i64),
    /// It has a sample, but none of the container that is asked for.
    NoContainer,
}

/// A pod in a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measured {
    /// Its group; `None` = no pod of that name is known.
    pub group: Option<Group>,
    /// What was measured.
    pub usage: Usage,
    /// What its containers request, in milli-units; `None` = one of them requests nothing.
    pub request: Option<i64>,
}

/// Pods without a value of their own in a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Blank {
    /// How many.
    pub count: i64,
    /// What they request together, in milli-units.
    pub requests: i128,
    /// What they would use at `max(100, target)` percent of it, each cut to whole milli-units.
    pub full: i128,
}

/// The pods of a metric as sums: all the calculator looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sums {
    /// Pods that count.
    pub ready: i64,
    /// Samples that are left, those of unknown pods among them.
    pub samples: i64,
    /// What they add up to, in milli-units.
    pub usage: i128,
    /// The same of known pods.
    pub known_usage: i128,
    /// What the known ones request together, in milli-units.
    pub requests: i128,
    /// Pods that do not count yet.
    pub unready: Blank,
    /// Pods without a sample.
    pub missing: Blank,
}

impl Sums {
    /// Adds pods up for a target; requests matter to a utilization only.
    ///
    /// # Errors
    /// A pod without a request, or without the container.
    pub fn of(pods: &[Measured], target: Target) -> Result<Self, Failed> {
        let mut sums = Self::default();
        for pod in pods {
            let request = match target {
                Target::Utilization(_) if pod.group.is_some() => {
                    pod.request.ok_or(Failed::NoRequest)?
                }
                Target::Utilization(_) | Target::Average(_) => 0,
            };
            if pod.usage == Usage::NoContainer {
                return Err(Failed::NoContainer);
            }
            sums.add(pod, i128::from(request), target);
        }
        Ok(sums)
    }

    fn add(&mut self, pod: &Measured, request: i128, target: Target) {
        let blank = match pod.group {
            Some(Group::Ignored) => return,
            Some(Group::Unready) => &mut self.unready,
            Some(Group::Missing) => &mut self.missing,
            Some(Group::Ready) | None => {
                let Usage::Milli(usage) = pod.usage else { return };
                self.samples += 1;
                self.usage += i128::from(usage);
                if pod.group.is_some() {
                    self.ready += 1;
                    self.known_usage += i128::from(usage);
                    self.requests += request;
                }
                return;
            }
        };
        blank.count += 1;
        blank.requests += request;
        blank.full += target.full(request);
    }
}
