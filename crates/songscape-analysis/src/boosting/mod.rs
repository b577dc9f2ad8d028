//! Gradient boosting of regression trees on histograms.
//!
//! After J. Friedman, "Greedy Function Approximation: A Gradient Boosting Machine" (2001), with the
//! histograms and leaf-wise growth of G. Ke et al., "LightGBM" (2017), and the second-order gain of
//! T. Chen and C. Guestrin, "XGBoost" (2016). Columns are cut into at most 255 bins, with one more
//! for missing values (NaN); a tree grows at the leaf that gains most; of two children the smaller
//! one's histograms are counted, the other's are found by subtraction. The model is the same for any
//! number of threads.

mod bins;
mod classifier;
mod ensemble;
mod grow;
mod histogram;
mod loss;
mod rows;
mod shapley;
mod splits;
mod tree;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

pub use bins::Bins;
pub use classifier::Classifier;
pub(crate) use classifier::most_probable;
pub use ensemble::Booster;
pub use loss::Loss;
pub use rows::BinnedRows;
pub use shapley::Shapley;
pub use tree::{Node, Tree};

/// What a booster is fitted with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BoosterParams {
    /// The number of trees.
    pub trees: usize,
    /// How much of each tree's answer is added (more than 0, at most 1).
    pub learning_rate: f64,
    /// The largest number of leaves of a tree (2 or more).
    pub leaves: usize,
    /// The largest number of splits above a leaf, no limit without a value.
    pub depth: Option<usize>,
    /// The smallest number of rows in a leaf (1 or more).
    pub min_child_rows: usize,
    /// The smallest weight of the rows in a leaf.
    pub min_child_weight: f64,
    /// The L2 penalty on leaf values.
    pub l2: f64,
    /// The L1 penalty on leaf values.
    pub l1: f64,
    /// The share of the rows that each tree sees (more than 0, at most 1).
    pub row_share: f64,
    /// The share of the columns that each tree sees (more than 0, at most 1).
    pub column_share: f64,
    /// The largest number of bins of a column, the bin of missing values counted (3–256). The
    /// default, 64, predicts as well as 256 and takes a third of the time.
    pub bins: usize,
    /// What is minimised.
    pub loss: Loss,
    /// The seed of everything random.
    pub seed: u64,
}

impl Default for BoosterParams {
    fn default() -> Self {
        Self {
            trees: 200,
            learning_rate: 0.1,
            leaves: 31,
            depth: None,
            min_child_rows: 20,
            min_child_weight: 1e-3,
            l2: 0.0,
            l1: 0.0,
            row_share: 1.0,
            column_share: 1.0,
            bins: 64,
            loss: Loss::Squared,
            seed: 0,
        }
    }
}

impl BoosterParams {
    /// Parameters for `rows` rows that neither overfit a few hundred songs nor hold thousands back:
    /// few rows get shallow trees that see a part of the rows and columns each and learn slowly;
    /// from 2,000 rows on it is the default; from 20,000 on each tree sees a third of the columns,
    /// since counting them takes most of the time then.
    pub fn for_rows(rows: usize) -> Self {
        if rows >= 2_000 {
            let column_share = if rows >= 20_000 { 1.0 / 3.0 } else { 1.0 };
            return Self { column_share, ..Self::default() };
        }
        Self {
            trees: 200,
            learning_rate: 0.05,
            leaves: 8,
            depth: Some(3),
            min_child_rows: (rows / 24).clamp(1, 20),
            l2: 1.0,
            row_share: 0.7,
            column_share: 0.6,
            ..Self::default()
        }
    }

    /// Checks every range.
    ///
    /// # Errors
    /// [`Error::Parameter`] names the field that is out of its range.
    pub fn check(&self) -> Result<()> {
        let share = |name, value: f64| {
            if value > 0.0 && value <= 1.0 {
                Ok(())
            } else {
                Err(Error::parameter(name, value, "more than 0, at most 1"))
            }
        };
        let positive = |name, value: f64| {
            if value >= 0.0 && value.is_finite() {
                Ok(())
            } else {
                Err(Error::parameter(name, value, "a finite number of at least 0"))
            }
        };
        share("learning_rate", self.learning_rate)?;
        share("row_share", self.row_share)?;
        share("column_share", self.column_share)?;
        positive("min_child_weight", self.min_child_weight)?;
        positive("l1", self.l1)?;
        positive("l2", self.l2)?;
        if self.trees == 0 {
            return Err(Error::parameter("trees", 0, "at least 1"));
        }
        if self.leaves < 2 {
            return Err(Error::parameter("leaves", self.leaves, "at least 2"));
        }
        if self.depth == Some(0) {
            return Err(Error::parameter("depth", 0, "at least 1"));
        }
        if self.min_child_rows == 0 {
            return Err(Error::parameter("min_child_rows", 0, "at least 1"));
        }
        if !(3..=256).contains(&self.bins) {
            return Err(Error::parameter("bins", self.bins, "3 to 256"));
        }
        self.loss.check()
    }
}
