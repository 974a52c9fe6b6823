//! A metric of the table from what a run left.

use super::configure::Plan;
use super::samples::{Samples, Watch, quantile};
use autosim_engine::simulation::ServiceOutcome;
use autosim_engine::units::Span;

/// One replication, seen through both the engine's totals and the tests' own sink.
pub(super) struct Observed {
    outcome: ServiceOutcome,
    samples: Samples,
    window_s: f64,
    watch: Watch,
    tick_s: f64,
    concurrency: f64,
}

impl Observed {
    pub(super) fn new(plan: &Plan, seed: u64, replication: u32) -> Self {
        let (outcome, samples) = plan.run(seed, replication);
        let window_s = (plan.window.end - plan.window.warmup).as_secs_f64();
        Self {
            outcome,
            samples,
            window_s,
            watch: plan.watch.clone(),
            tick_s: plan.tick_s,
            concurrency: f64::from(plan.fleet.concurrency),
        }
    }

    /// What must hold in every run: requests add up, and the engine's totals are the sink's.
    pub(super) fn inconsistency(&self) -> Option<String> {
        let (counts, latency) = (&self.outcome.counts, &self.outcome.latency);
        let sink = &self.samples;
        let told = [sink.completed, sink.rejected, sink.timed_out, sink.unresolved, sink.waited];
        let counted = [
            counts.completed,
            counts.rejected,
            counts.timed_out,
            counts.lost + counts.unfinished,
            latency.waited,
        ];
        let sums =
            (sink.wait_sum, sink.sojourn_sum) == (latency.wait_sum_ns, latency.latency_sum_ns);
        let arrived = counted[..4].iter().sum::<u64>() == counts.arrived;
        (told != counted || !sums || !arrived)
            .then(|| format!("engine and sink differ: {counts:?}, sink {told:?}"))
    }

    /// The value of a metric; `None` if it is not known here.
    pub(super) fn value(&mut self, metric: &str) -> Option<f64> {
        if let Some((name, at)) = metric.split_once('@') {
            return self.at(name, at);
        }
        self.of_requests(metric).or_else(|| self.of_fleet(metric)).or_else(|| self.of_watch(metric))
    }

    fn at(&self, name: &str, at: &str) -> Option<f64> {
        if let Some(hour) = at.strip_prefix("phase") {
            let hour: usize = hour.trim_end_matches('h').parse().ok()?;
            return (name == "mean_busy").then(|| self.samples.at_phase(hour / 3));
        }
        let instant = Span::from_secs_f64(at.parse().ok()?);
        let [waiting, serving, any] = self.samples.at_instant(instant);
        match name {
            "mean_in_system" => Some(waiting + serving),
            "mean_queue" => Some(waiting),
            "mean_serving_or_draining" => Some(serving),
            "p_any_queue" => Some(any),
            _ => None,
        }
    }

    fn of_requests(&mut self, metric: &str) -> Option<f64> {
        let counts = &self.outcome.counts;
        let (arrived, completed) = (counts.arrived as f64, counts.completed as f64);
        let samples = &mut self.samples;
        let waited = (samples.waited + samples.timed_out) as f64;
        Some(match metric {
            "p_wait" => waited / (arrived - counts.rejected as f64),
            "p_reject" => counts.rejected as f64 / arrived,
            "p_abandon" => counts.timed_out as f64 / arrived,
            "mean_wait" | "mean_wait_served" => samples.wait_sum as f64 / completed / 1e9,
            "mean_wait_all" => {
                (samples.wait_sum + samples.timed_out_wait_sum) as f64 / arrived / 1e9
            }
            "mean_sojourn" | "mean_response" => samples.sojourn_sum as f64 / completed / 1e9,
            "mean_slowdown" => samples.slowdown_sum / completed,
            "throughput" => completed / self.window_s,
            "arrival_rate" => arrived / self.window_s,
            "p_cold_start" | "p_trigger_cold_start" => counts.triggered_launch as f64 / arrived,
            "p_delayed_by_setup" => counts.served_cold as f64 / arrived,
            "p_arrive_during_setup" => {
                (counts.served_cold - counts.triggered_launch) as f64 / arrived
            }
            "max_wait" => self.outcome.latency.wait_max.as_secs_f64(),
            "requests_delayed" => samples.waited as f64,
            "last_completion" => samples.last_end.as_secs_f64(),
            "wait_of_request_10" => {
                samples.by_arrival.sort_unstable();
                samples.by_arrival.get(10)?.1 as f64 / 1e9
            }
            _ => {
                let (of, percent) = metric.rsplit_once("_p")?;
                let q = percent.parse::<f64>().ok()? / 100.0;
                let values = if of.starts_with("sojourn") {
                    &mut samples.sojourns
                } else {
                    &mut samples.waits
                };
                quantile(values, q) / 1e9
            }
        })
    }

    fn of_fleet(&self, metric: &str) -> Option<f64> {
        let fleet = &self.outcome.fleet;
        let mean = |integral: u128| integral as f64 / fleet.window_ns as f64;
        let (ready, busy) = (mean(fleet.ready_ns), mean(fleet.in_flight_ns));
        let (allocated, starting) = (mean(fleet.allocated_ns), mean(fleet.starting_ns));
        let ticks = self.window_s / self.tick_s;
        Some(match metric {
            "mean_queue" => mean(fleet.queued_ns),
            "mean_in_system" => mean(fleet.queued_ns) + busy,
            "mean_busy" | "mean_running" | "frac_busy" | "mean_busy_avg" => busy,
            "utilization" => mean(fleet.busy_ns) / ready / self.concurrency,
            "mean_replicas_ready" | "frac_ready" => ready,
            "mean_replicas_allocated" | "mean_instances" => allocated,
            "mean_idle" | "frac_idle" => ready - busy,
            "wasted_capacity" => (ready - busy) / allocated,
            "frac_off" => 1.0 - allocated,
            "frac_setup" => starting,
            "mean_lifespan" => fleet.removed_life_ns as f64 / fleet.removed as f64 / 1e9,
            "cold_starts_per_second" => fleet.launches as f64 / self.window_s,
            "scale_out_events_per_tick" => fleet.scale_outs as f64 / ticks,
            "scale_in_events_per_tick" => fleet.scale_ins as f64 / ticks,
            "replicas_added_per_tick" => fleet.launches as f64 / ticks,
            _ => return None,
        })
    }

    fn of_watch(&mut self, metric: &str) -> Option<f64> {
        let fleet = &self.outcome.fleet;
        let window = Span(fleet.window_ns);
        Some(match (metric, &self.watch) {
            ("mean_in_system_per_replica", &Watch::Lengths { replicas }) => {
                (fleet.queued_ns + fleet.in_flight_ns) as f64 / window.0 as f64 / replicas as f64
            }
            ("frac_replicas_len_ge_2", _) => self.samples.share_with_at_least(2, window),
            ("frac_replicas_len_ge_3", _) => self.samples.share_with_at_least(3, window),
            ("max_mean_busy", _) => {
                fleet.in_flight_ns as f64 / window.0 as f64 + self.samples.first_harmonic().0
            }
            // The rate itself peaks after a quarter of the cycle, at 6 s.
            ("lag_of_peak", _) => self.samples.first_harmonic().1 - 6.0,
            _ => return None,
        })
    }
}
