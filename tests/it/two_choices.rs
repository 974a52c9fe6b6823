//! Power of two choices at three servers and a load of 0.8, drawn with and without replacement, held against
//! the mean wait of its Markov chain, solved here.

use autosim::{Figure, Rehearsal};

const SERVERS: usize = 3;
const LOAD: f64 = 0.8;
/// More are never seen at one server: the tail falls doubly exponentially (Mitzenmacher 1996).
const LONGEST: usize = 16;
const SIDE: usize = LONGEST + 1;
const STATES: usize = SIDE * SIDE * SIDE;

/// How often a request finds `at` chosen, for all pairs alike, the same one twice or not.
fn chosen(present: [usize; SERVERS], at: usize, replacement: bool) -> f64 {
    let mut share = 0.0;
    for first in 0..SERVERS {
        for second in (0..SERVERS).filter(|&second| replacement || second != first) {
            share += match present[first].cmp(&present[second]) {
                std::cmp::Ordering::Less => f64::from(u8::from(first == at)),
                std::cmp::Ordering::Greater => f64::from(u8::from(second == at)),
                std::cmp::Ordering::Equal => {
                    (f64::from(u8::from(first == at)) + f64::from(u8::from(second == at))) / 2.0
                }
            };
        }
    }
    let pairs = if replacement { SERVERS * SERVERS } else { SERVERS * (SERVERS - 1) };
    share / pairs as f64
}

/// Mean wait in service times: the stationary distribution by steps of the uniformised chain, then Little.
fn exact(replacement: bool) -> f64 {
    let arrivals = LOAD * SERVERS as f64;
    let scale = arrivals + SERVERS as f64;
    let present = |state: usize| [state / SIDE / SIDE, state / SIDE % SIDE, state % SIDE];
    let stride = [SIDE * SIDE, SIDE, 1];
    let mut steps = Vec::new();
    for state in 0..STATES {
        let present = present(state);
        for at in 0..SERVERS {
            if present[at] < LONGEST {
                let rate = arrivals * chosen(present, at, replacement) / scale;
                steps.push((state, state + stride[at], rate));
            }
            if present[at] > 0 {
                steps.push((state, state - stride[at], 1.0 / scale));
            }
        }
    }
    let mut share = vec![0.0; STATES];
    share[0] = 1.0;
    for _ in 0..3_000 {
        let mut next = share.clone();
        for &(from, to, rate) in &steps {
            next[to] += share[from] * rate;
            next[from] -= share[from] * rate;
        }
        share = next;
    }
    let waiting = |state: usize| -> usize {
        present(state).iter().map(|present| present.saturating_sub(1)).sum()
    };
    share.iter().enumerate().map(|(state, share)| share * waiting(state) as f64).sum::<f64>()
        / arrivals
}

fn simulated(balancing: &str) -> f64 {
    let answer = Rehearsal::poisson("2.4/s")
        .set("duration", "300h")
        .set("warmup", "1h")
        .set("replications", 2)
        .set("service.concurrency", 1)
        .set("service.balancing", balancing)
        .set("service.service_time.exponential.mean", "1s")
        .policy("three", "fixed = { replicas = 3 }")
        .run()
        .expect("a sound scenario");
    answer.mean("three", Figure::WaitMean).expect("requests completed") / 1e3
}

/// (rule 4)
#[test]
fn two_choices_wait_as_the_chain_says_with_and_without_replacement() {
    for (balancing, replacement, published) in
        [("power-of-two", false, 1.5100), ("power-of-two-with-replacement", true, 1.7657)]
    {
        let (exact, simulated) = (exact(replacement), simulated(balancing));
        assert!((exact / published - 1.0).abs() < 2e-3, "{balancing}: the chain gives {exact}");
        assert!((simulated / exact - 1.0).abs() < 0.02, "{balancing}: {simulated}, not {exact}");
    }
}
