//! What decides: autosim's own policies, and real products.
//!
//! | room | what it is |
//! |---|---|
//! | [`builtin`] | autosim's own policies |
//! | [`products`] | real autoscalers, exactly, from their own documents |

#![warn(clippy::wildcard_enum_match_arm)]

pub mod builtin;
pub mod products;
