//! Detectors against River, over a stored and restored state, and on series that no one should send.

use super::*;
use crate::document::detector::{from_bytes, to_bytes};
use proptest::prelude::*;
use serde_json::Value;

/// River 0.26.1 by `tests/reference/stream/make_river.py`.
fn reference() -> Value {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../tests/reference/stream/river.json"
    );
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn detector_of(case: &Value) -> Detector {
    let kind: DetectorKind = case["detector"].as_str().unwrap().parse().unwrap();
    let mut settings = DetectorSettings::default();
    for (name, value) in case["settings"].as_object().unwrap() {
        settings.set(kind, name, value.as_str().unwrap()).unwrap();
    }
    Detector::new(kind, &settings).unwrap()
}

/// What `make_river.py` probes, in its order; `None` where River has no answer yet.
fn probe(detector: &Detector) -> Vec<Option<f64>> {
    match detector {
        Detector::PageHinkley(it) => {
            let (increase, decrease) = it.sums();
            vec![Some(it.mean()), Some(increase), Some(decrease)]
        }
        Detector::Adwin(it) => [
            it.width() as f64,
            it.total(),
            it.squared_deviations(),
            it.estimation(),
        ]
        .map(Some)
        .to_vec(),
        Detector::Kswin(it) => vec![it.p_value()],
        Detector::Ddm(it) => vec![
            Some(it.rate()),
            it.lowest().map(|(rate, _)| rate),
            it.lowest().map(|(_, deviation)| deviation),
        ],
        Detector::Eddm(it) => vec![Some(it.level()), it.largest()],
        Detector::Cusum(it) => {
            let (high, low) = it.sums();
            vec![Some(high), Some(low)]
        }
    }
}

/// Exactly River's double, except where numpy and SciPy do the sums: a mean near 10⁶ is known to 1e-10, and CUSUM adds
/// up that error value by value.
fn agrees(detector: &Detector, ours: Option<f64>, theirs: Option<f64>) -> bool {
    match (ours, theirs) {
        // River's KSWIN answers 0 before its first test.
        (None, Some(theirs)) => theirs == 0.0,
        (Some(ours), Some(theirs)) => match detector.kind() {
            DetectorKind::Kswin => (ours - theirs).abs() <= 1e-12 * theirs.abs(),
            DetectorKind::Cusum => (ours - theirs).abs() <= 1e-8 * theirs.abs().max(1.0),
            _ => ours == theirs,
        },
        (ours, theirs) => ours == theirs,
    }
}

#[test]
fn detections_and_inner_estimates_are_rivers() {
    let reference = reference();
    let (mut n_drifts, mut n_probes) = (0, 0);
    for case in reference["cases"].as_array().unwrap() {
        let what = format!("{} {} {}", case["detector"], case["settings"], case["series"]);
        let mut detector = detector_of(case);
        let series = reference["series"][case["series"].as_str().unwrap()]
            .as_array()
            .unwrap();
        let indices = |key: &str| -> Vec<u64> {
            case[key]
                .as_array()
                .unwrap()
                .iter()
                .map(|idx| idx.as_u64().unwrap())
                .collect()
        };
        let mut probes = case["probes"].as_array().unwrap().iter().peekable();
        let (mut drifts, mut warnings) = (Vec::new(), Vec::new());
        for (idx, value) in series.iter().enumerate() {
            match detector.update(value.as_f64().unwrap()).unwrap() {
                Some(Detection {
                    level: Level::Drift, ..
                }) => drifts.push(idx as u64),
                Some(_) => warnings.push(idx as u64),
                None => {}
            }
            if let Some(expected) = probes.next_if(|probe| probe[0] == idx) {
                for (at, ours) in probe(&detector).into_iter().enumerate() {
                    let theirs = expected[at + 1].as_f64();
                    assert!(
                        agrees(&detector, ours, theirs),
                        "{what} at {idx}, estimate {at}: {ours:?}, River has {theirs:?}"
                    );
                    n_probes += 1;
                }
            }
        }
        assert_eq!(probes.next(), None, "{what}");
        assert_eq!(drifts, indices("drifts"), "{what}");
        assert_eq!(warnings, indices("warnings"), "{what}");
        n_drifts += drifts.len();
    }
    assert!(n_drifts > 300 && n_probes > 10_000, "{n_drifts} {n_probes}");
}

