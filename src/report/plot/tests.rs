//! Every chart is drawn; pictures are looked at by people, here only what can be counted is.

use super::super::sample;
use super::*;
use autosim_engine::control::{Stage, Why};
use autosim_study::experiment::Comparison;

/// The texts of an SVG, in order of drawing.
fn texts(svg: &str) -> Vec<String> {
    let document = roxmltree::Document::parse(svg).unwrap();
    let text = |node: roxmltree::Node<'_, '_>| node.text().unwrap_or_default().trim().to_owned();
    document.descendants().filter(|node| node.has_tag_name("text")).map(text).collect()
}

fn has(texts: &[String], part: &str) -> bool {
    texts.iter().any(|text| text.contains(part))
}

#[test]
fn cost_versus_latency_names_every_policy_and_line() {
    let (results, comparison) = sample::comparison();
    let svg = render::svg(&frontier::picture(&results, &comparison)).unwrap();
    let texts = texts(&svg);
    for policy in &results.policies {
        assert!(has(&texts, &policy.name), "{} is missing", policy.name);
    }
    for part in ["SLO p99 < 300ms", "work bound", "cost, USD", "frontier", "misses the SLO"] {
        assert!(has(&texts, part), "{part} is missing in {texts:?}");
    }
    assert!(texts.len() >= 25, "{} texts", texts.len());
    assert!(svg.starts_with("<svg xmlns=") && svg.contains("aria-label=\"launch-day: cost"));
}

#[test]
fn a_timeline_has_four_panels_with_units_and_reasons() {
    let results = sample::results();
    let texts = texts(&render::svg(&timeline::picture(&results, 1)).unwrap());
    for part in [
        "traffic, requests/s",
        "replicas",
        "decisions that changed the count: 36",
        "what the policy sees: cpu, %",
        "latency of completions",
        "SLO 300ms",
        "wanted without limits",
        "12:00",
        "UTC+08:00",
    ] {
        assert!(has(&texts, part), "{part} is missing in {texts:?}");
    }
}

/// Twelve policies of long names, to whose service all befalls that can.
fn twelve() -> Results {
    let mut results = sample::with_incidents();
    let six = sample::with_clients();
    for (policy, with_clients) in results.policies.iter_mut().zip(six.policies) {
        let intervals = &mut policy.details[0].services[0].timeline;
        let clients = with_clients.details[0].services[0].timeline.iter().map(|i| i.clients);
        intervals
            .iter_mut()
            .zip(clients)
            .for_each(|(interval, clients)| interval.clients = clients);
        // Every stage decides once.
        let decisions = &mut policy.details[0].services[0].decisions;
        for (record, stage) in decisions.iter_mut().zip(Stage::ALL) {
            record.decision = record.decision.then(*stage, record.decision.desired + 1, Why::Plain);
        }
    }
    results.about.closed_loop_users = 12_345;
    let again = results.policies.clone();
    results.policies.extend(again);
    for (at, policy) in results.policies.iter_mut().enumerate() {
        policy.name = format!("{}-of-the-policies-with-long-names-{at}", policy.name);
    }
    results
}

/// Where words stand: left, top, right, bottom.
fn extents(picture: &picture::Picture) -> Vec<(String, label::Area)> {
    let extent = |mark: &picture::Mark| match mark {
        picture::Mark::Text { at, text, size, align, style, .. } => {
            let bold = *style == picture::TextStyle::Bold;
            let width = render::text_width(text, if bold { label::BOLD * size } else { *size });
            let area = match style {
                picture::TextStyle::Upwards => {
                    (at.0 - 0.65 * size, at.1 - width / 2.0, at.0 + 0.65 * size, at.1 + width / 2.0)
                }
                picture::TextStyle::Normal | picture::TextStyle::Bold => {
                    label::extent(*at, *align, width, *size)
                }
            };
            Some((text.clone(), area))
        }
        picture::Mark::Line { .. } | picture::Mark::Area { .. } | picture::Mark::Dot { .. } => None,
    };
    picture.marks.iter().filter_map(extent).collect()
}

