//! # sae: scaling rules of Alibaba Serverless App Engine
//!
//! **Is**: `CreateApplicationScalingRule` and `UpdateApplicationScalingRule` of the API 2019-05-06 as
//! their reference of December 2024 describes them: `timing`, `metric` and `mix` rules, read from
//! requests, responses or either configuration alone; refused with SAE's own errors; shown as its
//! `MetricsStatus`.
//!
//! **Knows**: documentation. Windows, steps, calendars and refusals are documented; the evaluation loop,
//! its formula and rounding are those of the Kubernetes HPA, whose events SAE shows. Every rule that no
//! source settles is a member of [`Knobs`].
//!
//! **Must not know**: other products.
//!
//! **Start at** [`Sae`], then `native` (the words), `read` and `check` (documents to rules), `policy`
//! (rules to counts). `docs/products/sae.md` says what is assumed.

mod calendar;
mod check;
mod knobs;
mod native;
mod policy;
mod read;
mod refusal;
mod shape;
mod tell;
#[cfg(test)]
mod tests;

pub use knobs::{Knobs, Stops};
pub use native::Model;

use super::{
    Assumption, DocumentFault, Form, Happening, MinReady, Omitted, Platform, Product, Provenance,
    Reader,
};
use crate::builtin::PolicyContext;
use autosim_engine::control::Autoscaler;
use autosim_engine::units::Span;
use native::{Kind, MinReadyMembers, Rule, Set};
use refusal::Api2019;
use serde_json::{Value, json};

/// Alibaba SAE.
#[derive(Debug, Clone, Copy)]
pub struct Sae;

impl Product for Sae {
    const KIND: &'static str = "sae";
    const PRODUCT: &'static str = "Alibaba SAE scaling rules (API 2019-05-06)";
    const PROVENANCE: Provenance = Provenance::Documented;
    const TRAFFIC: &'static [&'static str] = &["SLB_QPS", "INTRANET_SLB_QPS", "QPS"];

    const FORMS: &'static [Form] = shape::FORMS;

    type Knobs = Knobs;
    type Dialect = Api2019;
    type Model = Model;

    fn joins(before: &[Value], document: &Value) -> bool {
        read::joins(before, document)
    }

    fn dialect(knobs: &Knobs, _: bool) -> Api2019 {
        Api2019 { knobs: knobs.clone() }
    }

    fn model(documents: &[Value], _: &Knobs, reader: &Reader<Api2019>) -> Option<Model> {
        Some(read::read(documents, reader))
    }

    fn lacks(model: &Model) -> Option<String> {
        let text = "special times of a mix rule are given without its metric rule";
        model.half_a_mix.then(|| text.to_owned())
    }

    fn export(model: &Model) -> Vec<Value> {
        model.bodies.clone()
    }

    fn defaults(model: &Model) -> Vec<Omitted> {
        model.omitted.clone()
    }

    fn assumptions(model: &Model, knobs: &Knobs) -> Vec<Assumption> {
        knobs.assumptions(model)
    }

    fn platform(model: &Model, _: &Knobs) -> Platform {
        let (start, most) = range(model);
        let min_ready = model.enabled().find_map(|rule| rule.min_ready).map(min_ready);
        let metric = model.enabled().find_map(|rule| rule.metric.as_ref());
        let scale_in_after = metric.filter(|one| !one.down.disabled).map(|one| one.down.window);
        let timers = model.enabled().filter_map(|rule| rule.timer.as_ref());
        let dated = timers.into_iter().any(|timer| timer.begin.or(timer.end).is_some());
        Platform { min_ready, scale_in_after, dated, ..Platform::between(start, most) }
    }

    fn autoscaler(model: &Model, knobs: &Knobs, context: &PolicyContext) -> Autoscaler {
        policy::autoscaler(model, knobs, context)
    }

    fn first_evaluation(_: &Model, _: &Knobs) -> Option<Span> {
        Some(Span::ZERO)
    }

    fn unreadable(message: &str) -> DocumentFault {
        DocumentFault::error(
            "InvalidParameter.Obviously",
            Some(400),
            shape::METRIC,
            format!("The specified parameter is invalid {{{}}}.", shape::METRIC),
            format!("the text is no JSON: {message}"),
        )
    }

    fn refusal(faults: &[&DocumentFault]) -> Value {
        let first = faults.first();
        json!({
            "RequestId": "",
            "TraceId": "",
            "Message": first.map_or("", |fault| fault.message.as_str()),
            "ErrorCode": first.map_or("", |fault| fault.code.as_str()),
            "Code": "400",
            "Success": false,
        })
    }

    fn tell(model: &Model, knobs: &Knobs, happening: &Happening<'_>) -> Option<Value> {
        tell::status(model, knobs, happening)
    }
}

/// Where the application starts by itself and the most it can have. An application has a count before it
/// has rules: with metrics the minimum stands in for it, with times what the last trigger of a day sets.
fn range(model: &Model) -> (u32, u32) {
    let (mut start, mut most) = (1, 1);
    for rule in model.enabled() {
        let timer = rule.timer.as_ref().filter(|_| rule.kind != Kind::Metric);
        for schedule in timer.map_or(&[][..], |timer| &timer.schedules) {
            most = most.max(match schedule.set {
                Set::Count(count) => count,
                Set::Bounds(bounds) => bounds.max,
            });
        }
        start = start_of(rule).unwrap_or(start);
        if let Some(metric) = rule.metric.as_ref().filter(|_| rule.kind != Kind::Timing) {
            most = most.max(metric.bounds.max);
        }
    }
    (start, most)
}

fn start_of(rule: &Rule) -> Option<u32> {
    if rule.kind != Kind::Timing {
        return rule.metric.as_ref().map(|metric| metric.bounds.min);
    }
    let last = rule.timer.as_ref()?.schedules.iter().max_by_key(|schedule| schedule.at)?;
    match last.set {
        Set::Count(count) => Some(count),
        Set::Bounds(_) => None,
    }
}

/// `ratio` from 0 to 100 wins; -1 instances are a quarter of those there are.
fn min_ready(members: MinReadyMembers) -> MinReady {
    match (u8::try_from(members.ratio), u32::try_from(members.instances)) {
        (Ok(ratio), _) => MinReady::Percent(u32::from(ratio)),
        (Err(_), Ok(count)) => MinReady::Count(count),
        (Err(_), Err(_)) => MinReady::Percent(25),
    }
}
