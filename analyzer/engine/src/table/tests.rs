//! Tables made by pyarrow, which says what is in them: `test-data/make_tables.py` has every call and version.

use super::{column_names, is_parquet, profile_parquet};
use crate::error::{EngineError, ErrorKind};
use baselines::profile::column::Scratch;
use baselines::profile::{ColumnPlan, PlanKind, Profile};
use baselines::summary::{CellCounts, ColumnSummary, DatasetSummary, Distinct, InferredType, Position};
use baselines::view::CellClass;
use bytes::Bytes;

macro_rules! table {
    ($name:literal) => {
        Bytes::from_static(include_bytes!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/test-data/",
            $name
        )))
    };
}

fn read(bytes: &Bytes, plans: &[ColumnPlan], only_planned: bool) -> Result<DatasetSummary, EngineError> {
    let mut profile = Profile::new(plans);
    let mut scratch = Scratch::default();
    let n = profile_parquet(
        bytes,
        "t.parquet",
        3,
        plans,
        only_planned,
        &mut profile,
        &mut scratch,
    )?;
    assert_eq!(n, profile.n_rows());
    Ok(profile.finish())
}

fn all(bytes: &Bytes) -> DatasetSummary {
    read(bytes, &[], false).unwrap()
}

fn column<'s>(summary: &'s DatasetSummary, name: &str) -> &'s ColumnSummary {
    summary
        .columns
        .iter()
        .find(|column| column.name == name)
        .unwrap_or_else(|| panic!("no column {name}"))
}

fn counts(summary: &DatasetSummary, name: &str) -> CellCounts {
    column(summary, name).counts
}

/// The categories of a column and how often each was seen, by name.
fn texts(summary: &DatasetSummary, name: &str) -> Vec<(String, u64)> {
    let categorical = column(summary, name).categorical.as_ref().unwrap();
    let mut texts: Vec<_> = categorical
        .counts
        .iter()
        .map(|(text, n)| (text.clone(), *n))
        .collect();
    texts.sort();
    texts
}

fn each_once(expected: [&str; 3]) -> Vec<(String, u64)> {
    let mut expected: Vec<_> = expected.iter().map(|text| ((*text).to_owned(), 1)).collect();
    expected.sort();
    expected
}

#[test]
fn the_magic_number_tells() {
    assert!(is_parquet(&table!("kinds.parquet")));
    assert!(!is_parquet(b"PAR"));
    assert!(!is_parquet(b"PARE1234"));
    assert!(!is_parquet(b"a,b\n1,2\n"));
}

#[test]
fn columns_are_named_in_order_and_nested_ones_flattened() {
    let names = column_names(&table!("kinds.parquet"), "t.parquet").unwrap();
    let expected = "i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 flag text category bytes day clock local instant price wide \
                    embedding.0 embedding.1 fixed.0 fixed.1 address.city address.zip nothing";
    assert_eq!(names.join(" "), expected);
    let mut profiled: Vec<_> = all(&table!("kinds.parquet"))
        .columns
        .into_iter()
        .map(|column| column.name)
        .collect();
    let mut sorted = names;
    sorted.sort();
    profiled.sort();
    assert_eq!(profiled, sorted);
}

