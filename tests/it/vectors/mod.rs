//! Recorded outputs of real programs, row by row. They are not part of the project: `AUTOSIM_SHARED`
//! names the folder that holds them (default: `shared` beside the project); a test whose file is absent
//! says so.

mod closed_loop;
mod knative;
mod kubernetes_hpa;
mod ray_serve;

use serde_json::Value;
use std::io::Write;
use std::path::PathBuf;

/// A file of vectors, if it is there.
fn vectors(product: &str, file: &str) -> Option<Value> {
    let text = text(product, file)?;
    Some(serde_json::from_str(&text).unwrap_or_else(|error| panic!("{file}: {error}")))
}

/// The text of a file among them, if it is there.
pub(crate) fn text(product: &str, file: &str) -> Option<String> {
    let shared = std::env::var_os("AUTOSIM_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared")),
        Into::into,
    );
    let path = shared.join("vectors").join(product).join(file);
    let text = std::fs::read_to_string(&path).ok();
    if text.is_none() {
        // Not printed but written: the test harness swallows what passing tests print.
        let line = format!("skipped: {product}/{file} absent (AUTOSIM_SHARED names its folder)\n");
        let _ = std::io::stderr().write_all(line.as_bytes());
    }
    text
}
