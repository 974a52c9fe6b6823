//! What the page of a tuning shows of its search: the settings as a map, and what one step from the winner does. Tables,
//! which need no script; their colours are those of the style.

/// The search, ready to be written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Search {
    /// How it was searched and what came out, line by line.
    pub(crate) lines: Vec<String>,
    /// Of each policy that varies, if its settings fit a map.
    pub(crate) maps: Vec<HeatMap>,
    /// One step from the winner, the largest change of cost first.
    pub(crate) steps: Vec<Knob>,
}

/// Settings of two keys.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct HeatMap {
    pub(crate) policy: String,
    /// What the figures are, and which values the other keys have.
    pub(crate) below: String,
    pub(crate) across: String,
    /// Empty where only one key varies.
    pub(crate) upwards: String,
    pub(crate) columns: Vec<String>,
    /// The largest value first.
    pub(crate) rows: Vec<MapRow>,
}

/// One value upwards.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct MapRow {
    pub(crate) value: String,
    pub(crate) cells: Vec<MapCell>,
}

/// One setting.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct MapCell {
    /// What it cost; empty if it was not tried.
    pub(crate) cost: String,
    /// For the style: how it stands, where the boundary of the SLO runs, whether it is the winner or today's.
    pub(crate) class: String,
    /// How dear it is among those tried, for its colour, in percent.
    pub(crate) shade: u32,
    /// In words.
    pub(crate) told: String,
}

/// A step on one key.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Knob {
    pub(crate) key: String,
    pub(crate) value: String,
    /// Of cost and of latency.
    pub(crate) bars: [Bar; 2],
    pub(crate) class: &'static str,
    pub(crate) told: &'static str,
}

/// A change to either side of none.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Bar {
    pub(crate) text: String,
    /// Where it begins and how long it is, in percent of the room; the middle is no change.
    pub(crate) from: u32,
    pub(crate) width: u32,
    /// `less` or `more`.
    pub(crate) class: &'static str,
}

impl Bar {
    /// A relative change among others of which `most` is the largest; `None`: beyond all bounds.
    pub(crate) fn of(change: Option<f64>, most: f64) -> Self {
        let share = change.map_or(1.0, |change| (change / most.max(1e-9)).clamp(-1.0, 1.0));
        let width = (50.0 * share.abs()).round() as u32;
        let text = match change {
            None => "∞".to_owned(),
            Some(change) => {
                crate::number::times(change).unwrap_or_else(|| format!("{:+.1} %", 100.0 * change))
            }
        };
        match share < 0.0 {
            true => Self { text, from: 50 - width, width, class: "less" },
            false => Self { text, from: 50, width, class: "more" },
        }
    }
}
