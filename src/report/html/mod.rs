//! `report.html`: the whole run on one page that opens without a network. Rust computes and writes the
//! words and tables; `script/` draws from the data below them, and touches no figure.

mod data;
mod number;
mod page;
mod series;

use askama::Template as _;
use autosim_study::experiment::{Comparison, Results};
use std::io::{self, Write};

/// File name.
pub(super) const NAME: &str = "report.html";

/// Writes the page.
pub(super) fn write(
    results: &Results,
    comparison: &Comparison,
    out: &mut dyn Write,
) -> io::Result<()> {
    let page = page::page(results, comparison)?;
    out.write_all(page.render().map_err(io::Error::other)?.as_bytes())
}

#[cfg(test)]
mod tests;
