//! # kubernetes: what its autoscalers share
//!
//! **Is**: quantities, the API server's words for what is wrong with an object, the envelope of objects, and the
//! workload beside an autoscaler.
//!
//! **Knows**: the types of `k8s.io/apimachinery`, and of `apps/v1` what bears on replicas.
//!
//! **Must not know**: any autoscaler.
//!
//! **Start at** [`objects::Envelope`].

pub mod fields;
pub mod objects;
pub mod product;
pub mod quantity;
pub mod vpa;
pub mod workload;
