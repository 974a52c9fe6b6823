//! Policies side by side, on equal luck.

use super::results::About;
use super::{Figure, PolicyResults, Results, Row, Ruling, ServiceRow, Start, Verdict, steady};
use autosim_engine::stats::{
    Change, Estimate, Paired, frontier, holm, share_interval, worst_tenth,
};
use autosim_engine::units::Price;
use autosim_engine::workload::Class;
use std::collections::BTreeMap;

/// Figures compared in pairs.
pub const HEADLINE: [Figure; 5] = [
    Figure::Cost,
    Figure::BilledHours,
    Figure::LatencyP99,
    Figure::SloRequests,
    Figure::FailedShare,
];

/// All policies, each with its estimates and its difference to one of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// In the order of the scenario.
    pub policies: Vec<Compared>,
    /// The one the others are compared with: the one that was named, else the cheapest that keeps the SLO,
    /// else the first. A policy that sees the future is it only if it was named, or there is no other.
    pub baseline: usize,
    /// The cheapest that keeps the SLO, if any does, those that see the future left out.
    pub cheapest: Option<usize>,
    /// What the frontier weighs.
    pub cost: CostBy,
}

/// What policies cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CostBy {
    /// Money.
    Money,
    /// Billed replica-hours, where replicas are free.
    BilledHours,
}

impl CostBy {
    /// By the price of a replica.
    pub const fn of(price: Price) -> Self {
        if price.is_free() { Self::BilledHours } else { Self::Money }
    }

    /// The figure that holds it.
    pub const fn figure(self) -> Figure {
        match self {
            Self::Money => Figure::Cost,
            Self::BilledHours => Figure::BilledHours,
        }
    }
}

/// One policy.
#[derive(Debug, Clone, PartialEq)]
pub struct Compared {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: String,
    /// It plays a plan made from the future: a reference, not a choice.
    pub sees_future: bool,
    /// Finished replications.
    pub replications: usize,
    /// Of the service the policies compete for.
    pub estimates: Estimates,
    /// Of the other services, by name.
    pub others: Vec<(String, Estimates)>,
    /// Of requests by class, of all services that have several.
    pub classes: Vec<ClassEstimates>,
    /// Whether it kept the SLO.
    pub verdict: Verdict,
    /// No other policy is both as cheap and as fast; never true of one that sees the future.
    pub on_frontier: bool,
    /// Against the baseline; empty for the baseline itself.
    pub against: Vec<Against>,
    /// The share of replications that keep the SLO on their own: 95 % interval; `None` without an SLO.
    pub met_in: Option<(f64, f64)>,
    /// Cost and the percentile of the SLO when luck is bad.
    pub worst: Worst,
    /// What the start does to the figures, where traffic is steady.
    pub start: Option<Start>,
}

/// A policy's bad luck, over its replications.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Worst {
    /// Of the dearest replication; replica-hours where replicas are free.
    pub cost: Option<f64>,
    /// Mean of the dearest tenth.
    pub cost_tenth: Option<f64>,
    /// Of the slowest replication, ms: the SLO's percentile, p99 without one; `None` where it is infinite in some.
    pub tail_ms: Option<f64>,
}

impl Compared {
    /// Mean and interval of one figure over replications.
    pub fn estimate(&self, figure: Figure) -> Option<Estimate> {
        self.estimates.get(figure)
    }

    /// Some request was counted.
    pub fn has_traffic(&self) -> bool {
        self.estimate(Figure::Arrived).is_some_and(|arrived| arrived.mean > 0.0)
    }

    /// The paired difference of one headline figure to the baseline.
    pub fn against(&self, figure: Figure) -> Option<&Against> {
        self.against.iter().find(|against| against.figure == figure)
    }
}

/// The requests of one class of a service.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassEstimates {
    /// The service.
    pub service: String,
    /// The class.
    pub class: Class,
    /// Figures of its requests; those of replicas are none.
    pub estimates: Estimates,
}

