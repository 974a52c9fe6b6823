//! The documents in Ray Serve's words, with every default.

use super::aggregate::Aggregation;
use super::decision::at_capacity;
use crate::products::knobs::choices;
use crate::products::{Omitted, Words};
use serde_json::{Map, Value, json};

/// `max_ongoing_requests` where a deployment says nothing.
pub(super) const DEFAULT_MAX_ONGOING_REQUESTS: u32 = 5;
/// `graceful_shutdown_timeout_s` where a deployment says nothing.
pub(super) const DEFAULT_GRACEFUL_SHUTDOWN_TIMEOUT_S: f64 = 20.0;
/// `max_ongoing_requests` of a model of Serve LLM that says nothing: the engine's own queue is the limit.
pub(super) const LLM_MAX_ONGOING_REQUESTS: u32 = 1_000_000_000;
/// A larger `max_ongoing_requests` is no limit: how many requests a replica serves at once is then what the
/// scenario says.
pub(super) const LARGEST_LIMIT: u32 = 1_000_000;
/// `target_ongoing_requests` of such a model: it does not scale out unless told to.
const LLM_TARGET_ONGOING_REQUESTS: f64 = 1e9;
/// `max_replicas` of `num_replicas: auto`.
pub(super) const AUTO_MAX_REPLICAS: u32 = 100;

/// `ray.serve.config.AutoscalingConfig`, as Ray resolves it.
#[derive(Debug, Clone, PartialEq)]
pub struct AutoscalingConfig {
    /// Fewest replicas.
    pub min_replicas: u32,
    /// Replicas of the first deployment; `None` = what the bounds make of none.
    pub initial_replicas: Option<u32>,
    /// Most replicas.
    pub max_replicas: u32,
    /// Requests per replica to aim at; `None` is accepted by Ray and then fails in every loop.
    pub target_ongoing_requests: Option<f64>,
    /// Time between pushes of a handle, in seconds.
    pub metrics_interval_s: f64,
    /// How far back samples are kept, in seconds.
    pub look_back_period_s: f64,
    /// Old name of both factors.
    pub smoothing_factor: f64,
    /// Old name of `upscaling_factor`.
    pub upscale_smoothing_factor: Option<f64>,
    /// Old name of `downscaling_factor`.
    pub downscale_smoothing_factor: Option<f64>,
    /// Gain of a recommendation for more.
    pub upscaling_factor: Option<f64>,
    /// Gain of a recommendation for fewer.
    pub downscaling_factor: Option<f64>,
    /// How long a recommendation for fewer must last, in seconds.
    pub downscale_delay_s: f64,
    /// The same while one replica is wanted, in seconds.
    pub downscale_to_zero_delay_s: Option<f64>,
    /// How long a recommendation for more must last, in seconds.
    pub upscale_delay_s: f64,
    /// How the window becomes a number.
    pub aggregation_function: Aggregation,
}

impl Default for AutoscalingConfig {
    fn default() -> Self {
        Self {
            min_replicas: 1,
            initial_replicas: None,
            max_replicas: 1,
            target_ongoing_requests: Some(2.0),
            metrics_interval_s: 10.0,
            look_back_period_s: 30.0,
            smoothing_factor: 1.0,
            upscale_smoothing_factor: None,
            downscale_smoothing_factor: None,
            upscaling_factor: None,
            downscaling_factor: None,
            downscale_delay_s: 600.0,
            downscale_to_zero_delay_s: None,
            upscale_delay_s: 30.0,
            aggregation_function: Aggregation::Mean,
        }
    }
}

impl AutoscalingConfig {
    /// The defaults under `num_replicas: auto`.
    pub fn auto() -> Self {
        Self { max_replicas: AUTO_MAX_REPLICAS, ..Self::default() }
    }

    /// The defaults Serve LLM lays under a model's own.
    pub fn of_llm() -> Self {
        Self { target_ongoing_requests: Some(LLM_TARGET_ONGOING_REQUESTS), ..Self::default() }
    }

