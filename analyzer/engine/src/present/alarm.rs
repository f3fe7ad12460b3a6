//! On what terms drift alarms, and how small a shift this window would have shown.
//!
//! Words for the decision's numbers; decides nothing.

use baselines::calibrate::{CalibrationBasis, Component, Detectable};
use baselines::judge::{AlarmTerms, DriftEvidence, Verdict};

use super::standing::Standing;
use crate::monitor::Length;
use crate::report::clip::clip;
use crate::report::format::{count, number, percent, plural, small_p};
use crate::report::model::{Fact, Method};

/// What a run may spend, and whether limits are calibrated.
pub(super) fn facts(terms: &AlarmTerms) -> Vec<Fact> {
    vec![
        Fact::new("False alarms", terms.budget.to_string()).noted(format!(
            "at most; this window may spend {}",
            percent(terms.run.alpha)
        )),
        match terms.basis {
            Some(basis) => Fact::new("Calibrated", "yes").noted(basis_words(&basis)),
            None => Fact::new("Calibrated", "no").noted("rows count as independent"),
        },
    ]
}

fn basis_words(basis: &CalibrationBasis) -> String {
    match basis {
        CalibrationBasis::TimeBlocks {
            block_seconds,
            n_blocks,
        } => format!(
            "on {} of {} of the baseline",
            plural(*n_blocks, "time block", "time blocks"),
            Length::from_seconds(*block_seconds)
        ),
        CalibrationBasis::ResampledRows => "on resampled rows, which count as independent".to_owned(),
    }
}

/// The terms as an entry of "How it was judged".
pub(super) fn method(terms: &AlarmTerms, psi_major: Option<f64>, min_rows: Option<f64>) -> Method {
    let length = Length::from_seconds(terms.run.window_seconds.round() as i64);
    let assumed = if terms.run.assumed {
        " (assumed: nothing says how long the window is)"
    } else {
        ""
    };
    let major = psi_major.map_or_else(String::new, |major| {
        format!(" It is a warning, and from PSI {} on a violation.", number(major))
    });
    let rows = min_rows.map_or_else(String::new, |n| format!(" Each side needs {} values.", number(n)));
    let scale = match terms.basis {
        Some(_) => {
            "Each statistic is divided by what windows of the baseline vary more than independent rows (its null \
             scale), so ordinary variation from hour to hour and day to day does not ring."
        }
        None => {
            "The limits are not calibrated: rows count as independent, so ordinary variation over time may ring. \
             `driftline calibrate` measures it."
        }
    };
    Method {
        name: "Drift, by the house".to_owned(),
        description: format!(
            "A column has drifted where enough rows have moved to matter and it is too much to be chance. Numbers are \
             tested for location, scale and shape, categories for their shares and their largest change, both for \
             missing cells; the p-values are combined within a column (Cauchy), and held against the budget by Benjamini–Hochberg over \
             the {} columns tested. {scale}{major}{rows}",
            count(terms.n_tested)
        ),
        limit: format!(
            "p {} of a column, effect {} of rows, {} for missing cells",
            small_p(terms.p_limit),
            percent(terms.min_effect.distribution),
            percent(terms.min_effect.rate)
        ),
        derivation: format!(
            "budget of {}, windows of {length}{assumed}: this run may spend {}",
            terms.budget,
            percent(terms.run.alpha)
        ),
    }
}

/// The numbers of one drift finding: its p-value adjusted over the columns, the test that speaks, its null scale.
pub(super) fn evidence(drift: &DriftEvidence, terms: Option<&AlarmTerms>) -> String {
    let scale = if drift.scale > 1.0 {
        let known = match drift.scale_freedom {
            Some(freedom) => format!(" ({} degrees of freedom)", number(freedom.round())),
            None => String::new(),
        };
        format!(
            "; null scale {}{known}, without it p {}",
            number(drift.scale),
            small_p(drift.p_raw)
        )
    } else {
        String::new()
    };
    let limit = terms.map_or_else(String::new, |terms| {
        format!(", limit {}", small_p(terms.run.alpha))
    });
    format!(
        "p {}{limit}; {} {}, rings from {}{scale}",
        small_p(drift.p_adjusted),
        test_name(drift.component),
        number(drift.statistic),
        number(drift.critical)
    )
}

fn test_name(component: Component) -> &'static str {
    match component {
        Component::Location => "test of location (van der Waerden)",
        Component::Scale => "test of scale (Klotz)",
        Component::Shape => "test of shape (Kolmogorov–Smirnov)",
        Component::Categories => "test of all shares (chi-square)",
        Component::LargestCategory => "test of the most changed category",
        Component::MissingRate => "test of the missing rate",
        Component::SpecialRate => "test of NaN and infinities",
        _ => "test",
    }
}

/// The smallest shift a column could have shown, in the words of a table cell.
pub(super) fn detectable(detectable: &Detectable) -> String {
    match (detectable.mean_shift, detectable.category_share) {
        (Some(shift), _) => format!("{} sd", two_digits(shift)),
        (None, Some(share)) => format!("{} pts", two_digits(100.0 * share)),
        (None, None) => String::new(),
    }
}

fn two_digits(value: f64) -> String {
    let n_decimals = if value <= 0.0 || value >= 10.0 {
        0
    } else {
        (1 - value.log10().floor() as i32).clamp(0, 6) as usize
    };
    number(format!("{value:.n_decimals$}").parse().unwrap_or(value))
}

/// One sentence on how small a shift the window could have shown; empty where no column was tested.
pub(super) fn power(verdict: &Verdict, standings: &[Standing<'_>]) -> String {
    if verdict.judged.alarm.is_none() {
        return String::new();
    }
    let shifts = |of: fn(&Detectable) -> Option<f64>| {
        let mut found: Vec<(f64, &str)> = standings
            .iter()
            .filter_map(|standing| {
                let drift = standing.report.drift.as_ref()?;
                Some((of(&drift.detectable)?, standing.name()))
            })
            .collect();
        found.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(b.1)));
        found
    };
    let numbers = shifts(|found| found.mean_shift);
    let categories = shifts(|found| found.category_share);
    let mut parts = Vec::new();
    if let (Some(middle), Some(worst)) = (numbers.get(numbers.len() / 2), numbers.last()) {
        let worst = if numbers.len() > 1 && worst.0 > middle.0 {
            format!(
                ", the least sensitive ({}) {}",
                clip(worst.1, 40),
                two_digits(worst.0)
            )
        } else {
            String::new()
        };
        parts.push(format!(
            "a mean shift of {} standard deviations in the median numeric column{worst}",
            two_digits(middle.0)
        ));
    }
    if let Some(middle) = categories.get(categories.len() / 2) {
        parts.push(format!(
            "a move of {} percentage points in the largest category of the median categorical column",
            two_digits(100.0 * middle.0)
        ));
    }
    if parts.is_empty() {
        return String::new();
    }
    format!(
        "With this many rows, the smallest change this window would have shown with 80% probability: {}.",
        parts.join("; ")
    )
}
