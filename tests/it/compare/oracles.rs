//! The five real data sets of the shared oracles, through the command: every value they hold that we claim to reproduce.
//!
//! References: evidently 0.7.23, nannyml 0.13.1, scipy 1.17.1, by the shared `oracle.py`. The data stand beside the
//! project; without them the test says so and passes.

use super::{STATISTIC, agrees, compared, null_statistics};
use serde_json::Value;
use std::collections::BTreeMap;
use tests::repository;
use tests::world::World;

const DATA_SETS: [&str; 5] = ["bike_sharing", "car_loan", "churn_aws", "elec2", "gas_sensor"];
/// Relative tolerance of p-values; below the second number both count as nothing.
const P_VALUE: (f64, f64) = (1e-6, 1e-300);

/// Group and key in the oracle, our convention and method, our field: the statistic, `p`, or a companion.
type Row = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
);

const ROWS: &[Row] = &[
    ("evidently", "ks", "evidently", "ks", "p"),
    ("evidently", "psi", "evidently", "psi", "statistic"),
    (
        "evidently",
        "jensenshannon",
        "evidently",
        "jensen_shannon",
        "statistic",
    ),
    (
        "evidently",
        "wasserstein",
        "evidently",
        "wasserstein",
        "statistic",
    ),
    ("evidently", "kl_div", "evidently", "kl", "statistic"),
    ("evidently", "hellinger", "evidently", "hellinger", "statistic"),
    ("evidently", "anderson", "evidently", "anderson_darling", "p"),
    (
        "evidently",
        "cramer_von_mises",
        "evidently",
        "cramer_von_mises",
        "p",
    ),
    ("evidently", "mannw", "evidently", "mann_whitney", "p"),
    ("evidently", "t_test", "evidently", "t_test", "p"),
    ("evidently", "ed", "evidently", "energy", "statistic"),
    ("evidently", "es", "evidently", "epps_singleton", "p"),
    ("evidently", "chisquare", "evidently", "chi_square", "p"),
    ("evidently", "z", "evidently", "z_test", "p"),
    ("evidently", "g_test", "evidently", "g_test", "p"),
    ("evidently", "fisher_exact", "evidently", "fisher_exact", "p"),
    ("nannyml", "kolmogorov_smirnov", "nannyml", "ks", "statistic"),
    (
        "nannyml",
        "jensen_shannon",
        "nannyml",
        "jensen_shannon",
        "statistic",
    ),
    ("nannyml", "wasserstein", "nannyml", "wasserstein", "statistic"),
    ("nannyml", "hellinger", "nannyml", "hellinger", "statistic"),
    ("nannyml", "chi2.stat", "nannyml", "chi_square", "statistic"),
    ("nannyml", "chi2.p", "nannyml", "chi_square", "p"),
    ("nannyml", "l_infinity", "nannyml", "l_infinity", "statistic"),
    ("scipy", "ks_2samp.stat", "house", "ks", "statistic"),
    ("scipy", "ks_2samp.p", "house", "ks", "p"),
    (
        "scipy",
        "cramervonmises_2samp.stat",
        "house",
        "cramer_von_mises",
        "statistic",
    ),
    (
        "scipy",
        "cramervonmises_2samp.p",
        "house",
        "cramer_von_mises",
        "p",
    ),
    (
        "scipy",
        "mannwhitneyu_two_sided.stat",
        "house",
        "mann_whitney",
        "statistic",
    ),
    ("scipy", "mannwhitneyu_two_sided.p", "house", "mann_whitney", "p"),
    (
        "scipy",
        "mannwhitneyu_less.p",
        "house",
        "mann_whitney",
        "p_value_less",
    ),
    ("scipy", "ttest_ind_student.stat", "house", "t_test", "statistic"),
    ("scipy", "ttest_ind_student.p", "house", "t_test", "p"),
    (
        "scipy",
        "ttest_ind_welch.stat",
        "house",
        "welch_t_test",
        "statistic",
    ),
    ("scipy", "ttest_ind_welch.p", "house", "welch_t_test", "p"),
    (
        "scipy",
        "anderson_ksamp_midrank.stat",
        "house",
        "anderson_darling",
        "statistic",
    ),
    (
        "scipy",
        "anderson_ksamp_midrank.p_clipped",
        "house",
        "anderson_darling",
        "p",
    ),
    (
        "scipy",
        "epps_singleton_2samp.stat",
        "house",
        "epps_singleton",
        "statistic",
    ),
    ("scipy", "epps_singleton_2samp.p", "house", "epps_singleton", "p"),
    (
        "scipy",
        "wasserstein_distance",
        "house",
        "wasserstein",
        "statistic",
    ),
    ("scipy", "energy_distance", "house", "energy", "statistic"),
    (
        "scipy",
        "chi2_contingency_no_yates.stat",
        "house",
        "chi_square",
        "statistic",
    ),
    ("scipy", "chi2_contingency_no_yates.p", "house", "chi_square", "p"),
    (
        "scipy",
        "chisquare_scaled_expected.stat",
        "house",
        "chi_square",
        "goodness_of_fit",
    ),
    (
        "scipy",
        "chisquare_scaled_expected.p",
        "house",
        "chi_square",
        "goodness_of_fit_p_value",
    ),
    ("scipy", "g_contingency.stat", "house", "g_test", "statistic"),
    ("scipy", "g_contingency.p", "house", "g_test", "p"),
    (
        "scipy",
        "g_scaled_expected.stat",
        "house",
        "g_test",
        "goodness_of_fit",
    ),
    (
        "scipy",
        "g_scaled_expected.p",
        "house",
        "g_test",
        "goodness_of_fit_p_value",
    ),
    (
        "scipy",
        "fisher_exact.odds_ratio",
        "house",
        "fisher_exact",
        "statistic",
    ),
    ("scipy", "fisher_exact.p", "house", "fisher_exact", "p"),
    ("scipy", "z_two_proportions.stat", "house", "z_test", "statistic"),
    ("scipy", "z_two_proportions.p", "house", "z_test", "p"),
    ("formula", "linf_cdf", "sagemaker", "l_infinity", "statistic"),
    ("formula", "linf_cat", "sagemaker", "l_infinity", "statistic"),
    (
        "formula",
        "deequ_linf_robust",
        "sagemaker",
        "l_infinity_robust",
        "statistic",
    ),
    ("formula", "tvd", "house", "tvd", "statistic"),
    ("formula", "js_freq", "house", "jensen_shannon", "unsmoothed"),
    ("formula", "hellinger_freq", "house", "hellinger", "unsmoothed"),
];

