//! A winner tree over instants: the smallest and where it is, at the price of one path per change.

/// A leaf that never wins against a real instant.
pub(super) const NEVER: u64 = u64::MAX - 1;

/// Four nodes that compete for one place above them: half a cache line.
type Group = [u64; 4];
const _: () = assert!(2 * size_of::<Group>() == 64);

/// A complete tree of fours whose nodes hold the smallest of their children; the left one wins ties, so
/// equal instants are served in the order of leaves. The path of a leaf is known from its number: there
/// is nothing for a branch predictor to get wrong (Knuth, The Art of Computer Programming 3, section
/// 5.4.1, with winners kept instead of losers).
///
/// A node is one word, `(instant - base) << bits | leaf`, so that one comparison settles instant and
/// tie. Instants from [`WinnerTree::horizon`] on do not fit: they are kept beside the tree, and their
/// leaves win against nothing until [`WinnerTree::move_base`] brings them within reach.
#[derive(Debug, Clone)]
pub(super) struct WinnerTree {
    /// Node `p` is `groups[p / 4][p % 4]`; its children are nodes `4 p ..= 4 p + 3`; the leaves begin
    /// at node `width`, a power of four; node 1 is the root.
    groups: Vec<Group>,
    root: u64,
    width: usize,
    bits: u32,
    base: u64,
    /// Instants of leaves beyond the horizon.
    far: Vec<u64>,
}

impl WinnerTree {
    /// All leaves at [`NEVER`].
    pub(super) fn new(leaves: usize) -> Self {
        let mut width = 4;
        while width < leaves {
            width *= 4;
        }
        let mut tree = Self {
            groups: vec![[u64::MAX; 4]; width / 2],
            root: u64::MAX,
            width,
            bits: width.trailing_zeros(),
            base: 0,
            far: vec![NEVER; width],
        };
        tree.rebuild(std::iter::empty());
        tree
    }

    /// How many leaves there are.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// Every instant before this one is kept exactly in the tree.
    #[inline]
    pub(super) fn horizon(&self) -> u64 {
        self.base.saturating_add(u64::MAX >> self.bits)
    }

    /// Sets all leaves at once, missing ones to [`NEVER`].
    fn rebuild(&mut self, mut leaves: impl Iterator<Item = u64>) {
        for leaf in 0..self.width {
            let key = self.key(leaf, leaves.next().unwrap_or(NEVER));
            let node = self.width + leaf;
            self.groups[node / 4][node % 4] = key;
        }
        let mut level = self.width / 4;
        while level > 0 {
            for node in level..2 * level {
                let smallest = self.groups[node].iter().copied().min().unwrap_or(u64::MAX);
                match node {
                    1 => self.root = smallest,
                    _ => self.groups[node / 4][node % 4] = smallest,
                }
            }
            level /= 4;
        }
    }

    /// Sets all leaves of a tree that is made wider where that is needed.
    pub(super) fn refill(&mut self, wanted: usize, leaves: impl Iterator<Item = u64>) {
        if wanted > self.width {
            *self = Self { base: self.base, ..Self::new(wanted) };
        }
        self.rebuild(leaves);
    }

    /// Moves the reach of the tree on, once everything before `reached` has happened. Of instants
    /// before it only the order is kept.
    pub(super) fn move_base(&mut self, reached: u64) {
        let mut leaves: Vec<u64> = (0..self.width).map(|leaf| self.get(leaf)).collect();
        let mut past: Vec<(u64, usize)> = leaves.iter().copied().zip(0..).collect();
        past.retain(|&(at, _)| at < reached);
        past.sort_unstable();
        let base = reached.saturating_sub(past.len() as u64);
        if base <= self.base {
            return;
        }
        for ((_, leaf), at) in past.into_iter().zip(base..) {
            leaves[leaf] = at;
        }
        self.base = base;
        self.rebuild(leaves.into_iter());
    }

    /// The word of a leaf; a leaf too far ahead is noted beside the tree.
    #[inline]
    fn key(&mut self, leaf: usize, at: u64) -> u64 {
        let ahead = at - self.base;
        if ahead >= u64::MAX >> self.bits {
            self.far[leaf] = at;
            return u64::MAX << self.bits | leaf as u64;
        }
        ahead << self.bits | leaf as u64
    }

