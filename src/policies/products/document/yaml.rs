//! Documents in YAML: the same values and places as of JSON.

use super::NotADocument;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use serde_saphyr::Spanned;
use std::fmt;
use std::ops::Range;

/// Reads a document; a map or a list. Several, apart by `---`, are a list of them. A number JSON has no form
/// for (`.inf`) becomes its name.
pub(super) fn parse(text: &str) -> Result<(Value, super::Places), NotADocument> {
    let options = serde_saphyr::options! {
        with_snippet: false,
        budget: serde_saphyr::budget! { max_depth: 32 },
        non_finite_float_policy: serde_saphyr::options::NonFiniteFloatPolicy::PassThrough,
    };
    let mut roots: Vec<Spanned<Node>> = serde_saphyr::from_str_multiple_with_options(text, options)
        .map_err(|error| not_a_document(text, &error))?;
    let mut places = Vec::new();
    let value = match roots.len() {
        1 => unfold(roots.remove(0), String::new(), &mut places, text.len()),
        _ => {
            let roots = roots.into_iter().enumerate();
            roots.map(|(at, root)| unfold(root, at.to_string(), &mut places, text.len())).collect()
        }
    };
    if value.is_object() || value.is_array() {
        return Ok((value, places));
    }
    Err(NotADocument::broken("neither a map of members nor a list of maps", 0))
}

fn not_a_document(text: &str, error: &serde_saphyr::Error) -> NotADocument {
    let remedies = [
        ("tabs disallowed", "YAML is indented with spaces: replace the tab"),
        ("duplicate mapping key", "the same key is there twice: leave one of them out"),
    ];
    let at = error.location().map_or(0, |location| {
        let lines = usize::try_from(location.line()).unwrap_or(1).saturating_sub(1);
        let start = text.split_inclusive('\n').take(lines).map(str::len).sum::<usize>();
        let characters = usize::try_from(location.column()).unwrap_or(1).saturating_sub(1);
        let line = text.get(start..).unwrap_or_default();
        start + line.chars().take(characters).map(char::len_utf8).sum::<usize>()
    });
    let message = error.to_string();
    let message = message.lines().next().unwrap_or_default();
    if ["recursion limit exceeded", "budget breached: Depth"]
        .iter()
        .any(|deep| message.starts_with(deep))
    {
        return NotADocument::too_deep("at most 32 maps and lists inside each other", at);
    }
    // Its place is given apart, and what a program could set does not help a reader.
    let end = [" at line ", ", set DuplicateKeyPolicy"].iter().filter_map(|end| message.find(end));
    let message = message[..end.min().unwrap_or(message.len())].to_owned();
    let remedy =
        remedies.iter().find(|(part, _)| message.contains(part)).map(|(_, remedy)| *remedy);
    let broken = NotADocument::broken(message, at);
    NotADocument { remedy: remedy.unwrap_or(broken.remedy), ..broken }
}

/// A value whose parts know where they stand.
enum Node {
    Leaf(Value),
    List(Vec<Spanned<Self>>),
    Members(Vec<(String, Spanned<Self>)>),
}

/// The plain value; every part's place is noted below `path`.
fn unfold(node: Spanned<Node>, path: String, places: &mut super::Places, length: usize) -> Value {
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    let span = node.referenced.span();
    let byte = |byte: Option<u64>| byte.and_then(|byte| usize::try_from(byte).ok());
    let start = byte(span.byte_offset()).unwrap_or(0).min(length);
    let mut place: Range<usize> = start..(start + byte(span.byte_len()).unwrap_or(0)).min(length);
    let mut grow = |places: &super::Places| {
        if let Some((_, last)) = places.last() {
            place.end = place.end.max(last.end);
        }
    };
    let value = match node.value {
        Node::Leaf(value) => value,
        Node::List(items) => {
            let mut list = Vec::new();
            for (at, item) in items.into_iter().enumerate() {
                list.push(unfold(item, below(&at.to_string()), places, length));
                grow(places);
            }
            Value::Array(list)
        }
        Node::Members(members) => {
            let mut object = Map::new();
            for (key, member) in members {
                let value = unfold(member, below(&key), places, length);
                grow(places);
                object.insert(key, value);
            }
            Value::Object(object)
        }
    };
    places.push((path, place));
    value
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Visit)
    }
}

