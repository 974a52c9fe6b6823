//! Enumerations of `keda.sh/v1alpha1`, and the reasons of its conditions.

use crate::products::words::words;

words! {
    /// `triggers[].type`: those that are emulated.
    pub enum TriggerKind {
        /// A query to Prometheus.
        Prometheus = "prometheus",
        /// Cpu of the pods, read by the autoscaler.
        Cpu = "cpu",
        /// Memory of the pods, read by the autoscaler.
        Memory = "memory",
        /// A queue of RabbitMQ.
        RabbitMq = "rabbitmq",
        /// A list of Redis.
        Redis = "redis",
        /// A queue of Amazon SQS.
        Sqs = "aws-sqs-queue",
        /// The lag of a consumer group of Kafka.
        Kafka = "kafka",
        /// A number in what an address answers.
        MetricsApi = "metrics-api",
        /// Hours of a calendar.
        Cron = "cron",
    }
}

words! {
    /// `metricType` of `scalingModifiers`.
    pub enum CompositeType {
        /// The value over the target.
        AverageValue = "AverageValue",
        /// The value against the target, times the ready pods.
        Value = "Value",
    }
}

words! {
    /// `metricType` of a trigger.
    pub enum MetricType {
        /// The value over the target.
        AverageValue = "AverageValue",
        /// The value against the target, times the ready pods.
        Value = "Value",
        /// Percent of the request: cpu and memory only.
        Utilization = "Utilization",
    }
}

words! {
    /// `fallback.behavior`: how many replicas stand in for a trigger that fails.
    pub enum FallbackBehavior {
        /// `replicas`.
        Static = "static",
        /// Those there are.
        CurrentReplicas = "currentReplicas",
        /// Those there are, at least `replicas`.
        CurrentReplicasIfHigher = "currentReplicasIfHigher",
        /// Those there are, at most `replicas`.
        CurrentReplicasIfLower = "currentReplicasIfLower",
        /// Nothing: the formula is given nil for the trigger.
        ScalingModifiers = "scalingModifiers",
    }
}

words! {
    /// Reasons of the condition Active of a ScaledObject.
    pub enum Active {
        /// A trigger is active.
        ScalerActive = "ScalerActive",
        /// None is.
        ScalerNotActive = "ScalerNotActive",
        /// None is, and the cooldown is not over.
        ScalerCooldown = "ScalerCooldown",
        /// An annotation paused it.
        ScaledObjectPaused = "ScaledObjectPaused",
    }
}

impl TriggerKind {
    /// Whether the autoscaler reads it by itself, from the pods.
    pub const fn is_resource(self) -> bool {
        matches!(self, Self::Cpu | Self::Memory)
    }

    /// Whether what it counts waits for replicas, whether or not there are any.
    pub const fn is_queue(self) -> bool {
        matches!(self, Self::RabbitMq | Self::Redis | Self::Sqs | Self::Kafka)
    }
}
