//! Tables as rows: every format gives the same cells in the same order.

use super::{Column, Keep, Kind, Rows, Selection, read_rows};
use crate::progress::Silent;
use crate::scan::ScanSettings;
use crate::{EngineError, ErrorKind};
use baselines::view::CellClass;
use capture::schema::Schema;
use std::fmt::Write as _;
use std::path::Path;
use store::{Location, StoreOptions};

fn read(path: &Path, selection: &Selection, n_threads: usize) -> Result<Rows, EngineError> {
    let settings = ScanSettings {
        n_threads,
        chunk_bytes: 4096,
        ..ScanSettings::default()
    };
    let location = Location::parse(path.to_str().unwrap())?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(read_rows(
        &location,
        &StoreOptions::default(),
        selection,
        &settings,
        &Silent,
    ))
}

fn everything(path: &Path) -> Rows {
    read(path, &Selection::default(), 2).unwrap()
}

fn file(folder: &tempfile::TempDir, name: &str, text: &str) -> std::path::PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    path
}

fn numbers(column: &Column) -> Vec<Option<f64>> {
    (0..column.classes.len()).map(|row| column.number(row)).collect()
}

fn texts(column: &Column) -> Vec<Option<&str>> {
    (0..column.classes.len()).map(|row| column.text(row)).collect()
}

#[test]
fn rows_keep_their_order_over_chunks_and_threads() {
    let folder = tempfile::tempdir().unwrap();
    let (mut csv, mut json) = ("x,s,flag\n".to_owned(), String::new());
    for row in 0..5_000 {
        let flag = row % 3 == 0;
        writeln!(csv, "{row}.5,v{},{}", row % 700, if flag { "True" } else { "" }).unwrap();
        let flag = if flag { "true" } else { "null" };
        writeln!(json, r#"{{"x": {row}.5, "s": "v{}", "flag": {flag}}}"#, row % 700).unwrap();
    }
    let (csv, json) = (file(&folder, "t.csv", &csv), file(&folder, "t.jsonl", &json));
    let rows = everything(&csv);
    assert_eq!((rows.n_rows, rows.n_rejected()), (5_000, 0));
    let kinds: Vec<_> = rows.columns.iter().map(|column| column.kind).collect();
    assert_eq!(
        kinds,
        [
            Some(Kind::Numeric),
            Some(Kind::Categorical),
            Some(Kind::Categorical)
        ]
    );
    for row in 0..5_000usize {
        assert_eq!(rows.columns[0].number(row), Some(row as f64 + 0.5));
        assert_eq!(rows.columns[1].text(row), Some(&*format!("v{}", row % 700)));
        assert_eq!(rows.columns[2].text(row), (row % 3 == 0).then_some("true"));
    }
    assert_eq!(rows.column("s").unwrap().rows_by_text().len(), 700);
    assert_eq!(rows, everything(&json));
    assert_eq!(rows, read(&csv, &Selection::default(), 1).unwrap());
}

// test-data/make_tables.py says what is in them.
#[test]
fn parquet_columns_are_flat_and_typed() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("test-data");
    let rows = everything(&data.join("kinds.parquet"));
    assert_eq!(rows.n_rows, 4);
    let column = |name: &str| rows.column(name).unwrap_or_else(|| panic!("no column {name}"));
    assert_eq!(
        numbers(column("i8")),
        [Some(-128.0), Some(0.0), Some(127.0), None]
    );
    assert_eq!(numbers(column("f64")), [Some(1.0), None, None, None]);
    assert_eq!(column("f64").classes[1], CellClass::PositiveInfinity);
    assert_eq!(
        texts(column("flag")),
        [Some("true"), Some("false"), Some("true"), None]
    );
    assert_eq!(texts(column("text")), [Some("red"), Some("7"), Some("2.5"), None]);
    assert_eq!(column("day").text(0), Some("2024-03-10"));
    assert_eq!(numbers(column("embedding.0")), [Some(1.5), Some(3.5), None, None]);
    assert_eq!(numbers(column("embedding.1")), [Some(2.5), None, None, None]);
    assert_eq!(
        texts(column("address.city")),
        [Some("Oslo"), None, Some("Rome"), None]
    );
    assert_eq!(column("nothing").kind, None);
    let long = everything(&data.join("numbers.parquet"));
    assert_eq!(long.n_rows, 1_500);
    assert!(long.columns.iter().all(|column| column.classes.len() == 1_500));
    let sum: f64 = long
        .column("count")
        .unwrap()
        .clone()
        .into_finite_numbers()
        .iter()
        .sum();
    assert_eq!(sum, 10_595.0);
}

