//! What decides: autosim's own policies, real products, and programs of anybody.
//!
//! | room | what it is |
//! |---|---|
//! | [`builtin`] | autosim's own policies |
//! | [`products`] | real autoscalers, exactly, from their own documents |
//! | [`stdio`] | programs in any language |

#![warn(clippy::wildcard_enum_match_arm)]

pub mod builtin;
pub mod products;
pub mod stdio;
