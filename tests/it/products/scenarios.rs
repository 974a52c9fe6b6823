//! The scenarios of products are sound and tell the stories they claim: order and shape, not digits.

use autosim_policies::products::ProductFile;
use autosim_study::experiment::{self, Comparison, Figure, RunOptions, Silent};
use autosim_study::scenario::{LoadOptions, Loaded, Sources, load};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("scenarios/products")
}

fn scenario(name: &str) -> Loaded {
    let folder = folder();
    let text = std::fs::read_to_string(folder.join(name)).unwrap();
    let options = LoadOptions { folder, fallback_name: name.into(), ..LoadOptions::default() };
    load(Sources::new(name.to_owned(), text), &options)
        .unwrap_or_else(|findings| panic!("{}", findings.render(false)))
}

/// One replication of a scenario; a figure of its policies in order.
struct Story(Comparison);

impl Story {
    fn run(name: &str) -> Self {
        let mut loaded = scenario(name);
        loaded.scenario.replications = 1;
        let options = RunOptions {
            jobs: 2,
            all_timelines: false,
            all_decisions: false,
            limits: &[],
            cancel: &Arc::new(AtomicBool::new(false)),
        };
        Self(Comparison::of(&experiment::run(&loaded.scenario, &options, &Silent).unwrap()))
    }

    #[track_caller]
    fn falls(&self, policies: &[&str], figure: Figure) {
        let of = |name: &&str| {
            let compared = self.0.policies.iter().find(|compared| compared.name == **name).unwrap();
            compared.estimate(figure).unwrap().mean
        };
        let values: Vec<f64> = policies.iter().map(of).collect();
        assert!(values.windows(2).all(|pair| pair[0] > pair[1]), "{values:?} does not fall");
    }
}

#[test]
fn every_scenario_of_a_product_is_sound_and_says_what_it_teaches() {
    let mut seen = 0;
    for entry in std::fs::read_dir(folder()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.ends_with(".toml") {
            let loaded = scenario(&name);
            assert!(loaded.scenario.policies.len() > 1, "{name} compares nothing");
            seen += 1;
        }
    }
    assert!(seen > 0);
}

#[test]
fn scaleway_steps_are_late_and_doubling_is_dear() {
    let story = Story::run("scaleway.toml");
    story.falls(&["one-by-one", "and-doubling", "target"], Figure::FailedShare);
    story.falls(&["and-doubling", "target", "one-by-one"], Figure::Cost);
}

#[test]
fn keda_that_counts_only_what_waits_kills_its_last_jobs() {
    let story = Story::run("keda.toml");
    story.falls(&["no-cooldown", "waiting-alone", "defaults", "one-each"], Figure::FailedShare);
    story.falls(&["one-each", "waiting-alone", "defaults", "no-cooldown"], Figure::Cost);
}

#[test]
fn knative_pays_for_sleep_and_takes_a_pod_for_a_hundred_requests() {
    let story = Story::run("knative.toml");
    story.falls(&["defaults", "limited", "retained", "awake"], Figure::LatencyP99);
    story.falls(&["retained", "limited", "awake", "defaults"], Figure::Cost);
}

#[test]
fn side_by_side_whoever_sizes_in_one_step_keeps_the_slo_and_knative_gives_back_soonest() {
    let story = Story::run("side-by-side.toml");
    for kind in ProductFile::KINDS {
        let mut policies = story.0.policies.iter();
        assert!(policies.any(|one| one.kind == *kind), "{kind} has no policy in it");
    }
    // Whose replicas are pods need nodes, which the verdict says are not modelled.
    assert_eq!(scenario("side-by-side.toml").scenario.on_nodes, ["hpa", "knative", "keda"]);
    for late in ["scalingo", "keda", "hpa", "scaleway"] {
        for in_time in ["eas", "sae", "ray", "knative"] {
            story.falls(&[late, in_time], Figure::LatencyP99);
        }
    }
    story.falls(&["scalingo", "ray", "sae", "eas", "knative"], Figure::Cost);
    story.falls(&["knative", "sae", "scalingo"], Figure::Actions);
}