/// Every figure of one service over replications.
#[derive(Debug, Clone, PartialEq)]
pub struct Estimates(Vec<Option<Estimate>>);

impl Estimates {
    /// Mean and interval of one figure (rule 8); `None` where some replication has no such figure.
    pub fn get(&self, figure: Figure) -> Option<Estimate> {
        self.0[figure as usize]
    }

    fn of(rows: &[&Row]) -> Self {
        let estimate = |&figure: &Figure| {
            let values: Option<Vec<f64>> = rows.iter().map(|row| row.get(figure)).collect();
            Estimate::of(&values?)
        };
        Self(Figure::ALL.iter().map(estimate).collect())
    }
}

/// One figure, paired by replication.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Against {
    /// Which.
    pub figure: Figure,
    /// This policy minus the baseline.
    pub paired: Paired,
    /// Relative; `None` where a value is zero.
    pub change: Option<Change>,
    /// p-value, corrected (Holm) for the number of policies compared on this figure.
    pub p_corrected: Option<f64>,
}

impl Comparison {
    /// Compares whatever is finished.
    pub fn of(results: &Results) -> Self {
        let cost = CostBy::of(results.about.price);
        let mut policies: Vec<Compared> =
            results.policies.iter().map(|policy| compared(policy, &results.about)).collect();
        mark_frontier(&mut policies, cost.figure());
        let cheapest = cheapest(&policies, cost.figure());
        let named = |base: &String| policies.iter().position(|policy| policy.name == *base);
        let named = results.about.base.as_ref().and_then(named);
        let baseline = named.or(cheapest).or_else(|| first(&policies)).unwrap_or(0);
        if let Some(base) = results.policies.get(baseline) {
            for (compared, policy) in policies.iter_mut().zip(&results.policies) {
                if policy.name != base.name {
                    compared.against = differences(policy, base);
                }
            }
        }
        correct_for_many(&mut policies);
        Self { policies, baseline, cheapest, cost }
    }
}

/// Figures by class of all services.
fn by_class(policy: &PolicyResults, about: &About) -> Vec<ClassEstimates> {
    let mut found = Vec::new();
    for (index, classes) in about.classes.iter().enumerate() {
        let rows: Vec<&ServiceRow> =
            policy.rows.iter().filter(|row| row.service_index == index).collect();
        let Some(service) = rows.first().map(|row| row.service.clone()) else { continue };
        for (at, class) in classes.iter().enumerate() {
            let of_class: Vec<&Row> = rows.iter().filter_map(|row| row.classes.get(at)).collect();
            let estimates = Estimates::of(&of_class);
            found.push(ClassEstimates {
                service: service.clone(),
                class: class.clone(),
                estimates,
            });
        }
    }
    found
}

fn compared(policy: &PolicyResults, about: &About) -> Compared {
    let rows_of = |service: usize| -> Vec<&Row> {
        policy.rows.iter().filter(|r| r.service_index == service).map(|r| &r.row).collect()
    };
    let names: BTreeMap<usize, &String> =
        policy.rows.iter().map(|row| (row.service_index, &row.service)).collect();
    let others = names
        .into_iter()
        .filter(|&(index, _)| index > 0)
        .map(|(index, name)| (name.clone(), Estimates::of(&rows_of(index))))
        .collect();
    let rows = rows_of(0);
    let mut estimates = Estimates::of(&rows);
    if let Some(mean) = steady::mean_latency(policy, about) {
        estimates.0[Figure::LatencyMean as usize] = Some(mean);
    }
    let verdict = Verdict::of(&rows, &about.slo);
    let met_in = match verdict.ruling {
        Ruling::NotAsked => None,
        Ruling::Met | Ruling::Missed => share_interval(verdict.met_in, verdict.of),
    };
    Compared {
        name: policy.name.clone(),
        kind: policy.kind.clone(),
        sees_future: policy.sees_future,
        replications: rows.len(),
        worst: worst(&rows, CostBy::of(about.price).figure(), &estimates),
        estimates,
        others,
        classes: by_class(policy, about),
        verdict,
        on_frontier: false,
        against: Vec::new(),
        met_in,
        start: steady::start(policy, about),
    }
}

