//! What a policy saw, in words: the name of its first signal and the levels it was held against.

use super::number::plain;
use autosim_engine::control::{Acts, Level};

/// `requests_per_s_per_replica` as `requests per s per replica`; `_percent` as `, %`.
pub(super) fn words_of(signal: &str) -> String {
    match signal.strip_suffix("_percent") {
        Some(rest) => format!("{}, %", rest.replace('_', " ")),
        None => signal.replace('_', " "),
    }
}

/// What a signal is held against: `target 45`, `acts above 70 and below 25`.
pub(super) fn levels_told(levels: &[Level]) -> String {
    let of = |acts: Acts| {
        let values = levels.iter().filter(move |level| level.acts == acts);
        let told = values.map(|level| {
            let each = if level.each { " for each replica" } else { "" };
            format!("{}{each}", plain(level.value, 4))
        });
        told.collect::<Vec<_>>().join(", ")
    };
    let sides = [Acts::Above, Acts::Below].into_iter().zip(["above", "below"]);
    let sides = sides.map(|(acts, side)| (side, of(acts))).filter(|(_, told)| !told.is_empty());
    let sides: Vec<String> = sides.map(|(side, told)| format!("{side} {told}")).collect();
    let targets = of(Acts::Towards);
    let target = (!targets.is_empty()).then(|| format!("target {targets}"));
    let acts = (!sides.is_empty()).then(|| format!("acts {}", sides.join(" and ")));
    target.into_iter().chain(acts).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_are_named_with_their_unit() {
        assert_eq!(words_of("cpu_percent"), "cpu, %");
        assert_eq!(words_of("requests_per_s_per_replica"), "requests per s per replica");
    }

    #[test]
    fn levels_say_on_which_side_a_policy_acts() {
        let (above, below) = (Level::of(70.0, Acts::Above), Level::of(25.0, Acts::Below));
        for (levels, told) in [
            (vec![], ""),
            (vec![Level::target(45.0)], "target 45"),
            (vec![Level { each: true, ..Level::target(0.5) }], "target 0.5 for each replica"),
            (vec![above, below], "acts above 70 and below 25"),
            (vec![below, Level::of(90.0, Acts::Above), above], "acts above 90, 70 and below 25"),
        ] {
            assert_eq!(levels_told(&levels), told);
        }
    }
}