#[test]
fn no_words_cover_each_other_or_leave_a_picture() {
    for results in [sample::results(), twelve()] {
        let comparison = Comparison::of(&results);
        let count = results.policies.len();
        let timelines = (0..count).map(|at| timeline::picture(&results, at));
        let others = [
            frontier::picture(&results, &comparison),
            cdf::picture(&results),
            slo_minutes::picture(&results),
            week::picture(&results),
            offered::picture(&results),
        ];
        for picture in others.into_iter().chain(timelines) {
            words_are_apart(&labelled(&results, picture));
        }
    }
}

/// No words cover each other, and none leave the picture.
fn words_are_apart(picture: &picture::Picture) {
    let words = extents(picture);
    for (at, (text, area)) in words.iter().enumerate() {
        let within = area.0 >= 0.0 && area.2 <= picture.width;
        let within = within && area.1 >= 0.0 && area.3 <= picture.height;
        assert!(within, "{text} leaves {}: {area:?}", picture.description);
        for (other, there) in &words[..at] {
            let wide = area.2.min(there.2) - area.0.max(there.0);
            let high = area.3.min(there.3) - area.1.max(there.1);
            // Letters do not fill their line.
            let apart = wide <= 0.0 || high <= 2.0;
            assert!(apart, "{text} on {other}: {area:?} {there:?} {}", picture.description);
        }
    }
}

#[test]
fn a_recording_is_drawn_whatever_its_length_and_rate() {
    let clock = |text: &str| autosim_engine::units::WallClock::parse(text).unwrap_or_default();
    let week: Vec<Option<f64>> =
        (0..168).map(|at| (at > 30).then_some(f64::from(at) / 84.0)).collect();
    for (span_s, clock, hours) in [
        (3.0, clock(""), None),
        (600.0, clock("2026-03-02T22:40:00+08:00"), None),
        (90.0 * 86_400.0, clock("2026-03-02T22:40:00+08:00"), Some(week)),
        // 300 years of a recording that counts nanoseconds.
        (9e9, clock("1970-01-01"), None),
    ] {
        for rate in [0.0, 1e-4, 1e9] {
            let points = (0..400).map(|at| (rate * f64::from(at % 7), rate * 9.0)).collect();
            let plot = RecordingPlot {
                title: "a-recording-of-a-long-name.".repeat(12),
                below: "so many requests".to_owned(),
                clock: clock.clone(),
                span_s,
                point_s: span_s / 400.0,
                window_s: span_s / 4000.0,
                points,
                hours: hours.clone(),
            };
            words_are_apart(&plot.picture());
            let texts = texts(&String::from_utf8(plot.svg().unwrap()).unwrap());
            assert!(has(&texts, "requests per second") && has(&texts, "busiest"), "{texts:?}");
            assert_eq!(has(&texts, "hours of the week"), hours.is_some());
        }
    }
}

#[test]
fn levels_are_drawn_where_the_metric_they_are_of_is() {
    let results = sample::results();
    let drawn = |at: usize| {
        let picture = timeline::picture(&results, at);
        let level = |mark: &&picture::Mark| {
            matches!(mark, picture::Mark::Line { colour, dash: Some(_), points, .. }
                if *colour == colour::LEVEL && points.len() > 2)
        };
        let lines = picture.marks.iter().filter(level).count();
        (lines, texts(&render::svg(&picture).unwrap()))
    };
    for (at, lines, told) in [(1, 1, "target 60"), (2, 2, "acts above 70 and below 25")] {
        let (found, texts) = drawn(at);
        assert_eq!(found, lines, "{told}");
        assert!(has(&texts, told), "{told} is missing in {texts:?}");
        // One scale for both percentages.
        assert!(texts.iter().any(|text| text == "100") && !has(&texts, "right axis"), "{texts:?}");
    }
    assert_eq!(drawn(0).0, 0);
}

