//! The methods by name: one variant and one arm each.

use super::adapt::Adapt;
use super::autoscale::Autoscale;
use super::conpaas::Conpaas;
use super::hist::Hist;
use super::holt_winters::HoltWinters;
use super::linear_regression::LinearRegression;
use super::modified_offered_load::ModifiedOfferedLoad;
use super::moving_window::MovingWindow;
use super::react::React;
use super::reactive::Reactive;
use super::reg::Reg;
use super::{Planner, PolicyContext, Rule, Scheme};
use autosim_engine::control::Policy;
use autosim_engine::fault::Faults;
use autosim_engine::signal::Metric;
use autosim_engine::units::{Fraction, Span};
use serde::{Deserialize, Serialize};
use strum::{EnumDiscriminants, IntoStaticStr, VariantArray};

/// Which rate to prepare for, by the name its paper gives it.
#[derive(
    Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema, EnumDiscriminants,
)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "StaffingMethod")]
#[strum_discriminants(name(Named), derive(VariantArray, IntoStaticStr))]
#[strum_discriminants(strum(serialize_all = "kebab-case"))]
#[strum_discriminants(doc = "The name of a method.")]
pub enum Method {
    /// Two above the load when it is reached (Chieu et al. 2009).
    React(React),
    /// Out at once and a little more, in by a fifteenth of what is spare (Ali-Eldin et al. 2012).
    Adapt(Adapt),
    /// What past days took at this hour (Urgaonkar et al. 2008).
    Hist(Hist),
    /// Out at once, in by a curve through the past (Iqbal et al. 2011).
    Reg(Reg),
    /// The forecast that was best of late (Fernandez et al. 2014).
    Conpaas(Conpaas),
    /// The rate as it is (Gandhi et al. 2012).
    Reactive(Reactive),
    /// The mean of the last windows (Gandhi et al. 2012).
    MovingWindow(MovingWindow),
    /// A line through the last windows (Gandhi et al. 2012).
    LinearRegression(LinearRegression),
    /// Level, trend and season (Winters 1960).
    HoltWinters(HoltWinters),
    /// The load that the past rate leaves in service (Jennings et al. 1996).
    ModifiedOfferedLoad(ModifiedOfferedLoad),
    /// Out at once, in after an idle time (Gandhi et al. 2012).
    Autoscale(Autoscale),
}

impl Named {
    /// Every method.
    pub const ALL: &[Self] = Self::VARIANTS;
}

impl Method {
    /// What it is shown.
    pub(super) const fn metric(&self) -> Metric {
        if self.counts_jobs() { Metric::OngoingRequests } else { Metric::RequestsPerS }
    }

    /// Whether it is shown the requests in the system in place of their rate.
    pub(super) const fn counts_jobs(&self) -> bool {
        match self {
            Self::Autoscale(spec) => !spec.curve.is_empty(),
            Self::React(_)
            | Self::Adapt(_)
            | Self::Hist(_)
            | Self::Reg(_)
            | Self::Conpaas(_)
            | Self::Reactive(_)
            | Self::MovingWindow(_)
            | Self::LinearRegression(_)
            | Self::HoltWinters(_)
            | Self::ModifiedOfferedLoad(_) => false,
        }
    }

    /// How long a replica stays that is not needed.
    pub(super) const fn wait(&self) -> Span {
        match self {
            Self::Autoscale(spec) => spec.wait,
            Self::React(_)
            | Self::Adapt(_)
            | Self::Hist(_)
            | Self::Reg(_)
            | Self::Conpaas(_)
            | Self::Reactive(_)
            | Self::MovingWindow(_)
            | Self::LinearRegression(_)
            | Self::HoltWinters(_)
            | Self::ModifiedOfferedLoad(_) => Span::ZERO,
        }
    }

    pub(super) fn check(&self, interval: Span, faults: &mut Faults) {
        let name: &str = Named::from(self).into();
        faults.within(name, |faults| match self {
            Self::Hist(spec) => spec.check(faults),
            Self::Reg(spec) => spec.check(faults),
            Self::MovingWindow(spec) => spec.check(faults),
            Self::LinearRegression(spec) => spec.check(faults),
            Self::HoltWinters(spec) => spec.check(interval, faults),
            Self::ModifiedOfferedLoad(spec) => spec.check(faults),
            Self::Autoscale(spec) => spec.check(faults),
            Self::React(_) | Self::Adapt(_) | Self::Conpaas(_) | Self::Reactive(_) => {}
        });
    }

    /// The method at work.
    pub(super) fn policy(
        &self,
        scheme: Scheme,
        interval: Span,
        context: &PolicyContext,
    ) -> Box<dyn Policy> {
        match self {
            Self::React(spec) => boxed(spec.clone(), scheme),
            Self::Adapt(_) => boxed(Adapt::rule(), scheme),
            Self::Hist(spec) => boxed(spec.rule(context), scheme),
            Self::Reg(spec) => boxed(spec.rule(), scheme),
            Self::Conpaas(spec) => boxed(spec.rule(), scheme),
            Self::Reactive(spec) => boxed(spec.clone(), scheme),
            Self::MovingWindow(spec) => boxed(spec.rule(), scheme),
            Self::LinearRegression(spec) => boxed(spec.rule(), scheme),
            Self::HoltWinters(spec) => boxed(spec.rule(interval), scheme),
            Self::ModifiedOfferedLoad(spec) => boxed(spec.rule(), scheme),
            Self::Autoscale(spec) => boxed(spec.rule(), scheme),
        }
    }
}

fn boxed<R: Rule + Clone + Send + 'static>(rule: R, scheme: Scheme) -> Box<dyn Policy> {
    Box::new(Planner { rule, scheme })
}

/// Refuses a share that is not between 0 and 1.
pub(super) fn check_share(key: &str, share: Fraction, faults: &mut Faults) {
    if share.get() > 1.0 {
        faults.error(key, format!("{share} is above 100%"), "a share such as \"30%\"");
    }
}

/// Refuses fewer past values than a method needs, or more than it is to remember.
pub(super) fn check_past(key: &str, count: u32, least: u32, faults: &mut Faults) {
    const MOST: u32 = 100_000;
    if !(least..=MOST).contains(&count) {
        let hint = format!("from {least} to {MOST}");
        faults.error(key, format!("{count} past values cannot be used"), hint);
    }
}