#[test]
fn every_kind_of_value_has_its_class() {
    let summary = all(&table!("kinds.parquet"));
    assert_eq!(summary.n_rows, 4);
    for name in ["i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64"] {
        assert_eq!(
            counts(&summary, name),
            CellCounts {
                n_integral: 3,
                n_missing: 1,
                ..CellCounts::default()
            },
            "{name}"
        );
    }
    let range = |name: &str| {
        column(&summary, name)
            .numeric
            .as_ref()
            .map(|numeric| (numeric.min, numeric.max))
            .unwrap()
    };
    // numpy 2.4.6: np.float64(int) of the extremes.
    assert_eq!(range("i8"), (-128.0, 127.0));
    assert_eq!(range("i64"), (-9007199254740992.0, 9223372036854775808.0));
    assert_eq!(range("u64"), (0.0, 18446744073709551616.0));
    // numpy 2.4.6: float(np.float32(0.1)).
    assert_eq!(range("f32"), (0.10000000149011612, 1.0));
    let float = CellCounts {
        n_fractional: 2,
        n_nan: 1,
        n_missing: 1,
        ..CellCounts::default()
    };
    assert_eq!(counts(&summary, "f32"), float);
    let infinite = CellCounts {
        n_fractional: 1,
        n_positive_infinity: 1,
        n_negative_infinity: 1,
        n_missing: 1,
        ..CellCounts::default()
    };
    assert_eq!(counts(&summary, "f64"), infinite);
    assert_eq!(
        counts(&summary, "flag"),
        CellCounts {
            n_boolean: 3,
            n_missing: 1,
            ..CellCounts::default()
        }
    );
    let text = CellCounts {
        n_text: 1,
        n_integral: 1,
        n_fractional: 1,
        n_missing: 1,
        ..CellCounts::default()
    };
    assert_eq!(counts(&summary, "text"), text);
    assert_eq!(
        texts(&summary, "category"),
        [("high".to_owned(), 1), ("low".to_owned(), 2)]
    );
    // An empty text is missing, as in CSV.
    assert_eq!(
        counts(&summary, "bytes"),
        CellCounts {
            n_text: 2,
            n_missing: 2,
            ..CellCounts::default()
        }
    );
    assert_eq!(
        counts(&summary, "price"),
        CellCounts {
            n_fractional: 3,
            n_missing: 1,
            ..CellCounts::default()
        }
    );
    assert_eq!(range("price"), (-0.07, 100.0));
    // Python 3: float(decimal.Decimal("12345678901234567890.123")).
    assert_eq!(range("wide"), (-1.0, 1.2345678901234567e19));
    assert_eq!(column(&summary, "nothing").inferred_type, InferredType::Unknown);
    assert_eq!(counts(&summary, "nothing").n_missing, 4);
}

#[test]
fn dates_and_times_are_iso_text() {
    let summary = all(&table!("kinds.parquet"));
    // Python 3: isoformat() of the values in make_tables.py, zeros at the end of a fraction left off.
    assert_eq!(
        texts(&summary, "day"),
        each_once(["2024-03-10", "1969-12-31", "2000-02-29"])
    );
    assert_eq!(
        texts(&summary, "clock"),
        each_once(["07:30:00", "23:59:59.25", "00:00:00"])
    );
    let local = [
        "2024-03-10T07:30:00",
        "1969-12-31T23:59:59.5",
        "2000-01-01T00:00:00",
    ];
    assert_eq!(texts(&summary, "local"), each_once(local));
    let instant = [
        "2024-03-10T07:30:00Z",
        "1970-01-01T00:00:00Z",
        "2000-01-01T00:00:00Z",
    ];
    assert_eq!(texts(&summary, "instant"), each_once(instant));
}

#[test]
fn lists_and_structs_lack_what_their_rows_lack() {
    let summary = all(&table!("kinds.parquet"));
    let expected = [
        ("embedding.0", 2, 2),
        ("embedding.1", 1, 3),
        ("fixed.0", 3, 1),
        ("fixed.1", 2, 2),
        ("address.city", 2, 2),
        ("address.zip", 3, 1),
    ];
    for (name, n_present, n_missing) in expected {
        assert_eq!(
            (
                counts(&summary, name).n_present(),
                counts(&summary, name).n_missing
            ),
            (n_present, n_missing),
            "{name}"
        );
    }
    let numeric = column(&summary, "embedding.0").numeric.as_ref().unwrap();
    assert_eq!((numeric.min, numeric.max), (1.5, 3.5));
}

