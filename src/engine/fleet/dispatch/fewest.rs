//! Least outstanding without a scan: replicas by how many requests are present, kept up by the order in
//! which requests leave.

use super::routing::{Seen, scale};
use super::tree::{NEVER, WinnerTree};

/// Replicas per word, words per block.
const WORD: usize = 64;
const BLOCK: usize = 8;
// A replica is a bit of a word; the set bits of a word are counted in a byte, those of a block in 16 bits.
// `select_in_word` needs the top bit of that byte.
const _: () = assert!(WORD == u64::BITS as usize && WORD < 1 << 7);
const _: () = assert!(WORD * BLOCK <= u16::MAX as usize);

/// The replicas with one number of requests present: a bit for each, with counts to find the n-th.
#[derive(Debug, Clone, Default)]
struct Level {
    words: Vec<u64>,
    /// Set bits of each word.
    counts: Vec<u8>,
    /// Set bits of each block of words.
    blocks: Vec<u16>,
    total: usize,
}

impl Level {
    fn sized(replicas: usize) -> Self {
        let blocks = replicas.div_ceil(WORD * BLOCK);
        Self {
            words: vec![0; blocks * BLOCK],
            counts: vec![0; blocks * BLOCK],
            blocks: vec![0; blocks],
            total: 0,
        }
    }

    #[inline(always)]
    fn insert(&mut self, at: usize) {
        self.words[at / WORD] |= 1 << (at % WORD);
        self.counts[at / WORD] += 1;
        self.blocks[at / (WORD * BLOCK)] += 1;
        self.total += 1;
    }

    #[inline(always)]
    fn remove(&mut self, at: usize) {
        self.words[at / WORD] &= !(1 << (at % WORD));
        self.counts[at / WORD] -= 1;
        self.blocks[at / (WORD * BLOCK)] -= 1;
        self.total -= 1;
    }

    /// The replica of the `wanted`-th set bit, from 0.
    #[inline(always)]
    fn select(&self, wanted: usize) -> usize {
        let (block, wanted) = passed(self.blocks.iter().map(|&count| usize::from(count)), wanted);
        let counts = &self.counts[block * BLOCK..(block + 1) * BLOCK];
        let (word, wanted) = passed(counts.iter().map(|&count| usize::from(count)), wanted);
        let word = block * BLOCK + word;
        word * WORD + select_in_word(self.words[word], wanted)
    }
}

/// How many of `counts` lie wholly before the `wanted`-th thing, and where in the next one it is.
#[inline(always)]
fn passed(counts: impl Iterator<Item = usize>, wanted: usize) -> (usize, usize) {
    let (mut sum, mut index, mut before) = (0, 0, 0);
    for count in counts {
        sum += count;
        let passes = sum <= wanted;
        index += usize::from(passes);
        before = if passes { sum } else { before };
    }
    (index, wanted - before)
}

/// The place of the `wanted`-th set bit (broadword selection: Vigna, Broadword Implementation of
/// Rank/Select Queries, 2008; the last byte by looking).
#[inline(always)]
fn select_in_word(word: u64, wanted: usize) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const TOPS: u64 = 0x8080_8080_8080_8080;
    let pairs = word - ((word >> 1) & 0x5555_5555_5555_5555);
    let fours = (pairs & 0x3333_3333_3333_3333) + ((pairs >> 2) & 0x3333_3333_3333_3333);
    // Byte k: set bits of bytes 0 to k.
    let sums = ((fours + (fours >> 4)) & 0x0f0f_0f0f_0f0f_0f0f).wrapping_mul(ONES);
    let not_above = (((wanted as u64 * ONES) | TOPS) - sums) & TOPS;
    let byte = ((not_above >> 7).wrapping_mul(ONES) >> 56) as usize;
    let before = ((sums << 8) >> (8 * byte)) as usize & 0xff;
    let bits = (word >> (8 * byte)) as usize & 0xff;
    8 * byte + usize::from(IN_BYTE[bits][(wanted - before) & 7])
}

/// Place of the n-th set bit of a byte.
const IN_BYTE: [[u8; 8]; 256] = {
    let mut table = [[0; 8]; 256];
    let mut byte = 0;
    while byte < 256 {
        let (mut place, mut found) = (0, 0);
        while place < 8 {
            if byte >> place & 1 == 1 {
                table[byte][found] = place as u8;
                found += 1;
            }
            place += 1;
        }
        byte += 1;
    }
    table
};

