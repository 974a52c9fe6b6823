//! Scalingo: the autoscaler of an app's containers.
//!
//! **Emulates** what `/v1/apps/:app/autoscalers` (API V1) sets up: one autoscaler per process type, driven
//! by a pair of hidden alerts. Each minute one metric is averaged; two minutes in a row above the target add
//! a container, two well below it remove one. Out waits a minute after the last scaling, in three. Only
//! requests per minute and container may add several at once.
//!
//! **Sources**: the developers' API reference, Autoscalers; the platform's documentation of autoscaling,
//! scaling, metrics and containers, with its change log of February 2025; the developers' documentation of
//! metrics, alerts and errors; the public clients for Go, Terraform and the command line. What they leave
//! open is one of the [`Knobs`].
//!
//! **Start at** [`policy`] for the algorithm, `native` for the documents.

mod app;
mod check;
mod forms;
mod knobs;
mod native;
pub mod policy;
mod swap;
mod tell;
#[cfg(test)]
mod tests;

pub use app::App;
pub use knobs::Knobs;
pub use native::{AutoscalerSettings, MetricName};

use super::{
    Assumption, DocumentFault, FixedRule, Form, Happening, Omitted, Platform, Product, Provenance,
    Reader, knobs as common,
};
use crate::builtin::PolicyContext;
use autosim_engine::control::Autoscaler;
use autosim_engine::units::Span;
use check::V1;
use serde_json::Value;

/// How long a leaving container may finish: SIGTERM, then SIGKILL.
const STOP_S: u64 = 30;

/// Scalingo.
#[derive(Debug, Clone)]
pub struct Scalingo;

impl Product for Scalingo {
    const KIND: &'static str = "scalingo";
    const PRODUCT: &'static str = "Scalingo autoscaler (API V1)";
    const PROVENANCE: Provenance = Provenance::Documented;
    const TRAFFIC: &'static [&'static str] = &["rpm_per_container", "all"];

    const FIXED: &'static [FixedRule] = &[
        ("comparison", "above the target, not at it", "the text says \"over\""),
        (
            "out of bounds",
            "to the nearest bound in one jump",
            "only that it is corrected is documented",
        ),
        ("a correction", "the only action of its minute, which is stored", "nothing is said"),
        ("billing", "while booting too, unless `price.billing` says otherwise", "nothing is said"),
        ("missing minute", "breaks the streak", "nothing is said"),
        ("divisor", "containers at the end of the minute", "nothing is said"),
        ("minutes", "counted from the start", "the alignment is not published"),
    ];

    const FORMS: &'static [Form] = forms::FORMS;

    type Knobs = Knobs;
    type Dialect = V1;
    type Model = App;

    fn joins(before: &[Value], document: &Value) -> bool {
        forms::joins(before, document)
    }

    fn dialect(_: &Knobs, _: bool) -> V1 {
        V1
    }

    fn model(documents: &[Value], knobs: &Knobs, reader: &Reader<V1>) -> Option<App> {
        Some(check::read(documents, knobs, reader))
    }

    fn lacks(model: &App) -> Option<String> {
        model.acting().is_none().then(|| "only updates are given, and no autoscaler".into())
    }

    fn export(model: &App) -> Vec<Value> {
        model.export()
    }

    fn defaults(model: &App) -> Vec<Omitted> {
        model.autoscalers.iter().flat_map(|one| one.omitted.clone()).collect()
    }

    fn assumptions(model: &App, knobs: &Knobs) -> Vec<Assumption> {
        let acting = model.acting().map(|one| Assumption {
            rule: "scaled_type".into(),
            value: one.container_type.clone(),
            why: "the scenario's service is one process type of the app",
        });
        common::assumptions(knobs, Self::FIXED).into_iter().chain(acting).collect()
    }

    fn platform(model: &App, knobs: &Knobs) -> Platform {
        let bounds = model.acting().map(|one| {
            let all = one.versions.iter();
            let most = all.map(|version| version.settings.max_containers).max();
            (one.first().floor(), most.unwrap_or(u32::MAX))
        });
        let (start, most) = bounds.unwrap_or((native::FEWEST, u32::MAX));
        Platform {
            cold_start: Some(Span::from_secs(u64::from(knobs.boot_s))),
            grace: Some(Span::from_secs(STOP_S)),
            ..Platform::between(start, most)
        }
    }

    fn autoscaler(model: &App, knobs: &Knobs, context: &PolicyContext) -> Autoscaler {
        policy::autoscaler(model, knobs, context)
    }

    fn first_evaluation(_: &App, _: &Knobs) -> Option<Span> {
        Some(policy::MINUTE)
    }

    fn unreadable(message: &str) -> DocumentFault {
        check::unreadable(message)
    }

    fn refusal(faults: &[&DocumentFault]) -> Value {
        check::refusal(faults)
    }

    fn tell(model: &App, _: &Knobs, happening: &Happening<'_>) -> Option<Value> {
        tell::app_scaled(model, happening)
    }
}
