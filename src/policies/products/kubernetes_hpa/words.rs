//! Enumerations of `autoscaling/v2`, and the reasons of its conditions.

use crate::products::words::words;

words! {
    /// `metrics[].type`.
    pub enum SourceKind {
        /// A resource of whole pods.
        Resource = "Resource",
        /// A resource of one container of each pod.
        ContainerResource = "ContainerResource",
        /// A custom metric of pods.
        Pods = "Pods",
        /// A custom metric of another object.
        Object = "Object",
        /// A metric from outside the cluster.
        External = "External",
    }
}

words! {
    /// `target.type`.
    pub enum TargetType {
        /// Percent of the request.
        Utilization = "Utilization",
        /// The value itself.
        Value = "Value",
        /// The value per pod.
        AverageValue = "AverageValue",
    }
}

words! {
    /// `selectPolicy`.
    pub enum SelectPolicy {
        /// The policy that allows the largest change.
        Max = "Max",
        /// The policy that allows the smallest change.
        Min = "Min",
        /// No change in this direction.
        Disabled = "Disabled",
    }
}

words! {
    /// `policies[].type`.
    pub enum PolicyType {
        /// So many pods.
        Pods = "Pods",
        /// So many percent.
        Percent = "Percent",
    }
}

words! {
    /// Reasons of the condition AbleToScale.
    pub enum Able {
        /// It stopped before a count was stabilised.
        SucceededGetScale = "SucceededGetScale",
        /// It wrote another count.
        SucceededRescale = "SucceededRescale",
        /// A window kept the count up.
        ScaleDownStabilized = "ScaleDownStabilized",
        /// A window kept the count down.
        ScaleUpStabilized = "ScaleUpStabilized",
        /// No window changed the proposal.
        ReadyForNewScale = "ReadyForNewScale",
    }
}

words! {
    /// Reasons of the condition ScalingActive.
    pub enum Active {
        /// A metric proposed a count.
        ValidMetricFound = "ValidMetricFound",
        /// The count is zero, and not by its own doing.
        ScalingDisabled = "ScalingDisabled",
        /// A metric of this kind failed, and kept the count where it is.
        FailedGetResourceMetric = "FailedGetResourceMetric",
        /// The same.
        FailedGetContainerResourceMetric = "FailedGetContainerResourceMetric",
        /// The same.
        FailedGetPodsMetric = "FailedGetPodsMetric",
        /// The same.
        FailedGetObjectMetric = "FailedGetObjectMetric",
        /// The same.
        FailedGetExternalMetric = "FailedGetExternalMetric",
    }
}

words! {
    /// Reasons of the condition ScalingLimited.
    pub enum Limited {
        /// Nothing limited the count.
        DesiredWithinRange = "DesiredWithinRange",
        /// It may not grow faster.
        ScaleUpLimit = "ScaleUpLimit",
        /// It may not shrink faster.
        ScaleDownLimit = "ScaleDownLimit",
        /// `maxReplicas`.
        TooManyReplicas = "TooManyReplicas",
        /// `minReplicas`.
        TooFewReplicas = "TooFewReplicas",
    }
}

words! {
    /// Reasons of the condition ScaledToZero.
    pub enum AtZero {
        /// The last count it wrote was zero.
        ScaledToZero = "ScaledToZero",
        /// It was another.
        NotScaledToZero = "NotScaledToZero",
    }
}

impl SourceKind {
    /// Why ScalingActive is False where a metric of this kind fails.
    pub const fn failure(self) -> Active {
        match self {
            Self::Resource => Active::FailedGetResourceMetric,
            Self::ContainerResource => Active::FailedGetContainerResourceMetric,
            Self::Pods => Active::FailedGetPodsMetric,
            Self::Object => Active::FailedGetObjectMetric,
            Self::External => Active::FailedGetExternalMetric,
        }
    }
}
