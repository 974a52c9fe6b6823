//! From real numbers to counts.

/// The smallest count not below `wanted`, forgiving float dust: `wanted` less 1e-9, rounded up, so that
/// 2.1 / 0.7 = 3.0000000000000004 is 3. Not a number and negative become 0; too large saturates.
pub fn ceil_count(wanted: f64) -> u32 {
    (wanted - 1e-9).ceil() as u32
}

#[cfg(test)]
mod tests {
    use super::ceil_count;

    #[test]
    fn counts_are_rounded_up_but_for_dust() {
        for (wanted, count) in [
            (0.0, 0),
            (2.1 / 0.7, 3),
            (8.6 / 2.15, 4),
            (3.000_001, 4),
            (1e-6, 1),
            (-5.0, 0),
            (f64::NAN, 0),
            (f64::INFINITY, u32::MAX),
        ] {
            assert_eq!(ceil_count(wanted), count, "{wanted}");
        }
    }
}
