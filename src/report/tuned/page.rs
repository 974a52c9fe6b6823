//! A tuning for its page: the map of settings with the SLO's boundary, and the tornado of steps from the winner.

use super::{Tuned, told};
use crate::html::{Bar, HeatMap, Knob, MapCell, MapRow, Search};
use crate::plot::{Cell, SettingsMap};
use autosim_study::tune::{Standing, Step};
use std::collections::BTreeMap;

impl Tuned<'_> {
    /// What its page shows of the search.
    pub(crate) fn search(&self) -> Search {
        let (before, _) = self.text();
        let lines = before.lines().map(str::trim_end).filter(|line| !line.is_empty());
        let families = self.laboratory.families.iter().enumerate();
        let varies = families.filter(|(_, family)| !family.space.axes.is_empty());
        let maps = varies.filter_map(|(at, family)| Some(heat(&family.policy, &self.map(at)?)));
        Search {
            lines: lines.map(str::to_owned).collect(),
            maps: maps.collect(),
            steps: tornado(&self.sensitivity()),
        }
    }
}

fn heat(policy: &str, map: &SettingsMap) -> HeatMap {
    let at: BTreeMap<(usize, usize), &Cell> = map.tried.iter().map(|one| (one.at, one)).collect();
    let costs = || map.tried.iter().map(|one| one.cost_value.max(1e-12).ln());
    let (least, most) =
        (costs().fold(f64::INFINITY, f64::min), costs().fold(f64::NEG_INFINITY, f64::max));
    let shade = |cost: f64| {
        let share = (cost.max(1e-12).ln() - least) / (most - least).max(1e-9);
        (22.0 + 50.0 * share.clamp(0.0, 1.0)).round() as u32
    };
    let cell = |x: usize, y: usize| {
        let Some(own) = at.get(&(x, y)) else {
            let (cost, told) = (String::new(), "not tried".to_owned());
            return MapCell { cost, class: "none".to_owned(), shade: 0, told };
        };
        let holds = |one: &Cell| one.standing == Standing::Holds;
        let parts =
            |next: (usize, usize)| at.get(&next).is_some_and(|one| holds(one) != holds(own));
        let mut class = vec![match own.standing {
            Standing::Holds => "holds",
            Standing::Breaks => "breaks",
            Standing::CannotTell => "open",
        }];
        // Drawn once: by the cell to the left of it, or above it.
        class.extend(parts((x + 1, y)).then_some("edge-right"));
        class.extend(
            y.checked_sub(1).is_some_and(|below| parts((x, below))).then_some("edge-below"),
        );
        class.extend(own.chosen.then_some("winner"));
        class.extend(own.today.then_some("today"));
        let mut words = format!("{} {}", map.across.0, map.across.1[x]);
        if !map.upwards.0.is_empty() {
            words += &format!(", {} {}", map.upwards.0, map.upwards.1[y]);
        }
        words += &format!(": {}, {}", own.cost, told(own.standing));
        words += if own.chosen { "; the winner" } else { "" };
        words += if own.today { "; in force today" } else { "" };
        let (cost, shade) = (own.cost.clone(), shade(own.cost_value));
        MapCell { cost, class: class.join(" "), shade, told: words }
    };
    let columns = map.across.1.len();
    let row = |(y, value): (usize, &String)| MapRow {
        value: value.clone(),
        cells: (0..columns).map(|x| cell(x, y)).collect(),
    };
    HeatMap {
        policy: policy.to_owned(),
        below: map.below.clone(),
        across: map.across.0.clone(),
        upwards: map.upwards.0.clone(),
        columns: map.across.1.clone(),
        rows: map.upwards.1.iter().enumerate().rev().map(row).collect(),
    }
}

/// The steps with bars of one scale for cost and one for latency; twice as late is as long as it gets.
fn tornado(steps: &[Step]) -> Vec<Knob> {
    const LONGEST: f64 = 1.0;
    let cost = |step: &Step| step.cost - 1.0;
    let latency = |step: &Step| match step.latency_ms {
        (Some(there), Some(here)) if here > 0.0 => Some(there / here - 1.0),
        (Some(_), _) => Some(0.0),
        (None, _) => None,
    };
    let largest = |values: &dyn Fn(&Step) -> f64| {
        steps.iter().map(|step| values(step).abs()).fold(0.01, f64::max).min(LONGEST)
    };
    let most_cost = largest(&cost);
    let most_latency = largest(&|step| latency(step).unwrap_or(LONGEST));
    let knob = |step: &Step| Knob {
        key: step.key.clone(),
        value: step.value.clone(),
        bars: [Bar::of(Some(cost(step)), most_cost), Bar::of(latency(step), most_latency)],
        class: match step.standing {
            Standing::Holds => "met",
            Standing::Breaks => "missed",
            Standing::CannotTell => "",
        },
        told: told(step.standing),
    };
    steps.iter().map(knob).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `_` not tried, `h` holds, `b` breaks; rows from the largest value down.
    fn classes(rows: [&str; 2]) -> Vec<Vec<String>> {
        let mut tried = Vec::new();
        for (y, row) in rows.iter().rev().enumerate() {
            for (x, standing) in row.chars().enumerate().filter(|(_, c)| *c != '_') {
                tried.push(Cell {
                    at: (x, y),
                    standing: if standing == 'h' { Standing::Holds } else { Standing::Breaks },
                    cost: format!("{x}"),
                    cost_value: 1.0 + x as f64,
                    chosen: (x, y) == (1, 0),
                    today: (x, y) == (0, 1),
                });
            }
        }
        let values = |values: &[&str]| values.iter().map(|one| (*one).to_owned()).collect();
        let map = SettingsMap {
            title: String::new(),
            below: String::new(),
            across: ("target".to_owned(), values(&["40", "50", "60"])),
            upwards: ("min".to_owned(), values(&["1", "2"])),
            tried,
        };
        let heat = heat("p", &map);
        assert_eq!(heat.rows[0].value, "2");
        let row = |row: &MapRow| row.cells.iter().map(|cell| cell.class.clone()).collect();
        heat.rows.iter().map(row).collect()
    }

    #[test]
    fn the_boundary_of_the_slo_runs_between_settings_that_hold_and_those_that_do_not() {
        assert_eq!(
            classes(["hhb", "hb_"]),
            [
                ["holds today", "holds edge-right edge-below", "breaks"],
                ["holds edge-right", "breaks winner", "none"],
            ]
        );
    }

    #[test]
    fn a_bar_reaches_from_no_change_to_one_side() {
        for (change, most, text, from, width) in [
            (Some(0.05), 0.1, "+5.0 %", 50, 25),
            (Some(-0.1), 0.1, "-10.0 %", 0, 50),
            (Some(0.0), 0.1, "+0.0 %", 50, 0),
            (Some(20.0), 1.0, "×21.0", 50, 50),
            (None, 1.0, "∞", 50, 50),
        ] {
            let bar = Bar::of(change, most);
            assert_eq!((bar.text.as_str(), bar.from, bar.width), (text, from, width));
        }
    }
}
