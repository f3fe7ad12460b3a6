//! What several targets need: a small layout with named and positional columns on both sides, and small limits.
//!
//! Limits are far below the shipped ones, so that a fuzzer's inputs can pass them.

use std::sync::Arc;

use capture::batch::ColumnBatch;
use capture::envelope::CapturedSide;
use capture::layout::{Layout, LayoutColumn, Side};
use capture::limits::Limits;
use capture::payload;

/// Five inputs and two outputs, half of them with their text.
pub fn layout() -> Arc<Layout> {
    let columns = (0..7).map(|idx| LayoutColumn {
        name: if idx == 3 {
            "a.b".to_owned()
        } else {
            format!("c{idx}")
        },
        side: if idx < 5 { Side::Input } else { Side::Output },
        needs_text: idx % 2 == 0,
    });
    Arc::new(Layout::new(columns.collect()))
}

/// Low caps.
pub fn limits() -> Limits {
    Limits {
        max_line_bytes: 4096,
        max_decompressed_bytes: 1 << 20,
        max_depth: 16,
        max_extra_columns: 16,
        max_rows_per_record: 64,
    }
}

/// Decodes `text` as one side and checks what must hold whatever the text says: rows within the limit, and a batch
/// that has as many cells in each column as rows, also after a refused record was rolled back.
pub fn decode_payload(text: &str, encoding: Option<&str>, content_type: Option<&str>) {
    let limits = limits();
    let side = CapturedSide {
        observed_content_type: content_type.map(Into::into),
        data: Some(text.into()),
        encoding: encoding.map(Into::into),
    };
    let mut batch = ColumnBatch::new(layout(), limits.max_extra_columns);
    for which in [Side::Input, Side::Output] {
        let n_before = batch.n_rows();
        let mut writer = batch.side_writer(which, limits.max_rows_per_record);
        let decoded = payload::decode_side(&side, &limits, &mut writer);
        match decoded {
            Ok(n) if n > 0 => {
                assert!(n <= limits.max_rows_per_record);
                batch.commit(n, 0, which == Side::Input, which == Side::Output);
                assert_eq!(batch.n_rows(), n_before + n);
            }
            _ => {
                batch.roll_back();
                assert_eq!(batch.n_rows(), n_before);
            }
        }
        check(&batch);
    }
}

/// Every column of a batch has one cell a row, and its texts are UTF-8.
pub fn check(batch: &ColumnBatch) {
    let n_rows = batch.n_rows();
    assert_eq!(batch.lines().len(), n_rows);
    for column in batch.planned() {
        let view = column.view();
        assert_eq!((view.classes.len(), view.numbers.len()), (n_rows, n_rows));
        assert!(view.numbers.iter().all(|number| number.is_finite()));
        if let Some(texts) = view.texts {
            assert_eq!(texts.ends.len(), n_rows);
            assert!((0..n_rows).all(|idx| std::str::from_utf8(texts.get(idx)).is_ok()));
        }
    }
}
