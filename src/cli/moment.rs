//! When, as a user says it of a finished run.

use autosim_engine::units::{DayTime, Known, Span, Time, instant_of};
use autosim_policies::builtin::parts::calendar::At;
use autosim_study::scenario::Scenario;
use std::fmt;
use std::str::FromStr;

/// A moment of a run.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct When {
    text: String,
    meant: Meant,
}

#[derive(Debug, Clone, PartialEq)]
enum Meant {
    /// `last`: the end of the run.
    Last,
    /// `12:01`, `Mon 12:00`: the first one of the run.
    Clock(DayTime),
    /// From the start, or a date and time.
    At(At),
}

/// What a user may write.
const FORMS: &str = "write \"2h 5m\" or \"+90m\" from the start, \"12:01\", \"Mon 12:00\", \
                     \"2026-03-02T12:00\" or \"last\"";

impl FromStr for When {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let said = text.trim();
        let meant = if said.eq_ignore_ascii_case("last") {
            Meant::Last
        } else if let Some(offset) = said.strip_prefix('+') {
            let offset: Span = offset.parse().map_err(|_| FORMS.to_owned())?;
            Meant::At(At::Offset(offset))
        } else if let Some(shown) = DayTime::parse(said) {
            Meant::Clock(shown)
        } else {
            Meant::At(said.parse().map_err(|_| FORMS.to_owned())?)
        };
        Ok(Self { text: said.to_owned(), meant })
    }
}

impl When {
    /// As an instant of a run; else why it is none.
    pub(super) fn within(&self, scenario: &Scenario) -> Result<Time, String> {
        let (clock, end) = (&scenario.clock, scenario.window.end);
        let dated = clock.known() == Known::Date;
        let at = match &self.meant {
            Meant::Last => Some(Time(end.0.saturating_sub(1))),
            Meant::Clock(shown) => clock.first(*shown),
            Meant::At(At::Offset(offset)) => Some(Time::ZERO.after(*offset)),
            Meant::At(At::Instant(_) | At::Civil(_)) if !dated => {
                return Err(format!("--at {self}: the run has no date; {FORMS}"));
            }
            Meant::At(At::Instant(instant)) => clock.time_of(*instant),
            Meant::At(At::Civil(civil)) => {
                instant_of(*civil, clock.zone()).and_then(|instant| clock.time_of(instant))
            }
        };
        at.filter(|&at| at < end).ok_or_else(|| {
            let lasts = end.since(Time::ZERO);
            let from = clock.start_told().map(|start| format!(", from {start} on"));
            format!("--at {self}: the run lasts from 0s to {lasts}{}", from.unwrap_or_default())
        })
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use autosim_study::scenario::{LoadOptions, Sources, load};

    fn scenario(start: &str) -> Scenario {
        let text = format!(
            "name = 's'\nduration = '40h'\n{start}\n[workload.arrivals.main.poisson]\nrate = '1/s'\n\
             [policies.two.fixed]\nreplicas = 2\n"
        );
        load(Sources::new("s.toml", text), &LoadOptions::default()).unwrap().scenario
    }

    #[test]
    fn a_moment_is_told_in_any_form_people_use() {
        let dated = scenario("start = '2026-03-02T09:00:00+01:00'");
        for (text, minutes) in [
            ("2h 5m", 125),
            ("+90m", 90),
            ("+ 90 min", 90),
            ("12:01", 181),
            ("08:59", 1439),
            ("Mon 12:00", 180),
            ("tue 00:30:00", 930),
            ("2026-03-02T09:30", 30),
            ("2026-03-02T09:30:00Z", 90),
        ] {
            let at = text.parse::<When>().unwrap().within(&dated).unwrap();
            assert_eq!(at.0 / 60_000_000_000, minutes, "{text}");
        }
        let last = "last".parse::<When>().unwrap().within(&dated).unwrap();
        assert_eq!(last.after(Span(1)), dated.window.end);
        // As calendars and sources take it where nobody stated a clock: from a Monday, 00:00.
        let plain = scenario("");
        let at = "12:01".parse::<When>().unwrap().within(&plain).unwrap();
        assert_eq!(at, Time::from_secs(721 * 60));
    }

    #[test]
    fn what_is_no_moment_of_the_run_is_refused_with_what_would_be() {
        for text in ["noon", "12", "25:00", "+x", "Mon 12", "-5m", "lasst", ""] {
            let error = text.parse::<When>().unwrap_err();
            assert!(error.contains("\"Mon 12:00\"") && error.contains("\"last\""), "{text}");
        }
        let dated = scenario("start = '2026-03-02T09:00:00+01:00'");
        for text in ["Wed 12:00", "3d", "2026-03-01T12:00", "2027-01-01T00:00Z"] {
            let error = text.parse::<When>().unwrap().within(&dated).unwrap_err();
            assert!(error.contains("from 0s to 1d 16h, from Mon 2026-03-02 09:00"), "{error}");
        }
        let error = "2026-03-02".parse::<When>().unwrap().within(&scenario("")).unwrap_err();
        assert!(error.contains("has no date") && error.contains("+90m"), "{error}");
    }
}
