//! The integration tests: one binary, one file per question.

mod cli;
mod determinism;
mod dry_run;
mod explained;
mod flow;
mod fluid;
mod house;
mod launches;
mod marks;
mod naive;
mod naive_equality;
mod pai_eas_and_scalingo;
mod plane_equality;
mod priorities;
mod products;
mod properties;
mod ray_serve;
mod recorded;
mod reliability;
mod report_page;
mod sae;
mod stories;
mod theory;
mod theory_fast;
mod vectors;
mod verbs;
