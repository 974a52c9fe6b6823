//! From bodies in order of creation to a group with its policies: which body is which, which update
//! amends what, and what they say of one another.

use super::check::{self, Said};
use super::knobs::Knobs;
use super::native::{Body, Group, Kind, Policy, text};
use super::words::{Duration, FORMAT, UNKNOWN, V1Alpha1, is_error, is_uuid};
use crate::products::form::Form;
use crate::products::{DocumentFault, DocumentFaults, Omitted, Reader};
use serde_json::{Map, Value};

/// A group, its policies and its template.
#[derive(Debug, Clone)]
pub struct Model {
    /// As typed and amended, in order of creation.
    pub(super) bodies: Vec<Body>,
    pub(super) group: Option<Group>,
    /// In order of creation.
    pub(super) policies: Vec<Policy>,
    /// Members left out, with what the platform takes in their place.
    pub(super) omitted: Vec<Omitted>,
}

/// Reads the bodies; the model if nothing is refused.
pub(super) fn read(documents: &[Value], knobs: &Knobs, reader: &Reader<V1Alpha1>) -> Option<Model> {
    let mut bodies = Bodies { knobs, reader, known: Vec::new() };
    for (at, document) in documents.iter().enumerate() {
        bodies.take(at, document);
    }
    bodies.acquaint();
    let model = bodies.model();
    if reader.errors() > 0 {
        return None;
    }
    super::advice::give(&model, knobs, reader);
    Some(model)
}

/// The forms documents come in.
pub(super) const FORMS: &[Form] = &[
    Form {
        shared: "project_id name tags id zone created_at updated_at error_messages",
        ..Form::request(
            "an instance group",
            "capacity loadbalancer template_id instance_template_id",
        )
    },
    Form {
        shared: "name metric action type value priority id zone",
        ..Form::request("a policy", "instance_group_id")
    },
    Form {
        inside: "metric",
        beside: "name action type value priority id zone instance_group_id",
        shared: "name operator aggregate",
        ..Form::request(
            "a policy",
            "managed_metric cockpit_metric_name sampling_range_min threshold",
        )
    },
    Form {
        shared: "name tags project_id id zone created_at updated_at status",
        ..Form::request(
            "an instance template",
            "commercial_type image_id volumes private_network_ids public_ips_v4_count \
             public_ips_v6_count security_group_id placement_group_id cloud_init",
        )
    },
    Form {
        shared: "name project_id tags template_id zone id",
        is_sent: false,
        ..Form::request("a body of v1alpha2", "scaling_policy_spec minimum_size")
    },
];

/// Whether a body is about the group of those before: all but another group is.
pub(super) fn joins(before: &[Value], document: &Value) -> bool {
    let is_group = |document: &Value| {
        document.as_object().is_some_and(|body| {
            kind_of(body) == Some(Kind::Group) && !is_partial(Kind::Group, body)
        })
    };
    !(is_group(document) && before.iter().any(is_group))
}

/// What a body describes, told by members no other kind has.
fn kind_of(body: &Map<String, Value>) -> Option<Kind> {
    let any = |keys: &[&str]| keys.iter().any(|key| body.contains_key(*key));
    if any(&["capacity", "loadbalancer", "template_id", "instance_template_id"]) {
        Some(Kind::Group)
    } else if any(&["commercial_type", "volumes", "image_id", "cloud_init", "private_network_ids"])
    {
        Some(Kind::Template)
    } else if any(&["metric", "action", "type", "value", "priority", "instance_group_id"]) {
        Some(Kind::Policy)
    } else {
        None
    }
}

/// The member that gives a body away as one of v1alpha2.
fn newer(body: &Map<String, Value>) -> Option<&'static str> {
    ["scaling_policy_spec", "minimum_size"].into_iter().find(|key| body.contains_key(*key))
}

/// The member at a path of keys joined by dots.
pub(super) fn at_path<'a>(body: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    let mut keys = path.split('.');
    let first = body.get(keys.next()?)?;
    keys.try_fold(first, |value, key| value.get(key))
}

/// The path, or as much of it as is there.
fn nearest<'p>(body: &Map<String, Value>, path: &'p str) -> &'p str {
    let mut path = path;
    while at_path(body, path).is_none() {
        let Some((shorter, _)) = path.rsplit_once('.') else { return "" };
        path = shorter;
    }
    path
}

