//! Documents, the metric path and the controller as tapes.
