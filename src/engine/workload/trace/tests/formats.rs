//! What each format's rows are, and what is asked where a file does not say.

use super::*;
use crate::workload::trace::Format;

/// A few lines of a format.
const fn sample(format: Format) -> &'static str {
    match format {
        Format::PerSecondCounts => "0 2 0 1\n",
        Format::AccessLog => {
            "h - - [02/Mar/2026:09:00:00 +0000] \"GET / HTTP/1.1\" 200 5\n\
             h - - [02/Mar/2026:09:00:02 +0000] \"GET / HTTP/1.1\" 404 -\n"
        }
        Format::AlbLog => {
            "http 2026-03-02T09:00:01.300000Z app/lb/1 1.2.3.4:5 10.0.0.1:80 0.000 0.250 0.000 200 200 34 366 \
             \"GET http://h:80/ HTTP/1.1\" \"curl/8 x\" - - arn \"Root=1\" \"-\" \"-\" 0 2026-03-02T09:00:01.000000Z \"forward\"\n\
             http 2026-03-02T09:00:00.700000Z app/lb/1 1.2.3.4:5 - -1 -1 -1 503 - 34 366 \"GET http://h:80/ HTTP/1.1\" \
             \"-\" - - arn \"Root=1\" \"-\" \"-\" 0 2026-03-02T09:00:00.500000Z \"forward\"\n"
        }
        Format::ElbLog => {
            "2026-03-02T09:00:00.500000Z lb 1.2.3.4:5 10.0.0.1:80 0.000073 0.001048 0.000057 200 200 0 29 \"GET http://h:80/ \
             HTTP/1.1\" \"curl/8\" - -\n"
        }
        Format::EnvoyLog => {
            "[2026-03-02T09:00:00.310Z] \"POST /api HTTP/2\" 204 - 154 0 226 100 \"10.0.35.28\" \"n\" \"cc2\" \"l\" \"tcp://a\"\n\
             [2026-03-02T09:00:01.310Z] \"GET /b HTTP/1.1\" 200 - via_upstream - \"-\" 0 9 30 20 \"-\" \"curl\" \"i\" \"h\" \"u\"\n"
        }
        Format::HaproxyLog => {
            "Mar  2 09:00:01 host haproxy[14389]: 10.0.1.2:33317 [02/Mar/2026:09:00:00.655] http-in static/srv1 \
             10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 {h} {} \"GET /index.html HTTP/1.1\"\n"
        }
        Format::CloudfrontLog => {
            "#Version: 1.0\n#Fields: date time x-edge-location sc-bytes time-taken\n\
             2026-03-02\t09:00:03\tFRA2\t182\t1.4\n2026-03-02\t09:00:01\tFRA2\t182\t0.010\n"
        }
        Format::W3cLog => {
            "#Software: IIS\n#Fields: date time cs-method cs-uri-stem sc-status time-taken\n\
             2026-03-02 09:00:03 GET /a 200 1400\n2026-03-02 09:00:01 GET /b 200 10\n"
        }
        Format::LambdaReport => {
            "2026-03-02T09:00:00.500000+00:00 2026/03/02/[$LATEST]ab START RequestId: 1 Version: 1\n\
             2026-03-02T09:00:02.500000+00:00 2026/03/02/[$LATEST]ab REPORT RequestId: 1\tDuration: 1500.00 ms\tBilled \
             Duration: 1600 ms\tMemory Size: 128 MB\tMax Memory Used: 64 MB\tInit Duration: 142.37 ms\n"
        }
        Format::WorldCup98 => {
            "\u{35}\u{48}\u{6d}\u{1}\0\0\0\u{1}\0\0\0\u{2}\0\0\0\u{9}\0\0\0\0\u{35}\u{48}\u{6d}\u{3}\0\0\0\u{1}\0\0\0\u{2}\0\0\0\u{9}\0\0\0\0"
        }
        Format::Ab => {
            "starttime\tseconds\tctime\tdtime\tttime\twait\nTue Mar 01 13:13:25 2016\t1456827205\t115\t117\t232\t117\nTue Mar 01 13:13:24 2016\t1456827204\t116\t116\t240\t116\n"
        }
        Format::Tsung => {
            "#date;pid;id;http method;host;URL;HTTP status;size;duration;transaction;match;error;tag\n1461592516.500;<0.136.0>;2;get;h;/;200;3566;250.5;-;;;\n"
        }
        Format::Gatling => {
            "RUN\tPerf\t\tgatling-1\t1764400000000\t \t3.5.1\nUSER\tAll\tSTART\t1764400000100\t1764400000100\n\
             REQUEST\t\tg1\t1764400000251\t1764400000474\tOK\t \nREQUEST\t\tg1\t1764400000132\t1764400000258\tKO\tno\n"
        }
        Format::Vegeta => {
            "1764400000000000000,200,2500000,0,9,,,a,0,GET,http://h/,\n1764400000500000000,0,100,0,0,eof,,a,1,GET,http://h/,\n"
        }
        Format::Hey => {
            "response-time,DNS+dialup,DNS,Request-write,Response-delay,Response-read,status-code,offset\n\
             0.2036,0.0015,0.0010,0.0001,0.2018,0.0003,200,0.5000\n0.1000,0,0,0.0001,0.0990,0.0003,200,0.2500\n"
        }
        Format::Prometheus => {
            r#"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"job":"a"},
               "values":[[1764400000,"2"],[1764400001.000,"NaN"],[1764400002,"3"]]}]}}"#
        }
        Format::Cloudwatch => {
            r#"{"MetricDataResults":[{"Id":"m","Label":"RequestCount","Timestamps":
               ["2026-03-02T09:02:00+00:00","2026-03-02T09:00:00+00:00","2026-03-02T09:01:00+00:00"],
               "Values":[3.0,1.0,2.0],"StatusCode":"Complete"}]}"#
        }
        Format::Mooncake => {
            "{\"timestamp\": 0, \"input_length\": 7, \"output_length\": 2, \"hash_ids\": [0, 1]}\n\
             {\"timestamp\": 3000, \"input_length\": 5, \"output_length\": 1, \"hash_ids\": []}\n"
        }
        Format::AzureFunctions2019 => {
            "HashOwner,HashApp,HashFunction,Trigger,1,2,3\no,a,f,http,1,0,2\no,a,g,timer,0,1,1\n"
        }
        Format::AzureFunctions2021 => {
            "app,func,end_timestamp,duration\na,f,5.5,5\na,f,2.25,0.25\na,g,3,0\n"
        }
        Format::BurstGpt => {
            "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n\
             5,ChatGPT,472,18,490,Conversation log\n7,GPT-4,20,0,20,API log\n"
        }
        Format::K6 => {
            "metric_name,timestamp,metric_value,status\nhttp_reqs,1764400000,1,200\n\
             http_req_duration,1764400000,30.5,200\nhttp_req_blocked,1764400000,0.1,200\n\
             http_req_duration,1764400003,1900,200\n"
        }
        Format::JMeter => {
            "timeStamp,elapsed,label,success\n1764400000000,313,GET /,true\n1764400000167,20,GET /,true\n"
        }
        Format::Locust => {
            "Timestamp,User Count,Type,Name,Requests/s,Failures/s,Total Request Count\n\
             1764400000,1,GET,/cart,0,0,0\n1764400000,1,,Aggregated,0,0,0\n\
             1764400001,1,GET,/cart,1,0,3\n1764400001,1,,Aggregated,1,0,3\n\
             1764400002,1,GET,/cart,1,0,5\n1764400002,1,,Aggregated,1,0,5\n"
        }
        Format::Grafana => {
            "\"Time\",\"web\"\n2026-03-02 09:00:00,2 req/s\n2026-03-02 09:00:15,4 req/s\n"
        }
        Format::Counts => "time_s,count\n0,0\n1,2\n3,1\n",
        // No name of a counter is sure: never told from the first lines.
        Format::Counters => "time_s,value\n0,10\n1,12\n2,1\n3,2\n",
        Format::Rates => "time_s,rate\n0,0\n1,2\n2,0\n3,1\n",
        Format::Timestamps => "time_s\n1\n1.5\n3.5\n",
    }
}

