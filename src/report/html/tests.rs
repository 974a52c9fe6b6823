//! The page as text: that it is one file, whole and of the size it should be. What it does in a browser
//! is tested in `tests/it/report_page.rs`.

use super::*;
use crate::sample;

fn written(results: &Results, comparison: &Comparison) -> String {
    let mut out = Vec::new();
    write(results, comparison, None, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn data_of(page: &str) -> serde_json::Value {
    let start = page.find("id=\"data\">").unwrap() + "id=\"data\">".len();
    let end = start + page[start..].find("</script>").unwrap();
    serde_json::from_str(&page[start..end]).unwrap()
}

#[test]
fn the_page_answers_the_question_and_needs_no_network() {
    let (results, comparison) = sample::comparison();
    let page = written(&results, &comparison);
    assert!(page.contains("Which policy keeps p99 under 300 ms"));
    assert!(
        page.contains("steady is the cheapest policy that keeps p99 &#60; 300ms"),
        "no verdict"
    );
    for forbidden in ["http://", "https://", "src=", "@import", "url(http"] {
        let found = page.replace("http://www.w3.org/2000/svg", "");
        assert!(!found.contains(forbidden), "{forbidden} would leave the page");
    }
    let without_data = page.len() - data_of(&page).to_string().len();
    assert!(without_data < 150_000, "{without_data} bytes beside the data");
}

#[test]
fn the_data_has_every_series_with_columns_of_one_length() {
    let (results, comparison) = sample::comparison();
    let data = data_of(&written(&results, &comparison));
    assert_eq!(data["policies"].as_array().unwrap().len(), 6);
    assert_eq!(data["series"].as_array().unwrap().len(), 6);
    for series in data["series"].as_array().unwrap() {
        assert_eq!(series["merged"], 1);
        for column in series["columns"].as_object().unwrap().values() {
            assert_eq!(column.as_array().unwrap().len(), 1440);
        }
    }
    let arrivals = results.policies[1].details[0].services[0].timeline[600].arrivals as f64 / 60.0;
    let shown = data["series"][1]["columns"]["arrivals"][600].as_f64().unwrap();
    assert!((shown / arrivals - 1.0).abs() < 0.001, "{shown} for {arrivals}");
}

#[test]
fn attempts_are_a_curve_where_clients_try_again() {
    let (plain, comparison) = sample::comparison();
    let attempts = |results: &Results| {
        let data = data_of(&written(results, &comparison));
        data["series"][4]["columns"]["attempts"][600].as_f64()
    };
    assert_eq!(attempts(&plain), None);
    let results = sample::with_clients();
    let minute = &results.policies[4].details[0].services[0].timeline[600];
    let tried = (minute.arrivals + minute.arrivals / 4) as f64 / 60.0;
    let shown = attempts(&results).unwrap();
    assert!((shown / tried - 1.0).abs() < 0.001, "{shown} {tried}");
}

#[test]
fn the_page_marks_what_the_plots_mark() {
    let (plain, comparison) = sample::comparison();
    let series = |results: &Results, at: usize| {
        data_of(&written(results, &comparison))["series"][at].clone()
    };
    assert_eq!(series(&plain, 1)["incidents"], serde_json::json!([]));
    let results = sample::with_incidents();
    let found = series(&results, 1);
    let details = &results.policies[1].details[0].services[0];
    let list = crate::incidents::incidents(results.policies[1].settings.first(), details);
    assert_eq!(found["incidents"].as_array().unwrap().len(), list.len());
    assert_eq!(found["incidents"][0]["what"], list[0].what);
    assert_eq!(series(&plain, 2)["levels_told"], "acts above 70 and below 25");
    assert_eq!(series(&plain, 2)["levels"][1], serde_json::json!({ "value": 25, "each": false }));
}

#[test]
fn the_page_says_why_it_opens_on_a_policy() {
    let (results, comparison) = sample::comparison();
    let page = written(&results, &comparison);
    assert!(page.contains("Shown: steady, the cheapest that keeps the SLO."));
    assert_eq!(data_of(&page)["opening"][0], 1);
}

#[test]
fn what_users_name_cannot_leave_its_place() {
    let (mut results, _) = sample::comparison();
    results.policies[1].name = "</script><script>alert(1)".into();
    results.about.question = Some("<b>bold</b> & \"quoted\"?".into());
    results.about.recipe.name = "id=\"run\">".into();
    results.about.recipe.text = "# </script><script>alert(2) <b>bold".into();
    let page = written(&results, &Comparison::of(&results));
    assert!(!page.contains("</script><script>alert") && !page.contains("<b>bold"));
    assert_eq!(data_of(&page)["policies"][1]["name"], "</script><script>alert(1)");
    assert_eq!(page.matches("id=\"run\">").count(), 1, "which would be read first?");
}

#[test]
fn a_week_under_ten_policies_stays_below_six_megabytes() {
    let mut results = sample::results();
    let week = 7;
    results.about.window.end = autosim_engine::units::Time::from_secs(week * 86_400);
    let day = autosim_engine::units::Span::from_secs(86_400);
    for policy in &mut results.policies {
        let service = &mut policy.details[0].services[0];
        let (timeline, decisions) = (service.timeline.clone(), service.decisions.clone());
        let minutes = service.slo_minutes.clone();
        for n in 1..week {
            let later = |at: autosim_engine::units::Time| (0..n).fold(at, |at, _| at.after(day));
            service.timeline.extend(timeline.iter().cloned().map(|mut interval| {
                interval.at = later(interval.at);
                interval.arrivals += 7 * n;
                interval
            }));
            service.decisions.extend(decisions.iter().cycle().take(3000).cloned().map(|mut d| {
                d.at = later(d.at);
                d
            }));
            service.slo_minutes.extend_from_slice(&minutes);
        }
    }
    let four: Vec<_> = results.policies[1..5].to_vec();
    results.policies.extend(four);
    for (at, policy) in results.policies.iter_mut().enumerate() {
        policy.name = format!("policy-{at}");
    }
    let page = written(&results, &Comparison::of(&results));
    assert_eq!(data_of(&page)["policies"].as_array().unwrap().len(), 10);
    assert!(page.len() < 6_000_000, "{} bytes", page.len());
    assert!(page.len() > 2_000_000, "{} bytes: thinned more than needed", page.len());
}

#[test]
fn a_run_with_nothing_to_show_is_a_page_too() {
    let mut results = sample::results();
    results.about.slo = Default::default();
    results.about.question = None;
    results.references.work_bound.clear();
    for policy in &mut results.policies {
        policy.rows.clear();
        policy.details.clear();
        policy.latency.clear();
    }
    let page = written(&results, &Comparison::of(&results));
    assert!(data_of(&page)["series"].as_array().unwrap().is_empty());
    assert!(page.contains("no SLO is stated"));
}
