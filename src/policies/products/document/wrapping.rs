//! What documents come wrapped in - manifests, templates, answers of several - and what is no document but
//! is known by name.

use super::super::reader::below;
use super::{Document, NotADocument, Places};
use serde_json::{Map, Value};
use std::ops::Range;

const GIVE_THE_BODY: &str =
    "give the body as the platform's API takes it, in JSON or YAML: `docs/products` shows each";

/// Refuses texts in languages that are neither JSON nor YAML.
pub(super) fn refuse_other_languages(text: &str) -> Result<(), NotADocument> {
    if !is_terraform(text) {
        return Ok(());
    }
    let quoted = text.split("resource ").nth(1).and_then(|rest| rest.split('"').nth(1));
    let what = quoted.map_or_else(String::new, |kind| format!(" with a resource `{kind}`"));
    Err(NotADocument::foreign(format!("this is Terraform{what}"), GIVE_THE_BODY))
}

/// Whether a text is a configuration of Terraform: its first line opens one of its blocks.
fn is_terraform(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim);
    let comment = |line: &&str| line.is_empty() || line.starts_with('#') || line.starts_with("//");
    let Some(first) = lines.find(|line| !comment(line)) else { return false };
    let mut words = first.split_ascii_whitespace();
    let block = ["resource", "data", "module", "variable", "provider", "output"];
    match words.next() {
        Some("terraform" | "locals") => words.next() == Some("{"),
        Some(word) if block.contains(&word) => words.next().is_some_and(|one| one.starts_with('"')),
        Some(_) | None => false,
    }
}

/// A template that is not rendered yet, broken at this byte.
pub(super) fn template_of_helm(at: usize) -> NotADocument {
    let foreign = NotADocument::foreign(
        "this is a template, with `{{ }}` still in it",
        "render it first, for example with `helm template`",
    );
    NotADocument { at, ..foreign }
}

/// Takes the bodies out of what they are wrapped in.
pub(super) fn open(value: Value, places: Places, text: &str) -> Result<Document, NotADocument> {
    let items = value.as_array().map_or_else(|| std::slice::from_ref(&value), Vec::as_slice);
    if items.iter().any(is_manifest) {
        return manifest(&value, &places, text);
    }
    let Some(root) = value.as_object() else { return Ok(Document::of(value, places)) };
    let has = |key: &str| root.contains_key(key);
    if has("AWSTemplateFormatVersion") {
        return Err(NotADocument::foreign("this is a template of CloudFormation", GIVE_THE_BODY));
    }
    if has("terraform_version") || root.get("resource").is_some_and(Value::is_object) {
        return Err(NotADocument::foreign("this is Terraform, in JSON", GIVE_THE_BODY));
    }
    if has("ROSTemplateFormatVersion") {
        let bodies = of_resources(root);
        return match bodies.is_empty() {
            true => Err(NotADocument::foreign(
                "this is a template of ROS without an ALIYUN::SAE::ApplicationScalingRule",
                GIVE_THE_BODY,
            )),
            false => Ok(taken(bodies, places)),
        };
    }
    let bodies = of_list(root).or_else(|| of_call(root));
    Ok(match bodies {
        Some(bodies) => taken(bodies, places),
        None => Document::of(value, places),
    })
}

/// Bodies with the ways to them.
type Bodies = Vec<(String, Value)>;

fn taken(bodies: Bodies, places: Places) -> Document {
    let (prefixes, bodies) = bodies.into_iter().unzip();
    Document { bodies, prefixes, places }
}

/// Kinds of manifests that are read as they are.
const READ_KINDS: [&str; 5] =
    ["HorizontalPodAutoscaler", "ScaledObject", "Deployment", "StatefulSet", "ReplicaSet"];
/// The group of Services of Knative.
const KNATIVE: &str = "serving.knative.dev/";
/// The ConfigMaps of its cluster.
const MAPS_OF_KNATIVE: [&str; 2] = ["config-autoscaler", "config-deployment"];

/// Whether a manifest bears on the count of something that is emulated.
fn is_read(value: &Value) -> bool {
    let of = |key: &str| value[key].as_str().unwrap_or_default();
    let name = value["metadata"]["name"].as_str().unwrap_or_default();
    READ_KINDS.contains(&of("kind"))
        || of("apiVersion").starts_with(KNATIVE)
        || of("kind") == "ConfigMap" && MAPS_OF_KNATIVE.contains(&name)
}

