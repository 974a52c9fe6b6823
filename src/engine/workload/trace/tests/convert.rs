//! Recordings converted: files in, one file out.

use super::super::{Conversion, ConvertError, Converted, Options, Spread, convert, unpacked};
use crate::workload::arrivals::TracePoint;

/// What becomes of files: the new one's text and what was said.
fn converted(
    files: &[(&str, &str)],
    out: &str,
    how: &Conversion,
) -> Result<(String, Converted), ConvertError> {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let names: Vec<String> = files.iter().map(|(name, _)| (*name).to_owned()).collect();
    let (base, path) = (folder.path(), folder.path().join(out));
    let options = Options { memory_limit_bytes: Some(1 << 20), ..Options::default() };
    let done = convert(base, &names, &options, how, &path, &Default::default());
    for entry in std::fs::read_dir(base).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(names.contains(&name) || done.is_ok() && name == out, "{name} is left behind");
    }
    let bytes = std::fs::read(&path).unwrap_or_default();
    let is_packed = [".gz", ".zst"].iter().any(|ending| out.to_lowercase().ends_with(ending));
    assert!(done.is_err() || is_packed == (bytes[0] != b't' && bytes[0] != b'{'), "{out}");
    let bytes = unpacked(bytes, out).unwrap();
    done.map(|done| (String::from_utf8(bytes).unwrap(), done))
}

const NONE: &str = "";

/// From text, where the order of fields would not be read anyway.
fn how(from: &str, until: &str, rate_scale: f64, every: &str, anonymise: bool) -> Conversion {
    let point = |text: &str| (!text.is_empty()).then(|| text.parse::<TracePoint>().unwrap());
    Conversion {
        from: point(from),
        until: point(until),
        rate_scale,
        every: (!every.is_empty()).then(|| every.parse().unwrap()),
        anonymise,
        ..Conversion::default()
    }
}

/// Four requests from 23:59:58 UTC on, seen from Berlin, with columns that do not stay.
const BERLIN: (&str, &str) = (
    "berlin.csv",
    "time,path,service_time_s\n2026-03-01T00:59:58+01:00,/a,0.5\n2026-03-01T01:00:00.25+01:00,/b,0.000000001\n\
     2026-03-01T01:00:00.25+01:00,/c,2\n2026-03-01T01:02:00+01:00,/d,3\n",
);
/// Three minutes.
const MINUTES: (&str, &str) = (
    "minutes.csv",
    "time,count\n2026-03-01 00:00:00,6\n2026-03-01 00:01:00,3\n2026-03-01 00:02:00,0.5\n",
);
/// Two requests that count from their own start.
const OWN: (&str, &str) = ("own.csv", "time_s,service_time_s\n1,0.1\n2.5,0.2\n");

