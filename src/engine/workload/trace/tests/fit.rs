//! Models of recordings whose making is known.

use super::super::{Conversion, ConvertError, Form, Model, Options, convert, fit, generate};
use crate::random::{Distribution, Streams};
use crate::units::{Span, Time, WallClock};
use crate::workload::SourceSpec;
use crate::workload::arrivals::Moment;
use crate::workload::tests::resolve_in;

/// A recording of what sources make; with `dated` its first row is at midnight of Monday, 2 March 2026.
fn model(sources: &str, days: u64, form: Form, dated: bool) -> Model {
    let folder = tempfile::tempdir().unwrap();
    let end = Time::from_secs(days * 86_400);
    let (load, said) = resolve_in(folder.path(), sources, &WallClock::default(), end);
    let load = load.unwrap_or_else(|| panic!("{said:?}"));
    let path = folder.path().join("t.csv");
    generate(&load, &Streams::new(7, 0, 0), end, &path, form, &Default::default()).unwrap();
    if dated {
        let text = std::fs::read_to_string(&path).unwrap();
        let row = |line: &str| {
            let (seconds, value) = line.split_once(',').unwrap();
            format!("{},{value}\n", 1_772_409_600 + seconds.parse::<u64>().unwrap())
        };
        let rows: String = text.lines().skip(1).map(row).collect();
        std::fs::write(&path, format!("time,count\n{rows}")).unwrap();
    }
    fit(folder.path(), "t.csv", &Options::default(), 1).unwrap_or_else(|error| panic!("{error}"))
}

/// The names of what the model misses.
fn missed(model: &Model) -> Vec<&str> {
    model.compared.iter().filter(|one| one.missed).map(|one| one.what.as_str()).collect()
}

fn near(what: &str, found: f64, expected: f64, share: f64) {
    assert!((found / expected - 1.0).abs() <= share, "{what}: {found}, expected {expected}");
}

#[test]
fn a_poisson_stream_of_exponential_times_is_found_again() {
    let model = model(
        "[arrivals.a.poisson]\nrate = '2/s'\nservice_time.exponential.mean = '80ms'",
        1,
        Form::Timestamps,
        false,
    );
    assert_eq!(model.arrivals.keys().collect::<Vec<_>>(), ["course"], "no bursts are seen");
    let SourceSpec::Levels(levels) = &model.arrivals["course"].0 else { panic!() };
    for level in &levels.points {
        near("level", level.rate.as_per_second(), 2.0, 0.1);
    }
    let (law, _) = model.service_time.as_ref().unwrap();
    assert_eq!(law.kind(), "exponential");
    near("mean", law.mean_s(), 0.08, 0.02);
    assert_eq!(missed(&model), [""; 0]);
    assert!(model.unknown[0].contains("nothing is known of hours of the day"));
}

#[test]
fn independent_gaps_are_found_again() {
    let model = model(
        "[arrivals.a.renewal]\ngaps.gamma = { mean = '200ms', cv = 4 }\n\
         service_time.lognormal = { median = '1s', sigma = 0.9 }",
        1,
        Form::Timestamps,
        false,
    );
    let SourceSpec::Renewal(renewal) = &model.arrivals["gaps"].0 else { panic!() };
    near("gap", renewal.gaps.mean_s(), 0.2, 0.05);
    near("variation", renewal.gaps.cv(), 4.0, 0.05);
    let (law, told) = model.service_time.as_ref().unwrap();
    assert_eq!(law.kind(), "lognormal", "{told}");
    near("mean", law.mean_s(), (0.405_f64).exp(), 0.03);
    assert_eq!(missed(&model), [""; 0]);
}

