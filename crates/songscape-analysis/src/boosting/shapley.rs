//! Which columns a prediction is due to.

use ndarray::{Array2, ArrayView1, ArrayView2, Axis};
use rayon::prelude::*;

use super::{Booster, Node, Tree};
use crate::error::{Error, Result};

/// Predictions taken apart.
#[derive(Debug, Clone, PartialEq)]
pub struct Shapley {
    /// The mean prediction of the background.
    pub base: f64,
    /// `[m, d]`: by how much each column moves each row's prediction away from the base. A row sums to its
    /// prediction minus the base.
    pub values: Array2<f64>,
}

impl Booster {
    /// The Shapley values (SHAP; Lundberg and Lee 2017) of the predictions for rows `[m, d]`, exactly:
    /// how much of the difference to the mean prediction of background rows `[b, d]` is due to
    /// each column, when columns are taken from the row one after the other, in every order, and the
    /// others are those of a background row (interventional TreeSHAP, algorithm 3 of Lundberg et al., "From
    /// Local Explanations to Global Understanding", 2020). Time grows as `m · b · nodes`; some hundred background
    /// rows are enough.
    ///
    /// A column of an encoder's vector has no meaning of its own: the values say where in the vector the
    /// model looks, not what it hears.
    ///
    /// # Errors
    /// [`Error::ColumnMismatch`]; [`Error::TooFewRows`] for no background.
    pub fn shapley(&self, x: ArrayView2<f32>, background: ArrayView2<f32>) -> Result<Shapley> {
        for columns in [x.ncols(), background.ncols()] {
            if columns != self.columns() {
                return Err(Error::ColumnMismatch { found: columns, expected: self.columns() });
            }
        }
        if background.nrows() == 0 {
            let what = "a background of Shapley values".into();
            return Err(Error::TooFewRows { what, rows: 0, needed: 1 });
        }
        let count = background.nrows() as f64;
        let weights = Weights::new(self.trees().iter().map(depth).max().unwrap_or(0));
        let mut values = Array2::zeros(x.raw_dim());
        values.axis_iter_mut(Axis(0)).into_par_iter().zip(x.axis_iter(Axis(0))).for_each(
            |(mut values, row)| {
                let mut walk = Walk::new(row, &weights, self.columns());
                for other in background.rows() {
                    for tree in self.trees() {
                        walk.tree(tree, other);
                    }
                }
                values.iter_mut().zip(&walk.values).for_each(|(value, sum)| *value = sum / count);
            },
        );
        let of_row = |row: ArrayView1<f32>| self.sum(|column| row[column]);
        let base = background.rows().into_iter().map(of_row).sum::<f64>() / count;
        Ok(Shapley { base, values })
    }
}

/// The number of splits above the lowest leaf.
fn depth(tree: &Tree) -> usize {
    let mut depths = vec![0; tree.nodes.len()];
    for (i, node) in tree.nodes.iter().enumerate() {
        if let Node::Split { left, right, .. } = node {
            (depths[*left], depths[*right]) = (depths[i] + 1, depths[i] + 1);
        }
    }
    depths.into_iter().max().unwrap_or(0)
}

/// `(a − 1)! b! / (a + b)!`: the share of the orders in which one of `a` columns comes right after the
/// `a − 1` others and before all `b`.
struct Weights {
    most: usize,
    values: Vec<f64>,
}

impl Weights {
    fn new(most: usize) -> Self {
        let mut values = vec![0.0; (most + 1) * (most + 1)];
        for a in 1..=most {
            // 1 / a for b = 0, and then by b / (a + b) less.
            let mut weight = 1.0 / a as f64;
            values[a * (most + 1)] = weight;
            for b in 1..=most - a {
                weight *= b as f64 / (a + b) as f64;
                values[a * (most + 1) + b] = weight;
            }
        }
        Self { most, values }
    }

    fn of(&self, a: usize, b: usize) -> f64 {
        self.values[a * (self.most + 1) + b]
    }
}

/// Where a column is taken from on the way down.
#[derive(Clone, Copy, PartialEq)]
enum From {
    Either,
    Row,
    Background,
}

/// A row's way through trees beside that of background rows.
struct Walk<'a> {
    row: ArrayView1<'a, f32>,
    weights: &'a Weights,
    from: Vec<From>,
    /// The columns that must come from the row, and those that must not.
    own: Vec<usize>,
    others: Vec<usize>,
    values: Vec<f64>,
}

impl<'a> Walk<'a> {
    fn new(row: ArrayView1<'a, f32>, weights: &'a Weights, columns: usize) -> Self {
        let (from, values) = (vec![From::Either; columns], vec![0.0; columns]);
        Self { row, weights, from, own: Vec::new(), others: Vec::new(), values }
    }

