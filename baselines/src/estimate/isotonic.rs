//! Isotonic regression: the non-decreasing step function closest to 0/1 labels in squared error.
//!
//! Source: Barlow et al. 1972, Statistical Inference under Order Restrictions, pool adjacent violators. Interface and
//! interpolation as scikit-learn 1.9.1 `IsotonicRegression(out_of_bounds="clip")`: equal scores are averaged first,
//! between knots the function is linear, outside the range it is constant. Does not know what it calibrates.

/// A fitted function: knots ascending in `x`, values not descending. Never empty.
#[derive(Debug, Clone, PartialEq)]
pub struct Isotonic {
    x: Vec<f64>,
    y: Vec<f64>,
}

struct Block {
    sum: f64,
    weight: f64,
    knots: usize,
}

impl Isotonic {
    /// Fits `label` (1 for true) on finite `score`; pairs beyond the shorter slice are ignored. `None` without rows.
    pub(super) fn fit(score: &[f64], label: &[bool]) -> Option<Self> {
        let mut pairs: Vec<(f64, f64)> = score
            .iter()
            .copied()
            .zip(label.iter().map(|&positive| f64::from(u8::from(positive))))
            .collect();
        pairs.sort_by(|left, right| left.0.total_cmp(&right.0).then(left.1.total_cmp(&right.1)));
        let mut x: Vec<f64> = Vec::new();
        let mut blocks: Vec<Block> = Vec::new();
        for tied in pairs.chunk_by(|left, right| left.0 == right.0) {
            x.push(tied[0].0);
            let sum: f64 = tied.iter().map(|pair| pair.1).sum();
            blocks.push(Block {
                sum,
                weight: tied.len() as f64,
                knots: 1,
            });
            while let [.., left, right] = blocks.as_slice()
                && left.sum * right.weight >= right.sum * left.weight
            {
                let merged = Block {
                    sum: left.sum + right.sum,
                    weight: left.weight + right.weight,
                    knots: left.knots + right.knots,
                };
                blocks.truncate(blocks.len() - 2);
                blocks.push(merged);
            }
        }
        let y: Vec<f64> = blocks
            .iter()
            .flat_map(|block| std::iter::repeat_n(block.sum / block.weight, block.knots))
            .collect();
        let last = x.len().checked_sub(1)?;
        let needed = |idx: usize| idx == 0 || idx == last || y[idx] != y[idx - 1] || y[idx] != y[idx + 1];
        let keep: Vec<usize> = (0..=last).filter(|&idx| needed(idx)).collect();
        Some(Self {
            x: keep.iter().map(|&idx| x[idx]).collect(),
            y: keep.iter().map(|&idx| y[idx]).collect(),
        })
    }

    /// From stored knots. `None` unless both have the same length, are finite, `x` ascends, and `y` does not
    /// descend and lies within 0 and 1.
    pub fn from_knots(x: Vec<f64>, y: Vec<f64>) -> Option<Self> {
        let ascending = x.windows(2).all(|pair| pair[0] < pair[1]);
        let rising = y.windows(2).all(|pair| pair[0] <= pair[1]);
        let within =
            x.iter().all(|value| value.is_finite()) && y.iter().all(|value| (0.0..=1.0).contains(value));
        (!x.is_empty() && x.len() == y.len() && ascending && rising && within).then_some(Self { x, y })
    }

    /// Knots, `x` then `y`.
    pub fn knots(&self) -> (&[f64], &[f64]) {
        (&self.x, &self.y)
    }

    /// The calibrated probability of a finite score.
    pub fn predict(&self, score: f64) -> f64 {
        let above = self.x.partition_point(|&knot| knot < score);
        let last = self.x.len() - 1;
        if above == 0 {
            return self.y[0];
        }
        if above > last {
            return self.y[last];
        }
        let (x0, y0) = (self.x[above - 1], self.y[above - 1]);
        y0 + (self.y[above] - y0) / (self.x[above] - x0) * (score - x0)
    }
}
