//! Cells written and read back are the cells that were decoded.

use super::{CellsOf, ColumnWriter, read_rows};
use baselines::profile::{ColumnPlan, PlanKind};
use baselines::view::ColumnView;
use bytes::Bytes;
use capture::decode::{Decoder, ObjectContext, RecordFormat};
use capture::frame::Chunk;
use capture::layout::{Layout, LayoutColumn, Side};
use capture::limits::Limits;
use capture::time::TimeWindow;
use std::sync::Arc;

fn cells(view: &ColumnView<'_>) -> Vec<(String, u64, Vec<u8>)> {
    let texts = view.texts.unwrap();
    view.classes
        .iter()
        .enumerate()
        .map(|(row, class)| {
            let is_number = super::is_number(*class);
            let bits = if is_number { view.numbers[row].to_bits() } else { 0 };
            (format!("{class:?}"), bits, texts.get(row).to_vec())
        })
        .collect()
}

/// Numbers in every spelling the patterns know, and what is none.
const SPELLINGS: [&str; 24] = [
    "1",
    "-1",
    "+1",
    "+ 1",
    " 7",
    "007",
    "1.0",
    "1.50",
    "-0.0",
    "-0",
    "1e5",
    "1.5E-7",
    "12345678901234567890",
    "0.1",
    "NaN",
    "inf",
    "-Infinity",
    "true",
    "False",
    "Reykjavík",
    "",
    "1.7976931348623157e308",
    "5e-324",
    "9007199254740993",
];

#[test]
fn nothing_of_a_cell_is_lost() {
    for kind in [PlanKind::Numeric, PlanKind::Categorical, PlanKind::Undetermined] {
        let plans = [
            ColumnPlan::unknown("a", kind),
            ColumnPlan::unknown("b", PlanKind::Numeric),
        ];
        let columns = plans.iter().map(|plan| LayoutColumn {
            name: plan.name.clone(),
            side: Side::Input,
            needs_text: true,
        });
        let layout = Arc::new(Layout::new(columns.collect()));
        let mut decoder = Decoder::new(layout, TimeWindow::default(), Limits::default());
        let mut lines = String::new();
        for (idx, text) in SPELLINGS.iter().enumerate() {
            let data = format!("{text},{idx}");
            let record = serde_json::json!({
                "captureData": {"endpointInput": {"data": data, "encoding": "CSV"}},
                "eventMetadata": {"eventId": format!("id-{idx}"), "inferenceTime": "2026-01-01T00:00:00Z"},
            });
            lines.push_str(&record.to_string());
            lines.push('\n');
        }
        let chunk = Chunk {
            byte_offset: 0,
            bytes: lines.into_bytes(),
            oversized: None,
        };
        let context = ObjectContext {
            format: RecordFormat::Capture,
            hour: None,
        };
        let outcome = decoder.decode(&chunk, &context);
        assert_eq!(outcome.n_decoded, SPELLINGS.len() as u64, "{:?}", outcome.rejects);
        let mut writer = ColumnWriter::new(&plans).unwrap();
        writer.add(decoder.batch(), &outcome.records, 1).unwrap();
        let bytes = writer.finish().unwrap();
        let mut found = CellsOf::default();
        let rows: Vec<usize> = (0..SPELLINGS.len()).collect();
        let mut n_read = 0;
        read_rows(Bytes::from(bytes), "key", 2, |batch| {
            n_read += batch.n_rows();
            for idx in 0..2 {
                batch.cells(idx, &rows, &mut found);
                let expected = cells(&decoder.batch().planned()[idx].view());
                assert_eq!(cells(&found.view()), expected, "{kind:?}");
            }
            // date -u -d 2026-01-01 +%s (GNU coreutils 9.1)
            assert_eq!((batch.second(3), batch.line(3)), (Some(1_767_225_600), 4));
        })
        .unwrap();
        assert_eq!(n_read, SPELLINGS.len());
    }
}

#[test]
fn damage_is_refused_by_name() {
    let writer = ColumnWriter::new(&[ColumnPlan::unknown("a", PlanKind::Numeric)]).unwrap();
    let bytes = writer.finish().unwrap();
    let error = read_rows(
        Bytes::from(bytes[..bytes.len() / 2].to_vec()),
        "the key",
        1,
        |_| {},
    )
    .unwrap_err();
    assert!(error.to_string().contains("the key"), "{error}");
    let error = read_rows(Bytes::from(bytes), "the key", 2, |_| {}).unwrap_err();
    assert!(error.to_string().contains("expected 11"), "{error}");
}
