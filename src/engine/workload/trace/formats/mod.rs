//! The formats of traces, a file each: how a file of it is recognised, and what its rows are.

pub(super) mod access_log;
pub(super) mod alb_log;
pub(super) mod azure_functions_2019;
pub(super) mod azure_functions_2021;
pub(super) mod burstgpt;
pub(super) mod cloudfront_log;
pub(super) mod cloudwatch;
pub(super) mod elb_log;
pub(super) mod envoy_log;
pub(super) mod gatling;
pub(super) mod grafana;
pub(super) mod haproxy_log;
pub(super) mod hey;
pub(super) mod jmeter;
pub(super) mod k6;
pub(super) mod lambda_report;
pub(super) mod locust;
pub(super) mod mooncake;
pub(super) mod per_second_counts;
pub(super) mod prometheus;
pub(super) mod timestamps;
pub(super) mod values;
pub(super) mod vegeta;
pub(super) mod w3c_log;
