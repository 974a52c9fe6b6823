//! The kinds of policies a scenario may have: the built-in ones, the products, programs, and those of the program
//! that uses the library.

use super::own::OwnPolicy;
use autosim_engine::control::Autoscaler;
use autosim_policies::builtin::keep_alive::KeepAlive;
use autosim_policies::builtin::staffing::Named;
use autosim_policies::builtin::{PolicyContext, PolicySpec};
use autosim_policies::products::{ProductFile, ProductPolicy};
use autosim_policies::stdio::ProgramFile;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use std::borrow::Cow;
use std::fmt;
use std::path::PathBuf;

/// A policy as a scenario file writes it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum PolicyFile {
    /// `[policies.NAME.target-tracking]`.
    BuiltIn(PolicySpec),
    /// `[policies.NAME.pai-eas]`; its documents are still to be read.
    Product(ProductFile),
    /// `[policies.NAME.stdio]`.
    Program(ProgramFile),
}

/// A policy ready to be built.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum PolicyChoice {
    /// One of autosim's own.
    BuiltIn(PolicySpec),
    /// A product's, its documents read.
    Product(Box<ProductPolicy>),
    /// A program, where it runs.
    Program(ProgramPolicy),
    /// One of the program that uses the library; a file cannot name it.
    #[serde(serialize_with = "own_kind")]
    Own(OwnPolicy),
}

/// A program that decides.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub struct ProgramPolicy {
    /// As the scenario names it.
    pub file: ProgramFile,
    /// Where it runs.
    #[serde(skip)]
    pub folder: PathBuf,
}

fn own_kind<S: serde::Serializer>(_: &OwnPolicy, out: S) -> Result<S::Ok, S::Error> {
    out.collect_map([(OWN, serde_json::Map::new())])
}

/// What a program's own policy is called where kinds are named.
const OWN: &str = "own";

impl PolicyFile {
    /// The name a scenario gives its kind.
    pub fn kind_name(&self) -> &'static str {
        match self {
            Self::BuiltIn(spec) => spec.kind_name(),
            Self::Product(file) => file.kind_name(),
            Self::Program(file) => file.kind_name(),
        }
    }
}

impl PolicyChoice {
    /// The name a scenario gives its kind.
    pub fn kind_name(&self) -> &'static str {
        match self {
            Self::BuiltIn(spec) => spec.kind_name(),
            Self::Product(policy) => policy.kind_name(),
            Self::Program(program) => program.file.kind_name(),
            Self::Own(_) => OWN,
        }
    }

    /// The policy, fresh.
    pub fn autoscaler(&self, context: &PolicyContext) -> Autoscaler {
        match self {
            Self::BuiltIn(spec) => spec.autoscaler(context),
            Self::Product(policy) => policy.autoscaler(context),
            Self::Program(program) => program.file.spec().autoscaler(&program.folder, context),
            Self::Own(policy) => policy.autoscaler(),
        }
    }

    /// Other services whose metrics it reads.
    pub fn services(&self) -> Vec<String> {
        match self {
            Self::BuiltIn(spec) => spec.services(),
            Self::Product(policy) => policy.services(),
            Self::Program(program) => program.file.spec().services(),
            Self::Own(policy) => policy.services(),
        }
    }

    /// The fleet it would start with by itself.
    pub fn natural_start(&self) -> u32 {
        match self {
            Self::BuiltIn(spec) => spec.natural_start(),
            Self::Product(policy) => policy.platform().start,
            Self::Program(program) => program.file.spec().natural_start(),
            Self::Own(policy) => policy.start(),
        }
    }

    /// The most replicas it can ever want; `u32::MAX` where nothing limits it or a calendar does.
    pub fn most(&self) -> u32 {
        match self {
            Self::BuiltIn(spec) => spec.most(),
            Self::Product(policy) => policy.platform().most,
            Self::Program(program) => program.file.spec().max,
            Self::Own(_) => u32::MAX,
        }
    }

    /// Whether it, or a policy inside it, plays a plan.
    pub fn needs_plan(&self) -> bool {
        self.built_in().is_some_and(PolicySpec::needs_plan)
    }

    /// The keep-alive parameters, if it is scale per request.
    pub fn keep_alive(&self) -> Option<&KeepAlive> {
        self.built_in().and_then(PolicySpec::keep_alive)
    }

    /// One of autosim's own, if it is.
    pub const fn built_in(&self) -> Option<&PolicySpec> {
        match self {
            Self::BuiltIn(spec) => Some(spec),
            Self::Product(_) | Self::Program(_) | Self::Own(_) => None,
        }
    }

    /// A product's, if it is.
    pub const fn product(&self) -> Option<&ProductPolicy> {
        match self {
            Self::BuiltIn(_) | Self::Program(_) | Self::Own(_) => None,
            Self::Product(policy) => Some(policy),
        }
    }
}

impl From<PolicySpec> for PolicyChoice {
    fn from(spec: PolicySpec) -> Self {
        Self::BuiltIn(spec)
    }
}

/// A table with one key, the kind. Which of the two registries reads it is told by that key, so that an
/// error keeps its place.
impl<'de> Deserialize<'de> for PolicyFile {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Visit;
        impl<'de> Visitor<'de> for Visit {
            type Value = PolicyFile;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table with the policy's kind as its only key")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<PolicyFile, A::Error> {
                let Some(kind) = map.next_key::<String>()? else {
                    return Err(A::Error::custom("an empty table, expected the policy's kind"));
                };
                let [product, program, built_in] =
                    [ProductFile::KINDS, ProgramFile::KINDS, PolicySpec::KINDS]
                        .map(|kinds| kinds.contains(&kind.as_str()));
                if !product && !program && !built_in {
                    return Err(unknown_kind(&kind));
                }
                let one = super::words::rest_of_map(&mut map, kind);
                let policy = if product {
                    PolicyFile::Product(ProductFile::deserialize(one)?)
                } else if program {
                    PolicyFile::Program(ProgramFile::deserialize(one)?)
                } else {
                    PolicyFile::BuiltIn(PolicySpec::deserialize(one)?)
                };
                match map.next_key::<String>()? {
                    None => Ok(policy),
                    Some(_) => {
                        Err(A::Error::custom("wanted exactly 1 element, more than 1 element"))
                    }
                }
            }
        }
        from.deserialize_map(Visit)
    }
}

fn unknown_kind<E: serde::de::Error>(kind: &str) -> E {
    if Named::ALL.iter().any(|method| <&str>::from(method) == kind) {
        return E::custom(format!("`{kind}` is a method of staffing: `staffing.method.{kind}`"));
    }
    let known = PolicySpec::KINDS.iter().chain(ProductFile::KINDS).chain(ProgramFile::KINDS);
    let known: Vec<String> = known.map(|kind| format!("`{kind}`")).collect();
    E::custom(format!("unknown variant `{kind}`, expected one of {}", known.join(", ")))
}

impl JsonSchema for PolicyFile {
    fn schema_name() -> Cow<'static, str> {
        "AnyPolicy".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let built_in = generator.subschema_for::<PolicySpec>();
        let product = generator.subschema_for::<ProductFile>();
        let program = generator.subschema_for::<ProgramFile>();
        json_schema!({
            "description": "A policy: one of autosim's own, a product's, or a program in any language.",
            "anyOf": [built_in, product, program],
        })
    }
}
