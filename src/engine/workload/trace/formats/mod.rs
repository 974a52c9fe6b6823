//! The formats of traces, a file each: how a file of it is recognised, and what its rows are.

pub(super) mod access_log;
pub(super) mod azure_functions_2019;
pub(super) mod azure_functions_2021;
pub(super) mod burstgpt;
pub(super) mod cloudwatch;
pub(super) mod grafana;
pub(super) mod jmeter;
pub(super) mod k6;
pub(super) mod locust;
pub(super) mod mooncake;
pub(super) mod per_second_counts;
pub(super) mod prometheus;
pub(super) mod timestamps;
pub(super) mod values;
