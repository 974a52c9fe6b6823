//! From pods to the metrics API: what the kubelet measures, and what metrics-server makes of it.
//!
//! The kubelet looks at a container every `housekeeping` and keeps what it has used so far (kubelet 1.37,
//! `--housekeeping-interval`). metrics-server asks the kubelets for that every `resolution`; a pod's value is
//! what it used between the last two points there are, over the time between them (metrics-server 0.8,
//! `pkg/storage/pod.go`):
//!
//! - a point that is not newer than the last one changes nothing;
//! - a container whose point is at least 10 s and less than one resolution after its start is measured from
//!   its start; every other one has no value until there are two points;
//! - a pod that is not among those of a scrape is forgotten.
//!
//! The controller reads whole millicores and thousandths of bytes, rounded up (`Quantity.MilliValue`).

use super::pods::{Group, Phase, Pod, Readiness, SampleTime, StartUp};
use autosim_engine::signal::{Life, Probe, Reading, ReplicaLoad, Resources, Sensor, Shown, Wants};
use autosim_engine::units::{Span, Time};

/// The youngest container that is measured from its start.
const FRESH: Span = Span::from_secs(10);

/// When what is looked at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Timing {
    /// From one look of the kubelet at a container to the next.
    pub housekeeping: Span,
    /// Pods fall into so many groups, each looked at at instants of its own; at least 1.
    pub phases: u32,
    /// From scrape to scrape of metrics-server.
    pub resolution: Span,
    /// When its first scrape is; later than zero.
    pub first_scrape: Span,
}

/// A resource of a pod or of one of its containers, as it is read: the mean of the pods that count.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Usage {
    /// Cpu, or else memory.
    pub is_cpu: bool,
    /// What 100 % of it is in the simulation, in milli-units: thousandths of cores, of bytes.
    pub given: f64,
    /// What a pod, or that container, requests of it, in milli-units, where the reading is in percent of that;
    /// `None`: it is in cores or bytes.
    pub requested: Option<f64>,
    /// It is one container's, not the pod's.
    pub of_container: bool,
}

impl Usage {
    /// Milli-units of one of the reading.
    fn unit(&self) -> f64 {
        self.requested.map_or(1000.0, |requested| requested / 100.0)
    }

    /// Whether it is told in percent of what pods request of cpu.
    fn is_of_cpu_request(&self) -> bool {
        self.is_cpu && self.requested.is_some() && !self.of_container
    }
}

/// What a reading is of, as the number of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Pods in phase Pending.
    Pending,
    /// Running pods without a sample.
    Missing,
    /// Running pods with a sample that the rules of the start set aside for cpu.
    Initializing,
    /// The usage of that place.
    Usage(usize),
}

impl Part {
    /// Its number.
    pub const fn number(self) -> u32 {
        match self {
            Self::Pending => 0,
            Self::Missing => 1,
            Self::Initializing => 2,
            Self::Usage(place) => 3 + place as u32,
        }
    }
}

/// The metrics API of one service, as the controller reads it.
#[derive(Debug, Clone)]
pub struct MetricsServer {
    timing: Timing,
    start_up: StartUp,
    usages: Vec<(Usage, Sum)>,
    resources: Resources,
    /// Looks of the kubelet so far.
    looks: u64,
    next_scrape: Time,
    last_scrape: Time,
    /// Pods that the kubelets have looked at: by group, ascending by number.
    groups: Vec<Vec<Measured>>,
    seen: Seen,
}

/// What metrics-server knows of a pod.
#[derive(Debug, Clone, Copy)]
struct Measured {
    number: u64,
    runs_from: Time,
    /// What the kubelet has.
    kubelet: Point,
    last: Option<Point>,
    previous: Option<Point>,
}

/// What a container has used up to an instant.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Point {
    at: Time,
    starting_ns: u64,
    ready_ns: u64,
    computing_ns: u128,
    /// In percent of what it was given; memory is what it is at the instant.
    memory: f64,
}

impl Point {
    /// Nothing was used yet.
    const fn at_start(at: Time) -> Self {
        Self { at, starting_ns: 0, ready_ns: 0, computing_ns: 0, memory: 0.0 }
    }
}

/// The pods at a pass that do not count, or not for cpu.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Seen {
    pending: u32,
    missing: u32,
    initializing: u32,
}