fn worst(rows: &[&Row], cost: Figure, estimates: &Estimates) -> Worst {
    let costs: Option<Vec<f64>> = rows.iter().map(|row| row.get(cost)).collect();
    Worst {
        cost: estimates.get(cost).map(|one| one.max),
        cost_tenth: costs.and_then(|costs| worst_tenth(&costs)),
        tail_ms: estimates.get(Figure::SloLatency).map(|one| one.max),
    }
}

fn mean(policy: &Compared, figure: Figure) -> f64 {
    policy.estimate(figure).map_or(f64::INFINITY, |estimate| estimate.mean)
}

fn mark_frontier(policies: &mut [Compared], cost_figure: Figure) {
    let points: Vec<(f64, f64)> = policies
        .iter()
        .map(|policy| {
            // What nobody can run is no choice, and must not hide one.
            let cost = if policy.sees_future { f64::NAN } else { mean(policy, cost_figure) };
            (cost, mean(policy, Figure::SloLatency))
        })
        .collect();
    for (policy, on) in policies.iter_mut().zip(frontier(&points)) {
        policy.on_frontier = on;
    }
}

/// Those that can be chosen.
fn candidates(policies: &[Compared]) -> impl Iterator<Item = (usize, &Compared)> {
    policies.iter().enumerate().filter(|(_, policy)| !policy.sees_future)
}

fn cheapest(policies: &[Compared], cost_figure: Figure) -> Option<usize> {
    candidates(policies)
        .filter(|(_, policy)| policy.verdict.ruling == Ruling::Met)
        .min_by(|(_, a), (_, b)| mean(a, cost_figure).total_cmp(&mean(b, cost_figure)))
        .map(|(at, _)| at)
}

/// The first that ran.
fn first(policies: &[Compared]) -> Option<usize> {
    candidates(policies).find(|(_, policy)| policy.replications > 0).map(|(at, _)| at)
}

/// Headline figures of `policy` minus `base` in the replications both finished.
fn differences(policy: &PolicyResults, base: &PolicyResults) -> Vec<Against> {
    let theirs: BTreeMap<u32, &Row> =
        base.first_service().map(|row| (row.replication, &row.row)).collect();
    let pairs: Vec<(&Row, &Row)> = policy
        .first_service()
        .filter_map(|row| Some((&row.row, *theirs.get(&row.replication)?)))
        .collect();
    HEADLINE.iter().filter_map(|&figure| against(&pairs, figure)).collect()
}

fn against(pairs: &[(&Row, &Row)], figure: Figure) -> Option<Against> {
    let values = |row: &dyn Fn(&(&Row, &Row)) -> Option<f64>| -> Option<Vec<f64>> {
        pairs.iter().map(row).collect()
    };
    let mine = values(&|pair| pair.0.get(figure))?;
    let theirs = values(&|pair| pair.1.get(figure))?;
    Some(Against {
        figure,
        paired: Paired::of(&mine, &theirs)?,
        change: Change::of(&mine, &theirs),
        p_corrected: None,
    })
}

fn correct_for_many(policies: &mut [Compared]) {
    for figure in HEADLINE {
        let mut all: Vec<&mut Against> = policies
            .iter_mut()
            .flat_map(|policy| &mut policy.against)
            .filter(|against| against.figure == figure && against.paired.p_value.is_some())
            .collect();
        let raw: Vec<f64> = all.iter().filter_map(|against| against.paired.p_value).collect();
        for (against, corrected) in all.iter_mut().zip(holm(&raw)) {
            against.p_corrected = Some(corrected);
        }
    }
}