#[test]
fn the_new_file_has_what_was_asked_of_the_old_ones() {
    for (files, out, how, text) in [
        // As it is: times and service times, in the recording's own offset.
        (
            &[BERLIN][..],
            "n.csv",
            how(NONE, NONE, 1.0, NONE, false),
            "time,service_time_s\n2026-03-01T00:59:58+01:00,0.5\n2026-03-01T01:00:00.25+01:00,0.000000001\n\
             2026-03-01T01:00:00.25+01:00,2\n2026-03-01T01:02:00+01:00,3\n",
        ),
        // A part, by times of its own clock, without a date.
        (
            &[BERLIN],
            "n.CSV.GZ",
            how("2026-03-01T01:00:00+01:00", "2m", 1.0, NONE, true),
            "time_s,service_time_s\n0.25,0.000000001\n0.25,2\n",
        ),
        // Twice as many: the copy is half way to the next, which is of the same instant.
        (
            &[OWN],
            "n.jsonl.zst",
            how(NONE, NONE, 2.0, NONE, false),
            "{\"time_s\":1,\"service_time_s\":0.1}\n{\"time_s\":1.75,\"service_time_s\":0.1}\n\
             {\"time_s\":2.5,\"service_time_s\":0.2}\n{\"time_s\":2.5,\"service_time_s\":0.2}\n",
        ),
        // One after the other.
        (
            &[OWN, OWN],
            "n.csv",
            how(NONE, NONE, 1.0, NONE, false),
            "time_s,service_time_s\n1,0.1\n2.5,0.2\n3.500000001,0.1\n5.000000001,0.2\n",
        ),
        // Counted from a whole minute of its clock on.
        (
            &[BERLIN],
            "n.csv",
            how(NONE, NONE, 1.0, "1m", false),
            "time,count\n2026-03-01T00:59:00+01:00,1\n2026-03-01T01:00:00+01:00,2\n\
             2026-03-01T01:01:00+01:00,0\n2026-03-01T01:02:00+01:00,1\n",
        ),
        // Counts stay counts; of an interval that is cut its share.
        (
            &[MINUTES],
            "n.csv",
            how("30s", NONE, 10.0, NONE, false),
            "time,count\n2026-03-01T00:00:00Z,30\n2026-03-01T00:01:00Z,30\n2026-03-01T00:02:00Z,5\n",
        ),
        // Coarser and finer.
        (&[MINUTES], "n.csv", how(NONE, NONE, 1.0, "2m", true), "time_s,count\n0,9\n120,0.5\n"),
        (
            &[MINUTES],
            "n.jsonl",
            how(NONE, "1m", 1.0, "20s", true),
            "{\"time_s\":0,\"count\":2}\n{\"time_s\":20,\"count\":2}\n{\"time_s\":40,\"count\":2}\n",
        ),
        // In order of time, whatever they are and in whichever order they are named.
        (
            &[MINUTES, BERLIN],
            "n.csv",
            how(NONE, NONE, 1.0, "1m", false),
            "time,count\n2026-02-28T23:59:00Z,1\n2026-03-01T00:00:00Z,8\n2026-03-01T00:01:00Z,3\n\
             2026-03-01T00:02:00Z,1.5\n",
        ),
    ] {
        let (found, done) = converted(files, out, &how).unwrap_or_else(|e| panic!("{out}: {e}"));
        assert_eq!(found, text, "{how:?}");
        let rows = text.lines().filter(|line| !line.starts_with("time")).count();
        assert_eq!(done.rows, rows as u64);
    }
}

#[test]
fn an_interval_that_is_cut_gives_its_share() {
    for (from, until, text) in [
        ("", "90s", "time_s,count\n0,6\n60,1.5\n"),
        ("15s", "75s", "time_s,count\n0,4.5\n60,0.75\n"),
    ] {
        let (found, _) =
            converted(&[MINUTES], "n.csv", &how(from, until, 1.0, "1m", true)).unwrap();
        assert_eq!(found, text);
    }
}

#[test]
fn recorded_intervals_stay_where_they_are() {
    // They begin four minutes after the hour.
    const LATE: &str =
        "time,count\n2026-03-01T00:04:00Z,6\n2026-03-01T00:09:00Z,3\n2026-03-01T00:14:00Z,0\n";
    const LATER: &str = "time,count\n2026-03-01T00:14:00Z,5\n2026-03-01T00:19:00Z,1\n";
    let (late, later) = (("late.csv", LATE), ("later.csv", LATER));
    let plain = Conversion::default();
    let (text, _) = converted(&[late], "n.csv", &plain).unwrap();
    assert_eq!(text, LATE);
    let (text, _) = converted(&[late], "n.csv", &how("2m30s", NONE, 1.0, NONE, false)).unwrap();
    assert_eq!(text, LATE.replace(",6", ",3"), "half of the first is kept, and stays there");
    let (text, _) = converted(&[later, late], "n.csv", &plain).unwrap();
    assert_eq!(text, LATE.replace("Z,0", "Z,5") + "2026-03-01T00:19:00Z,1\n");
    let own = ("own.csv", "time_s,count\n30,6\n90,3\n");
    let (text, _) = converted(&[own], "n.csv", &plain).unwrap();
    assert_eq!(text, own.1);
    let other = ("other.csv", "time,count\n2026-03-01T00:15:00Z,5\n2026-03-01T00:20:00Z,1\n");
    let apart =
        converted(&[late, other], "n.csv", &plain).map(|done| done.0).unwrap_err().to_string();
    assert!(apart.contains("1m off") && apart.contains("--every 5m"), "{apart}");
}

