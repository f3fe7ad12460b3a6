//! How it was judged: the methods that were measured, their convention, their limits, and the policy around them.

use std::collections::BTreeSet;

use baselines::compare::{Convention, Method};
use baselines::judge::{Judged, Verdict};

use super::alarm;
use super::cards::method_name;
use crate::report::format::{number, percent};
use crate::report::model::Method as Shown;

pub(super) fn methods(verdict: &Verdict) -> Vec<Shown> {
    let measured: BTreeSet<(Method, Convention)> = verdict
        .columns
        .iter()
        .flat_map(|report| &report.measured)
        .map(|measured| (measured.method, measured.convention))
        .collect();
    let judged = &verdict.judged;
    let distances = ORDER
        .into_iter()
        .filter(|pair| measured.contains(pair))
        .map(|pair| distance(pair, judged));
    let mut out = vec![model_monitor(judged)];
    out.extend(house(judged));
    out.extend(distances);
    out.push(entry(
        "Pictures",
        "Bars are shares of each side's values in bins that both sides share; the outer bars also hold what lies \
         beyond the 0.5% and 99.5% quantiles. They are for the eye: distances use bins of their own.",
    ));
    if let Some(n) = judged.thresholds.get("min_rows_to_name_a_category") {
        out.push(entry(
            "Names of categories",
            &format!(
                "A category is named where the baseline has it, or from {} rows of the window on; all others are \
                 counted together, because they may be personal data.",
                number(*n)
            ),
        ));
    }
    out
}

const ORDER: [(Method, Convention); 7] = [
    (Method::Psi, Convention::House),
    (Method::LInfinity, Convention::Sagemaker),
    (Method::LInfinityRobust, Convention::Sagemaker),
    (Method::KolmogorovSmirnov, Convention::House),
    (Method::ChiSquare, Convention::House),
    (Method::ChiSquare, Convention::Sagemaker),
    (Method::JensenShannon, Convention::House),
];

fn entry(name: &str, description: &str) -> Shown {
    Shown {
        name: name.to_owned(),
        description: description.to_owned(),
        limit: String::new(),
        derivation: String::new(),
    }
}

fn is_chosen(judged: &Judged, name: &str, value: &str) -> bool {
    judged.choices.get(name).is_some_and(|choice| choice == value)
}

/// The thresholds `names` as `name 0.1`, as far as they are known.
fn limits(judged: &Judged, names: &[&str], write: fn(f64) -> String) -> String {
    let known = names
        .iter()
        .filter_map(|name| Some(format!("{name} {}", write(*judged.thresholds.get(*name)?))));
    known.collect::<Vec<_>>().join(", ")
}

fn model_monitor(judged: &Judged) -> Shown {
    if is_chosen(judged, "evaluate_constraints", "Disabled") {
        return entry(
            "Model Monitor's six checks",
            "They are switched off: evaluate_constraints is Disabled in the constraints.",
        );
    }
    let names = ["datatype_check_threshold", "domain_content_threshold"];
    let drift = if is_chosen(judged, "perform_comparison", "Disabled") {
        "Its drift check is switched off (perform_comparison is Disabled).".to_owned()
    } else {
        format!(
            "Drift of numbers is judged by the L-infinity distance, {}; drift of categories by {}.",
            judged
                .choices
                .get("comparison_method")
                .map_or("Robust", String::as_str),
            match judged.choices.get("categorical_drift_method").map(String::as_str) {
                Some("ChiSquared") => "the chi-square test",
                _ => "the L-infinity distance",
            }
        )
    };
    Shown {
        name: "Model Monitor's six checks".to_owned(),
        description: format!(
            "Types, completeness, drift, missing and extra columns, and values outside the known ones, as SageMaker \
             Model Monitor checks them. A finding is always a violation. {drift}"
        ),
        limit: limits(judged, &names, percent),
        derivation: "from the constraints of the baseline".to_owned(),
    }
}

