//! What the documents do not say.

use crate::products::Spread;
use crate::products::knobs::{check_ranges, choices, knobs};
use autosim_engine::units::Span;

knobs! {
/// Choices about the cluster around a Knative Service.
///
/// ```toml
/// [policies.kn.knative]
/// document = "policies/knative.yaml"
/// knobs.service = "shop"
/// ```
pub struct Knobs {
    /// Which Service of several documents: `name` or `namespace/name`. Default: the only one.
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<String> = None;
    /// Whether a route leads to the revision. Default true; false: minimum, scale-down delay and retention do not
    /// apply, and nothing limits how fast it shrinks.
    reachable: bool = true, "the newest revision of a Service takes its requests";
    /// How the ingress spreads requests over pods while the activator is out of their path. Default `round-robin`.
    ingress: Ingress = Ingress::RoundRobin, "what Kourier leaves Envoy at";
    /// How long a request is on its way through the activator, where it is in the path. Default 0 s.
    activator_latency: Span = Span::ZERO, "no figure is published; a hop within a cluster is short beside a request";
} check(self, faults) {
    check_ranges(faults, &[("activator_latency", self.activator_latency, Span::ZERO..=LONGEST)]);
}
}

/// No hop takes longer.
const LONGEST: Span = Span::from_secs(60);

choices! { "kebab-case":
    /// How an ingress spreads requests.
    Ingress {
        /// In turn: Envoy's own default, and with it Kourier's.
        RoundRobin,
        /// To any pod alike: kube-proxy with iptables.
        Random,
        /// To the one with fewer requests of two drawn: Envoy's `LEAST_REQUEST`, and with it Istio's default.
        LeastRequest,
    }
}

impl Ingress {
    /// The same as a balancer knows it.
    pub(super) const fn spread(self) -> Spread {
        match self {
            Self::RoundRobin => Spread::RoundRobin,
            Self::Random => Spread::Random,
            Self::LeastRequest => Spread::LeastRequest,
        }
    }
}
