//! Erlang's formulas for any number of servers in constant time.

use statrs::function::erf::erfc;
use std::f64::consts::{PI, SQRT_2};

/// Up to so many servers the recursion is taken; beyond, the asymptotic series, which is then within
/// 1e-6 of it.
const RECURSION: f64 = 200.0;

/// The share of arrivals lost by `servers` servers without a queue that are offered `load` (Erlang B);
/// linear between whole numbers of servers up to `RECURSION`.
pub fn erlang_b(servers: f64, load: f64) -> f64 {
    if load <= 0.0 {
        return 0.0;
    }
    if servers > RECURSION {
        return by_series(servers, load);
    }
    let whole = servers.max(0.0).floor();
    let mut lost = 1.0;
    for server in 1..=whole as u32 {
        lost = step(lost, f64::from(server), load);
    }
    let part = servers.max(0.0) - whole;
    if part == 0.0 { lost } else { lost + (step(lost, whole + 1.0, load) - lost) * part }
}

/// From one server fewer to `server`.
#[inline]
fn step(lost: f64, server: f64, load: f64) -> f64 {
    load * lost / (server + load * lost)
}

/// Where `rising` crosses zero between `low`, where it is negative, and `high`, where it is positive, by
/// false position that halves the end which stays (the Illinois method, Dowell and Jarratt 1971).
pub(crate) fn crossing(rising: impl Fn(f64) -> f64, (low, high): (f64, f64), near: f64) -> f64 {
    let (mut a, mut b) = ((low, rising(low)), (high, rising(high)));
    if a.1 >= 0.0 || b.1 <= 0.0 {
        return if a.1 >= 0.0 { low } else { high };
    }
    let mut stayed = 0;
    for _ in 0..60 {
        let width = b.0 - a.0;
        if width <= near {
            break;
        }
        // Three times the same end: halve the interval instead.
        let at = match stayed {
            3.. | ..=-3 => a.0 + width / 2.0,
            _ => (a.0 - a.1 * width / (b.1 - a.1)).clamp(a.0 + near / 4.0, b.0 - near / 4.0),
        };
        let value = rising(at);
        if value == 0.0 {
            return at;
        }
        if value < 0.0 {
            b.1 *= if stayed > 0 { 0.5 } else { 1.0 };
            stayed = stayed.max(0) % 3 + 1;
            a = (at, value);
        } else {
            a.1 *= if stayed < 0 { 0.5 } else { 1.0 };
            stayed = stayed.min(0) % 3 - 1;
            b = (at, value);
        }
    }
    f64::midpoint(a.0, b.0)
}

/// The share of arrivals that wait for one of `servers` servers of utilization `u` < 1 (Erlang C).
pub fn erlang_c(servers: f64, u: f64) -> f64 {
    let lost = erlang_b(servers, u * servers);
    lost / (1.0 - u * (1.0 - lost))
}

/// 1 / B = 1 + c! Q(c, a) / (a^c e^-a), where Q, the regularised upper incomplete gamma function, has
/// Temme's uniform expansion (DLMF 8.12; Janssen, van Leeuwaarden and Zwart 2011 give it for staffing).
fn by_series(servers: f64, load: f64) -> f64 {
    let (c, ratio) = (servers, load / servers);
    let away = ratio - 1.0;
    // eta^2 / 2 = ratio - 1 - ln ratio, with the sign of ratio - 1.
    let half = away - away.ln_1p();
    let eta = (2.0 * half.max(0.0)).sqrt().copysign(away);
    let (c0, c1) = if away.abs() < 1e-3 {
        (-1.0 / 3.0 + eta / 12.0, -1.0 / 540.0 - eta / 288.0)
    } else {
        let c0 = 1.0 / away - 1.0 / eta;
        let c1 = 1.0 / eta.powi(3) - 1.0 / away.powi(3) - 1.0 / away.powi(2) - 1.0 / (12.0 * away);
        (c0, c1)
    };
    // Gamma star: c! / (sqrt(2 pi c) (c / e)^c).
    let stirling = 1.0 + 1.0 / (12.0 * c) + 1.0 / (288.0 * c * c);
    let exponent = c * half;
    if exponent > 700.0 && eta < 0.0 {
        return 0.0;
    }
    let body = scaled_upper_tail(eta * c.sqrt(), exponent) * (2.0 * PI * c).sqrt();
    1.0 / (1.0 + stirling * (body + c0 + c1 / c))
}

/// exp(z^2 / 2) P(N > z) of a standard normal N; `half_square` = z^2 / 2.
fn scaled_upper_tail(z: f64, half_square: f64) -> f64 {
    if z < 20.0 {
        return half_square.exp() * 0.5 * erfc(z / SQRT_2);
    }
    // Mills' ratio.
    let q = 1.0 / (z * z);
    (1.0 - q + 3.0 * q * q) / (z * (2.0 * PI).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The recursion alone.
    fn exactly(servers: u32, load: f64) -> f64 {
        (1..=servers).fold(1.0, |lost, server| step(lost, f64::from(server), load))
    }

    #[test]
    fn known_values_are_met() {
        // Of one server C is its utilization; 10 servers at 8 erlang: B = 0.12166, C = 0.40918 (tables of
        // teletraffic).
        assert!((erlang_c(1.0, 0.7) - 0.7).abs() < 1e-12);
        assert!((erlang_b(10.0, 8.0) - 0.121_661).abs() < 1e-6);
        assert!((erlang_c(10.0, 0.8) - 0.409_18).abs() < 1e-5);
    }

    #[test]
    fn the_series_agrees_with_the_recursion() {
        for servers in [201, 300, 1000, 10_000] {
            for ratio in [0.8, 0.9, 0.95, 0.99, 0.999, 1.0, 1.0005, 1.01, 1.1, 2.0] {
                let c = f64::from(servers);
                let (series, exact) = (erlang_b(c, ratio * c), exactly(servers, ratio * c));
                let close = (series - exact).abs() <= 1e-5 * exact + 1e-250;
                assert!(close, "{servers} {ratio}: {series} {exact}");
            }
        }
    }

    #[test]
    fn crossings_are_found_whatever_the_curve() {
        for power in [1, 3, 9, 25] {
            let found = crossing(|x: f64| x.powi(power) - 0.3, (0.0, 1.0), 1e-9);
            assert!((found.powi(power) - 0.3).abs() < 1e-6, "{power}: {found}");
        }
        assert_eq!(crossing(|x| x + 1.0, (0.0, 1.0), 1e-9), 0.0);
    }

    #[test]
    fn millions_of_servers_cost_no_more() {
        // Halfin and Whitt 1981: with c - a = sqrt(a), C tends to 1 / (1 + Phi(1) / phi(1)) = 0.2234.
        let servers = 1e8;
        let load = servers - 1e4;
        assert!((erlang_c(servers, load / servers) - 0.2234).abs() < 2e-4);
        assert_eq!(erlang_b(1e8, 5e7), 0.0);
    }
}
