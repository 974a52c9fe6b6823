//! Failures of a scenario: how replicas fail, and what becomes of their requests.

use super::deployment::ServiceDraft;
use super::fleet::checked;
use super::rollouts::{portion, within_run};
use super::words::SpanOrLaw;
use super::{Deployment, Scenario};
use autosim_engine::fault::Faults;
use autosim_engine::fleet::{Discipline, FailedWork, FailureSpec, Outage, Portion, Restart};
use autosim_engine::units::{Quantity, Span, Time, WallClock};
use autosim_engine::workload::arrivals::Moment;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A replica that is replaced more often than this would keep a run from ending within hours.
const MOST_LIVES: f64 = 1e7;

/// How replicas that are ready or draining fail. One that does is gone, and no longer billed, at that
/// instant.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FailuresFile {
    /// From ready to failure, drawn per replica. Default: none fails by itself.
    pub lifetime: Option<SpanOrLaw>,
    /// What becomes of the requests of a failed replica, here and in `outages`. Default: lost.
    pub work: Option<WorkFile>,
    /// What takes the place of a failed replica, here and in `outages`. Default: replaced.
    pub restart: Option<RestartFile>,
}

/// What becomes of the requests of a failed replica, in service or waiting there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum WorkFile {
    /// They are lost; clients may try again.
    Lost,
    /// They are put back at the head of the queue and begin anew; where every replica has a queue they are
    /// routed anew.
    Requeued,
}

/// What takes the place of a failed replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RestartFile {
    /// Another one is launched at once, with a cold start of its own.
    Replaced,
    /// Nothing until the next order of the policy.
    Left,
}

/// Replicas that fail together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OutageFile {
    /// When: so long after the start, or at a time of day.
    pub at: Moment,
    /// How many of the ready replicas, drawn among them: a number, or a share, rounded up.
    pub kill: Quantity,
    /// They are told so long before they fail, and drain from `at` on, at most for their grace. Default: no
    /// notice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<Span>,
}

/// The failures of one service but its outages; sound only if no error was added to `faults`.
pub(super) fn build(given: Option<&FailuresFile>, faults: &mut Faults) -> FailureSpec {
    let Some(given) = given else { return FailureSpec::default() };
    let law = given.lifetime.as_ref().map(|SpanOrLaw(law)| law);
    let lifetime = faults.within("failures", |f| {
        f.within("lifetime", |f| {
            let sampler = checked(law?, f)?;
            if law?.mean_s() <= 0.0 {
                f.error("", "replicas that never live", "give a life above zero");
            }
            Some(sampler)
        })
    });
    FailureSpec {
        lifetime,
        outages: Vec::new(),
        work: match given.work {
            Some(WorkFile::Requeued) => FailedWork::Requeued,
            Some(WorkFile::Lost) | None => FailedWork::Lost,
        },
        restart: match given.restart {
            Some(RestartFile::Left) => Restart::Left,
            Some(RestartFile::Replaced) | None => Restart::Replaced,
        },
    }
}

/// The outages of one service.
pub(super) fn outages(
    given: &[OutageFile],
    clock: &WallClock,
    end: Time,
    faults: &mut Faults,
) -> Vec<Outage> {
    let mut outages = Vec::new();
    faults.within("outages", |faults| {
        for (number, outage) in given.iter().enumerate() {
            faults.within(number.to_string(), |faults| {
                outages.extend(one(outage, clock, end, faults));
            });
        }
    });
    outages
}

fn one(given: &OutageFile, clock: &WallClock, end: Time, faults: &mut Faults) -> Option<Outage> {
    let nobody = [Portion::Count(0), Portion::Share(0.0)];
    let kill = portion(given.kill).filter(|kill| !nobody.contains(kill));
    if kill.is_none() {
        let hint = "a whole number of replicas such as 3, or a share up to \"100%\"";
        faults.error("kill", format!("`{}` replicas", given.kill), hint);
    }
    let at = within_run(given.at, clock, end, faults);
    Some(Outage { at: at?, kill: kill?, notice: given.notice.unwrap_or_default() })
}

/// What can be said once services and policies are known.
pub(super) fn check(services: &[ServiceDraft], faults: &mut Faults) {
    for service in services {
        let shares = matches!(service.fleet.discipline, Discipline::Sharing { .. });
        if service.fleet.failures.work == FailedWork::Requeued && shares {
            let hint = "let it be lost, and clients try again (`client.retries`)";
            let key = service.key("replica.failures.work");
            faults.error(&key, "work that is shared cannot be put back", hint);
        }
    }
}

/// Mean life of a replica, in seconds, where it has one.
pub(super) fn mean_life_s(given: Option<&FailuresFile>) -> Option<f64> {
    let SpanOrLaw(law) = given?.lifetime.as_ref()?;
    Some(law.mean_s())
}

/// Replicas that fail and are replaced at once, again and again, would keep the run at one place.
pub(super) fn check_lives(scenario: &Scenario, faults: &mut Faults) {
    for (index, service) in scenario.services.iter().enumerate() {
        let deployments = scenario.deployments_of(index);
        let lives = deployments.iter().filter_map(|one| lives(one, scenario.window.end));
        let Some(lives) = lives.max_by(f64::total_cmp).filter(|&lives| lives > MOST_LIVES) else {
            continue;
        };
        faults.error(
            &service.key("replica.failures.lifetime"),
            format!("each replica would fail and be replaced about {lives:.1e} times"),
            "at most 1e7: a longer life or cold start, a shorter run, or `restart = \"left\"`",
        );
    }
}

