//! What a search is asked, what it may do, and what it answers.

use super::space::{Point, Space};
use super::standing::{Sample, Tried};
use std::collections::BTreeMap;

/// Settings that can be tried.
pub trait Trials {
    /// Why a search ends early.
    type Stop;
    /// Runs every setting until it has so many replications, those it had before among them.
    ///
    /// # Errors
    /// Why it is over; what was finished is kept.
    fn run(&mut self, wanted: &[(Point, u32)]) -> Result<(), Self::Stop>;
    /// What the replications of a setting showed, in their order.
    fn samples(&self, point: Point) -> &[Sample];
    /// Every setting that was tried.
    fn points(&self) -> Vec<Point>;
}

/// How settings are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Every one.
    Whole,
    /// Halving along one ordered knob.
    Halving,
    /// Where a model of those that were tried expects most.
    Surrogate,
}

/// What a search is asked.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Replications of a setting that is to be known well, at least 1.
    pub replications: u32,
    /// Most replications of one that cannot be told otherwise.
    pub most_replications: u32,
    /// Something is drawn: replications differ.
    pub draws: bool,
    /// Settings tried at once.
    pub at_once: usize,
    /// Every setting is tried.
    pub whole: bool,
}

/// What a search found.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The settings there are.
    pub space: Space,
    /// How.
    pub way: Way,
    /// The cheapest that holds for certain; where none does, the cheapest that was seen to.
    pub winner: Option<Point>,
    /// Of the cheaper ones that do not hold, the one with the fewest steps to the winner.
    pub failing: Option<Point>,
    /// The one with the least excess.
    pub closest: Option<Point>,
    /// Cheaper ones that may hold, of which that cannot be told; the cheapest first.
    pub open: Vec<Point>,
    /// Every one that was tried.
    pub tried: BTreeMap<Point, Tried>,
}
