//! One row per record form and per fault: what comes out, as text.

use super::*;
use crate::layout::LayoutColumn;

fn layout() -> Arc<Layout> {
    let column = |name: &str, side| LayoutColumn {
        name: name.into(),
        side,
        needs_text: true,
    };
    Arc::new(Layout::new(vec![
        column("p", Side::Output),
        column("age", Side::Input),
        column("city", Side::Input),
    ]))
}

fn capture(input: Option<(&str, &str, &str)>, output: Option<(&str, &str, &str)>) -> String {
    let side = |name: &str, (kind, encoding, data): (&str, &str, &str)| {
        let data = serde_json::to_string(data).unwrap();
        let kind = serde_json::to_string(kind).unwrap();
        format!(
            r#""{name}":{{"observedContentType":{kind},"mode":"X","data":{data},"encoding":"{encoding}"}}"#
        )
    };
    let sides: Vec<_> = [("endpointInput", input), ("endpointOutput", output)]
        .into_iter()
        .filter_map(|(name, part)| part.map(|part| side(name, part)))
        .collect();
    format!(
        r#"{{"captureData":{{{}}},"eventMetadata":{{"eventId":"e","inferenceTime":"2024-01-01T00:00:30Z"}},"eventVersion":"0"}}"#,
        sides.join(",")
    )
}

/// Rows as `column=text` where present (`~` for absent), records separated by `|`, rejects by reason.
fn decode_bytes(bytes: &[u8], format: RecordFormat, window: TimeWindow) -> (String, ChunkOutcome) {
    let limits = Limits {
        max_depth: 8,
        max_rows_per_record: 1000,
        ..Limits::default()
    };
    let mut decoder = Decoder::new(layout(), window, limits);
    let chunk = Chunk {
        byte_offset: 0,
        bytes: bytes.to_vec(),
        oversized: None,
    };
    let outcome = decoder.decode(&chunk, &ObjectContext { format, hour: None });
    assert_eq!(outcome.n_lines, outcome.n_decoded + outcome.rejects.len() as u64);
    let batch = decoder.batch();
    let planned = batch
        .layout()
        .columns()
        .iter()
        .map(|c| c.name.as_str())
        .zip(batch.planned());
    let columns: Vec<_> = planned
        .chain(batch.extra().iter().map(|e| (e.name.as_str(), &e.cells)))
        .collect();
    let rows: Vec<String> = (0..batch.n_rows())
        .map(|row| {
            let cells = columns.iter().map(|(name, cells)| {
                let view = cells.view();
                assert_eq!(view.classes.len(), batch.n_rows());
                let text = String::from_utf8(view.texts.unwrap().get(row).to_vec()).unwrap();
                let text = if view.classes[row] == baselines::view::CellClass::Absent {
                    "~".into()
                } else {
                    text
                };
                format!("{name}={text}")
            });
            cells.collect::<Vec<_>>().join(" ")
        })
        .collect();
    let rejects = outcome.rejects.iter().map(|reject| format!("!{}", reject.reason));
    (
        rows.into_iter().chain(rejects).collect::<Vec<_>>().join(" | "),
        outcome,
    )
}

fn decoded(line: &str) -> String {
    decode_bytes(line.as_bytes(), RecordFormat::Capture, TimeWindow::default()).0
}