/// Why an answer is not the oracle's; `None` where it is.
fn disagreement(answer: &Value, field: &str, expected: &Value) -> Option<String> {
    if expected.get("skipped").is_some() {
        return None;
    }
    let ours = match field {
        "statistic" => &answer["statistic"],
        "p" => &answer["p_value"],
        companion => &answer["companions"][companion],
    };
    let is_p = field == "p" || field.contains("p_value");
    match (ours.as_f64(), expected.as_f64()) {
        (Some(ours), Some(theirs)) => {
            let relative = if is_p { P_VALUE.0 } else { STATISTIC };
            let both_nothing = is_p && ours < P_VALUE.1 && theirs < P_VALUE.1;
            (!both_nothing && !agrees(ours, theirs, relative)).then(|| format!("{ours:e} against {theirs:e}"))
        }
        // Their NaN, infinity or error is our reason.
        (None, None) if answer["not_computable"].is_string() => None,
        // An infinite companion is left out.
        (None, None) if ours.is_null() && expected == "inf" && !matches!(field, "statistic" | "p") => None,
        _ => Some(format!("{answer} against {expected}")),
    }
}

/// SciPy's Cramér–von Mises p-value below about 1e-6 is rounding (docs/methods.md, §6).
fn is_documented(key: &str, expected: &Value) -> bool {
    key.contains("cramer") && expected.as_f64().is_some_and(|theirs| theirs < 1e-6)
}

#[test]
fn every_oracle_value_agrees_through_the_command() {
    let shared = repository::root().join("../shared");
    if !shared.join("oracles").is_dir() {
        println!(
            "skipped: every_oracle_value_agrees_through_the_command: the shared oracles are not beside the project"
        );
        return;
    }
    let world = World::new().unwrap();
    let (mut n_checked, mut n_documented, mut unexplained) = (0, 0, Vec::new());
    for name in DATA_SETS {
        let folder = shared.join("data").join(name);
        let at = |file: &str| folder.join(file).display().to_string();
        let files = format!(
            "--baseline {} --current {} --schema {}",
            at("reference.csv"),
            at("current.csv"),
            at("schema.json")
        );
        let documents: BTreeMap<&str, Value> = ["house", "evidently", "nannyml", "sagemaker"]
            .into_iter()
            .map(|convention| {
                (
                    convention,
                    compared(&world, &format!("{files} --method all --convention {convention}")),
                )
            })
            .collect();
        let oracle = std::fs::read(shared.join(format!("oracles/{name}.json"))).unwrap();
        let oracle: Value = serde_json::from_slice(&oracle).unwrap();
        let columns = oracle["columns"].as_object().unwrap();
        let ours = documents["house"]["columns"].as_object().unwrap();
        assert_eq!(
            ours.keys().collect::<std::collections::BTreeSet<_>>(),
            columns.keys().collect(),
            "{name}: the columns that count"
        );
        for (convention, document) in &documents {
            assert_eq!(null_statistics(document), [""; 0], "{name} {convention}");
        }
        for (column, entry) in columns {
            assert_eq!(ours[column]["type"], entry["type"], "{name} {column}");
            for &(group, key, convention, method, field) in ROWS {
                let (head, part) = key
                    .split_once('.')
                    .map_or((key, None), |(head, part)| (head, Some(part)));
                let Some(expected) = entry[group].get(head) else {
                    continue;
                };
                let expected = part.map_or(expected, |part| &expected[part]);
                let answer = &documents[convention]["columns"][column]["methods"][method];
                n_checked += 1;
                if let Some(difference) = disagreement(answer, field, expected) {
                    if is_documented(key, expected) {
                        n_documented += 1;
                    } else {
                        unexplained.push(format!("{name} {column} {group}.{key}: {difference}"));
                    }
                }
            }
        }
    }
    println!("{n_checked} oracle values checked through the command, {n_documented} documented differences");
    assert!(n_checked > 7_000, "only {n_checked} values were found");
    assert!(
        unexplained.is_empty(),
        "{} of {n_checked}:\n{unexplained:#?}",
        unexplained.len()
    );
}
