//! Images moved along frequency by any part of a row.

/// A shift along frequency: a row gets what is so many rows further down.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shift {
    rows: isize,
    /// 256ths of a row beyond them.
    part: i32,
    /// Grey values that are lost.
    loss: i32,
}

impl Shift {
    pub(crate) fn new(rows: f64, loss: i32) -> Self {
        let parts = (rows * 256.0).round() as i64;
        Self { rows: parts.div_euclid(256) as isize, part: parts.rem_euclid(256) as i32, loss }
    }

    /// Raises levels to those of a column that is shifted; beyond its ends it is black.
    pub(crate) fn raise(&self, column: &[u8], levels: &mut [i32]) {
        let rows = column.len() as isize;
        let first = (-self.rows).clamp(0, rows);
        let last = (rows - self.rows).clamp(first, rows);
        let levels = &mut levels[first as usize..last as usize];
        let Some(column) = column.get((first + self.rows).max(0) as usize..) else { return };
        let (part, loss) = (self.part, self.loss);
        if part == 0 {
            for (level, &here) in levels.iter_mut().zip(column) {
                *level = (*level).max(i32::from(here) - loss);
            }
        } else {
            let after = column.iter().skip(1).chain(&[0]);
            for ((level, &here), &after) in levels.iter_mut().zip(column).zip(after) {
                let between = (i32::from(here) * (256 - part) + i32::from(after) * part) >> 8;
                *level = (*level).max(between - loss);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shifts_by_parts_of_a_row_are_linear_and_black_beyond_the_ends() {
        let raise = |rows: f64, loss| {
            let mut levels = vec![1; 5];
            Shift::new(rows, loss).raise(&[0, 0, 200, 0, 100], &mut levels);
            levels
        };
        assert_eq!(raise(0.0, 0), [1, 1, 200, 1, 100]);
        assert_eq!(raise(1.0, 10), [1, 190, 1, 90, 1]);
        assert_eq!(raise(-2.0, 0), [1, 1, 1, 1, 200]);
        assert_eq!(raise(0.5, 0), [1, 100, 100, 50, 50]);
        assert_eq!(raise(-0.25, 0), [1, 1, 150, 50, 75]);
        assert_eq!(raise(7.5, 0), [1; 5]);
        assert_eq!(raise(-9.0, 0), [1; 5]);
        // An octave of 29.5 rows, and one down again, is where it was.
        let (up, down) = (Shift::new(29.5, 0), Shift::new(-29.5, 0));
        assert_eq!((up.rows, up.part, down.rows, down.part), (29, 128, -30, 128));
    }
}
