//! Recorded traffic: readers of trace files and the streams they become.

mod events;

pub(crate) use events::Events;