#[test]
fn every_payload_form_becomes_the_same_rows() {
    let csv = ("text/csv", "CSV");
    let json = ("application/json", "JSON");
    let lines = ("application/jsonlines", "JSON");
    let base64 = ("text/csv", "BASE64");
    for (input, output, expected) in [
        ((csv, "41,Rome"), (csv, "0.7"), "p=0.7 age=41 city=Rome"),
        ((csv, "41,Rome\r\n"), (csv, "0.7\n"), "p=0.7 age=41 city=Rome"),
        (
            (csv, "41,Rome\n42,Oslo\n"),
            (csv, "0.7\n0.1"),
            "p=0.7 age=41 city=Rome | p=0.1 age=42 city=Oslo",
        ),
        ((csv, "age,city\n41,Rome"), (csv, "0.7"), "p=0.7 age=41 city=Rome"),
        (
            (csv, "41,\"a \"\"b\"\", c\""),
            (csv, "0.7"),
            "p=0.7 age=41 city=a \"b\", c",
        ),
        (
            (csv, "41,\"two\nlines\""),
            (csv, "0.7"),
            "p=0.7 age=41 city=two\nlines",
        ),
        ((csv, ",Rome"), (csv, "0.7"), "p=0.7 age= city=Rome"),
        (
            (json, r#"{"age":41,"city":"Rome"}"#),
            (json, r#"{"p":0.7}"#),
            "p=0.7 age=41 city=Rome",
        ),
        (
            (json, r#"{"city":"Rome","age":41}"#),
            (json, "0.7"),
            "p=0.7 age=41 city=Rome",
        ),
        (
            (json, r#"[41,"Rome"]"#),
            (json, "[0.7]"),
            "p=0.7 age=41 city=Rome",
        ),
        (
            (json, r#"[[41,"Rome"],[42,"Oslo"]]"#),
            (json, "[[0.7],[0.1]]"),
            "p=0.7 age=41 city=Rome | p=0.1 age=42 city=Oslo",
        ),
        (
            (json, r#"[{"age":41,"city":"Rome"}]"#),
            (json, r#"{"predictions":[0.7]}"#),
            "p=0.7 age=41 city=Rome",
        ),
        (
            (
                json,
                r#"{"instances":[{"features":[41,"Rome"]},{"features":[42,null]}]}"#,
            ),
            (json, r#"{"predictions":[{"p":0.7},{"p":0.1}]}"#),
            "p=0.7 age=41 city=Rome | p=0.1 age=42 city=",
        ),
        (
            (json, r#"{"features":[41,"Rome"]}"#),
            (json, r#"{"predictions":[[0.7]]}"#),
            "p=0.7 age=41 city=Rome",
        ),
        (
            (json, r#"{"features":[[41,"Rome"],[42,"Oslo"]]}"#),
            (json, r#"{"outputs":[[0.7],[0.1]]}"#),
            "p=0.7 age=41 city=Rome | p=0.1 age=42 city=Oslo",
        ),
        (
            (json, r#"{"features":{"age":41,"city":"Rome"}}"#),
            (json, r#"{"p":0.7}"#),
            "p=0.7 age=41 city=Rome",
        ),
        (
            (
                lines,
                "{\"features\":[41,\"Rome\"]}\n{\"features\":[42,\"Oslo\"]}",
            ),
            (lines, "{\"p\":0.7}\n{\"p\":0.1}\n"),
            "p=0.7 age=41 city=Rome | p=0.1 age=42 city=Oslo",
        ),
        // One answer for each row in a lone list or line, as scikit-learn's and XGBoost's containers write them.
        (
            (csv, "41,Rome\n42,Oslo"),
            (json, "[0.7, 0.1]"),
            "p=0.7 age=41 city=Rome | p=0.1 age=42 city=Oslo",
        ),
        (
            (
                json,
                r#"{"instances":[{"age":41,"city":"Rome"},{"age":42,"city":"Oslo"}]}"#,
            ),
            (json, r#"{"predictions":[0.7,0.1]}"#),
            "p=0.7 age=41 city=Rome | p=0.1 age=42 city=Oslo",
        ),
        (
            (json, r#"[[41,"Rome"],[42,"Oslo"]]"#),
            (json, r#"{"outputs":[0.7,0.1]}"#),
            "p=0.7 age=41 city=Rome | p=0.1 age=42 city=Oslo",
        ),
        (
            (csv, "41,Rome\n42,Oslo"),
            (csv, "0.7,0.1\n"),
            "p=0.7 age=41 city=Rome | p=0.1 age=42 city=Oslo",
        ),
        (
            (csv, "41,Rome\n42,Oslo"),
            (lines, "[0.7]\n[0.1]\n"),
            "p=0.7 age=41 city=Rome | p=0.1 age=42 city=Oslo",
        ),
        (
            (csv, "41,Rome\n42,Oslo"),
            (json, "[0.7,0.1,0.3]"),
            "!row_count_mismatch",
        ),
        (
            (lines, "{\"age\":41,\"city\":\"Rome\"}\n"),
            (csv, "0.7"),
            "p=0.7 age=41 city=Rome",
        ),
        (
            (base64, "NDEsUm9tZQ=="),
            (("text/html", "BASE64"), "eyJwIjogMC43fQ=="),
            "p=0.7 age=41 city=Rome",
        ),
        (
            (("text/html", "CSV"), r#"{"age":41,"city":"Rome"}"#),
            (("", "JSON"), "0.7"),
            "p=0.7 age=41 city=Rome",
        ),
        (
            (json, "{\n  \"age\": 41,\n  \"city\": \"Rome\"\n}\n"),
            (json, "{\"p\":\n0.7}"),
            "p=0.7 age=41 city=Rome",
        ),
        (
            (
                json,
                r#"{"age":41,"city":"Rome","geo":{"lat":1.5,"tags":["a","b"]}}"#,
            ),
            (json, r#"{"p":0.7}"#),
            "p=0.7 age=41 city=Rome geo.lat=1.5 geo.tags.0=a geo.tags.1=b",
        ),
        (
            (json, r#"{"age":41,"age":43,"city":true}"#),
            (json, r#"{"p":1e400}"#),
            "!invalid_payload_json",
        ),
        (
            (json, r#"{"age":41,"age":43,"city":true}"#),
            (json, r#"{"p":1}"#),
            "p=1 age=43 city=true",
        ),
        (
            (csv, "41,na\u{ef}ve \u{1f6b2}"),
            (csv, "0.7"),
            "p=0.7 age=41 city=na\u{ef}ve \u{1f6b2}",
        ),
    ] {
        let line = capture(
            Some((input.0.0, input.0.1, input.1)),
            Some((output.0.0, output.0.1, output.1)),
        );
        assert_eq!(decoded(&line), expected, "{line}");
    }
}

#[test]
fn one_sided_records_keep_the_other_side_absent() {
    let csv = |data| Some(("text/csv", "CSV", data));
    assert_eq!(decoded(&capture(csv("41,Rome"), None)), "p=~ age=41 city=Rome");
    assert_eq!(decoded(&capture(None, csv("0.7"))), "p=0.7 age=~ city=~");
    assert_eq!(decoded(&capture(None, None)), "!not_a_capture_record");
}

#[test]
fn every_fault_is_a_reject_with_its_reason() {
    let csv = |data| Some(("text/csv", "CSV", data));
    let good = capture(csv("41,Rome"), csv("0.7"));
    let deep = format!("{}1{}", "[".repeat(50), "]".repeat(50));
    for (line, expected) in [
        (String::from("   "), "blank_line"),
        (good[..good.len() - 1].to_owned() + "\n", "invalid_json"),
        (good[..good.len() / 2].to_owned(), "truncated_line"),
        (format!("{good}{good}\n"), "invalid_json"),
        ("Traceback (most recent call last):\n".into(), "invalid_json"),
        ("[1,2]\n".into(), "not_a_capture_record"),
        (r#"{"a":1}"#.into(), "not_a_capture_record"),
        (r#"{"captureData":{}}"#.into(), "not_a_capture_record"),
        (r#"{"captureData":7}"#.into(), "not_a_capture_record"),
        (
            capture(Some(("x", "XML", "<a/>")), csv("0.7")),
            "unknown_encoding",
        ),
        (
            capture(Some(("x", "BASE64", "!!not base64!!")), csv("0.7")),
            "invalid_base64",
        ),
        (
            capture(Some(("x", "BASE64", "/w==")), csv("0.7")),
            "invalid_base64",
        ),
        (capture(csv("41,\"Rome"), csv("0.7")), "invalid_csv"),
        (
            capture(Some(("x", "JSON", "{\"age\":")), csv("0.7")),
            "invalid_payload_json",
        ),
        (
            capture(Some(("x", "JSON", "{\"age\":1} x")), csv("0.7")),
            "invalid_payload_json",
        ),
        (capture(Some(("x", "JSON", &deep)), csv("0.7")), "too_deep"),
        (
            capture(Some(("x", "JSON", &format!("{{\"a\":{deep}}}"))), csv("0.7")),
            "too_deep",
        ),
        (capture(csv("41"), csv("0.7")), "wrong_field_count"),
        (capture(csv("41,Rome,9"), csv("0.7")), "wrong_field_count"),
        (capture(csv("41,Rome\n42,Oslo"), csv("0.7")), "row_count_mismatch"),
        (capture(csv(""), csv("")), "no_rows"),
        (capture(csv(&"41,Rome\n".repeat(1001)), None), "too_many_rows"),
    ] {
        assert_eq!(decoded(&line), format!("!{expected}"), "{line}");
    }
    let (rows, _) = decode_bytes(b"\xff\xfe\n", RecordFormat::Capture, TimeWindow::default());
    assert_eq!(rows, "!invalid_utf8");
}

#[test]
fn a_bad_record_leaves_no_row_and_offsets_point_at_lines() {
    let csv = |data| Some(("text/csv", "CSV", data));
    let good = capture(csv("41,Rome"), csv("0.7"));
    let bad = capture(csv("41,Rome\n42"), csv("0.7\n0.1"));
    let text = format!("\u{feff}{good}\r\n{bad}\n\n{good}");
    let (rows, outcome) = decode_bytes(text.as_bytes(), RecordFormat::Capture, TimeWindow::default());
    assert_eq!(
        rows,
        "p=0.7 age=41 city=Rome | p=0.7 age=41 city=Rome | !wrong_field_count | !blank_line"
    );
    let offset = 3 + good.len() as u64 + 2;
    assert_eq!(outcome.rejects[0].byte_offset, offset);
    assert_eq!(outcome.rejects[0].line_in_chunk, 1);
    assert_eq!(outcome.rejects[1].byte_offset, offset + bad.len() as u64 + 1);
    let lines: Vec<_> = outcome
        .records
        .iter()
        .map(|record| (record.first_row, record.n_rows))
        .collect();
    assert_eq!(lines, [(0, 1), (1, 1)]);
}

#[test]
fn the_window_is_half_open_and_a_bad_time_is_refused_only_with_one() {
    let csv = |data| Some(("text/csv", "CSV", data));
    let line = capture(csv("41,Rome"), csv("0.7"));
    let at = 1_704_067_230;
    for (start, end, n_rows) in [
        (None, None, 1),
        (Some(at), None, 1),
        (None, Some(at), 0),
        (Some(at), Some(at + 1), 1),
    ] {
        let (_, outcome) = decode_bytes(line.as_bytes(), RecordFormat::Capture, TimeWindow { start, end });
        assert_eq!(outcome.records.len(), n_rows, "{start:?} {end:?}");
        assert_eq!(outcome.n_outside_window, 1 - n_rows as u64);
    }
    let bad = line.replace("2024-01-01T00:00:30Z", "yesterday");
    let (rows, outcome) = decode_bytes(bad.as_bytes(), RecordFormat::Capture, TimeWindow::default());
    assert_eq!(
        (rows.as_str(), outcome.n_without_time),
        ("p=0.7 age=41 city=Rome", 1)
    );
    let window = TimeWindow {
        start: Some(at),
        end: None,
    };
    assert_eq!(
        decode_bytes(bad.as_bytes(), RecordFormat::Capture, window).0,
        "!invalid_time"
    );
}

#[test]
fn shadow_records_are_counted_and_passed_over() {
    let csv = |data| Some(("text/csv", "CSV", data));
    let line = capture(csv("41,Rome"), csv("0.7")).replace(
        r#""eventId""#,
        r#""invocationSource":"ShadowExperiment","eventId""#,
    );
    let (rows, outcome) = decode_bytes(line.as_bytes(), RecordFormat::Capture, TimeWindow::default());
    assert_eq!((rows.as_str(), outcome.n_shadow, outcome.n_decoded), ("", 1, 1));
}

#[test]
fn batch_transform_output_gives_back_ids_times_and_sides() {
    let id = "0a1b2c3d-0000-4000-8000-000000000000";
    let time = "2024-01-19T19:25:34Z";
    for (format, text, expected) in [
        (
            RecordFormat::BatchCsv,
            format!("41,Rome,0.7,{id},{time}\n"),
            "p=0.7 age=41 city=Rome",
        ),
        (
            RecordFormat::BatchCsv,
            format!("0.7,{id},{time}\n"),
            "p=0.7 age=~ city=~",
        ),
        (
            RecordFormat::BatchJson,
            format!(
                r#"{{"SageMakerInferenceId":"{id}","SageMakerInferenceTime":"{time}","SageMakerOutput":{{"p":0.7}},"features":[41,"Rome"]}}"#
            ),
            "p=0.7 age=41 city=Rome",
        ),
        (
            RecordFormat::BatchJson,
            format!(r#"{{"SageMakerInferenceId":"{id}","SageMakerInferenceTime":"{time}","p":0.7}}"#),
            "p=0.7 age=~ city=~",
        ),
    ] {
        let (rows, outcome) = decode_bytes(
            text.as_bytes(),
            format,
            TimeWindow {
                start: Some(1_705_692_334),
                end: None,
            },
        );
        assert_eq!(rows, expected, "{text}");
        assert!(outcome.records[0].event_hash.is_some() && outcome.records[0].second == Some(1_705_692_334));
    }
}

#[test]
fn tables_decode_by_position_behind_their_header() {
    let (rows, outcome) = decode_bytes(
        b"age,city\n41,\"Ro\nme\"\n42\n43,Oslo",
        RecordFormat::CsvWithHeader,
        TimeWindow::default(),
    );
    assert_eq!(
        rows,
        "p=~ age=41 city=Ro\nme | p=~ age=43 city=Oslo | !wrong_field_count"
    );
    assert_eq!(outcome.n_lines, 3);
    let (rows, _) = decode_bytes(
        b"{\"age\":41}\n{\"city\":\"Oslo\"}\n",
        RecordFormat::JsonLines,
        TimeWindow::default(),
    );
    assert_eq!(rows, "p=~ age=41 city= | p=~ age= city=Oslo");
}
