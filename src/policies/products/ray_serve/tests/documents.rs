//! Documents: what is taken, what is refused and in which words, and what goes out again.

use crate::products::ray_serve::{Knobs, RayServe, Scaling};
use crate::products::tape::{documents, faults, model};
use crate::products::{Document, LeavesFirst, Product};
use autosim_engine::units::Span;
use serde_json::{Value, json};

const CONFIG: &str = r#"{
    "proxy_location": "EveryNode",
    "target_capacity": 80,
    "applications": [
        {"name": "shop", "route_prefix": "/", "import_path": "shop:app", "deployments": [
            {"name": "model", "max_ongoing_requests": 8, "graceful_shutdown_timeout_s": 45,
             "autoscaling_config": {"min_replicas": 0, "max_replicas": 12}},
            {"name": "front", "num_replicas": 2}]},
        {"name": "lab", "import_path": "lab:app", "deployments": [
            {"name": "model", "num_replicas": "auto",
             "autoscaling_config": {"target_ongoing_requests": 3}}]}]}"#;

fn named(deployment: &str) -> Knobs {
    Knobs { deployment: Some(deployment.to_owned()), ..Knobs::default() }
}

fn found(json: &str) -> Vec<String> {
    faults::<RayServe>(json, &Knobs::default(), false)
}

#[test]
fn a_deployment_is_found_by_its_name() {
    for (name, concurrency, grace_s, start, most) in
        [("shop/model", 8, 45, 0, 10), ("front", 5, 20, 2, 2), ("lab/model", 5, 20, 1, 80)]
    {
        let knobs = named(name);
        let platform = RayServe::platform(&model::<RayServe>(CONFIG, &knobs), &knobs);
        assert_eq!(platform.concurrency, Some(concurrency), "{name}");
        assert_eq!(platform.grace, Some(Span::from_secs(grace_s)), "{name}");
        assert_eq!((platform.start, platform.most), (start, most), "{name}");
        assert_eq!(platform.leaves_first, Some(LeavesFirst::Newest));
    }
    for (knobs, part) in [
        (Knobs::default(), "3 deployments could be meant"),
        (named("model"), "2 deployments could be meant"),
        (named("nobody"), "no deployment is called nobody"),
    ] {
        let lines = faults::<RayServe>(CONFIG, &knobs, false);
        assert!(lines[0].contains(part), "{lines:?}");
    }
}

#[test]
fn what_was_typed_goes_out_again() {
    for text in [CONFIG, r#"{"max_replicas": "3", "upscale_delay_s": true, "extra": [1]}"#] {
        let knobs = named("front");
        let knobs = if text == CONFIG { knobs } else { Knobs::default() };
        let out = RayServe::export(&model::<RayServe>(text, &knobs));
        assert_eq!(out, documents(text));
        let again = RayServe::export(&model::<RayServe>(&out[0].to_string(), &knobs));
        assert_eq!(again, out);
    }
}

#[test]
fn yaml_and_json_say_the_same() {
    let yaml = "applications:\n- name: shop\n  deployments:\n  - name: model\n    \
        max_ongoing_requests: 8\n    autoscaling_config:\n      max_replicas: 12\n      \
        upscale_delay_s: .inf\n";
    let json = r#"{"applications": [{"name": "shop", "deployments": [{"name": "model",
        "max_ongoing_requests": 8,
        "autoscaling_config": {"max_replicas": 12, "upscale_delay_s": "Infinity"}}]}]}"#;
    let bodies = Document::parse(yaml).unwrap().bodies;
    let from_yaml = model::<RayServe>(&Value::from(bodies).to_string(), &Knobs::default());
    let from_json = model::<RayServe>(json, &Knobs::default());
    assert_eq!(from_yaml.scaling, from_json.scaling);
}

