//! A scaling rule in the platform's own words, read and found good.

use crate::products::words::words;
use autosim_engine::signal::{Basis, Metric, Signal};
use autosim_engine::units::Span;
use jiff::civil::{Date, Time as ClockTime};

/// Everything that was read, in order of creation.
#[derive(Debug, Clone, Default)]
pub struct Model {
    pub(super) rules: Vec<Rule>,
    /// What goes out again: the documents as typed, amended; responses as requests.
    pub(super) bodies: Vec<serde_json::Value>,
    /// Members that were left out.
    pub(super) omitted: Vec<crate::products::Omitted>,
    /// A special calendar whose metric rule is not there.
    pub(super) half_a_mix: bool,
}

impl Model {
    /// The rules in force.
    pub(super) fn enabled(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter().filter(|rule| rule.enabled)
    }

    /// The rule with metrics that is in force, if there is one.
    pub(super) fn elastic(&self) -> Option<(&Rule, &MetricRule)> {
        let rule = self.enabled().find(|rule| rule.kind != Kind::Timing)?;
        Some((rule, rule.metric.as_ref()?))
    }
}

/// One scaling rule.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub(super) kind: Kind,
    /// The document did not say its type.
    pub(super) kind_inferred: bool,
    pub(super) enabled: bool,
    pub(super) timer: Option<Timer>,
    pub(super) metric: Option<MetricRule>,
    pub(super) min_ready: Option<MinReadyMembers>,
}

words! {
    /// `ScalingRuleType`.
    pub(super) enum Kind {
        Timing = "timing",
        Metric = "metric",
        Mix = "mix",
    }
}

/// `MinReadyInstances` and `MinReadyInstanceRatio` as given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct MinReadyMembers {
    /// -1 = the platform's 25 %.
    pub(super) instances: i64,
    /// -1 = not used; else it wins.
    pub(super) ratio: i64,
}

/// `ScalingRuleTimer`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Timer {
    pub(super) begin: Option<Date>,
    pub(super) end: Option<Date>,
    pub(super) period: Period,
    /// As listed.
    pub(super) schedules: Vec<Schedule>,
}

/// The days of a timer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Period {
    Daily,
    /// Monday first.
    Weekly([bool; 7]),
    /// Day of month, from 1.
    Monthly([bool; 32]),
}

pub(super) const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

impl Period {
    /// The three fields of `period`: day of month, month, day of week.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        match fields[..] {
            ["*", "*", "*"] => Some(Self::Daily),
            ["*", "*", days] => {
                let mut week = [false; 7];
                for day in days.split(',') {
                    week[WEEKDAYS.iter().position(|name| *name == day)?] = true;
                }
                Some(Self::Weekly(week))
            }
            [days, "*", "*"] => {
                let mut month = [false; 32];
                for day in days.split(',') {
                    let plain = day.bytes().all(|byte| byte.is_ascii_digit());
                    let day: usize = day.parse().ok().filter(|_| plain)?;
                    if !(1..=31).contains(&day) {
                        return None;
                    }
                    month[day] = true;
                }
                Some(Self::Monthly(month))
            }
            _ => None,
        }
    }

    /// Whether `date` is one of its days. With `last_of_february` the last day of February stands in for
    /// its 29th and 30th where they do not exist.
    pub(super) fn holds(&self, date: Date, last_of_february: bool) -> bool {
        let day = date.day() as usize;
        match self {
            Self::Daily => true,
            Self::Weekly(week) => week[date.weekday().to_monday_zero_offset() as usize % 7],
            Self::Monthly(month) => {
                let short = last_of_february && date.month() == 2 && date == date.last_of_month();
                month[day] || short && (day + 1..=30).any(|missing| month[missing])
            }
        }
    }

    /// Whether some day can belong to both.
    pub(super) fn meets(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Weekly(one), Self::Weekly(two)) => one.iter().zip(two).any(|(a, b)| *a && *b),
            (Self::Monthly(one), Self::Monthly(two)) => one.iter().zip(two).any(|(a, b)| *a && *b),
            _ => true,
        }
    }
}