/// Pods that count, and their use in milli-units.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Sum {
    pods: u32,
    milli: f64,
}

impl Sum {
    fn add(&mut self, percent: f64, given: f64) {
        self.pods += 1;
        // Less a hair, so that what is a whole number is not rounded up.
        self.milli += (percent / 100.0 * given - 1e-6).ceil();
    }

    fn mean(self, unit: f64) -> Option<f64> {
        (self.pods > 0 && unit > 0.0).then(|| self.milli / (f64::from(self.pods) * unit))
    }
}

impl MetricsServer {
    /// Before the first look; `start_up` are the controller's rules for pods that start.
    pub fn new(timing: Timing, start_up: StartUp, usages: impl IntoIterator<Item = Usage>) -> Self {
        Self {
            timing,
            start_up,
            usages: usages.into_iter().map(|usage| (usage, Sum::default())).collect(),
            resources: Resources::default(),
            looks: 0,
            next_scrape: Time::ZERO + timing.first_scrape,
            last_scrape: Time::ZERO,
            groups: vec![Vec::new(); timing.phases.max(1) as usize],
            seen: Seen::default(),
        }
    }

    /// When the kubelets look next: at one group of pods after the other.
    fn next_look(&self) -> Time {
        let at = u128::from(self.timing.housekeeping.0) * u128::from(self.looks + 1);
        Time(u64::try_from(at / self.groups.len() as u128).unwrap_or(u64::MAX))
    }

    /// The group whose turn it is.
    fn turn(&self) -> usize {
        (self.looks % self.groups.len() as u64) as usize
    }

    /// The group of a pod.
    fn group_of(&self, number: u64) -> &[Measured] {
        &self.groups[(number % self.groups.len() as u64) as usize]
    }

    /// The kubelets look at the pods of the group whose turn it is, if it is time.
    fn look(&mut self, probe: &Probe<'_>) {
        if probe.at < self.next_look() {
            return;
        }
        let turn = self.turn();
        let mut pods = std::mem::take(&mut self.groups[turn]);
        let numbers = running(probe).map(|(life, _)| life.number);
        if !numbers.eq(pods.iter().map(|pod| pod.number)) {
            let mut known = pods.into_iter().peekable();
            let one = |life: Life| {
                while known.next_if(|pod| pod.number < life.number).is_some() {}
                known.next_if(|pod| pod.number == life.number).unwrap_or(Measured::of(life))
            };
            pods = running(probe).map(|(life, _)| life).map(one).collect();
        }
        for (pod, (life, load)) in pods.iter_mut().zip(running(probe)) {
            pod.kubelet = self.point(probe.at, life, load);
        }
        self.groups[turn] = pods;
        self.looks += 1;
    }

    fn point(&self, now: Time, life: Life, load: Option<&ReplicaLoad>) -> Point {
        let ready_since = load.map_or(now, |load| load.ready_since);
        let r = &self.resources;
        let busy = load.map_or(0.0, |load| f64::from(load.ongoing.min(r.concurrency)));
        let share = busy / f64::from(r.concurrency.max(1));
        Point {
            at: now,
            starting_ns: ready_since.since(life.runs_from).0,
            ready_ns: now.since(ready_since).0,
            computing_ns: load.map_or(0, |load| load.computing_ns),
            memory: r.memory_idle_percent + share * (r.memory_full_percent - r.memory_idle_percent),
        }
    }

    /// metrics-server asks the kubelets for what they have.
    fn scrape_kubelets(&mut self, now: Time) {
        let resolution = self.timing.resolution;
        self.groups.iter_mut().flatten().for_each(|pod| pod.scrape(resolution));
        self.last_scrape = now;
    }

    /// Mean use between two points, in percent of what was given.
    fn cpu_percent(&self, from: &Point, to: &Point) -> f64 {
        let r = &self.resources;
        let span = r.cpu_full_percent - r.cpu_idle_percent;
        let computed = (to.computing_ns - from.computing_ns) as f64 * r.cpu_of_request / r.cores();
        let used = r.cpu_starting_percent * (to.starting_ns - from.starting_ns) as f64
            + r.cpu_idle_percent * (to.ready_ns - from.ready_ns) as f64
            + span * computed;
        used / to.at.since(from.at).0 as f64
    }

