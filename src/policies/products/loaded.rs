//! From documents and knobs to a policy: the part that is the same for every product.

use super::registry::{Found, Origin};
use super::{Document, DocumentFault, DocumentFaults, DocumentsFile, NotADocument, Product};
use autosim_engine::fault::Severity;
use serde_json::Value;

/// A product's documents, read, with the knobs in force.
#[derive(Debug, Clone)]
pub(super) struct Loaded<V: Product> {
    pub(super) model: V::Model,
    pub(super) knobs: V::Knobs,
}

/// Reads what `file` names (`texts`, in its order) and holds; the file comes back with the documents in
/// place of their names.
pub(super) fn load<V: Product>(
    file: &DocumentsFile<V::Knobs>,
    texts: &[String],
    found: &mut Vec<Found>,
) -> Option<(Loaded<V>, DocumentsFile<V::Knobs>)> {
    let before = found.len();
    let mut sources = Vec::new();
    for (at, text) in texts.iter().enumerate() {
        match Document::parse(text) {
            Ok(document) => sources.push((Source::File(at), document)),
            Err(wrong) => {
                let origin = Origin::File { file: at, span: wrong.at..wrong.at };
                found.push(Found { origin, fault: unreadable::<V>(&wrong, None) });
            }
        }
    }
    let body = file.body.iter().map(|body| ("body".to_owned(), body));
    let bodies = file.bodies.iter().enumerate().map(|(at, body)| (format!("bodies.{at}"), body));
    for (key, body) in body.chain(bodies) {
        let Some(text) = body.as_str() else {
            sources.push((Source::Table(key), Document::of_value(body.clone())));
            continue;
        };
        let parse = match file.bodies.len() > 1 {
            true => Document::parse_beside_others,
            false => Document::parse,
        };
        match parse(text) {
            Ok(document) => sources.push((Source::Text(key), document)),
            Err(wrong) => {
                let line = text[..wrong.at.min(text.len())].matches('\n').count() + 1;
                let fault = unreadable::<V>(&wrong, Some(line));
                found.push(Found { origin: Origin::Inline(key), fault });
            }
        }
    }
    let empty = sources.iter().all(|(_, document)| document.bodies.is_empty());
    if empty && found.len() == before {
        let fault = DocumentFault::error("", None, "", "no document is given", GIVE_ONE);
        found.push(Found { origin: Origin::Inline(String::new()), fault });
    }
    if found.len() > before {
        return None;
    }
    let model = read::<V>(&sources, file, found)?;
    if let Some(lack) = V::lacks(&model) {
        let fault = DocumentFault::incomplete(lack, "give the whole document first");
        let origin = match &sources[0].0 {
            Source::File(file) => Origin::File { file: *file, span: 0..0 },
            Source::Table(_) | Source::Text(_) => Origin::Inline(String::new()),
        };
        found.push(Found { origin, fault });
        return None;
    }
    let bodies = sources.into_iter().flat_map(|(_, document)| document.bodies).collect();
    let whole = DocumentsFile {
        bodies,
        strict: file.strict,
        knobs: file.knobs.clone(),
        ..DocumentsFile::default()
    };
    Some((Loaded { model, knobs: file.knobs.clone() }, whole))
}

const GIVE_ONE: &str = "name a file, `document = \"policies/mine.json\"`, or write it as `body`";

/// What is said of a text that is no document: by the platform if it is broken, by us if it is something
/// else altogether.
fn unreadable<V: Product>(wrong: &NotADocument, line: Option<usize>) -> DocumentFault {
    let place = line.map_or_else(String::new, |line| format!("line {line}: "));
    let message = format!("{place}{}", wrong.message);
    match wrong.is_foreign {
        true => DocumentFault::ours(message, wrong.remedy),
        false => V::unreadable(&message),
    }
}

/// Where a document was.
enum Source {
    /// In this one of the files.
    File(usize),
    /// In the scenario, as a table under this key.
    Table(String),
    /// In the scenario, as text under this key.
    Text(String),
}

fn read<V: Product>(
    sources: &[(Source, Document)],
    file: &DocumentsFile<V::Knobs>,
    found: &mut Vec<Found>,
) -> Option<V::Model> {
    let values: Vec<Value> =
        sources.iter().flat_map(|(_, document)| document.bodies.iter().cloned()).collect();
    let mut faults = DocumentFaults::new();
    let model = V::read(&values, &file.knobs, file.strict, &mut faults);
    let is_sent = |at: usize| {
        let likeness = values.get(at).and_then(V::likeness);
        likeness.is_none_or(|likeness| likeness.is_sent)
    };
    let faults = faults.into_vec().into_iter();
    let faults: Vec<DocumentFault> = faults
        .map(|fault| if is_sent(fault.document) { fault } else { fault.in_our_words() })
        .collect();
    let sound = faults.iter().all(|fault| fault.severity != Severity::Error);
    for fault in faults {
        let origin = origin(sources, &fault);
        found.push(Found { origin, fault });
    }
    model.filter(|_| sound)
}

/// Where a fault of the documents, counted through, was found.
fn origin(sources: &[(Source, Document)], fault: &DocumentFault) -> Origin {
    let mut body = fault.document;
    for (source, document) in sources {
        let count = document.bodies.len();
        if body >= count {
            body -= count;
            continue;
        }
        let below = |start: String| match fault.path.as_str() {
            "" => start,
            path => format!("{start}.{path}"),
        };
        return match source {
            Source::File(file) => {
                let span = document.place(body, &fault.path).unwrap_or(0..0);
                Origin::File { file: *file, span }
            }
            Source::Table(key) => Origin::Inline(below(key.clone())),
            Source::Text(key) => Origin::Inline(key.clone()),
        };
    }
    Origin::Inline(String::new())
}
