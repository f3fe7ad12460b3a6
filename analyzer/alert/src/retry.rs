//! How often, and after which waits, a delivery is tried: exponential backoff with full jitter (Brooker 2015, "Exponential
//! Backoff And Jitter"), and what `Retry-After` asks for.
//!
//! Pure: jitter comes from a seed and the number of the attempt. Does not wait.

use std::time::Duration;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// How often and how long one invocation tries a receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Attempts, the first included.
    pub attempts: u32,
    /// Upper bound of the wait before the second; it doubles from there.
    pub first_wait: Duration,
    /// The longest wait; a receiver that asks for more is tried again by a later invocation.
    pub longest_wait: Duration,
    /// Limit of one attempt, from connecting to the end of the answer.
    pub timeout: Duration,
}

impl Default for Patience {
    /// Four attempts of ten seconds, waits of up to half a second, one, and two.
    fn default() -> Self {
        Self {
            attempts: 4,
            first_wait: Duration::from_millis(500),
            longest_wait: Duration::from_secs(20),
            timeout: Duration::from_secs(10),
        }
    }
}

impl Patience {
    /// The wait before attempt `n` (2 is the second): at least what the receiver asked for; `None` where that is too long.
    pub fn wait(&self, n: u32, seed: u64, asked: Option<Duration>) -> Option<Duration> {
        let bound = self
            .first_wait
            .saturating_mul(1_u32.checked_shl(n.saturating_sub(2)).unwrap_or(u32::MAX))
            .min(self.longest_wait);
        let share = (xxh3_64_with_seed(&n.to_le_bytes(), seed) >> 11) as f64 / (1_u64 << 53) as f64;
        let wait = bound.mul_f64(share).max(asked.unwrap_or_default());
        (wait <= self.longest_wait).then_some(wait)
    }
}

/// Seconds after which a delivery that failed `attempts` times is taken on again by a later invocation: one minute, doubling up
/// to an hour.
pub(crate) fn pause_seconds(attempts: u32, asked: Option<Duration>) -> i64 {
    let usual = 60_i64
        .saturating_mul(1 << attempts.saturating_sub(1).min(6))
        .min(3_600);
    let asked = asked.map_or(0, |asked| i64::try_from(asked.as_secs()).unwrap_or(i64::MAX));
    usual.max(asked.min(86_400))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_stay_within_their_bounds_and_are_the_same_again() {
        let patience = Patience::default();
        for seed in 0..200 {
            for (n, bound) in [(2, 500), (3, 1_000), (4, 2_000), (9, 20_000), (u32::MAX, 20_000)] {
                let wait = patience.wait(n, seed, None).unwrap();
                assert!(wait <= Duration::from_millis(bound), "{n}: {wait:?}");
                assert_eq!(Some(wait), patience.wait(n, seed, None));
            }
        }
        let mean: f64 = (0..1_000)
            .map(|seed| patience.wait(2, seed, None).unwrap().as_secs_f64())
            .sum::<f64>()
            / 1_000.0;
        assert!(
            (0.23..0.27).contains(&mean),
            "full jitter is uniform below the bound: {mean}"
        );
    }

    #[test]
    fn what_the_receiver_asks_for_is_kept_or_left_to_later() {
        let patience = Patience::default();
        let asked = |seconds| patience.wait(2, 7, Some(Duration::from_secs(seconds)));
        assert_eq!(asked(3), Some(Duration::from_secs(3)));
        assert_eq!(asked(21), None);
        assert_eq!(
            (
                pause_seconds(1, None),
                pause_seconds(3, None),
                pause_seconds(40, None)
            ),
            (60, 240, 3_600)
        );
        assert_eq!(pause_seconds(1, Some(Duration::from_mins(10))), 600);
    }
}
