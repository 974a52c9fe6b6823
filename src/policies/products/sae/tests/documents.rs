//! Documents: what is accepted, amended, refused, and what goes out again.

use super::*;
use crate::products::tape::{documents, faults};
use crate::products::{DocumentFault, Happening, MinReady, Product};
use autosim_engine::control::{Decision, Observation, Stage, Why};
use autosim_engine::signal::{Census, Reading};
use autosim_engine::units::Time;
use serde_json::{Value, json};

fn found(json: &str, strict: bool) -> Vec<String> {
    faults::<Sae>(json, &Knobs::default(), strict)
}

fn errors(json: &str) -> Vec<String> {
    found(json, false).into_iter().filter(|line| line.starts_with("Error")).collect()
}

fn read(json: &str) -> super::super::Model {
    model::<Sae>(json, &Knobs::default())
}

fn request(members: &str) -> String {
    format!(r#"{{"AppId":"a","ScalingRuleName":"r",{members}}}"#)
}

fn quoted(json: &str) -> String {
    serde_json::to_string(json).unwrap()
}

/// The response of the API reference.
const RESPONSE: &str = r#"{"RequestId":"9","TraceId":"0","Data":{"Timer":{"EndDate":"2021-04-25",
    "BeginDate":"2021-03-25","Schedules":[{"AtTime":"08:00","TargetReplicas":3}],"Period":"* * *"},
    "UpdateTime":1616642248938,"AppId":"7","CreateTime":1616642248938,"LastDisableTime":1641882854484,
    "ScaleRuleEnabled":true,"ScaleRuleType":"timing","Metric":{"Metrics":[
    {"MetricTargetAverageUtilization":20,"MetricType":"CPU"}],"MaxReplicas":3,"MinReplicas":1},
    "ScaleRuleName":"test"},"Message":"success","ErrorCode":"Null\n","Code":"200","Success":true}"#;

const MIX_TIMER: &str = r#"{"period":"* * *","schedules":[
    {"atTime":"08:00","maxReplicas":10,"minReplicas":3},
    {"atTime":"20:00","maxReplicas":50,"minReplicas":3}]}"#;