#[test]
fn intervals_that_were_recorded_in_part_are_named_and_none_is_invented() {
    const ON_THE_HOUR: (&str, &str) =
        ("hour.csv", "time\n2026-03-01T09:00:00Z\n2026-03-01T10:00:00Z\n2026-03-01T10:00:00Z\n");
    for (file, from, until, every, rows, told) in [
        (MINUTES, NONE, NONE, "1m", 3, ""),
        (MINUTES, "30s", NONE, NONE, 3, "the first interval holds its last 30s only"),
        (MINUTES, NONE, "2m15s", "1m", 3, "the last interval holds its first 15s only"),
        (MINUTES, NONE, NONE, "2m", 2, "the last interval holds its first 1m only"),
        (ON_THE_HOUR, NONE, NONE, "30m", 3, "the last interval holds its first instant only"),
        (BERLIN, NONE, NONE, "1m", 4, "the first interval holds its last 2s only"),
        (MINUTES, "2026-02-27", NONE, "1m", 3, "from its beginning on, Sun 2026-03-01 00:00:00"),
        (MINUTES, "2026-02-27", NONE, NONE, 3, "from its beginning on"),
    ] {
        let (_, done) = converted(&[file], "n.csv", &how(from, until, 1.0, every, false)).unwrap();
        let said: Vec<&String> =
            done.said.iter().filter(|one| !one.contains("was read as")).collect();
        assert_eq!(done.rows, rows, "{from} {until} {every}");
        assert!(
            said.iter().any(|one| one.contains(told)) != (told.is_empty() && said.is_empty()),
            "{told}: {said:?}"
        );
    }
}

#[test]
fn a_file_that_has_nothing_in_the_part_leaves_the_others() {
    let gap = ("gap.csv", "time\n2026-02-28T23:00:00Z\n2026-03-01T02:00:00Z\n");
    let part = how("2026-02-28T23:59:00Z", "2026-03-01T01:00:00Z", 1.0, NONE, false);
    let (text, done) = converted(&[BERLIN, gap], "n.csv", &part).unwrap();
    assert_eq!(done.rows, 4, "{text}");
    assert!(converted(&[gap], "n.csv", &part).is_err());
    let zeros = ("zeros.csv", "time,count\n2026-03-01 00:00:00,0\n2026-03-01 00:01:00,0\n");
    let plain = Conversion::default();
    let (text, _) = converted(&[MINUTES, zeros], "n.csv", &plain).unwrap();
    assert_eq!(text, MINUTES.1.replace(" ", "T").replace(":00,", ":00Z,"));
    let (text, done) = converted(&[zeros], "n.csv", &plain).unwrap();
    assert_eq!((text.lines().count(), done.requests), (3, 0.0));
}

#[test]
fn several_recordings_of_requests_become_one_in_order_of_time() {
    let other = ("other.csv", "time\n2026-02-28T23:59:59Z\n2026-03-01T00:01:30Z\n");
    let (text, done) = converted(&[BERLIN, other], "n.csv", &Conversion::default()).unwrap();
    assert_eq!(
        text,
        "time\n2026-03-01T00:59:58+01:00\n2026-03-01T00:59:59+01:00\n2026-03-01T01:00:00.25+01:00\n\
         2026-03-01T01:00:00.25+01:00\n2026-03-01T01:01:30+01:00\n2026-03-01T01:02:00+01:00\n"
    );
    let left_out = "other.csv has no service times: those of all are left out";
    assert!(done.said.iter().any(|one| one == left_out), "{:?}", done.said);
    // A part in which one of them has nothing.
    let late = how("2026-03-01T00:01:45Z", "", 1.0, "", true);
    let (text, _) = converted(&[BERLIN, other], "n.csv", &late).unwrap();
    assert_eq!(text, "time_s\n15\n");
}

#[test]
fn thinning_is_by_chance_and_the_same_for_the_same_seed() {
    let rows: String = (0..10_000).map(|at| format!("{at},0.5\n")).collect();
    let file = ("t.csv", format!("time_s,service_time_s\n{rows}"));
    let thin = |seed| {
        let how = Conversion { rate_scale: 0.25, seed, ..Conversion::default() };
        converted(&[(file.0, &file.1)], "n.csv", &how).unwrap()
    };
    let ((first, done), (again, _), (other, _)) = (thin(1), thin(1), thin(2));
    assert!((2300.0..2700.0).contains(&done.requests), "{}", done.requests);
    assert!(first == again && first != other);
}

