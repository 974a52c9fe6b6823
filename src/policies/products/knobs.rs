//! Knobs: the rules of a product that no public source settles.

use super::Assumption;
use super::facts::text_of;
use autosim_engine::fault::Faults;
use serde::Serialize;
use std::fmt::Display;
use std::ops::RangeInclusive;

/// A product's knobs; declared by `knobs!`, which writes down each default and why it is that.
pub trait KnobTable: Serialize {
    /// Why each knob that is an assumption has the default it has, in the order of the knobs.
    const WHYS: &'static [(&'static str, &'static str)];

    /// Reports values that make no sense, at the names of their knobs.
    fn check(&self, faults: &mut Faults);
}

/// A rule that no knob changes: the rule, the choice, why.
pub type FixedRule = (&'static str, &'static str, &'static str);

/// Every assumption that a knob holds, with the value in force; then those of `fixed`.
pub(super) fn assumptions<K: KnobTable>(knobs: &K, fixed: &[FixedRule]) -> Vec<Assumption> {
    let values = serde_json::to_value(knobs).unwrap_or_default();
    let held = K::WHYS.iter().map(|&(knob, why)| (knob, text_of(&values[knob]), why));
    let fixed = fixed.iter().map(|&(rule, choice, why)| (rule, choice.to_owned(), why));
    let all = held.chain(fixed);
    all.map(|(rule, value, why)| Assumption { rule: rule.to_owned(), value, why }).collect()
}

/// Reports numbers out of their range.
pub(super) fn check_ranges<T: Copy + PartialOrd + Display>(
    faults: &mut Faults,
    knobs: &[(&str, T, RangeInclusive<T>)],
) {
    for (knob, value, range) in knobs {
        if !range.contains(value) {
            let hint = format!("from {} to {}", range.start(), range.end());
            faults.error(knob, format!("{value} is out of range"), hint);
        }
    }
}

/// Declares a product's knobs, each with its default and, where no public source settles it, why.
macro_rules! knobs {
    ($(#[$doc:meta])* pub struct $name:ident {
        $($(#[$of:meta])* $knob:ident: $type:ty = $default:expr $(, $why:expr)?;)*
    } check($self:ident, $faults:ident) $check:block) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
        )]
        #[serde(default, deny_unknown_fields)]
        pub struct $name { $($(#[$of])* pub $knob: $type,)* }

        impl Default for $name {
            fn default() -> Self {
                Self { $($knob: $default,)* }
            }
        }

        impl $crate::products::knobs::KnobTable for $name {
            const WHYS: &'static [(&'static str, &'static str)] =
                &[$($((stringify!($knob), $why),)?)*];

            fn check(&$self, $faults: &mut autosim_engine::fault::Faults) $check
        }
    };
}
pub(super) use knobs;

/// Declares the choices of a knob, in the given case.
macro_rules! choices {
    ($case:literal: $($(#[$doc:meta])* $name:ident {
        $($(#[$of:meta])* $choice:ident,)*
    })*) => {$(
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize,
            schemars::JsonSchema,
        )]
        #[serde(rename_all = $case)]
        pub enum $name { $($(#[$of])* $choice,)* }
    )*};
}
pub(super) use choices;