/// Whether it is a manifest of Kubernetes, of whatever kind.
pub(super) fn is_manifest(value: &Value) -> bool {
    ["apiVersion", "kind"].iter().all(|key| value.get(key).is_some_and(Value::is_string))
}

/// A manifest of Kubernetes with the way to it.
type Manifest<'v> = (String, &'v Value);

/// The manifests of a text; those of a list one by one, empty documents left out.
fn manifests(value: &Value) -> Vec<Manifest<'_>> {
    let numbered = |way: &str, items: &'_ [Value]| -> Vec<(String, usize)> {
        (0..items.len()).map(|at| (below(way, &at.to_string()), at)).collect()
    };
    let all: Vec<Manifest<'_>> = match value.as_array() {
        Some(items) => numbered("", items).into_iter().map(|(way, at)| (way, &items[at])).collect(),
        None => vec![(String::new(), value)],
    };
    let opened = all.into_iter().filter(|(_, one)| !one.is_null()).flat_map(|(way, one)| {
        let is_list = one["kind"].as_str().is_some_and(|kind| kind.ends_with("List"));
        match one["items"].as_array().filter(|_| is_list) {
            Some(items) => {
                let way = below(&way, "items");
                numbered(&way, items).into_iter().map(|(way, at)| (way, &items[at])).collect()
            }
            None => vec![(way, one)],
        }
    });
    opened.collect()
}

/// A manifest of Kubernetes, or several: an autoscaler with what stands beside it, or a Ray service, which holds
/// a Serve config as text.
fn manifest(value: &Value, places: &Places, text: &str) -> Result<Document, NotADocument> {
    const WAY: &str = "spec.serveConfigV2";
    let all = manifests(value);
    let kind = |value: &Value| value["kind"].as_str().unwrap_or("none").to_owned();
    let services: Vec<&Manifest<'_>> =
        all.iter().filter(|(_, one)| kind(one) == "RayService").collect();
    let [(prefix, service)] = services[..] else {
        if all.iter().any(|(_, one)| is_read(one)) {
            let bodies = all.into_iter().map(|(way, one)| (way, one.clone())).collect();
            return Ok(taken(bodies, places.clone()));
        }
        let kinds: Vec<String> = all.iter().map(|(_, one)| kind(one)).collect();
        let message = format!("this is a manifest of Kubernetes, of kind {}", kinds.join(", "));
        let remedy = "of manifests a HorizontalPodAutoscaler or a ScaledObject of KEDA is read, with the workload beside it, a Service of Knative, with the \
                      ConfigMaps of its cluster, and one RayService, by its `spec.serveConfigV2`";
        return Err(NotADocument::foreign(message, remedy));
    };
    let config = service.get("spec").and_then(|spec| spec.get("serveConfigV2"));
    let Some(config) = config.and_then(Value::as_str) else {
        let message = format!("this is a RayService without a text at `{WAY}`");
        return Err(NotADocument::foreign(message, "that text is the Serve config"));
    };
    let way = below(prefix, WAY);
    let place = places.iter().find(|(path, _)| *path == way).map(|(_, place)| place.clone());
    let lines = Lines::of(config, text, place.unwrap_or_default());
    let mut inner = Document::parse(config).map_err(|wrong| NotADocument {
        message: format!("in `{WAY}`: {}", wrong.message),
        at: lines.outer(wrong.at),
        ..wrong
    })?;
    for (_, place) in &mut inner.places {
        *place = lines.outer(place.start)..lines.outer(place.end);
    }
    Ok(inner)
}

/// Where the lines of a text within a text begin in the whole.
struct Lines {
    /// Of each line: where it begins inside, where outside.
    begins: Vec<(usize, usize)>,
    place: Range<usize>,
}

impl Lines {
    /// Lines are looked for one after the other in `outer[place]`, from their first letter on. Where they
    /// are not there as they are (a text in quotes), everything is at its beginning.
    fn of(inner: &str, outer: &str, place: Range<usize>) -> Self {
        let mut begins = Vec::new();
        let (mut within, mut from) = (0, place.start);
        for line in inner.split_inclusive('\n') {
            let word = line.trim();
            let indent = line.len() - line.trim_start().len();
            let rest = outer.get(from..).unwrap_or_default();
            if let Some(at) = rest.find(word).filter(|_| !word.is_empty()) {
                begins.push((within + indent, from + at));
                from += at + word.len();
            }
            within += line.len();
        }
        Self { begins, place }
    }

    fn outer(&self, inner: usize) -> usize {
        let line = self.begins.iter().rev().find(|(begin, _)| *begin <= inner);
        line.map_or(self.place.start, |(begin, outer)| outer + (inner - begin))
    }
}