#[test]
fn a_folder_is_one_table_and_its_gaps_are_missing() {
    let folder = tempfile::tempdir().unwrap();
    file(&folder, "1.jsonl", "{\"a\": 1}\n{\"a\": 2, \"b\": \"x\"}\n");
    file(&folder, "2.jsonl", "{\"b\": \"y\"}\n{\"a\": 4, \"c\": 1.5}\n");
    let rows = everything(folder.path());
    assert_eq!(rows.n_rows, 4);
    assert_eq!(
        numbers(rows.column("a").unwrap()),
        [Some(1.0), Some(2.0), None, Some(4.0)]
    );
    assert_eq!(
        texts(rows.column("b").unwrap()),
        [None, Some("x"), Some("y"), None]
    );
    assert_eq!(numbers(rows.column("c").unwrap()), [None, None, None, Some(1.5)]);
}

#[test]
fn a_late_text_makes_the_whole_column_texts() {
    let folder = tempfile::tempdir().unwrap();
    let mut csv = "x\n".to_owned();
    (0..300_000).for_each(|row| writeln!(csv, "{}", 100_000 + row).unwrap());
    csv += "late\n";
    let rows = everything(&file(&folder, "t.csv", &csv));
    let column = rows.column("x").unwrap();
    assert_eq!(column.kind, Some(Kind::Categorical));
    assert_eq!(
        [0, 299_999, 300_000].map(|row| column.text(row)),
        [Some("100000"), Some("399999"), Some("late")]
    );
}

#[test]
fn a_schema_says_which_columns_and_kinds() {
    let schema = Schema::parse(
        br#"{"task": "binary", "features": [{"name": "zip", "type": "categorical"}, {"name": "x", "type": "numeric"}],
            "label": "y", "prediction": "p", "id": "id", "timestamp": "at"}"#,
    )
    .unwrap();
    let selection = Selection::of_schema(&schema);
    assert_eq!(selection.keep("zip"), Some(Keep::Texts));
    assert_eq!(selection.keep("x"), Some(Keep::Numbers));
    assert_eq!((selection.keep("id"), selection.keep("at")), (None, None));
    let folder = tempfile::tempdir().unwrap();
    let path = file(
        &folder,
        "t.csv",
        "id,zip,x,y,p,at\n1,01,2,0,1,t\n2,02,three,1,1,t\n",
    );
    let rows = read(&path, &selection, 1).unwrap();
    let names: Vec<_> = rows.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["zip", "x", "y", "p"]);
    assert_eq!(texts(&rows.columns[0]), [Some("01"), Some("02")]);
    assert_eq!(numbers(&rows.columns[1]), [Some(2.0), None]);
    assert_eq!(rows.columns[2].kind, Some(Kind::Categorical));
}

#[test]
fn what_is_no_table_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let cases = [
        ("empty.csv", "", ErrorKind::NothingToAnalyse, "empty.csv at"),
        ("t.json", "[{\"a\": 1}]", ErrorKind::Usage, "t.json is no table"),
        (
            "c.jsonl",
            "{\"captureData\": {}}\n",
            ErrorKind::Usage,
            "c.jsonl is no table",
        ),
        (
            "d.csv",
            "a,a\n1,2\n",
            ErrorKind::Usage,
            "d.csv has two columns called a",
        ),
        (
            "t.parquet",
            "PAR1",
            ErrorKind::Usage,
            "t.parquet is no readable Parquet",
        ),
    ];
    for (name, text, kind, begins) in cases {
        let path = file(&folder, name, text);
        let error = read(&path, &Selection::default(), 1).expect_err(name);
        assert_eq!(error.kind(), kind, "{name}: {error}");
        assert!(error.to_string().starts_with(begins), "{error}");
        assert!(error.hint().is_some(), "{name}");
    }
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("test-data");
    let mixed = read(&data, &Selection::default(), 1).unwrap_err();
    assert_eq!(mixed.kind(), ErrorKind::Usage);
}
