//! Calendars with dates in a run without one.

use autosim_engine::fault::Faults;
use autosim_policies::builtin::PolicySpec;
use autosim_policies::builtin::parts::calendar::At;

/// Points out dates of a policy, and of those within it.
pub(super) fn without_date(spec: &PolicySpec, faults: &mut Faults) {
    faults.within(spec.kind_name(), |f| match spec {
        PolicySpec::Scheduled(outer) => {
            f.within("entries", |f| {
                for (index, entry) in outer.entries.iter().enumerate() {
                    let Some(at @ (At::Instant(_) | At::Civil(_))) = &entry.at else { continue };
                    let message =
                        format!("`{at}` is a date, but nobody says on which the run begins");
                    let hint = "give the scenario a `start`, or an offset such as \"2h\"";
                    f.within(index.to_string(), |f| f.warn("at", message, hint));
                }
            });
            if let Some(policy) = &outer.policy {
                f.within("policy", |f| without_date(policy, f));
            }
        }
        PolicySpec::ScaleToZero(outer) => f.within("policy", |f| without_date(&outer.policy, f)),
        PolicySpec::Combine(outer) => f.within("policies", |f| {
            for (name, policy) in &outer.policies {
                f.within(name, |f| without_date(policy, f));
            }
        }),
        PolicySpec::TargetTracking(_)
        | PolicySpec::Threshold(_)
        | PolicySpec::Pid(_)
        | PolicySpec::Staffing(_)
        | PolicySpec::Fixed(_)
        | PolicySpec::KeepAlive(_)
        | PolicySpec::Clairvoyant(_) => {}
    });
}
