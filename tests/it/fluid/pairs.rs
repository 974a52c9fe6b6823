//! The pairs of a scenario and a policy on which the flow is compared with the exact engine.

/// One pair.
pub(crate) struct Pair {
    /// Which, in a few words.
    pub(crate) name: &'static str,
    /// The start and the traffic.
    pub(crate) traffic: &'static str,
    /// How requests are served.
    pub(crate) service: &'static str,
    /// What serves them.
    pub(crate) replica: &'static str,
    /// Who decides, as the table `[policies.it]`.
    pub(crate) policy: &'static str,
    /// How long, and how often.
    pub(crate) minutes: u32,
    pub(crate) replications: u32,
    /// Short enough for every test run.
    pub(crate) fast: bool,
}

const COLD: &str = "cold_start.lognormal = { median = '40s', p99 = '90s' }";
const COLD_170: &str = "cold_start.lognormal = { median = '40s', p99 = '90s' }\ninitial = 170";
const COLD_900: &str = "cold_start.lognormal = { median = '40s', p99 = '90s' }\ninitial = 900";
const EXPONENTIAL: &str = "service_time.exponential = { mean = '100ms' }";

/// Traffic.
const STEADY_50: &str = "[workload.arrivals.main.poisson]\nrate = '50/s'";
const STEADY_400: &str = "[workload.arrivals.main.poisson]\nrate = '400/s'";
const STEADY_5000: &str = "[workload.arrivals.main.poisson]\nrate = '5000/s'";
const STEADY_200K: &str = "[workload.arrivals.main.poisson]\nrate = '200000/s'";
const STEADY_1M: &str = "[workload.arrivals.main.poisson]\nrate = '1000000/s'";
const DAY_300: &str = "start = '2026-03-02T00:00:00Z'\n[workload.arrivals.main.diurnal]\n\
     mean = '300/s'\npeak_to_mean = 1.7\npeak_at = '14:00'";
const DAY_100: &str = "start = '2026-03-02T00:00:00Z'\n[workload.arrivals.main.diurnal]\n\
     mean = '100/s'\npeak_to_mean = 1.6\npeak_at = '14:00'";
const TIDE_1000: &str = "[workload.arrivals.main.sinusoid]\nmean = '1000/s'\namplitude = '600/s'\n\
     period = '2h'";
const OFFICE: &str = "start = '2026-03-02T00:00:00Z'\n[workload.arrivals.main.profile]\n\
     mean = '150/s'\nhours = [2, 1, 1, 1, 1, 2, 4, 7, 9, 10, 10, 10, 10, 9, 9, 9, 9, 10, 11, 11, 10, 8, 6, 4]";
const STEPS: &str = "[workload.arrivals.main.levels]\nbetween = 'step'\n\
     points = [{ at = '0s', rate = '200/s' }, { at = '40m', rate = '500/s' }, { at = '80m', rate = '350/s' }, { at = '100m', rate = '150/s' }]";
const SPIKE: &str = "[workload.arrivals.base.poisson]\nrate = '200/s'\n\
     [workload.arrivals.sale.spike]\nat = '40m'\nheight = '600/s'\nrise = '5m'\nhold = '15m'\nfall = '15m'";
const JUMP: &str = "[workload.arrivals.base.poisson]\nrate = '150/s'\n\
     [workload.arrivals.sale.spike]\nat = '30m'\nheight = '250/s'\nhold = '20m'";
const BURSTY: &str = "[workload.arrivals.main.mmpp]\n\
     states = [{ rate = '150/s', dwell = '10m' }, { rate = '400/s', dwell = '4m' }]";
const BURSTY_FAST: &str = "[workload.arrivals.main.mmpp]\n\
     states = [{ rate = '800/s', dwell = '60s' }, { rate = '1400/s', dwell = '30s' }]";
const GAMMA: &str = "[workload.arrivals.main.renewal]\ngaps.gamma = { mean = '4ms', cv = 2 }";
const RECORDED: &str = "[workload.arrivals.main.replay]\nfile = 'counts.csv'";

/// Policies.
const FIXED_7: &str = "fixed.replicas = 7";
const FIXED_50: &str = "fixed.replicas = 50";
const FIXED_100: &str = "fixed.replicas = 100";
const FIXED_600: &str = "fixed.replicas = 600";
const FIXED_12: &str = "fixed.replicas = 12";
const CPU_60: &str = "target-tracking = { metric = 'cpu', target = '60%', min = 4, max = 2000, \
     window = '1m', interval = '60s', stabilise_down = '5m' }";
const CPU_70_15S: &str = "target-tracking = { metric = 'cpu', target = '70%', min = 4, max = 2000, \
     window = '30s', interval = '15s', stabilise_down = '5m' }";
const RPS: &str = "target-tracking = { metric = 'requests_per_s_per_replica', target = '7/s', \
     min = 4, max = 2000, window = '1m', interval = '60s' }";
const RPS_8: &str = "target-tracking = { metric = 'requests_per_s_per_replica', target = '56/s', \
     min = 4, max = 2000, window = '1m', interval = '60s' }";
