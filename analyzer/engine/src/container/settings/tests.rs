//! Settings of real jobs, every documented spelling, and what is refused. Does not run a job.

use super::*;

fn given(pairs: &[(&str, &str)]) -> Given {
    let pairs = pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Given::new(None, pairs, [], Path::new("config")).unwrap()
}

fn read(pairs: &[(&str, &str)]) -> Result<Settings, EngineError> {
    let mut all = vec![("dataset_source", "/opt/ml/processing/input_data")];
    all.extend(pairs);
    Settings::read(&given(&all), Path::new("/opt/ml"))
}

/// The environment of a real scheduled job (contract §4.3) and of one in the documentation (§6.3, with blanks in times).
#[test]
fn the_settings_of_real_jobs_are_read() {
    let quality = read(&[
        ("analysis_type", "MODEL_QUALITY"),
        ("problem_type", "BinaryClassification"),
        (
            "dataset_format",
            r#"{"sagemakerMergeJson":{"captureIndexNames":["endpointOutput"]}}"#,
        ),
        ("probability_attribute", "0"),
        ("probability_threshold_attribute", "0.500000"),
        ("start_time", "2021-10-27T21:00:00Z"),
        ("end_time", "2021-10-27T22:00:00Z"),
        ("metric_time", "2021-10-27T21:00:00Z"),
        ("publish_cloudwatch_metrics", "Enabled"),
    ])
    .unwrap();
    let output_only = Rows {
        input: false,
        output: true,
    };
    assert_eq!(quality.format, DatasetFormat::Merged(output_only));
    let Analysis::ModelQuality(asked) = &quality.analysis else {
        panic!("{:?}", quality.analysis)
    };
    assert_eq!((asked.problem, asked.threshold), (Problem::Binary, Some(0.5)));
    assert_eq!(asked.probability, Some(Attribute::Index(0)));
    // date -u -d 2021-10-27T21:00:00Z +%s (GNU coreutils 9.1) = 1635368400
    assert_eq!(
        (quality.window.start, quality.window.end, quality.metric_time),
        (Some(1_635_368_400), Some(1_635_372_000), Some(1_635_368_400))
    );
    assert!(quality.publish && quality.is_window() && !quality.has_baseline());
    let documented = read(&[("start_time", "2019-12-01T16: 20: 00Z")]).unwrap();
    // date -u -d 2019-12-01T16:20:00Z +%s = 1575217200
    assert_eq!(documented.window.start, Some(1_575_217_200));
}

