use super::*;

fn reference() -> Reference {
    Reference::of_scenarios()
}

fn key<'r>(reference: &'r Reference, section: &str, key: &str) -> &'r Key {
    let section = reference.sections.iter().find(|one| one.name == section).unwrap();
    section.keys.iter().find(|one| one.name == key).unwrap()
}

#[test]
fn every_property_of_the_schema_is_a_key_once() {
    fn properties(schema: &serde_json::Value) -> usize {
        match schema {
            serde_json::Value::Object(members) => {
                let own = schema["properties"].as_object().map_or(0, serde_json::Map::len);
                own + members.values().map(properties).sum::<usize>()
            }
            serde_json::Value::Array(list) => list.iter().map(properties).sum(),
            serde_json::Value::Null
            | serde_json::Value::Bool(_)
            | serde_json::Value::Number(_)
            | serde_json::Value::String(_) => 0,
        }
    }
    let reference = reference();
    let keys: usize = reference.sections.iter().map(|section| section.keys.len()).sum();
    let kinds: usize = reference.sections.iter().map(|section| section.kinds.len()).sum();
    assert_eq!(keys + kinds, properties(&crate::scenario::json_schema()));
}

#[test]
fn a_name_stands_for_one_section() {
    let reference = reference();
    let mut names: Vec<&str> = reference.sections.iter().map(|one| one.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), reference.sections.len());
}

#[test]
fn a_key_says_what_may_be_written_and_what_stands_in() {
    let reference = reference();
    for (section, name, kind, default) in [
        ("scenario", "replications", "whole number", "10"),
        ("scenario", "outages", "list of tables", ""),
        ("scenario", "policies", "policy or product or program by name", ""),
        ("service.queue", "timeout", "duration or law", "for ever"),
        ("replica", "cold_start", "duration or law or table", "0s"),
        ("client", "cancels", "true or false", "false"),
        ("keep-alive", "overflow", "word", "`wait`"),
        ("pai-eas.knobs", "eval_period_s", "whole number of seconds", "15"),
        ("empirical", "quantiles", "list of [number, duration]", ""),
    ] {
        let key = key(&reference, section, name);
        let absent = match default {
            "" => Absent::Nothing,
            text => Absent::Default(text.into()),
        };
        assert_eq!((key.kind.as_str(), &key.default), (kind, &absent), "{section}.{name}");
    }
    assert_eq!(key(&reference, "target-tracking", "metric").default, Absent::Refused);
}

#[test]
fn words_to_choose_come_with_their_meaning() {
    let reference = reference();
    let words: Vec<&str> = key(&reference, "service.queue", "at_zero")
        .choices
        .iter()
        .map(|one| one.word.as_str())
        .collect();
    assert_eq!(words, ["wait", "reject"]);
    let silent = |section: &Section| {
        section
            .keys
            .iter()
            .flat_map(|key| &key.choices)
            .chain(&section.kinds)
            .any(|one| one.meaning.is_empty())
    };
    let silent: Vec<_> =
        reference.sections.iter().filter(|one| silent(one)).map(|one| &one.name).collect();
    assert!(silent.is_empty(), "{silent:?}");
}

#[test]
fn a_default_is_taken_out_of_the_sentences() {
    for (said, meaning, default) in [
        ("Fewest replicas. Default 1.", "Fewest replicas.", "1"),
        ("A dead band. Default: 0. Not for bytes.", "A dead band. Not for bytes.", "0"),
        ("Law of its times; default: the service's.", "Law of its times.", "the service's"),
        ("Default 0.1, as for others.", "", "0.1, as for others"),
    ] {
        let (kept, stated) = describe::without_default(said);
        assert_eq!((kept.as_str(), stated.as_deref()), (meaning, Some(default)), "{said}");
    }
    let said = "Whether it counts by default.";
    assert_eq!(describe::without_default(said), (said.to_owned(), None));
}

#[test]
fn what_is_asked_for_is_a_section_a_table_or_a_key() {
    let reference = reference();
    for (asked, sections, keys) in [
        ("service", &["service", "service.sharing", "service.queue"][..], 16),
        ("service.queue", &["service.queue"], 5),
        ("retries", &["client.retries"], 7),
        ("tolerance", &["target-tracking", "sae.knobs", "kubernetes-hpa.knobs"], 3),
        ("service.queue.timeout", &["service.queue"], 1),
        ("duration", &["duration"], 0),
    ] {
        let found = reference.find(asked).unwrap();
        let names: Vec<&str> = found.sections.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, sections, "{asked}");
        assert_eq!(found.sections.iter().map(|one| one.keys.len()).sum::<usize>(), keys, "{asked}");
    }
    let unknown = reference.find("target-traking").unwrap_err().to_string();
    assert!(unknown.starts_with(
        "nothing of a scenario is called `target-traking`; did you mean `target-tracking`?"
    ));
}

#[test]
fn every_link_of_the_page_leads_to_a_heading() {
    let page = reference().page(super::SCENARIO_HEAD);
    let anchor = |heading: &str| {
        let kept = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        format!("](#{})", heading.chars().filter(kept).collect::<String>())
    };
    let headings: Vec<String> = page
        .lines()
        .filter_map(|line| {
            line.trim_start_matches('#').strip_prefix(' ').filter(|_| line.starts_with("##"))
        })
        .map(anchor)
        .collect();
    let links = page.split("](#").skip(1).filter_map(|rest| rest.split_once(')'));
    let dead: Vec<&str> = links
        .map(|(link, _)| link)
        .filter(|link| !headings.contains(&format!("](#{link})")))
        .collect();
    assert!(dead.is_empty(), "{dead:?}");
    assert!(headings.len() > 60);
}

#[test]
fn text_keeps_to_eighty_columns() {
    let reference = reference();
    let text = reference.text();
    let examples = |line: &&str| !line.starts_with("    ") || line.starts_with("      ");
    let long: Vec<&str> =
        text.lines().filter(examples).filter(|line| line.chars().count() > 80).collect();
    assert!(long.is_empty(), "{long:#?}");
}
