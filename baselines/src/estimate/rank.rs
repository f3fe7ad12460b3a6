//! Ranking metrics on realised labels and on expected labels.
//!
//! Does not know calibration or sampling errors.

/// Area under the ROC curve of realised labels: the Mann–Whitney probability with ties counted half, as
/// scikit-learn's `roc_auc_score`. `None` with one class only.
pub(super) fn roc_auc(score: &[f64], label: &[bool]) -> Option<f64> {
    let placements = placements(score, label);
    let n_positive = placements.len();
    let n_negative = score.len() - n_positive;
    if n_positive == 0 || n_negative == 0 {
        return None;
    }
    Some(placements.iter().sum::<f64>() / n_positive as f64 / n_negative as f64)
}

/// For each positive row, how many negatives score lower, ties counted half; in ascending order of score.
pub(super) fn placements(score: &[f64], label: &[bool]) -> Vec<f64> {
    let mut rows: Vec<(f64, bool)> = score.iter().copied().zip(label.iter().copied()).collect();
    rows.sort_by(|left, right| left.0.total_cmp(&right.0));
    let mut placements = Vec::new();
    let mut n_below = 0usize;
    for tied in rows.chunk_by(|left, right| left.0 == right.0) {
        let n_positive = tied.iter().filter(|row| row.1).count();
        let n_negative = tied.len() - n_positive;
        let placement = n_below as f64 + n_negative as f64 / 2.0;
        placements.extend(std::iter::repeat_n(placement, n_positive));
        n_below += n_negative;
    }
    placements
}

/// Rows in descending order of score, ties in reverse row order (NumPy's `argsort()[::-1]`).
pub(super) fn descending(score: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..score.len()).collect();
    order.sort_by(|&left, &right| score[left].total_cmp(&score[right]));
    order.reverse();
    order
}

/// Cumulated counts rounded to five decimals, as NannyML does against cancellation.
fn rounded(value: f64) -> f64 {
    (value * 1e5).round_ties_even() / 1e5
}

/// Expected ROC AUC where `probability[i]` is the chance that row `i` is positive: trapezoids over cumulated expected
/// true and false positives. NannyML 0.13.1 `estimate_roc_auc`. `None` where one class is not expected at all.
pub(super) fn expected_roc_auc(order: &[usize], probability: &[f64]) -> Option<f64> {
    let points = cumulated(order, probability);
    let &(all_true, all_false) = points.last()?;
    if all_true <= 0.0 || all_false <= 0.0 {
        return None;
    }
    let mut area = 0.0;
    let mut previous = (0.0, 0.0);
    for point in points {
        let (recall, fall_out) = (point.0 / all_true, point.1 / all_false);
        area += (fall_out - previous.1) * (recall + previous.0) / 2.0;
        previous = (recall, fall_out);
    }
    Some(area)
}

/// Expected average precision: Σ (recall step)·precision down the ranking. NannyML 0.13.1 `estimate_ap`.
/// `None` where no positive is expected.
pub(super) fn expected_average_precision(order: &[usize], probability: &[f64]) -> Option<f64> {
    let points = cumulated(order, probability);
    let &(all_true, _) = points.last()?;
    if all_true <= 0.0 {
        return None;
    }
    let mut previous = 0.0;
    let mut sum = 0.0;
    for (idx, point) in points.into_iter().enumerate() {
        let recall = point.0 / all_true;
        sum += (recall - previous) * (point.0 / (idx + 1) as f64);
        previous = recall;
    }
    Some(sum)
}

fn cumulated(order: &[usize], probability: &[f64]) -> Vec<(f64, f64)> {
    let mut true_positives = 0.0;
    order
        .iter()
        .enumerate()
        .map(|(idx, &row)| {
            true_positives += probability[row];
            (
                rounded(true_positives),
                rounded((idx + 1) as f64 - true_positives),
            )
        })
        .collect()
}

/// Average precision of realised labels, each row counted `count[row]` times, `order` ascending by score; ties share
/// one threshold, as scikit-learn's `average_precision_score`. `None` without positives.
pub(super) fn average_precision(
    ascending: &[usize],
    score: &[f64],
    label: &[bool],
    count: &[u32],
) -> Option<f64> {
    let all: u64 = ascending
        .iter()
        .filter(|&&row| label[row])
        .map(|&row| u64::from(count[row]))
        .sum();
    if all == 0 {
        return None;
    }
    let (mut hits, mut seen, mut sum) = (0u64, 0u64, 0.0);
    let tied = ascending.chunk_by(|&left, &right| score[left] == score[right]);
    for rows in tied.collect::<Vec<_>>().into_iter().rev() {
        let n: u64 = rows.iter().map(|&row| u64::from(count[row])).sum();
        let positives: u64 = rows
            .iter()
            .filter(|&&row| label[row])
            .map(|&row| u64::from(count[row]))
            .sum();
        seen += n;
        hits += positives;
        if positives > 0 {
            sum += positives as f64 / all as f64 * (hits as f64 / seen as f64);
        }
    }
    Some(sum)
}