#[test]
fn accepted_documents_come_out_as_they_went_in() {
    let newer = METRIC
        .replace("SlbProject", "slbProject")
        .replace("SlbLogstore", "slbLogstore")
        .replace("Vport", "vport")
        .replace(r#""SLB_QPS","#, r#""SLB_QPS","slbId":"lb-1","#);
    let text = request(&format!(
        r#""ScalingRuleType":"mix","ScalingRuleEnable":true,"MinReadyInstances":3,
        "MinReadyInstanceRatio":-1,"EnableIdle":false,
        "ScalingRuleTimer":{},"ScalingRuleMetric":{}"#,
        quoted(MIX_TIMER),
        quoted(METRIC)
    ));
    let objects = request(&format!(r#""ScalingRuleTimer":{TIMER}"#));
    let friday = timer(r#""period":"* * Fri,Mon""#, r#"{"atTime":"08:00","targetReplicas":1}"#);
    let monthly = friday.replace("* * Fri,Mon", "1,2,3,28,31 * *");
    let mix = format!("[{MIX_TIMER},{METRIC}]");
    for json in [TIMER, METRIC, &newer, &text, &objects, &friday, &monthly, &mix, MIX_TIMER] {
        let once = Sae::export(&read(json));
        assert_eq!(once, documents(json));
        let whole = Value::Array(once.clone()).to_string();
        assert_eq!(Sae::export(&read(&whole)), once);
        assert!(documents(json).iter().all(|one| Sae::likeness(one).is_some()), "{json}");
    }
}

#[test]
fn keys_of_a_client_library_are_those_of_the_api_in_another_case() {
    let spelt = format!(
        r#"{{"app_id":"a","scaling_rule_name":"r","scalingRuleType":"metric",
            "scaling_rule_metric":{}}}"#,
        METRIC.replace("minReplicas", "min_replicas")
    );
    assert!(Sae::likeness(&documents(&spelt)[0]).is_some());
    assert_eq!(Sae::platform(&read(&spelt), &Knobs::default()).start, 1);
}

#[test]
fn what_is_about_a_rule_belongs_with_it_and_a_whole_rule_of_its_name_is_an_alternative() {
    let value = |text: &str| documents(text)[0].clone();
    let rule = |name: &str, kind: &str| {
        json!({"AppId": "a", "ScalingRuleName": name, "ScalingRuleType": kind,
            "ScalingRuleTimer": TIMER, "ScalingRuleMetric": METRIC})
    };
    let update = json!({"AppId": "a", "ScalingRuleName": "r", "MinReadyInstances": 2});
    let mut elsewhere = rule("s", "timing");
    elsewhere["AppId"] = json!("b");
    for (before, document, joins) in [
        (value(METRIC), value(MIX_TIMER), true),
        (value(MIX_TIMER), value(METRIC), true),
        (value(METRIC), value(METRIC), false),
        (value(TIMER), value(METRIC), false),
        (rule("r", "timing"), rule("s", "timing"), true),
        (rule("r", "timing"), elsewhere, false),
        (rule("r", "metric"), rule("s", "metric"), false),
        (rule("r", "metric"), rule("r", "metric"), false),
        (rule("r", "metric"), update, true),
    ] {
        let before = std::slice::from_ref(&before);
        assert_eq!(Sae::joins(before, &document), joins, "{before:?}\n{document}");
    }
}

#[test]
fn a_response_goes_out_as_the_request_that_would_make_it() {
    let once = Sae::export(&read(RESPONSE));
    assert_eq!(
        once,
        [json!({
            "AppId": "7",
            "ScalingRuleName": "test",
            "ScalingRuleType": "timing",
            "ScalingRuleTimer": "{\"endDate\":\"2021-04-25\",\"beginDate\":\"2021-03-25\",\
                \"schedules\":[{\"atTime\":\"08:00\",\"targetReplicas\":3}],\"period\":\"* * *\"}",
            "ScalingRuleMetric": "{\"metrics\":[{\"metricTargetAverageUtilization\":20,\
                \"metricType\":\"CPU\"}],\"maxReplicas\":3,\"minReplicas\":1}",
            "ScalingRuleEnable": true,
        })]
    );
    assert_eq!(Sae::export(&read(&once[0].to_string())), once);
    assert_eq!(
        found(RESPONSE, true),
        ["Warning  - : a timing rule does not use it"],
        "a known shape to the last member"
    );
    let inner: Value = serde_json::from_str(RESPONSE).unwrap();
    let inner = inner["Data"].to_string();
    assert_eq!(Sae::export(&read(&inner)), once, "the data alone");
    let list = format!(r#"{{"Data":{{"ApplicationScalingRules":[{inner}]}},"Code":"200"}}"#);
    assert!(Sae::likeness(&documents(&list)[0]).is_some());
    assert_eq!(Sae::export(&read(&list)), once);
}

#[test]
fn what_only_the_platform_writes_does_not_go_out() {
    let status = METRIC.replacen('{', r#"{"MetricsStatus":{"CurrentReplicas":2},"#, 1);
    assert_eq!(Sae::export(&read(&status)), documents(METRIC));
}

#[test]
fn updates_amend_the_rule_they_name() {
    let create = request(&format!(
        r#""ScalingRuleType":"metric","ScalingRuleMetric":{}"#,
        quoted(&cpu(1, 9, "", ""))
    ));
    let update = request(&format!(
        r#""minreadyinstances":2,"ScalingRuleMetric":{}"#,
        quoted(&cpu(2, 6, "", ""))
    ));
    let model = read(&format!("[{create},{update}]"));
    let platform = Sae::platform(&model, &Knobs::default());
    assert_eq!((platform.start, platform.most), (2, 6));
    assert_eq!(platform.min_ready, Some(MinReady::Count(2)));
    let mut expected: Value = serde_json::from_str(&create).unwrap();
    expected["ScalingRuleMetric"] = Value::String(cpu(2, 6, "", ""));
    expected["minreadyinstances"] = json!(2);
    assert_eq!(Sae::export(&model), [expected]);
    let alone = errors(&request(r#""MinReadyInstances":2"#));
    assert_eq!(
        alone,
        [
            "Error InvalidScalingRuleName.NotFound 400 ScalingRuleName: The specified ScalingRuleName \
          does not exist."
        ]
    );
}

#[test]
fn a_fault_of_an_amended_document_is_told_once_where_it_is() {
    let create = request(&format!(r#""ScalingRuleMetric":{}"#, METRIC.replace("SLB_QPS", "SLB")));
    let update = request(r#""MinReadyInstances":2"#);
    let mut faults = crate::products::DocumentFaults::new();
    let both = documents(&format!("[{create},{update}]"));
    assert!(Sae::read(&both, &Knobs::default(), false, &mut faults).is_none());
    let told: Vec<(usize, &str)> =
        faults.as_slice().iter().map(|fault| (fault.document, fault.path.as_str())).collect();
    assert_eq!(
        told,
        [(0, "ScalingRuleMetric.metrics.3.metricType"), (0, "ScalingRuleMetric.metrics.4")]
    );
}

#[test]
fn a_name_is_created_once_and_rules_have_a_quota() {
    let rule = |name: &str, rest: &str| {
        format!(r#"{{"AppId":"a","ScalingRuleName":"{name}","ScalingRuleTimer":{TIMER}{rest}}}"#)
    };
    let exists = format!("[{},{}]", rule("r", ""), rule("r", r#","ScalingRuleEnable":true"#));
    assert_eq!(
        errors(&exists),
        ["Error InstanceExist.ScalingRuleName 400 ScalingRuleName: The specified ScalingRuleName \
          already exists."]
    );
    let many = |count: usize| {
        let rules: Vec<String> = (0..count).map(|n| rule(&format!("r{n}"), "")).collect();
        format!("[{}]", rules.join(","))
    };
    let quota = "Error QuotaExceeded.ScalingRule 400 ScalingRuleName: The maximum number of \
         application scaling rules is exceeded.";
    assert_eq!(errors(&many(5)), [""; 0]);
    assert_eq!(errors(&many(6)), [quota]);
    assert_eq!(errors(&format!("[{METRIC},{METRIC}]")), [quota]);
    assert_eq!(errors(&format!("[{TIMER},{METRIC}]")), [quota]);
    assert_eq!(errors(&format!("[{METRIC},{TIMER}]")), [quota]);
}

/// Faulty documents of the timer, changed in one place, with the answer.
#[test]
fn faulty_timers_are_refused_in_the_platforms_words() {
    let dates = |begin: &str, end: &str| {
        let given = format!(r#""period":"* * *","beginDate":"{begin}","endDate":"{end}""#);
        timer(&given, r#"{"atTime":"08:00","targetReplicas":1}"#)
    };
    let entries = |entries: &str| timer(r#""period":"* * *""#, entries);
    let at = |time: &str| entries(&format!(r#"{{"atTime":"{time}","targetReplicas":1}}"#));
    let days = |days: &str| {
        timer(&format!(r#""period":"{days}""#), r#"{"atTime":"08:00","targetReplicas":1}"#)
    };
    let many: Vec<String> =
        (0..21).map(|n| format!(r#"{{"atTime":"{n:02}:00","targetReplicas":1}}"#)).collect();
    let after = "InvalidScalingRuleDate.BeginAfterEnd 400 endDate: The specified beginning time is \
         later than the ending time.";
    let begin = "InvalidScalingRuleDate.Format 400 beginDate: The specified date is invalid.";
    let time = "InvalidScalingRuleTime.Format 400 atTime: The specified time is invalid.";
    let conflict = "InvalidScalingRuleTime.Conflict 400 atTime: The specified scaling rule time is \
         invalid. Another schedule has been set for the specified time range. Please set a different \
         time.";
    let period =
        "InvalidParameter.Obviously 400 period: The specified parameter is invalid {period}.";
    let pair = |one: &str, two: &str| {
        entries(&format!(
            r#"{{"atTime":"{one}","targetReplicas":1}},{{"atTime":"{two}","targetReplicas":2}}"#
        ))
    };
    for (json, expected) in [
        (dates("2021-04-25", "2021-03-25"), after),
        (dates("2021/03/25", "2021-04-25"), begin),
        (dates("2021-02-30", "2021-04-25"), begin),
        (at("8:00"), time),
        (at("24:00"), time),
        (at("08:00:00"), time),
        (pair("08:00", "08:00"), conflict),
        (pair("08:00", "08:05"), conflict),
        (pair("00:02", "23:58"), conflict),
        (
            entries(&many.join(",")),
            "QuotaExceeded.ScalingRuleTime 400 schedules: The maximum number of scaling policy trigger \
             time is exceeded.",
        ),
        (
            at("08:00").replace(":1}", ":51}"),
            "NoComputeResourceQuota.App.Exceed 400 targetReplicas: You can create 50 instances for each \
             application. Please submit a ticket to raise the quota.",
        ),
        (
            at("08:00").replace(":1}", ":0}"),
            "InvalidParameter.WithMessage 400 targetReplicas: The parameter is invalid \
             {targetReplicas}: it must be at least 1",
        ),
        (days("* * Funday"), period),
        (days("0 * *"), period),
        (days("32 * *"), period),
        (days("0 8 * * *"), period),
        (days("1 * Mon"), period),
    ] {
        assert_eq!(errors(&json), [format!("Error {expected}")], "{json}");
    }
    assert_eq!(errors(&pair("08:00", "08:06")), [""; 0]);
}

#[test]
fn faulty_metric_rules_are_refused_in_the_platforms_words() {
    let rule = cpu(1, 3, r#""step":1"#, r#""stabilizationWindowSeconds":30"#);
    let wide = cpu(1, 51, "", "");
    let empty = r#"{"minReplicas":1,"maxReplicas":3,"metrics":[]}"#.to_owned();
    let window = "InvalidParameter.WithMessage 400 stabilizationWindowSeconds: The parameter is invalid \
         {stabilizationWindowSeconds}: it must be from 0 to 3600";
    for (json, expected) in [
        (
            wide,
            "NoComputeResourceQuota.App.Exceed 400 maxReplicas: You can create 50 instances for each \
             application. Please submit a ticket to raise the quota.",
        ),
        (
            cpu(4, 3, "", ""),
            "InvalidParameter.WithMessage 400 minReplicas: The parameter is invalid {minReplicas}: it \
             must not exceed maxReplicas",
        ),
        (
            rule.replace("CPU", "GPU"),
            "InvalidParameter.Obviously 400 metricType: The specified parameter is invalid \
             {metricType}.",
        ),
        (empty, "InvalidParameter.NotEmpty 400 metrics: You must specify the parameter metrics."),
        (rule.replace(":30}", ":3601}"), window),
        (rule.replace(":30}", ":-1}"), window),
        (
            rule.replace(r#""step":1"#, r#""step":"abc""#),
            "InvalidParameter.Obviously 400 step: The specified parameter is invalid {step}.",
        ),
        (
            rule.replace(r#""step":1"#, r#""step":0"#),
            "InvalidParameter.WithMessage 400 step: The parameter is invalid {step}: it must be at \
             least 1",
        ),
        (
            rule.replace(
                "}]}",
                "},{\"metricType\":\"CPU\",\"metricTargetAverageUtilization\":3}]}",
            ),
            "InvalidParameter.WithMessage 400 metricType: The parameter is invalid {metricType}: each \
             metric type may be there once",
        ),
        (
            rule.replace(":20}", ":0}"),
            "InvalidParameter.WithMessage 400 metricTargetAverageUtilization: The parameter is invalid \
             {metricTargetAverageUtilization}: it must be from 1 to 100",
        ),
    ] {
        assert_eq!(errors(&json), [format!("Error {expected}")], "{json}");
    }
    let nowhere = errors(&rule.replace("CPU", "SLB_QPS"));
    let missing = |name: &str| {
        format!(
            "Error InvalidParameter.NotEmpty 400 {name}: You must specify the parameter {name}."
        )
    };
    assert_eq!(nowhere, ["SlbProject", "SlbLogstore", "Vport"].map(missing));
}

#[test]
fn faulty_requests_are_refused_in_the_platforms_words() {
    let whole = request(&format!(r#""ScalingRuleTimer":{TIMER}"#));
    let name = "Error InvalidParameter.Obviously 400 ScalingRuleName: The specified parameter is \
         invalid {ScalingRuleName}.";
    let long = format!("\"{}\"", "a".repeat(33));
    assert_eq!(errors(&whole.replace("\"r\"", "\"Timer_1\"")), [name]);
    assert_eq!(errors(&whole.replace("\"r\"", &long)), [name]);
    let with =
        |members: &str| errors(&request(&format!(r#"{members},"ScalingRuleTimer":{TIMER}"#)));
    assert_eq!(
        errors(&request(r#""ScalingRuleType":"metric""#)),
        ["Error InvalidParameter.NotEmpty 400 ScalingRuleMetric: You must specify the parameter \
          ScalingRuleMetric."]
    );
    assert_eq!(
        with(r#""MinReadyInstanceRatio":101"#),
        ["Error MinReadyInstanceRatio.Invalid 400 MinReadyInstanceRatio: The ratio of minimum \
          available instances must be between 0 and 100."]
    );
    let five = METRIC.replacen('{', r#"{"MetricsStatus":{"CurrentReplicas":5},"#, 1);
    let kept = request(&format!(r#""MinReadyInstances":5,"ScalingRuleMetric":{five}"#));
    assert_eq!(
        errors(&kept),
        [
            "Error MinReadyInstances.Not.Smaller.Replicas 400 MinReadyInstances: The minimum number of \
          available instances must be less than the number of application instances."
        ]
    );
    assert_eq!(errors(&kept.replace("s\":5,\"Sc", "s\":4,\"Sc")), [""; 0]);
    let broken = request(r#""ScalingRuleTimer":"{\"period\":""#);
    assert_eq!(
        errors(&broken),
        [
            "Error InvalidParameter.Obviously 400 ScalingRuleTimer: The specified parameter is invalid \
          {ScalingRuleTimer}."
        ]
    );
}

#[test]
fn all_faults_come_at_once_each_where_it_is() {
    let json = request(&format!(
        r#""ScalingRuleType":"mix","ScalingRuleTimer":{},"ScalingRuleMetric":{}"#,
        quoted(&MIX_TIMER.replace("08:00", "8:00").replace("50", "51")),
        cpu(4, 3, r#""step":0"#, "")
    ));
    let mut faults = crate::products::DocumentFaults::new();
    assert!(Sae::read(&documents(&json), &Knobs::default(), false, &mut faults).is_none());
    let paths: Vec<&str> = faults.as_slice().iter().map(|fault| fault.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "ScalingRuleTimer.schedules.0.atTime",
            "ScalingRuleTimer.schedules.1.maxReplicas",
            "ScalingRuleMetric.minReplicas",
            "ScalingRuleMetric.scaleUpRules.step",
        ]
    );
    let errors: Vec<&DocumentFault> = faults.as_slice().iter().collect();
    let answer = Sae::refusal(&errors);
    assert_eq!(answer["ErrorCode"], "InvalidScalingRuleTime.Format");
    assert_eq!((&answer["Code"], &answer["Success"]), (&json!("400"), &json!(false)));
}

#[test]
fn keys_are_found_whatever_their_case_but_not_twice() {
    let odd = TIMER.replace("atTime", "ATTIME");
    let note = "`ATTIME` is written `atTime`";
    assert_eq!(
        found(&odd, false),
        [format!("Warning  - : {note}"), format!("Warning  - : {note}")]
    );
    assert_eq!(plain(&odd, 5).at(8 * 3600, &[]).desired, 10);
    assert_eq!(found(&odd, true).len(), 2);
    assert_eq!(found(&odd, true)[0], format!("Error autosim - : {note}"));
    assert_eq!(found(METRIC, true), ["Warning  - : SLB_RT is a latency of the whole application"]);
    let twice = METRIC.replacen("\"maxReplicas\":3", "\"maxReplicas\":3,\"MaxReplicas\":4", 1);
    assert_eq!(
        errors(&twice),
        ["Error InvalidParameter.Obviously 400 MaxReplicas: The specified parameter is invalid \
          {MaxReplicas}."]
    );
}

#[test]
fn unknown_keys_are_reported_never_dropped() {
    let odd = TIMER.replacen('{', r#"{"colour":"red","#, 1);
    assert_eq!(found(&odd, false), ["Warning  - : `colour` is no member the API documents"]);
    assert!(found(&odd, true)[0].starts_with("Error"));
    assert_eq!(Sae::export(&read(&odd)), documents(&odd));
}

#[test]
fn what_was_left_out_is_shown_with_what_stands_in() {
    let json = request(&format!(r#""ScalingRuleMetric":{}"#, cpu(1, 3, r#""step":1"#, "")));
    let omitted = Sae::defaults(&read(&json));
    let lines: Vec<String> =
        omitted.iter().map(|one| format!("{}={}", one.path, one.value)).collect();
    assert_eq!(
        lines,
        [
            "ScalingRuleType=\"metric\"",
            "ScalingRuleEnable=true",
            "MinReadyInstances=-1",
            "MinReadyInstanceRatio=-1",
            "ScalingRuleMetric.scaleUpRules.disabled=false",
            "ScalingRuleMetric.scaleUpRules.stabilizationWindowSeconds=0",
            "ScalingRuleMetric.scaleDownRules.step=null",
            "ScalingRuleMetric.scaleDownRules.disabled=false",
            "ScalingRuleMetric.scaleDownRules.stabilizationWindowSeconds=0",
        ]
    );
    let dates = Sae::defaults(&read(MIX_TIMER));
    assert_eq!(
        dates.iter().map(|one| one.path.as_str()).collect::<Vec<_>>(),
        ["beginDate", "endDate"]
    );
}

#[test]
fn half_a_mix_rule_reads_but_cannot_run() {
    let model = read(MIX_TIMER);
    assert!(Sae::lacks(&model).is_some());
    assert_eq!(Sae::lacks(&read(&format!("[{METRIC},{MIX_TIMER}]"))), None);
}

#[test]
fn minimum_ready_instances_are_as_documented() {
    let of = |members: &str| {
        let json = request(&format!(r#"{members},"ScalingRuleTimer":{TIMER}"#));
        Sae::platform(&read(&json), &Knobs::default()).min_ready
    };
    assert_eq!(of(r#""MinReadyInstances":-1"#), Some(MinReady::Percent(25)));
    assert_eq!(of(r#""MinReadyInstances":3"#), Some(MinReady::Count(3)));
    let both = r#""MinReadyInstances":5,"MinReadyInstanceRatio":50"#;
    assert_eq!(of(both), Some(MinReady::Percent(50)));
    let platform = Sae::platform(&read(TIMER), &Knobs::default());
    assert_eq!((platform.min_ready, platform.start, platform.most), (None, 3, 10));
}

#[test]
fn the_status_is_told_as_the_describe_call_answers_it() {
    let knobs = Knobs::default();
    let clock = context("2022-01-11T08:14:32Z", 2).clock;
    let tell = |model: &super::super::Model, decision: &Decision, value| {
        Sae::tell(
            model,
            &knobs,
            &Happening {
                at: Time::ZERO,
                clock: &clock,
                before: 2,
                decision,
                census: Census { starting: 0, ready: 2, draining: 0 },
                readings: &[Reading { value, at: Time::ZERO }],
            },
        )
    };
    let model = read(&cpu(1, 3, "", ""));
    let hold = Observation::of_count(2).hold();
    assert_eq!(
        tell(&model, &hold, Some(0.4)),
        Some(json!({"MetricsStatus": {
            "CurrentReplicas": 2,
            "DesiredReplicas": 2,
            "MinReplicas": 1,
            "MaxReplicas": 3,
            "CurrentMetrics": [{"Name": "cpu", "Type": "Resource", "CurrentValue": 0}],
            "NextScaleMetrics": [{
                "Name": "cpu",
                "NextScaleInAverageUtilization": 10,
                "NextScaleOutAverageUtilization": 21,
            }],
        }}))
    );
    let out = Observation::of_count(2).by(Stage::Bounds, 3, Why::Plain);
    let status = tell(&model, &out, None).unwrap();
    assert_eq!(status["MetricsStatus"]["LastScaleTime"], "2022-01-11T08:14:32Z");
    assert_eq!(status["MetricsStatus"]["CurrentMetrics"][0].get("CurrentValue"), None);
    assert_eq!(tell(&read(TIMER), &hold, None), None, "a timing rule has no status");
}
