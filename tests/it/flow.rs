//! The flow as a user meets it: near the exact engine, the same for every policy, said in every output,
//! refused where it does not fit. The whole table of errors is `cargo test --release --test fluid_full`.

use crate::fluid::{Effort, measure, table};
use autosim_engine::units::Time;
use autosim_study::experiment::{Comparison, Figure, Results, RunOptions, Silent, run};
use autosim_study::scenario::{LoadOptions, Scenario, Sources, TESTED, load};
use std::fs;
use std::sync::Arc;

#[test]
fn the_flow_is_near_the_exact_engine_at_a_glance() {
    let measured = measure(Effort::Fast);
    let near = measured.iter().filter(|row| row.holds()).count();
    assert!(near * 10 >= measured.len() * 9, "{near} of\n{}", table(&measured));
}

/// A day at a rate, two policies, as a flow unless said otherwise.
fn text(rate: &str, head: &str, rest: &str) -> String {
    format!(
        "name = 'day'\nduration = '1d'\nreplications = 2\nfidelity = 'fluid'\n\
         slo.latency = 'p99 < 500ms'\n{head}\n\
         [workload.arrivals.main.poisson]\nrate = '{rate}'\n[service]\nconcurrency = 8\n\
         [replica]\ncold_start.constant = '30s'\n{rest}\n[policies.still.fixed]\nreplicas = 20\n\
         [policies.moving.target-tracking]\nmetric = 'cpu'\ntarget = '60%'\nmin = 4\nmax = 900\n\
         interval = '60s'\nwindow = '1m'\n"
    )
}

fn scenario(text: &str) -> Result<Scenario, String> {
    let options = LoadOptions { fallback_name: "day".into(), ..LoadOptions::default() };
    let loaded = load(Sources::new("day.toml", text), &options);
    loaded.map(|loaded| loaded.scenario).map_err(|found| found.render(false))
}

fn results(text: &str, jobs: usize) -> Results {
    let cancel = Arc::default();
    let options =
        RunOptions { jobs, all_timelines: true, all_decisions: true, limits: &[], cancel: &cancel };
    run(&scenario(text).unwrap(), &options, &Silent).unwrap()
}

#[test]
fn a_flow_is_the_same_in_every_run_and_for_every_policy() {
    let text = text("1000/s", "", "");
    let results_of = |jobs| results(&text, jobs);
    let (one, two) = (results_of(1), results_of(2));
    assert_eq!(one, two);
    let arrived = |policy: usize| -> Vec<Option<f64>> {
        one.policies[policy].first_service().map(|row| row.row.get(Figure::Arrived)).collect()
    };
    assert_eq!(arrived(0), arrived(1));
    assert_ne!(arrived(0)[0], arrived(0)[1], "replications have luck of their own");
    for row in one.policies.iter().flat_map(|policy| policy.first_service()) {
        let of = |figure| row.row.get(figure).unwrap();
        let fates = [Figure::Completed, Figure::Rejected, Figure::Unfinished];
        assert_eq!(of(Figure::Arrived), fates.map(of).iter().sum::<f64>());
        assert!((of(Figure::Arrived) / 86.4e6 - 1.0).abs() < 1e-3);
        assert_eq!(row.row.get(Figure::LittlesLawResidual), None);
    }
}

/// Replicas that are late for a wave, seen by an instantaneous gauge.
const WAVE: &str = "[workload.arrivals.wave.sinusoid]\nmean = '300/s'\namplitude = '300/s'\n\
    period = '3h'\n[policies.nervous.target-tracking]\nmetric = 'ongoing_requests_per_replica'\n\
    target = 5\nmin = 4\nmax = 900\ninterval = '60s'\ngauge = 'instant'\nresolution = '15s'\n\
    window = '30s'\n";