const ONGOING: &str = "target-tracking = { metric = 'ongoing_requests_per_replica', \
     target = 0.6, min = 4, max = 2000, window = '2m', resolution = '15s', interval = '60s', \
     gauge = 'instant', stabilise_down = '5m' }";
const STEPWISE: &str = "threshold = { metric = 'cpu', min = 4, max = 400, cooldown = '3m', \
     interval = '60s', rules = [{ when = '> 75%', change = '+20%' }, { when = '< 50%', change = '-2', datapoints = 3, periods = 3 }] }";
const QUEUE: &str = "threshold = { metric = 'queued_requests', min = 4, max = 400, cooldown = '2m', \
     interval = '60s', rules = [{ when = '> 20', change = '+20%' }, { when = '< 0.5', change = '-1', datapoints = 5, periods = 5 }] }";
const LATE: &str = "threshold = { metric = 'p95_ms', min = 4, max = 400, cooldown = '3m', \
     interval = '60s', rules = [{ when = '> 400ms', change = '+15%' }, { when = '< 320ms', change = '-1', datapoints = 5, periods = 5 }] }";
const OFFICE_HOURS: &str = "scheduled = { time_zone = 'UTC', entries = [{ from = '06:00', to = '21:00', min = 30 }], \
     policy.target-tracking = { metric = 'cpu', target = '70%', min = 6, max = 80, window = '1m', interval = '60s' } }";
const SCALEWAY: &str = "scaleway.document = 'policies/scaleway.json'";
const SAE: &str = "sae.document = 'policies/sae-metrics.json'";
const EAS: &str = "pai-eas.body = { min = 4, max = 200, scaleStrategies = [{ metricName = 'qps', threshold = 56 }] }";
const SCALINGO: &str = "scalingo.body.autoscaler = { container_type = 'web', min_containers = 2, \
     max_containers = 10, metric = 'rpm_per_container', target = 2400 }";

macro_rules! pair {
    (@) => {
        false
    };
    (@fast) => {
        true
    };
    ($name:literal, $traffic:expr, $service:expr, $replica:expr, $policy:expr, $minutes:literal x $replications:literal $(, $fast:ident)?) => {
        Pair {
            name: $name,
            traffic: $traffic,
            service: $service,
            replica: $replica,
            policy: $policy,
            minutes: $minutes,
            replications: $replications,
            fast: pair!(@$($fast)?),
        }
    };
}

const LOGNORMAL: &str = "service_time.lognormal = { mean = '100ms', cv = 1.5 }";
const HEAVY_SLOTS: &str = "concurrency = 8\nservice_time.lognormal = { mean = '100ms', cv = 2 }";
const CONSTANT: &str = "service_time.constant = '100ms'";
const SLOTS_8: &str = "concurrency = 8\nservice_time.exponential = { mean = '100ms' }";
const SLOTS_100: &str = "concurrency = 100\nservice_time.lognormal = { mean = '50ms', cv = 1 }";
const LONG: &str = "concurrency = 4\nservice_time.lognormal = { mean = '2s', cv = 1 }";
const RANDOM: &str = "balancing = 'random'\nservice_time.exponential = { mean = '100ms' }";
const RANDOM_8: &str =
    "balancing = 'random'\nconcurrency = 8\nservice_time.lognormal = { mean = '100ms', cv = 1.5 }";
const IN_TURN: &str = "balancing = 'round-robin'\nservice_time.exponential = { mean = '100ms' }";
const IN_TURN_8: &str = "balancing = 'round-robin'\nconcurrency = 8\nservice_time.lognormal = { mean = '100ms', cv = 1 }";
const TWO: &str = "balancing = 'power-of-two'\nservice_time.exponential = { mean = '100ms' }";
const TWO_8: &str =
    "balancing = 'power-of-two'\nconcurrency = 8\nservice_time.exponential = { mean = '100ms' }";
const TWO_100: &str =
    "balancing = 'power-of-two'\nconcurrency = 100\nservice_time.exponential = { mean = '50ms' }";
const FEWEST: &str =
    "balancing = 'least-outstanding'\nservice_time.exponential = { mean = '100ms' }";
const FEWEST_8: &str = "balancing = 'least-outstanding'\nconcurrency = 8\nservice_time.lognormal = { mean = '100ms', cv = 1.5 }";
const SHARED_TWO: &str = "discipline = 'sharing'\nsharing.capacity = 4\nbalancing = 'power-of-two'\n\
     service_time.exponential = { mean = '100ms' }";
const SHARED: &str = "discipline = 'sharing'\nsharing.capacity = 1\nbalancing = 'random'\n\
     service_time.lognormal = { mean = '100ms', cv = 1 }";
const SHARED_FEWEST: &str = "discipline = 'sharing'\nsharing.capacity = 2\nbalancing = 'least-outstanding'\n\
     service_time.exponential = { mean = '100ms' }";

