//! Golden runs of Clarify (G3a, G3b, G4), and what a small table must give whatever it is written in.

use super::*;
use baselines::bias::BiasValue;
use baselines::document::clarify::{ClarifyNumber, ClarifyViolation};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

const HEADERS: &str = r#"["Age","Workclass","fnlwgt","Education","Education-Num","Marital Status","Occupation",
    "Relationship","Ethnic group","Sex","Capital Gain","Capital Loss","Hours per week","Country","Target"]"#;

fn shared() -> Option<PathBuf> {
    let folder = PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/reference/model-monitor"
    ));
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: the shared Clarify files are not beside this checkout");
    None
}

fn config(text: &str) -> AnalysisConfig {
    AnalysisConfig::from_bytes(text.as_bytes()).unwrap()
}

fn request(config: AnalysisConfig, data: &Path) -> BiasRequest {
    BiasRequest {
        config,
        data: Location::local(data).unwrap(),
        inference: None,
        probability: None,
        features: None,
        probability_threshold: None,
        window: TimeWindow::default(),
        baseline: None,
        compat_sagemaker: false,
        bootstrap: BootstrapOptions::default(),
        options: StoreOptions::default(),
    }
}

fn run(request: &BiasRequest) -> Result<BiasRun, EngineError> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(analyse(request))
}

fn adult(methods: &str, predicted: &str) -> AnalysisConfig {
    config(&format!(
        r#"{{"version":"1.0","dataset_type":"application/json","headers":{HEADERS},"features":"instances[*].features",
        "label":"instances[*].label",{predicted}"label_values_or_threshold":[1],
        "facet":[{{"name_or_index":"Sex","value_or_threshold":[0]}}],"group_variable":"Age","methods":{{{methods}}}}}"#
    ))
}

const BOTH: &str = r#""pre_training_bias":{"methods":"all"},"post_training_bias":{"methods":"all"}"#;

fn metric(report: &BiasRun, name: &str) -> Option<f64> {
    let analysis = &report.analysis;
    let reports = [
        &analysis.pre_training_bias_metrics,
        &analysis.post_training_bias_metrics,
    ];
    let mut all = reports
        .into_iter()
        .flatten()
        .flat_map(|report| report.facets.values().flatten());
    all.find_map(|facet| facet.metrics.iter().find(|metric| metric.name == name))
        .and_then(|metric| metric.value)
        .and_then(|ClarifyNumber(value)| value.finite())
}