#[test]
fn what_befalls_a_service_is_marked_above_the_clock_and_across_the_panels() {
    let results = sample::with_incidents();
    let picture = timeline::picture(&results, 1);
    let texts = texts(&render::svg(&picture).unwrap());
    assert!(has(&texts, "what befell the service"), "{texts:?}");
    for kind in crate::incidents::Kind::ALL {
        assert!(has(&texts, kind.name()), "{} is missing in {texts:?}", kind.name());
        let ink = colour::of_incident(*kind);
        let marked = |mark: &&picture::Mark| matches!(mark, picture::Mark::Area { colour, opacity, .. } if *colour == ink && *opacity == 1.0);
        assert!(picture.marks.iter().any(|mark| marked(&mark)), "{kind:?}");
    }
    let plain = render::svg(&timeline::picture(&sample::results(), 1)).unwrap();
    assert!(!has(&self::texts(&plain), "what befell the service"));
}

#[test]
fn the_distributions_name_every_policy() {
    let results = sample::results();
    let texts = texts(&render::svg(&cdf::picture(&results)).unwrap());
    assert!(results.policies.iter().all(|policy| has(&texts, &policy.name)));
    assert!(has(&texts, "share not done") && has(&texts, "SLO p99 < 300ms"));
}

#[test]
fn the_slo_by_minute_has_a_strip_for_each_policy() {
    let results = sample::results();
    let texts = texts(&render::svg(&slo_minutes::picture(&results)).unwrap());
    assert!(results.policies.iter().all(|policy| has(&texts, &policy.name)));
    let kept: Vec<&String> = texts.iter().filter(|text| text.ends_with(" % kept")).collect();
    assert_eq!(kept.len(), 6, "{texts:?}");
    assert!(kept.iter().any(|text| *text != kept[0]), "{kept:?}");
    assert!(has(&texts, "kept: at most 1 % late") && has(&texts, "12:00"));
}

#[test]
fn offered_load_and_goodput_have_a_panel_for_each_policy_where_clients_try_again() {
    let (plain, comparison) = sample::comparison();
    let names = |results: &Results| -> Vec<String> {
        files(results, &comparison).into_iter().map(|file| file.name).collect()
    };
    assert!(!has(&names(&plain), "offered"));
    let results = sample::with_clients();
    assert!(has(&names(&results), "offered-and-goodput.svg"));
    assert!(has(&names(&results), "offered-and-goodput.png"));
    let texts = texts(&render::svg(&offered::picture(&results)).unwrap());
    assert!(results.policies.iter().all(|policy| has(&texts, &policy.name)));
    for part in ["first attempts", "retries", "goodput", "% fail", "12:00"] {
        assert!(has(&texts, part), "{part} is missing in {texts:?}");
    }
}

#[test]
fn hours_of_the_week_have_three_maps_for_each_policy() {
    let results = sample::results();
    let svg = render::svg(&week::picture(&results)).unwrap();
    let texts = texts(&svg);
    assert!(results.policies.iter().all(|policy| has(&texts, &policy.name)));
    for part in ["idle replica-hours in an hour, most: ", "requests failed", "Mon", "18:00"] {
        assert!(has(&texts, part), "{part} is missing in {texts:?}");
    }
    // Every measured hour has its ground, most of them a shade.
    assert!(svg.matches("<polygon").count() > 6 * 24 * 3, "{}", svg.matches("<polygon").count());
}

#[test]
fn a_png_is_two_pixels_to_a_point() {
    let (results, comparison) = sample::comparison();
    let picture = frontier::picture(&results, &comparison);
    let png = render::png(&picture).unwrap();
    assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n");
    let size = |at: usize| u32::from_be_bytes([png[at], png[at + 1], png[at + 2], png[at + 3]]);
    let expected = (2.0 * picture.width, 2.0 * picture.height);
    assert_eq!((f64::from(size(16)), f64::from(size(20))), expected);
}

