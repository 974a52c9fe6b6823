//! Documents, the metric path and the controller as tapes.

mod controller;
mod documents;
mod handle;
