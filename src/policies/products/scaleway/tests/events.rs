//! What a group shows of its decisions.

use super::loops::tape;
use super::{DOWN, UP, array, group};
use crate::products::scaleway::{Knobs, Scaleway};
use crate::products::tape::model;
use crate::products::{Happening, Product};
use autosim_engine::signal::Census;
use autosim_engine::units::{Time, WallClock};

#[test]
fn every_decision_that_was_one_is_an_event_of_its_source() {
    let knobs = Knobs::default();
    let bodies = [group("600s"), UP.to_owned(), DOWN.to_owned()];
    let bodies: Vec<&str> = bodies.iter().map(String::as_str).collect();
    let model = model::<Scaleway>(&array(&bodies), &knobs);
    let clock = WallClock::parse("2026-03-02T00:00:00+01:00").unwrap();
    let mut tape = tape(&bodies, &knobs, 4);
    for (at, found, value, expected) in [
        (300, 4, 82.0, Some(("scaler", "success", "scale up", "from 4 to 5 Instances"))),
        (600, 5, 10.0, Some(("scaler", "info", "scaling denied", "5m of the cooldown"))),
        (900, 5, 90.0, Some(("watcher", "info", "nothing to do", "limit of its capacity"))),
        (1200, 5, 50.0, None),
        (1500, 5, 10.0, Some(("scaler", "success", "scale down", "\"my-policy-scale-down\""))),
        (1800, 9, 10.0, Some(("supervisor", "success", "capacity restored", "from 9 to 5"))),
    ] {
        tape.desired = found;
        let decision = tape.at(at, &[Some(value); 2]);
        let happening = Happening {
            at: Time::from_secs(at),
            clock: &clock,
            before: found,
            decision: &decision,
            census: Census::default(),
            readings: &[],
        };
        let event = Scaleway::tell(&model, &knobs, &happening);
        let Some((source, level, name, part)) = expected else {
            assert_eq!(event, None, "at {at} s");
            continue;
        };
        let event = event.unwrap();
        assert_eq!(event["source"], source, "at {at} s: {event}");
        assert_eq!((&event["level"], &event["name"]), (&level.into(), &name.into()), "at {at} s");
        assert!(event["details"].as_str().unwrap().contains(part), "at {at} s: {event}");
        if at == 300 {
            assert_eq!(event["created_at"], "2026-03-01T23:05:00Z");
        }
    }
}