#[test]
fn every_format_is_told_from_its_first_lines_and_read_like_where_it_is_stated() {
    for &format in Format::ALL {
        let (text, name) = (sample(format), format.name());
        if format == Format::Counters {
            assert_eq!(
                arrivals(&replay(text, "format = 'counters'")).len(),
                4,
                "2, 1 since zero, 1"
            );
            continue;
        }
        let sniffed = replay(text, "");
        let told = format!("was read as `{name}`, told from its first lines");
        assert!(sniffed.assumptions().iter().any(|said| said.contains(&told)), "{name}");
        let stated = replay(text, &format!("format = '{name}'"));
        let (expected, given) = (arrivals(&sniffed), arrivals(&stated));
        assert!(!expected.is_empty(), "{name}");
        assert_eq!(expected, given, "{name}");
    }
}

/// What requests of a format are, in nanoseconds: (start, service time); and what was said.
fn requests_of(text: &str, options: &str) -> (Vec<(u64, u64)>, String) {
    let workload = replay(text, options);
    (requests(&workload, 0, hour()), workload.assumptions().join("\n"))
}

#[test]
fn ends_and_durations_of_known_formats_become_starts_and_service_times() {
    let (functions, said) = requests_of(sample(Format::AzureFunctions2021), "");
    assert_eq!(functions, [(S / 2, 5 * S), (2 * S, S / 4), (3 * S, 0)]);
    assert!(said.contains("service times are its own"), "{said}");
    let (k6, _) = requests_of(sample(Format::K6), "spread = 'keep'");
    // The second row ends in second 3 and took 1.9 s: it began in second 1.
    assert_eq!(k6, [(0, 30_500_000), (S, 1_900_000_000)]);
    let (jmeter, _) = requests_of(sample(Format::JMeter), "");
    assert_eq!(jmeter, [(0, 313_000_000), (167_000_000, 20_000_000)]);
    let line = |second: u32, end: &str| {
        format!(
            "h - - [02/Mar/2026:09:00:{second:02} +0000] \"GET / HTTP/1.1\" 200 5 \"-\" \"-\" {end}\n"
        )
    };
    let log = line(3, "0.400") + &line(4, "2.600") + &line(4, "0.600") + "\n";
    let (log, said) = requests_of(&log, "spread = 'keep'");
    assert_eq!(log, [(0, 2_600_000_000), (2 * S, 400_000_000), (2 * S, 600_000_000)], "{said}");
}

