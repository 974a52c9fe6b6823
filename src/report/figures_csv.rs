//! `summary.csv` and `replications.csv`: every figure of every policy.

use super::number;
use autosim_study::experiment::{
    Compared, Comparison, Estimates, Figure, HEADLINE, Kind, Results, Ruling,
};
use std::io::{self, Write};

/// Figures whose interval is printed beside their mean.
const WITH_INTERVAL: [Figure; 10] = [
    Figure::Cost,
    Figure::BilledHours,
    Figure::LatencyMean,
    Figure::LatencyP50,
    Figure::LatencyP99,
    Figure::SloLatency,
    Figure::SloRequests,
    Figure::FailedShare,
    Figure::Actions,
    Figure::ColdShare,
];

/// One row per policy and service: means over replications, 95 % intervals, verdict, frontier, paired
/// differences to the baseline.
pub(super) fn summary(
    results: &Results,
    comparison: &Comparison,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(summary_header())?;
    let currency = results.about.price.currency().to_string();
    let fidelity = results.about.fidelity.name();
    let first = results.policies.iter().find_map(|policy| policy.first_service().next());
    let name = first.map_or("service", |row| row.service.as_str());
    for (at, policy) in comparison.policies.iter().enumerate() {
        let mut record = figures(policy, name, &policy.estimates, &currency);
        record.extend(judgement(policy, at == comparison.baseline));
        record.push(fidelity.to_owned());
        record.extend(luck(policy, comparison.cost.figure().kind()));
        csv.write_record(&record)?;
        for (service, estimates) in &policy.others {
            let mut record = figures(policy, service, estimates, &currency);
            record.resize(summary_header().len() - 1 - LUCK.len(), String::new());
            record.push(fidelity.to_owned());
            record.extend(LUCK.map(|_| String::new()));
            csv.write_record(&record)?;
        }
    }
    csv.flush()
}

fn summary_header() -> Vec<String> {
    let mut header: Vec<String> =
        ["policy", "service", "kind", "replications"].map(String::from).into();
    for figure in Figure::ALL {
        header.push(figure.column().into());
        if figure == Figure::Cost {
            header.push("currency".into());
        }
    }
    for figure in WITH_INTERVAL {
        header.push(format!("{}_ci95_low", figure.column()));
        header.push(format!("{}_ci95_high", figure.column()));
    }
    let judgement = ["slo", "slo_replications_met", "on_frontier", "is_baseline"];
    header.extend(judgement.map(String::from));
    for figure in HEADLINE {
        for part in ["", "_ci95_low", "_ci95_high", "_p_holm"] {
            header.push(format!("{}_vs_baseline{part}", figure.column()));
        }
    }
    header.push("fidelity".into());
    header.extend(LUCK.map(String::from));
    header
}

/// What luck does to a policy, after the figures.
const LUCK: [&str; 6] = [
    "intervals",
    "slo_replications_share_ci95_low",
    "slo_replications_share_ci95_high",
    "cost_worst",
    "cost_worst_tenth",
    "slo_latency_worst_ms",
];

fn luck(policy: &Compared, cost: Kind) -> [String; 6] {
    let mean = policy.estimate(Figure::LatencyMean);
    let intervals = match (policy.replications, mean.and_then(|mean| mean.half_width)) {
        (0 | 1, None) => "",
        (0 | 1, Some(_)) => "batch-means",
        _ => "replications",
    };
    let met_in = policy.met_in.map_or([None; 2], |(low, high)| [Some(low), Some(high)]);
    let [low, high] = met_in.map(|share| number::figure(share, Kind::Share));
    let worst = policy.worst;
    [
        intervals.to_owned(),
        low,
        high,
        number::figure(worst.cost, cost),
        number::figure(worst.cost_tenth, cost),
        number::figure(worst.tail_ms, Kind::Milliseconds),
    ]
}

fn figures(policy: &Compared, service: &str, estimates: &Estimates, currency: &str) -> Vec<String> {
    let mut record = vec![
        policy.name.clone(),
        service.to_owned(),
        policy.kind.clone(),
        policy.replications.to_string(),
    ];
    for figure in Figure::ALL {
        let mean = estimates.get(figure).map(|estimate| estimate.mean);
        record.push(number::figure(mean, figure.kind()));
        if figure == Figure::Cost {
            record.push(currency.to_owned());
        }
    }
    for figure in WITH_INTERVAL {
        record.extend(number::interval(estimates.get(figure), figure.kind()));
    }
    record
}

fn judgement(policy: &Compared, is_baseline: bool) -> Vec<String> {
    let verdict = &policy.verdict;
    let slo = match verdict.ruling {
        Ruling::NotAsked => "",
        Ruling::Met => "met",
        Ruling::Missed => "missed",
    };
    let met_in = if slo.is_empty() { String::new() } else { verdict.met_in.to_string() };
    let mut record =
        vec![slo.into(), met_in, policy.on_frontier.to_string(), is_baseline.to_string()];
    for figure in HEADLINE {
        let against = policy.against(figure);
        let difference = against.map(|against| against.paired.difference);
        let known = difference.filter(|difference| difference.half_width.is_some());
        record.push(number::figure(difference.map(|d| d.mean), figure.kind()));
        record.push(number::figure(known.map(|d| d.low()), figure.kind()));
        record.push(number::figure(known.map(|d| d.high()), figure.kind()));
        let p = against.and_then(|against| against.p_corrected);
        record.push(number::figure(p, Kind::Share));
    }
    record
}

/// One row per policy, replication (from 1) and service: the same figures, raw.
pub(super) fn replications(results: &Results, out: &mut dyn Write) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    let mut header: Vec<&str> = vec!["policy", "service", "replication"];
    for figure in Figure::ALL {
        header.push(figure.column());
        if figure == Figure::Cost {
            header.push("currency");
        }
    }
    header.push("fidelity");
    csv.write_record(&header)?;
    let currency = results.about.price.currency().to_string();
    for policy in &results.policies {
        for row in &policy.rows {
            let mut record =
                vec![policy.name.clone(), row.service.clone(), (row.replication + 1).to_string()];
            for figure in Figure::ALL {
                record.push(number::figure(row.row.get(figure), figure.kind()));
                if figure == Figure::Cost {
                    record.push(currency.clone());
                }
            }
            record.push(results.about.fidelity.name().to_owned());
            csv.write_record(&record)?;
        }
    }
    csv.flush()
}