    /// A pod at a pass, and between which points its value lies.
    fn pod(
        &self,
        now: Time,
        life: Life,
        load: Option<&ReplicaLoad>,
    ) -> (Pod, Option<(Point, Point)>) {
        let group = self.group_of(life.number);
        let known = group.binary_search_by_key(&life.number, |pod| pod.number);
        let known = known.ok().map(|at| &group[at]);
        let points = known.and_then(|pod| Some((pod.previous?, pod.last?)));
        let phase = if life.runs_from <= now { Phase::Running } else { Phase::Pending };
        let since = now.since(load.map_or(life.placed_at, |load| load.ready_since));
        let pod = Pod {
            phase,
            deleted: false,
            started: (life.placed_at <= now).then(|| now.since(life.placed_at)),
            readiness: Some(Readiness { ready: load.is_some(), since }),
            sample: points.map(|(from, to)| SampleTime {
                age: now.since(to.at),
                window: to.at.since(from.at),
            }),
        };
        (pod, points)
    }
}

impl Measured {
    /// Not looked at yet.
    const fn of(life: Life) -> Self {
        let Life { number, runs_from, .. } = life;
        let kubelet = Point::at_start(runs_from);
        Self { number, runs_from, kubelet, last: None, previous: None }
    }

    /// The kubelet's point is taken over.
    fn scrape(&mut self, resolution: Span) {
        let point = self.kubelet;
        let age = point.at.since(self.runs_from);
        self.previous = match self.last {
            _ if FRESH <= age && age < resolution => Some(Point::at_start(self.runs_from)),
            Some(last) if point.at > last.at => Some(last),
            Some(_) => self.previous,
            None => None,
        };
        self.last = Some(point);
    }

    /// metrics-server does not hear of it.
    fn forget(&mut self) {
        (self.last, self.previous) = (None, None);
    }
}

