//! From bodies in order of creation to a group with its policies: which body is which, which update
//! amends what, and what they say of one another.

use super::check;
use super::knobs::{Ids, Knobs};
use super::members::{Duration, Manner, Members, Reason, is_error, is_uuid};
use super::native::{Body, Group, Kind, Policy, text};
use crate::products::{DocumentFault, DocumentFaults};
use serde_json::{Map, Value};

/// A group, its policies and its template.
#[derive(Debug, Clone)]
pub struct Model {
    /// As typed and amended, in order of creation.
    pub(super) bodies: Vec<Body>,
    pub(super) group: Option<Group>,
    /// In order of creation.
    pub(super) policies: Vec<Policy>,
    /// What the platform takes for a cooldown and a priority that are left out.
    pub(super) default_cooldown_s: u32,
    pub(super) default_priority: u32,
}

/// Reads the bodies; the model if nothing is refused.
pub(super) fn read(
    documents: &[Value],
    knobs: &Knobs,
    strict: bool,
    faults: &mut DocumentFaults,
) -> Option<Model> {
    let ids = if strict { Ids::Strict } else { knobs.ids };
    let before = faults.errors();
    let mut reader = Reader { knobs, strict, ids, bodies: Vec::new(), faults };
    for (at, document) in documents.iter().enumerate() {
        reader.faults.document(at);
        reader.take(at, document);
    }
    reader.acquaint();
    let model = reader.model();
    if faults.errors() > before {
        return None;
    }
    super::advice::give(&model, knobs, faults);
    Some(model)
}

/// Whether a body has the shape of one of the documents, of this version or the next.
pub(super) fn recognises(document: &Value) -> bool {
    match document {
        Value::Array(bodies) => !bodies.is_empty() && bodies.iter().all(recognises),
        Value::Object(body) => {
            newer(body).is_some()
                || matches!(kind_of(body), Some(Kind::Group | Kind::Template))
                || body.contains_key("instance_group_id")
                || body.get("metric").and_then(Value::as_object).is_some_and(|metric| {
                    ["managed_metric", "cockpit_metric_name", "sampling_range_min", "threshold"]
                        .iter()
                        .any(|key| metric.contains_key(*key))
                })
        }
        _ => false,
    }
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
fn nearest(body: &Map<String, Value>, path: &str) -> String {
    let mut path = path;
    while at_path(body, path).is_none() {
        let Some((shorter, _)) = path.rsplit_once('.') else { return String::new() };
        path = shorter;
    }
    path.to_owned()
}

/// Whether a body is an update: it names nothing that only a creation does, and lacks something else
/// that every creation has.
fn is_partial(kind: Kind, body: &Map<String, Value>) -> bool {
    let creates = kind.fixed().iter().any(|path| at_path(body, path).is_some())
        || body.contains_key("instance_template_id");
    let lacks = |key: &&&str| !body.contains_key(**key) && !kind.fixed().contains(*key);
    !creates && kind.required().iter().any(|key| lacks(&key))
}

struct Reader<'a> {
    knobs: &'a Knobs,
    strict: bool,
    ids: Ids,
    bodies: Vec<Body>,
    faults: &'a mut DocumentFaults,
}