#[test]
fn bursts_beside_the_hours_of_the_week_are_found_again() {
    let week = "[arrivals.a.profile]\nmean = '10/s'\nbetween = 'step'\ndays = [1, 1, 1, 1, 1, 0.4, 0.4]\n\
                hours = [1, 1, 1, 1, 1, 1, 1, 2, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 2, 2, 2, 2, 1, 1]\n";
    let bursts = "[arrivals.b.mmpp]\nstates = [{ rate = '0/s', dwell = '20m' }, { rate = '6/s', dwell = '10m' }]\n";
    let model = model(&format!("{week}{bursts}"), 21, Form::Counts(Span::from_secs(60)), true);
    let names: Vec<&String> = model.arrivals.keys().collect();
    assert_eq!(names, ["workdays", "weekend", "bursts"]);
    let SourceSpec::Profile(workdays) = &model.arrivals["workdays"].0 else { panic!() };
    // Whatever part of the bursts stays in the hours: a workday's are busier, and noon's than midnight's.
    assert!(workdays.days[0] > 1.2 && workdays.days[5] == 0.0, "{workdays:?}");
    assert!(workdays.hours[12] > 1.3 * workdays.hours[2], "{workdays:?}");
    let SourceSpec::Mmpp(mmpp) = &model.arrivals["bursts"].0 else { panic!() };
    let [low, high] = mmpp.states[..] else { panic!() };
    // The rate of bursts and their stays: the deviation 6 sqrt(2/9) and the decay 1/20m + 1/10m.
    let share = high.dwell.as_secs_f64() / (high.dwell.as_secs_f64() + low.dwell.as_secs_f64());
    let deviation = high.rate.as_per_second() * (share * (1.0 - share)).sqrt();
    near("deviation", deviation, 6.0 * (2.0_f64 / 9.0).sqrt(), 0.25);
    let decay = 1.0 / high.dwell.as_secs_f64() + 1.0 / low.dwell.as_secs_f64();
    near("decay", decay, 1.0 / 1200.0 + 1.0 / 600.0, 0.4);
    assert_eq!(missed(&model), [""; 0], "{:?}", model.compared);
}

#[test]
fn counts_of_any_interval_of_a_stream_without_bursts_show_none() {
    let profile = "[arrivals.a.profile]\nmean = '2/s'\nhours = [1, 1, 1, 1, 1, 1, 2, 5, 9, 10, 10, 9, 8, 9, 10, 9, \
                   8, 6, 4, 3, 2, 2, 1, 1]";
    for minutes in [10, 30, 60] {
        let model = model(profile, 21, Form::Counts(Span::from_secs(60 * minutes)), true);
        let names: Vec<&String> = model.arrivals.keys().collect();
        assert_eq!(names, ["workdays", "weekend"], "of {minutes} min: {:?}", model.arrivals);
        assert_eq!(missed(&model), [""; 0], "{:?}", model.compared);
    }
}

#[test]
fn the_course_of_a_short_recording_lies_within_it() {
    let model =
        model("[arrivals.a.poisson]\nrate = '2/s'", 1, Form::Counts(Span::from_secs(1260)), false);
    let SourceSpec::Levels(levels) = &model.arrivals["course"].0 else { panic!() };
    let Moment::Offset(last) = levels.points.last().unwrap().at else { panic!() };
    assert!(last < model.length, "{last} of {}", model.length);
}

#[test]
fn a_trend_is_a_straight_line_beside_the_week() {
    let model = model(
        "[arrivals.a.poisson]\nrate = '2/s'\n\
         [arrivals.b.ramp]\nfrom = '0/s'\nto = '1.5/s'\nstart = '0s'\nlength = '56d'",
        56,
        Form::Counts(Span::from_secs(600)),
        true,
    );
    let SourceSpec::Ramp(ramp) = &model.arrivals["trend"].0 else { panic!() };
    near("growth", ramp.to.as_per_second(), 1.5, 0.05);
    assert_eq!((ramp.from.as_per_second(), ramp.length), (0.0, Span::from_secs(56 * 86_400)));
    assert_eq!(missed(&model), [""; 0], "{:?}", model.compared);
}

