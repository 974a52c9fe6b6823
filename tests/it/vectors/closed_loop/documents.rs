//! Documents with the verdict of API server and webhooks.

use super::{list, text, vectors};
use autosim_engine::fault::Severity;
use autosim_policies::products::keda::Keda;
use autosim_policies::products::knative::Knative;
use autosim_policies::products::kubernetes::fields::{
    BAD_REQUEST, FORBIDDEN, INVALID, NO_MATCH, NOT_SUPPORTED, REQUIRED,
};
use autosim_policies::products::kubernetes_hpa::KubernetesHpa;
use autosim_policies::products::{Document, DocumentFault, DocumentFaults, Product};
use serde_json::{Value, json};

/// Document, path and kind of a refusal, as the vectors have them.
fn refusal(fault: &DocumentFault) -> (usize, String, String) {
    let kind = match fault.code.as_str() {
        REQUIRED => "Required",
        INVALID => "Invalid",
        NOT_SUPPORTED => "NotSupported",
        FORBIDDEN => "Forbidden",
        NO_MATCH => "NoMatch",
        BAD_REQUEST if fault.message.contains("unknown field") => "UnknownField",
        BAD_REQUEST => "Decode",
        // Those of webhooks.
        code => code,
    };
    (fault.document, fault.field.clone(), kind.to_owned())
}

fn read<P: Product>(text: &str, strict: bool) -> Result<Vec<DocumentFault>, String> {
    let document = Document::parse(text).map_err(|wrong| wrong.message)?;
    let mut faults = DocumentFaults::new();
    P::read(&document.bodies, &P::Knobs::default(), strict, &mut faults);
    // Which of several is simulated is ours to ask.
    Ok(faults.into_vec().into_iter().filter(|fault| !fault.is_incompleteness()).collect())
}

/// A document; `kinds` are those of the product.
fn judge<P: Product>(case: &Value, kinds: &[&str]) {
    let (expect, errors) = (&case["expect"], list(&case["expect"]["errors"]));
    let faults = match read::<P>(text(&case["text"]), true) {
        Ok(faults) => faults,
        Err(message) => {
            assert_eq!((errors.len(), text(&errors[0]["kind"])), (1, "Syntax"), "{case}");
            assert!(message.contains(text(&errors[0]["text"])), "{message}\n{case}");
            return;
        }
    };
    let is_error = |fault: &&DocumentFault| fault.severity == Severity::Error;
    let mut found: Vec<_> = faults.iter().filter(is_error).map(refusal).collect();
    for error in errors {
        let kinds = text(&error["kind"]).split('|').collect::<Vec<_>>();
        let same = |(document, path, kind): &(usize, String, String)| {
            error["document"] == *document
                && error["path"] == *path
                && kinds.contains(&kind.as_str())
        };
        let at = found.iter().position(same);
        found.remove(at.unwrap_or_else(|| panic!("{error} is not among {found:?}\n{case}")));
    }
    assert!(found.is_empty(), "{found:?}\n{case}");
    let lenient = read::<P>(text(&case["text"]), false).expect("a document");
    if expect["strict_only"] == true {
        assert!(!lenient.iter().any(|fault| is_error(&fault)), "{lenient:?}");
        let path = text(&errors[0]["path"]);
        assert!(lenient.iter().any(|fault| fault.field == path), "{lenient:?}");
    }
    let warned = lenient.iter().any(|fault| fault.severity == Severity::Warning);
    assert!(warned || expect["warning"] != true, "{case}");
    if expect["verdict"] == "accept" {
        let bodies = Document::parse(text(&case["text"])).expect("a document").bodies;
        let own = bodies.iter().filter(|one| kinds.iter().any(|kind| one["kind"] == *kind));
        let own: Vec<Value> =
            own.map(|one| json!([one["kind"], one["metadata"]["name"]])).collect();
        assert_eq!(own, list(&expect["objects"]), "{case}");
    }
}

#[test]
fn documents_are_taken_and_refused_at_the_same_places() {
    let Some(file) = vectors("k8s_closed_loop", "documents.json") else { return };
    let (mut hpa, mut keda, mut knative) = (0, 0, 0);
    for case in list(&file["cases"]) {
        let holds = |part| text(&case["text"]).contains(part);
        if holds("serving.knative.dev") {
            judge::<Knative>(case, &["Service"]);
            knative += 1;
        } else if holds("ScaledObject") {
            judge::<Keda>(case, &["ScaledObject"]);
            keda += 1;
        } else {
            judge::<KubernetesHpa>(case, &["HorizontalPodAutoscaler"]);
            hpa += 1;
        }
    }
    assert_eq!((hpa, keda, knative), (22, 11, 9));
}