/// One of `schedules`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Schedule {
    pub(super) at: ClockTime,
    pub(super) set: Set,
}

/// What a schedule sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Set {
    /// `targetReplicas`.
    Count(u32),
    /// `minReplicas`, `maxReplicas`.
    Bounds(Bounds),
}

/// `minReplicas` and `maxReplicas`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bounds {
    pub(super) min: u32,
    pub(super) max: u32,
}

/// `ScalingRuleMetric`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct MetricRule {
    pub(super) bounds: Bounds,
    pub(super) metrics: Vec<Target>,
    pub(super) up: Direction,
    pub(super) down: Direction,
}

/// One of `metrics`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Target {
    pub(super) kind: MetricType,
    /// `metricTargetAverageUtilization`: percent, connections, requests per second or milliseconds.
    pub(super) limit: u32,
}

/// `scaleUpRules` or `scaleDownRules`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Direction {
    /// `None` = not given.
    pub(super) step: Option<u32>,
    pub(super) disabled: bool,
    pub(super) window: Span,
}

words! {
    /// `metricType`.
    pub(super) enum MetricType {
        Cpu = "CPU",
        Memory = "MEMORY",
        TcpActiveConn = "tcpActiveConn",
        SlbQps = "SLB_QPS",
        SlbRt = "SLB_RT",
        IntranetSlbQps = "INTRANET_SLB_QPS",
        IntranetSlbRt = "INTRANET_SLB_RT",
        Qps = "QPS",
        Rt = "RT",
    }
}

impl MetricType {
    /// As `MetricsStatus` names it, and the kind it gives it.
    pub(super) const fn status(self) -> (&'static str, &'static str) {
        match self {
            Self::Cpu => ("cpu", "Resource"),
            Self::Memory => ("memory", "Resource"),
            Self::TcpActiveConn => ("tcpActiveConn", "Pods"),
            Self::SlbQps => ("slb_incall_qps", "External"),
            Self::SlbRt => ("slb_incall_rt", "External"),
            Self::IntranetSlbQps => ("intranet_slb_incall_qps", "External"),
            Self::IntranetSlbRt => ("intranet_slb_incall_rt", "External"),
            Self::Qps => ("arms_incall_qps", "External"),
            Self::Rt => ("arms_incall_rt", "External"),
        }
    }

    pub(super) const fn is_percent(self) -> bool {
        matches!(self, Self::Cpu | Self::Memory)
    }
    /// Read from a load balancer's logs, whose place must be given.
    pub(super) const fn of_balancer(self) -> bool {
        matches!(self, Self::SlbQps | Self::SlbRt | Self::IntranetSlbQps | Self::IntranetSlbRt)
    }
    /// A latency of the whole application: more replicas need not lower it.
    pub(super) const fn is_response_time(self) -> bool {
        matches!(self, Self::SlbRt | Self::IntranetSlbRt | Self::Rt)
    }

    /// What the controller sees: the mean over the documented window (`resource_window` for CPU and
    /// memory, whose window no source states), divided by replicas where it is a rate or a count.
    pub(super) fn signal(self, resource_window: Span, every: Span, basis: Basis) -> Signal {
        let (metric, window) = match self {
            Self::Cpu => (Metric::CpuPercent, resource_window),
            Self::Memory => (Metric::MemoryPercent, resource_window),
            Self::TcpActiveConn => (Metric::Connections, Span::from_secs(30)),
            Self::SlbQps | Self::IntranetSlbQps => (Metric::RequestsPerS, Span::from_secs(15)),
            Self::SlbRt | Self::IntranetSlbRt => (Metric::ResponseTimeMs, Span::from_secs(15)),
            Self::Qps => (Metric::RequestsPerS, Span::from_secs(60)),
            Self::Rt => (Metric::ResponseTimeMs, Span::from_secs(60)),
        };
        // So often that a window holds whole scrapes and one comes at every evaluation.
        let signal = Signal::of(metric, window, window.common_step(every));
        if metric.is_average() { signal } else { signal.per(basis) }
    }
}
