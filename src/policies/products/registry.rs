//! The products by the name a scenario gives them: one line each.

use super::loaded::{Loaded, load};
use super::{
    Assumption, DocumentFault, DocumentsFile, Form, Happening, Likeness, Omitted, Platform,
    Product, Provenance, Unsourced,
};
use crate::builtin::PolicyContext;
use autosim_engine::control::Autoscaler;
use autosim_engine::fault::Faults;
use autosim_engine::units::Span;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::ops::Range;

/// Something wrong with documents, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Where.
    pub origin: Origin,
    /// What.
    pub fault: DocumentFault,
}

/// Where a fault was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// In one of the files, at these bytes.
    File {
        /// Which, in the order of [`ProductFile::files`].
        file: usize,
        /// Where in its text.
        span: Range<usize>,
    },
    /// In the scenario, at this path below the product's name.
    Inline(String),
}

/// What became of a product's policy when it was loaded.
#[derive(Debug, Clone)]
pub struct Loading {
    /// The policy, if nothing stops it.
    pub policy: Option<ProductPolicy>,
    /// Errors and warnings.
    pub found: Vec<Found>,
}

/// The product a document was taken for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recognised {
    /// The name a scenario gives it.
    pub kind: &'static str,
    /// By what.
    pub likeness: Likeness,
}

impl std::fmt::Display for Recognised {
    /// `pai-eas: the body of CreateServiceAutoScaler, by scaleStrategies`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Likeness { what, signs, .. } = &self.likeness;
        write!(f, "{}: {what}, by its {}", self.kind, signs.join(", "))
    }
}

macro_rules! products {
    ($($(#[$doc:meta])* $variant:ident = $product:ty),* $(,)?) => {
        /// A product's policy as a scenario names it: `[policies.NAME.PRODUCT]`.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
        #[serde(rename_all = "kebab-case")]
        #[schemars(rename = "Product")]
        pub enum ProductFile {
            $($(#[$doc])* $variant(DocumentsFile<<$product as Product>::Knobs>),)*
        }

        #[derive(Debug, Clone)]
        enum LoadedProduct {
            $($variant(Box<Loaded<$product>>),)*
        }

        impl ProductFile {
            /// Every product's name.
            pub const KINDS: &'static [&'static str] = &[$(<$product as Product>::KIND,)*];

            /// The name a scenario gives it.
            pub fn kind_name(&self) -> &'static str {
                match self { $(Self::$variant(_) => <$product as Product>::KIND,)* }
            }

            /// The product whose document this looks most like, and why.
            pub fn recognise(document: &Value) -> Option<Recognised> {
                let mut best: Option<Recognised> = None;
                $(if let Some(likeness) = <$product as Product>::likeness(document)
                    && best.as_ref().is_none_or(|best| likeness.weight > best.likeness.weight)
                {
                    best = Some(Recognised { kind: <$product as Product>::KIND, likeness });
                })*
                best
            }

            /// Whether it is a document of the product called `kind`, whatever else it is like.
            pub fn is_like(kind: &str, document: &Value) -> bool {
                $(if kind == <$product as Product>::KIND {
                    return <$product as Product>::likeness(document).is_some();
                })*
                false
            }

            /// Whether `document` belongs with those `before` it, all of the product called `kind`; it is
            /// another policy if not.
            pub fn joins(kind: &str, before: &[Value], document: &Value) -> bool {
                $(if kind == <$product as Product>::KIND {
                    return <$product as Product>::joins(before, document);
                })*
                false
            }

            /// The forms of every product's documents.
            pub const FORMS: &'static [(&'static str, &'static [Form])] =
                &[$((<$product as Product>::KIND, <$product as Product>::FORMS),)*];

            /// A policy of the product called `kind`, with its documents still to be read from `files`
            /// and every knob at its default; `None` if there is no such product.
            pub fn of_files(kind: &str, files: Vec<String>, strict: bool) -> Option<Self> {
                $(if kind == <$product as Product>::KIND {
                    let documents = files;
                    let file = DocumentsFile { documents, strict, ..DocumentsFile::default() };
                    return Some(Self::$variant(file));
                })*
                None
            }

            /// The files it names, in order.
            pub fn files(&self) -> Vec<&str> {
                self.files_by_key().into_iter().map(|(_, name)| name).collect()
            }

            /// The same, each with the key that names it: `document` or `documents`.
            pub fn files_by_key(&self) -> Vec<(&'static str, &str)> {
                match self { $(Self::$variant(file) => {
                    let first = file.document.iter().map(|name| ("document", name.as_str()));
                    let more = file.documents.iter().map(|name| ("documents", name.as_str()));
                    first.chain(more).collect()
                })* }
            }

            /// Reports knobs that make no sense, at paths that begin with the product's name.
            pub fn check(&self, faults: &mut Faults) {
                faults.within(self.kind_name(), |faults| faults.within("knobs", |faults| {
                    match self { $(
                        Self::$variant(file) => <$product as Product>::check_knobs(&file.knobs, faults),
                    )* }
                }));
            }

            /// Reads its documents; `texts` are those of [`ProductFile::files`].
            pub fn load(&self, texts: &[String]) -> Loading {
                let mut found = Vec::new();
                let policy = match self { $(
                    Self::$variant(file) => load::<$product>(file, texts, &mut found).map(
                        |(loaded, file)| ProductPolicy {
                            file: Self::$variant(file),
                            product: LoadedProduct::$variant(Box::new(loaded)),
                        },
                    ),
                )* };
                Loading { policy, found }
            }

            /// The body of the platform's answer to documents with these faults; `None` if it would
            /// take them.
            pub fn refusal(&self, faults: &[&DocumentFault]) -> Option<Value> {
                let faults: Vec<&DocumentFault> =
                    faults.iter().filter(|fault| fault.is_the_platforms()).copied().collect();
                (!faults.is_empty()).then(|| match self {
                    $(Self::$variant(_) => <$product as Product>::refusal(&faults),)*
                })
            }
        }

        impl ProductPolicy {
            /// What is emulated.
            pub fn product(&self) -> &'static str {
                match &self.product { $(LoadedProduct::$variant(_) => <$product as Product>::PRODUCT,)* }
            }

            /// How well its rules are known.
            pub fn provenance(&self) -> Provenance {
                match &self.product { $(LoadedProduct::$variant(_) => <$product as Product>::PROVENANCE,)* }
            }

            /// Other services whose metrics it reads.
            pub fn services(&self) -> Vec<String> {
                match &self.product { $(
                    LoadedProduct::$variant(own) => <$product as Product>::services(&own.model),
                )* }
            }

            /// What it looks at and nothing in a simulation stands for, in its own words.
            pub fn unsourced(&self) -> Vec<Unsourced> {
                match &self.product { $(
                    LoadedProduct::$variant(own) => <$product as Product>::unsourced(&own.model),
                )* }
            }

            /// The documents as the platform's API takes them.
            pub fn export(&self) -> Vec<Value> {
                match &self.product { $(
                    LoadedProduct::$variant(own) => <$product as Product>::export(&own.model),
                )* }
            }

            /// The documents as a text for the platform's API: JSON, several as one array; or YAML.
            pub fn export_text(&self) -> String {
                let in_yaml = match &self.product { $(
                    LoadedProduct::$variant(_) => <$product as Product>::YAML,
                )* };
                text_of(self.export(), in_yaml)
            }

            /// Members that were left out, with what the platform takes in their place.
            pub fn omitted(&self) -> Vec<Omitted> {
                match &self.product { $(
                    LoadedProduct::$variant(own) => <$product as Product>::defaults(&own.model),
                )* }
            }

            /// Rules in force that no public source settles.
            pub fn assumptions(&self) -> Vec<Assumption> {
                match &self.product { $(
                    LoadedProduct::$variant(own) => {
                        <$product as Product>::assumptions(&own.model, &own.knobs)
                    }
                )* }
            }

            /// What the platform brings besides its autoscaler.
            pub fn platform(&self) -> Platform {
                match &self.product { $(
                    LoadedProduct::$variant(own) => <$product as Product>::platform(&own.model, &own.knobs),
                )* }
            }

            /// The autoscaler, fresh.
            pub fn autoscaler(&self, context: &PolicyContext) -> Autoscaler {
                match &self.product { $(
                    LoadedProduct::$variant(own) => {
                        <$product as Product>::autoscaler(&own.model, &own.knobs, context)
                    }
                )* }
            }

            /// When a dry run over recorded samples evaluates first; `None` = at the first sample.
            pub fn first_evaluation(&self) -> Option<Span> {
                match &self.product { $(
                    LoadedProduct::$variant(own) => {
                        <$product as Product>::first_evaluation(&own.model, &own.knobs)
                    }
                )* }
            }

            /// Whether a dry run takes each row as one sample whatever it is told.
            pub fn aggregates_itself(&self) -> bool {
                match &self.product { $(
                    LoadedProduct::$variant(_) => <$product as Product>::AGGREGATES_ITSELF,
                )* }
            }

            /// Its names for metrics that are above zero while there is traffic.
            pub fn traffic(&self) -> &'static [&'static str] {
                match &self.product { $(LoadedProduct::$variant(_) => <$product as Product>::TRAFFIC,)* }
            }

            /// A decision in the platform's own form.
            pub fn tell(&self, happening: &Happening<'_>) -> Option<Value> {
                match &self.product { $(
                    LoadedProduct::$variant(own) => {
                        <$product as Product>::tell(&own.model, &own.knobs, happening)
                    }
                )* }
            }
        }
    };
}