    /// The smallest instant and its leaf; [`NEVER`] if there is none before the horizon.
    #[inline]
    pub(super) fn min(&self) -> (u64, usize) {
        let ahead = self.root >> self.bits;
        let at = if ahead == u64::MAX >> self.bits { NEVER } else { self.base + ahead };
        (at, self.root as usize & (self.width - 1))
    }

    /// The smallest instant wherever it lies, at the price of a look at every leaf.
    pub(super) fn earliest(&self) -> u64 {
        (0..self.width).map(|leaf| self.get(leaf)).min().unwrap_or(NEVER)
    }

    /// The instant of a leaf; exact unless it lies before what [`WinnerTree::move_base`] was told.
    #[inline]
    pub(super) fn get(&self, leaf: usize) -> u64 {
        let node = self.width + leaf;
        let ahead = self.groups[node / 4][node % 4] >> self.bits;
        if ahead == u64::MAX >> self.bits { self.far[leaf] } else { self.base + ahead }
    }

    /// Changes one leaf; `at` is not before the base, that is not before what was reached.
    #[inline]
    pub(super) fn set(&mut self, leaf: usize, at: u64) {
        debug_assert!(self.base <= at && at <= NEVER && leaf < self.width);
        let mut winner = self.key(leaf, at);
        let mut node = self.width + leaf;
        while node > 1 {
            let group = &mut self.groups[node / 4];
            // The others' smallest does not wait for the path below: one comparison a level does.
            let others =
                group[(node ^ 1) % 4].min(group[(node ^ 2) % 4]).min(group[(node ^ 3) % 4]);
            group[node % 4] = winner;
            winner = winner.min(others);
            node /= 4;
        }
        self.root = winner;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_wins_and_ties_go_to_the_left() {
        let mut tree = WinnerTree::new(5);
        assert_eq!(tree.width(), 16);
        for (leaf, at, expected) in [
            (3, 10, (10, 3)),
            (1, 10, (10, 1)),
            (4, 9, (9, 4)),
            (4, NEVER, (10, 1)),
            (1, 11, (10, 3)),
        ] {
            tree.set(leaf, at);
            assert_eq!(tree.min(), expected);
        }
    }

    #[test]
    fn random_changes_agree_with_a_scan() {
        for leaves in [3, 11, 40] {
            let mut tree = WinnerTree::new(leaves);
            let mut plain = vec![NEVER; tree.width()];
            let mut state = 1_u64;
            for _ in 0..10_000 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let (leaf, at) = ((state >> 33) as usize % leaves, state >> 59);
                plain[leaf] = at;
                tree.set(leaf, at);
                let at = *plain.iter().min().unwrap();
                assert_eq!(tree.min(), (at, plain.iter().position(|&p| p == at).unwrap()));
                assert_eq!(tree.get(leaf), plain[leaf]);
            }
        }
    }

    #[test]
    fn what_lies_beyond_the_horizon_is_kept_and_comes_within_reach() {
        let mut tree = WinnerTree::new(16);
        let horizon = tree.horizon();
        assert_eq!(horizon, (1 << 60) - 1);
        tree.set(2, horizon - 1);
        tree.set(1, horizon + 7);
        tree.set(0, horizon);
        assert_eq!((tree.min(), tree.get(1)), ((horizon - 1, 2), horizon + 7));
        tree.set(2, NEVER);
        assert_eq!(tree.min().0, NEVER);
        tree.move_base(horizon - 5);
        assert_eq!((tree.min(), tree.get(1), tree.get(2)), ((horizon, 0), horizon + 7, NEVER));
    }

    #[test]
    fn moving_the_base_keeps_the_order_of_the_past_and_its_ties() {
        let mut tree = WinnerTree::new(16);
        for (leaf, at) in [(5, 40), (2, 40), (9, 7), (1, 1_000), (3, 999), (0, 1_001)] {
            tree.set(leaf, at);
        }
        tree.move_base(1_000);
        let mut order = Vec::new();
        while tree.min().0 < NEVER {
            let (at, leaf) = tree.min();
            assert!(at < 1_000 || at == [1_001, 1_000][leaf]);
            order.push(leaf);
            tree.set(leaf, NEVER);
        }
        assert_eq!(order, [9, 2, 5, 3, 1, 0]);
    }
}