// Printed by the docstrings of river 0.26.1: drift.ADWIN, drift.PageHinkley, drift.KSWIN, drift.binary.DDM, .EDDM.
#[test]
fn the_examples_of_rivers_documentation() {
    let reference = reference();
    let check = |name: &str, settings: &str, series: &str, drifts: &[usize], warnings: &[usize]| {
        let case = serde_json::json!({
            "detector": name, "settings": serde_json::from_str::<Value>(settings).unwrap()
        });
        let mut detector = detector_of(&case);
        let (mut fired, mut warned, mut announce) = (Vec::new(), Vec::new(), true);
        for (idx, value) in reference["series"][series].as_array().unwrap().iter().enumerate() {
            match detector
                .update(value.as_f64().unwrap())
                .unwrap()
                .map(|found| found.level)
            {
                Some(Level::Drift) => {
                    fired.push(idx);
                    announce = true;
                }
                Some(Level::Warning) if announce => {
                    warned.push(idx);
                    announce = false;
                }
                _ => {}
            }
        }
        assert_eq!(
            (fired.as_slice(), warned.as_slice()),
            (drifts, warnings),
            "{name}"
        );
    };
    check("adwin", "{}", "example_numbers", &[1023], &[]);
    check("page_hinkley", "{}", "example_numbers", &[1006], &[]);
    check(
        "kswin",
        r#"{"alpha": "0.0001", "seed": "42"}"#,
        "example_numbers",
        &[1016],
        &[],
    );
    check("ddm", "{}", "example_errors", &[1334], &[1084, 1492]);
    check(
        "eddm",
        r#"{"alpha": "0.8", "beta": "0.75"}"#,
        "example_errors",
        &[1278],
        &[1059],
    );
}

#[test]
fn what_is_refused_says_why_and_changes_nothing() {
    for kind in DetectorKind::ALL {
        let mut detector = Detector::new(*kind, &DetectorSettings::default()).unwrap();
        detector.update(1.0).unwrap();
        let before = detector.clone();
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let error = detector.update(value).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("{} was given a value that is no finite number", kind.name())
            );
        }
        let error = detector.update(-1e141).unwrap_err();
        assert!(matches!(error, StreamError::TooLarge { .. }));
        if kind.needs_binary() {
            let error = detector.update(0.5).unwrap_err();
            assert!(
                error
                    .to_string()
                    .ends_with("it takes 1 for an error and 0 for none, and was given another value")
            );
        }
        assert_eq!(detector, before);
    }
}

#[test]
fn settings_are_checked() {
    let check = |kind: DetectorKind, name: &str, value: &str, expected: &str| {
        let error = DetectorSettings::default().set(kind, name, value).unwrap_err();
        assert_eq!(error.to_string(), expected);
    };
    check(
        DetectorKind::Adwin,
        "delta",
        "2",
        "setting adwin.delta: expected a number between 0 and 1",
    );
    check(
        DetectorKind::Ddm,
        "lambda",
        "2",
        "setting ddm.lambda: no such setting; it has warm_start, warning_threshold, drift_threshold",
    );
    check(
        DetectorKind::PageHinkley,
        "watch",
        "left",
        "setting page_hinkley.watch: expected up, down or both",
    );
    check(
        DetectorKind::Cusum,
        "warm_up",
        "1",
        "setting cusum.warm_up: expected a whole number of at least 2",
    );
    check(
        DetectorKind::Cusum,
        "h",
        "NaN",
        "setting cusum.h: expected a number that is not below 0",
    );
    let together = |kind: DetectorKind, changes: &[(&str, &str)]| {
        let mut settings = DetectorSettings::default();
        for (name, value) in changes {
            settings.set(kind, name, value).unwrap();
        }
        Detector::new(kind, &settings).unwrap_err().to_string()
    };
    assert_eq!(
        together(DetectorKind::Kswin, &[("window_size", "50")]),
        "kswin.stat_size must be at least 1 and at most half of kswin.window_size"
    );
    assert_eq!(
        together(DetectorKind::Cusum, &[("mean", "1")]),
        "cusum.mean and cusum.std_dev are given together or not at all"
    );
    assert_eq!(
        together(DetectorKind::Eddm, &[("alpha", "0.5")]),
        "eddm.alpha must not be below eddm.beta"
    );
}

