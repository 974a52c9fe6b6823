//! Plots: a chart becomes a [`Picture`] - lines, areas, dots and words of our own - which `render` turns
//! into SVG or PNG. Nothing else knows the drawing library.

mod axis;
mod cdf;
mod colour;
mod frame;
mod frontier;
mod label;
mod offered;
mod picture;
mod recording;
mod render;
mod settings;
mod slo_minutes;
mod time_axis;
mod timeline;
mod week;

pub use recording::RecordingPlot;
pub(super) use settings::{Cell, SettingsMap};

use super::OutputFile;
use autosim_engine::units::plural;
use autosim_study::experiment::{Comparison, Results};
use colour::GREY;
use picture::{Align, Picture, TEXT};
use std::io;

/// The registry of plots: files of a run, with what draws them.
pub(super) fn files<'a>(results: &'a Results, comparison: &'a Comparison) -> Vec<OutputFile<'a>> {
    let labelled = |page| labelled(results, page);
    let frontier = move || labelled(frontier::picture(results, comparison));
    let mut files = vec![
        svg("cost-vs-latency.svg".into(), frontier),
        png("cost-vs-latency.png".into(), frontier),
        svg("latency-cdf.svg".into(), move || labelled(cdf::picture(results))),
    ];
    if slo_minutes::has_any(results) {
        let picture = move || labelled(slo_minutes::picture(results));
        files.push(svg("slo-by-minute.svg".into(), picture));
    }
    if week::has_any(results) {
        files.push(svg("waste-and-unmet.svg".into(), move || labelled(week::picture(results))));
    }
    if offered::has_any(results) {
        let picture = move || labelled(offered::picture(results));
        files.push(svg("offered-and-goodput.svg".into(), picture));
        files.push(png("offered-and-goodput.png".into(), picture));
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
        files.push(svg(name, move || labelled(timeline::picture(results, at))));
    }
    files
}

fn svg<'a>(name: String, picture: impl Fn() -> Picture + 'a) -> OutputFile<'a> {
    OutputFile::new(name, move |out| {
        out.write_all(render::svg(&picture()).map_err(io::Error::other)?.as_bytes())
    })
}

fn png<'a>(name: String, picture: impl Fn() -> Picture + 'a) -> OutputFile<'a> {
    OutputFile::new(name, move |out| {
        out.write_all(&render::png(&picture()).map_err(io::Error::other)?)
    })
}

/// No picture of a closed loop is without the words.
fn labelled(results: &Results, mut page: Picture) -> Picture {
    if results.about.closed_loop_users > 0 {
        let words = format!("closed loop of {}", plural(results.about.closed_loop_users, "user"));
        page.text((page.width - 24.0, 28.0), words, TEXT, GREY, Align::Right);
    }
    page
}

/// A policy's name with everything a file system may dislike replaced.
pub(super) fn file_name(name: &str) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' };
    name.chars().map(safe).collect()
}
#[cfg(test)]
mod tests;