/// Replicas by requests present.
#[derive(Debug, Clone)]
pub(super) struct Fewest {
    /// When the next request leaves each replica.
    leaves: WinnerTree,
    present: Vec<u32>,
    levels: Vec<Level>,
    /// Lower levels are empty.
    lowest: usize,
    /// Replicas came or went since.
    stale: bool,
}

impl Fewest {
    pub(super) fn new() -> Self {
        Self {
            leaves: WinnerTree::new(1),
            present: Vec::new(),
            levels: Vec::new(),
            lowest: 0,
            stale: true,
        }
    }

    /// The replicas are others from now on.
    pub(super) fn forget(&mut self) {
        self.stale = true;
    }

    fn renew<L: Seen<T>, T>(&mut self, lines: &mut [L], now: u64, told: &mut T) {
        self.stale = false;
        self.leaves.refill(0, std::iter::empty());
        self.leaves.move_base(now);
        let seen: Vec<(u32, u64)> = lines.iter_mut().map(|line| line.look(now, told)).collect();
        self.leaves.refill(lines.len(), seen.iter().map(|seen| seen.1.min(NEVER)));
        self.present.clear();
        self.present.extend(seen.iter().map(|seen| seen.0));
        for level in &mut self.levels {
            *level = Level::sized(lines.len());
        }
        self.lowest = 0;
        for (at, &present) in self.present.iter().enumerate() {
            while self.levels.len() <= present as usize {
                self.levels.push(Level::sized(lines.len()));
            }
            self.levels[present as usize].insert(at);
        }
    }

    /// The `draw`-th of those with the fewest present at `now`. Call [`Fewest::joined`] next.
    #[inline(always)]
    pub(super) fn choose<L: Seen<T>, T>(
        &mut self,
        lines: &mut [L],
        now: u64,
        draw: u64,
        told: &mut T,
    ) -> usize {
        if self.stale {
            self.renew(lines, now, told);
        }
        while now >= self.leaves.horizon() {
            self.pass(lines, self.leaves.horizon() - 1, told);
            self.leaves.move_base(now.min(self.leaves.earliest()));
        }
        self.pass(lines, now, told);
        while self.levels[self.lowest].total == 0 {
            self.lowest += 1;
        }
        let level = &self.levels[self.lowest];
        level.select(scale(draw, level.total))
    }

    /// Everyone leaves whose time has come.
    #[inline(always)]
    fn pass<L: Seen<T>, T>(&mut self, lines: &mut [L], now: u64, told: &mut T) {
        loop {
            let (left_at, at) = self.leaves.min();
            if left_at > now {
                return;
            }
            let (present, next) = lines[at].look(left_at, told);
            self.leaves.set(at, next.min(NEVER));
            self.place(at, present);
            self.lowest = self.lowest.min(present as usize);
        }
    }

    /// A request joined that replica at `now`.
    #[inline(always)]
    pub(super) fn joined<L: Seen<T>, T>(
        &mut self,
        lines: &mut [L],
        now: u64,
        at: usize,
        told: &mut T,
    ) {
        let (present, next) = lines[at].look(now, told);
        if self.levels.len() <= present as usize {
            self.levels.push(Level::sized(lines.len()));
        }
        self.place(at, present);
        // Who joins a line may be the first to leave it, where it has it to itself or has many slots.
        if next != self.leaves.get(at) {
            self.leaves.set(at, next.min(NEVER));
        }
    }

    /// The replica at `at` has so many present now, whose plane tells of every change.
    #[inline(never)]
    pub(super) fn note_present(&mut self, at: usize, present: u32) {
        if self.stale {
            return; // looked at anew by the next choice
        }
        while self.levels.len() <= present as usize {
            self.levels.push(Level::sized(self.present.len()));
        }
        self.place(at, present);
        self.lowest = self.lowest.min(present as usize);
    }

    #[inline(always)]
    fn place(&mut self, at: usize, present: u32) {
        self.levels[self.present[at] as usize].remove(at);
        self.levels[present as usize].insert(at);
        self.present[at] = present;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nth_of_a_level_is_found_wherever_it_is() {
        let mut state = 3_u64;
        for replicas in [1, 63, 64, 65, 700, 3_000] {
            let mut level = Level::sized(replicas);
            let mut plain = Vec::new();
            for at in 0..replicas {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                if state >> 62 > 0 {
                    level.insert(at);
                    plain.push(at);
                }
            }
            let found: Vec<usize> = (0..level.total).map(|n| level.select(n)).collect();
            assert_eq!(found, plain);
        }
    }
}
