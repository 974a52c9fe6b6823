//! What every product whose documents are objects of Kubernetes does alike.

use super::fields::ApiServer;
use super::objects::Envelope;
use crate::products::document::way;
use crate::products::{DocumentFault, DocumentFaults, Likeness, Product, Reader};
use serde_json::Value;

/// How much an object is like what its kind says; `signs` are the members that say it.
pub fn of_kind(what: &'static str, signs: &[&str], weight: i64) -> Likeness {
    let signs = signs.iter().map(|&sign| sign.to_owned()).collect();
    Likeness { what, signs, is_sent: true, weight }
}

/// Reads objects that belong together; faults are told at what is there: of a missing member at the object it is
/// missing in, or above.
pub fn read<P: Product<Dialect = ApiServer>>(
    documents: &[Value],
    knobs: &P::Knobs,
    strict: bool,
    faults: &mut DocumentFaults,
) -> Option<P::Model> {
    let reader = Reader::new(P::dialect(knobs, strict), strict);
    let model = P::model(documents, knobs, &reader);
    place(documents, reader.into_faults(), faults);
    model.filter(|_| faults.errors() == 0)
}

/// The fault of a text that is neither JSON nor YAML.
pub fn unreadable(message: &str) -> DocumentFault {
    let message = format!("error converting YAML to JSON: {message}");
    DocumentFault::ours(message, "an object in JSON or YAML, indented with spaces, each key once")
}

/// Says that an object does not bear on the count.
pub fn not_read(envelope: &Envelope<'_>) {
    let message =
        format!("a {} of {} does not bear on the count: not read", envelope.kind, envelope.version);
    envelope.object.get("kind").warn(message, "");
}

/// Faults are told at what is there: of a missing member at the object it is missing in, or above.
fn place(documents: &[Value], found: DocumentFaults, faults: &mut DocumentFaults) {
    for mut fault in found.into_vec() {
        if let Some(document) = documents.get(fault.document) {
            let (_, end) = way(document, &fault.path);
            fault.path.truncate(end);
        }
        faults.add(fault.document, &fault.path.clone(), fault);
    }
}
