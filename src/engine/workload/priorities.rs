//! Classes of requests (rule 22): sources of one priority.

use super::WorkloadSpec;
use crate::fault::Faults;

/// Requests that are served before those of all later classes, while they wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Class {
    /// As the scenario says; lower ones are served first.
    pub priority: u32,
    /// The sources, in the order of the scenario.
    pub sources: Vec<String>,
}

impl Class {
    /// More classes than these are a typing error.
    pub const MOST: usize = 64;

    /// Its sources in one word.
    pub fn name(&self) -> String {
        self.sources.join("+")
    }
}

impl WorkloadSpec {
    fn priority(&self, source: &str) -> u32 {
        self.priorities.get(source).copied().unwrap_or(0)
    }

    fn distinct_priorities(&self) -> Vec<u32> {
        let mut all: Vec<u32> = self.arrivals.keys().map(|name| self.priority(name)).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Classes in order of service, and the class of each source; nothing where all are of one.
    pub(super) fn classes(&self) -> (Vec<Class>, Vec<u8>) {
        let priorities = self.distinct_priorities();
        if priorities.len() < 2 {
            return (Vec::new(), Vec::new());
        }
        let mut classes: Vec<Class> =
            priorities.iter().map(|&priority| Class { priority, sources: Vec::new() }).collect();
        let place = |name: &String| {
            let class = priorities.partition_point(|&lower| lower < self.priority(name));
            classes[class].sources.push(name.clone());
            class as u8
        };
        let class_of = self.arrivals.keys().map(place).collect();
        (classes, class_of)
    }

    pub(super) fn check_priorities(&self, faults: &mut Faults) {
        for name in self.priorities.keys().filter(|name| !self.arrivals.contains_key(*name)) {
            faults.within("priorities", |f| {
                let known: Vec<&str> = self.arrivals.keys().map(String::as_str).collect();
                let hint = format!("there are: {}", known.join(", "));
                f.error(name, format!("there is no source `{name}`"), hint);
            });
        }
        let classes = self.distinct_priorities().len();
        if classes > Class::MOST {
            let hint = format!("at most {}", Class::MOST);
            faults.error("priorities", format!("{classes} different priorities"), hint);
        } else if classes < 2 && !self.priorities.is_empty() {
            let hint = "give some sources a higher number than others";
            faults.warn(
                "priorities",
                "all sources have the same priority: nobody is served first",
                hint,
            );
        }
    }
}
