//! The documents in Scaleway's own words.

use crate::products::words::words;
use autosim_engine::units::Span;
use serde_json::{Map, Value};

/// What a body describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// `instance-groups`.
    Group,
    /// `instance-templates`.
    Template,
    /// `instance-policies`.
    Policy,
}

impl Kind {
    /// As the platform's answers call it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Group => "group",
            Self::Template => "template",
            Self::Policy => "policy",
        }
    }

    /// Members of a request.
    pub(super) const fn writable(self) -> &'static str {
        match self {
            Self::Group => "project_id name tags template_id capacity loadbalancer",
            Self::Template => {
                "name commercial_type image_id volumes private_network_ids public_ips_v4_count \
                 public_ips_v6_count security_group_id placement_group_id cloud_init tags project_id"
            }
            Self::Policy => "name metric action type value priority instance_group_id",
        }
    }

    /// Members the platform writes and never reads.
    pub(super) const fn read_only(self) -> &'static str {
        match self {
            Self::Group => "id zone created_at updated_at error_messages instance_template_id",
            Self::Template => "id zone created_at updated_at status",
            Self::Policy => "id zone",
        }
    }

    /// Members a creation names and an update cannot change.
    pub(super) const fn fixed(self) -> &'static [&'static str] {
        match self {
            Self::Group => {
                &["project_id", "template_id", "loadbalancer.id", "loadbalancer.private_network_id"]
            }
            Self::Template => &["project_id"],
            Self::Policy => &["instance_group_id"],
        }
    }

    /// Members every creation has.
    pub(super) const fn required(self) -> &'static [&'static str] {
        match self {
            Self::Group => &["project_id", "name", "template_id", "capacity", "loadbalancer"],
            Self::Template => &["name", "commercial_type", "project_id"],
            Self::Policy => &["name", "metric", "action", "type", "value", "instance_group_id"],
        }
    }
}

/// A document as it was typed, amended by the updates that address it.
#[derive(Debug, Clone)]
pub(super) struct Body {
    pub(super) kind: Kind,
    /// Which of the documents given, from 0.
    pub(super) document: usize,
    /// An update that came before the document it amends.
    pub(super) partial: bool,
    pub(super) members: Map<String, Value>,
}

impl Body {
    /// Its identifier, if it names one.
    pub(super) fn id(&self) -> Option<&str> {
        text(&self.members, "id")
    }
}

/// A member that is a text.
pub(super) fn text<'a>(members: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    members.get(key).and_then(Value::as_str)
}

/// The capacity of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) document: usize,
    pub(super) min: u32,
    pub(super) max: u32,
    pub(super) cooldown: Span,
}

/// A scaling policy.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Policy {
    pub(super) document: usize,
    pub(super) name: String,
    pub(super) metric: ManagedMetric,
    pub(super) operator: Operator,
    pub(super) aggregate: Aggregate,
    pub(super) range: Span,
    /// As typed; the knobs say how it is kept.
    pub(super) threshold: f64,
    pub(super) action: Action,
    pub(super) adjustment: Adjustment,
    pub(super) value: u32,
    pub(super) priority: u32,
}

words! {
    /// A metric the platform measures by itself.
    pub(super) enum ManagedMetric {
        Cpu = "managed_metric_instance_cpu",
        NetworkIn = "managed_metric_instance_network_in",
        NetworkOut = "managed_metric_instance_network_out",
        Connections = "managed_loadbalancer_backend_connections_rate",
        Throughput = "managed_loadbalancer_backend_throughput",
    }
}

impl ManagedMetric {
    /// Whether Instances report it: none does while none runs.
    pub(super) const fn of_instances(self) -> bool {
        matches!(self, Self::Cpu | Self::NetworkIn | Self::NetworkOut)
    }
}

words! {
    /// How the aggregate is compared with the threshold; both are strict.
    pub(super) enum Operator {
        GreaterThan = "operator_greater_than",
        LessThan = "operator_less_than",
    }
}

impl Operator {
    pub(super) fn holds(self, value: f64, threshold: f64) -> bool {
        match self {
            Self::GreaterThan => value > threshold,
            Self::LessThan => value < threshold,
        }
    }
}

words! {
    /// How the samples of the range become one value.
    pub(super) enum Aggregate {
        Average = "aggregate_average",
        Max = "aggregate_max",
        Min = "aggregate_min",
        Sum = "aggregate_sum",
    }
}

words! {
    /// The direction of a policy.
    pub(super) enum Action {
        ScaleUp = "scale_up",
        ScaleDown = "scale_down",
    }
}

words! {
    /// How a policy's value is read.
    pub(super) enum Adjustment {
        FlatCount = "flat_count",
        PercentOfTotalGroup = "percent_of_total_group",
        SetTotalGroup = "set_total_group",
    }
}

words! {
    /// Where a volume lives.
    pub(super) enum VolumeType {
        Local = "l_ssd",
        Block = "sbs",
    }
}