#[test]
fn no_figure_depends_on_what_is_drawn_or_on_who_runs_beside() {
    let rows = |head: &str, rest: &str, details: bool| {
        let cancel = Arc::default();
        let options = RunOptions {
            jobs: 1,
            all_timelines: details,
            all_decisions: details,
            limits: &[],
            cancel: &cancel,
        };
        let results = run(&scenario(&text("300/s", head, rest)).unwrap(), &options, &Silent);
        let policies = results.unwrap().policies;
        let of = |policy: &autosim_study::experiment::PolicyResults| format!("{:?}", policy.rows);
        policies.iter().map(|policy| (policy.name.clone(), of(policy))).collect::<Vec<_>>()
    };
    let all = rows("", WAVE, false);
    assert_eq!(all.len(), 3);
    for (head, details) in [("", true), ("timeline = '1m'", true), ("timeline = '90s'", true)] {
        assert!(rows(head, WAVE, details) == all, "{head}");
    }
    let alone = text("300/s", "", WAVE).replace("[policies.still.fixed]\nreplicas = 20\n", "");
    let start = alone.find("[policies.moving").unwrap();
    let options = RunOptions {
        jobs: 1,
        all_timelines: false,
        all_decisions: false,
        limits: &[],
        cancel: &Arc::default(),
    };
    let alone = run(&scenario(&alone[..start]).unwrap(), &options, &Silent).unwrap();
    let nervous = all.iter().find(|(name, _)| name == "nervous").unwrap();
    assert!(alone.policies.len() == 1 && format!("{:?}", alone.policies[0].rows) == nervous.1);
}

#[test]
fn what_waits_when_the_warm_up_ends_is_not_counted() {
    let head = "warmup = '1h'\ntimeline = '10m'";
    let results = results(&text("2000/s", head, ""), 1);
    // Twenty replicas of eight serve 1600 of these a second: a backlog grows all day.
    let behind = &results.policies[0];
    let timeline = &behind.details[0].services[0].timeline;
    let hour = |at: Time| at >= Time::from_secs(3600);
    let arrived: u64 = timeline.iter().filter(|i| hour(i.at)).map(|i| i.arrivals).sum();
    assert_eq!(behind.rows[0].row.get(Figure::Arrived), Some(arrived as f64));
}