#[test]
fn logs_of_balancers_and_results_of_load_tools_say_start_and_length() {
    const MS: u64 = 1_000_000;
    let k6_lines = "{\"type\":\"Metric\",\"data\":{\"name\":\"http_req_duration\",\"tainted\":null},\"metric\":\"http_req_duration\"}\n\
        {\"metric\":\"http_req_duration\",\"type\":\"Point\",\"data\":{\"time\":\"2026-03-02T09:00:01.5Z\",\"value\":500.0,\
        \"tags\":{\"status\":\"200\"}}}\n{\"metric\":\"vus\",\"type\":\"Point\",\"data\":{\"time\":\"2026-03-02T09:00:02Z\",\"value\":1}}\n";
    let lambda_lines = "{\"time\":\"2026-03-02T09:00:01Z\",\"type\":\"platform.start\",\"record\":{\"requestId\":\"1\"}}\n\
        {\"time\":\"2026-03-02T09:00:02Z\",\"type\":\"platform.report\",\"record\":{\"metrics\":{\"durationMs\":12.5}}}\n";
    let vegeta_lines = "{\"attack\":\"a\",\"seq\":0,\"code\":200,\"timestamp\":\"2026-03-02T09:00:00+01:00\",\"latency\":5000000}\n";
    // As many words as a Classic Load Balancer has fields.
    let reports = |between: &str| {
        format!(
            "2026-03-02T00:00:01.123Z{between}REPORT RequestId: 8f50e4f1\tDuration: 11.50 ms\tBilled Duration: 12 ms\t\
             Memory Size: 128 MB\tMax Memory Used: 50 MB\t\n"
        )
    };
    for (text, expected) in [
        // Without an answer of the target: no time.
        (sample(Format::AlbLog), &[(0, 0), (S / 2, 250 * MS)][..]),
        (sample(Format::ElbLog), &[(0, 1_048_000)]),
        (sample(Format::EnvoyLog), &[(0, 100 * MS), (S, 20 * MS)]),
        (sample(Format::HaproxyLog), &[(0, 69 * MS)]),
        // Ends in seconds 3 and 1, 1.4 s and 10 ms long: starts in seconds 2 and 1.
        (sample(Format::CloudfrontLog), &[(0, 10 * MS), (S, 1400 * MS)]),
        (sample(Format::W3cLog), &[(0, 10 * MS), (S, 1400 * MS)]),
        (sample(Format::LambdaReport), &[(0, 1500 * MS)]),
        (&reports(" "), &[(0, 11_500_000)]),
        (&reports("\t"), &[(0, 11_500_000)]),
        (
            "\"@timestamp\",\"@message\"\n\"2026-03-02 09:00:02.5\",\"REPORT RequestId: 1\tDuration: 12.50 ms\"\n",
            &[(0, 12_500_000)],
        ),
        (sample(Format::Gatling), &[(0, 126 * MS), (119 * MS, 223 * MS)]),
        (
            "RUN\tPerf\t\tg-1\t1764400000000\t \t3.3.1\nUSER\tAll\t1\tSTART\t1764400000100\t1764400000100\n\
             REQUEST\t1\t\tg1\t1764400000251\t1764400000474\tOK\t \n",
            &[(0, 223 * MS)],
        ),
        (sample(Format::Vegeta), &[(0, 2_500_000), (S / 2, 100)]),
        (vegeta_lines, &[(0, 5 * MS)]),
        (sample(Format::Hey), &[(250 * MS, 100 * MS), (500 * MS, 203_600_000)]),
        (k6_lines, &[(0, 500 * MS)]),
        (lambda_lines, &[(0, 12_500_000)]),
        (sample(Format::Ab), &[(0, 240 * MS), (S, 232 * MS)]),
        (sample(Format::Tsung), &[(0, 250_500_000)]),
    ] {
        let (found, said) = requests_of(text, "spread = 'keep'");
        assert_eq!(found, expected, "{text}: {said}");
    }
}

