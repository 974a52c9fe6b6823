//! A service's traffic: sources that add up, each request with its demand.

use super::arrivals::Poisson;
use super::merge::Merge;
use super::priorities::Class;
use super::source::{Extent, Instants, Luck, Source, Users, stretch};
use super::trace::Events;
use super::{Arrivals, Batch};
use crate::random::{Distribution, Generator, Purpose, Sampler, Strata, Streams};
use crate::units::{Rate, Span, Time};
use std::sync::Arc;

/// The traffic of one service, resolved: trace files are read, parameters are sound. Cheap to clone
/// (traces are shared), so that every cell makes its own stream of the same requests.
#[derive(Debug, Clone)]
pub struct Workload {
    pub(super) parts: Vec<Part>,
    /// In order of service; empty where all sources are of one.
    pub(super) classes: Vec<Class>,
    /// Of each part, where there are classes.
    pub(super) class_of: Vec<u8>,
    pub(super) time_scale: f64,
    pub(super) inputs: Vec<(String, String)>,
    pub(super) assumptions: Vec<String>,
}

/// One compiled source with the demand of its requests.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub(crate) source: Arc<dyn Source>,
    /// `None` where the source brings every request's demand.
    pub(crate) demand: Option<Demand>,
    /// Files read: path as written, SHA-256 in hex.
    pub(crate) inputs: Vec<(String, String)>,
    /// What was assumed while reading, one sentence each.
    pub(crate) assumptions: Vec<String>,
}

/// A law of demands with its mean.
#[derive(Debug, Clone)]
pub(crate) struct Demand {
    sampler: Sampler,
    mean_s: f64,
    pub(super) law: Arc<Distribution>,
}

impl Demand {
    /// Call only after the law was checked.
    pub(crate) fn new(law: &Distribution) -> Self {
        Self { sampler: law.sampler(), mean_s: law.mean_s(), law: Arc::new(law.clone()) }
    }

    /// In seconds.
    pub(crate) const fn mean_s(&self) -> f64 {
        self.mean_s
    }
}

impl Part {
    /// A source without files.
    pub(crate) fn synthetic(source: impl Source + 'static, demand: Demand) -> Self {
        Self {
            source: Arc::new(source),
            demand: Some(demand),
            inputs: Vec::new(),
            assumptions: Vec::new(),
        }
    }
}

impl Workload {
    pub(super) fn empty(time_scale: f64) -> Self {
        Self {
            parts: Vec::new(),
            classes: Vec::new(),
            class_of: Vec::new(),
            time_scale,
            inputs: Vec::new(),
            assumptions: Vec::new(),
        }
    }

    /// Poisson arrivals of a constant rate.
    pub fn poisson(rate: Rate, demand: &Distribution) -> Self {
        let source = Poisson::compiled(rate.as_per_second(), Extent::ALL);
        let mut workload = Self::empty(1.0);
        workload.parts.push(Part::synthetic(source, Demand::new(demand)));
        workload
    }

    /// Exactly these requests (arrival, demand), in order of arrival; equal arrivals keep their order.
    pub fn from_requests(mut requests: Vec<(Time, Span)>) -> Self {
        requests.sort_by_key(|&(arrival, _)| arrival);
        let arrivals = requests.iter().map(|&(arrival, _)| arrival.0).collect();
        let demands = requests.iter().map(|&(_, demand)| demand.0).collect();
        let mut workload = Self::empty(1.0);
        workload.parts.push(Part {
            source: Arc::new(Events::of_requests(arrivals, demands)),
            demand: None,
            inputs: Vec::new(),
            assumptions: Vec::new(),
        });
        workload
    }

