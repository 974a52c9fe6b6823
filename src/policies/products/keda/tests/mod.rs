//! ScaledObjects from their documents to their counts, by hand.

mod documents;
mod worked;

use super::{Keda, Knobs, Model};
use crate::products::Product as _;
use crate::products::{Document, DocumentFaults};

/// A ScaledObject of a worker; `spec` goes beside its target, `annotations` in braces.
fn scaled(annotations: &str, spec: &str) -> String {
    format!(
        "apiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nmetadata: {{name: worker, annotations: {{{annotations}}}}}\n\
         spec:\n  scaleTargetRef: {{name: worker}}\n{spec}"
    )
}

/// A queue of which each replica is to have 10.
const JOBS: &str = "  triggers:\n  - type: redis\n    name: jobs\n    metadata: {listName: jobs, listLength: \"10\"}\n";

fn faults(text: &str, knobs: &Knobs, strict: bool) -> (Option<Model>, DocumentFaults) {
    let document = Document::parse(text).unwrap_or_else(|wrong| panic!("{wrong:?}\n{text}"));
    let mut faults = DocumentFaults::new();
    let model = Keda::read(&document.bodies, knobs, strict, &mut faults);
    (model, faults)
}

fn model(text: &str) -> Model {
    let (model, faults) = faults(text, &Knobs::default(), true);
    model.unwrap_or_else(|| panic!("{:#?}\n{text}", faults.as_slice()))
}
