//! What a replica's life costs (rule 9).

use super::Billing;
use crate::units::Time;

impl Billing {
    /// Billed nanoseconds within `[from, until)` of a replica launched at `launched_at`, ready at
    /// `ready_at` (if it ever was) and gone at `gone_at`: the metered time rounded up to the increment,
    /// at least the minimum, laid from its start and clipped to the window (rule 9).
    pub fn billed_ns(
        &self,
        launched_at: Time,
        ready_at: Option<Time>,
        gone_at: Time,
        window: (Time, Time),
    ) -> u64 {
        let start = if self.from_ready { ready_at } else { Some(launched_at) };
        let Some(start) = start.filter(|start| *start < gone_at) else { return 0 };
        let metered = gone_at.since(start).0;
        let rounded = match self.increment.0 {
            0 => metered,
            increment => metered.div_ceil(increment).saturating_mul(increment),
        };
        let billed_until = start.0.saturating_add(rounded.max(self.minimum.0));
        billed_until.min(window.1.0).saturating_sub(start.0.max(window.0.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Span;

    /// (rule 9)
    #[test]
    fn billed_time_is_rounded_raised_to_the_minimum_and_clipped() {
        let s = Time::from_secs;
        let window = (s(100), s(1000));
        let bill = |increment, minimum, from_ready| Billing {
            increment: Span::from_secs(increment),
            minimum: Span::from_secs(minimum),
            from_ready,
        };
        // (billing, launched, ready, gone) -> billed seconds in the window
        let table = [
            (bill(0, 0, false), 200, Some(230), 290, 90),
            (bill(0, 0, true), 200, Some(230), 290, 60),
            (bill(0, 0, true), 200, None, 290, 0),
            (bill(60, 0, false), 200, Some(230), 290, 120),
            (bill(60, 0, false), 200, Some(230), 320, 120),
            (bill(1, 60, false), 200, Some(230), 210, 60),
            (bill(0, 0, false), 50, Some(60), 150, 50),
            (bill(0, 0, false), 950, Some(960), 2000, 50),
            (bill(3600, 0, false), 950, Some(960), 960, 50),
            (bill(60, 60, false), 200, Some(230), 200, 0),
            (bill(0, 60, false), 20, Some(20), 30, 0),
        ];
        for (billing, launched, ready, gone, expected) in table {
            let got = billing.billed_ns(s(launched), ready.map(s), s(gone), window);
            assert_eq!(got, expected * 1_000_000_000, "{billing:?} {launched} {ready:?} {gone}");
        }
    }
}
