//! What a body must hold to be taken: the rules of the API, per kind of document.

use super::knobs::Knobs;
use super::native::{Group, Kind, ManagedMetric, Policy, VolumeType};
use super::words::{Object, One, count, duration, float, id, list, word};
use crate::products::{Kind as Is, Omitted, Wrong};
use autosim_engine::units::Span;
use serde_json::json;

/// What a body says, if it is whole and nothing is wrong with it. A template bears on a run only by what
/// an Instance costs and can do, which a scenario says.
#[derive(Default)]
pub(super) struct Said {
    pub(super) group: Option<Group>,
    pub(super) policy: Option<Policy>,
    /// Members left out, with what the platform takes in their place.
    pub(super) omitted: Vec<Omitted>,
}

/// Reads a body of that kind.
pub(super) fn read(kind: Kind, body: &Object<'_>, document: usize, knobs: &Knobs) -> Said {
    body.report_unknown(&format!("{} {}", kind.writable(), kind.read_only()));
    let mut said = Said::default();
    match kind {
        Kind::Group => said.group = group(body, document, knobs),
        Kind::Policy => said.policy = policy(body, document, knobs),
        Kind::Template => template(body),
    }
    let omitted = body.me.reader.take_omitted();
    if body.me.reader.errors() == 0 { Said { omitted, ..said } } else { Said::default() }
}

fn tags(member: One<'_>) {
    list(member, "a text", |tag| {
        tag.text();
    });
}

fn group(body: &Object<'_>, document: usize, knobs: &Knobs) -> Option<Group> {
    id(body.need("project_id"));
    body.need("name").text();
    body.get("tags").note(json!([]));
    tags(body.get("tags"));
    let renamed = match body.has("instance_template_id") {
        true => "answers call it `instance_template_id`, requests `template_id`",
        false => "",
    };
    id(body.get("template_id").must(renamed));
    let capacity = body.need("capacity").members("max_replicas min_replicas cooldown_delay");
    let group = capacity.and_then(|capacity| {
        let max = count(capacity.need("max_replicas"), 0);
        let min = count(capacity.need("min_replicas"), 0);
        let cooldown = capacity.get("cooldown_delay");
        cooldown.note(format!("{}s", knobs.default_cooldown_s));
        let cooldown = duration(cooldown);
        let cooldown = cooldown.unwrap_or(Span::from_secs(knobs.default_cooldown_s.into()));
        if let (Some(min), Some(max)) = (min, max)
            && min > max
        {
            let help = format!("at most max_replicas, {max}; it is {min}");
            capacity.get("min_replicas").refuse(Wrong::Because(&help), &help);
        }
        Some(Group { document, min: min?, max: max?, cooldown })
    });
    if let Some(balancer) = body.need("loadbalancer").members("id backend_ids private_network_id") {
        id(balancer.need("id"));
        list(balancer.need("backend_ids"), "a UUID", id);
        id(balancer.get("private_network_id"));
    }
    group
}

fn policy(body: &Object<'_>, document: usize, knobs: &Knobs) -> Option<Policy> {
    let name = body.need("name").text();
    let known =
        "name managed_metric cockpit_metric_name operator aggregate sampling_range_min threshold";
    let metric = body.need("metric").members(known).and_then(|metric| {
        metric.need("name").text();
        let managed = managed(&metric);
        let operator = word(metric.need("operator"), "operator_unknown");
        let aggregate = word(metric.need("aggregate"), "aggregate_unknown");
        let minutes = count(metric.need("sampling_range_min"), 1);
        let threshold = float(&metric.need("threshold"));
        Some((managed?, operator?, aggregate?, minutes?, threshold?))
    });
    let action = word(body.need("action"), "unknown_action");
    let adjustment = word(body.need("type"), "unknown_type");
    let value = count(body.need("value"), 1);
    let priority = body.get("priority");
    priority.note(knobs.default_priority);
    let priority = count(priority, 0).unwrap_or(knobs.default_priority);
    id(body.need("instance_group_id"));
    let (metric, operator, aggregate, minutes, threshold) = metric?;
    Some(Policy {
        document,
        name: name?.to_owned(),
        metric,
        operator,
        aggregate,
        range: Span::from_secs(60 * u64::from(minutes)),
        threshold,
        action: action?,
        adjustment: adjustment?,
        value: value?,
        priority,
    })
}

/// Exactly one of the two ways to name a metric, of which only one is taken yet.
fn managed(metric: &Object<'_>) -> Option<ManagedMetric> {
    const ONE: &str = "exactly one of managed_metric and cockpit_metric_name";
    let given = |key| metric.get(key).value.is_some_and(|value| value.as_str() != Some(""));
    let own = metric.get("cockpit_metric_name");
    match (given("managed_metric"), given("cockpit_metric_name")) {
        (true, true) => metric.me.refuse(Wrong::Because(ONE), ONE),
        (false, false) if !metric.me.reader.dialect.update => metric.me.refuse(Wrong::Missing, ONE),
        (false, true) => {
            let help = "custom metrics are not supported yet; name a managed_metric";
            own.refuse(Wrong::Because(help), help);
        }
        (true | false, false) => {}
    }
    own.text();
    word(metric.get("managed_metric"), "managed_metric_unknown")
}

fn template(body: &Object<'_>) {
    body.need("name").text();
    body.need("commercial_type").text();
    id(body.need("project_id"));
    for key in ["image_id", "security_group_id", "placement_group_id"] {
        id(body.get(key));
    }
    for key in ["public_ips_v4_count", "public_ips_v6_count"] {
        count(body.get(key), 0);
    }
    for key in ["tags", "private_network_ids"] {
        body.get(key).note(json!([]));
    }
    list(body.get("private_network_ids"), "a UUID", id);
    tags(body.get("tags"));
    let script = body.get("cloud_init");
    if script.text().is_some_and(|text| !is_base64(text)) {
        script.refuse(Wrong::Not(Is::Text), "a text in Base64");
    }
    let known = "name boot volume_type perf_iops from_snapshot from_empty tags";
    if let Some(volumes) = body.get("volumes").object() {
        let each = volumes.map.keys().filter_map(|key| volumes.get(key).members(known));
        each.for_each(|one| volume(&one));
    }
}

fn volume(volume: &Object<'_>) {
    volume.get("name").text();
    volume.get("boot").flag();
    word::<VolumeType>(volume.get("volume_type"), "unknown_volume_type");
    tags(volume.get("tags"));
    if count(volume.get("perf_iops"), 0).is_some_and(|iops| iops != 5000 && iops != 15_000) {
        let help = "5000 or 15000";
        volume.get("perf_iops").refuse(Wrong::Because(help), help);
    }
    let sources = ["from_snapshot", "from_empty"].map(|key| volume.has(key));
    if sources == [true, true] || sources == [false, false] && !volume.me.reader.dialect.update {
        let help = "exactly one of from_snapshot and from_empty";
        volume.me.refuse(Wrong::Because(help), help);
    }
    if let Some(source) = volume.get("from_snapshot").members("snapshot_id size") {
        id(source.need("snapshot_id"));
        source.get("size").hint("a size in bytes").whole();
    }
    if let Some(source) = volume.get("from_empty").members("size") {
        source.need("size").hint("a size in bytes").whole();
    }
}

fn is_base64(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    let letters = body.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'+' || b == b'/');
    letters && text.len().is_multiple_of(4) && text.len() - body.len() <= 2
}