#[test]
fn cusum_learns_on_while_the_series_is_constant() {
    let mut detector = Detector::new(DetectorKind::Cusum, &DetectorSettings::default()).unwrap();
    for _ in 0..500 {
        assert_eq!(detector.update(7.0).unwrap(), None);
    }
    let Detector::Cusum(cusum) = &detector else {
        panic!()
    };
    assert_eq!(cusum.reference(), None);
}

#[test]
fn damaged_states_are_refused() {
    let mut adwin = Detector::new(DetectorKind::Adwin, &DetectorSettings::default()).unwrap();
    for value in 0..100 {
        adwin.update(f64::from(value)).unwrap();
    }
    let text = String::from_utf8(to_bytes(&adwin).unwrap()).unwrap();
    for (from, to, expected) in [
        (
            "\"version\" : \"1\"",
            "\"version\" : \"9\"",
            "has version 9, this program reads 1",
        ),
        (
            "\"width\" : ",
            "\"width\" : 9",
            "counts and settings contradict one another",
        ),
        (
            "\"clock\" : 32",
            "\"clock\" : 0",
            "counts and settings contradict one another",
        ),
        (
            "\"detector\" : \"adwin\"",
            "\"detector\" : \"oracle\"",
            "does not have its shape",
        ),
    ] {
        assert!(text.contains(from), "{from}");
        let error = from_bytes(text.replacen(from, to, 1).as_bytes())
            .unwrap_err()
            .to_string();
        assert!(error.contains(expected), "{error}");
    }
}

fn a_kind() -> impl Strategy<Value = DetectorKind> {
    prop::sample::select(DetectorKind::ALL)
}

fn a_series() -> impl Strategy<Value = Vec<f64>> {
    let pieces = prop::collection::vec((-5.0..5.0f64, 0.0..2.0f64, 1..120usize), 1..5);
    (pieces, any::<bool>()).prop_map(|(pieces, binary)| {
        let mut values = Vec::new();
        for (level, spread, n) in pieces {
            values.extend((0..n).map(|i| level + spread * (((i * 37) % 101) as f64 / 50.0 - 1.0)));
        }
        if binary {
            for value in &mut values {
                *value = f64::from(u8::from(*value > 0.0));
            }
        }
        values
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_stored_detector_goes_on_where_it_stopped(kind in a_kind(), series in a_series(), stop in 0.0..1.0f64) {
        let stop = (stop * series.len() as f64) as usize;
        let mut one = Detector::new(kind, &DetectorSettings::default()).unwrap();
        let mut other = one.clone();
        for (idx, value) in series.iter().enumerate() {
            if idx == stop {
                let bytes = to_bytes(&other).unwrap();
                other = from_bytes(&bytes).unwrap();
                prop_assert_eq!(&to_bytes(&other).unwrap(), &bytes);
            }
            prop_assert_eq!(one.update(*value), other.update(*value));
            prop_assert_eq!(&one, &other);
        }
    }

    #[test]
    fn no_series_makes_a_nan(
        kind in a_kind(),
        series in prop::collection::vec(prop_oneof![
            Just(0.0), Just(1.0), Just(-1e140), Just(1e140), Just(5e-324), -1.0..1.0f64, any::<f64>(),
        ], 1..300),
    ) {
        let mut settings = DetectorSettings::default();
        settings.set(DetectorKind::Adwin, "clock", "1").unwrap();
        settings.set(DetectorKind::Kswin, "window_size", "20").unwrap();
        settings.set(DetectorKind::Kswin, "stat_size", "8").unwrap();
        let mut detector = Detector::new(kind, &settings).unwrap();
        for value in series {
            if let Ok(Some(found)) = detector.update(value) {
                prop_assert!(found.statistic.is_finite() && found.limit.is_finite());
            }
            // The writer refuses NaN and infinities.
            prop_assert!(to_bytes(&detector).is_ok());
        }
    }
}