#[test]
fn statistics_agree_with_numpy() {
    let summary = all(&table!("numbers.parquet"));
    assert_eq!(summary.n_rows, 1500);
    // numpy 2.4.6: np.mean, np.std, min, max, sum; pyarrow 26.0.1: pc.count_distinct, pc.value_counts.
    let amount = column(&summary, "amount").numeric.as_ref().unwrap();
    assert_eq!((amount.n, counts(&summary, "amount").n_missing), (1424, 76));
    assert_eq!(
        (amount.min, amount.max),
        (0.40049947443818457, 1877.0238215007025)
    );
    for (ours, theirs) in [
        (amount.mean, 44.63059521225139),
        (amount.std_dev, 101.82601554917055),
        (amount.sum, 63553.96758224598),
    ] {
        assert!((ours - theirs).abs() <= 1e-12 * theirs, "{ours} and {theirs}");
    }
    assert_eq!(amount.distinct, Distinct::Exact(1424));
    let count = column(&summary, "count").numeric.as_ref().unwrap();
    assert_eq!(
        (count.n, count.sum, count.min, count.max),
        (1500, 10595.0, 1.0, 16.0)
    );
    assert!((count.mean - 7.0633333333333335).abs() < 1e-14);
    assert!((count.std_dev - 2.5608570613934876).abs() < 1e-12);
    assert_eq!(count.distinct, Distinct::Exact(16));
    let colours = [
        ("blue".to_owned(), 282),
        ("green".to_owned(), 462),
        ("red".to_owned(), 756),
    ];
    assert_eq!(texts(&summary, "colour"), colours);
}

#[test]
fn codecs_and_page_versions_make_no_difference() {
    let first = table!("numbers-zstd.parquet");
    for other in [
        table!("numbers-gzip-v2.parquet"),
        table!("numbers-lz4-plain.parquet"),
    ] {
        assert_eq!(format!("{:?}", all(&first)), format!("{:?}", all(&other)));
    }
    assert_eq!(all(&first).n_rows, 50);
}

#[test]
fn plans_choose_columns_by_name() {
    let plans = [
        ColumnPlan::unknown("lost", PlanKind::Numeric),
        ColumnPlan::unknown("count", PlanKind::Categorical),
        ColumnPlan::unknown("amount", PlanKind::Numeric),
    ];
    let summary = read(&table!("numbers.parquet"), &plans, true).unwrap();
    assert_eq!(
        summary
            .columns
            .iter()
            .map(|column| &*column.name)
            .collect::<Vec<_>>(),
        ["lost", "count", "amount"]
    );
    assert_eq!(
        counts(&summary, "lost"),
        CellCounts {
            n_missing: 1500,
            ..CellCounts::default()
        }
    );
    assert_eq!(texts(&summary, "count").iter().map(|(_, n)| n).sum::<u64>(), 1500);
    let with_others = read(&table!("numbers.parquet"), &plans, false).unwrap();
    assert_eq!(with_others.columns.len(), 4);
    // Elements and fields are columns too; one that no row has is missing in each.
    let nested = ["embedding.1", "embedding.9", "address.zip"]
        .map(|name| ColumnPlan::unknown(name, PlanKind::Numeric));
    let summary = read(&table!("kinds.parquet"), &nested, true).unwrap();
    let cells: Vec<_> = summary
        .columns
        .iter()
        .map(|column| (column.counts.n_present(), column.counts.n_missing))
        .collect();
    assert_eq!(cells, [(1, 3), (0, 4), (3, 1)]);
    // A column that is not asked for may be of any type.
    let age = [ColumnPlan::unknown("age", PlanKind::Numeric)];
    assert_eq!(read(&table!("maps.parquet"), &age, true).unwrap().n_rows, 1);
}

#[test]
fn positions_are_row_numbers_across_row_groups() {
    let summary = all(&table!("numbers.parquet"));
    let (first, last) = column(&summary, "count").spans[CellClass::Integral as usize].unwrap();
    assert_eq!(
        first,
        Position {
            object_idx: 3,
            line: 1
        }
    );
    assert_eq!(
        last,
        Position {
            object_idx: 3,
            line: 1500
        }
    );
    let (first, last) = column(&all(&table!("kinds.parquet")), "f32").spans[CellClass::Nan as usize].unwrap();
    assert_eq!((first.line, last.line), (3, 3));
}