#[test]
fn what_is_left_out_is_told_with_its_default() {
    let omitted = |text: &str, knobs: &Knobs| -> Vec<(String, Value)> {
        let model = model::<RayServe>(text, knobs);
        RayServe::defaults(&model).into_iter().map(|one| (one.path, one.value)).collect()
    };
    let alone = omitted(r#"{"min_replicas": 1, "max_replicas": 4}"#, &Knobs::default());
    assert_eq!(alone.len(), 13);
    assert_eq!(alone[1], ("target_ongoing_requests".into(), json!(2.0)));
    let of_lab = omitted(CONFIG, &named("lab/model"));
    let below = "applications.1.deployments.0";
    assert_eq!(of_lab[0], (format!("{below}.max_ongoing_requests"), json!(5)));
    let most = (format!("{below}.autoscaling_config.max_replicas"), json!(100));
    assert!(of_lab.contains(&most), "{of_lab:?}");
    let plain = omitted(r#"{"name": "m"}"#, &Knobs::default());
    assert_eq!(plain[2], ("num_replicas".into(), json!(1)));
}

#[test]
fn faults_of_a_config_come_together_at_their_places() {
    let text = r#"{"applications": [{"name": 5, "deployments": [
        {"num_replicas": 0, "autoscaling_config": {"max_replicas": 2.5, "min_replicas": -1}},
        {"name": "b", "num_replicas": 2, "autoscaling_config": {"max_replicas": 3}},
        7]}], "target_capacity": 101}"#;
    assert_eq!(
        found(text),
        [
            "Error less_than_equal - target_capacity: Input should be less than or equal to 100",
            "Error string_type - applications.0.name: Input should be a valid string",
            "Error missing - applications.0.deployments.0.name: Field required",
            "Error greater_than - applications.0.deployments.0.num_replicas: Input should be greater \
             than 0",
            "Error greater_than_equal - applications.0.deployments.0.autoscaling_config.min_replicas: \
             Input should be greater than or equal to 0",
            "Error int_from_float - applications.0.deployments.0.autoscaling_config.max_replicas: \
             Input should be a valid integer, got a number with a fractional part",
            "Error value_error - applications.0.deployments.0: Value error, Manually setting \
             num_replicas is not allowed when autoscaling_config is provided.",
            "Error value_error - applications.0.deployments.1: Value error, Manually setting \
             num_replicas is not allowed when autoscaling_config is provided.",
            "Error model_type - applications.0.deployments.2: Input should be a valid dictionary",
        ]
    );
}

