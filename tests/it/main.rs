//! The integration tests: one binary, one file per question.

mod cli;
mod determinism;
mod house;
mod naive;
mod naive_equality;
mod pai_eas_and_scalingo;
mod properties;
mod recorded;
mod stories;
mod theory;
mod theory_fast;
