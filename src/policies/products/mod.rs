//! # products: real products, exactly
//!
//! **Is**: one folder per product - its documents in its own words, its refusals, its algorithm lowered
//! to an [`Autoscaler`], its way of showing what it did - and what they share: [`Document`]s with places,
//! the [`Reader`] of their members, knobs, words, the registry.
//!
//! **Knows**: policies and signals; the sources of every rule, named in each product's folder.
//!
//! **Must not know**: the engine, replicas as objects, files (texts are handed to it), scenarios.
//!
//! **Start at** [`Product`], then any product's folder.
//!
//! # A new product is its algorithm and its words
//!
//! A document is parsed once, JSON or YAML, with the bytes of every member ([`Document`]): whoever says what
//! is wrong names only the path, and gets file, line and column from that.
//!
//! 1. *What its documents look like*: [`Product::FORMS`], the names of the members of each [`Form`], which are
//!    weighed for all products at once; [`Product::joins`] says which documents are one policy.
//! 2. *How it speaks*: a [`Dialect`]. [`Dialect::fault`] gives each [`Wrong`] (missing, of another kind, out
//!    of range, there twice, a refusal of its own) the platform's code, status, field and message; what
//!    the platform would take and autosim does not is [`Member::decline`]d in our words. Kubernetes has its
//!    field errors, a cloud one code for most. The rest of the trait says how it reads: whether the case of
//!    keys matters, whether null is a value, from where lists count, what a whole number may look like, what to say of unknown names, where each belongs.
//! 3. *What it takes*: a walk over [`Members`], a line per member. `object.members("min max")` opens an
//!    object and reports what is none of these; `get` is a member that may be left out, `need` one that may
//!    not; `text`, `flag`, `whole`, `number`, `word`, `items` and `members` read it; `or` and `note` state a
//!    default where the member is read, which is then listed among what was left out. Nothing stops at the
//!    first fault. What members say of one another is code beside them, told with [`Member::refuse`].
//! 4. *Its enumerations*, declared with `words!`; *its open rules*, declared with `knobs!`, each with
//!    default and reason; *its algorithm*, a [`Policy`](autosim_engine::control::Policy).
//!
//! `pai_eas/check.rs` is the shortest of the walks, `scaleway/words.rs` a dialect with kinds of values of its
//! own, `ray_serve/pydantic.rs` one that tells many kinds of faults apart.

mod dialect;
mod document;
mod facts;
mod fault;
mod file;
mod form;
pub mod keda;
pub mod knative;
mod knobs;
pub mod kubernetes;
pub mod kubernetes_hpa;
mod loaded;
pub mod pai_eas;
pub mod ray_serve;
mod reader;
mod registry;
pub mod sae;
pub mod scaleway;
pub mod scalingo;
#[cfg(test)]
mod tape;
mod words;

pub use dialect::{Dialect, Kind, Place, Wrong};
pub use document::{Document, NotADocument, NotEdited};
pub use facts::{
    Assumption, Happening, LeavesFirst, MinReady, Omitted, Platform, Provenance, Readiness,
    RequestPath, Spread, Unsourced,
};
pub use fault::{DocumentFault, DocumentFaults};
pub use file::DocumentsFile;
pub use form::{Form, Likeness};
pub use knobs::{FixedRule, KnobTable};
pub use reader::{Member, Members, Reader};
pub use registry::{Found, Loading, Origin, ProductFile, ProductPolicy, Recognised};
pub use words::Words;

use crate::builtin::PolicyContext;
use autosim_engine::control::Autoscaler;
use autosim_engine::units::Span;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::fmt::Debug;

/// A product whose autoscaler is emulated. Documents come in as JSON values in the platform's own words;
/// everything that was typed is kept, so that they can go out again.
pub trait Product {
    /// The name a scenario gives it: `pai-eas`.
    const KIND: &'static str;
    /// What is emulated, with the version of its interface or source.
    const PRODUCT: &'static str;
    /// How well its rules are known.
    const PROVENANCE: Provenance;

    /// Every rule no public source settles, with its default: a table of a scenario, `knobs`.
    type Knobs: Debug
        + Clone
        + PartialEq
        + Default
        + KnobTable
        + DeserializeOwned
        + schemars::JsonSchema;
    /// How it reads documents, and its words for what is wrong with them.
    type Dialect: Dialect;
    /// Its documents, read and found good.
    type Model: Debug + Clone;

