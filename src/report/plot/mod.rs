//! Plots: a chart becomes a [`Picture`] - lines, areas, dots and words of our own - which `render` turns
//! into SVG or PNG. Nothing else knows the drawing library.

mod axis;
mod cdf;
mod colour;
mod frame;
mod frontier;
mod label;
mod picture;
mod render;
mod slo_minutes;
mod time_axis;
mod timeline;
mod week;

use super::OutputFile;
use crate::experiment::{Comparison, Results};
use picture::Picture;
use std::io;

/// The registry of plots: files of a run, with what draws them.
pub(super) fn files<'a>(results: &'a Results, comparison: &'a Comparison) -> Vec<OutputFile<'a>> {
    let frontier = || frontier::picture(results, comparison);
    let mut files = vec![
        svg("cost-vs-latency.svg".into(), frontier),
        OutputFile::new("cost-vs-latency.png", move |out| {
            out.write_all(&render::png(&frontier()).map_err(io::Error::other)?)
        }),
        svg("latency-cdf.svg".into(), || cdf::picture(results)),
    ];
    if slo_minutes::has_any(results) {
        files.push(svg("slo-by-minute.svg".into(), || slo_minutes::picture(results)));
    }
    if week::has_any(results) {
        files.push(svg("waste-and-unmet.svg".into(), || week::picture(results)));
    }
    let mut taken = std::collections::BTreeSet::new();
    for (at, policy) in results.policies.iter().enumerate() {
        if timeline::first(policy).is_none() {
            continue;
        }
        let mut name = format!("timeline-{}.svg", file_name(&policy.name));
        if !taken.insert(name.clone()) {
            name = format!("timeline-{}-{}.svg", file_name(&policy.name), at + 1);
        }
        files.push(svg(name, move || timeline::picture(results, at)));
    }
    files
}

fn svg<'a>(name: String, picture: impl Fn() -> Picture + 'a) -> OutputFile<'a> {
    OutputFile::new(name, move |out| {
        out.write_all(render::svg(&picture()).map_err(io::Error::other)?.as_bytes())
    })
}

/// A policy's name with everything a file system may dislike replaced.
fn file_name(name: &str) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' };
    name.chars().map(safe).collect()
}
#[cfg(test)]
mod tests;