struct Visit;

impl<'de> Visitor<'de> for Visit {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }
    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Leaf(Value::Bool(value)))
    }
    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Leaf(value.into()))
    }
    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Leaf(value.into()))
    }
    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        let number = Number::from_f64(value);
        Ok(Node::Leaf(number.map_or_else(|| Value::String(value.to_string()), Value::Number)))
    }
    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Leaf(value.into()))
    }
    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Leaf(Value::Null))
    }
    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(Node::Leaf(Value::Null))
    }
    fn visit_some<D: Deserializer<'de>>(self, from: D) -> Result<Node, D::Error> {
        Node::deserialize(from)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(Node::List(items))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut members = Vec::new();
        while let Some(key) = map.next_key::<Node>()? {
            let key = match key {
                Node::Leaf(Value::String(key)) => key,
                Node::Leaf(key) => key.to_string(),
                Node::List(_) | Node::Members(_) => {
                    return Err(A::Error::custom("a key is a single value"));
                }
            };
            members.push((key, map.next_value()?));
        }
        Ok(Node::Members(members))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Document;
    use serde_json::json;

    const CONFIG: &str = "\
# a comment
applications:
  - name: app
    deployments:
      - name: model
        autoscaling_config: {min_replicas: 0, target_ongoing_requests: 2.5}
        note: 'höher'
        flag: yes
        none: ~
";

    #[test]
    fn values_are_those_of_json() {
        let document = Document::parse(CONFIG).unwrap();
        let deployment = json!({
            "name": "model",
            "autoscaling_config": {"min_replicas": 0, "target_ongoing_requests": 2.5},
            "note": "höher", "flag": true, "none": null,
        });
        let expected = json!({"applications": [{"name": "app", "deployments": [deployment]}]});
        assert_eq!(document.bodies, [expected]);
        assert_eq!(
            Document::parse("- a: .inf\n- b").unwrap().bodies,
            [json!({"a": "inf"}), json!("b")]
        );
    }

    #[test]
    fn members_are_found_where_they_stand() {
        let document = Document::parse(CONFIG).unwrap();
        let at = |path: &str| document.place(0, path).map(|place| &CONFIG[place]);
        let below = "applications.0.deployments.0.autoscaling_config";
        assert_eq!(at(&format!("{below}.min_replicas")), Some("0"));
        assert_eq!(at(&format!("{below}.target_ongoing_requests")), Some("2.5"));
        assert!(at(&format!("{below}.unknown")).unwrap().starts_with("{min_replicas"));
        assert_eq!(at("applications.0.deployments.0.note"), Some("'höher'"));
        let list = "- a: 1\n  b: 2\n- a: 3\n";
        let document = Document::parse(list).unwrap();
        assert_eq!(document.place(1, "a").map(|place| &list[place]), Some("3"));
    }

    #[test]
    fn what_is_no_yaml_is_told_with_its_place() {
        for (text, rest, part) in [
            ("a: 1\nb: [1, 2\nc: 3\n", ": 3\n", "illegal placement of ':'"),
            ("ä: 1\nä: 2\n", "ä: 2\n", "duplicate"),
            ("a:\n\tb: 1\n", "b: 1\n", "tabs disallowed"),
            ("just words", "just words", "neither a map"),
        ] {
            let wrong = Document::parse(text).unwrap_err();
            assert_eq!(&text[wrong.at..], rest, "{wrong:?}");
            assert!(wrong.message.contains(part), "{wrong:?}");
        }
        for (text, remedy) in [("a:\n\tb: 1\n", "with spaces"), ("a: 1\na: 2\n", "twice")] {
            let wrong = Document::parse(text).unwrap_err();
            assert!(wrong.remedy.contains(remedy), "{wrong:?}");
        }
    }
}
