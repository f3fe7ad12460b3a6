//! A progress bar on a terminal, nothing in a pipe.

use engine::progress::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal as _;
use std::sync::Mutex;

/// Draws to stderr.
#[derive(Debug, Default)]
pub(crate) struct Bar {
    bar: Mutex<Option<ProgressBar>>,
}

impl Bar {
    fn with(&self, act: impl FnOnce(&ProgressBar)) {
        let bar = self.bar.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        bar.iter().for_each(act_once(act));
    }
}

fn act_once(act: impl FnOnce(&ProgressBar)) -> impl FnMut(&ProgressBar) {
    let mut act = Some(act);
    move |bar| {
        if let Some(act) = act.take() {
            act(bar);
        }
    }
}

impl Progress for Bar {
    fn stage(&self, name: &str, n_bytes: u64) {
        if !std::io::stderr().is_terminal() {
            return;
        }
        let bar = ProgressBar::with_draw_target(Some(n_bytes), ProgressDrawTarget::stderr());
        let template = "{msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message(name.to_owned());
        *self.bar.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(bar);
    }
    fn advance(&self, n_bytes: u64) {
        self.with(|bar| bar.inc(n_bytes));
    }
    fn done(&self) {
        self.with(ProgressBar::finish_and_clear);
    }
}
