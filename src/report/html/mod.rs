//! `report.html`: the whole run on one page that opens without a network. Rust computes and writes the
//! words and tables; `script/` draws from the data below them, and touches no figure.

mod data;
mod number;
mod page;
mod search;
mod series;

pub(crate) use search::{Bar, HeatMap, Knob, MapCell, MapRow, Search};

use askama::Template as _;
use autosim_study::experiment::{Comparison, Results};
use std::io::{self, Write};

/// File name.
pub(super) const NAME: &str = "report.html";

/// Writes the page; with the search that led to the run, if one did.
pub(super) fn write(
    results: &Results,
    comparison: &Comparison,
    search: Option<&Search>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let page = page::page(results, comparison, search)?;
    out.write_all(page.render().map_err(io::Error::other)?.as_bytes())
}

#[cfg(test)]
mod tests;