#[test]
fn a_row_of_several_samples_a_row_that_breaks_off_and_a_decimal_comma_are_not_read_as_times() {
    let jmeter = "timeStamp,elapsed,label,responseMessage,success\n1764400000000,100,GET,OK,true\n\
        1764400000000,250,all,\"Number of samples in transaction : 2, number of failing samples : 0\",true\n\
        1764400000200,150,GET,no,false\n";
    let (found, said) = requests_of(jmeter, "failed = 'leave-out'");
    assert_eq!(found, [(0, 100_000_000)], "{said}");
    assert!(said.contains("1 row whose responseMessage begins with"), "{said}");
    let (_, said) =
        replay_bytes(b"timeStamp,label,elapsed\n1764400000000,GET,100\n1764400000200,GET\n", "");
    assert!(said[0].contains("line 3, column `elapsed`: the row ends before it"), "{said:?}");
    let (_, said) = replay_bytes(b"app;func;end_timestamp;duration\na;f;100;0,120\n", "");
    assert!(said[0].contains("`0,120`") && said[0].contains("decimals take a point"), "{said:?}");
}

#[test]
fn what_a_time_is_may_be_stated_against_the_format() {
    let line = "h - - [02/Mar/2026:09:00:10 +0000] \"GET / HTTP/1.1\" 200 5 \"-\" \"-\" 5000000\n";
    let apache = "service_time_column = { column = 'field_10', unit = 'us' }\ntime_is = 'start'\nspread = 'keep'";
    let log = line.replace(":10 ", ":05 ") + line;
    assert_eq!(requests_of(&log, apache).0, [(0, 5 * S), (5 * S, 5 * S)]);
    // Ends at 5 and 10 of 5 s each: the same distance, from 09:00:00 on.
    let (_, said) = requests_of(&log, &apache.replace("'start'", "'end'"));
    assert!(said.contains("times are cut to 1s"), "{said}");
}

#[test]
fn what_clients_waited_gives_way_to_a_law_that_is_stated_and_is_doubted_without_one() {
    let (_, said) = replay_bytes(sample(Format::K6).as_bytes(), "");
    assert!(said[1].contains("service times are what clients waited"), "{said:?}");
    let (k6, said) = requests_of(sample(Format::K6), "service_time.constant = '5ms'");
    assert!(k6.iter().all(|request| request.1 == 5_000_000), "{k6:?}");
    assert!(said.contains("the law that is stated was taken instead"), "{said}");
}

#[test]
fn requests_that_failed_are_pointed_out_and_may_be_left_out() {
    let (all, said) = requests_of(sample(Format::BurstGpt), "");
    assert_eq!(all.len(), 2);
    assert!(said.contains("1 request of 2 failed (no response tokens)"), "{said}");
    let (kept, said) = requests_of(sample(Format::BurstGpt), "failed = 'leave-out'");
    assert_eq!(kept.len(), 1);
    assert!(said.contains("1 request that failed (no response tokens) left out"), "{said}");
    let tokens = "service_time_linear = { base = '50ms', per = { 'Response tokens' = '25ms' } }";
    assert_eq!(requests_of(sample(Format::BurstGpt), tokens).0[0].1, 500_000_000);
    let tokens = "service_time_linear = { per = { output_length = '25ms' } }";
    assert_eq!(
        requests_of(sample(Format::Mooncake), tokens).0,
        [(0, 50_000_000), (3 * S, 25_000_000)]
    );
}

