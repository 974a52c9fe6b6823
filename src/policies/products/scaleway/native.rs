//! The documents in Scaleway's own words.

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

    /// Members the platform writes and never reads.
    pub(super) const fn read_only(self) -> &'static [&'static str] {
        match self {
            Self::Group => &[
                "id",
                "zone",
                "created_at",
                "updated_at",
                "error_messages",
                "instance_template_id",
            ],
            Self::Template => &["id", "zone", "created_at", "updated_at", "status"],
            Self::Policy => &["id", "zone"],
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

/// An enumeration of the API: its words, in the order of its schema, without the one for "unknown".
pub(super) trait Words: Copy + 'static {
    const ALL: &'static [(&'static str, Self)];
    /// The word that stands for no choice.
    const UNKNOWN: &'static str;

    fn of(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| *known == word).map(|&(_, value)| value)
    }
}

/// A metric the platform measures by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ManagedMetric {
    Cpu,
    NetworkIn,
    NetworkOut,
    Connections,
    Throughput,
}

impl ManagedMetric {
    pub(super) fn word(self) -> &'static str {
        Self::ALL.iter().find(|(_, known)| *known == self).map_or("", |(word, _)| word)
    }

    /// Whether Instances report it: none does while none runs.
    pub(super) const fn of_instances(self) -> bool {
        matches!(self, Self::Cpu | Self::NetworkIn | Self::NetworkOut)
    }
}

impl Words for ManagedMetric {
    const ALL: &'static [(&'static str, Self)] = &[
        ("managed_metric_instance_cpu", Self::Cpu),
        ("managed_metric_instance_network_in", Self::NetworkIn),
        ("managed_metric_instance_network_out", Self::NetworkOut),
        ("managed_loadbalancer_backend_connections_rate", Self::Connections),
        ("managed_loadbalancer_backend_throughput", Self::Throughput),
    ];
    const UNKNOWN: &'static str = "managed_metric_unknown";
}

/// How the aggregate is compared with the threshold; both are strict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    GreaterThan,
    LessThan,
}

impl Operator {
    pub(super) fn holds(self, value: f64, threshold: f64) -> bool {
        match self {
            Self::GreaterThan => value > threshold,
            Self::LessThan => value < threshold,
        }
    }
}

impl Words for Operator {
    const ALL: &'static [(&'static str, Self)] =
        &[("operator_greater_than", Self::GreaterThan), ("operator_less_than", Self::LessThan)];
    const UNKNOWN: &'static str = "operator_unknown";
}

/// How the samples of the range become one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Aggregate {
    Average,
    Max,
    Min,
    Sum,
}

impl Words for Aggregate {
    const ALL: &'static [(&'static str, Self)] = &[
        ("aggregate_average", Self::Average),
        ("aggregate_max", Self::Max),
        ("aggregate_min", Self::Min),
        ("aggregate_sum", Self::Sum),
    ];
    const UNKNOWN: &'static str = "aggregate_unknown";
}

/// The direction of a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    ScaleUp,
    ScaleDown,
}

impl Words for Action {
    const ALL: &'static [(&'static str, Self)] =
        &[("scale_up", Self::ScaleUp), ("scale_down", Self::ScaleDown)];
    const UNKNOWN: &'static str = "unknown_action";
}

/// How a policy's value is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Adjustment {
    FlatCount,
    PercentOfTotalGroup,
    SetTotalGroup,
}

impl Words for Adjustment {
    const ALL: &'static [(&'static str, Self)] = &[
        ("flat_count", Self::FlatCount),
        ("percent_of_total_group", Self::PercentOfTotalGroup),
        ("set_total_group", Self::SetTotalGroup),
    ];
    const UNKNOWN: &'static str = "unknown_type";
}

/// Where a volume lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum VolumeType {
    Local,
    Block,
}

impl Words for VolumeType {
    const ALL: &'static [(&'static str, Self)] = &[("l_ssd", Self::Local), ("sbs", Self::Block)];
    const UNKNOWN: &'static str = "unknown_volume_type";
}
