//! Many tests in one run: p-values adjusted so that the share of false alarms among alarms stays bounded.
//!
//! Does not know what was tested.

/// Benjamini–Hochberg adjusted p-values, in the order given.
///
/// `adjusted(i) = min over j ≥ i of p(j)·m/j` over the ascending order, capped at 1. Rejecting where it is below α
/// controls the false discovery rate at α for independent or positively dependent tests. Source: Benjamini and
/// Hochberg 1995, J. R. Stat. Soc. B 57(1), procedure (1); adjusted form as in Yekutieli and Benjamini 1999.
/// No p-value: nothing. Ties get one adjusted value.
pub fn benjamini_hochberg(p_values: &[f64]) -> Vec<f64> {
    let m = p_values.len() as f64;
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&left, &right| p_values[left].total_cmp(&p_values[right]));
    let mut adjusted = vec![1.0; p_values.len()];
    let mut smallest = 1.0f64;
    for (rank, &idx) in order.iter().enumerate().rev() {
        smallest = smallest.min(p_values[idx] * m / (rank + 1) as f64);
        adjusted[idx] = smallest;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::tolerance;

    #[test]
    fn agrees_with_scipy() {
        // scipy 1.17.1: scipy.stats.false_discovery_control([0.01, 0.04, 0.03, 0.005, 0.55], method="bh")
        let expect = [0.025, 0.05, 0.05, 0.025, 0.55];
        let adjusted = benjamini_hochberg(&[0.01, 0.04, 0.03, 0.005, 0.55]);
        for (found, expect) in adjusted.iter().zip(expect) {
            assert!(
                tolerance::agrees(*found, expect, tolerance::STATISTIC),
                "{found} {expect}"
            );
        }
    }

    #[test]
    fn one_test_is_left_as_it_is_and_none_gives_none() {
        assert_eq!(benjamini_hochberg(&[0.2]), [0.2]);
        assert_eq!(benjamini_hochberg(&[]), [0.0; 0]);
    }
}