    /// Gain of a recommendation for more: the first that is given of the new name, the old name, the oldest.
    pub fn up_factor(&self) -> f64 {
        self.upscaling_factor.or(self.upscale_smoothing_factor).unwrap_or(self.smoothing_factor)
    }

    /// Gain of a recommendation for fewer, likewise.
    pub fn down_factor(&self) -> f64 {
        self.downscaling_factor.or(self.downscale_smoothing_factor).unwrap_or(self.smoothing_factor)
    }

    /// Every member but `policy`, in Ray's order.
    pub fn members(&self) -> Map<String, Value> {
        let object = json!({
            "min_replicas": self.min_replicas,
            "initial_replicas": self.initial_replicas,
            "max_replicas": self.max_replicas,
            "target_ongoing_requests": self.target_ongoing_requests.map(number),
            "metrics_interval_s": number(self.metrics_interval_s),
            "look_back_period_s": number(self.look_back_period_s),
            "smoothing_factor": number(self.smoothing_factor),
            "upscale_smoothing_factor": self.upscale_smoothing_factor.map(number),
            "downscale_smoothing_factor": self.downscale_smoothing_factor.map(number),
            "upscaling_factor": self.upscaling_factor.map(number),
            "downscaling_factor": self.downscaling_factor.map(number),
            "downscale_delay_s": number(self.downscale_delay_s),
            "downscale_to_zero_delay_s": self.downscale_to_zero_delay_s.map(number),
            "upscale_delay_s": number(self.upscale_delay_s),
            "aggregation_function": self.aggregation_function.name(),
        });
        if let Value::Object(members) = object { members } else { Map::new() }
    }
}

/// A number as JSON; what JSON has no form for becomes its name, which Ray reads as well.
fn number(value: f64) -> Value {
    match serde_json::Number::from_f64(value) {
        Some(number) => Value::Number(number),
        None if value > 0.0 => "Infinity".into(),
        None => value.to_string().into(),
    }
}

/// Who decides a deployment's count.
#[derive(Debug, Clone, PartialEq)]
pub enum Scaling {
    /// `num_replicas`.
    Fixed(u32),
    /// `autoscaling_config`, or `num_replicas: auto`.
    Auto(AutoscalingConfig),
}

choices! { "kebab-case":
    /// Which way the target capacity is moving.
    Direction {
        /// Traffic is moving to this cluster.
        Up,
        /// Traffic is moving away.
        Down,
    }
}

/// The deployment that is scaled, and the document it comes from.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// The document as it was typed.
    pub typed: Value,
    /// Members of the deployment that were left out, with what Ray takes in their place.
    pub omitted: Vec<Omitted>,
    /// Name of the application, where there is one.
    pub application: Option<String>,
    /// Name of the deployment, where there is one.
    pub deployment: Option<String>,
    /// Who decides the count.
    pub scaling: Scaling,
    /// Requests a replica takes at once.
    pub max_ongoing_requests: u32,
    /// How long a stopping replica may finish, in seconds.
    pub graceful_shutdown_timeout_s: f64,
    /// `target_capacity` of the document, in percent.
    pub target_capacity: Option<f64>,
}

impl Model {
    /// Smallest and largest count under a target capacity.
    pub fn limits(&self, capacity: Option<f64>, direction: Option<Direction>) -> (u32, u32) {
        match &self.scaling {
            Scaling::Fixed(count) => {
                let count = at_capacity(*count, capacity);
                (count, count)
            }
            Scaling::Auto(config) => {
                let rising = capacity.is_some() && direction == Some(Direction::Up);
                let lowest = config.initial_replicas.filter(|_| rising);
                (
                    at_capacity(lowest.unwrap_or(config.min_replicas), capacity),
                    at_capacity(config.max_replicas, capacity),
                )
            }
        }
    }
}
