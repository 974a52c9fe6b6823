//! A winner tree over instants: the smallest and where it is, at the price of one path per change.

/// A leaf that never wins against a real instant.
pub(super) const NEVER: u64 = u64::MAX - 1;

#[derive(Debug, Clone, Copy)]
struct Node {
    at: u64,
    leaf: u32,
}

/// A complete binary tree whose nodes hold the smaller of their children; the left one wins ties, so
/// equal instants are served in the order of leaves. The path of a leaf is known from its number:
/// there is nothing for a branch predictor to get wrong (Knuth, The Art of Computer Programming 3,
/// section 5.4.1, with winners kept instead of losers).
#[derive(Debug, Clone)]
pub(super) struct WinnerTree {
    /// `nodes[1]` is the root, `nodes[width..]` the leaves; `width` is a power of two.
    nodes: Vec<Node>,
    width: usize,
}

impl WinnerTree {
    /// All leaves at [`NEVER`].
    pub(super) fn new(leaves: usize) -> Self {
        let width = leaves.next_power_of_two().max(2);
        let mut tree = Self { nodes: vec![Node { at: NEVER, leaf: 0 }; 2 * width], width };
        tree.rebuild(std::iter::empty());
        tree
    }

    /// How many leaves there are.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// Sets all leaves at once, missing ones to [`NEVER`].
    pub(super) fn rebuild(&mut self, mut leaves: impl Iterator<Item = u64>) {
        for leaf in 0..self.width {
            let at = leaves.next().unwrap_or(NEVER);
            self.nodes[self.width + leaf] = Node { at, leaf: leaf as u32 };
        }
        for parent in (1..self.width).rev() {
            let (left, right) = (self.nodes[2 * parent], self.nodes[2 * parent + 1]);
            self.nodes[parent] = if left.at <= right.at { left } else { right };
        }
    }

    /// The smallest instant and its leaf.
    #[inline]
    pub(super) fn min(&self) -> (u64, usize) {
        let root = self.nodes[1];
        (root.at, root.leaf as usize)
    }

    /// The instant of a leaf.
    #[inline]
    pub(super) fn get(&self, leaf: usize) -> u64 {
        self.nodes[self.width + leaf].at
    }

    /// Changes one leaf.
    #[inline]
    pub(super) fn set(&mut self, leaf: usize, at: u64) {
        debug_assert!(at <= NEVER);
        let mut position = self.width + leaf;
        let mut winner = Node { at, leaf: leaf as u32 };
        let nodes = &mut self.nodes[..];
        nodes[position] = winner;
        while position > 1 {
            let sibling = nodes[position ^ 1];
            // On the left a tie is won, on the right it is lost.
            let wins = winner.at < sibling.at + (position as u64 & 1 ^ 1);
            winner = Node {
                at: if wins { winner.at } else { sibling.at },
                leaf: if wins { winner.leaf } else { sibling.leaf },
            };
            position >>= 1;
            nodes[position] = winner;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_wins_and_ties_go_to_the_left() {
        let mut tree = WinnerTree::new(5);
        assert_eq!(tree.width(), 8);
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
        let mut tree = WinnerTree::new(11);
        let mut plain = [NEVER; 16];
        let mut state = 1_u64;
        for _ in 0..10_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let (leaf, at) = ((state >> 33) as usize % 11, state >> 59);
            plain[leaf] = at;
            tree.set(leaf, at);
            let at = *plain.iter().min().unwrap();
            assert_eq!(tree.min(), (at, plain.iter().position(|&p| p == at).unwrap()));
        }
    }
}
