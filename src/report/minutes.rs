//! The SLO minute by minute, merged where there are more minutes than a page has columns.

use autosim_engine::simulation::SloMinute;

/// Neighbouring minutes seen as one: the worst of them speaks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Column {
    /// Largest share of a minute's requests that failed or were late; `None` without traffic.
    pub late: Option<f64>,
    /// Minutes with traffic.
    pub minutes: u32,
    /// Of those, minutes in which the SLO was missed.
    pub broken: u32,
}

/// At most `columns` columns, each of equally many minutes (the last may have fewer), and how many.
pub(super) fn columns(
    minutes: &[SloMinute],
    quantile: f64,
    columns: usize,
) -> (usize, Vec<Column>) {
    let each = minutes.len().div_ceil(columns.max(1)).max(1);
    (each, minutes.chunks(each).map(|chunk| column(chunk, quantile)).collect())
}

fn column(minutes: &[SloMinute], quantile: f64) -> Column {
    let busy = minutes.iter().filter(|minute| minute.arrived > 0);
    let mut column = Column { late: None, minutes: 0, broken: 0 };
    for minute in busy {
        let late = 1.0 - f64::from(minute.within) / f64::from(minute.arrived);
        column.late = Some(column.late.unwrap_or(0.0).max(late));
        column.minutes += 1;
        column.broken += u32::from(minute.also_broken || is_broken(late, quantile));
    }
    column
}

/// Whether a share of late requests breaks an SLO on a quantile.
pub(super) fn is_broken(late: f64, quantile: f64) -> bool {
    // Shares are quotients of counts; the slack keeps 1 of 100 late within p99.
    late > 1.0 - quantile + 1e-12
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_minute_of_a_column_speaks() {
        let minute = |arrived, within| SloMinute { arrived, within, also_broken: false };
        let minutes =
            [minute(100, 100), minute(100, 80), minute(0, 0), minute(100, 99), minute(0, 0)];
        let (each, found) = columns(&minutes, 0.99, 3);
        assert_eq!(each, 2);
        let late: Vec<Option<f64>> =
            found.iter().map(|c| c.late.map(|s| (s * 100.0).round())).collect();
        assert_eq!(late, [Some(20.0), Some(1.0), None]);
        assert_eq!(found.iter().map(|c| c.broken).collect::<Vec<_>>(), [1, 0, 0]);
        assert_eq!(found.iter().map(|c| c.minutes).sum::<u32>(), 3);
        let also = SloMinute { also_broken: true, ..minute(100, 100) };
        assert_eq!(columns(&[also], 0.99, 3).1[0].broken, 1);
    }
}
