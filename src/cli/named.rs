//! Policies that need no file: `fixed:12`, `clairvoyant`, and those that come with autosim.

use super::input::Input;
use std::path::PathBuf;

/// Documents of `scenarios/policies`, by file name. A test compares them with the folder.
const SHIPPED: &[(&str, &str)] = &[
    ("keda.yaml", include_str!("../../scenarios/policies/keda.yaml")),
    ("knative.yaml", include_str!("../../scenarios/policies/knative.yaml")),
    ("kubernetes-hpa.yaml", include_str!("../../scenarios/policies/kubernetes-hpa.yaml")),
    ("pai-eas.json", include_str!("../../scenarios/policies/pai-eas.json")),
    ("pai-eas-follows.json", include_str!("../../scenarios/policies/pai-eas-follows.json")),
    ("pai-eas-gateway.json", include_str!("../../scenarios/policies/pai-eas-gateway.json")),
    ("ray-serve.yaml", include_str!("../../scenarios/policies/ray-serve.yaml")),
    ("sae.json", include_str!("../../scenarios/policies/sae.json")),
    ("sae-metrics.json", include_str!("../../scenarios/policies/sae-metrics.json")),
    ("scaleway.json", include_str!("../../scenarios/policies/scaleway.json")),
    ("scalingo.json", include_str!("../../scenarios/policies/scalingo.json")),
];

/// A policy that is meant by a name.
pub(super) enum Named {
    /// Its name in a scenario, and the table that says it.
    Table(String, String),
    /// A document that comes with autosim.
    Document(Input),
}

/// The policy of that name; `Err` where the name begins as one and goes on wrongly, with what would be
/// right.
pub(super) fn named(name: &str) -> Result<Option<Named>, String> {
    if let Some(count) = name.strip_prefix("fixed:") {
        let count: u32 = count.parse().map_err(|_| {
            format!("`{name}`: a number of replicas comes after the colon, for example fixed:12")
        })?;
        let policy = format!("fixed-{count}");
        let table = format!("[policies.{policy}.fixed]\nreplicas = {count}\n");
        return Ok(Some(Named::Table(policy, table)));
    }
    if ["clairvoyant", "oracle"].contains(&name) {
        let table = "[policies.clairvoyant.clairvoyant]\n".to_owned();
        return Ok(Some(Named::Table("clairvoyant".into(), table)));
    }
    let shipped = SHIPPED.iter().find(|(file, _)| stem(file) == name);
    Ok(shipped.map(|(file, text)| {
        let input = Input::embedded(&format!("scenarios/policies/{file}"), text, PathBuf::new());
        Named::Document(Input { fallback_name: name.to_owned(), ..input })
    }))
}

/// What may stand in place of a file, for a message.
pub(super) fn names() -> String {
    let shipped: Vec<&str> = SHIPPED.iter().map(|(file, _)| stem(file)).collect();
    format!("fixed:N, clairvoyant (or oracle), {}", shipped.join(", "))
}

fn stem(file: &str) -> &str {
    file.split('.').next().unwrap_or(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_policy_of_the_folder_is_known_by_its_name() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/policies");
        let files = std::fs::read_dir(folder).unwrap().map(|one| one.unwrap().file_name());
        let mut files: Vec<String> = files.map(|name| name.into_string().unwrap()).collect();
        let mut known: Vec<&str> = SHIPPED.iter().map(|(file, _)| *file).collect();
        files.sort();
        known.sort_unstable();
        assert_eq!(files, known);
        for name in known.iter().map(|file| stem(file)) {
            assert!(matches!(named(name), Ok(Some(Named::Document(_)))), "{name}");
            assert!(names().contains(name));
        }
    }

    #[test]
    fn a_count_and_the_oracle_need_no_file() {
        let table = |name: &str| match named(name) {
            Ok(Some(Named::Table(policy, table))) => Some((policy, table)),
            Ok(Some(Named::Document(_)) | None) | Err(_) => None,
        };
        let fixed = table("fixed:12").unwrap();
        assert_eq!(fixed, ("fixed-12".into(), "[policies.fixed-12.fixed]\nreplicas = 12\n".into()));
        assert_eq!(table("oracle"), table("clairvoyant"));
        assert!(named("fixed:many").is_err_and(|text| text.contains("fixed:12")));
        assert!(matches!(named("mine"), Ok(None)));
    }
}
