//! The two configurations, `ScalingRuleTimer` and `ScalingRuleMetric`, checked as the platform does.

use super::native::{
    Bounds, Direction, MetricRule, MetricType, Period, Schedule, Set, Target, Timer,
};
use super::refusal::{
    BEGIN_AFTER_END, Checker, DATE_FORMAT, Member, Members, Place, TIME_CONFLICT, TIME_FORMAT,
    TOO_MANY_TIMES,
};
use autosim_engine::units::Span;
use jiff::civil::{Date, Time as ClockTime};

/// Neighbouring triggers must be further apart than this.
pub(super) const GAP_MINUTES: i32 = 5;
const MOST_TIMES: usize = 20;
const MINUTES_A_DAY: i32 = 24 * 60;

impl Checker<'_> {
    /// `special`: its entries move the bounds of a mix rule; else they set counts.
    pub(super) fn timer(&mut self, place: &Place<'_>, special: bool) -> Option<Timer> {
        let known = ["beginDate", "endDate", "period", "schedules"];
        let members = self.members(place, "ScalingRuleTimer", &known)?;
        let dates = self.dates(&members);
        let period = self.period(&members);
        let schedules = self.schedules(&members, period.as_ref(), special);
        let (begin, end) = dates?;
        Some(Timer { begin, end, period: period?, schedules: schedules? })
    }

    fn dates(&mut self, members: &Members<'_>) -> Option<(Option<Date>, Option<Date>)> {
        let (begin, end) = (members.get("beginDate"), members.get("endDate"));
        if self.knobs.both_dates && begin.is_some() != end.is_some() {
            let given = begin.as_ref().or(end.as_ref()).map_or("", |member| member.path.as_str());
            let missing = if begin.is_some() { "endDate" } else { "beginDate" };
            self.refuse(given, missing, DATE_FORMAT, "give both dates, or neither");
            return None;
        }
        let end_path = end.as_ref().map(|member| member.path.clone());
        let begin = begin.map(|member| self.date(&member));
        let end = end.map(|member| self.date(&member));
        if let (Some(Some(first)), Some(Some(last))) = (begin, end)
            && first > last
        {
            let path = end_path.unwrap_or_default();
            self.refuse(&path, "endDate", BEGIN_AFTER_END, "an end on or after the beginning");
            return None;
        }
        match (begin, end) {
            (Some(None), _) | (_, Some(None)) => None,
            (begin, end) => Some((begin.flatten(), end.flatten())),
        }
    }

    fn date(&mut self, member: &Member<'_>) -> Option<Date> {
        let well_formed = |text: &&str| {
            text.len() == 10
                && text.bytes().enumerate().all(|(at, byte)| match at {
                    4 | 7 => byte == b'-',
                    _ => byte.is_ascii_digit(),
                })
        };
        let date = member.value.as_str().filter(well_formed).and_then(|text| text.parse().ok());
        if date.is_none() {
            self.refuse(&member.path, member.name, DATE_FORMAT, "a day such as \"2021-03-25\"");
        }
        date
    }

    fn period(&mut self, members: &Members<'_>) -> Option<Period> {
        let remedy = "\"* * *\", \"* * Fri,Mon\" or \"1,2,31 * *\"";
        let Some(member) = members.get("period") else {
            self.missing(&members.path, "period", remedy);
            return None;
        };
        let period = member.value.as_str().and_then(Period::parse);
        if period.is_none() {
            self.obviously(&member.path, "period", remedy);
        }
        period
    }

    fn schedules(
        &mut self,
        members: &Members<'_>,
        period: Option<&Period>,
        special: bool,
    ) -> Option<Vec<Schedule>> {
        let remedy = "1 to 20 entries such as { \"atTime\": \"08:00\", \"targetReplicas\": 10 }";
        let Some(member) = members.get("schedules") else {
            self.missing(&members.path, "schedules", remedy);
            return None;
        };
        let Some(entries) = member.value.as_array() else {
            self.obviously(&member.path, "schedules", remedy);
            return None;
        };
        if entries.is_empty() {
            self.missing(&member.path, "schedules", remedy);
            return None;
        }
        if entries.len() > MOST_TIMES {
            self.refuse(&member.path, "schedules", TOO_MANY_TIMES, "at most 20 entries");
            return None;
        }
        let mut schedules = Vec::new();
        let mut times = Vec::new();
        for (at, value) in entries.iter().enumerate() {
            let place = Place { path: format!("{}.{at}", member.path), value };
            let (time, schedule) = self.schedule(&place, special);
            times.extend(time);
            schedules.extend(schedule);
        }
        let distinct = self.distances(times, period == Some(&Period::Daily));
        (distinct && schedules.len() == entries.len()).then_some(schedules)
    }

    /// The time with its path, and the whole entry if it is good.
    fn schedule(
        &mut self,
        place: &Place<'_>,
        special: bool,
    ) -> (Option<(ClockTime, String)>, Option<Schedule>) {
        let known = match special {
            true => &["atTime", "minReplicas", "maxReplicas"][..],
            false => &["atTime", "targetReplicas"][..],
        };
        let Some(members) = self.members(place, "schedules", known) else { return (None, None) };
        let at = self.at_time(&members);
        let set = match special {
            true => self.bounds(&members).map(Set::Bounds),
            false => self.required_replicas(&members, "targetReplicas").map(Set::Count),
        };
        let schedule = at.as_ref().and_then(|(at, _)| Some(Schedule { at: *at, set: set? }));
        (at, schedule)
    }

    fn at_time(&mut self, members: &Members<'_>) -> Option<(ClockTime, String)> {
        let Some(member) = members.get("atTime") else {
            self.missing(&members.path, "atTime", "a time of day such as \"08:00\"");
            return None;
        };
        let clock = |text: &str| {
            let (hour, minute) = text.split_once(':')?;
            let number = |part: &str| {
                let good = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
                part.parse::<i8>().ok().filter(|_| good)
            };
            ClockTime::new(number(hour)?, number(minute)?, 0, 0).ok()
        };
        let time = member.value.as_str().and_then(clock);
        if time.is_none() {
            self.refuse(&member.path, "atTime", TIME_FORMAT, "HH:mm, for example \"08:00\"");
        }
        time.map(|time| (time, member.path))
    }

    /// Whether the times of a day are far enough apart.
    fn distances(&mut self, mut times: Vec<(ClockTime, String)>, daily: bool) -> bool {
        times.sort_by_key(|(time, _)| *time);
        let minute = |time: &ClockTime| i32::from(time.hour()) * 60 + i32::from(time.minute());
        let mut close: Vec<String> = times
            .windows(2)
            .filter(|pair| minute(&pair[1].0) - minute(&pair[0].0) <= GAP_MINUTES)
            .map(|pair| pair[1].1.clone())
            .collect();
        if let (Some(first), Some(last)) = (times.first(), times.last())
            && daily
            && self.knobs.gap_across_midnight
            && times.len() > 1
            && minute(&first.0) + MINUTES_A_DAY - minute(&last.0) <= GAP_MINUTES
        {
            close.push(last.1.clone());
        }
        for path in &close {
            let remedy = "times more than 5 minutes apart";
            self.refuse(path, "atTime", TIME_CONFLICT, remedy);
        }
        close.is_empty()
    }

    fn required_replicas(&mut self, members: &Members<'_>, name: &'static str) -> Option<u32> {
        let Some(member) = members.get(name) else {
            self.missing(&members.path, name, "a number of replicas");
            return None;
        };
        self.replicas(&member)
    }

    fn bounds(&mut self, members: &Members<'_>) -> Option<Bounds> {
        let min = self.required_replicas(members, "minReplicas");
        let max = self.required_replicas(members, "maxReplicas");
        let bounds = Bounds { min: min?, max: max? };
        if bounds.min > bounds.max {
            let path = members.get("minReplicas").map(|member| member.path).unwrap_or_default();
            let why = "it must not exceed maxReplicas";
            self.with_message(&path, "minReplicas", why, "a minimum at or below the maximum");
            return None;
        }
        Some(bounds)
    }

    pub(super) fn metric(&mut self, place: &Place<'_>) -> Option<MetricRule> {
        let known = [
            "minReplicas",
            "maxReplicas",
            "metrics",
            "scaleUpRules",
            "scaleDownRules",
            "MetricsStatus",
        ];
        let members = self.members(place, "ScalingRuleMetric", &known)?;
        let bounds = self.bounds(&members);
        let metrics = self.metrics(&members);
        let up = self.direction(&members, "scaleUpRules");
        let down = self.direction(&members, "scaleDownRules");
        Some(MetricRule { bounds: bounds?, metrics: metrics?, up: up?, down: down? })
    }

    fn metrics(&mut self, members: &Members<'_>) -> Option<Vec<Target>> {
        let remedy = "at least one, for example \
             { \"metricType\": \"CPU\", \"metricTargetAverageUtilization\": 50 }";
        let Some(member) = members.get("metrics") else {
            self.missing(&members.path, "metrics", remedy);
            return None;
        };
        let Some(entries) = member.value.as_array() else {
            self.obviously(&member.path, "metrics", remedy);
            return None;
        };
        if entries.is_empty() {
            self.missing(&member.path, "metrics", remedy);
            return None;
        }
        let mut metrics: Vec<Target> = Vec::new();
        let mut seen = Vec::new();
        for (at, value) in entries.iter().enumerate() {
            let place = Place { path: format!("{}.{at}", member.path), value };
            metrics.extend(self.target(&place, &mut seen));
        }
        (metrics.len() == entries.len()).then_some(metrics)
    }

    fn target(&mut self, place: &Place<'_>, seen: &mut Vec<MetricType>) -> Option<Target> {
        let known = [
            "metricType",
            "metricTargetAverageUtilization",
            "slbId",
            "slbProject",
            "slbLogstore",
            "vport",
        ];
        let members = self.members(place, "metrics", &known)?;
        let kind = self.metric_type(&members);
        let limit = self.limit(&members, kind);
        let kind = kind?;
        let sound = self.source(&members, kind);
        if seen.contains(&kind) {
            let path = members.get("metricType").map(|member| member.path).unwrap_or_default();
            let why = "each metric type may be there once";
            self.with_message(&path, "metricType", why, "leave one of them out");
            return None;
        }
        seen.push(kind);
        if kind.is_response_time() {
            let message = format!("{} is a latency of the whole application", kind.name());
            let remedy = "more replicas may not lower it: the count can run away to the maximum";
            self.warn(&members.path, message, remedy);
        }
        sound.then_some(Target { kind, limit: limit? })
    }

    fn metric_type(&mut self, members: &Members<'_>) -> Option<MetricType> {
        let names = || MetricType::ALL.map(|(_, name, ..)| name).join(", ");
        let Some(member) = members.get("metricType") else {
            self.missing(&members.path, "metricType", format!("one of {}", names()));
            return None;
        };
        let text = member.value.as_str();
        let row = MetricType::ALL.iter().find(|(_, name, ..)| text == Some(*name));
        if row.is_none() {
            self.obviously(&member.path, "metricType", format!("one of {}", names()));
        }
        row.map(|row| row.0)
    }

    fn limit(&mut self, members: &Members<'_>, kind: Option<MetricType>) -> Option<u32> {
        const NAME: &str = "metricTargetAverageUtilization";
        let Some(member) = members.get(NAME) else {
            self.missing(&members.path, NAME, "a whole number above 0");
            return None;
        };
        let number = self.integer(&member)?;
        let percent = kind.is_some_and(MetricType::is_percent) && self.knobs.percent_at_most_100;
        let most = if percent { 100 } else { u32::MAX };
        let limit = u32::try_from(number).ok().filter(|limit| (1..=most).contains(limit));
        if limit.is_none() {
            let why = if percent { "it must be from 1 to 100" } else { "it must be above 0" };
            self.with_message(&member.path, NAME, why, "a whole number in that range");
        }
        limit
    }

    /// Where a load balancer's metric is read from; false if something required is missing.
    fn source(&mut self, members: &Members<'_>, kind: MetricType) -> bool {
        let errors = self.faults.errors();
        for (name, shown) in [("slbProject", "SlbProject"), ("slbLogstore", "SlbLogstore")] {
            match members.get(name) {
                Some(member) => {
                    let _ = self.text(&member);
                }
                None => self.source_missing(members, kind, shown),
            }
        }
        match members.get("vport") {
            None => self.source_missing(members, kind, "Vport"),
            Some(member) => {
                let port = self.integer_or_text(&member);
                if port.is_some_and(|port| !(1..=65_535).contains(&port)) {
                    let why = "it must be a port from 1 to 65535";
                    self.with_message(&member.path, "Vport", why, "the listener's port");
                }
            }
        }
        if let Some(member) = members.get("slbId") {
            let _ = self.text(&member);
        }
        self.faults.errors() == errors
    }

    fn source_missing(&mut self, members: &Members<'_>, kind: MetricType, name: &str) {
        if kind.of_balancer() && self.knobs.slb_source_required {
            let remedy = "the log project, logstore and listener port of the load balancer";
            self.missing(&members.path, name, remedy);
        }
    }

    fn direction(&mut self, members: &Members<'_>, name: &'static str) -> Option<Direction> {
        let Some(member) = members.get(name) else { return Some(Direction::default()) };
        let known = ["step", "disabled", "stabilizationWindowSeconds"];
        let inner = self.members(&member.place(), name, &known)?;
        let step = inner.get("step").map(|member| self.step(&member));
        let disabled = inner.get("disabled").map(|member| self.boolean(&member));
        let window = inner.get("stabilizationWindowSeconds").map(|member| self.window(&member));
        Some(Direction {
            step: match step {
                Some(step) => Some(step?),
                None => None,
            },
            disabled: disabled.unwrap_or(Some(false))?,
            window: window.unwrap_or(Some(Span::ZERO))?,
        })
    }

    fn step(&mut self, member: &Member<'_>) -> Option<u32> {
        let number = self.integer_or_text(member)?;
        let step = u32::try_from(number).ok().filter(|step| *step >= 1);
        if step.is_none() {
            let remedy = "replicas per unit of time, 1 or more";
            self.with_message(&member.path, "step", "it must be at least 1", remedy);
        }
        step
    }

    fn window(&mut self, member: &Member<'_>) -> Option<Span> {
        let number = self.integer(member)?;
        let seconds = u64::try_from(number).ok().filter(|seconds| *seconds <= 3600);
        if seconds.is_none() {
            let why = "it must be from 0 to 3600";
            self.with_message(&member.path, member.name, why, "seconds in that range");
        }
        seconds.map(Span::from_secs)
    }
}
