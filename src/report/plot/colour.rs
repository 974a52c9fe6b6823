//! Colours that people with any kind of colour vision tell apart (Okabe and Ito 2008).

use crate::incidents::Kind;

/// Red, green, blue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Colour(pub u8, pub u8, pub u8);

pub(super) const BLACK: Colour = Colour(0, 0, 0);
pub(super) const INK: Colour = Colour(0x22, 0x22, 0x22);
pub(super) const GREY: Colour = Colour(0x77, 0x77, 0x77);
pub(super) const PALE: Colour = Colour(0xe3, 0xe3, 0xe3);
pub(super) const FAINT: Colour = Colour(0xf1, 0xf1, 0xf1);
pub(super) const ORANGE: Colour = Colour(0xe6, 0x9f, 0x00);
pub(super) const SKY: Colour = Colour(0x56, 0xb4, 0xe9);
pub(super) const GREEN: Colour = Colour(0x00, 0x9e, 0x73);
pub(super) const BLUE: Colour = Colour(0x00, 0x72, 0xb2);
pub(super) const VERMILLION: Colour = Colour(0xd5, 0x5e, 0x00);
/// Darker than theirs, which is faint on white.
pub(super) const PURPLE: Colour = Colour(0xb8, 0x60, 0x8f);

/// The SLO's, and of nothing else.
pub(super) const CRIMSON: Colour = Colour(0xb0, 0x00, 0x3a);
/// Levels a policy acts at.
pub(super) const LEVEL: Colour = VERMILLION;

/// Of a kind of incident: that of its ink's name.
pub(super) const fn of_incident(kind: Kind) -> Colour {
    match kind {
        Kind::Failure => VERMILLION,
        Kind::Rollout => BLUE,
        Kind::Slowdown => ORANGE,
        Kind::MetricOutage => PURPLE,
        Kind::Intervention => GREEN,
        Kind::Resize => SKY,
    }
}

/// For things told apart by colour, in the order they are used.
const SERIES: [Colour; 7] = [BLUE, VERMILLION, GREEN, ORANGE, PURPLE, SKY, BLACK];

/// The n-th series: colours first, then the same ones dashed.
pub(super) fn series(at: usize) -> (Colour, Option<(f64, f64)>) {
    let dash = match at / SERIES.len() {
        0 => None,
        1 => Some((8.0, 4.0)),
        2 => Some((3.0, 3.0)),
        _ => Some((12.0, 6.0)),
    };
    (SERIES[at % SERIES.len()], dash)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(Colour(red, green, blue): Colour) -> String {
        format!("#{red:02x}{green:02x}{blue:02x}")
    }

    #[test]
    fn no_policy_has_the_colour_of_the_slo() {
        assert!((0..40).all(|at| series(at).0 != CRIMSON));
        let style = include_str!("../html/style.css");
        let of = |name: &str| -> Vec<&str> {
            let key = format!("--{name}: ");
            let after = style.split(key.as_str()).skip(1);
            after.map(|rest| rest.split_once(';').map_or(rest, |it| it.0)).collect()
        };
        // For light, dark and paper.
        let slo = of("slo");
        assert_eq!(slo.len(), 3);
        for name in ["blue", "vermillion", "green", "orange", "purple", "sky", "dark"] {
            let same = of(name).into_iter().zip(&slo).find(|(ink, slo)| ink == *slo);
            assert!(same.is_none(), "{name}: {same:?}");
        }
        assert_eq!(slo[0], hex(CRIMSON));
        // Incidents are marked in the same colours as on the page.
        for kind in Kind::ALL {
            assert_eq!(of(kind.ink())[0], hex(of_incident(*kind)), "{kind:?}");
        }
    }
}
