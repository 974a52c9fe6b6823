//! What a policy saves against the one that runs today, in one sentence.

use super::moments::{PERCENTILES, failures, judge_of};
use super::number::{human, times};
use super::table::human_quantile;
use autosim_engine::simulation::Interval;
use autosim_engine::stats::Change;
use autosim_engine::units::Span;
use autosim_study::experiment::{Comparison, Figure, PolicyResults, Results, Row};
use std::collections::BTreeMap;

/// A relative change below this is none anybody would notice.
const UNNOTICED: f64 = 0.01;

/// `-92 % replica-hours, p99 unchanged, worst minute 1.0x`; `None` where no base was named, or it is the base.
pub(super) fn saving(results: &Results, comparison: &Comparison, at: usize) -> Option<String> {
    let base = comparison.baseline;
    results.about.base.as_ref().filter(|_| at != base)?;
    let (mine, theirs) = (results.policies.get(at)?, results.policies.get(base)?);
    let pairs = pairs(mine, theirs);
    let hours = change(&pairs, Figure::BilledHours)?;
    let hours = match told(hours) {
        Some(change) => format!("{change} replica-hours"),
        None => "replica-hours unchanged".to_owned(),
    };
    let quantile = results.about.slo.tail().map_or(0.99, |slo| slo.quantile);
    let tail = format!("p{} {}", human_quantile(quantile), tail(&pairs));
    let worst = worst(results, mine, theirs, quantile);
    Some([Some(hours), Some(tail), worst].into_iter().flatten().collect::<Vec<_>>().join(", "))
}

/// The same replications of both.
fn pairs<'a>(mine: &'a PolicyResults, theirs: &'a PolicyResults) -> Vec<(&'a Row, &'a Row)> {
    let theirs: BTreeMap<u32, &Row> =
        theirs.first_service().map(|row| (row.replication, &row.row)).collect();
    let pair = |row: &'a Row, replication: u32| Some((row, *theirs.get(&replication)?));
    mine.first_service().filter_map(|row| pair(&row.row, row.replication)).collect()
}

fn change(pairs: &[(&Row, &Row)], figure: Figure) -> Option<Change> {
    let mine: Option<Vec<f64>> = pairs.iter().map(|(mine, _)| mine.get(figure)).collect();
    let theirs: Option<Vec<f64>> = pairs.iter().map(|(_, theirs)| theirs.get(figure)).collect();
    Change::of(&mine?, &theirs?)
}

/// `-92 %`, `×41.6`; `None` where nothing changed: the interval of the paired differences has no difference in
/// it, or the change is too small to be noticed.
fn told(change: Change) -> Option<String> {
    let may_be_none = change.interval.is_some_and(|(low, high)| low <= 0.0 && 0.0 <= high);
    let percent = || format!("{:+.0} %", 100.0 * change.mean);
    let changed = !may_be_none && change.mean.abs() >= UNNOTICED;
    changed.then(|| times(change.mean).unwrap_or_else(percent))
}

fn tail(pairs: &[(&Row, &Row)]) -> String {
    let is_infinite = |row: &Row| row.arrived() > 0 && row.get(Figure::SloLatency).is_none();
    let (mine, theirs) = (
        pairs.iter().any(|(mine, _)| is_infinite(mine)),
        pairs.iter().any(|(_, theirs)| is_infinite(theirs)),
    );
    match (mine, theirs) {
        (true, true) => "∞ in both".to_owned(),
        (true, false) => "∞".to_owned(),
        (false, true) => "no longer ∞".to_owned(),
        (false, false) => change(pairs, Figure::SloLatency)
            .and_then(told)
            .unwrap_or_else(|| "unchanged".to_owned()),
    }
}

/// The slowest interval of the first replication beside that of the base: `worst minute 1.0x`.
fn worst(
    results: &Results,
    mine: &PolicyResults,
    theirs: &PolicyResults,
    quantile: f64,
) -> Option<String> {
    let about = &results.about;
    let slowest = |policy: &PolicyResults| {
        let service = policy.details.first()?.services.first()?;
        let counted = service.timeline.iter().filter(|interval| {
            interval.at >= about.window.warmup && interval.at < about.window.end
        });
        counted.filter_map(|interval| latency(interval, quantile)).reduce(f64::max)
    };
    let (mine, theirs) = (slowest(mine)?, slowest(theirs)?);
    let factor = match (mine.is_finite(), theirs.is_finite()) {
        (false, false) => "∞ in both".to_owned(),
        (false, true) => "∞".to_owned(),
        (true, false) => "no longer ∞".to_owned(),
        (true, true) => {
            let factor = mine / theirs;
            let text = if factor < 9.95 { format!("{factor:.1}") } else { human(factor, 3) };
            format!("{text}x")
        }
    };
    let interval = match about.timeline == Span::from_secs(60) {
        true => "minute".to_owned(),
        false => about.timeline.told(),
    };
    Some(format!("worst {interval} {factor}"))
}