#[test]
fn times_that_are_of_no_law_are_kept_as_quantiles() {
    let model = model(
        "[arrivals.a.poisson]\nrate = '1/s'\nservice_time.mixture = [\n\
         { weight = 1, law.constant = '10ms' }, { weight = 1, law.uniform = { min = '5s', max = '6s' } }]",
        1,
        Form::Timestamps,
        false,
    );
    let (law, told) = model.service_time.as_ref().unwrap();
    assert!(matches!(law, Distribution::Empirical(_)) && told.contains("no law is within 4 %"));
    near("mean", law.mean_s(), 2.755, 0.1);
    assert!(!missed(&model).contains(&"service time, p99, s"), "{:?}", model.compared);
}

#[test]
fn what_a_model_misses_is_named() {
    // One minute of the day has three hundred times as many: no rate that comes and goes by itself has such a peak.
    let spike = "[arrivals.a.poisson]\nrate = '0.2/s'\n[arrivals.b.spike]\nheight = '60/s'\nat = '40000s'\n\
                 rise = '1s'\nhold = '60s'\nfall = '1s'";
    let model = model(spike, 1, Form::Timestamps, false);
    assert!(missed(&model).contains(&"most in 1s"), "{:?}", model.compared);
}

#[test]
fn a_recording_of_an_hour_a_century_ago_and_one_of_now_is_measured_in_part() {
    let folder = tempfile::tempdir().unwrap();
    let rows = |from: u64| (0..3600).map(move |s| format!("{},5\n", from + s)).collect::<String>();
    let text = format!("time,count\n{}{}", rows(1_000_000_000), rows(4_000_000_000));
    std::fs::write(folder.path().join("t.csv"), text).unwrap();
    let model = fit(folder.path(), "t.csv", &Options::default(), 1).unwrap();
    assert!(
        model.unknown.iter().any(|one| one.contains("their first 231d")),
        "{:?}",
        model.unknown
    );
    // Of that part the recording's figures are too.
    assert_eq!((model.original.requests, model.original.span_s), (18_000.0, model.drawn.span_s));
}

#[test]
fn durations_beside_counts_are_the_law_of_the_model_and_no_part_of_a_table_of_counts() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    put("counts.csv", "HashOwner,HashApp,HashFunction,Trigger,1,2,3\no,a,f,http,50,60,70\n");
    let names = [0, 1, 25, 50, 75, 99, 100].map(|share| format!("percentile_Average_{share}"));
    let times = "10,10,10,20,20,20,20";
    put(
        "took.csv",
        &format!("HashOwner,HashApp,HashFunction,{}\no,a,f,{times}\n", names.join(",")),
    );
    let options = Options { durations: Some("took.csv".to_owned()), ..Options::default() };
    let model = fit(folder.path(), "counts.csv", &options, 1).unwrap();
    let (law, told) = model.service_time.unwrap();
    near("mean", law.mean_s(), 0.25 * 0.01 + 0.25 * 0.015 + 0.5 * 0.02, 2e-3);
    assert!(told.contains("took.csv"), "{told}");
    let unknown = model.unknown.join("\n");
    assert!(!unknown.contains("service times"), "{unknown}");

    let (paths, out) = (["counts.csv".to_owned()], folder.path().join("out.csv"));
    let how = Conversion::default();
    let done = convert(folder.path(), &paths, &options, &how, &out, &Default::default());
    let ConvertError::Recording(error) = done.unwrap_err() else { panic!() };
    assert!(error.message.contains("of took.csv") && error.hint.contains("leave out --durations"));
    assert!(!out.exists());
}

#[test]
fn too_little_makes_no_model() {
    let folder = tempfile::tempdir().unwrap();
    for text in ["time_s\n1\n2\n3\n".to_owned(), format!("time_s\n{}", "5\n".repeat(200))] {
        std::fs::write(folder.path().join("t.csv"), &text).unwrap();
        let error = fit(folder.path(), "t.csv", &Options::default(), 1).unwrap_err().to_string();
        assert!(error.contains("t.csv") && error.contains("at least 100 requests"), "{error}");
    }
}
