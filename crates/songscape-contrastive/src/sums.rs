//! Weights of many songs that change one by one, and draws by them, both in time by the logarithm of their number.

/// The losses of songs, some of them not known yet, with the sums of all runs whose length is a power of two.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sums {
    count: usize,
    /// A heap: node `i` has the children `2 i` and `2 i + 1`; the leaves begin at `nodes.len() / 2`.
    nodes: Vec<Node>,
}

/// Some neighbouring songs.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Node {
    songs: usize,
    known: usize,
    /// Of the known ones.
    sum: f64,
    least: f64,
    most: f64,
}

/// How losses become weights: those of songs that are not known are the largest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Weights {
    lowest: f64,
    largest: f64,
    floor: f64,
    /// Of all songs.
    pub sum: f64,
    /// Whether all weigh the same.
    even: bool,
}

/// A hundredth of the mean weight is added to all.
const FLOOR: f64 = 0.01;

impl Node {
    const NONE: Self =
        Self { songs: 0, known: 0, sum: 0.0, least: f64::INFINITY, most: f64::NEG_INFINITY };
    const UNKNOWN: Self = Self { songs: 1, ..Self::NONE };

    fn of(loss: f64) -> Self {
        Self { songs: 1, known: 1, sum: loss, least: loss, most: loss }
    }

    fn and(self, other: Self) -> Self {
        Self {
            songs: self.songs + other.songs,
            known: self.known + other.known,
            sum: self.sum + other.sum,
            least: self.least.min(other.least),
            most: self.most.max(other.most),
        }
    }
}

impl Weights {
    /// The weight of one song.
    pub(crate) fn of(&self, loss: Option<f64>) -> f64 {
        self.of_node(&loss.map_or(Node::UNKNOWN, Node::of))
    }

    fn of_node(&self, node: &Node) -> f64 {
        if self.even {
            return node.songs as f64;
        }
        let unknown = (node.songs - node.known) as f64 * self.largest;
        node.sum + unknown + node.songs as f64 * (self.floor - self.lowest)
    }
}

impl Sums {
    /// Of so many songs, of which none is known.
    pub(crate) fn new(count: usize) -> Self {
        let leaves = count.next_power_of_two();
        let mut nodes = vec![Node::NONE; 2 * leaves];
        nodes[leaves..leaves + count].fill(Node::UNKNOWN);
        for i in (1..leaves).rev() {
            nodes[i] = nodes[2 * i].and(nodes[2 * i + 1]);
        }
        Self { count, nodes }
    }

    fn leaf(&self, place: usize) -> usize {
        self.nodes.len() / 2 + place
    }

    /// The loss of the song at a place.
    pub(crate) fn get(&self, place: usize) -> Option<f64> {
        let leaf = &self.nodes[self.leaf(place)];
        (leaf.known > 0).then_some(leaf.sum)
    }

    /// Sets it.
    pub(crate) fn set(&mut self, place: usize, loss: Option<f64>) {
        let mut i = self.leaf(place);
        self.nodes[i] = loss.map_or(Node::UNKNOWN, Node::of);
        while i > 1 {
            i /= 2;
            self.nodes[i] = self.nodes[2 * i].and(self.nodes[2 * i + 1]);
        }
    }

    /// The weights as they are now.
    pub(crate) fn weights(&self) -> Weights {
        let all = self.nodes[1];
        let (lowest, largest) = (all.least.min(0.0), all.most);
        let even = largest <= lowest;
        let without_floor = Weights { lowest, largest, floor: 0.0, sum: 0.0, even };
        let sum = without_floor.of_node(&all);
        let floor = if even { 0.0 } else { FLOOR * sum / self.count.max(1) as f64 };
        let weights = Weights { floor, ..without_floor };
        Weights { sum: weights.of_node(&all), ..weights }
    }

    /// The weight of all songs before a place.
    pub(crate) fn before(&self, place: usize, weights: &Weights) -> f64 {
        let (mut i, mut sum) = (self.leaf(place), 0.0);
        while i > 1 {
            if i % 2 == 1 {
                sum += weights.of_node(&self.nodes[i - 1]);
            }
            i /= 2;
        }
        sum
    }

    /// The place at which the running sum of the weights passes a value; the last one if none does.
    pub(crate) fn find(&self, value: f64, weights: &Weights) -> usize {
        let (mut i, mut left) = (1, value);
        let leaves = self.nodes.len() / 2;
        while i < leaves {
            let weight = weights.of_node(&self.nodes[2 * i]);
            i *= 2;
            if left >= weight && self.nodes[i + 1].songs > 0 {
                left -= weight;
                i += 1;
            }
        }
        i - leaves
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_found_by_running_sums() {
        let mut sums = Sums::new(5);
        let weights = sums.weights();
        assert_eq!(weights.sum, 5.0, "before anything is known all weigh the same");
        assert_eq!(
            [0.0, 0.9, 1.0, 4.5, 9.0].map(|value| sums.find(value, &weights)),
            [0, 0, 1, 4, 4]
        );
        for (place, loss) in [(0, 1.0), (2, -1.0), (3, 3.0)] {
            sums.set(place, Some(loss));
        }
        assert_eq!([1, 2].map(|place| sums.get(place)), [None, Some(-1.0)]);
        let weights = sums.weights();
        // 2, 4, 0, 4, 4 above the lowest, and a hundredth of their mean.
        let floor = 0.01 * 14.0 / 5.0;
        let expected = [2.0, 4.0, 0.0, 4.0, 4.0].map(|weight| weight + floor);
        let mut before = 0.0;
        for (place, weight) in expected.into_iter().enumerate() {
            assert!((weights.of(sums.get(place)) - weight).abs() < 1e-12);
            assert!((sums.before(place, &weights) - before).abs() < 1e-12);
            assert_eq!(sums.find(before + 0.5 * weight, &weights), place);
            before += weight;
        }
        assert!((weights.sum - before).abs() < 1e-12);
    }

    #[test]
    fn the_order_of_changes_leaves_no_trace() {
        let (mut a, mut b) = (Sums::new(9), Sums::new(9));
        let losses = [0.1, 0.7, 0.3, 1.9, 0.2, 0.5, 1.1, 0.9, 0.4];
        for (place, loss) in losses.into_iter().enumerate() {
            a.set(place, Some(loss));
            b.set(place, Some(7.7));
        }
        (0..9).rev().for_each(|place| b.set(place, Some(losses[place])));
        assert_eq!(a, b);
        assert_eq!(Sums::new(1).find(0.5, &Sums::new(1).weights()), 0);
    }
}