/// How often a replica is replaced within a run; `None` where none is.
fn lives(deployment: &Deployment, end: Time) -> Option<f64> {
    let Deployment { fleet, mean_start_s, mean_life_s, .. } = deployment;
    // Requests start replicas whatever is said of restarts (rule 52).
    let replaced = fleet.failures.restart == Restart::Replaced || fleet.scales_per_request();
    let life_s = mean_life_s.filter(|_| replaced)?;
    let rate = fleet.launch_rate;
    let pause_s = rate.map_or(0.0, |rate| rate.per.as_secs_f64() / f64::from(rate.launches));
    // No life is shorter than a nanosecond.
    let cycle_s = (life_s + mean_start_s).max(pause_s).max(1e-9);
    Some(end.as_secs_f64() / cycle_s)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{LoadOptions, Scenario, Sources, load};
    use autosim_engine::random::Sampler;

    fn read(rest: &str) -> Result<Scenario, String> {
        let text = format!(
            "start = '2026-03-02T11:00:00+08:00'\nduration = '2h'\n\
             [workload.arrivals.main.poisson]\nrate = '1/s'\n{rest}"
        );
        crate::scenario::sample::read(text)
    }

    const FIXED: &str = "[policies.peak.fixed]\nreplicas = 7\n";

    #[test]
    fn replicas_fail_by_a_law_and_in_outages() {
        let text = "[replica.failures]\nlifetime.exponential = { mean = '6h' }\n\
             work = 'requeued'\nrestart = 'left'\n\
             [[outages]]\nat = '12:30'\nkill = '33.3%'\nnotice = '2m'\n\
             [[outages]]\nat = '5m'\nkill = 3\n";
        let scenario = read(&format!("{FIXED}{text}")).unwrap();
        let (at, notice) = (Time::from_secs(5400), Span::from_secs(120));
        let share = Portion::Share(33.3 / 100.0);
        let expected = FailureSpec {
            lifetime: Some(Sampler::Exponential { mean_ns: 2.16e13 }),
            outages: vec![
                Outage { at, kill: share, notice },
                Outage { at: Time::from_secs(300), kill: Portion::Count(3), notice: Span::ZERO },
            ],
            work: FailedWork::Requeued,
            restart: Restart::Left,
        };
        assert_eq!(scenario.deployment(0, 0).fleet.failures, expected);
        assert_eq!((share.of(9), share.of(30), share.of(7)), (3, 10, 3));
        assert_eq!(read(FIXED).unwrap().deployment(0, 0).fleet.failures, FailureSpec::default());
    }

    #[test]
    fn replicas_that_hardly_live_are_warned_of() {
        let text = format!(
            "duration = '1h'\n[workload.arrivals.main.poisson]\nrate = '1/s'\n{FIXED}\
             [replica]\ncold_start = '30s'\nfailures.lifetime = '10s'\n"
        );
        let options = LoadOptions { fallback_name: "test".into(), ..LoadOptions::default() };
        let loaded = load(Sources::new("test.toml", text), &options).unwrap();
        let found = loaded.warnings.render(false);
        assert!(found.contains("about 25% of them are ready"), "{found}");
    }

    #[test]
    fn replicas_that_would_be_replaced_for_ever_are_refused() {
        let brief = "[replica]\nfailures.lifetime = '1us'\n";
        let found = read(&format!("{FIXED}{brief}")).unwrap_err();
        for part in ["replica.failures.lifetime", "about 7.2e9 times", "test.toml:8"] {
            assert!(found.contains(part), "{part}\n{found}");
        }
        let slowly = "launch_rate = '10/min'\n";
        for rest in ["cold_start = '1s'\n", "failures.restart = 'left'\n", slowly] {
            assert!(read(&format!("{FIXED}{brief}{rest}")).is_ok(), "{rest}");
        }
        // Two hours: ten million lives and no more.
        let of_life = |life: &str| read(&format!("{FIXED}{}", brief.replace("1us", life)));
        assert!(of_life("720us").is_ok() && of_life("719us").is_err());
    }

    #[test]
    fn failures_that_cannot_be_are_reported_together() {
        let outages = "[[outages]]\nat = '3h'\nkill = 1.5\n[[outages]]\nat = '1h'\nkill = 0\n";
        let found = read(&format!("{FIXED}[replica.failures]\nlifetime = '0s'\n{outages}"));
        let found = found.unwrap_err();
        for part in ["3h is not within the run", "`1.5` replicas", "`0` replicas", "never live"] {
            assert!(found.contains(part), "{part}\n{found}");
        }
        let shared = "[service]\ndiscipline = 'sharing'\n[replica.failures]\nwork = 'requeued'\n";
        let found = read(&format!("{FIXED}{shared}")).unwrap_err();
        assert!(found.contains("shared cannot be put back"), "{found}");
        let keep_alive = "[policies.faas.keep-alive]\nidle_expiry.constant = '10m'\n";
        let outage = "[[outages]]\nat = '1h'\nkill = 1\n";
        let found = read(&format!("{keep_alive}{outage}")).unwrap_err();
        assert!(found.contains("scales per request"), "{found}");
        let lives = "[replica.failures]\nlifetime = '1h'\n";
        assert!(read(&format!("{keep_alive}{lives}")).is_ok());
        let brief = "[replica.failures]\nlifetime = '1us'\nrestart = 'left'\n";
        let found = read(&format!("{keep_alive}{brief}")).unwrap_err();
        assert!(found.contains("replaced about"), "{found}");
    }
}
