//! The scenario file as JSON Schema, for editors.

use super::file::ScenarioFile;
use serde_json::{Value, json};

/// The schema (draft 2020-12) of a scenario file.
pub fn json_schema() -> Value {
    let mut schema = schemars::schema_for!(ScenarioFile).to_value();
    if let Value::Object(root) = &mut schema {
        root.insert("$id".into(), json!("autosim-scenario"));
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_knows_the_tables_of_a_scenario() {
        let schema = json_schema();
        for key in ["workload", "service", "replica", "policies", "services", "price", "slo"] {
            assert!(schema["properties"][key].is_object(), "{key}");
        }
    }
}
