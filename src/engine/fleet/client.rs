//! What clients do beside sending: give up, cancel, try again (rules 39, 40, 41, 42).

use crate::units::Span;

/// The clients of one service.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClientSpec {
    /// How long they wait for an attempt, queue and service together; [`Span::MAX`] = for ever.
    pub timeout: Span,
    /// True: the work of an attempt given up ends at once; false: it goes on, unheard.
    pub cancels: bool,
    /// Whether they try again.
    pub retries: Option<RetrySpec>,
}

impl ClientSpec {
    /// They wait for ever and never try again.
    pub const PATIENT: Self = Self { timeout: Span::MAX, cancels: false, retries: None };
}

/// How clients try again after an attempt that was refused, lost, or given up.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RetrySpec {
    /// The most attempts at one request, the first included; at most [`RetrySpec::MOST_ATTEMPTS`].
    pub attempts: u32,
    /// From a failure to the second attempt.
    pub delay: Span,
    /// Every further delay is so many times as long as the one before; at least 1.
    pub factor: f64,
    /// No delay is longer.
    pub max_delay: Span,
    /// The share of each delay that is drawn, uniformly: 0 = none of it, 1 = from nothing to all.
    pub jitter: f64,
    /// A limit on the retries of all clients together.
    pub budget: Option<RetryBudget>,
}

/// A bucket that gains a part of a retry with every request and from which each retry takes a whole one;
/// full at the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryBudget {
    /// Millionths of a retry gained by each request.
    pub millionths: u64,
    /// The most retries it holds.
    pub burst: u32,
}

impl RetrySpec {
    /// More attempts than these are not told apart.
    pub const MOST_ATTEMPTS: u32 = 64;

    /// How long the client waits before retry number `retry` (from 1), given a draw in [0, 1) (rule 40).
    pub fn wait(&self, retry: u32, draw: f64) -> Span {
        let most = self.max_delay.0 as f64;
        let mut delay = self.delay.0 as f64;
        for _ in 1..retry {
            delay = (delay * self.factor).min(most);
        }
        Span((delay.min(most) * (1.0 - self.jitter * draw)) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(factor: f64, jitter: f64) -> RetrySpec {
        RetrySpec {
            attempts: 9,
            delay: Span(100),
            factor,
            max_delay: Span(500),
            jitter,
            budget: None,
        }
    }

    #[test]
    fn delays_grow_to_the_longest_and_jitter_shortens_them() {
        let waits = |spec: RetrySpec, draw| [1, 2, 3, 4, 40].map(|retry| spec.wait(retry, draw).0);
        assert_eq!(waits(spec(1.0, 0.0), 0.7), [100; 5]);
        assert_eq!(waits(spec(2.0, 0.0), 0.7), [100, 200, 400, 500, 500]);
        assert_eq!(waits(spec(2.0, 1.0), 0.75), [25, 50, 100, 125, 125]);
        assert_eq!(waits(spec(2.0, 0.5), 0.5), [75, 150, 300, 375, 375]);
    }
}