/// The percentile of an interval's requests, failures infinitely late; `None` where nothing happened in it.
fn latency(interval: &Interval, quantile: f64) -> Option<f64> {
    let failed = failures(interval) as f64;
    let all = failed + interval.completions as f64;
    if all == 0.0 {
        return None;
    }
    let judge = judge_of(quantile);
    if failed > (1.0 - PERCENTILES[judge]) * all {
        return Some(f64::INFINITY);
    }
    interval.percentiles.map(|percentiles| percentiles[judge].as_millis_f64())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{markdown, sample, summary_json, table};
    use autosim_study::scenario::Period;

    fn against(base: &str) -> (Results, Comparison) {
        let mut results = sample::results();
        results.about.base = Some(base.to_owned());
        let comparison = Comparison::of(&results);
        (results, comparison)
    }

    fn told(base: &str, policy: &str) -> Option<String> {
        let (results, comparison) = against(base);
        let at = results.policies.iter().position(|one| one.name == policy).unwrap();
        saving(&results, &comparison, at)
    }

    fn one_line(text: &str) -> String {
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_saving_is_said_in_a_sentence() {
        for (base, policy, sentence) in [
            ("peak", "steady", Some("-39 % replica-hours, p99 +83 %, worst minute ∞")),
            ("peak", "peak", None),
            ("steady", "night-sleeper", Some("-13 % replica-hours, p99 ∞, worst minute ∞ in both")),
            (
                "night-sleeper",
                "steady",
                Some("+14 % replica-hours, p99 no longer ∞, worst minute ∞ in both"),
            ),
        ] {
            assert_eq!(told(base, policy).as_deref(), sentence, "{policy} against {base}");
        }
    }

    #[test]
    fn what_may_be_chance_or_nobody_would_notice_is_unchanged() {
        let change = |mean, interval| Change { mean, interval };
        for (one, words) in [
            (change(-0.92, None), Some("-92 %")),
            (change(-0.92, Some((-0.95, -0.9))), Some("-92 %")),
            (change(0.2, Some((-0.1, 0.5))), None),
            (change(0.009, Some((0.008, 0.01))), None),
            (change(0.014, None), Some("+1 %")),
            (change(40.6, None), Some("×41.6")),
        ] {
            assert_eq!(super::told(one).as_deref(), words, "{one:?}");
        }
    }

    #[test]
    fn the_verdict_names_the_winner_and_what_it_saves_against_the_base() {
        let (results, comparison) = against("peak");
        assert_eq!((comparison.baseline, comparison.cheapest), (0, Some(1)));
        let text = one_line(&table(&results, &comparison, 80));
        let sentence = "steady is the cheapest policy that keeps p99 < 300ms and errors < 0.1%, at 28.3 USD; \
                        against peak: -39 % replica-hours, p99 +83 %, worst minute ∞";
        assert!(text.contains(sentence), "{text}");
        let page = markdown(&results, &comparison);
        assert!(page.contains("- steady against the base: -39 % replica-hours"), "{page}");
        let json = summary_json(&results, &comparison);
        assert_eq!(json["baseline"], "peak");
        assert!(json["policies"][1]["saving"].as_str().unwrap().starts_with("-39 %"), "{json}");
        assert!(json["policies"][0]["saving"].is_null());
        let (results, comparison) = against("steady");
        let text = one_line(&table(&results, &comparison, 80));
        assert!(text.contains("at 28.3 USD; it is the base"), "{text}");
        // Without one nothing is said of savings.
        let (results, comparison) = sample::comparison();
        assert!(!table(&results, &comparison, 80).contains("against peak"));
    }

    #[test]
    fn costs_are_told_for_a_month_and_for_how_long_was_measured() {
        let (mut results, comparison) = sample::comparison();
        results.about.recipe.per = Some(Period::Month);
        let text = table(&results, &comparison, 100);
        // 28.3 USD and 295 replica-hours in 23.5 of 730.5 hours.
        let steady = text.lines().find(|line| line.starts_with("steady")).unwrap();
        assert!(steady.contains(" 915") && steady.contains(" 879 "), "{text}");
        let text = one_line(&text);
        for part in [
            "at 879 USD per month",
            "hours/month USD/month",
            "Per month (30.4375 days): costs and replica-hours are those of the 23h 30m measured after the \
             warm-up, as if all of it were like them.",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
        let page = markdown(&results, &comparison);
        assert!(page.contains("replica-hours per month | cost USD per month |"), "{page}");
        let json = summary_json(&results, &comparison);
        assert_eq!(
            (&json["per"]["period"], &json["per"]["measured_hours"]),
            (&"month".into(), &23.5.into())
        );
        let one = &json["policies"][1];
        let mean = |value: &serde_json::Value| value["mean"].as_f64().unwrap();
        let factor = mean(&one["per"]["cost"]) / mean(&one["figures"]["cost"]);
        assert!((factor - 730.5 / 23.5).abs() < 1e-6, "{factor}");
    }
}
