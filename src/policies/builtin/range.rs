//! Between which counts a policy can move, for defaults and warnings.

use super::PolicySpec;

impl PolicySpec {
    /// The fleet it would start with by itself, where a scenario names none: a fixed count, else the
    /// least it keeps while there is traffic.
    pub fn natural_start(&self) -> u32 {
        match self {
            Self::Fixed(spec) => spec.replicas,
            Self::TargetTracking(spec) => spec.min.max(1),
            Self::Threshold(spec) => spec.min.max(1),
            Self::Pid(spec) => spec.min.max(1),
            Self::Staffing(spec) => spec.min.max(1),
            Self::Scheduled(spec) => {
                let inner = spec.policy.as_ref().map(|policy| policy.natural_start());
                inner.or(spec.initial).unwrap_or(1)
            }
            Self::ScaleToZero(spec) => spec.policy.natural_start(),
            Self::KeepAlive(spec) => spec.min,
            Self::Combine(spec) => {
                spec.policies.values().map(Self::natural_start).max().unwrap_or(1)
            }
            Self::Clairvoyant(spec) => spec.min.max(1),
        }
    }

    /// So many replicas it is sure to want at some time, whatever the traffic.
    pub fn floor(&self) -> u32 {
        match self {
            Self::Fixed(spec) => spec.replicas,
            Self::TargetTracking(spec) => spec.min,
            Self::Threshold(spec) => spec.min,
            Self::Pid(spec) => spec.min,
            Self::Staffing(spec) => spec.min,
            Self::Scheduled(spec) => {
                let planned = spec.entries.iter().filter_map(|entry| entry.replicas.or(entry.min));
                let inner = spec.policy.as_ref().map(|policy| policy.floor());
                planned.chain(inner).max().unwrap_or(0)
            }
            Self::ScaleToZero(spec) => spec.policy.floor(),
            Self::KeepAlive(spec) => spec.min,
            Self::Combine(spec) => spec.policies.values().map(Self::floor).min().unwrap_or(0),
            Self::Clairvoyant(spec) => spec.min,
        }
    }

    /// The most replicas it can ever want; `u32::MAX` where nothing limits it or a calendar does.
    pub fn most(&self) -> u32 {
        match self {
            Self::Fixed(spec) => spec.replicas,
            Self::TargetTracking(spec) => spec.max,
            Self::Threshold(spec) => spec.max,
            Self::Pid(spec) => spec.max,
            Self::Staffing(spec) => spec.max,
            Self::Scheduled(_) => u32::MAX,
            Self::ScaleToZero(spec) => spec.policy.most(),
            Self::KeepAlive(spec) => spec.max,
            Self::Combine(spec) => spec.policies.values().map(Self::most).max().unwrap_or(u32::MAX),
            Self::Clairvoyant(spec) => spec.max.unwrap_or(u32::MAX),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::builtin::tape;

    #[test]
    fn the_range_of_a_policy_looks_through_what_wraps_it() {
        let tracked = "target-tracking = { metric = \"cpu\", target = \"60%\", min = 4, max = 60 }";
        for (text, start, floor, most) in [
            ("fixed.replicas = 3".to_owned(), 3, 3, 3),
            (tracked.to_owned(), 4, 4, 60),
            (format!("scale-to-zero.policy = {{ {tracked} }}"), 4, 4, 60),
            (
                format!(
                    "scheduled = {{ entries = [{{ from = \"09:00\", to = \"10:00\", min = 20 }}], policy = {{ {tracked} }} }}"
                ),
                4,
                20,
                u32::MAX,
            ),
            (
                format!("combine.policies = {{ a.fixed.replicas = 70, b = {{ {tracked} }} }}"),
                70,
                4,
                70,
            ),
            ("keep-alive = { idle_expiry = { constant = \"1m\" }, max = 9 }".to_owned(), 0, 0, 9),
        ] {
            let spec = tape::spec(&text);
            let found = (spec.natural_start(), spec.floor(), spec.most());
            assert_eq!(found, (start, floor, most), "{text}");
        }
    }
}
