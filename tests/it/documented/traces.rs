//! Every format of recordings has a section that says what becomes of its rows.

use super::root;
use autosim_engine::workload::trace::Format;

#[test]
fn every_format_of_recordings_has_one_section_and_no_section_is_of_none() {
    let page = std::fs::read_to_string(root().join("docs/traces.md")).unwrap();
    let sections: Vec<(&str, &str)> =
        page.split("\n### ").skip(1).filter_map(|section| section.split_once('\n')).collect();
    let mut named = Vec::new();
    for (heading, text) in &sections {
        let names: Vec<&str> = heading.split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty() && text.trim().len() > 60, "{heading}: {text}");
        named.extend(names);
    }
    let mut formats: Vec<&str> = Format::ALL.iter().map(|format| format.name()).collect();
    named.sort_unstable();
    formats.sort_unstable();
    assert_eq!(named, formats);
}