#[test]
fn every_output_says_that_it_is_a_flow() {
    let results =
        results(&text("1000/s", "duration = '2h'", "").replacen("duration = '1d'\n", "", 1), 2);
    let comparison = Comparison::of(&results);
    let texts = [
        autosim_report::table(&results, &comparison, 80),
        autosim_report::markdown(&results, &comparison),
        autosim_report::summary_csv(&results, &comparison),
        autosim_report::summary_json(&results, &comparison).to_string(),
    ];
    for text in texts {
        assert!(text.contains("fluid"), "{text}");
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("run");
    let mut silent = Vec::new();
    for file in autosim_report::write_all(&results, &comparison, &folder).unwrap().files {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let bytes = fs::read(&file).unwrap();
        let said = String::from_utf8_lossy(&bytes).contains("fluid");
        if !said && !name.ends_with(".png") {
            silent.push(name);
        }
    }
    assert!(silent.is_empty(), "{silent:?}");
}

#[test]
fn what_a_flow_does_not_model_is_refused_where_it_stands() {
    for (head, rest, place) in [
        ("client.timeout = '1s'", "", "client"),
        ("", "[service.queue]\ncapacity = 9", "service.queue.capacity"),
        ("", "[service.queue]\ntimeout = '9s'", "service.queue.timeout"),
        ("", "grace = '500ms'", "replica.grace"),
        ("", "[service]\nfirst_request = '1s'", "service.first_request"),
        (
            "",
            "[workload.priorities]\nother = 2\n[workload.arrivals.other.poisson]\nrate = '1/s'",
            "workload.priorities",
        ),
        ("", "[policies.ahead]\nclairvoyant = {}", "policies.ahead"),
        ("", "[policies.faas.keep-alive]\nidle_expiry.constant = '1m'", "policies.faas"),
        (
            "",
            "[workload.arrivals.other.poisson]\nrate = '1/s'\nservice_time.constant = '1s'",
            "workload.arrivals.other",
        ),
        (
            "",
            "[workload.arrivals.chat.renewal]\ngaps.constant = '1s'\ncount = 9",
            "workload.arrivals.chat",
        ),
    ] {
        let mut text = text("1000/s", head, rest);
        if rest.contains("[service]") {
            text = text.replacen("[service]\nconcurrency = 8\n", "", 1);
        }
        let said = scenario(&text).expect_err(place);
        assert!(said.contains(&format!("error: {place}")) && said.contains("flow"), "{said}");
        let exact = scenario(&text.replace("'fluid'", "'exact'"));
        assert!(exact.is_ok(), "{}", exact.unwrap_err());
    }
}

#[test]
fn auto_picks_the_flow_within_the_tested_range_alone_and_says_why() {
    let auto = |text: String| scenario(&text.replace("'fluid'", "'auto'")).unwrap().fidelity;
    let many = |rest: &str| text("200000/s", "", rest);
    for (text, fluid, word) in [
        (many(""), true, "auto picked fluid"),
        (text("100/s", "", ""), false, "few enough"),
        (many("[service.queue]\ntimeout = '9s'"), false, "service.queue.timeout"),
        (many("").replace("'60s'", "'1s'"), false, "control interval"),
        (many("").replace("concurrency = 8", "concurrency = 5000"), false, "slots"),
        (text("5000000/s", "", ""), false, "requests/s"),
    ] {
        let found = auto(text);
        assert_eq!(found.fluid, fluid, "{}", found.why);
        assert!(found.why.contains(word), "{}", found.why);
    }
    assert!(TESTED.iter().all(|range| range.least <= range.most));
}

#[test]
fn more_requests_than_can_be_simulated_one_by_one_need_a_flow() {
    let text = text("100000000/s", "", "");
    assert!(scenario(&text).is_ok());
    let said = scenario(&text.replace("'fluid'", "'exact'")).unwrap_err();
    assert!(
        said.contains("workload.arrivals: about 8.6e12") && said.contains("fidelity"),
        "{said}"
    );
}

/// Cpu as the mean of the ready pods needs none of them one by one: the counts are those of the exact engine.
#[test]
fn an_hpa_that_reads_the_mean_of_its_pods_runs_over_a_flow() {
    let hpa = |head: &str, per_pod: bool| {
        format!(
            "name = 'day'\nduration = '20m'\nreplications = 1\n{head}\n\
             [workload.arrivals.main.step]\nat = '5m'\nfrom = '400/s'\nto = '900/s'\n\
             [replica]\ncold_start.constant = '30s'\ninitial = 60\n\
             [policies.shop.kubernetes-hpa]\nknobs = {{ per_pod = {per_pod}, requests.cpu = '1' }}\n\
             body.apiVersion = 'autoscaling/v2'\nbody.kind = 'HorizontalPodAutoscaler'\n\
             body.metadata.name = 'shop'\nbody.spec = {{ maxReplicas = 900, scaleTargetRef = {{ apiVersion = \
             'apps/v1', kind = 'Deployment', name = 'shop' }}, metrics = [{{ type = 'Resource', resource = {{ \
             name = 'cpu', target = {{ type = 'Utilization', averageUtilization = 70 }} }} }}] }}\n"
        )
    };
    let counts = |head: &str| {
        let results = results(&hpa(head, false), 1);
        let timeline = &results.policies[0].details[0].services[0].timeline;
        [4, 12, 19].map(|minute: u64| {
            let mut by_then = timeline.iter().filter(|i| i.at < Time::from_secs(60 * minute));
            by_then.next_back().unwrap().desired
        })
    };
    let (flow, exact) = (counts("fidelity = 'fluid'"), counts(""));
    assert!(exact[0] < 70 && exact[2] > 115, "{exact:?}");
    for (flow, exact) in flow.iter().zip(exact) {
        let off = f64::from(*flow) / f64::from(exact) - 1.0;
        assert!(off.abs() < 0.05, "{flow} in a flow, {exact} exactly");
    }
    let refused = scenario(&hpa("fidelity = 'fluid'", true)).unwrap_err();
    assert!(refused.contains("(of an HPA the knob `per_pod`)"), "{refused}");
}