fn house(judged: &Judged) -> Vec<Shown> {
    if is_chosen(judged, "house_checks", "Disabled") {
        return vec![entry("The house's own checks", "They are switched off.")];
    }
    let threshold = |name: &str| judged.thresholds.get(name).copied();
    let mut out = Vec::new();
    out.extend(
        judged
            .alarm
            .as_ref()
            .map(|terms| alarm::method(terms, threshold("psi_major"), threshold("min_rows"))),
    );
    if let Some(choice) = judged.choices.get("multiplicity") {
        out.push(entry(
            "Many columns",
            &format!(
                "With many columns some look changed by chance. {choice} keeps the probability of any false alarm \
                 within what the run may spend where nothing has changed, and the share of false alarms among the \
                 alarms where something has (false discovery rate; Benjamini and Hochberg 1995)."
            ),
        ));
    }
    let others = limits(
        judged,
        &["reject_warning", "reject_violation", "unseen_warning"],
        percent,
    );
    out.push(Shown {
        name: "Other checks of the house".to_owned(),
        description: "New missing values, NaN and infinities where the baseline has none, unseen categories, changed \
                      types, absent and unknown columns, and rejected lines. What Model Monitor's checks have already \
                      flagged is not told twice."
            .to_owned(),
        derivation: if others.is_empty() { String::new() } else { "policy of this run".to_owned() },
        limit: others,
    });
    out
}

fn distance((method, convention): (Method, Convention), judged: &Judged) -> Shown {
    let (title, text) = match (method, convention) {
        (Method::Psi, _) => (
            "Population stability index (PSI)",
            "Sum over bins of (current − baseline) × ln(current ÷ baseline). Convention of the house: the baseline's \
             deciles, or its categories, as bins, and bins of their own for missing cells, NaN, infinities and unseen \
             categories; half a row is added to every bin. 0 is no change; it has no upper end.",
        ),
        (Method::LInfinity, _) => (
            "L-infinity, Simple",
            "Largest difference between the cumulative shares of numbers, or between the shares of any one category; \
             0 to 1. Convention of Model Monitor (Deequ).",
        ),
        (Method::LInfinityRobust, _) => (
            "L-infinity, Robust",
            "The simple distance less what chance gives with n and m rows, 1.8 × √((n + m) ÷ nm), and never below 0. \
             Convention of Model Monitor (Deequ).",
        ),
        (Method::KolmogorovSmirnov, _) => (
            "Kolmogorov–Smirnov test",
            "Largest difference between the two cumulative distributions of numbers, with the probability p of one as \
             large without any change. Convention of the house, which is SciPy's ks_2samp, two-sided.",
        ),
        (Method::ChiSquare, Convention::Sagemaker) => (
            "Chi-square test, Model Monitor's",
            "Pearson's test of the window's counts against the baseline's shares; the p-value counts, and a small one \
             violates.",
        ),
        (Method::ChiSquare, _) => (
            "Chi-square test",
            "Pearson's test of the table of both sides' categories, with the probability p of a statistic as large \
             without any change; categories with small expected counts are merged for the decision. Convention of \
             the house.",
        ),
        (Method::JensenShannon, _) => (
            "Jensen–Shannon distance",
            "Square root of the divergence of both sides from their middle, logarithm to base 2, in the bins of PSI; \
             0 to 1. Convention of the house; measured for comparison.",
        ),
        (method, convention) => (method_name(method, convention), ""),
    };
    let keys: &[&str] = match (method, convention) {
        (Method::Psi, Convention::House) => &["psi_major"],
        (Method::LInfinity, _) if is_chosen(judged, "comparison_method", "Simple") => L_INFINITY,
        (Method::LInfinityRobust, _) if is_chosen(judged, "comparison_method", "Robust") => L_INFINITY,
        (Method::ChiSquare, Convention::Sagemaker)
            if is_chosen(judged, "categorical_drift_method", "ChiSquared") =>
        {
            &["categorical_comparison_threshold"]
        }
        _ => &[],
    };
    let limit = limits(judged, keys, number);
    let derivation = match (convention, limit.is_empty()) {
        (_, true) => "",
        (Convention::Sagemaker, _) => "from the constraints of the baseline",
        _ => "policy of this run",
    };
    Shown {
        derivation: derivation.to_owned(),
        limit,
        ..entry(title, text)
    }
}

const L_INFINITY: &[&str] = &["comparison_threshold", "categorical_comparison_threshold"];
