//! Several sources as one stream, in order of time (rule 14).

use super::stream::Stream;
use super::{Arrivals, BATCH, Batch};

/// Sources merged by arrival; at equal instants the earlier source goes first (rule 14).
pub(super) struct Merge {
    inputs: Vec<Input>,
    /// Class of each source; empty where all are of one.
    classes: Vec<u8>,
}

struct Input {
    stream: Stream,
    batch: Batch,
    next: usize,
}

impl Input {
    /// Its next arrival; `u64::MAX` when it has no more.
    fn head(&self) -> u64 {
        self.batch.arrival_ns.get(self.next).copied().unwrap_or(u64::MAX)
    }

    fn refill(&mut self) {
        if self.next == self.batch.len() && !(self.next == 0 && self.batch.is_empty()) {
            self.stream.fill(&mut self.batch);
            self.next = 0;
        }
    }
}

impl Merge {
    pub(super) fn new(streams: Vec<Stream>, classes: Vec<u8>) -> Self {
        let open = |mut stream: Stream| {
            let mut batch = Batch::new();
            stream.fill(&mut batch);
            Input { stream, batch, next: 0 }
        };
        Self { inputs: streams.into_iter().map(open).collect(), classes }
    }

    /// The source whose turn it is, and the first instant at which it is another's.
    fn turn(&self) -> Option<(usize, u64)> {
        let (mut first, mut at) = (usize::MAX, u64::MAX);
        let mut limit = u64::MAX;
        for (index, input) in self.inputs.iter().enumerate() {
            let head = input.head();
            if head < at {
                // The source that loses its turn comes before this one: at its instant it goes first.
                limit = at;
                (first, at) = (index, head);
            } else {
                // A later source yields at equal instants: the turn lasts through its head.
                limit = limit.min(head.saturating_add(1));
            }
        }
        (first != usize::MAX).then_some((first, limit))
    }
}

impl Arrivals for Merge {
    fn fill(&mut self, batch: &mut Batch) {
        batch.clear();
        while batch.len() < BATCH {
            let Some((first, limit)) = self.turn() else { break };
            let input = &mut self.inputs[first];
            let room = BATCH - batch.len();
            let pending = &input.batch.arrival_ns[input.next..];
            let run = pending.iter().take(room).take_while(|&&at| at < limit).count();
            let range = input.next..input.next + run;
            batch.arrival_ns.extend_from_slice(&input.batch.arrival_ns[range.clone()]);
            batch.demand_ns.extend_from_slice(&input.batch.demand_ns[range]);
            if let Some(&class) = self.classes.get(first) {
                batch.class.resize(batch.arrival_ns.len(), class);
            }
            input.next += run;
            input.refill();
        }
    }

    fn failure(&self) -> Option<String> {
        self.inputs.iter().find_map(|input| input.stream.failure())
    }
}