#[test]
fn reading_twice_counts_twice_and_gives_the_same() {
    let bytes = table!("numbers.parquet");
    assert_eq!(format!("{:?}", all(&bytes)), format!("{:?}", all(&bytes)));
    let mut profile = Profile::new(&[]);
    for object_idx in 0..2 {
        profile_parquet(
            &bytes,
            "t",
            object_idx,
            &[],
            false,
            &mut profile,
            &mut Scratch::default(),
        )
        .unwrap();
    }
    let summary = profile.finish();
    assert_eq!(
        (summary.n_rows, counts(&summary, "amount").n_missing),
        (3000, 152)
    );
}

#[test]
fn a_table_without_rows_keeps_its_columns() {
    let names = column_names(&table!("empty.parquet"), "t.parquet").unwrap();
    assert!(names.contains(&"address.city".to_owned()) && names.contains(&"i8".to_owned()));
    let plans = [ColumnPlan::unknown("i8", PlanKind::Numeric)];
    let summary = read(&table!("empty.parquet"), &plans, false).unwrap();
    assert_eq!((summary.n_rows, summary.columns.len()), (0, names.len()));
    assert!(
        summary
            .columns
            .iter()
            .all(|column| column.inferred_type == InferredType::Unknown)
    );
}

#[test]
fn what_cannot_be_profiled_is_refused_by_name() {
    let cases = [
        (
            table!("maps.parquet"),
            "column tags of t.parquet holds lists of structs or maps",
        ),
        (
            table!("raw-bytes.parquet"),
            "column blob of t.parquet: it holds bytes that are not UTF-8 text",
        ),
        (
            table!("wide-list.parquet"),
            "column e holds lists of 5000 elements",
        ),
        (
            table!("brotli.parquet"),
            "column amount of t.parquet is compressed with Brotli",
        ),
        (table!("twice.parquet"), "t.parquet has two columns called a"),
        (table!("clash.parquet"), "t.parquet has two columns called e.1"),
        (table!("no-columns.parquet"), "t.parquet has no columns"),
        (Bytes::new(), "t.parquet is empty"),
        (
            Bytes::from_static(b"PAR1PAR1"),
            "t.parquet is no readable Parquet object",
        ),
        (
            Bytes::from_static(b"a,b\n1,2\n3,4\n5,6\n"),
            "t.parquet is no readable Parquet object",
        ),
    ];
    for (bytes, expected) in cases {
        let error = read(&bytes, &[], false).expect_err(expected);
        assert!(error.to_string().starts_with(expected), "{error}, not {expected}");
        assert_eq!(error.kind(), ErrorKind::Usage);
        assert!(error.hint().is_some());
    }
}

#[test]
fn a_cut_object_is_refused() {
    let whole = table!("kinds.parquet");
    for n in [4, 100, whole.len() / 2, whole.len() - 1] {
        assert!(read(&whole.slice(..n), &[], false).is_err(), "{n} bytes");
        assert!(column_names(&whole.slice(..n), "t.parquet").is_err(), "{n} bytes");
    }
}

/// Whatever a damaged object holds, it ends in a profile or an error.
#[test]
fn damage_never_panics() {
    for whole in [
        table!("kinds.parquet"),
        table!("numbers-lz4-plain.parquet"),
        table!("numbers-gzip-v2.parquet"),
    ] {
        for at in (0..whole.len()).step_by(7) {
            let mut damaged = whole.to_vec();
            damaged[at] ^= 1 << (at % 8);
            let damaged = Bytes::from(damaged);
            if let Ok(summary) = read(&damaged, &[], false) {
                assert!(
                    summary
                        .columns
                        .iter()
                        .all(|column| column.counts.n_cells() <= summary.n_rows)
                );
            }
        }
    }
}