/// G4: Clarify's own baseline of 666 rows: the same document but for its last digits.
#[test]
fn g4_the_pre_training_baseline_is_clarifys() {
    let Some(folder) = shared() else { return };
    let request = request(
        adult(r#""pre_training_bias":{"methods":"all"}"#, ""),
        &folder.join("clarify/validation-dataset.json"),
    );
    let ours = run(&request).unwrap();
    assert_eq!(ours.rows.n_rows, 666);
    let theirs =
        std::fs::read(folder.join("nb-outputs/clarify_endpoint_bias_baseline_analysis.json")).unwrap();
    let theirs = Analysis::from_bytes(&theirs)
        .unwrap()
        .pre_training_bias_metrics
        .unwrap();
    let ours = ours.analysis.pre_training_bias_metrics.unwrap();
    assert_eq!(
        (&ours.label, &ours.label_value_or_threshold),
        (&theirs.label, &theirs.label_value_or_threshold)
    );
    let (ours, theirs) = (&ours.facets["Sex"][0], &theirs.facets["Sex"][0]);
    assert_eq!(ours.value_or_threshold, theirs.value_or_threshold);
    assert_eq!(ours.metrics.len(), 8);
    for (ours, theirs) in ours.metrics.iter().zip(&theirs.metrics) {
        assert_eq!(
            (&ours.name, &ours.description),
            (&theirs.name, &theirs.description)
        );
        let value = |metric: &Option<ClarifyNumber>| metric.unwrap().0.finite().unwrap();
        let (a, b) = (value(&ours.value), value(&theirs.value));
        assert!((a - b).abs() <= 1e-15, "{}: {a} {b}", ours.name);
    }
}

/// Violations are the same ones in the same order, and the numbers of their sentences agree to 1e-14.
fn same_violations(ours: &[ClarifyViolation], theirs: &[ClarifyViolation]) {
    let key = |violation: &ClarifyViolation| {
        (
            violation.facet.clone(),
            violation.facet_value.clone(),
            violation.metric_name.clone(),
            violation.constraint_check_type.clone(),
        )
    };
    assert_eq!(
        ours.iter().map(key).collect::<Vec<_>>(),
        theirs.iter().map(key).collect::<Vec<_>>()
    );
    let words = |violation: &ClarifyViolation| -> Vec<String> {
        violation.description.split(' ').map(str::to_owned).collect()
    };
    for (ours, theirs) in ours.iter().zip(theirs) {
        for (a, b) in words(ours).iter().zip(&words(theirs)) {
            let close = match (a.parse::<f64>(), b.parse::<f64>()) {
                (Ok(a), Ok(b)) if a.is_finite() => (a - b).abs() <= 1e-14 * b.abs().max(1.0),
                _ => a == b,
            };
            assert!(close, "{} against {}", ours.description, theirs.description);
        }
    }
}

fn golden(folder: &Path, live: &Path, prediction: &str, violations: &str) {
    let baseline =
        std::fs::read(folder.join("nb-outputs/clarify_endpoint_bias_baseline_analysis.json")).unwrap();
    let request = BiasRequest {
        baseline: Some(Analysis::from_bytes(&baseline).unwrap()),
        compat_sagemaker: true,
        inference: Some(NameOrIndex::Name(prediction.to_owned())),
        ..request(adult(BOTH, ""), live)
    };
    let ours = run(&request).unwrap().violations.unwrap();
    let theirs = std::fs::read(folder.join(violations)).unwrap();
    same_violations(
        &ours.violations,
        &ClarifyViolations::from_bytes(&theirs).unwrap().violations,
    );
}

/// G3a: the eight violations of a real monitoring run over a batch transform, and no other.
#[test]
fn g3a_violations_are_those_of_the_real_batch_run() {
    let Some(folder) = shared() else { return };
    golden(
        &folder,
        &folder.join("nb-outputs/clarify_batch_merged_record.json"),
        "SageMakerOutput.predictions[*].predicted_label",
        "nb-outputs/clarify_batch_bias_constraint_violations.json",
    );
}

/// G3b: nine over an endpoint, whose notebook sent the same request again and again: FT needs the repeats.
#[test]
fn g3b_violations_are_those_of_the_real_endpoint_run() {
    let Some(folder) = shared() else { return };
    let record: serde_json::Value = serde_json::from_slice(
        &std::fs::read(folder.join("nb-outputs/clarify_endpoint_merged_record.json")).unwrap(),
    )
    .unwrap();
    let work = tempfile::tempdir().unwrap();
    let live = work.path().join("merged.jsonl");
    std::fs::write(&live, format!("{record}\n").repeat(3)).unwrap();
    golden(
        &folder,
        &live,
        "predictions[*].predicted_label",
        "nb-outputs/clarify_endpoint_bias_constraint_violations.json",
    );
}

/// 40 rows: income, sex, region, approved, predicted.
fn rows() -> Vec<(f64, &'static str, i64, i64, f64)> {
    (0..40)
        .map(|row| {
            let sex = if row % 3 == 0 { "f" } else { "m" };
            let approved = i64::from((row * 7) % 5 < if row % 3 == 0 { 2 } else { 3 });
            let score = f64::from((row * 11) % 10) / 10.0;
            (
                1000.5 + f64::from(row * 37 % 41),
                sex,
                i64::from(row % 2),
                approved,
                score,
            )
        })
        .collect()
}

const SMALL: &str = r#""label_values_or_threshold":[1],"facet":[{"name_or_index":"sex","value_or_threshold":["f"]},
    {"name_or_index":"income","value_or_threshold":[1020]}],"group_variable":"region","excluded_columns":["sex"],
    "probability_threshold":0.5,
    "methods":{"pre_training_bias":{"methods":"all"},"post_training_bias":{"methods":["DI","FT","CDDPL"]},"report":{}}"#;