#[test]
fn series_hold_what_they_say() {
    let counts = |text: &str, options: &str| -> Vec<f64> {
        let workload = replay(text, options);
        let at = |s| workload.rate_at(Time::from_secs(s));
        // Requests of each minute.
        (0..3).map(|k| (at(k * 60 + 1) * 60.0).round()).collect()
    };
    let folder = tempfile::tempdir().unwrap();
    let seen = |text: &str, options: &Options| {
        std::fs::write(folder.path().join("t"), text).unwrap();
        inspect(folder.path(), "t", options).unwrap_or_else(|error| panic!("{text}: {error}"))
    };
    // Newest first in the file.
    assert_eq!(counts(sample(Format::Cloudwatch), ""), [1.0, 2.0, 3.0]);
    let azure = sample(Format::AzureFunctions2019);
    assert_eq!(counts(azure, ""), [1.0, 1.0, 3.0]);
    let from_zero = azure.replace("Trigger,1,2,3", "Trigger,0,1,2");
    assert_eq!(counts(&from_zero, ""), [1.0, 1.0, 3.0]);
    assert_eq!(counts(azure, "select = ['{Trigger=\"timer\"}']"), [0.0, 1.0, 1.0]);
    for (format, requests, rows) in [
        // NaN is no value: one interval is missing.
        (Format::Prometheus, 2.0 * 2.0 + 3.0 * 2.0, 2),
        (Format::Grafana, 15.0 * (2.0 + 4.0), 2),
        // Three in the first second, two in the second: the last row has no second of its own.
        (Format::Locust, 5.0, 2),
    ] {
        let seen = seen(sample(format), &Options::default());
        assert_eq!((seen.requests.round(), seen.rows), (requests, rows), "{format:?}: {seen:?}");
    }
    let counter = r#"[{"metric":{"__name__":"http_requests_total","job":"a"},"values":[[0,"7"],[60,"9"],[120,"4"]]},
        {"metric":{"__name__":"http_requests_total","job":"b"},"values":[[0,"1"],[60,"1"],[120,"2"]]}]"#;
    let sum = Options { select: vec!["*".to_owned()], ..Options::default() };
    let seen = seen(counter, &sum);
    assert_eq!(seen.requests, 2.0 + 4.0 + 1.0, "{seen:?}");
    assert!(
        seen.assumptions.iter().any(|said| said.contains("counters by their name")),
        "{seen:?}"
    );
    assert!(seen.assumptions.iter().any(|said| said.contains("began again once")), "{seen:?}");
}

#[test]
fn what_is_known_and_is_no_traffic_is_refused_by_name_with_the_nearest_way() {
    for (text, parts) in [
        (
            "HashOwner,HashApp,HashFunction,Average,percentile_Average_0\n",
            ["durations of Azure", "invocations"],
        ),
        (
            "{\"log\":{\"entries\":[{\"startedDateTime\":\"2026\"}]}}",
            ["HTTP archive", "jq -c '.log.entries[]"],
        ),
        (
            "{\"chat_id\": 1, \"timestamp\": 1.5, \"input_length\": 3, \"output_length\": 2, \"hash_ids\": []}\n",
            ["requests of Qwen", "--time-unit s"],
        ),
        ("{\"data\": [{\"traceID\": \"a\", \"spans\": [\n]}]}\n", ["spans of Jaeger", "took:us"]),
        ("{\n\"resourceSpans\": []}\n", ["OpenTelemetry", "took:ns"]),
        (
            "{\"timeSeries\": [\n{\"points\": []}]}\n",
            ["Google's Cloud Monitoring", "--time-is end"],
        ),
        (
            "{\"value\": [{\"timeseries\": [\n{\"data\": [{\"timeStamp\": \"x\"}]}]}]}",
            ["Azure Monitor", "@csv"],
        ),
        ("{\"series\": [{\n\"pointlist\": [[1, 2]]}]}", ["Datadog", "--time-unit ms"]),
        (
            "{\"data\": {\"resultType\":\n\"streams\", \"result\": [{\"stream\": {}}]}}",
            ["Loki", "leaves the lines"],
        ),
        ("#[Histogram log format version 1.3]\n", ["HdrHistogram", "empirical"]),
        ("{\n\"latencyPercentiles\": {}}", ["report of oha", "empirical"]),
        (
            "Running 30s test @ http://h\n  Latency Distribution (HdrHistogram)\n",
            ["report of wrk", "empirical"],
        ),
        (
            "{\"status\":\"error\",\"errorType\":\"bad_data\",\"error\":\"parse error\"}",
            ["Prometheus", "ask again"],
        ),
        (
            "# ours\napiVersion: keda.sh/v1alpha1\nkind: ScaledObject\n",
            ["document of Kubernetes", "--policy FILE"],
        ),
        ("client,start_s,rate_rps,iat_cv,iat_family,param1,param2\n", ["ServeGen", "renewal"]),
        (
            "{\"metadata\": {\"gap_seconds\": 195}, \"data\": [0]}",
            ["spot machines", "replica.failures"],
        ),
    ] {
        let (workload, said) = replay_bytes(text.as_bytes(), "");
        assert!(workload.is_none());
        assert!(parts.iter().all(|part| said[0].contains(part)), "{text}: {said:?}");
    }
}