    fn tree(&mut self, tree: &Tree, other: ArrayView1<f32>) {
        self.node(tree, 0, &other);
    }

    /// All leaves below a node that some mixture of both rows comes to.
    fn node(&mut self, tree: &Tree, at: usize, other: &ArrayView1<f32>) {
        let (column, own, theirs) = match &tree.nodes[at] {
            Node::Leaf(value) => return self.leaf(*value),
            Node::Split { column, limit, missing_left, left, right, .. } => {
                let child = |value: f32| {
                    let to_left = if value.is_nan() { *missing_left } else { value <= *limit };
                    if to_left { *left } else { *right }
                };
                (*column, child(self.row[*column]), child(other[*column]))
            }
        };
        match self.from[column] {
            _ if own == theirs => self.node(tree, own, other),
            From::Row => self.node(tree, own, other),
            From::Background => self.node(tree, theirs, other),
            From::Either => {
                self.from[column] = From::Row;
                self.own.push(column);
                self.node(tree, own, other);
                self.own.pop();
                self.from[column] = From::Background;
                self.others.push(column);
                self.node(tree, theirs, other);
                self.others.pop();
                self.from[column] = From::Either;
            }
        }
    }

    /// A mixture comes to a leaf when all of `own` come from the row and none of `others`.
    fn leaf(&mut self, value: f64) {
        let (a, b) = (self.own.len(), self.others.len());
        for &column in &self.own {
            self.values[column] += value * self.weights.of(a, b);
        }
        for &column in &self.others {
            self.values[column] -= value * self.weights.of(b, a);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use approx::assert_relative_eq;

    use super::super::BoosterParams;
    use super::*;

    const COLUMNS: usize = 6;

    /// Rows with missing values, and a target to which columns contribute together.
    fn rows(n: usize) -> (Array2<f32>, Vec<f32>) {
        let x = Array2::from_shape_fn((n, COLUMNS), |(i, j)| {
            let value = ((i * (2 * j + 3) + i * i * j) % 29) as f32;
            if (i + j) % 17 == 0 { f32::NAN } else { value }
        });
        let y = x.rows().into_iter().map(|r| {
            let known = r.mapv(|v| if v.is_nan() { 3.0 } else { v });
            known[0] * known[1] / 10.0 + known[2] - if known[3] > 11.0 { 9.0 } else { 0.0 }
        });
        let y = y.collect();
        (x, y)
    }

    /// The mean over the orders of the columns, by the definition.
    fn by_definition(
        booster: &Booster,
        row: ArrayView1<f32>,
        background: ArrayView2<f32>,
    ) -> Vec<f64> {
        let value = |set: usize| {
            let mixed = |other: ArrayView1<f32>| {
                booster.sum(|c| if set >> c & 1 == 1 { row[c] } else { other[c] })
            };
            background.rows().into_iter().map(mixed).sum::<f64>() / background.nrows() as f64
        };
        let factorial = |n: usize| (1..=n).map(|k| k as f64).product::<f64>();
        let of_column = |column: usize| {
            let without = (0..1_usize << COLUMNS).filter(|set| set >> column & 1 == 0);
            without
                .map(|set| {
                    let size = set.count_ones() as usize;
                    let weight =
                        factorial(size) * factorial(COLUMNS - size - 1) / factorial(COLUMNS);
                    weight * (value(set | 1 << column) - value(set))
                })
                .sum()
        };
        (0..COLUMNS).map(of_column).collect()
    }

    #[test]
    fn values_are_those_of_the_definition_and_sum_to_the_prediction() {
        let (x, y) = rows(300);
        let params =
            BoosterParams { trees: 12, leaves: 12, min_child_rows: 5, ..Default::default() };
        let booster = Booster::fit(x.view(), &y, None, &params).unwrap();
        let (some, background) =
            (x.slice(ndarray::s![..20, ..]), x.slice(ndarray::s![100..109, ..]));
        let found = booster.shapley(some, background).unwrap();
        for (row, values) in some.rows().into_iter().zip(found.values.rows()) {
            for (found, expected) in values.iter().zip(by_definition(&booster, row, background)) {
                assert_relative_eq!(*found, expected, epsilon = 1e-9, max_relative = 1e-9);
            }
            let sum = found.base + values.sum();
            assert_relative_eq!(sum, booster.sum(|c| row[c]), epsilon = 1e-9, max_relative = 1e-9);
        }
        // The last column says nothing, and nothing is due to it but what was learned by chance.
        let due = |c: usize| found.values.column(c).iter().map(|v| v.abs()).sum::<f64>();
        assert!(due(0) > 10.0 * due(5), "{} {}", due(0), due(5));
        assert!(booster.shapley(some, x.slice(ndarray::s![..0, ..])).is_err());
        assert!(booster.shapley(x.slice(ndarray::s![.., ..3]), background).is_err());
    }
}