/// Every pair; no formula of the model knows of them.
pub(crate) const PAIRS: &[Pair] = &[
    pair!("7 replicas at 71 %, central", STEADY_50, EXPONENTIAL, COLD, FIXED_7, 120 x 5, fast),
    pair!("50 at 80 %, central, lognormal", STEADY_400, LOGNORMAL, COLD, FIXED_50, 120 x 4, fast),
    pair!("50 at 80 %, central, constant", STEADY_400, CONSTANT, COLD, FIXED_50, 120 x 4),
    pair!("7 at 71 %, random", STEADY_50, RANDOM, COLD, FIXED_7, 120 x 5),
    pair!("50 at 80 %, round robin", STEADY_400, IN_TURN, COLD, FIXED_50, 120 x 4),
    pair!("50 at 80 %, two choices", STEADY_400, TWO, COLD, FIXED_50, 120 x 4, fast),
    pair!("50 at 80 %, least outstanding", STEADY_400, FEWEST, COLD, FIXED_50, 120 x 4, fast),
    pair!("12 of 4 at 83 %, shared by two choices", STEADY_400, SHARED_TWO, COLD, FIXED_12, 120 x 4),
    pair!("50 at 80 %, shared at random", STEADY_400, SHARED, COLD, FIXED_50, 120 x 4, fast),
    pair!("600 at 83 %, least outstanding", STEADY_5000, FEWEST, COLD, FIXED_600, 60 x 2),
    pair!("600 at 83 %, two choices", STEADY_5000, TWO, COLD, FIXED_600, 60 x 2),
    pair!("bursts of gaps, central", GAMMA, EXPONENTIAL, COLD, "fixed.replicas = 32", 120 x 4, fast),
    pair!("day, CPU at 60 %", DAY_300, EXPONENTIAL, COLD, CPU_60, 720 x 2),
    pair!("day, CPU at 60 %, 8 slots, heavy tail", DAY_300, HEAVY_SLOTS, COLD, CPU_60, 720 x 2),
    pair!("day, requests per replica, random", DAY_300, RANDOM_8, COLD, RPS_8, 720 x 2),
    pair!("day, in steps, round robin", DAY_100, IN_TURN, COLD, STEPWISE, 720 x 3),
    pair!("day, ongoing requests, two choices", DAY_100, TWO, COLD, ONGOING, 720 x 3),
    pair!("day, long requests, CPU at 70 %", DAY_100, LONG, COLD, CPU_70_15S, 720 x 3),
    pair!("tide, CPU at 60 %, least outstanding", TIDE_1000, FEWEST, COLD_170, CPU_60, 240 x 2),
    pair!("tide from 4 replicas, least outstanding", TIDE_1000, FEWEST, COLD, CPU_60, 240 x 2),
    pair!("tide, requests per replica, constant", TIDE_1000, CONSTANT, COLD, RPS, 240 x 2),
    pair!("office, schedule", OFFICE, EXPONENTIAL, COLD, OFFICE_HOURS, 1440 x 2),
    pair!("office, Scalingo, 8 slots in turn", OFFICE, IN_TURN_8, COLD, SCALINGO, 1440 x 2),
    pair!("steps, CPU at 60 %", STEPS, EXPONENTIAL, COLD, CPU_60, 120 x 4, fast),
    pair!("steps, in steps, two choices of 8", STEPS, TWO_8, COLD, STEPWISE, 120 x 4, fast),
    pair!("steps, by the queue", STEPS, EXPONENTIAL, COLD, QUEUE, 120 x 4),
    pair!("spike, CPU at 60 %, 8 slots", SPIKE, SLOTS_8, COLD, CPU_60, 120 x 4, fast),
    pair!("spike, SAE, least outstanding of 8", SPIKE, FEWEST_8, COLD, SAE, 120 x 4, fast),
    pair!("spike, PAI-EAS, 8 slots", SPIKE, SLOTS_8, COLD, EAS, 120 x 16),
    pair!("jump, CPU at 70 % every 15 s", JUMP, EXPONENTIAL, COLD, CPU_70_15S, 90 x 4, fast),
    pair!("jump, by p95", JUMP, EXPONENTIAL, COLD, LATE, 90 x 4),
    pair!("bursts, CPU at 60 %", BURSTY, EXPONENTIAL, COLD, CPU_60, 240 x 4),
    pair!("bursts, shared by least outstanding", BURSTY, SHARED_FEWEST, COLD, CPU_60, 240 x 4),
    pair!("bursts, Scaleway, 8 slots", BURSTY, SLOTS_8, COLD, SCALEWAY, 240 x 4),
    pair!("fast bursts, 160 replicas", BURSTY_FAST, EXPONENTIAL, COLD, "fixed.replicas = 160", 120 x 3),
    pair!("recorded counts, CPU at 60 %", RECORDED, EXPONENTIAL, COLD, CPU_60, 240 x 3, fast),
    pair!("recorded counts, requests per replica", RECORDED, RANDOM_8, COLD, RPS_8, 240 x 3),
    pair!("200 000/s, 120 replicas of 100, two choices", STEADY_200K, TWO_100, COLD, "fixed.replicas = 120", 5 x 1),
    pair!("1 000 000/s, CPU at 60 %, 100 slots", STEADY_1M, SLOTS_100, COLD_900, CPU_60, 4 x 1),
    pair!("100 at 40 %, random", STEADY_400, RANDOM, COLD, FIXED_100, 120 x 3),
];