/// Whether a body is an update: it names nothing that only a creation does, and lacks something else
/// that every creation has.
fn is_partial(kind: Kind, body: &Map<String, Value>) -> bool {
    let creates = kind.fixed().iter().any(|path| at_path(body, path).is_some())
        || body.contains_key("instance_template_id");
    let lacks = |key: &&&str| !body.contains_key(**key) && !kind.fixed().contains(*key);
    !creates && kind.required().iter().any(|key| lacks(&key))
}

/// The bodies read so far.
struct Bodies<'a> {
    knobs: &'a Knobs,
    reader: &'a Reader<V1Alpha1>,
    known: Vec<Body>,
}

impl Bodies<'_> {
    fn take(&mut self, document: usize, value: &Value) {
        self.reader.turn_to(document);
        let Some(body) = value.as_object() else {
            let help = "a body is a JSON object";
            self.reader.add("", DocumentFault::error(FORMAT, Some(400), "", help, help));
            return;
        };
        if let Some(sign) = newer(body) {
            let body = self.reader.object(body);
            let message = format!("`{sign}` makes this a body of v1alpha2");
            let remedy = "v1alpha1 is emulated, whose groups follow another algorithm; what was written \
                          for it has `capacity`, and policies of their own";
            return body.get(sign).decline(message, remedy);
        }
        let id = text(body, "id");
        let named = id.and_then(|id| self.known.iter().position(|known| known.id() == Some(id)));
        let kind = named.map(|at| self.known[at].kind).or_else(|| kind_of(body));
        let Some(kind) = kind else {
            let message = "neither an instance group nor a template nor a policy";
            let help = "a group has `capacity`, a template `commercial_type`, a policy `metric`";
            self.reader.add("", DocumentFault::error(UNKNOWN, Some(400), "", message, help));
            return;
        };
        let update = named.is_some() || is_partial(kind, body);
        let (_, found) = self.check(kind, document, body, update);
        let sound = found.errors() == 0;
        self.reader.absorb(found);
        match (update, named) {
            (true, Some(at)) => self.amend(at, body, sound),
            (true, None) => self.amend_unnamed(kind, document, body, sound),
            (false, _) => self.create(kind, document, body),
        }
    }

    /// What a body says by itself, and what is wrong with it.
    fn check(
        &self,
        kind: Kind,
        document: usize,
        body: &Map<String, Value>,
        update: bool,
    ) -> (Said, DocumentFaults) {
        let dialect = V1Alpha1 { update, ..self.reader.dialect };
        let reader = Reader::new(dialect, self.reader.strict);
        reader.turn_to(document);
        let said = check::read(kind, &reader.object(body), document, self.knobs);
        (said, reader.into_faults())
    }

    fn create(&mut self, kind: Kind, document: usize, body: &Map<String, Value>) {
        if kind == Kind::Group && self.known.iter().any(|b| b.kind == kind && !b.partial) {
            let message = "a second group: the platform runs it beside the first, a policy of a \
                           scenario is one group";
            let help = "one group with its policies per policy of the scenario";
            self.reader.add("", DocumentFault::ours(message, help));
            return;
        }
        // A body with faults still stands in its place, so that updates find what they amend.
        self.known.push(Body { kind, document, partial: false, members: with_unit(body) });
    }

    /// An update without a known identifier amends the newest document of its kind.
    fn amend_unnamed(
        &mut self,
        kind: Kind,
        document: usize,
        body: &Map<String, Value>,
        sound: bool,
    ) {
        let newest = self.known.iter().rposition(|known| known.kind == kind);
        match (newest, text(body, "id")) {
            (Some(_), Some(_)) => self.not_found("id", kind),
            (Some(at), None) => self.amend(at, body, sound),
            (None, _) => {
                self.known.push(Body { kind, document, partial: true, members: with_unit(body) });
            }
        }
    }

    fn not_found(&self, key: &str, kind: Kind) {
        let message = format!("{} not Found", kind.name());
        let help = format!("no {} given before it has this `id`", kind.name());
        self.reader.add(key, DocumentFault::error("not_found", Some(404), key, message, help));
    }

    fn amend(&mut self, at: usize, body: &Map<String, Value>, sound: bool) {
        let Body { kind, document, partial, members } = self.known[at].clone();
        let mut update = with_unit(body);
        for path in kind.fixed() {
            let now = at_path(body, path).filter(|value| !value.is_null());
            if now.is_some() && now != at_path(&members, path) {
                let message = format!("{path} cannot be changed by an update: it stays as it was");
                self.reader.part(path, path, None).warn(message, "create another instead");
                remove(&mut update, path);
            }
        }
        let mut amended = members.clone();
        merge(&mut amended, update);
        if sound && self.check(kind, document, &members, partial).1.errors() == 0 {
            // Each part is good, together they may not be: a minimum above the new maximum.
            let (_, found) = self.check(kind, document, &amended, partial);
            for fault in found.into_vec().into_iter().filter(is_error) {
                self.reader.add(nearest(body, &fault.path.clone()), fault);
            }
        }
        self.known[at].members = amended;
    }

    /// What the documents say of one another.
    fn acquaint(&self) {
        let whole = |kind: Kind| self.known.iter().filter(move |b| b.kind == kind && !b.partial);
        let names = |body: &Body, key: &str| {
            text(&body.members, key).filter(|id| is_uuid(id)).map(str::to_owned)
        };
        let id_of_group = whole(Kind::Group).next().and_then(|group| names(group, "id"));
        let templates: Vec<String> =
            whole(Kind::Template).filter_map(|one| names(one, "id")).collect();
        let all_named = !templates.is_empty() && whole(Kind::Template).count() == templates.len();
        let mut missing = Vec::new();
        for policy in whole(Kind::Policy) {
            let wanted = names(policy, "instance_group_id");
            if wanted.is_some() && id_of_group.is_some() && wanted != id_of_group {
                missing.push((policy.document, "instance_group_id", Kind::Group));
            }
        }
        for group in whole(Kind::Group) {
            let wanted = names(group, "template_id");
            if wanted.is_some_and(|wanted| all_named && !templates.contains(&wanted)) {
                missing.push((group.document, "template_id", Kind::Template));
            }
        }
        for early in self.known.iter().filter(|body| body.partial) {
            if whole(early.kind).next().is_some() {
                missing.push((early.document, "", early.kind));
            }
        }
        for (document, key, kind) in missing {
            self.reader.turn_to(document);
            self.not_found(key, kind);
        }
    }

    /// What can be run of the bodies; complete if nothing was refused.
    fn model(self) -> Model {
        let (mut group, mut policies, mut omitted) = (None, Vec::new(), Vec::new());
        for body in self.known.iter().filter(|body| !body.partial) {
            let (said, _) = self.check(body.kind, body.document, &body.members, false);
            omitted.extend(said.omitted);
            group = group.or(said.group);
            policies.extend(said.policy);
        }
        Model { bodies: self.known, group, policies, omitted }
    }
}

/// Puts what an update names in place of what was there. Null, and an empty word, leave it alone.
fn merge(into: &mut Map<String, Value>, update: Map<String, Value>) {
    for (key, value) in update {
        match (into.get_mut(&key), value) {
            (_, Value::Null) => {}
            (_, Value::String(word)) if word.is_empty() => {}
            (Some(Value::Object(into)), Value::Object(update)) => merge(into, update),
            (_, value) => {
                into.insert(key, value);
            }
        }
    }
}

fn remove(body: &mut Map<String, Value>, path: &str) {
    match path.split_once('.') {
        None => {
            body.shift_remove(path);
        }
        Some((key, rest)) => {
            if let Some(Value::Object(below)) = body.get_mut(key) {
                remove(below, rest);
            }
        }
    }
}

/// A cooldown that was typed without its unit goes out with it.
fn with_unit(body: &Map<String, Value>) -> Map<String, Value> {
    let mut body = body.clone();
    let delay = body.get_mut("capacity").and_then(|capacity| capacity.get_mut("cooldown_delay"));
    if let Some(Value::String(delay)) = delay
        && Duration::parse(delay).is_some_and(|duration| !duration.unit)
    {
        delay.push('s');
    }
    body
}