#[test]
fn a_table_gives_the_same_analysis_in_every_format() {
    let work = tempfile::tempdir().unwrap();
    let mut csv = "income,sex,region,approved,score\n".to_owned();
    let (mut lines, mut instances, mut merged) = (String::new(), Vec::new(), String::new());
    for (at, (income, sex, region, approved, score)) in rows().into_iter().enumerate() {
        writeln!(csv, "{income},{sex},{region},{approved},{score}").unwrap();
        let row = serde_json::json!({"x": [income, sex, region], "y": approved, "p": score});
        writeln!(lines, "{row}").unwrap();
        instances.push(row);
        let record = serde_json::json!({"eventVersion": "0", "eventMetadata": {"eventId": format!("e{at}")},
            "groundTruthData": {"data": format!("{approved}"), "encoding": "CSV"},
            "captureData": {"endpointInput": {"data": format!("{income},{sex},{region}"), "encoding": "CSV"},
                "endpointOutput": {"data": serde_json::json!({"p": score}).to_string(), "encoding": "JSON"}}});
        writeln!(merged, "{record}").unwrap();
    }
    let write = |name: &str, text: &str| {
        let path = work.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let headers = r#""headers":["income","sex","region","approved","score"],"#;
    let table = write("d.csv", &csv);
    let bare = write("bare.csv", csv.split_once('\n').unwrap().1);
    let of_csv = format!(r#"{{"dataset_type":"text/csv","label":"approved","predicted_label":4,{SMALL}}}"#);
    let of_bare = format!(r#"{{{headers}"label":3,"predicted_label":"score",{SMALL}}}"#);
    let of_lines = format!(
        r#"{{"dataset_type":"application/jsonlines",{headers}"features":"x","label":"y","predicted_label":"p",{SMALL}}}"#
    );
    let of_json = format!(
        r#"{{"dataset_type":"application/json",{headers}"features":"rows[*].x","label":"rows[*].y","predicted_label":"rows[*].p",{SMALL}}}"#
    );
    let json = serde_json::json!({ "rows": instances }).to_string();
    let first = run(&request(config(&of_csv), &table)).unwrap();
    assert_eq!(first.rows.n_rows, 40);
    assert_eq!(first.notes.len(), 1, "{:?}", first.notes);
    assert!(first.notes[0].starts_with("methods.report"), "{:?}", first.notes);
    let facets = &first.analysis.post_training_bias_metrics.as_ref().unwrap().facets;
    assert_eq!(facets["sex"][0].value_or_threshold, "f");
    assert_eq!(facets["income"][0].value_or_threshold, "(1020.0, 1040.5]");
    let names: Vec<&str> = facets["sex"][0]
        .metrics
        .iter()
        .map(|metric| metric.name.as_str())
        .collect();
    assert_eq!(names, ["CDDPL", "DI", "FT"]);
    assert!(metric(&first, "FT").is_some());
    for (text, data) in [
        (of_bare, bare.clone()),
        (of_lines.clone(), write("d.jsonl", &lines)),
        (of_json, write("d.json", &json)),
        (of_lines, write("merged.jsonl", &merged)),
    ] {
        let again = run(&request(config(&text), &data)).unwrap();
        assert_eq!(again.analysis, first.analysis, "{text}");
    }
    // Facets and predictions in files of their own.
    let split = |columns: &[usize]| {
        let lines = csv.lines().map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            columns.iter().map(|at| cells[*at]).collect::<Vec<_>>().join(",")
        });
        lines.collect::<Vec<_>>().join("\n")
    };
    let data = write("features.csv", &split(&[0, 2, 3]));
    let (facet, predicted) = (write("facet.csv", &split(&[1])), write("p.csv", &split(&[4])));
    let text = format!(
        r#"{{"label":"approved","facet_dataset_uri":{:?},"predicted_label_dataset_uri":{:?},{SMALL}}}"#,
        facet.to_str().unwrap(),
        predicted.to_str().unwrap()
    );
    let apart = run(&request(config(&text), &data)).unwrap();
    assert_eq!(metric(&apart, "DPL"), metric(&first, "DPL"));
    assert_eq!(metric(&apart, "DI"), metric(&first, "DI"));
}

#[test]
fn the_interval_rule_excuses_chance_and_the_point_rule_does_not() {
    let work = tempfile::tempdir().unwrap();
    let text = |shift: i64, n: i64| {
        (0..n).fold("sex,y\n".to_owned(), |text, row| {
            let sex = if row % 2 == 0 { "f" } else { "m" };
            let positive = (row / 2 * 13) % 100 < if row % 2 == 0 { 50 - shift } else { 50 };
            text + &format!("{sex},{}\n", i64::from(positive))
        })
    };
    let config = config(
        r#"{"label":"y","label_values_or_threshold":[1],"facet":{"name_or_index":"sex","value_or_threshold":["f"]},
        "methods":{"pre_training_bias":{"methods":["DPL"]}}}"#,
    );
    let path = work.path().join("d.csv");
    let analysis = |shift, n| {
        std::fs::write(&path, text(shift, n)).unwrap();
        run(&request(config.clone(), &path)).unwrap().analysis
    };
    let baseline = analysis(5, 2000);
    let ruling = |shift, n, compat| {
        std::fs::write(&path, text(shift, n)).unwrap();
        let request = BiasRequest {
            baseline: Some(baseline.clone()),
            compat_sagemaker: compat,
            ..request(config.clone(), &path)
        };
        let run = run(&request).unwrap();
        (run.judged[0].ruling, run.documents().unwrap().len())
    };
    assert_eq!(ruling(8, 200, true), (Ruling::Violated, 2));
    assert_eq!(ruling(8, 200, false), (Ruling::WithinChance, 2));
    assert_eq!(ruling(30, 2000, false), (Ruling::Violated, 2));
    // Clarify writes no violations file where nothing violates.
    assert_eq!(ruling(0, 2000, true), (Ruling::Kept, 1));
    assert_eq!(ruling(0, 2000, false), (Ruling::Kept, 2));
}

