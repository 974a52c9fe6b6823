//! The comparison as JSON, for `--format json`.

use super::number;
use super::saving::saving;
use super::table::per;
use autosim_engine::stats::Estimate;
use autosim_study::experiment::{Compared, Comparison, Figure, HEADLINE, Results, Ruling};
use serde_json::{Map, Value, json};

/// One object: the scenario, and per policy every figure with mean and interval, the verdict, and the
/// paired differences to the baseline. Digits are those of `summary.csv`.
pub fn summary_json(results: &Results, comparison: &Comparison) -> Value {
    let about = &results.about;
    let baseline = comparison.policies.get(comparison.baseline).map(|policy| &policy.name);
    let told = |(at, compared)| {
        let mut one = policy(compared);
        if let Some(saving) = saving(results, comparison, at) {
            one["saving"] = saving.into();
        }
        if about.recipe.per.is_some() {
            let bill = [Figure::BilledHours, Figure::Cost].map(|figure| {
                (
                    figure.column().to_owned(),
                    estimate(per(results, compared.estimate(figure)), figure),
                )
            });
            one["per"] = Value::Object(bill.into_iter().collect());
        }
        one
    };
    let policies: Vec<Value> = comparison.policies.iter().enumerate().map(told).collect();
    let period = about.recipe.per.map(|period| {
        let measured = about.window.end.since(about.window.warmup);
        let measured_hours = measured.as_secs_f64() / 3600.0;
        json!({ "period": period.name(), "hours": period.hours(), "measured_hours": measured_hours })
    });
    let mut summary = json!({
        "scenario": about.name,
        "question": about.question,
        "closed_loop_users": about.closed_loop_users,
        "seed": about.seed,
        "replications": results.finished_replications(),
        "replications_asked": about.replications,
        "draws": about.draws,
        "fidelity": about.fidelity.name(),
        "complete": results.complete,
        "currency": about.price.currency().to_string(),
        "baseline": baseline,
        "work_bound": results.references.work_bound,
        "policies": policies,
    });
    if let Some(period) = period {
        summary["per"] = period;
    }
    summary
}

fn policy(policy: &Compared) -> Value {
    let mut figures = Map::new();
    for figure in Figure::ALL {
        figures.insert(figure.column().into(), estimate(policy.estimate(figure), figure));
    }
    let mut differences = Map::new();
    for figure in HEADLINE {
        if let Some(against) = policy.against(figure) {
            let mut difference = estimate(Some(against.paired.difference), figure);
            if let Value::Object(parts) = &mut difference {
                parts.insert("relative".into(), json!(against.change.map(|change| change.mean)));
                parts.insert("win_share".into(), json!(against.paired.win_share));
                parts.insert("correlation".into(), json!(against.paired.correlation));
                parts.insert("p_holm".into(), json!(against.p_corrected));
            }
            differences.insert(figure.column().into(), difference);
        }
    }
    let ruling = match policy.verdict.ruling {
        Ruling::NotAsked => Value::Null,
        Ruling::Met => json!("met"),
        Ruling::Missed => json!("missed"),
    };
    let latency = policy.verdict.latency.iter().map(
        |one| json!({ "slo": one.slo.to_string(), "in_time_share": one.share, "kept": one.kept }),
    );
    let errors = policy.verdict.errors.map(|(term, kept)| {
        let failed = policy.verdict.failed;
        json!({ "slo": format!("errors {term}"), "failed_share": failed, "kept": kept })
    });
    let terms: Vec<Value> = latency.chain(errors).collect();
    json!({
        "name": policy.name,
        "kind": policy.kind,
        "replications": policy.replications,
        "slo": ruling,
        "slo_replications_met": policy.verdict.met_in,
        "slo_replications_share_ci95": policy.met_in.map(|(low, high)| [low, high]),
        "worst": {
            "cost": policy.worst.cost,
            "cost_tenth": policy.worst.cost_tenth,
            "slo_latency_ms": policy.worst.tail_ms,
        },
        "slo_decided": (!ruling.is_null()).then_some(policy.verdict.undecided.is_none()),
        "replications_to_decide": policy.verdict.undecided,
        "slo_terms": terms,
        "on_frontier": policy.on_frontier,
        "figures": figures,
        "vs_baseline": differences,
    })
}

fn estimate(estimate: Option<Estimate>, figure: Figure) -> Value {
    let value = |text: &String| text.parse::<f64>().map_or(Value::Null, Value::from);
    estimate.map_or(Value::Null, |known| {
        let mean = number::figure(Some(known.mean), figure.kind());
        let ends = number::interval(Some(known), figure.kind());
        let interval = known.half_width.map(|_| ends.each_ref().map(value));
        json!({ "mean": value(&mean), "ci95": interval })
    })
}
