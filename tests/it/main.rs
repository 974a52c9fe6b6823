//! The integration tests: one binary, one file per question.

mod cli;
mod determinism;
mod house;
mod naive;
mod naive_equality;
mod properties;
mod ray_serve;
mod recorded;
mod stories;
mod theory;
mod theory_fast;
mod vectors;