impl Reader<'_> {
    fn take(&mut self, document: usize, value: &Value) {
        let Some(body) = value.as_object() else {
            let help = "a body is a JSON object";
            let fault = DocumentFault::error(Reason::Format.code(), Some(400), "", help, help);
            self.faults.add("", fault);
            return;
        };
        if let Some(sign) = newer(body) {
            self.refuse_newer(document, body, sign);
            return;
        }
        let id = text(body, "id");
        let named = id.and_then(|id| self.bodies.iter().position(|known| known.id() == Some(id)));
        let kind = named.map(|at| self.bodies[at].kind).or_else(|| kind_of(body));
        let Some(kind) = kind else {
            let message = "neither an instance group nor a template nor a policy";
            let help = "a group has `capacity`, a template `commercial_type`, a policy `metric`";
            let fault = DocumentFault::error(Reason::Unknown.code(), Some(400), "", message, help);
            self.faults.add("", fault);
            return;
        };
        let update = named.is_some() || is_partial(kind, body);
        let mut found = DocumentFaults::new();
        let sound = self.check(kind, document, body, update, &mut found);
        for fault in found.into_vec() {
            let path = fault.path.clone();
            self.faults.add(&path, fault);
        }
        match (update, named) {
            (true, Some(at)) => self.amend(at, body, sound),
            (true, None) => self.amend_unnamed(kind, document, body, id, sound),
            (false, _) => self.create(kind, document, body, sound),
        }
    }

    fn manner(&self, update: bool) -> Manner {
        Manner { update, strict: self.strict, ids: self.ids }
    }

    /// Whether nothing is wrong with a body by itself; what is wrong goes to `faults`.
    fn check(
        &self,
        kind: Kind,
        document: usize,
        body: &Map<String, Value>,
        update: bool,
        faults: &mut DocumentFaults,
    ) -> bool {
        let before = faults.errors();
        let members = Members::new(body, self.manner(update));
        match kind {
            Kind::Group => {
                let _ = check::group(&members, document, self.knobs, faults);
            }
            Kind::Policy => {
                let _ = check::policy(&members, document, self.knobs, faults);
            }
            Kind::Template => check::template(&members, faults),
        }
        faults.errors() == before
    }

    /// A body of the next version: what v1alpha1 would find lacking, and why.
    fn refuse_newer(&mut self, document: usize, body: &Map<String, Value>, sign: &str) {
        let help = format!(
            "`{sign}` makes this a body of v1alpha2, whose groups follow another algorithm; this is \
             v1alpha1"
        );
        let mut found = DocumentFaults::new();
        let members = Members::new(body, self.manner(false));
        let _ = check::group(&members, document, self.knobs, &mut found);
        let required = |fault: &DocumentFault| fault.code == Reason::Required.code();
        let mut refused = false;
        for fault in found.into_vec().into_iter().filter(required) {
            let path = fault.path.clone();
            self.faults.add(&path, DocumentFault { remedy: help.clone(), ..fault });
            refused = true;
        }
        if !refused {
            members.refuse(self.faults, sign, Reason::Unknown, &help);
        }
    }

    fn create(&mut self, kind: Kind, document: usize, body: &Map<String, Value>, sound: bool) {
        if kind == Kind::Group && self.bodies.iter().any(|b| b.kind == kind && !b.partial) {
            let message = "a second group: the platform runs it beside the first, a policy of a \
                           scenario is one group";
            let help = "one group with its policies per policy of the scenario";
            self.faults.add("", DocumentFault::ours(message, help));
            return;
        }
        // A body with faults still stands in its place, so that updates find what they amend.
        let mut members = body.clone();
        if sound {
            with_unit(&mut members);
        }
        self.bodies.push(Body { kind, document, partial: false, members });
    }

    /// An update without a known identifier amends the newest document of its kind.
    fn amend_unnamed(
        &mut self,
        kind: Kind,
        document: usize,
        body: &Map<String, Value>,
        id: Option<&str>,
        sound: bool,
    ) {
        let newest = self.bodies.iter().rposition(|known| known.kind == kind);
        match (newest, id) {
            (Some(_), Some(_)) => self.not_found("id", kind),
            (Some(at), None) => self.amend(at, body, sound),
            (None, _) => {
                let mut members = body.clone();
                with_unit(&mut members);
                self.bodies.push(Body { kind, document, partial: true, members });
            }
        }
    }

    fn not_found(&mut self, key: &str, kind: Kind) {
        let message = format!("{} not Found", kind.name());
        let help = format!("no {} given before it has this `id`", kind.name());
        self.faults.add(key, DocumentFault::error("not_found", Some(404), key, message, help));
    }

    fn amend(&mut self, at: usize, body: &Map<String, Value>, sound: bool) {
        let kind = self.bodies[at].kind;
        let mut update = body.clone();
        with_unit(&mut update);
        for path in kind.fixed() {
            let (now, then) = (at_path(body, path), at_path(&self.bodies[at].members, path));
            if now.is_some_and(|value| !value.is_null()) && now != then {
                let message = format!("{path} cannot be changed by an update: it stays as it was");
                let warning = DocumentFault::warning(message, "create another instead");
                self.faults.add(path, DocumentFault { field: (*path).to_owned(), ..warning });
                remove(&mut update, path);
            }
        }
        let (document, partial) = (self.bodies[at].document, self.bodies[at].partial);
        let mut amended = self.bodies[at].members.clone();
        merge(&mut amended, update);
        let mut unheard = DocumentFaults::new();
        let was_sound = self.check(kind, document, &self.bodies[at].members, partial, &mut unheard);
        let mut found = DocumentFaults::new();
        if was_sound && sound && !self.check(kind, document, &amended, partial, &mut found) {
            // Each part is good, together they are not: a minimum above the new maximum.
            for fault in found.into_vec().into_iter().filter(is_error) {
                let path = nearest(body, &fault.path);
                self.faults.add(&path, fault);
            }
        }
        self.bodies[at].members = amended;
    }

    /// What the documents say of one another.
    fn acquaint(&mut self) {
        let whole = |kind: Kind| self.bodies.iter().filter(move |b| b.kind == kind && !b.partial);
        let id_of_group = whole(Kind::Group).next().and_then(Body::id).filter(|id| is_uuid(id));
        let templates: Vec<&str> =
            whole(Kind::Template).filter_map(Body::id).filter(|id| is_uuid(id)).collect();
        let mut missing = Vec::new();
        for policy in whole(Kind::Policy) {
            let wanted = text(&policy.members, "instance_group_id").filter(|id| is_uuid(id));
            if let (Some(wanted), Some(known)) = (wanted, id_of_group)
                && wanted != known
            {
                missing.push((policy.document, "instance_group_id", Kind::Group));
            }
        }
        for group in whole(Kind::Group) {
            let wanted = text(&group.members, "template_id").filter(|id| is_uuid(id));
            let all_named = whole(Kind::Template).count() == templates.len();
            if wanted.is_some_and(|wanted| {
                !templates.is_empty() && all_named && !templates.contains(&wanted)
            }) {
                missing.push((group.document, "template_id", Kind::Template));
            }
        }
        for early in self.bodies.iter().filter(|body| body.partial) {
            if whole(early.kind).next().is_some() {
                missing.push((early.document, "", early.kind));
            }
        }
        for (document, key, kind) in missing {
            self.faults.document(document);
            self.not_found(key, kind);
        }
    }

    /// What can be run of the bodies; complete if nothing was refused.
    fn model(&self) -> Model {
        let mut unheard = DocumentFaults::new();
        let (mut group, mut policies) = (None, Vec::new());
        for body in self.bodies.iter().filter(|body| !body.partial) {
            let members = Members::new(&body.members, self.manner(false));
            match body.kind {
                Kind::Group => {
                    group = check::group(&members, body.document, self.knobs, &mut unheard);
                }
                Kind::Policy => {
                    let policy = check::policy(&members, body.document, self.knobs, &mut unheard);
                    policies.extend(policy);
                }
                Kind::Template => {}
            }
        }
        Model {
            bodies: self.bodies.clone(),
            group,
            policies,
            default_cooldown_s: self.knobs.default_cooldown_s,
            default_priority: self.knobs.default_priority,
        }
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
fn with_unit(body: &mut Map<String, Value>) {
    let delay = body.get_mut("capacity").and_then(|capacity| capacity.get_mut("cooldown_delay"));
    if let Some(Value::String(delay)) = delay
        && Duration::parse(delay).is_some_and(|duration| !duration.unit)
    {
        delay.push('s');
    }
}
