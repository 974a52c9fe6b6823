//! A service's traffic: sources that add up, each request with its demand.

use super::{Arrivals, BATCH, Batch};
use crate::random::{Distribution, Generator, Purpose, Sampler, Streams};
use crate::units::{Rate, Time};
use rand_distr::{Distribution as _, Exp1};

/// The traffic of one service, resolved: trace files are read, parameters are sound. Cheap to clone
/// (traces are shared), so that every cell makes its own stream of the same requests.
#[derive(Debug, Clone)]
pub struct Workload {
    rate: Rate,
    demand: Sampler,
}

impl Workload {
    /// Poisson arrivals of a constant rate.
    pub fn poisson(rate: Rate, demand: &Distribution) -> Self {
        Self { rate, demand: demand.sampler() }
    }

    /// The requests of one replication up to `end`, the same for every policy.
    pub fn requests(&self, streams: &Streams, end: Time) -> Box<dyn Arrivals> {
        Box::new(Poisson {
            gap_ns: 1e9 / self.rate.as_per_second(),
            at: 0.0,
            end,
            arrivals: streams.sequential(Purpose::Arrivals, 0),
            demand: self.demand.clone(),
            demands: streams.sequential(Purpose::Demand, 0),
        })
    }

    /// Expected number of requests in `[0, end)`, for progress and warnings.
    pub fn expected_requests(&self, end: Time) -> f64 {
        self.rate.as_per_second() * end.as_secs_f64()
    }
}

struct Poisson {
    gap_ns: f64,
    at: f64,
    end: Time,
    arrivals: Generator,
    demand: Sampler,
    demands: Generator,
}

impl Arrivals for Poisson {
    fn fill(&mut self, batch: &mut Batch) {
        batch.clear();
        while batch.arrival_ns.len() < BATCH {
            let unit: f64 = Exp1.sample(&mut self.arrivals);
            self.at += unit * self.gap_ns;
            if self.at >= self.end.0 as f64 {
                break;
            }
            batch.arrival_ns.push(self.at as u64);
        }
        batch.demand_ns.resize(batch.arrival_ns.len(), 0);
        self.demand.fill(&mut self.demands, &mut batch.demand_ns);
    }
}
