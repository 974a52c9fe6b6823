//! autosim rehearses an autoscaler before production does.
