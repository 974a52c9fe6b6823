//! The autoscalers of an app, one per process type, and which of them acts.

use super::native::AutoscalerSettings;
use crate::products::Omitted;
use autosim_engine::units::Time;
use jiff::Timestamp;
use serde_json::Value;

/// The process type the router serves.
pub(super) const WEB: &str = "web";

/// The autoscalers of an app, in order of creation.
#[derive(Debug, Clone, PartialEq)]
pub struct App {
    pub(super) autoscalers: Vec<TypeAutoscaler>,
    /// The process type that is scaled, where it is not the usual choice.
    pub(super) scaled_type: Option<String>,
}

/// The autoscaler of one process type.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct TypeAutoscaler {
    pub(super) container_type: String,
    /// As the platform calls it, where a document says.
    pub(super) id: Option<String>,
    /// What it is created with, then what each later update makes of it; ascending in time. Never
    /// empty.
    pub(super) versions: Vec<Version>,
    /// When it last scaled, where an answer says.
    pub(super) last_scale: Option<Timestamp>,
    /// `disabled`, the only member that may be left out, if no document says it.
    pub(super) omitted: Vec<Omitted>,
}

/// Settings and since when they are in force.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Version {
    pub(super) from: Time,
    pub(super) settings: AutoscalerSettings,
}

impl TypeAutoscaler {
    /// The settings at the start.
    pub(super) fn first(&self) -> AutoscalerSettings {
        self.at(Time::ZERO)
    }

    /// The settings in force at `now`.
    pub(super) fn at(&self, now: Time) -> AutoscalerSettings {
        let begun = self.versions.iter().take_while(|version| version.from <= now).count();
        self.versions[begun.saturating_sub(1)].settings
    }
}

impl App {
    /// The autoscaler of the process type that is scaled: the one named by the knob, else that of
    /// `web`, else the first.
    pub(super) fn acting(&self) -> Option<&TypeAutoscaler> {
        let of = |name: &str| self.autoscalers.iter().find(|one| one.container_type == name);
        match &self.scaled_type {
            Some(name) => of(name),
            None => of(WEB).or_else(|| self.autoscalers.first()),
        }
    }

    /// A creation for each, then what a creation cannot say as updates.
    pub(super) fn export(&self) -> Vec<Value> {
        let mut bodies = Vec::new();
        for one in &self.autoscalers {
            let Some(first) = one.versions.first() else { continue };
            bodies.push(first.settings.create_body(&one.container_type));
            let mut earlier = AutoscalerSettings { disabled: false, ..first.settings };
            for version in &one.versions {
                bodies.extend(version.settings.update_body(&earlier));
                earlier = version.settings;
            }
        }
        bodies
    }
}
