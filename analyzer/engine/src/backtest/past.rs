//! Windows replayed so far, as the reference of the next: what `analyze` finds in a history of stored profiles.
//!
//! Keeps what a later window may need and no more. Does not choose and does not merge (`baselines::reference`).

use super::WindowReplay;
use crate::baseline::{LoadedBaseline, software};
use crate::reference::{Held, together};
use baselines::document::window::WindowHead;
use baselines::reference::{Choice, NotMergeable, Reference, SEASON_MOST, choose};
use baselines::summary::DatasetSummary;
use std::borrow::Cow;

/// The windows replayed so far.
pub(super) struct Past<'a> {
    reference: Reference,
    baseline: &'a LoadedBaseline,
    /// The fixed reference, made once.
    fixed: Option<Held>,
    windows: Vec<(WindowHead, DatasetSummary)>,
}

impl<'a> Past<'a> {
    pub(super) fn new(reference: Reference, baseline: &'a LoadedBaseline) -> Self {
        Self {
            reference,
            baseline,
            fixed: (reference == Reference::Baseline).then(|| Held::baseline(baseline)),
            windows: Vec::new(),
        }
    }

    /// What a window is held against.
    pub(super) fn before(&self, window: &WindowReplay) -> Result<Cow<'_, Held>, NotMergeable> {
        if let Some(fixed) = &self.fixed {
            return Ok(Cow::Borrowed(fixed));
        }
        let heads: Vec<WindowHead> = self.windows.iter().map(|(head, _)| head.clone()).collect();
        match choose(self.reference, window.start, window.end, &heads) {
            Choice::TooFew(reason) => Ok(Cow::Owned(Held::nothing(self.reference, reason))),
            Choice::Windows(chosen) => {
                let parts = chosen.into_iter().map(|idx| self.windows[idx].clone()).collect();
                together(self.reference, self.baseline, parts).map(Cow::Owned)
            }
        }
    }

    /// Takes a judged window in.
    pub(super) fn take(&mut self, window: &WindowReplay, summary: DatasetSummary) {
        if self.fixed.is_some() || summary.n_rows == 0 {
            return;
        }
        let head = WindowHead {
            software: software(),
            start: Some(window.start),
            end: Some(window.end),
            n_rows: summary.n_rows,
        };
        self.windows.push((head, summary));
        let newest = window.start;
        match self.reference {
            Reference::Baseline => self.windows.clear(),
            Reference::Previous => self.keep(1, |_| true),
            Reference::Trailing(n) => self.keep(n, |_| true),
            // Of each hour of the week the newest; that of the window just taken is the only one that grew.
            Reference::Season => self.keep(SEASON_MOST, |start| hour_of_week(start) == hour_of_week(newest)),
        }
    }

    /// Keeps the newest `most` of those windows that `counts` names by their start.
    fn keep(&mut self, most: usize, counts: impl Fn(i64) -> bool) {
        let is_one = |head: &WindowHead| head.start.is_some_and(&counts);
        let n = self.windows.iter().filter(|(head, _)| is_one(head)).count();
        if n > most
            && let Some(oldest) = self.windows.iter().position(|(head, _)| is_one(head))
        {
            self.windows.remove(oldest);
        }
    }
}

fn hour_of_week(second: i64) -> i64 {
    second.rem_euclid(604_800) / 3_600
}