#[test]
fn times_that_are_cut_are_spread_as_they_are_played_unless_they_are_kept() {
    let line = "1.2.3.4 - - [01/Mar/2026:00:00:07 +0000] \"GET / HTTP/1.1\" 200 5 \"-\" \"-\"\n";
    let log = ("log", line.repeat(40));
    let files = [(log.0, log.1.as_str())];
    let keep = Conversion { spread: Some(Spread::Keep), ..Conversion::default() };
    let (text, _) = converted(&files, "n.csv", &keep).unwrap();
    assert!(text.lines().skip(1).all(|line| line == "2026-03-01T00:00:07Z"), "{text}");
    let (text, done) = converted(&files, "n.csv", &Conversion::default()).unwrap();
    assert!(done.said.iter().any(|one| one.contains("a random instant")), "{:?}", done.said);
    let mut stamps: Vec<&str> = text.lines().skip(1).collect();
    stamps.dedup();
    assert!(stamps.len() == 40 && stamps.iter().all(|one| one.starts_with("2026-03-01T00:00:07.")));
}

#[test]
fn what_cannot_be_converted_is_refused_and_leaves_nothing() {
    let finer = ("finer.csv", "time,count\n2026-03-01 00:00:00,6\n2026-03-01 00:00:10,3\n");
    let plain = how(NONE, NONE, 1.0, NONE, false);
    for (files, out, how, parts) in [
        (&[BERLIN][..], "n.xlsx", plain.clone(), ["n.xlsx", ".jsonl.zst"]),
        (&[BERLIN], "n", plain.clone(), ["/n`", ".csv"]),
        (&[BERLIN, MINUTES], "n.csv", plain.clone(), ["counts of intervals", "--every 1m"]),
        (&[finer, MINUTES], "n.csv", plain.clone(), ["10s here and 1m there", "--every 1m"]),
        (&[BERLIN, OWN], "n.csv", plain.clone(), ["have dates", "--anonymise"]),
        (&[OWN, OWN], "n.csv", how("1s", NONE, 1.0, NONE, false), ["no common times", "alone"]),
        (
            &[OWN],
            "n.csv",
            how("9s", NONE, 1.0, NONE, false),
            ["nothing was recorded", "from 1s to 2s"],
        ),
        (&[OWN], "n.csv", how("2s", "1s", 1.0, NONE, false), ["not after `from`", "later"]),
        (&[OWN], "n.csv", how("2026-03-01", NONE, 1.0, NONE, false), ["own start", "10m"]),
        (&[OWN], "n.csv", how(NONE, NONE, 0.0, NONE, false), ["the scale is 0", "positive"]),
        (&[OWN], "n.csv", how(NONE, NONE, f64::NAN, NONE, false), ["NaN", "positive"]),
        (&[OWN], "n.csv", how(NONE, NONE, 1.0, "0s", false), ["interval of counts is zero", "1m"]),
        (&[OWN], "n.csv", how(NONE, NONE, 1.0, "1ns", false), ["more than 20000000", "--every"]),
        (&[OWN], "no/n.csv", plain.clone(), ["cannot write", "no/n.csv"]),
        (&[("bad.csv", "time_s\n1\nx\n")], "n.csv", plain, ["bad.csv line 3", "`x`"]),
    ] {
        let error = converted(files, out, &how).map(|done| done.0).unwrap_err().to_string();
        assert!(parts.iter().all(|part| error.contains(part)), "{parts:?}: {error}");
    }
}

#[cfg(not(feature = "parquet"))]
#[test]
fn parquet_is_refused_by_name_where_it_is_not_built_in() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("t.csv"), "time_s\n1\n2\n").unwrap();
    let out = folder.path().join("n.parquet");
    let paths = ["t.csv".to_owned()];
    let (options, how) = (Options::default(), Conversion::default());
    let refused = convert(folder.path(), &paths, &options, &how, &out, &Default::default());
    let said = refused.unwrap_err().to_string();
    assert!(
        said.contains("n.parquet`: this autosim was built without its feature `parquet`"),
        "{said}"
    );
    assert!(!out.exists());
}
