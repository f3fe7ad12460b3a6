//! Independent jobs on several threads, answers in the order of the jobs.
//!
//! Which thread does which job changes nothing. Does not know what the jobs are.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// `job(0), …, job(n_jobs - 1)`, computed on at most `n_threads` threads. A panic of a job goes on in the caller.
pub fn in_parallel<T: Send>(n_jobs: usize, n_threads: usize, job: impl Fn(usize) -> T + Sync) -> Vec<T> {
    if n_threads.min(n_jobs) <= 1 {
        return (0..n_jobs).map(job).collect();
    }
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::with_capacity(n_jobs)));
    std::thread::scope(|scope| {
        for _ in 0..n_threads.min(n_jobs) {
            scope.spawn(|| {
                loop {
                    let idx = next.fetch_add(1, Ordering::Relaxed);
                    if idx >= n_jobs {
                        return;
                    }
                    let answer = job(idx);
                    done.lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push((idx, answer));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_unstable_by_key(|(idx, _)| *idx);
    done.into_iter().map(|(_, answer)| answer).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_stand_in_the_order_of_the_jobs() {
        let expected: Vec<usize> = (0..100).map(|idx| idx * idx).collect();
        for n_threads in [0, 1, 3, 200] {
            assert_eq!(in_parallel(100, n_threads, |idx| idx * idx), expected);
        }
        assert!(in_parallel(0, 4, |idx| idx).is_empty());
    }
}