#[test]
fn nothing_is_concluded_that_something_speaks_against() {
    let grid = |name: &str| {
        let rows: String =
            (0..9).map(|k| format!("{},{}\n", 1_764_400_000 + 15 * k, 20 + k)).collect();
        format!("time,{name}\n{rows}")
    };
    for (text, parts) in [
        (grid("web"), ["its rows are 15s apart, beside numbers in `web`", "--as rates --value web"]),
        (grid("total_requests"), ["`total_requests` may be the requests", "--as counters --value total_requests"]),
        (grid("Req/min"), ["`Req/min` may be", "--as counts --value 'Req/min'"]),
        (
            "time,metric,x\n1,a,2\n1,b,2\n3,a,4\n".to_owned(),
            ["column `metric` says that rows are of several metrics", "--as timestamps"],
        ),
        (
            "{\"ts\": 1, \"throughput\": 5}\n{\"ts\": 3.5, \"throughput\": 6}\n".to_owned(),
            ["`throughput` may be", "--as counts --value throughput"],
        ),
        (
            "\"Time\",\"web\",\"api\"\n2026-03-02 09:00:00,1,2\n2026-03-02 09:00:15,1,2\n".to_owned(),
            ["t.csv holds 2 series", "--select web or --select api, several of them"],
        ),
        (
            r#"[{"metric":{"job":"a"},"values":[[1,"1"]]},{"metric":{"job":"b"},"values":[[1,"1"]]}]"#.to_owned(),
            ["2 series", "--select '{job=\"a\"}'"],
        ),
        ("[{\"at\": 1}]".to_owned(), ["cannot be told", "jq -c '.[]' FILE"]),
        (
            "id,finished\n1,2026-03-02T09:00:00Z\n2,2026-03-02T09:00:05Z\n".to_owned(),
            ["cannot be told", "--time finished"],
        ),
    ] {
        let (workload, said) = replay_bytes(text.as_bytes(), "");
        let found = said.join("\n");
        assert!(workload.is_none(), "{text}");
        assert!(parts.iter().all(|part| found.contains(part)), "{text}: {found}");
    }
    // A row that is missing, a value that is, decimal commas, and the newest first change nothing.
    let rows: Vec<String> = (0..9)
        .filter(|k| *k != 4)
        .map(|k| format!("{},{}\n", 1_764_400_000 + 60 * k, 20 + k))
        .collect();
    let newest_first: String = rows.iter().rev().cloned().collect();
    for text in [
        format!("time,web\n{}", rows.concat()),
        format!("time,web\n{newest_first}"),
        format!("time,web\n{}", rows.concat().replace(",22", ",NaN")),
        format!("time;web\n{}", rows.concat().replace(',', ";").replace(";2", ";2,")),
        format!("when,web\n{}", rows.concat()),
    ] {
        let (workload, said) = replay_bytes(
            text.as_bytes(),
            if text.starts_with("when") { "time = 'when'" } else { "" },
        );
        assert!(
            workload.is_none() && said[0].contains("--as counts --value web"),
            "{text}: {said:?}"
        );
    }
    let counter: String = (0..9).map(|k| format!("{},{}\n", 60 * k, 1_000_000 + 600 * k)).collect();
    let (_, said) = replay_bytes(format!("time_s,requests\n{counter}").as_bytes(), "");
    assert!(said[0].contains("never fall") && said[0].contains("--as counters"), "{said:?}");
    let days = replay("date,requests\n20260301,864000\n20260302,864000\n", "");
    assert_eq!(days.rate_at(Time::from_secs(1)), 10.0);
    // What is stated is not asked for.
    assert_eq!(arrivals(&replay(&grid("web"), "format = 'timestamps'")).len(), 9);
    let rates = replay(&grid("web"), "format = 'rates'\nvalue = 'web'");
    assert_eq!(rates.rate_at(Time::from_secs(1)), 20.0);
}