#[test]
fn every_spelling_of_a_format_is_read() {
    let both = Rows {
        input: true,
        output: true,
    };
    for (text, expect) in [
        (
            r#"{"csv": {"header": true, "output_columns_position": "START"}}"#,
            DatasetFormat::Csv { header: true },
        ),
        (
            r#"{"csv":{"header":"true"}}"#,
            DatasetFormat::Csv { header: true },
        ),
        (
            r#"{"csv":{"header":["true"]}}"#,
            DatasetFormat::Csv { header: true },
        ),
        (
            r#"{"csv":{"header":[false]}}"#,
            DatasetFormat::Csv { header: false },
        ),
        (r#"{"csv":{}}"#, DatasetFormat::Csv { header: false }),
        (r#"{"json":{"line":true}}"#, DatasetFormat::Json { lines: true }),
        (
            r#"{"json":{"lines":["false"]}}"#,
            DatasetFormat::Json { lines: false },
        ),
        (r#"{"json":{}}"#, DatasetFormat::Json { lines: true }),
        (r#"{"parquet":{}}"#, DatasetFormat::Parquet),
        (r#"{"sagemakerCaptureJson":{}}"#, DatasetFormat::Capture(both)),
        (r#"{"csv":null,"parquet":{}}"#, DatasetFormat::Parquet),
    ] {
        assert_eq!(
            read(&[("dataset_format", text)]).unwrap().format,
            expect,
            "{text}"
        );
    }
    assert_eq!(read(&[]).unwrap().format, DatasetFormat::Capture(both));
    let end = read(&[(
        "dataset_format",
        r#"{"csv":{"header":true,"output_columns_position":"END"}}"#,
    )])
    .unwrap();
    assert_eq!(end.output_position, OutputPosition::End);
    for text in [
        "csv",
        "[]",
        "{}",
        r#"{"csv":{},"json":{}}"#,
        r#"{"csv":{"header":"perhaps"}}"#,
        r#"{"csv":7}"#,
        r#"{"csv":{"output_columns_position":"MIDDLE"}}"#,
        r#"{"sagemakerCaptureJson":{"captureIndexNames":["input"]}}"#,
        r#"{"sagemakerCaptureJson":{"captureIndexNames":[]}}"#,
    ] {
        let error = read(&[("dataset_format", text)]).unwrap_err();
        assert!(
            error.to_string().starts_with("dataset_format "),
            "{text}: {error}"
        );
    }
}

#[test]
fn a_flag_stands_above_the_file_and_the_file_above_the_environment() {
    let config = r#"{"Environment":{"a":"file","b":"file","c":null,"d":""},"ProcessingJobArn":"arn","KmsKeyId":null,
        "ProcessingInputs":[{"S3Input":{"LocalPath":"/opt/ml/processing/input_data/ep","S3DataDistributionType":"ShardedByS3Key"}},
        {"S3Input":{"LocalPath":"/opt/ml/processing/baseline","S3DataDistributionType":"FullyReplicated"}},{"S3Input":null}]}"#;
    let owned = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        let pairs = pairs.iter();
        pairs
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    };
    let environment = owned(&[
        ("a", "env"),
        ("b", "env"),
        ("c", "env"),
        ("d", "env"),
        ("e", "env"),
    ]);
    let found = Given::new(
        Some(config),
        environment,
        owned(&[("a", "flag")]),
        Path::new("config"),
    )
    .unwrap();
    let all: Vec<_> = ["a", "b", "c", "d", "e", "f"]
        .map(|name| found.text(name))
        .to_vec();
    assert_eq!(
        all,
        [
            Some("flag"),
            Some("file"),
            Some("env"),
            Some("env"),
            Some("env"),
            None
        ]
    );
    assert_eq!(
        (found.origin("a"), found.origin("b")),
        ("--set", "processingjobconfig.json")
    );
    assert_eq!(found.job, "arn");
    for (path, is_sharded) in [
        ("/opt/ml/processing/input_data", true),
        ("/opt/ml/processing/input_data/ep/x", true),
        ("/opt/ml/processing/input_data/epilogue", false),
        ("/opt/ml/processing/baseline", false),
    ] {
        assert_eq!(found.is_sharded(path), is_sharded, "{path}");
    }
    let error = Given::new(Some("{"), [], [], Path::new("processingjobconfig.json")).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("processingjobconfig.json cannot be read"),
        "{error}"
    );
    let error = Given::new(Some(r#"{"Environment":{"a":1}}"#), [], [], Path::new("p")).unwrap_err();
    assert!(error.to_string().contains("p cannot be read"), "{error}");
}

#[test]
fn folders_of_the_job_lie_below_the_root() {
    let root = Path::new("/job");
    for (text, expect) in [
        ("/opt/ml/processing/output", "/job/processing/output"),
        ("/opt/ml", "/job"),
        ("/opt/mlflow/data", "/opt/mlflow/data"),
        ("s3://bucket/opt/ml", "s3://bucket/opt/ml"),
    ] {
        assert_eq!(below_root(root, text), expect);
    }
}

#[test]
fn excluded_columns_are_lists_in_any_form() {
    let of = |text: &str| read(&[("exclude_features_attribute", text)]).unwrap().excluded;
    let expect = [Attribute::Index(0), Attribute::Index(3)];
    for text in ["0,3", " 0 , 3 ", "[0, 3]", r#"["0","3"]"#] {
        assert_eq!(of(text), expect, "{text}");
    }
    assert_eq!(of("age"), [Attribute::Name("age".to_owned())]);
}

#[test]
fn settings_that_cannot_be_read_are_named() {
    for (name, value, expect) in [
        (
            "start_time",
            "soon",
            "start_time is `soon`, expected an RFC 3339 time",
        ),
        (
            "monitoring_input_type",
            "STREAM",
            "monitoring_input_type is `STREAM`",
        ),
        ("analysis_type", "QUALITY", "analysis_type is `QUALITY`"),
        (
            "categorical_drift_method",
            "KS",
            "categorical_drift_method is `KS`",
        ),
        (
            "data_quality_monitoring_config",
            "{",
            "data_quality_monitoring_config is not a monitoring_config",
        ),
        (
            "driftline_exchange_port",
            "0",
            "driftline_exchange_port is `0`, expected a whole number from 1 to 65535",
        ),
        ("driftline_no_data", "maybe", "driftline_no_data is `maybe`"),
        (
            "driftline_compat",
            "deequ",
            "driftline_compat is `deequ`, expected sagemaker",
        ),
    ] {
        let error = read(&[(name, value)]).unwrap_err();
        assert!(error.to_string().starts_with(expect), "{error}");
        assert!(error.hint().is_some(), "{name}");
    }
    let model_quality = |pairs: &[(&str, &str)]| {
        let mut all = vec![("analysis_type", "MODEL_QUALITY")];
        all.extend(pairs);
        read(&all).unwrap_err().to_string()
    };
    assert!(model_quality(&[]).starts_with("problem_type is not set"));
    assert!(model_quality(&[("problem_type", "Ranking")]).starts_with("problem_type is `Ranking`"));
    assert!(model_quality(&[("problem_type", "Regression")]).starts_with("neither inference_attribute nor"));
}
