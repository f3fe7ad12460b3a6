//! Rows in time order, cut into train, validation and test at moments, so that rows of one moment are never divided.

use crate::error::{EngineError, ErrorKind};
use std::ops::Range;

/// Fewest rows that the newest part may have.
pub(super) const MIN_TEST: usize = 30;

/// The three parts, as ranges of the rows in time order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Split {
    pub(super) train: Range<usize>,
    pub(super) validation: Range<usize>,
    pub(super) test: Range<usize>,
}

/// Cuts rows whose times are ascending. The newest `test_share` of them are the test, the `validation_share` before it the
/// validation; each cut is moved back to the first row of its moment.
pub(super) fn split(seconds: &[i64], test_share: f64, validation_share: f64) -> Result<Split, EngineError> {
    let n = seconds.len();
    let back_to_moment = |mut at: usize| {
        while at > 0 && at < n && seconds[at - 1] == seconds[at] {
            at -= 1;
        }
        at
    };
    let newest = |share: f64| ((n as f64) * share).round() as usize;
    let test = back_to_moment(n - newest(test_share).min(n));
    let validation = back_to_moment(n - newest(test_share + validation_share).min(n)).min(test);
    if n - test < MIN_TEST || test - validation < MIN_TEST || validation == 0 {
        return Err(EngineError::new(
            ErrorKind::Usage,
            format!(
                "{n} labelled rows make {validation} to train, {} to validate and {} to test on; the last two need \
                 {MIN_TEST} each, at different times than the rest",
                test - validation,
                n - test
            ),
        )
        .with_hint("wait for more labels, or widen --start and --end; --test-share sets the newest part"));
    }
    Ok(Split {
        train: 0..validation,
        validation: validation..test,
        test: test..n,
    })
}

#[cfg(test)]
mod tests {
    use super::split;
    use proptest::prelude::*;

    proptest! {
        /// Law: whatever the times, each part is wholly older than the next, and nothing is lost or in two parts.
        #[test]
        fn each_part_is_older_than_the_next(mut seconds in prop::collection::vec(0_i64..200, 1..600), test in 0.05..0.5_f64) {
            seconds.sort_unstable();
            if let Ok(parts) = split(&seconds, test, 0.15) {
                prop_assert_eq!(parts.train.start, 0);
                prop_assert_eq!(parts.train.end, parts.validation.start);
                prop_assert_eq!(parts.validation.end, parts.test.start);
                prop_assert_eq!(parts.test.end, seconds.len());
                prop_assert!(seconds[parts.train.end - 1] < seconds[parts.validation.start]);
                prop_assert!(seconds[parts.validation.end - 1] < seconds[parts.test.start]);
            }
        }
    }

    #[test]
    fn too_few_rows_are_refused_with_the_numbers() {
        let seconds: Vec<i64> = (0..80).collect();
        let error = split(&seconds, 0.2, 0.15).unwrap_err().to_string();
        assert!(
            error.contains("80 labelled rows make 52 to train, 12 to validate and 16 to test on"),
            "{error}"
        );
        assert!(split(&[5; 1000], 0.2, 0.15).is_err());
    }
}