#[test]
fn a_rate_that_looks_absurd_is_a_warning() {
    for (text, options, word) in [
        ("time_s\n1\n100000\n", "", "less than one a minute"),
        ("time_s,count\n0,1\n20,0\n40,0\n60,1\n", "", "fewer requests than intervals"),
        ("time_s,rate\n0,2e7\n1,2e7\n", "until = '1ms'", "more than ten million a second"),
    ] {
        let (workload, said) = replay_bytes(text.as_bytes(), options);
        assert!(workload.is_some(), "{text}: {said:?}");
        let doubts = |one: &String| one.contains(word) && one.contains("trace inspect");
        assert!(said.iter().any(doubts), "{text}: {said:?}");
        // Who inspects it is not sent there.
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("t.csv"), text).unwrap();
        let seen = inspect(folder.path(), "t.csv", &Options::default()).unwrap();
        let [warning] = &seen.warnings[..] else { panic!("{text}: {:?}", seen.warnings) };
        assert!(warning.contains(word) && !warning.contains("trace inspect"), "{warning}");
    }
}

#[test]
fn conditions_leave_out_rows_by_columns_and_by_parts_of_a_request_line() {
    let log = |minute: u32, line: &str, status: u32| {
        format!("h - - [02/Mar/2026:09:{minute:02}:00 +0000] \"{line}\" {status} 5\n")
    };
    let log = log(0, "GET /health HTTP/1.1", 200)
        + &log(1, "GET /api?q=1 HTTP/1.1", 200)
        + &log(2, "POST /api HTTP/1.1", 404)
        + &log(3, "GET http://h/a.css HTTP/1.1", 200);
    let haproxy = sample(Format::HaproxyLog);
    let both = haproxy.to_owned() + &haproxy.replace("/index.html", "/health");
    let table = "time_s,Method,code,took\n0,GET,200,1\n1,PUT,500,x\n2,GET,404,3\n";
    for (text, conditions, left, said) in [
        (log.as_str(), "'path!~^/health'", 3, "1 of 4 rows left out by where `path!~^/health`"),
        (&log, "'path=/api'", 2, "2 of 4 rows"),
        (
            &log,
            "'method=GET', 'path!~\\.(css|js)$'",
            2,
            "by where `method=GET`, `path!~\\.(css|js)$`",
        ),
        (&log, "'status<400'", 3, "1 of 4 rows"),
        (&log, "'host!=h2'", 4, "0 of 4 rows"),
        (&both, "'path!=/health'", 1, "1 of 2 rows"),
        (sample(Format::AlbLog), "'status=200'", 1, "1 of 2 rows"),
        (sample(Format::W3cLog), "'path=/a', 'method=GET', 'status=200'", 1, "1 of 2 rows"),
        (table, "'status!=500'", 2, "1 of 3 rows"),
        (table, "'method=GET', 'took>1'", 1, "2 of 3 rows"),
        (sample(Format::K6), "'status=200'", 2, "0 of 2 rows"),
    ] {
        let workload = replay(text, &format!("where = [{conditions}]\n"));
        let found = arrivals(&workload).len();
        let told = workload.assumptions().join("\n");
        assert!(found == left && told.contains(said), "{conditions}: {found}, {told}");
    }
    for (text, conditions, parts) in [
        (table, "'stattus!=404'", ["replay.where", "no column `stattus`", "the columns are"]),
        (
            &log,
            "'verb=GET'",
            ["no column `verb`", "time, request, status", "method and path are parts"],
        ),
        (table, "'Method=DELETE'", ["none of 3 rows", "`Method=DELETE`", "for example"]),
        (table, "'Method'", ["`Method` is not a column compared", "path!~^/health", ""]),
        (sample(Format::Counts), "'count>1'", ["`where` means nothing", "`counts`", "--select"]),
        (
            sample(Format::Prometheus),
            "'job=a'",
            ["`where` means nothing", "`prometheus`", "--select"],
        ),
    ] {
        let toml = format!("where = [{conditions}]\n");
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("t.csv"), text).unwrap();
        let toml = format!("[arrivals.a.replay]\nfile = 't.csv'\n{toml}");
        let found = match toml::from_str::<crate::workload::WorkloadSpec>(&toml) {
            Ok(_) => resolve_in(folder.path(), &toml, &WallClock::default(), hour()).1.join("\n"),
            Err(error) => error.to_string(),
        };
        assert!(parts.iter().all(|part| found.contains(part)), "{conditions}: {found}");
    }
}

/// A trace of Azure Functions 2019 with its durations beside it, resolved; what was said.
fn functions_with(durations: &str, options: &str) -> (Option<Workload>, String) {
    let folder = tempfile::tempdir().unwrap();
    let counts = "HashOwner,HashApp,HashFunction,Trigger,480,481\no,a,f,http,30,30\no,a,g,timer,0,40\no,b,f,http,100,0\n";
    std::fs::write(folder.path().join("x_invocations.csv"), counts).unwrap();
    std::fs::write(folder.path().join("x_durations.csv"), durations).unwrap();
    let toml = format!("[arrivals.a.replay]\nfile = 'x_invocations.csv'\n{options}");
    let (workload, mut said) =
        resolve_in(folder.path(), &toml, &WallClock::default(), Time::from_secs(86_400));
    said.extend(workload.iter().flat_map(|workload| workload.assumptions().to_vec()));
    (workload, said.join("\n"))
}

