//! Multivariate drift against NumPy, SciPy, scikit-learn and NannyML, its laws, and its edges.

mod edges;
mod laws;
mod nannyml;
mod numbers;

use serde_json::Value;

use super::*;

/// `made_up` of tests/reference/multivariate/make_multivariate_table.py. Categories are a = 0, b = 1, …
pub(super) fn made_up(n: usize, shift: f64) -> Rows {
    let (mut x, mut y, mut z, mut a, mut b) = (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for i in 0..n {
        let x_i = ((37 * i) % 101) as f64 / 10.0 + 0.3 * (i % 7) as f64 + shift;
        let y_i = ((53 * i) % 97) as f64 / 9.0 + 0.5 * (i % 5) as f64;
        x.push(Some(x_i));
        y.push((i % 11 != 3).then_some(y_i));
        z.push(Some(0.5 * x_i + ((29 * i) % 31) as f64 / 10.0 - shift * y_i));
        let letter = b"aaaaabbbcd"[(7 * i + (i / 10) * (3.0 * shift) as usize) % 10];
        a.push((i % 13 != 5).then_some(u32::from(letter - b'a')));
        b.push(Some(((i * i + i / 7) % 3) as u32));
    }
    table(vec![
        numeric("x", x),
        numeric("y", y),
        numeric("z", z),
        categorical("a", a),
        categorical("b", b),
    ])
}

pub(super) fn numeric(name: &str, cells: Vec<Option<f64>>) -> Column {
    Column {
        name: name.to_owned(),
        values: Values::Numeric(cells),
    }
}

pub(super) fn categorical(name: &str, cells: Vec<Option<u32>>) -> Column {
    Column {
        name: name.to_owned(),
        values: Values::Categorical(cells),
    }
}

pub(super) fn embedding(name: &str, dimension: usize, vectors: &[Option<Vec<f64>>]) -> Column {
    let mut values = Vectors::new(dimension);
    for vector in vectors {
        values.push(vector.as_deref());
    }
    Column {
        name: name.to_owned(),
        values: Values::Embedding(values),
    }
}

pub(super) fn table(columns: Vec<Column>) -> Rows {
    let n_rows = columns.first().map_or(0, |column| column.values.len());
    Rows::new(n_rows, columns).unwrap()
}

pub(super) fn paired(baseline: &Rows, current: &Rows) -> PairedRows {
    PairedRows::new(baseline, current, Sampling::default()).unwrap()
}

pub(super) fn reference() -> Value {
    let text = include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../tests/reference/multivariate/multivariate.json"
    ));
    serde_json::from_str(text).unwrap()
}

/// Standard normals of a seed, for made-up rows.
pub(super) fn normals(seed: u64, n: usize) -> Vec<f64> {
    let mut stream = random::Stream::new(seed, "test");
    (0..n).map(|_| stream.normals()[0]).collect()
}

/// `n` rows of `width` independent standard normals, their first column moved by `shift`.
pub(super) fn normal_rows(seed: u64, n: usize, width: usize, shift: f64) -> Rows {
    let column = |idx: usize| {
        let moved = if idx == 0 { shift } else { 0.0 };
        let cells = normals(seed * 1_000 + idx as u64, n);
        numeric(
            &format!("c{idx}"),
            cells.into_iter().map(|x| Some(x + moved)).collect(),
        )
    };
    table((0..width).map(column).collect())
}