fn text_of(mut documents: Vec<Value>, in_yaml: bool) -> String {
    if in_yaml && let Ok(text) = serde_saphyr::to_string_multiple(&documents) {
        return text;
    }
    let document = match documents.len() {
        1 => documents.remove(0),
        _ => Value::Array(documents),
    };
    format!("{document:#}\n")
}

products! {
    /// Alibaba Cloud PAI-EAS.
    PaiEas = super::pai_eas::PaiEas,
    /// Alibaba SAE: scaling rules by time, by metrics, or both.
    Sae = super::sae::Sae,
    /// Scaleway Instance autoscaling, v1alpha1: a group, its policies, its template.
    Scaleway = super::scaleway::Scaleway,
    /// Scalingo.
    Scalingo = super::scalingo::Scalingo,
    /// Ray Serve: the autoscaler of its controller.
    RayServe = super::ray_serve::RayServe,
    /// The HorizontalPodAutoscaler of Kubernetes.
    KubernetesHpa = super::kubernetes_hpa::KubernetesHpa,
    /// Knative Serving: its own autoscaler.
    Knative = super::knative::Knative,
    /// KEDA: ScaledObjects, with the HorizontalPodAutoscaler it makes of each.
    Keda = super::keda::Keda,
}

/// A product's policy, its documents read and found good. It is written as a scenario would say it, with
/// the documents in place of the files they came from.
#[derive(Debug, Clone)]
pub struct ProductPolicy {
    file: ProductFile,
    product: LoadedProduct,
}

impl ProductPolicy {
    /// As a scenario would say it, documents included.
    pub const fn file(&self) -> &ProductFile {
        &self.file
    }

    /// The name a scenario gives the product.
    pub fn kind_name(&self) -> &'static str {
        self.file.kind_name()
    }
}

impl Serialize for ProductPolicy {
    fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        self.file.serialize(out)
    }
}
