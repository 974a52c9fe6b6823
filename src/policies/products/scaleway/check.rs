//! What a body must hold to be taken: the rules of the API, per kind of document.

use super::knobs::Knobs;
use super::members::{Members, Reason};
use super::native::{Group, Policy, VolumeType};
use crate::products::DocumentFaults;
use autosim_engine::units::Span;

/// An instance group; `Some` if it is whole and nothing is wrong with it.
pub(super) fn group(
    body: &Members<'_>,
    document: usize,
    knobs: &Knobs,
    faults: &mut DocumentFaults,
) -> Option<Group> {
    body.known(
        faults,
        &[
            "project_id",
            "name",
            "tags",
            "template_id",
            "capacity",
            "loadbalancer",
            "id",
            "zone",
            "created_at",
            "updated_at",
            "error_messages",
            "instance_template_id",
        ],
    );
    let before = faults.errors();
    body.id(faults, "project_id");
    body.text(faults, "name");
    body.texts(faults, "tags");
    if body.get("instance_template_id").is_some()
        && body.get("template_id").is_none()
        && !body.is_update()
    {
        let help = "answers call it `instance_template_id`, requests `template_id`";
        body.refuse(faults, "template_id", Reason::Required, help);
    } else {
        body.id(faults, "template_id");
    }
    let group = body.required_object(faults, "capacity", |capacity, faults| {
        capacity.known(faults, &["max_replicas", "min_replicas", "cooldown_delay"]);
        let max = capacity.count(faults, "max_replicas", 0);
        let min = capacity.count(faults, "min_replicas", 0);
        let cooldown = capacity
            .duration(faults, "cooldown_delay")
            .unwrap_or(Span::from_secs(knobs.default_cooldown_s.into()));
        if let (Some(min), Some(max)) = (min, max)
            && min > max
        {
            let help = format!("at most max_replicas, {max}; it is {min}");
            capacity.refuse(faults, "min_replicas", Reason::Constraint, &help);
        }
        Some(Group { document, min: min?, max: max?, cooldown })
    });
    body.required_object(faults, "loadbalancer", |balancer, faults| {
        balancer.known(faults, &["id", "backend_ids", "private_network_id"]);
        balancer.id(faults, "id");
        if balancer.get("backend_ids").is_none() && !balancer.is_update() {
            balancer.refuse(faults, "backend_ids", Reason::Required, "a list, each a UUID");
        }
        balancer.ids(faults, "backend_ids");
        balancer.optional_id(faults, "private_network_id");
        Some(())
    });
    group.filter(|_| faults.errors() == before)
}

