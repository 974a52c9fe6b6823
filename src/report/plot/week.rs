//! `waste-and-unmet`: hours of the week, what each policy wasted and what it left unserved.

use super::colour::{BLUE, Colour, GREY, INK, PALE, VERMILLION};
use super::label::{BOLD, fitted};
use super::picture::{Align, Picture, SMALL, TEXT, TextStyle};
use crate::hours::{Hour, Week, week};
use crate::number::human;
use autosim_study::experiment::Results;

const WIDTH: f64 = 1200.0;
const TOP: f64 = 104.0;
/// Left edge of the first map.
const LEFT: f64 = 280.0;
/// Left edge, title, what is shown, in which colour.
type Map = (f64, &'static str, fn(&Hour) -> f64, Colour);
const MAPS: [Map; 3] = [
    (LEFT, "idle replica-hours in an hour", Hour::mean_idle, BLUE),
    (LEFT + 310.0, "requests waiting, on average", Hour::mean_waiting, VERMILLION),
    (LEFT + 620.0, "requests failed in an hour", Hour::mean_failed, VERMILLION),
];
const CELL: f64 = 11.0;
/// Names end here: days of the week stand between them and the maps.
const NAMES: f64 = LEFT - 50.0;
const ROW: f64 = 17.0;
const GAP: f64 = 16.0;

/// Policies with a timeline long enough to be folded.
fn weeks(results: &Results) -> Vec<(&str, Week)> {
    let weeks = results.policies.iter().filter_map(|policy| {
        let service = policy.details.first()?.services.first()?;
        Some((policy.name.as_str(), week(&results.about, &service.timeline)?))
    });
    weeks.collect()
}

/// Whether there is anything to draw.
pub(super) fn has_any(results: &Results) -> bool {
    !weeks(results).is_empty()
}

/// Three maps for each policy; a colour means the same in all maps of a column.
pub(super) fn picture(results: &Results) -> Picture {
    let weeks = weeks(results);
    let heights = weeks.iter().map(|(_, week)| ROW * week.days.len() as f64 + GAP);
    let title = format!("{}: waste and unmet demand by hour of the week", results.about.title());
    let mut page = Picture::new(WIDTH, TOP + heights.sum::<f64>() + 40.0, title.clone());
    let below = "first replication; the darkest cell of a column is the most of any policy";
    page.heading(&title, below);
    for (left, words, value, colour) in MAPS {
        let hours =
            || weeks.iter().flat_map(|(_, week)| &week.days).flat_map(|day| day.hours.iter());
        let most = hours().flatten().map(value).fold(0.0, f64::max);
        let head =
            format!("{words}, most: {}", if most > 0.0 { human(most, 3) } else { "0".into() });
        page.styled((left, TOP - 22.0), head, SMALL, Align::Left, TextStyle::Bold);
        let mut top = TOP;
        for (name, week) in &weeks {
            map(&mut page, (left, top), week, |hour| shade(value(hour), most), colour);
            if left == MAPS[0].0 {
                let middle = top + ROW * week.days.len() as f64 / 2.0;
                let name = fitted(name, BOLD * TEXT, NAMES - 24.0);
                page.styled((24.0, middle), name, TEXT, Align::Left, TextStyle::Bold);
            }
            top += ROW * week.days.len() as f64 + GAP;
        }
        for hour in (0..24).step_by(6) {
            let x = left + CELL * f64::from(hour);
            page.text((x, top + 2.0), format!("{hour:02}:00"), SMALL, GREY, Align::Left);
        }
    }
    page
}

/// Roots: small values must be seen beside one large one.
fn shade(value: f64, most: f64) -> f64 {
    if value <= 0.0 || most <= 0.0 { 0.0 } else { 0.08 + 0.92 * (value / most).sqrt() }
}

fn map(
    page: &mut Picture,
    (left, top): (f64, f64),
    week: &Week,
    shade: impl Fn(&Hour) -> f64,
    colour: Colour,
) {
    for (row, day) in week.days.iter().enumerate() {
        let y = top + ROW * row as f64;
        page.text((left - 8.0, y + ROW / 2.0), day.name, SMALL, INK, Align::Right);
        for (at, hour) in day.hours.iter().enumerate() {
            let x = left + CELL * at as f64;
            let (right, bottom) = (x + CELL - 1.0, y + ROW - 1.0);
            let corners = vec![(x, y), (right, y), (right, bottom), (x, bottom)];
            match hour {
                Some(hour) => {
                    page.area(corners.clone(), PALE, 0.5);
                    page.area(corners, colour, shade(hour));
                }
                // Not measured: a stroke through the middle.
                None => page.line(vec![(x, y + ROW / 2.0), (right, y + ROW / 2.0)], PALE, 1.0),
            }
        }
    }
}
