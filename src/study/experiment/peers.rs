//! Figures of a cell against other cells of its replication.

use super::{PolicyResults, Results, Row};
use crate::scenario::{Competitor, Scenario};
use autosim_policies::builtin::PolicySpec;
use std::collections::BTreeMap;

/// The rows of a policy's first service, by replication.
type Rows = BTreeMap<u32, Row>;

/// Holds every cell against the first policy that does not scale, the first that knows the future, and the work bound
/// of its replication, where there is one; neither against itself.
pub(super) fn compare(
    scenario: &Scenario,
    results: &mut Results,
    work_bound: impl Fn(u32) -> Option<f64>,
) {
    let first = |is: fn(&Competitor) -> bool| scenario.policies.iter().position(is);
    let rows = |policies: &[PolicyResults], at: Option<usize>| -> Option<(usize, Rows)> {
        let rows = policies[at?].first_service().map(|one| (one.replication, one.row.clone()));
        Some((at?, rows.collect()))
    };
    let still = rows(&results.policies, first(is_still));
    let seer = rows(&results.policies, first(|one| one.deployment.policy.needs_plan()));
    for (at, policy) in results.policies.iter_mut().enumerate() {
        for one in policy.rows.iter_mut().filter(|one| one.service_index == 0) {
            let of = |peer: &'_ Option<(usize, Rows)>| -> Option<Row> {
                let (_, rows) = peer.as_ref().filter(|(own, _)| *own != at)?;
                rows.get(&one.replication).cloned()
            };
            let (still, seer) = (of(&still), of(&seer));
            one.row.set_against(still.as_ref(), seer.as_ref(), work_bound(one.replication));
        }
    }
}

fn is_still(competitor: &Competitor) -> bool {
    matches!(competitor.deployment.policy.built_in(), Some(PolicySpec::Fixed(_)))
}

#[cfg(test)]
mod tests {
    use crate::experiment::{Figure, RunOptions, Silent, run};
    use crate::scenario::sample;
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;

    #[test]
    fn a_cell_is_held_against_the_cells_of_its_own_replication() {
        let text = "duration = '20m'\nreplications = 2\nslo.latency = 'p99 < 300ms'\n\
            [workload.arrivals.main.step]\nfrom = '20/s'\nto = '90/s'\nat = '8m'\n\
            [replica]\ncold_start = '20s'\n[price]\nper_replica_hour = '0.1 USD'\n\
            [policies.tracks.target-tracking]\nmetric = 'cpu'\ntarget = '60%'\nmax = 40\n\
            [policies.peak.fixed]\nreplicas = 8\n[policies.oracle.clairvoyant]\n\
            [policies.more.fixed]\nreplicas = 30\n";
        let cancel = Arc::new(AtomicBool::new(false));
        let options = RunOptions {
            jobs: 2,
            all_timelines: false,
            all_decisions: false,
            limits: &[],
            cancel: &cancel,
        };
        let results = run(&sample::read(text).unwrap(), &options, &Silent).unwrap();
        let get = |policy: usize, replication: usize, figure| {
            results.policies[policy].rows[replication].row.get(figure)
        };
        for replication in 0..2 {
            for policy in [0, 1, 3] {
                let hours = |policy| get(policy, replication, Figure::BilledHours).unwrap();
                let found = get(policy, replication, Figure::HoursVsClairvoyant);
                assert_eq!(found, Some(hours(policy) / hours(2)));
            }
            let cost = get(0, replication, Figure::Cost).unwrap();
            let bound = results.references.work_bound[replication];
            assert!(cost > bound && bound > 0.0);
            assert_eq!(get(0, replication, Figure::CostVsWorkBound), Some(cost / bound));
            assert_eq!(get(2, replication, Figure::HoursVsClairvoyant), None, "against itself");
            assert_eq!(get(1, replication, Figure::ElasticSpeedup), None, "against itself");
            let errors = [Figure::ThetaUnder, Figure::ThetaOver, Figure::TauUnder, Figure::TauOver];
            let of = |policy| errors.map(|one| get(policy, replication, one).unwrap());
            let ratios = of(1).into_iter().zip(of(0)).map(|(still, own)| still / own);
            let found = get(0, replication, Figure::ElasticSpeedup).unwrap();
            assert!((found - ratios.product::<f64>().powf(0.25)).abs() < 1e-9, "{found}");
        }
    }
}
