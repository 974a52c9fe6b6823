//! Alibaba Cloud PAI-EAS: the horizontal autoscaler of an inference service.
//!
//! **Emulates** the controller that `CreateServiceAutoScaler` (EAS API 2021-07-01) sets up: one target per
//! metric, `ceil(count x value / threshold)`, the largest wins, a dead band of 10 %, a look-back window per
//! direction, and `onZero`, which takes a quiet service to no replica and wakes it at the next request.
//!
//! **Sources**: the API reference of `CreateServiceAutoScaler` (January 2026) for fields, defaults and
//! the meaning of windows and `onZero`; "Horizontal auto scaling feature" (March 2026) for the formula,
//! the rule of the largest and the dead band; the client library of the API (2021-07-01) for types and the
//! shape of `DescribeServiceAutoScaler`. What they leave open follows the controller of Kubernetes whose
//! field names and defaults EAS uses; each such rule is one of the [`Knobs`].
//!
//! **Start at** [`policy`] for the algorithm, `native` for the document.

mod check;
mod history;
mod knobs;
mod native;
pub mod policy;
mod tell;
#[cfg(test)]
mod tests;

pub use knobs::{
    AtZero, BandEnds, FollowedBasis, GraceClock, Knobs, MissingData, RatePolicy, ReplicaBasis,
    ResourceUnit, WindowForm, ZeroActivation,
};
pub use native::{AutoScaler, Behavior, MetricName, Strategy};

use super::{
    DocumentFault, FixedRule, Form, Happening, Omitted, Platform, Product, Provenance, Reader,
};
use crate::builtin::PolicyContext;
use autosim_engine::control::Autoscaler;
use autosim_engine::units::Span;
use check::Common;
use serde_json::{Value, json};

/// Alibaba Cloud PAI-EAS.
#[derive(Debug, Clone)]
pub struct PaiEas;

impl Product for PaiEas {
    const KIND: &'static str = "pai-eas";
    const PRODUCT: &'static str = "Alibaba Cloud PAI-EAS autoscaler (EAS API 2021-07-01)";
    const PROVENANCE: Provenance = Provenance::Documented;
    const TRAFFIC: &'static [&'static str] = &["qps", "qps1k", "queue[avgbacklog]"];

    const FIXED: &'static [FixedRule] = &[
        ("error codes", "common codes of Alibaba Cloud", "no table of this operation is published"),
        ("waking tick", "the formula is not evaluated at it", "there is no replica to measure"),
    ];

    const FORMS: &'static [Form] = check::FORMS;

    type Knobs = Knobs;
    type Dialect = Common;
    type Model = AutoScaler;

    fn dialect(_: &Knobs, _: bool) -> Common {
        Common
    }

    /// Each document is a whole one (`CreateServiceAutoScaler`, then `UpdateServiceAutoScaler`, which
    /// takes the same body): the last one is in force.
    fn model(documents: &[Value], knobs: &Knobs, reader: &Reader<Common>) -> Option<AutoScaler> {
        let read = |(number, document)| check::read(number, document, knobs, reader);
        documents.iter().enumerate().map(read).last().flatten()
    }

    fn services(model: &AutoScaler) -> Vec<String> {
        let mut names: Vec<String> =
            model.strategies.iter().filter_map(|strategy| strategy.service.clone()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    fn export(model: &AutoScaler) -> Vec<Value> {
        vec![model.written.clone()]
    }

    fn defaults(model: &AutoScaler) -> Vec<Omitted> {
        model.omitted.clone()
    }

    /// A service is enabled with its minimum, and with one replica if that is zero: it falls asleep by
    /// its own rule, not before.
    fn platform(model: &AutoScaler, knobs: &Knobs) -> Platform {
        Platform {
            rejects_at_zero: knobs.at_zero == AtZero::Fail,
            sleeps: model.min == 0,
            scale_in_after: Some(Span::from_secs(model.behavior.scale_down_window_s.into())),
            ..Platform::between(model.min.max(1), model.max)
        }
    }

    fn autoscaler(model: &AutoScaler, knobs: &Knobs, context: &PolicyContext) -> Autoscaler {
        policy::autoscaler(model, knobs, context)
    }

    fn first_evaluation(_: &AutoScaler, _: &Knobs) -> Option<Span> {
        Some(Span::ZERO)
    }

    fn unreadable(message: &str) -> DocumentFault {
        check::unreadable(message)
    }

    /// The common error envelope names one fault: the first.
    fn refusal(faults: &[&DocumentFault]) -> Value {
        let (code, message) = faults.first().map_or(("", ""), |f| (&f.code, &f.message));
        json!({
            "RequestId": "00000000-0000-0000-0000-000000000000",
            "HostId": "pai-eas.aliyuncs.com",
            "Code": code,
            "Message": message,
            "Recommend": "",
        })
    }

    fn tell(model: &AutoScaler, _: &Knobs, happening: &Happening<'_>) -> Option<Value> {
        Some(tell::describe(model, happening))
    }
}