/// Pods that run, ascending by number: those that are ready have a load.
fn running<'a>(
    probe: &Probe<'a>,
) -> impl Iterator<Item = (Life, Option<&'a ReplicaLoad>)> + use<'a> {
    let now = probe.at;
    all(probe).filter(move |(life, _)| life.runs_from <= now)
}

/// Pods that exist, ascending by number.
fn all<'a>(probe: &Probe<'a>) -> impl Iterator<Item = (Life, Option<&'a ReplicaLoad>)> + use<'a> {
    let ready = probe.replicas.unwrap_or_default().iter();
    let starting = probe.starting.unwrap_or_default().iter();
    let (mut ready, mut starting) = (ready.peekable(), starting.peekable());
    std::iter::from_fn(move || {
        let first = starting.peek().map_or(u64::MAX, |life| life.number);
        match ready.next_if(|load| load.life.number < first) {
            Some(load) => Some((load.life, Some(load))),
            None => starting.next().map(|life| (*life, None)),
        }
    })
}

impl Sensor for MetricsServer {
    fn resources(&mut self, resources: Resources) {
        self.resources = resources;
    }

    /// In place, as a vertical autoscaler does since 1.35: samples that were taken before count in percent of the
    /// new request.
    fn resized(&mut self, cores: f64) {
        let usages = self.usages.iter_mut().map(|(usage, _)| usage);
        usages
            .filter(|usage| usage.is_of_cpu_request())
            .for_each(|usage| usage.requested = Some(cores * 1000.0));
    }

    fn tells_of_requests(&self) -> bool {
        self.usages.iter().any(|(usage, _)| usage.is_of_cpu_request())
    }

    fn scrape(&mut self, probe: &Probe<'_>) {
        self.look(probe);
        if self.next_scrape <= probe.at {
            self.scrape_kubelets(probe.at);
            self.next_scrape = probe.at + self.timing.resolution;
        }
    }

    /// The kubelets go on; metrics-server reaches none of them.
    fn miss(&mut self, probe: &Probe<'_>) {
        self.look(probe);
        if self.next_scrape <= probe.at {
            self.groups.iter_mut().flatten().for_each(Measured::forget);
            self.next_scrape = probe.at + self.timing.resolution;
        }
    }

    fn next_scrape(&self, _: Time) -> Option<Time> {
        Some(self.next_look().min(self.next_scrape))
    }

    /// The group that is looked at; metrics-server asks the kubelets and looks at none.
    fn shown(&self, now: Time) -> Shown {
        match self.next_look() <= now {
            true => Shown::Group { of: self.groups.len() as u64, rest: self.turn() as u64 },
            false => Shown::Nobody,
        }
    }

    fn wants(&self) -> Wants {
        Wants::Work
    }

    fn inspect(&mut self, probe: &Probe<'_>) {
        let mut seen = Seen::default();
        self.usages.iter_mut().for_each(|(_, sum)| *sum = Sum::default());
        for (life, load) in all(probe) {
            let (pod, points) = self.pod(probe.at, life, load);
            match pod.group(None) {
                Group::Ignored => {}
                Group::Unready => seen.pending += 1,
                Group::Missing => seen.missing += 1,
                Group::Ready => {
                    let Some((from, to)) = points else { continue };
                    let for_cpu = pod.group(Some(&self.start_up)) == Group::Ready;
                    seen.initializing += u32::from(!for_cpu);
                    let cpu = self.cpu_percent(&from, &to);
                    for (usage, sum) in &mut self.usages {
                        match usage.is_cpu {
                            true if for_cpu => sum.add(cpu, usage.given),
                            true => {}
                            false => sum.add(to.memory, usage.given),
                        }
                    }
                }
            }
        }
        self.seen = seen;
    }

    fn sample(&mut self, _: Time, _: Option<f64>) {
        // A recording has the readings themselves.
    }

    fn reading(&mut self, now: Time) -> Reading {
        self.part(now, Part::Pending.number())
    }

    fn part(&mut self, now: Time, part: u32) -> Reading {
        let Seen { pending, missing, initializing } = self.seen;
        let counts = [pending, missing, initializing];
        let place = part as usize;
        match counts.get(place) {
            Some(&count) => Reading { value: Some(count.into()), at: now },
            None => {
                let usage = self.usages.get(place - counts.len());
                let value = usage.and_then(|(usage, sum)| sum.mean(usage.unit()));
                Reading { value, at: self.last_scrape }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMING: Timing = Timing {
        housekeeping: Span::from_secs(10),
        phases: 1,
        resolution: Span::from_secs(15),
        first_scrape: Span::from_secs(15),
    };
    const START_UP: StartUp =
        StartUp { initialization: Span::from_secs(300), readiness_delay: Span::from_secs(30) };

    const CPU: Part = Part::Usage(0);
    const CPU_PERCENT: Part = Part::Usage(1);

    /// A pod of one core that requests half of it: when it has a place, runs, is ready, and the share of its core
    /// that its requests keep busy from then on.
    type Lives = (u64, u64, u64, f64);

    struct World {
        server: MetricsServer,
        pods: Vec<Lives>,
    }

    impl World {
        fn of(pods: &[Lives], timing: Timing) -> Self {
            let cores = Usage { is_cpu: true, given: 1000.0, requested: None, of_container: false };
            let percent = Usage { requested: Some(500.0), ..cores };
            let mut server = MetricsServer::new(timing, START_UP, [cores, percent]);
            server.resources(Resources { cpu_starting_percent: 80.0, ..Resources::default() });
            Self { server, pods: pods.to_vec() }
        }

        fn shown<T>(&self, now: Time, shown: Shown, show: impl FnOnce(&Probe<'_>) -> T) -> T {
            let seconds = Time::from_secs;
            let (mut replicas, mut starting) = (Vec::new(), Vec::new());
            let pods = (0..).zip(&self.pods).filter(|(number, _)| shown.has(*number));
            for (number, &(placed, runs, ready, share)) in pods {
                let life = Life { number, placed_at: seconds(placed), runs_from: seconds(runs) };
                if now < seconds(ready) {
                    starting.push(life);
                    continue;
                }
                let busy_ns = now.since(seconds(ready)).0 as f64 * share;
                replicas.push(ReplicaLoad {
                    life,
                    ready_since: seconds(ready),
                    ongoing: u32::from(share > 0.0),
                    computing_ns: busy_ns as u128,
                });
            }
            let (replicas, starting) = (Some(&replicas[..]), Some(&starting[..]));
            show(&Probe { at: now, replicas, starting, ..Probe::default() })
        }

        /// What the controller reads at these seconds.
        fn read(&mut self, at_s: &[u64], parts: &[Part]) -> Vec<Vec<Option<f64>>> {
            let mut server = self.server.clone();
            let mut next = server.next_scrape(Time::ZERO).unwrap();
            let mut read = |at: &u64| {
                let now = Time::from_secs(*at);
                while next <= now {
                    let shown = server.shown(next);
                    self.shown(next, shown, |probe| server.scrape(probe));
                    next = server.next_scrape(next).unwrap();
                }
                self.shown(now, Shown::All, |probe| server.inspect(probe));
                parts.iter().map(|part| server.part(now, part.number()).value).collect()
            };
            at_s.iter().map(&mut read).collect()
        }
    }

    /// The kubelet looks at 10, 20, 30, ... s, metrics-server at 15, 30, 45, ...: at 15 s it has the point of
    /// 10 s, from which the pod is measured since its start; at 30 s those of 10 s and 30 s.
    #[test]
    fn a_pod_is_measured_between_the_last_two_points_there_are() {
        let mut world = World::of(&[(0, 0, 0, 0.25)], TIMING);
        let read = world.read(&[14, 15, 30], &[CPU, CPU_PERCENT, Part::Missing]);
        let known = vec![Some(0.25), Some(50.0), Some(0.0)];
        assert_eq!(read, [vec![None, None, Some(1.0)], known.clone(), known]);
        // It starts at 12 s: the scrape at 30 s finds a point of 30 s, too late to be measured from the start, and
        // the next one finds a second.
        let mut world = World::of(&[(12, 12, 12, 0.25)], TIMING);
        let read = world.read(&[30, 44, 45], &[CPU]);
        assert_eq!(read, [[None], [None], [Some(0.25)]]);
        // The point of 20 s is too young for that.
        let slow = Timing { housekeeping: Span::from_secs(20), ..TIMING };
        let mut world = World::of(&[(12, 12, 12, 0.25)], slow);
        let read = world.read(&[30, 45, 60], &[CPU]);
        assert_eq!(read, [[None], [Some(0.25)], [Some(0.25)]]);
    }

    /// A pod that has a place at 20 s, runs at 30 s and is ready at 60 s, beside one that is ready: while it
    /// burns 80 % of its core its value is set aside.
    #[test]
    fn pods_that_start_are_pending_then_missing_then_set_aside() {
        let mut world = World::of(&[(0, 0, 0, 0.25), (20, 30, 60, 0.1)], TIMING);
        let parts = [CPU, Part::Pending, Part::Missing, Part::Initializing];
        for (at_s, cpu, pending, missing, initializing) in [
            (29, 0.25, 1.0, 0.0, 0.0),
            (30, 0.25, 0.0, 1.0, 0.0),
            (45, 0.25, 0.0, 0.0, 1.0),
            (60, 0.25, 0.0, 0.0, 1.0),
            // From 60 to 70 s: ready, but the sample began no later than that.
            (75, 0.175, 0.0, 0.0, 0.0),
        ] {
            let read = world.read(&[at_s], &parts).remove(0);
            let expected = [cpu, pending, missing, initializing].map(Some);
            assert_eq!(read, expected, "at {at_s} s");
        }
    }

    #[test]
    fn each_pod_is_rounded_up_to_whole_millicores() {
        let pods = [(0, 0, 0, 0.0001), (0, 0, 0, 0.2), (0, 0, 0, 0.2)];
        let mut world = World::of(&pods, TIMING);
        assert_eq!(world.read(&[30], &[CPU]), [[Some(401.0 / 3000.0)]]);
    }

    /// Those of the first group at 5, 15, 25, ... s: at 15 s the scrape finds a point that is too late to be
    /// measured from the start.
    #[test]
    fn groups_of_pods_are_looked_at_at_instants_of_their_own() {
        let phased = Timing { phases: 2, ..TIMING };
        let mut world = World::of(&[(0, 0, 0, 0.1), (0, 0, 0, 0.3)], phased);
        let read = world.read(&[15, 30], &[CPU, Part::Missing]);
        assert_eq!(read, [[Some(0.3), Some(1.0)], [Some(0.2), Some(0.0)]]);
    }
}
