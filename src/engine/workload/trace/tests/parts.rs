//! Parts of recordings: series, and rows of a column's values; all of them, some, the largest.

use super::*;

/// How many requests are played, or what is wrong; and what was said.
fn played(text: &str, options: &str) -> (Result<usize, String>, String) {
    let (workload, said) = replay_bytes(text.as_bytes(), options);
    let said = said.join("\n");
    match workload {
        Some(workload) => (Ok(arrivals(&workload).len()), said),
        None => (Err(said.clone()), said),
    }
}

const REQUESTS: &str = "time_s,function\n1,a\n2,b\n3,b\n4,c\n5,b\n6,a\n";
/// A row for each minute and function; `c` ran in one minute.
const COUNTS: &str =
    "time_s,function,count\n0,a,1\n0,b,5\n60,a,2\n60,b,5\n120,a,1\n120,b,0\n120,c,1\n";
const SERIES: &str = r#"{"status":"success","data":{"resultType":"matrix","result":[
  {"metric":{"job":"web","pod":"1"},"values":[[1764400000,"1"],[1764400060,"1"]]},
  {"metric":{"job":"db","pod":"2"},"values":[[1764400000,"3"],[1764400060,"3"]]},
  {"metric":{"job":"web","pod":"3"},"values":[[1764400000,"2.5"],[1764400060,"2.5"]]}]}}"#;
const FUNCTIONS: &str = "HashOwner,HashApp,HashFunction,Trigger,1,2\no,x,f,http,3,0\no,y,g,timer,2,2\no,x,f2,http,0,2\n";

#[test]
fn the_largest_parts_and_those_of_a_name_are_played() {
    for (text, options, requests) in [
        (REQUESTS, "", 6),
        (REQUESTS, "by = 'function'", 6),
        (REQUESTS, "by = 'function'\ntop = 1", 3),
        (REQUESTS, "by = 'function'\ntop = 2", 5),
        (REQUESTS, "by = 'function'\ntop = 9", 6),
        (REQUESTS, "by = 'function'\nselect = ['c']", 1),
        (REQUESTS, "by = 'function'\nselect = ['a', 'c']\ntop = 1", 2),
        (REQUESTS, "by = 'function'\ntop = 1\nwhere = ['function!=b']", 2),
        (COUNTS, "by = 'function'\ntop = 1", 10),
        (COUNTS, "by = 'function'\nselect = ['a']", 4),
        (COUNTS, "by = 'function'\nselect = ['*']\ninterval = '1m'", 15),
        (SERIES, "top = 1\nvalues = 'counts'", 6),
        (SERIES, "by = 'job'\ntop = 1\nvalues = 'counts'", 7),
        (SERIES, "by = 'job'\nselect = ['db']\nvalues = 'counts'", 6),
        (SERIES, "select = ['{job=\"web\"}']\ntop = 1\nvalues = 'counts'", 5),
        (FUNCTIONS, "", 9),
        (FUNCTIONS, "top = 1", 4),
        (FUNCTIONS, "by = 'HashApp'\ntop = 1", 5),
        (FUNCTIONS, "by = 'HashApp'\nselect = ['y']", 4),
        (FUNCTIONS, "select = ['{Trigger=\"http\"}']\ntop = 1", 3),
    ] {
        let (found, said) = played(text, options);
        // Counts of 2.5 are drawn.
        let near = found
            .as_ref()
            .is_ok_and(|found| found.abs_diff(requests) <= usize::from(text == SERIES));
        assert!(near, "{options}: {found:?} {said}");
    }
}

#[test]
fn what_is_left_out_is_said_with_its_share() {
    for (text, options, told) in [
        (
            REQUESTS,
            "by = 'function'\ntop = 1",
            "the largest 1 of 3 parts: `b` (50.0 %); 2 parts with 50.0 % of the requests left out",
        ),
        (
            REQUESTS,
            "by = 'function'\nselect = ['c']",
            "5 rows of other parts by `function` left out",
        ),
        (
            COUNTS,
            "by = 'function'\ntop = 1",
            "the largest 1 of 3 parts: `b` (66.7 %); 2 parts with 33.3 % of",
        ),
        (
            SERIES,
            "by = 'job'\ntop = 1",
            "the largest 1 of 2 parts: `web` (53.8 %); 1 part with 46.2 % of",
        ),
        (FUNCTIONS, "by = 'HashApp'\ntop = 1", "the largest 1 of 2 parts: `x` (55.6 %)"),
        (
            FUNCTIONS,
            "top = 1",
            "`{HashOwner=\"o\",HashApp=\"y\",HashFunction=\"g\",Trigger=\"timer\"}` (44.4 %)",
        ),
    ] {
        let (found, _) = replay_bytes(text.as_bytes(), options);
        let said = found.unwrap().parts[0].assumptions.join("\n");
        assert!(said.contains(told), "{options}: {said}");
    }
}

#[test]
fn what_names_no_part_is_refused_with_what_there_is() {
    for (text, options, parts) in [
        (
            REQUESTS,
            "top = 2",
            [
                "which belong together is not said",
                "by = \"COLUMN\" (--by COLUMN); the columns are time_s, function",
            ],
        ),
        (
            REQUESTS,
            "by = 'funktion'\ntop = 2",
            ["has no column `funktion`", "did you mean `function`?"],
        ),
        (
            REQUESTS,
            "by = 'function'\nselect = ['d']",
            ["no row has `d` as its `function`", "--by COLUMN"],
        ),
        (COUNTS, "", ["the interval is zero", "by = \"COLUMN\" (--by COLUMN)"]),
        (
            COUNTS,
            "top = 1",
            ["`top` means nothing to the format `counts`", "name it: by = \"COLUMN\""],
        ),
        (COUNTS, "by = 'function'", ["holds 3 series", "--select a or --select b"]),
        (
            SERIES,
            "by = 'task'\ntop = 1",
            ["no series has a label `task`", "their labels: job, pod"],
        ),
        (
            SERIES,
            "by = 'job'",
            [
                "holds 3 series",
                "--select web or --select db, several of them, the largest together: --top 3",
            ],
        ),
        (SERIES, "by = 'job'\nselect = ['cache']", ["has no `job` `cache`", "--select web"]),
        (
            FUNCTIONS,
            "by = 'App'\ntop = 1",
            ["`App` is no column that names functions", "HashOwner, HashApp"],
        ),
    ] {
        let (found, said) = played(text, options);
        assert!(
            found.is_err() && parts.iter().all(|part| said.contains(part)),
            "{options}: {said}"
        );
    }
}

#[test]
fn the_parts_of_a_recording_too_long_for_memory_are_the_same() {
    let text: String =
        (0..200).map(|row| format!("{row},{}\n", "abbc".as_bytes()[row % 4] as char)).collect();
    let text = format!("time_s,function\n{text}");
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("t.csv"), text).unwrap();
    for memory in ["", "memory_limit_bytes = 100\n"] {
        let replay =
            format!("[arrivals.a.replay]\nfile = 't.csv'\n{memory}by = 'function'\ntop = 1");
        let (found, said) = resolve_in(folder.path(), &replay, &WallClock::default(), hour());
        assert_eq!(arrivals(&found.unwrap()).len(), 100, "{memory} {said:?}");
    }
}
