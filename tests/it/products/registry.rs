//! The registry of products: whatever is in it has its document, its scenario and its page.

use autosim_policies::products::ProductFile;
use std::collections::BTreeSet;
use std::path::Path;

fn there(path: &str) -> bool {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path).is_file()
}

#[test]
fn every_product_has_a_document_a_scenario_and_a_page_that_names_its_knobs() {
    for kind in ProductFile::KINDS {
        super::shipped(kind);
        assert!(there(&format!("scenarios/products/{kind}.toml")), "{kind} has no scenario");
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("docs/products/{kind}.md"));
        let page = std::fs::read_to_string(page).unwrap_or_else(|error| panic!("{kind}: {error}"));
        let file = ProductFile::of_files(kind, Vec::new(), false).unwrap();
        let file = serde_json::to_value(&file).unwrap();
        let knobs = file[*kind]["knobs"].as_object().unwrap();
        assert!(!knobs.is_empty(), "{kind} has no knobs");
        for knob in knobs.keys() {
            assert!(page.contains(&format!("`{knob}")), "docs/products/{kind}.md: {knob}");
        }
    }
}

#[test]
fn a_product_is_found_by_its_name_and_no_two_share_one() {
    let names: BTreeSet<&str> = ProductFile::KINDS.iter().copied().collect();
    assert_eq!(names.len(), ProductFile::KINDS.len());
    for kind in ProductFile::KINDS {
        let file = ProductFile::of_files(kind, Vec::new(), false);
        assert_eq!(file.map(|file| file.kind_name()), Some(*kind));
    }
    assert_eq!(ProductFile::of_files("vendor", Vec::new(), false), None);
}
