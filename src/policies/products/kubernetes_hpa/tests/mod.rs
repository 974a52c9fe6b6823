//! What is said of the HorizontalPodAutoscaler, checked.

mod algorithm;
mod documents;
mod passes;

use super::{Knobs, KubernetesHpa, Model};
use crate::products::{Document, DocumentFaults, Product};

/// The object's head and what is scaled.
const HEAD: &str = "\
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: shop}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: shop}
";
/// A deployment of one container: 200m of 400m cpu, 128Mi of 256Mi.
const DEPLOYMENT: &str = "\
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  replicas: 3
  template:
    spec:
      terminationGracePeriodSeconds: 45
      containers:
      - name: web
        resources:
          requests: {cpu: 200m, memory: 128Mi}
          limits: {cpu: 400m, memory: 256Mi}
";

/// An autoscaler with these members below `spec`, indented by two.
fn hpa(members: &str) -> String {
    format!("{HEAD}{members}")
}

/// cpu at 60 % of the request, between 2 and 8.
fn plain() -> String {
    hpa("  minReplicas: 2\n  maxReplicas: 8\n  metrics:\n  - type: Resource\n    resource: \
         {name: cpu, target: {type: Utilization, averageUtilization: 60}}\n")
}

fn read(text: &str, knobs: &Knobs, strict: bool) -> (Option<Model>, DocumentFaults) {
    let document = Document::parse(text).unwrap_or_else(|wrong| panic!("{wrong:?}\n{text}"));
    let mut faults = DocumentFaults::new();
    let model = KubernetesHpa::read(&document.bodies, knobs, strict, &mut faults);
    (model, faults)
}

fn model_with(text: &str, knobs: &Knobs) -> Model {
    let (model, faults) = read(text, knobs, true);
    model.unwrap_or_else(|| panic!("{:#?}\n{text}", faults.as_slice()))
}

fn model(text: &str) -> Model {
    model_with(text, &Knobs::default())
}
