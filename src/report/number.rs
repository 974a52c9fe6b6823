//! Numbers as text: the same bytes for the same value, with digits that mean something.

use autosim_engine::simulation::Slo;
use autosim_engine::stats::Estimate;
use autosim_engine::units::{Currency, Span};
use autosim_study::experiment::Kind;

/// Digits after the point in files, by kind; trailing zeros are dropped.
const fn decimals(kind: Kind) -> usize {
    match kind {
        Kind::Count => 3,
        Kind::Milliseconds | Kind::Minutes | Kind::Percent | Kind::Replicas | Kind::Ratio => 4,
        Kind::Hours | Kind::Money => 6,
        Kind::Share => 8,
    }
}

/// A figure for a file; empty where there is none.
pub(super) fn figure(value: Option<f64>, kind: Kind) -> String {
    value.map_or_else(String::new, |value| plain(value, decimals(kind)))
}

/// The ends of an interval for a file; that of a share lies between 0 and 1, as the share does.
pub(super) fn interval(estimate: Option<Estimate>, kind: Kind) -> [String; 2] {
    let known = estimate.filter(|estimate| estimate.half_width.is_some());
    let within = |value: f64| if kind == Kind::Share { value.clamp(0.0, 1.0) } else { value };
    [Estimate::low, Estimate::high].map(|end| figure(known.map(|one| within(end(&one))), kind))
}

/// At most `decimals` digits after the point, without trailing zeros, never `-0` or an exponent.
pub fn plain(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    let text =
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// So many significant digits, without trailing zeros.
pub fn significant(value: f64, digits: usize) -> String {
    let magnitude = if value == 0.0 { 0 } else { value.abs().log10().floor() as i32 };
    plain(value, usize::try_from(digits as i32 - 1 - magnitude).unwrap_or(0).min(12))
}

/// A share for people: `12.3 %`.
pub(super) fn percent(share: f64) -> String {
    format!("{} %", significant(100.0 * share, 3))
}

/// A figure, told with at least so many digits and as many more as it takes to lie on its side of a limit.
pub(super) fn beside(
    value: f64,
    limit: f64,
    digits: usize,
    told: impl Fn(f64, usize) -> String,
) -> String {
    let same = |text: &String| {
        let shown: Result<f64, _> = text.replace(' ', "").parse();
        shown.is_ok_and(|shown| shown.total_cmp(&limit) == value.total_cmp(&limit))
    };
    let found = (digits..digits + 12).map(|digits| told(value, digits)).find(same);
    found.unwrap_or_else(|| told(value, digits))
}

/// A percentile in ms beside the SLO it is judged by. On which side of the limit it lies is counted, not read off a
/// histogram: one that is kept is below it, or at it where that is allowed, and one that is missed is not.
pub fn percentile_ms(ms: f64, slo: Slo, kept: bool) -> String {
    let (longest, limit) = (slo.longest().as_millis_f64(), slo.limit.as_millis_f64());
    let shortest_late = Span(slo.longest().0.saturating_add(1)).as_millis_f64();
    beside(if kept { ms.min(longest) } else { ms.max(shortest_late) }, limit, 4, significant)
}

/// A relative change in words where that is a large factor, which a percentage hides: `×41.6`.
pub(super) fn times(change: f64) -> Option<String> {
    (change >= 9.0).then(|| format!("×{}", human(1.0 + change, 3)))
}

/// About `digits` significant digits for people, thousands grouped by a thin gap: `1 234`, `0.0512`.
pub(super) fn human(value: f64, digits: usize) -> String {
    if !value.is_finite() {
        return "-".to_owned();
    }
    let magnitude = if value == 0.0 { 0 } else { value.abs().log10().floor() as i32 };
    let decimals = usize::try_from(digits as i32 - 1 - magnitude).unwrap_or(0).min(12);
    let text = format!("{value:.decimals$}");
    let text = if text.trim_start_matches('-').chars().all(|c| c == '0' || c == '.') {
        format!("{:.*}", decimals.min(digits), 0.0)
    } else {
        text
    };
    group(&text)
}

/// A currency for people: `XXX`, the code for none, is plain units.
pub(super) fn currency(currency: Currency) -> String {
    let code = currency.to_string();
    if code == "XXX" { "units".to_owned() } else { code }
}

/// Thousands of a plain number grouped: `12 345.6`.
pub fn group(text: &str) -> String {
    let (sign, rest) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (whole, part) = rest.find('.').map_or((rest, ""), |at| rest.split_at(at));
    if whole.len() < 5 {
        return text.to_owned();
    }
    let mut out = String::from(sign);
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at) % 3 == 0 {
            out.push(' ');
        }
        out.push(digit);
    }
    out + part
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_of_a_share_lies_where_shares_do() {
        let near_none = Estimate::of(&[0.0, 0.0, 0.01]);
        assert_eq!(interval(near_none, Kind::Share), ["0", "0.01767551"]);
        assert_eq!(interval(near_none, Kind::Ratio)[0], "-0.011");
        assert_eq!(interval(Estimate::of(&[0.5]), Kind::Share), ["", ""]);
    }

    #[test]
    fn files_have_plain_numbers_without_idle_zeros() {
        for (value, decimals, text) in [
            (1.5, 4, "1.5"),
            (100.0, 0, "100"),
            (-0.000_01, 3, "0"),
            (1e15, 3, "1000000000000000"),
            (0.1 + 0.2, 8, "0.3"),
        ] {
            assert_eq!(plain(value, decimals), text);
        }
        assert_eq!(figure(None, Kind::Money), "");
    }

    #[test]
    fn digits_are_significant() {
        for (value, text) in [(0.0, "0"), (0.00123456789, "0.00123457"), (1234567.8, "1234568")] {
            assert_eq!(significant(value, 6), text);
        }
    }

    #[test]
    fn a_percentile_is_shown_on_the_side_of_its_limit_on_which_it_was_counted() {
        let below = Slo::below(0.99, Span::from_secs(1));
        let up_to = Slo { or_equal: true, ..below };
        for (ms, slo, kept, shown) in [
            (1002.4, below, true, "999.999999"),
            (999.97, below, true, "999.97"),
            (999.1, below, false, "1000"),
            (700.0, below, true, "700"),
            (3087.41, below, false, "3087"),
            (1002.4, up_to, true, "1000"),
            (1000.0, up_to, false, "1000.000001"),
        ] {
            assert_eq!(percentile_ms(ms, slo, kept), shown, "{ms} {slo} {kept}");
        }
        for (mean, shown) in
            [(299.96, "299.96"), (300.04, "300.04"), (300.0, "300"), (275.0, "275")]
        {
            assert_eq!(beside(mean, 300.0, 3, human), shown);
        }
    }

    #[test]
    fn people_see_few_digits_and_grouped_thousands() {
        for (value, text) in [
            (1264.4, "1264"),
            (12644.4, "12 644"),
            (-1_234_567.0, "-1 234 567"),
            (0.051_234, "0.0512"),
            (3.0, "3.00"),
            (0.0, "0.00"),
            (f64::NAN, "-"),
        ] {
            assert_eq!(human(value, 3), text);
        }
    }
}
