use serde::{Deserialize, Deserializer, Serialize};

/// A regression tree. Node 0 is the root.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Tree {
    /// The nodes; children come after their parent.
    pub nodes: Vec<Node>,
}

/// A node of a tree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Node {
    /// Rows go on to the left when their value is at most the limit, otherwise to the right.
    Split {
        /// The column that is compared.
        column: usize,
        /// The limit; infinite where the split parts the missing values from all others.
        #[serde(deserialize_with = "limit")]
        limit: f32,
        /// Whether missing values go to the left.
        missing_left: bool,
        /// The node on the left.
        left: usize,
        /// The node on the right.
        right: usize,
        /// How much the split gained, half the drop of the squared error.
        gain: f64,
    },
    /// The answer.
    Leaf(
        /// Its value, the learning rate included.
        f64,
    ),
}

impl Tree {
    /// The answer for a row.
    pub fn predict(&self, row: impl Fn(usize) -> f32) -> f64 {
        let mut at = 0;
        loop {
            match &self.nodes[at] {
                Node::Leaf(value) => return *value,
                Node::Split { column, limit, missing_left, left, right, .. } => {
                    let value = row(*column);
                    let to_left = if value.is_nan() { *missing_left } else { value <= *limit };
                    at = if to_left { *left } else { *right };
                }
            }
        }
    }
}

/// JSON has no infinite numbers: they are written as `null`.
fn limit<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f32, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(f32::INFINITY))
}