#[test]
fn runs_with_nothing_to_show_are_drawn_too() {
    let mut results = sample::results();
    results.about.slo = Default::default();
    results.references.work_bound.clear();
    for policy in &mut results.policies {
        policy.rows.clear();
        policy.details.clear();
        policy.latency.clear();
    }
    let comparison = Comparison::of(&results);
    let svg = render::svg(&frontier::picture(&results, &comparison)).unwrap();
    assert!(has(&texts(&svg), "no SLO"));
    let svg = render::svg(&cdf::picture(&results)).unwrap();
    assert!(has(&texts(&svg), "no request arrived"));
    let names: Vec<String> = files(&results, &comparison).into_iter().map(|f| f.name).collect();
    assert_eq!(names, ["cost-vs-latency.svg", "cost-vs-latency.png", "latency-cdf.svg"]);
}

#[test]
fn where_every_percentile_is_infinite_the_share_that_failed_is_drawn() {
    let mut results = sample::results();
    results.policies.retain(|policy| policy.name == "night-sleeper");
    let mut twin = results.policies[0].clone();
    twin.name = "twin".into();
    results.policies.push(twin);
    let comparison = Comparison::of(&results);
    let words = texts(&render::svg(&frontier::picture(&results, &comparison)).unwrap());
    for part in ["share that failed: the p99 is infinite", "3 %", "twin", "misses the SLO"] {
        assert!(has(&words, part), "{part} is missing in {words:?}");
    }
    assert!(!has(&words, "SLO p99 < 300ms") && !has(&words, "frontier"), "{words:?}");
    let mut out = Vec::new();
    crate::html::write(&results, &comparison, None, &mut out).unwrap();
    let page = String::from_utf8(out).unwrap();
    assert!(page.contains("\"failing\":true") && page.contains("share that failed: the p99"));
    // One of them finite: latency again, the others as arrows.
    let (results, comparison) = sample::comparison();
    let words = texts(&render::svg(&frontier::picture(&results, &comparison)).unwrap());
    assert!(has(&words, "p99 latency of all requests"), "{words:?}");
}

#[test]
fn file_names_are_safe_and_differ() {
    let mut results = sample::results();
    results.policies[1].name = "a/b".into();
    results.policies[2].name = "a b".into();
    let comparison = Comparison::of(&results);
    let names: Vec<String> = files(&results, &comparison).into_iter().map(|f| f.name).collect();
    assert!(names.contains(&"timeline-a_b.svg".to_owned()));
    assert!(names.contains(&"timeline-a_b-3.svg".to_owned()));
}

#[test]
fn no_output_of_a_closed_loop_is_without_the_words() {
    let mut results = sample::results();
    let written = |results: &Results| -> Vec<(String, String)> {
        let comparison = Comparison::of(results);
        let texts = crate::files(results, &comparison, None, &[]).into_iter().map(|file| {
            let mut out = Vec::new();
            (file.write)(&mut out).unwrap();
            (file.name, String::from_utf8_lossy(&out).into_owned())
        });
        let shown = [
            ("table", crate::table(results, &comparison, 80)),
            ("markdown", crate::markdown(results, &comparison)),
            ("json", crate::summary_json(results, &comparison).to_string()),
        ];
        texts.chain(shown.map(|(name, text)| (name.to_owned(), text))).collect()
    };
    let says = |text: &str| {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        text.contains("losed loop")
            || text.contains("closed_loop_users\": 12345")
            || text.contains("closed_loop_users\":12345")
    };
    assert!(written(&results).iter().all(|(_, text)| !says(text)));
    results.about.closed_loop_users = 12_345;
    for (name, text) in written(&results) {
        // Figures, whose columns of users tell; records for programs, beside whose manifest they lie; and
        // what is no text.
        if !name.ends_with(".csv") && !name.ends_with(".jsonl") && !name.ends_with(".png") {
            assert!(says(&text), "{name}");
        }
    }
}