#[test]
fn durations_of_functions_are_joined_by_name_and_mixed_by_how_often_each_ran() {
    let head = "percentile_Average_0,percentile_Average_1,percentile_Average_25,percentile_Average_50,percentile_Average_75,\
                percentile_Average_99,percentile_Average_100";
    let of = |ms: u32| [ms.to_string().as_str(); 7].join(",");
    // Hash columns in another order, rows too; a function that did not run, and none for `b,f`.
    let file = format!(
        "{head},HashFunction,HashOwner,HashApp,Count\n{},g,o,a,9\n{},f,o,a,7\n{},h,o,a,1\n",
        of(40),
        of(10),
        of(5000)
    );
    let durations = "durations = 'x_durations.csv'\n";
    let day = Time::from_secs(86_400);
    // (10 ms x 60 + 40 ms x 40) / 100; g alone; f of both apps is 10 ms where it is known.
    for (options, mean_s, parts) in [
        ("", 0.022, ["durations of 2 functions", "1 function with 50.00 % of the invocations"]),
        ("select = ['g']\n", 0.04, ["durations of 1 function,", "a mean of 40.0 ms"]),
        ("select = ['{HashFunction=\"f\"}']\n", 0.01, ["durations of 1 function,", "with 62.50 %"]),
    ] {
        let (workload, said) = functions_with(&file, &format!("{durations}{options}"));
        let workload = workload.unwrap_or_else(|| panic!("{said}"));
        assert!((workload.mean_demand_s(day) / mean_s - 1.0).abs() < 2e-3, "{options}: {said}");
        assert!(parts.iter().all(|part| said.contains(part)), "{options}: {said}");
        let names: Vec<&str> =
            workload.input_files().iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["x_invocations.csv", "x_durations.csv"]);
    }
    let far = file.replace("Count", "Average").replace(",9\n", ",9.0\n");
    let (_, said) = functions_with(&far, &format!("{durations}select = ['g']\n"));
    assert!(said.contains("its column Average has a mean of 9.0 ms, 0.23 times as much"), "{said}");
    // What the percentiles leave open the mean says: up to the 99th 9.9 ms of it, 5.1 ms behind it.
    let open = far.replacen(&of(40), "10,10,10,10,10,10,1000", 1).replace(",9.0\n", ",15.0\n");
    let (workload, said) = functions_with(&open, &format!("{durations}select = ['g']\n"));
    assert!((workload.unwrap().mean_demand_s(day) / 0.015 - 1.0).abs() < 2e-3, "{said}");
    assert!(said.contains("a mean of 15.0 ms") && !said.contains("Average"), "{said}");
    let (_, said) = functions_with(&file, "");
    assert!(
        said.contains("durations = \"x_durations.csv\" (--durations) draws service times"),
        "{said}"
    );
    let (zero, said) =
        functions_with(&file.replace(&of(10), &of(0)).replace(&of(40), &of(0)), durations);
    assert_eq!(zero.unwrap_or_else(|| panic!("{said}")).mean_demand_s(day), 0.0);
    for (file, options, part) in [
        (
            file.replace("Average_99,", "Average_98,"),
            durations,
            "no column `percentile_Average_99`",
        ),
        (file.clone() + &of(1) + ",g,o,a,9\n", durations, "a second row of one function"),
        (file.replace("40,40,40,40,40", "40,40,40,39,40"), durations, "`39` is no duration"),
        (file.replace(&of(40), &of(40).replace("40", "-1")), durations, "`-1` is no duration"),
        (file.replace(",o,", ",p,"), durations, "durations of no function that ran"),
        (file.replace("Hash", "Name"), durations, "names no functions"),
        (file.clone(), "durations = 'gone.csv'\n", "replay.durations: cannot read `gone.csv`"),
        (
            file.clone(),
            "durations = 'x_durations.csv'\nservice_time.constant = '1s'\n",
            "stated twice",
        ),
    ] {
        let (workload, said) = functions_with(&file, options);
        assert!(workload.is_none() && said.contains(part), "{part}: {said}");
    }
    let (_, said) = replay_bytes(b"time_s\n1\n", "durations = 'd.csv'\n");
    assert!(said[0].contains("`durations` means nothing to the format `timestamps`"), "{said:?}");
}