#[test]
fn attributions_are_judged_by_their_order() {
    let analysis = |values: &str| {
        let text = format!(
            r#"{{"version":"1.0","explanations":{{"kernel_shap":{{"label0":{{"global_shap_values":{values}}}}}}}}}"#
        );
        Analysis::from_bytes(text.as_bytes()).unwrap()
    };
    let baseline = analysis(r#"{"a":0.9,"b":0.1,"c":0.01}"#);
    let kept = compare(&baseline, &analysis(r#"{"a":0.5,"b":0.3,"c":0.1}"#), false).unwrap();
    assert!(!kept.is_violated());
    assert_eq!(kept.judged[0].live, Some(BiasValue::Finite(1.0)));
    let turned = compare(&baseline, &analysis(r#"{"a":0.01,"b":0.1,"c":0.9}"#), false).unwrap();
    assert!(turned.is_violated());
    let other = compare(&baseline, &analysis(r#"{"a":0.01,"x":0.1,"c":0.9}"#), false).unwrap();
    assert_eq!(other.judged[0].ruling, Ruling::NotEvaluated);
    assert!(compare(&analysis("{}"), &Analysis::default(), false).is_ok());
    assert!(compare(&Analysis::default(), &baseline, false).is_err());
}

#[test]
fn what_is_wrong_is_said_by_name() {
    let work = tempfile::tempdir().unwrap();
    let path = work.path().join("d.csv");
    std::fs::write(&path, "sex,y\nf,1\nm,0\nf,0\nm,1\n").unwrap();
    let error = |text: &str| {
        let error = run(&request(config(text), &path)).unwrap_err();
        assert!(error.hint().is_some(), "{error}");
        error.to_string()
    };
    let pre = r#""methods":{"pre_training_bias":{"methods":"all"}}"#;
    let facet = r#""facet":[{"name_or_index":"sex","value_or_threshold":["f"]}]"#;
    for (text, expect) in [
        (format!(r#"{{"label":"y",{facet}}}"#), "asks for no bias metrics"),
        (format!(r#"{{"label":"y",{pre}}}"#), "names no facet"),
        (format!(r#"{{"label":"z",{facet},{pre}}}"#), "column `z`"),
        (
            format!(r#"{{"label":"y",{facet},{pre}}}"#),
            "label_values_or_threshold",
        ),
        (
            format!(r#"{{"dataset_type":"application/json","label":"y",{facet},{pre}}}"#),
            "features is not given",
        ),
        (
            format!(r#"{{"dataset_type":"application/json","features":"a[","label":"y",{facet},{pre}}}"#),
            "no JMESPath",
        ),
        (
            format!(r#"{{"dataset_type":"application/x-image",{facet},{pre}}}"#),
            "application/x-image",
        ),
        (
            format!(
                r#"{{"label":"y","label_values_or_threshold":[1],{facet},"predictor":{{"model_name":"m"}},
                "methods":{{"post_training_bias":{{"methods":"all"}}}}}}"#
            ),
            "predictor is not called",
        ),
        (
            format!(r#"{{"headers":["a"],"label":"y",{facet},{pre}}}"#),
            "headers has 1 names",
        ),
    ] {
        let found = error(&text);
        assert!(found.contains(expect), "{found}");
    }
}
