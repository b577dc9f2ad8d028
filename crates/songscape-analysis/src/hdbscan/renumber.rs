//! Numbers of clusters that stay.

use std::collections::BTreeMap;

use super::Clusters;
use crate::error::{Error, Result};

impl Clusters {
    /// Numbers the clusters as earlier ones were, as far as they share points: the pair that shares most comes
    /// first, and so on. `earlier` has each point's number then, −1 for none. Clusters that share none, and
    /// those whose number is now beyond the number of clusters, have what is left over, in their order.
    ///
    /// # Errors
    /// [`Error::LengthMismatch`] when there is not one number for each point.
    pub fn number_like(&mut self, earlier: &[i32]) -> Result<()> {
        if earlier.len() != self.labels.len() {
            let (found, expected) = (earlier.len(), self.labels.len());
            return Err(Error::LengthMismatch { what: "earlier clusters", found, expected });
        }
        let count = self.count();
        let mut shared: BTreeMap<(usize, usize), usize> = BTreeMap::new();
        for (&now, &then) in self.labels.iter().zip(earlier) {
            if let (Ok(now), Ok(then)) = (usize::try_from(now), usize::try_from(then)) {
                *shared.entry((now, then)).or_default() += 1;
            }
        }
        let mut pairs: Vec<_> = shared.into_iter().collect();
        // A stable sort: of equals the lowest numbers.
        pairs.sort_by_key(|&(_, points)| std::cmp::Reverse(points));
        let mut numbers: Vec<Option<usize>> = vec![None; count];
        let mut taken = vec![false; count];
        for ((now, then), _) in pairs {
            if numbers[now].is_none() && then < count && !taken[then] {
                numbers[now] = Some(then);
                taken[then] = true;
            }
        }
        let mut free = (0..count).filter(|&number| !taken[number]);
        let numbers: Vec<usize> = numbers
            .into_iter()
            .map(|own| own.or_else(|| free.next()).unwrap_or_default())
            .collect();
        let (selected, persistence) = (self.selected.clone(), self.persistence.clone());
        for (own, &number) in numbers.iter().enumerate() {
            (self.selected[number], self.persistence[number]) = (selected[own], persistence[own]);
        }
        for label in &mut self.labels {
            if let Ok(own) = usize::try_from(*label) {
                *label = numbers[own] as i32;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use ndarray::Array2;

    use super::super::{HdbscanParams, fit};

    #[test]
    fn clusters_keep_the_numbers_of_those_that_they_share_most_points_with() {
        // Three groups of 60, 50 and 40 points, which are numbered by size.
        let group = |i: usize| usize::from(i >= 60) + usize::from(i >= 110);
        let x = Array2::from_shape_fn((150, 2), |(i, j)| {
            (group(i) * 100) as f64 + ((i * (7 + 6 * j)) % 31) as f64 / 3.0
        });
        let params = HdbscanParams { min_cluster_size: 20, ..Default::default() };
        let own = fit(x.view(), &params).unwrap();
        assert_eq!(own.count(), 3);
        let like = |earlier: &dyn Fn(usize) -> i32| {
            let mut clusters = own.clone();
            clusters.number_like(&(0..150).map(earlier).collect::<Vec<_>>()).unwrap();
            let points = [0, 60, 110].map(|first| clusters.labels()[first]);
            // What belongs to a cluster has gone with its number.
            for (first, label) in [0, 60, 110].into_iter().zip(points) {
                let before = own.labels()[first] as usize;
                let now = label as usize;
                assert_eq!(clusters.selected()[now], own.selected()[before]);
                assert_eq!(clusters.persistence()[now], own.persistence()[before]);
            }
            points
        };
        assert_eq!(like(&|i| [2, 0, 1][group(i)]), [2, 0, 1]);
        // Nothing is known, or only of the last group, or a number is beyond.
        assert_eq!(like(&|_| -1), [0, 1, 2]);
        assert_eq!(like(&|i| if group(i) == 2 { 0 } else { -1 }), [1, 2, 0]);
        assert_eq!(like(&|i| [7, 1, 0][group(i)]), [2, 1, 0]);
        // Two that were one: the larger part keeps the number.
        assert_eq!(like(&|i| [1, 1, 0][group(i)]), [1, 2, 0]);
        assert!(own.clone().number_like(&[0]).is_err());
    }
}