    /// Users in closed loops, each loop with the law of its demands and its class, in the order of the
    /// sources. Their requests are not among [`Workload::requests`].
    pub fn users(&self) -> impl Iterator<Item = (Users, Sampler, u8)> + '_ {
        self.parts.iter().enumerate().filter_map(|(at, part)| {
            let demand = part.demand.as_ref()?.sampler.clone();
            let class = self.class_of.get(at).copied().unwrap_or(0);
            Some((part.source.users()?, demand, class))
        })
    }

    /// Classes of requests in order of service; empty where all are of one.
    pub fn classes(&self) -> &[Class] {
        &self.classes
    }

    /// Whether all traffic is of users in closed loops.
    pub fn is_closed(&self) -> bool {
        self.parts.iter().all(|part| part.source.users().is_some())
    }

    /// Whether its requests differ from replication to replication.
    pub fn draws(&self) -> bool {
        let law = |part: &Part| part.demand.as_ref().is_some_and(|law| !law.sampler.is_constant());
        self.parts.iter().any(|part| part.source.draws() || law(part))
    }

    /// The requests of one replication before `end` that do not depend on how they are served, the same
    /// for every policy.
    pub fn requests(&self, streams: &Streams, end: Time) -> Box<dyn Arrivals> {
        let mut open: Vec<Stream> = (0u32..)
            .zip(&self.parts)
            .map(|(index, part)| Stream::open(part, &Luck::new(streams, index), self, end))
            .collect();
        match open.len() {
            1 => Box::new(open.remove(0)),
            _ => Box::new(Merge::new(open, self.class_of.clone())),
        }
    }

    /// Expected number of requests in `[0, end)`, for progress and warnings; of users in closed loops as
    /// many as if none ever waited in a queue.
    pub fn expected_requests(&self, end: Time) -> f64 {
        let end = self.source_time(end);
        self.parts.iter().map(|part| part.source.expected(end)).sum()
    }

    /// Expected requests a second at an instant, for planning. Recorded requests are averaged over the
    /// minute around it.
    pub fn rate_at(&self, at: Time) -> f64 {
        let at = self.source_time(at);
        let rate: f64 = self.parts.iter().map(|part| part.source.rate_at(at)).sum();
        rate / self.time_scale
    }

    /// Expected demand in seconds of the requests in `[0, end)`, weighted by source; 0 without requests.
    pub fn mean_demand_s(&self, end: Time) -> f64 {
        let end = self.source_time(end);
        let (mut work, mut count) = (0.0, 0.0);
        for part in &self.parts {
            let expected = part.source.expected(end);
            let law = part.demand.as_ref().map(|demand| demand.mean_s);
            work += expected * law.or(part.source.own_mean_demand_s()).unwrap_or(0.0);
            count += expected;
        }
        if count > 0.0 { work / count } else { 0.0 }
    }

    /// Share of the requests in `[0, end)` whose demand alone is above `limit`, as the points of their laws
    /// say (within a point's share); demands that a recording brings count as short.
    pub fn demands_above(&self, limit: Span, end: Time) -> f64 {
        let end = self.source_time(end);
        let (mut above, mut count) = (0.0, 0.0);
        for part in &self.parts {
            let expected = part.source.expected(end);
            count += expected;
            let Some(demand) = &part.demand else { continue };
            let points = Strata::of(&demand.law).points;
            let long = points.iter().filter(|point| point.1 > limit.as_secs_f64());
            above += expected * long.map(|point| point.0).sum::<f64>();
        }
        if count > 0.0 { above / count } else { 0.0 }
    }

    /// Files read: path as written, SHA-256 in hex.
    pub fn input_files(&self) -> &[(String, String)] {
        &self.inputs
    }

    /// What was assumed while the sources were resolved, one sentence each.
    pub fn assumptions(&self) -> &[String] {
        &self.assumptions
    }

    /// The source time played at a simulated instant.
    pub(super) fn source_time(&self, at: Time) -> u64 {
        if self.time_scale == 1.0 { at.0 } else { (at.0 as f64 / self.time_scale).ceil() as u64 }
    }
}

/// One source's requests: its instants, each with a demand.
pub(super) struct Stream {
    instants: Box<dyn Instants>,
    demand: Option<Sampler>,
    demands: Generator,
    time_scale: f64,
    end: u64,
}

impl Stream {
    fn open(part: &Part, luck: &Luck<'_>, workload: &Workload, end: Time) -> Self {
        Self {
            instants: part.source.open(luck, workload.source_time(end)),
            demand: part.demand.as_ref().map(|demand| demand.sampler.clone()),
            demands: luck.generator(Purpose::Demand),
            time_scale: workload.time_scale,
            end: end.0,
        }
    }

    /// Moves instants to scenario time; rounding may push the last ones to the end: those go.
    fn stretch(&self, batch: &mut Batch) {
        for at in &mut batch.arrival_ns {
            *at = stretch(*at, self.time_scale).0;
        }
        let inside = batch.arrival_ns.partition_point(|&at| at < self.end);
        batch.arrival_ns.truncate(inside);
        batch.demand_ns.truncate(inside);
    }
}

impl Arrivals for Stream {
    fn fill(&mut self, batch: &mut Batch) {
        batch.clear();
        self.instants.fill(batch);
        if self.time_scale != 1.0 {
            self.stretch(batch);
        }
        if let Some(law) = &self.demand {
            batch.demand_ns.resize(batch.arrival_ns.len(), 0);
            law.fill(&mut self.demands, &mut batch.demand_ns);
        }
    }

    fn failure(&self) -> Option<String> {
        self.instants.failure().map(str::to_owned)
    }
}