/// A scaling policy; `Some` if it is whole and nothing is wrong with it.
pub(super) fn policy(
    body: &Members<'_>,
    document: usize,
    knobs: &Knobs,
    faults: &mut DocumentFaults,
) -> Option<Policy> {
    body.known(
        faults,
        &[
            "name",
            "metric",
            "action",
            "type",
            "value",
            "priority",
            "instance_group_id",
            "id",
            "zone",
        ],
    );
    let before = faults.errors();
    let name = body.text(faults, "name");
    let metric = body.required_object(faults, "metric", |metric, faults| {
        metric.known(
            faults,
            &[
                "name",
                "managed_metric",
                "cockpit_metric_name",
                "operator",
                "aggregate",
                "sampling_range_min",
                "threshold",
            ],
        );
        metric.text(faults, "name");
        let managed = managed(metric, faults);
        let operator = metric.word(faults, "operator");
        let aggregate = metric.word(faults, "aggregate");
        let minutes = metric.count(faults, "sampling_range_min", 1);
        let threshold = metric.float(faults, "threshold");
        Some((managed?, operator?, aggregate?, minutes?, threshold?))
    });
    let action = body.word(faults, "action");
    let adjustment = body.word(faults, "type");
    let value = body.count(faults, "value", 1);
    let priority = body.optional_count(faults, "priority", 0).unwrap_or(knobs.default_priority);
    body.id(faults, "instance_group_id");
    if faults.errors() > before {
        return None;
    }
    let (metric, operator, aggregate, minutes, threshold) = metric?;
    Some(Policy {
        document,
        name: name?,
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
fn managed(
    metric: &Members<'_>,
    faults: &mut DocumentFaults,
) -> Option<super::native::ManagedMetric> {
    const ONE: &str = "exactly one of managed_metric and cockpit_metric_name";
    let given = |key: &str| metric.get(key).is_some_and(|value| value.as_str() != Some(""));
    match (given("managed_metric"), given("cockpit_metric_name")) {
        (true, true) => metric.refuse(faults, "", Reason::Constraint, ONE),
        (false, false) if !metric.is_update() => metric.refuse(faults, "", Reason::Required, ONE),
        (false, true) => {
            let help = "custom metrics are not supported yet; name a managed_metric";
            metric.refuse(faults, "cockpit_metric_name", Reason::Constraint, help);
        }
        _ => {}
    }
    metric.optional_text(faults, "cockpit_metric_name");
    metric.optional_word(faults, "managed_metric")
}

/// An instance template. It bears on a run only by what an Instance costs and can do, which a scenario
/// says; it is kept whole.
pub(super) fn template(body: &Members<'_>, faults: &mut DocumentFaults) {
    body.known(
        faults,
        &[
            "name",
            "commercial_type",
            "image_id",
            "volumes",
            "private_network_ids",
            "public_ips_v4_count",
            "public_ips_v6_count",
            "security_group_id",
            "placement_group_id",
            "cloud_init",
            "tags",
            "project_id",
            "id",
            "zone",
            "created_at",
            "updated_at",
            "status",
        ],
    );
    body.text(faults, "name");
    body.text(faults, "commercial_type");
    body.id(faults, "project_id");
    for key in ["image_id", "security_group_id", "placement_group_id"] {
        body.optional_id(faults, key);
    }
    for key in ["public_ips_v4_count", "public_ips_v6_count"] {
        body.optional_count(faults, key, 0);
    }
    body.ids(faults, "private_network_ids");
    body.texts(faults, "tags");
    if let Some(text) = body.optional_text(faults, "cloud_init")
        && !is_base64(&text)
    {
        body.refuse(faults, "cloud_init", Reason::Format, "a text in Base64");
    }
    body.each(faults, "volumes", volume);
}

fn volume(volume: &Members<'_>, faults: &mut DocumentFaults) {
    volume.known(
        faults,
        &["name", "boot", "volume_type", "perf_iops", "from_snapshot", "from_empty", "tags"],
    );
    volume.optional_text(faults, "name");
    volume.flag(faults, "boot");
    volume.optional_word::<VolumeType>(faults, "volume_type");
    volume.texts(faults, "tags");
    let iops = volume.optional_count(faults, "perf_iops", 0);
    if iops.is_some_and(|iops| iops != 5000 && iops != 15_000) {
        volume.refuse(faults, "perf_iops", Reason::Constraint, "5000 or 15000");
    }
    let sources = ["from_snapshot", "from_empty"].map(|key| volume.get(key).is_some());
    let both = sources == [true, true];
    if both || sources == [false, false] && !volume.is_update() {
        let help = "exactly one of from_snapshot and from_empty";
        volume.refuse(faults, "", Reason::Constraint, help);
    }
    volume.object(faults, "from_snapshot", |source, faults| {
        source.known(faults, &["snapshot_id", "size"]);
        source.id(faults, "snapshot_id");
        source.size(faults, "size", false);
        Some(())
    });
    volume.object(faults, "from_empty", |source, faults| {
        source.known(faults, &["size"]);
        source.size(faults, "size", true);
        Some(())
    });
}

fn is_base64(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    let letters = body.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'+' || b == b'/');
    letters && text.len().is_multiple_of(4) && text.len() - body.len() <= 2
}