    /// The forms its documents come in, right or wrong.
    const FORMS: &'static [Form];

    /// How much `document` is like one of its documents; `None` if it is none.
    fn likeness(document: &Value) -> Option<Likeness> {
        form::likeness(Self::FORMS, Self::Dialect::ANY_CASE, document)
    }

    /// Whether `document` belongs with those `before` it: a policy of a group, an update. What does not
    /// is another policy.
    fn joins(_before: &[Value], _document: &Value) -> bool {
        false
    }

    /// The dialect under these knobs.
    fn dialect(knobs: &Self::Knobs, strict: bool) -> Self::Dialect;

    /// What documents that belong together say, in order of creation; a partial one (an update) amends the
    /// document it addresses. Every fault goes to `reader`; what is returned counts only if there was none.
    fn model(
        documents: &[Value],
        knobs: &Self::Knobs,
        reader: &Reader<Self::Dialect>,
    ) -> Option<Self::Model>;

    /// Reads documents that belong together. Every fault goes to `faults`; `strict` refuses what a platform
    /// would let pass by kindness (unknown keys, aliases), which is a warning otherwise. `Some` only if no
    /// error was found.
    fn read(
        documents: &[Value],
        knobs: &Self::Knobs,
        strict: bool,
        faults: &mut DocumentFaults,
    ) -> Option<Self::Model> {
        let reader = Reader::new(Self::dialect(knobs, strict), strict);
        let model = Self::model(documents, knobs, &reader);
        *faults = reader.into_faults();
        model.filter(|_| faults.errors() == 0)
    }

    /// What is lacking before it can run, in a sentence: only updates were given, for example.
    fn lacks(_: &Self::Model) -> Option<String> {
        None
    }

    /// Reports knobs that make no sense, at paths below `knobs`.
    fn check_knobs(knobs: &Self::Knobs, faults: &mut autosim_engine::fault::Faults) {
        knobs.check(faults);
    }

    /// Other services whose metrics it reads.
    fn services(_: &Self::Model) -> Vec<String> {
        Vec::new()
    }

    /// What it looks at and nothing in a simulation stands for, where it could do nothing then: a run is refused.
    fn unsourced(_: &Self::Model) -> Vec<Unsourced> {
        Vec::new()
    }

    /// The documents as the platform's API takes them: what was read, amended, without read-only members.
    fn export(model: &Self::Model) -> Vec<Value>;

    /// Whether its documents go out as YAML, which its users keep them in.
    const YAML: bool = false;

    /// Members that were left out, with what the platform takes in their place.
    fn defaults(model: &Self::Model) -> Vec<Omitted>;

    /// Rules that are assumed and have no alternative worth a knob.
    const FIXED: &'static [FixedRule] = &[];

    /// Rules in force that no public source settles.
    fn assumptions(_: &Self::Model, knobs: &Self::Knobs) -> Vec<Assumption> {
        knobs::assumptions(knobs, Self::FIXED)
    }

    /// What the platform brings besides its autoscaler, used where the scenario says nothing.
    fn platform(model: &Self::Model, knobs: &Self::Knobs) -> Platform;

    /// The autoscaler, fresh.
    fn autoscaler(model: &Self::Model, knobs: &Self::Knobs, context: &PolicyContext) -> Autoscaler;

    /// When a dry run over recorded samples evaluates first; `None` = at the first sample.
    fn first_evaluation(_: &Self::Model, _: &Self::Knobs) -> Option<Span> {
        None
    }

    /// Whether its rules aggregate samples over ranges of their own, so that a dry run takes each row
    /// of a recording as one sample whatever it is told.
    const AGGREGATES_ITSELF: bool = false;

    /// Its names for metrics that are above zero while there is traffic: rates of requests, requests
    /// waiting or in service.
    const TRAFFIC: &'static [&'static str] = &[];

    /// The fault of a text that cannot be read as a document at all, given what the reader of its format
    /// says.
    fn unreadable(message: &str) -> DocumentFault;

    /// The body of the platform's answer to documents with these errors.
    fn refusal(faults: &[&DocumentFault]) -> Value;

    /// A decision in the platform's own form: an event, a status; `None` where it would show nothing.
    fn tell(model: &Self::Model, knobs: &Self::Knobs, happening: &Happening<'_>) -> Option<Value>;
}