#[test]
fn what_ray_drops_in_silence_is_said_aloud() {
    let text = r#"{"max_replicas": 4, "target_num_ongoing_requests_per_replica": 3}"#;
    let lines = found(text);
    assert_eq!(lines.len(), 1);
    assert!(lines[0].starts_with("Warning") && lines[0].contains("ignored silently"), "{lines:?}");
    let strict = faults::<RayServe>(text, &Knobs::default(), true);
    assert!(strict[0].starts_with("Error"), "{strict:?}");
    for (text, part) in [
        (r#"{"name": "m", "max_queued_requests": 9}"#, "max_queued_requests is not taken"),
        (
            r#"{"max_ongoing_requests": 1, "autoscaling_config": {"max_replicas": 2}}"#,
            "below target_ongoing_requests 2",
        ),
        (r#"{"upscale_delay_s": 3}"#, "max_replicas is 1 where it is left out: this never scales"),
        (
            r#"{"num_replicas": "auto", "autoscaling_config": {"min_replicas": 100}}"#,
            "max_replicas is 100 where it is left out: this never scales",
        ),
        (r#"{"max_replicas": 2, "target_ongoing_requests": null}"#, "TypeError"),
    ] {
        let lines = found(text);
        assert!(lines.len() == 1 && lines[0].starts_with("Warning"), "{lines:?}");
        assert!(lines[0].contains(part), "{lines:?}");
    }
}

#[test]
fn options_that_do_not_bear_on_the_count_are_known() {
    for good in [
        of_deployment(r#""rolling_update_percentage": 0.2, "max_surge_percent": 10"#),
        of_deployment(r#""backpressure_config": {"status_code": 429, "retry_after_s": 5}"#),
        of_deployment(r#""deployment_actors": [{"name": "a", "actor_class": "m:A"}]"#),
        of_deployment(r#""logging_config": {"log_level": "DEBUG", "encoding": "JSON"}"#),
    ] {
        assert_eq!(found(&good), [""; 0], "{good}");
    }
    let lacking = of_config(r#""controller_options": {}, "tracing_config": null"#);
    assert_eq!(found(&lacking), ["Error incomplete - : it lists no deployment"]);
}

fn of_deployment(member: &str) -> String {
    format!(r#"{{"name": "m", "num_replicas": 1, {member}}}"#)
}

fn of_config(member: &str) -> String {
    format!(r#"{{"applications": [{{"name": "a"}}], {member}}}"#)
}

#[test]
fn options_that_do_not_bear_on_the_count_are_refused_as_ray_refuses_them() {
    let extra = "extra_forbidden - {}: Extra inputs are not permitted";
    for (bad, expected) in [
        (
            of_deployment(r#""logging_config": {"log_levle": "DEBUG"}"#),
            extra.replace("{}", "logging_config.log_levle"),
        ),
        (
            of_config(r#""logging_config": {"level": 1}"#),
            extra.replace("{}", "logging_config.level"),
        ),
        (
            of_deployment(r#""backpressure_config": {"retry_after": 5}"#),
            extra.replace("{}", "backpressure_config.retry_after"),
        ),
        (
            of_config(r#""controller_options": {"num_cpus": 1}"#),
            extra.replace("{}", "controller_options.num_cpus"),
        ),
        (of_config(r#""tracing_config": {"on": 1}"#), extra.replace("{}", "tracing_config.on")),
        (
            of_deployment(r#""backpressure_config": {"status_code": 500}"#),
            "literal_error - backpressure_config.status_code: Input should be 503 or 429".into(),
        ),
        (
            of_deployment(r#""rolling_update_percentage": 1.5"#),
            "less_than_equal - rolling_update_percentage: Input should be less than or equal to 1"
                .into(),
        ),
        (
            of_deployment(r#""max_surge_percent": 101"#),
            "less_than_equal - max_surge_percent: Input should be less than or equal to 100".into(),
        ),
        (
            of_deployment(r#""logging_config": {"log_level": "LOUD"}"#),
            "value_error - logging_config.log_level: Value error, Got \"LOUD\" for log_level.".into(),
        ),
        (
            of_deployment(r#""logging_config": 7"#),
            "model_type - logging_config: Input should be a valid dictionary or instance of \
             LoggingConfig"
                .into(),
        ),
        (
            of_config(r#""controller_options": {"runtime_env": {"pip": []}}"#),
            "value_error - controller_options.runtime_env: Value error, \
             ControllerOptions.runtime_env only supports ['env_vars'] in this version; got \
             disallowed keys ['pip']."
                .into(),
        ),
        (
            of_config(r#""tracing_config": {"sampling_ratio": 2}"#),
            "value_error - tracing_config.sampling_ratio: Value error, sampling_ratio must be between \
             0.0 and 1.0, got 2.0."
                .into(),
        ),
    ] {
        assert_eq!(found(&bad), [format!("Error {expected}")], "{bad}");
    }
}

#[test]
fn a_member_in_the_wrong_place_is_sent_to_the_right_one() {
    for (text, place) in [
        (r#"{"max_replicas": 2, "max_ongoing_requests": 20}"#, "the deployment"),
        (r#"{"name": "m", "num_replicas": 2, "upscale_delay_s": 20}"#, "`autoscaling_config`"),
        (r#"{"name": "m", "num_replicas": 2, "target_capacity": 20}"#, "the root of the config"),
    ] {
        let mut faults = crate::products::DocumentFaults::new();
        // A deployment's name makes it one; an autoscaling config has none.
        let text = match text.contains("name") {
            true => text.to_owned(),
            false => format!(r#"{{"name": "m", "autoscaling_config": {text}}}"#),
        };
        let _ = RayServe::read(&documents(&text), &Knobs::default(), false, &mut faults);
        let remedy = &faults.as_slice()[0].remedy;
        assert!(remedy.ends_with(&format!("belongs in {place}: move it there")), "{remedy}");
    }
}

#[test]
fn models_of_serve_llm_are_deployments_with_its_defaults() {
    let app = |model: &str| {
        format!(
            r#"{{"applications": [{{"name": "llms", "import_path": "ray.serve.llm:build_openai_app",
                "args": {{"llm_configs": [{{"model_loading_config": {{"model_id": "org/small-7.5b"}},
                "deployment_config": {model}}}]}}}}]}}"#
        )
    };
    let one = |text: &str| model::<RayServe>(text, &Knobs::default());
    let given =
        one(&app(r#"{"max_ongoing_requests": 11, "autoscaling_config": {"max_replicas": 6}}"#));
    assert_eq!(given.deployment.as_deref(), Some("LLMServer:org--small-7_5b"));
    let limits = |model: &crate::products::ray_serve::Model| match &model.scaling {
        Scaling::Auto(config) => (config.max_replicas, config.target_ongoing_requests),
        Scaling::Fixed(count) => (*count, None),
    };
    assert_eq!((given.max_ongoing_requests, limits(&given)), (11, (6, Some(1e9))));
    let open = one(&app("{}"));
    assert_eq!((open.max_ongoing_requests, limits(&open)), (1_000_000_000, (1, Some(1e9))));
    // That is no limit, and none that a run could hold.
    assert_eq!(RayServe::platform(&open, &Knobs::default()).concurrency, None);
    assert_eq!(RayServe::platform(&given, &Knobs::default()).concurrency, Some(11));
    assert_eq!(limits(&one(&app(r#"{"num_replicas": 3}"#))), (3, None));
    assert_eq!(limits(&one(&app(r#"{"num_replicas": "auto"}"#))), (100, Some(2.0)));
    let alone =
        r#"{"model_loading_config": {"model_id": "m"}, "deployment_config": {"name": "x"}}"#;
    assert_eq!(one(alone).deployment.as_deref(), Some("LLMServer:x"));
    let file = r#"{"applications": [{"args": {"llm_configs": ["models/small.yaml"]}}]}"#;
    let lines = found(file);
    assert!(lines[0].contains("`models/small.yaml` names another file"), "{lines:?}");
}

#[test]
fn the_answer_of_the_rest_api_goes_out_as_the_config_that_would_deploy_it() {
    let deployed = json!({"name": "Detector", "max_ongoing_requests": 8,
        "autoscaling_config": {"max_replicas": 10}});
    let answer = json!({"controller_info": {"node_id": "n"}, "target_capacity": null, "applications": {
        "shop": {"name": "shop", "status": "RUNNING",
            "deployed_app_config": {"import_path": "a:b", "deployments": []},
            "deployments": {"Detector": {"status": "HEALTHY", "deployment_config": deployed}}}}});
    let likeness = RayServe::likeness(&answer).unwrap();
    assert!(!likeness.is_sent, "{likeness:?}");
    let read = model::<RayServe>(&answer.to_string(), &Knobs::default());
    assert_eq!(read.max_ongoing_requests, 8);
    let out = RayServe::export(&read);
    let application = json!({"name": "shop", "import_path": "a:b", "deployments": [deployed]});
    assert_eq!(out, [json!({"applications": [application]})]);
    let again = model::<RayServe>(&out[0].to_string(), &Knobs::default());
    assert_eq!((again.scaling, again.deployment), (read.scaling, read.deployment));
    let status = r#"{"applications": {"shop": {"deployments": {"D": {"status": "HEALTHY"}}}}}"#;
    assert!(found(status)[0].contains("without its `deployment_config`"), "{:?}", found(status));
}

#[test]
fn a_first_deployment_under_a_target_capacity_keeps_its_initial_replicas() {
    use crate::products::ray_serve::Direction;
    let text = r#"{"target_capacity": 50, "applications": [{"name": "a", "deployments": [{"name": "m",
        "autoscaling_config": {"min_replicas": 2, "initial_replicas": 10, "max_replicas": 20}}]}]}"#;
    let fewest = |direction| {
        let knobs = Knobs { target_capacity_direction: direction, ..Knobs::default() };
        super::super::policy::limits(&model::<RayServe>(text, &knobs), &knobs).lowest
    };
    assert_eq!((fewest(Direction::Up), fewest(Direction::Down)), (5, 1));
    assert_eq!(Knobs::default().target_capacity_direction, Direction::Up);
}

#[test]
fn code_of_its_own_is_refused_by_name() {
    for (text, part) in [
        (r#"{"max_replicas": 2, "policy": {"policy_function": "shop:mine"}}"#, "`shop:mine`"),
        (r#"{"max_replicas": 2, "policy": {"name": "mine.Class"}}"#, "`mine.Class`"),
        (
            r#"{"applications": [{"autoscaling_policy": {"policy_function": "a:b"},
                "deployments": [{"name": "m"}]}]}"#,
            "application's autoscaling policy",
        ),
        (r#"{"name": "m", "gang_scheduling_config": {"gang_size": 2}}"#, "gang scheduling"),
        (r#"{"policy": null}"#, "dictionary or instance of AutoscalingPolicy"),
    ] {
        let lines = found(text);
        assert!(lines[0].starts_with("Error") && lines[0].contains(part), "{lines:?}");
    }
    let own = "ray.serve.autoscaling_policy:default_autoscaling_policy";
    let text = json!({"max_replicas": 2, "policy": {"policy_function": own, "policy_kwargs": {}}});
    assert_eq!(found(&text.to_string()), Vec::<String>::new());
}

#[test]
fn a_refusal_is_what_pydantic_lists() {
    let mut faults = crate::products::DocumentFaults::new();
    let document = documents(r#"{"name": "m", "autoscaling_config": {"max_replicas": 0}}"#);
    let _ = RayServe::read(&document, &Knobs::default(), false, &mut faults);
    let faults: Vec<_> = faults.as_slice().iter().collect();
    assert_eq!(
        RayServe::refusal(&faults),
        json!([{
            "type": "greater_than",
            "loc": ["autoscaling_config", "max_replicas"],
            "msg": "Input should be greater than 0",
        }])
    );
}

#[test]
fn documents_are_recognised_by_their_members() {
    for (text, ours) in [
        (CONFIG, true),
        (r#"{"max_replicas": 2}"#, true),
        (r#"{"name": "m", "num_replicas": 2}"#, true),
        (r#"{"name": "a", "import_path": "a:b"}"#, true),
        (r#"{"model_loading_config": {}, "deployment_config": {}}"#, true),
        (r#"{"name": "m", "min_size": 2}"#, false),
        (r#"{"maxReplicas": 2}"#, false),
        ("{}", false),
        ("[1]", false),
    ] {
        let value: Value = serde_json::from_str(text).unwrap();
        assert_eq!(RayServe::likeness(&value).is_some(), ours, "{text}");
    }
    assert!(matches!(model::<RayServe>("{}", &Knobs::default()).scaling, Scaling::Auto(_)));
    assert!(found(r#"[{"max_replicas": 2}, {"max_replicas": 3}]"#)[0].contains("another"));
}