/// The scaling rules of a ROS template, whose properties are those of a request.
fn of_resources(root: &Map<String, Value>) -> Bodies {
    let resources = root.get("Resources").and_then(Value::as_object).into_iter().flatten();
    let rules = resources.filter(|(_, resource)| {
        resource.get("Type").and_then(Value::as_str) == Some("ALIYUN::SAE::ApplicationScalingRule")
    });
    let properties = |(name, resource): (&String, &Value)| {
        let way = format!("Resources.{name}.Properties");
        resource.get("Properties").map(|properties| (way, properties.clone()))
    };
    rules.filter_map(properties).collect()
}

/// The bodies of an answer that lists them beside their number.
fn of_list(root: &Map<String, Value>) -> Option<Bodies> {
    const LISTS: [&str; 3] = ["instance_groups", "policies", "instance_templates"];
    let key = LISTS.into_iter().find(|key| root.contains_key(*key))?;
    let alone = root.keys().all(|other| other == key || other == "total_count");
    let items = root.get(key)?.as_array().filter(|_| alone)?.iter().enumerate();
    Some(items.map(|(at, item)| (below(key, &at.to_string()), item.clone())).collect())
}

/// The body of a request or an answer as a client library holds it.
fn of_call(root: &Map<String, Value>) -> Option<Bodies> {
    const BESIDE: [&str; 8] = [
        "headers",
        "statusCode",
        "status_code",
        "ClusterId",
        "ServiceName",
        "cluster_id",
        "service_name",
        "RegionId",
    ];
    let body = root.get("body").filter(|body| body.is_object())?;
    let alone = root.keys().all(|key| key == "body" || BESIDE.contains(&key.as_str()));
    alone.then(|| vec![("body".to_owned(), body.clone())])
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const MANIFEST: &str = "\
apiVersion: ray.io/v1
kind: RayService
spec:
  serveConfigV2: |
    applications:
      - name: shop

        deployments:
          - name: ranker
            max_ongoing_requests: 16
  rayClusterConfig: {}
";

    #[test]
    fn the_config_of_a_ray_service_is_read_with_the_places_of_the_manifest() {
        let document = Document::parse(MANIFEST).unwrap();
        let deployment = json!({"name": "ranker", "max_ongoing_requests": 16});
        let config = json!({"applications": [{"name": "shop", "deployments": [deployment]}]});
        assert_eq!(document.bodies, [config]);
        let at = |path: &str| document.place(0, path).map(|place| &MANIFEST[place]);
        let below = "applications.0.deployments.0";
        assert_eq!(at(&format!("{below}.max_ongoing_requests")), Some("16"));
        assert_eq!(at("applications.0.name"), Some("shop"));
        // Beside other manifests.
        let several = format!("apiVersion: v1\nkind: Service\n---\n{MANIFEST}");
        let document = Document::parse(&several).unwrap();
        let at = |path: &str| document.place(0, path).map(|place| &several[place]);
        assert_eq!(at(&format!("{below}.max_ongoing_requests")), Some("16"));
        let broken = MANIFEST.replace("16", "[16");
        let wrong = Document::parse(&broken).unwrap_err();
        assert!(wrong.message.starts_with("in `spec.serveConfigV2`: "), "{wrong:?}");
        assert!(wrong.at > broken.find("max_ongoing").unwrap(), "{wrong:?}");
        // As `kubectl get -o json` shows it: a text in quotes, which has no lines to point at.
        let quoted = json!({"apiVersion": "ray.io/v1", "kind": "RayService",
            "spec": {"serveConfigV2": "applications:\n- name: a\n"}});
        let text = quoted.to_string();
        let document = Document::parse(&text).unwrap();
        assert_eq!(document.bodies, [json!({"applications": [{"name": "a"}]})]);
        assert!(text[document.place(0, "applications.0.name").unwrap()].len() <= text.len());
    }

    #[test]
    fn bodies_are_taken_out_of_templates_lists_and_calls_with_their_places() {
        let rule = "ALIYUN::SAE::ApplicationScalingRule";
        for (text, bodies, path, there) in [
            (
                format!(
                    r#"{{"ROSTemplateFormatVersion": "2015-09-01", "Resources": {{
                        "Net": {{"Type": "ALIYUN::ECS::VPC"}},
                        "Rule": {{"Type": "{rule}", "Properties": {{"AppId": "7"}}}}}}}}"#
                ),
                vec![json!({"AppId": "7"})],
                "AppId",
                "\"7\"",
            ),
            (
                r#"{"policies": [{"name": "up"}, {"name": "down"}], "total_count": 2}"#.to_owned(),
                vec![json!({"name": "up"}), json!({"name": "down"})],
                "name",
                "\"up\"",
            ),
            (
                r#"{"statusCode": 200, "headers": {}, "body": {"MinReplica": 3}}"#.to_owned(),
                vec![json!({"MinReplica": 3})],
                "MinReplica",
                "3",
            ),
        ] {
            let document = Document::parse(&text).unwrap();
            assert_eq!(document.bodies, bodies, "{text}");
            assert_eq!(document.place(0, path).map(|place| &text[place]), Some(there), "{text}");
        }
    }

    #[test]
    fn manifests_of_autoscalers_are_bodies_and_those_of_a_list_one_by_one() {
        let hpa =
            "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nspec: {maxReplicas: 7}\n";
        let deployment = "apiVersion: apps/v1\nkind: Deployment\nspec: {replicas: 2}\n";
        let list = "apiVersion: v1\nkind: List\nitems:\n- kind: Deployment\n  apiVersion: apps/v1\n\
            - kind: HorizontalPodAutoscaler\n  apiVersion: autoscaling/v2\n  spec: {maxReplicas: 8}\n";
        for (text, kinds, max) in [
            (hpa.to_owned(), &["HorizontalPodAutoscaler"][..], "7"),
            (
                format!("---\n{deployment}---\n# nothing\n---\n{hpa}"),
                &["Deployment", "HorizontalPodAutoscaler"],
                "7",
            ),
            (list.to_owned(), &["Deployment", "HorizontalPodAutoscaler"], "8"),
            (
                format!("{deployment}---\n{list}"),
                &["Deployment", "Deployment", "HorizontalPodAutoscaler"],
                "8",
            ),
        ] {
            let document = Document::parse(&text).unwrap();
            let found: Vec<&str> =
                document.bodies.iter().map(|body| body["kind"].as_str().unwrap()).collect();
            assert_eq!(found, kinds, "{text}");
            let place = document.place(kinds.len() - 1, "spec.maxReplicas");
            assert_eq!(place.map(|place| &text[place]), Some(max), "{text}");
        }
    }

    #[test]
    fn beside_others_a_manifest_of_any_kind_is_taken_as_it_is() {
        let other = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: mine}\n";
        assert!(Document::parse(other).is_err());
        let beside = Document::parse_beside_others(other).unwrap();
        assert_eq!(beside.bodies[0]["kind"], "ConfigMap");
        assert!(Document::parse_beside_others("terraform {\n}").is_err());
        let service = "apiVersion: serving.knative.dev/v1\nkind: Service\nspec: {}\n";
        assert_eq!(Document::parse(&format!("{service}---\n{other}")).unwrap().bodies.len(), 2);
        let map = other.replace("mine", "config-autoscaler");
        assert_eq!(Document::parse(&map).unwrap().bodies.len(), 1);
    }

    #[test]
    fn what_is_something_else_is_called_by_its_name() {
        for (text, part) in [
            ("# rules\nresource \"scalingo_autoscaler\" \"web\" {\n}", "`scalingo_autoscaler`"),
            ("terraform {\n}", "this is Terraform"),
            (r#"{"terraform_version": "1.9", "values": {}}"#, "Terraform, in JSON"),
            ("apiVersion: v1\nkind: ConfigMap\n", "of kind ConfigMap"),
            ("apiVersion: ray.io/v1\nkind: RayService\nspec: {}\n", "without a text at"),
            ("apiVersion: v1\nkind: A\n---\napiVersion: v1\nkind: B\n", "of kind A, B"),
            ("AWSTemplateFormatVersion: 2010-09-09\n", "CloudFormation"),
            (r#"{"ROSTemplateFormatVersion": "2015-09-01"}"#, "template of ROS without"),
            ("a: {{ .Values.a }}\nb: 2\n", "template"),
            ("{{- if .Values.a }}\na: 1\n{{- end }}\n", "template"),
        ] {
            let wrong = Document::parse(text).unwrap_err();
            assert!(wrong.is_foreign && wrong.message.contains(part), "{wrong:?}\n{text}");
            assert!(!wrong.remedy.is_empty());
        }
        // A name alone makes no Terraform.
        for text in ["resource: 1\n", "data:\n  a: 1\n", "{\"body\": {\"a\": 1}, \"b\": 2}"] {
            assert_eq!(Document::parse(text).unwrap().bodies.len(), 1, "{text}");
        }
    }
}
