//! The samples of SAE's API reference, as printed there. The reference is not part of the project:
//! `AUTOSIM_SHARED` names the folder that holds it (default: `shared` beside the project).

use autosim_policies::products::sae::{Knobs, Sae};
use autosim_policies::products::{DocumentFaults, MinReady, Product, ProductFile};
use serde_json::{Value, json};
use std::io::Write;
use std::path::PathBuf;

fn reference(test: &str) -> Option<String> {
    let shared = std::env::var_os("AUTOSIM_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared")),
        Into::into,
    );
    let file = shared.join("seeds").join("001_bdb698d04f0204fa.txt");
    let text = std::fs::read_to_string(file).ok();
    if text.is_none() {
        let line =
            format!("skipped: {test}: the reference is absent (AUTOSIM_SHARED names its folder)\n");
        let _ = std::io::stderr().write_all(line.as_bytes());
    }
    text
}

/// The line of the text that begins so, as JSON.
fn line(text: &str, begin: &str) -> Value {
    let line = text.lines().find(|line| line.starts_with(begin)).unwrap();
    serde_json::from_str(line).unwrap()
}

fn read(document: &Value) -> <Sae as Product>::Model {
    let mut faults = DocumentFaults::new();
    let documents = std::slice::from_ref(document);
    Sae::read(documents, &Knobs::default(), false, &mut faults)
        .unwrap_or_else(|| panic!("{:#?}", faults.as_slice()))
}

#[test]
fn the_samples_of_the_reference_are_read_and_go_out_as_they_came() {
    let Some(text) = reference("samples of SAE") else { return };
    let timer = line(&text, "{\"beginDate\"");
    let metric = line(&text, "{\"maxReplicas\"");
    for sample in [&timer, &metric] {
        assert_eq!(ProductFile::recognise(sample).map(|one| one.kind), Some("sae"));
        assert_eq!(Sae::export(&read(sample)), std::slice::from_ref(sample));
    }
    let platform = |document: &Value| Sae::platform(&read(document), &Knobs::default());
    assert_eq!((platform(&timer).start, platform(&timer).most), (3, 10));
    assert_eq!((platform(&metric).start, platform(&metric).most), (1, 3));
    // The request of the reference's table of parameters, with the values of its last column.
    let request = json!({
        "AppId": "7171a6ca-d1cd-4928-8642-7d5cfe69****",
        "ScalingRuleName": "timer-0800-2100",
        "ScalingRuleTimer": timer.to_string(),
        "MinReadyInstances": 3,
        "MinReadyInstanceRatio": -1,
    });
    assert_eq!(Sae::export(&read(&request)), std::slice::from_ref(&request));
    assert_eq!(platform(&request).min_ready, Some(MinReady::Count(3)));
}

#[test]
fn the_sample_response_of_the_reference_is_a_timing_rule() {
    let Some(text) = reference("sample response of SAE") else { return };
    let begin = text.find("{\n  \"RequestId\"").unwrap();
    let mut documents = serde_json::Deserializer::from_str(&text[begin..]).into_iter::<Value>();
    let response = documents.next().unwrap().unwrap();
    assert_eq!(ProductFile::recognise(&response).map(|one| one.kind), Some("sae"));
    let once = Sae::export(&read(&response));
    assert_eq!(once[0]["ScalingRuleName"], "test");
    assert_eq!(once[0]["ScalingRuleType"], "timing");
    let timer: Value = serde_json::from_str(once[0]["ScalingRuleTimer"].as_str().unwrap()).unwrap();
    assert_eq!(timer["schedules"][0], json!({ "atTime": "08:00", "targetReplicas": 3 }));
    assert_eq!(Sae::export(&read(&once[0])), once);
}
