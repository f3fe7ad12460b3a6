//! A column of raw cells, one per row, in row order: what it may hold, and how it grows.
//!
//! Numbers are kept as they are, texts as codes into a list of distinct texts. Does not know files or statistics.

use baselines::summary::{CellCounts, InferredType};
use baselines::view::{CellClass, ColumnView};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// What a column is taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Finite numbers; other cells are counted.
    Numeric,
    /// Texts of present cells, also where they look like numbers.
    Categorical,
}

impl Kind {
    /// The kind that cells have, as `baseline` and `analyze` infer it (contract §2.3), but that NaN and infinities
    /// alone are numeric. `None` without a present cell.
    pub fn of(counts: &CellCounts) -> Option<Self> {
        match counts.inferred_type() {
            InferredType::Unknown => None,
            InferredType::Integral | InferredType::Fractional => Some(Self::Numeric),
            _ if counts.n_special() == counts.n_present() => Some(Self::Numeric),
            _ => Some(Self::Categorical),
        }
    }
}

/// What of each cell is kept besides its class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Its number.
    Numbers,
    /// Its text.
    Texts,
    /// Both.
    Both,
    /// What its kind needs, which the reader finds out: numbers of a numeric column, both of any other.
    ByKind,
}

impl Keep {
    /// What a column of `kind` needs; both while that is open.
    pub fn for_kind(kind: Option<Kind>) -> Self {
        match kind {
            Some(Kind::Numeric) => Self::Numbers,
            Some(Kind::Categorical) => Self::Texts,
            None => Self::Both,
        }
    }

    pub(crate) fn has_numbers(self) -> bool {
        matches!(self, Self::Numbers | Self::Both)
    }

    pub(crate) fn has_texts(self) -> bool {
        matches!(self, Self::Texts | Self::Both)
    }
}

/// Texts of a column, by row.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Codes {
    /// By row the index of its text; [`Codes::NONE`] where the cell is missing.
    pub codes: Vec<u32>,
    /// Distinct texts in the order in which they first occur.
    pub texts: Vec<Box<str>>,
}

impl Codes {
    /// The code of a missing cell.
    pub const NONE: u32 = u32::MAX;

    /// The text of row `row`.
    pub fn text(&self, row: usize) -> Option<&str> {
        let code = *self.codes.get(row)?;
        self.texts.get(code as usize).map(AsRef::as_ref)
    }
}

/// A column, one entry per row.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Its name; nested ones joined with dots.
    pub name: String,
    /// The kind it was declared to have, or its cells have; `None` without a present cell.
    pub kind: Option<Kind>,
    /// The class of each cell.
    pub classes: Vec<CellClass>,
    /// The number of each cell, 0 where the class is none of a finite number; empty where only texts were kept.
    pub numbers: Vec<f64>,
    /// The text of each cell, where texts were kept.
    pub codes: Option<Codes>,
}

impl Column {
    /// The finite number of row `row`; `None` for every other cell.
    pub fn number(&self, row: usize) -> Option<f64> {
        let is_number = matches!(
            self.classes.get(row),
            Some(CellClass::Integral | CellClass::Fractional)
        );
        self.numbers.get(row).copied().filter(|_| is_number)
    }

    /// The text of row `row`; `None` where it is missing or texts were not kept.
    pub fn text(&self, row: usize) -> Option<&str> {
        self.codes.as_ref()?.text(row)
    }

    /// Cells by class.
    pub fn counts(&self) -> CellCounts {
        counts(&self.classes)
    }

    /// The finite numbers, in row order.
    pub fn into_finite_numbers(self) -> Vec<f64> {
        let Self {
            classes, mut numbers, ..
        } = self;
        let mut classes = classes.into_iter();
        let is_number = |class| matches!(class, Some(CellClass::Integral | CellClass::Fractional));
        numbers.retain(|_| is_number(classes.next()));
        numbers
    }

    /// Rows by text, in the order in which texts first occur.
    pub fn rows_by_text(&self) -> Vec<(&str, u64)> {
        let Some(codes) = &self.codes else {
            return Vec::new();
        };
        let mut rows = vec![0u64; codes.texts.len()];
        for &code in codes.codes.iter().filter(|code| **code != Codes::NONE) {
            rows[code as usize] += 1;
        }
        codes.texts.iter().map(AsRef::as_ref).zip(rows).collect()
    }
}

fn counts(classes: &[CellClass]) -> CellCounts {
    let mut by_class = [0u64; CellClass::COUNT];
    for &class in classes {
        by_class[class as usize] += 1;
    }
    let n = |class: CellClass| by_class[class as usize];
    CellCounts {
        n_missing: n(CellClass::Missing),
        n_integral: n(CellClass::Integral),
        n_fractional: n(CellClass::Fractional),
        n_boolean: n(CellClass::Boolean),
        n_text: n(CellClass::Text),
        n_nan: n(CellClass::Nan),
        n_positive_infinity: n(CellClass::PositiveInfinity),
        n_negative_infinity: n(CellClass::NegativeInfinity),
        n_absent: n(CellClass::Absent),
    }
}

/// XXH3-64, seeded with what came before: several times faster on short texts than the standard hash.
#[derive(Debug, Default)]
struct TextHasher(u64);

impl Hasher for TextHasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = xxh3_64_with_seed(bytes, self.0);
    }

    fn write_u8(&mut self, byte: u8) {
        self.0 = self.0.rotate_left(8) ^ u64::from(byte);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// A column while it is read.
#[derive(Debug)]
pub(crate) struct Builder {
    keep: Keep,
    classes: Vec<CellClass>,
    numbers: Vec<f64>,
    codes: Vec<u32>,
    known: HashMap<Box<str>, u32, BuildHasherDefault<TextHasher>>,
}

impl Builder {
    pub(crate) fn new(keep: Keep) -> Self {
        Self {
            keep,
            classes: Vec::new(),
            numbers: Vec::new(),
            codes: Vec::new(),
            known: HashMap::default(),
        }
    }

    pub(crate) fn keep(&self) -> Keep {
        self.keep
    }

    pub(crate) fn n_rows(&self) -> usize {
        self.classes.len()
    }

    pub(crate) fn counts(&self) -> CellCounts {
        counts(&self.classes)
    }

    pub(crate) fn reserve(&mut self, n: usize) {
        self.classes.reserve_exact(n);
        if self.keep.has_numbers() {
            self.numbers.reserve_exact(n);
        }
        if self.keep.has_texts() {
            self.codes.reserve_exact(n);
        }
    }

    /// Appends cells.
    pub(crate) fn push(&mut self, cells: &ColumnView<'_>) {
        self.classes.extend_from_slice(cells.classes);
        if self.keep.has_numbers() {
            self.numbers.extend_from_slice(cells.numbers);
        }
        if !self.keep.has_texts() {
            return;
        }
        for (row, class) in cells.classes.iter().enumerate() {
            let code = match (class, &cells.texts) {
                (CellClass::Missing | CellClass::Absent, _) | (_, None) => Codes::NONE,
                // Python writes `True`, JSON and Parquet have `true`: one category.
                (CellClass::Boolean, Some(texts)) if texts.get(row).eq_ignore_ascii_case(b"true") => {
                    self.code_of("true")
                }
                (CellClass::Boolean, Some(_)) => self.code_of("false"),
                (_, Some(texts)) => self.code_of(&String::from_utf8_lossy(texts.get(row))),
            };
            self.codes.push(code);
        }
    }

    /// Appends `n` cells that are missing.
    pub(crate) fn push_missing(&mut self, n: usize) {
        let end = self.classes.len() + n;
        self.classes.resize(end, CellClass::Missing);
        if self.keep.has_numbers() {
            self.numbers.resize(end, 0.0);
        }
        if self.keep.has_texts() {
            self.codes.resize(end, Codes::NONE);
        }
    }

    /// Appends all of `part`, which kept at least as much.
    pub(crate) fn append(&mut self, part: Self) {
        self.classes.extend_from_slice(&part.classes);
        if self.keep.has_numbers() {
            self.numbers.extend_from_slice(&part.numbers);
        }
        if !self.keep.has_texts() {
            return;
        }
        let mut codes = vec![Codes::NONE; part.known.len()];
        let mut by_code: Vec<(u32, Box<str>)> =
            part.known.into_iter().map(|(text, code)| (code, text)).collect();
        by_code.sort_unstable_by_key(|(code, _)| *code);
        for (code, text) in by_code {
            codes[code as usize] = self.code_of(&text);
        }
        let translated = part.codes.iter().map(|code| codes.get(*code as usize));
        self.codes
            .extend(translated.map(|code| code.copied().unwrap_or(Codes::NONE)));
    }

    fn code_of(&mut self, text: &str) -> u32 {
        if let Some(&code) = self.known.get(text) {
            return code;
        }
        let code = self.known.len() as u32;
        self.known.insert(text.into(), code);
        code
    }

    /// The column; `declared` stands above what the cells look like.
    pub(crate) fn finish(self, name: String, declared: Option<Kind>) -> Column {
        let mut texts = vec![Box::<str>::default(); self.known.len()];
        for (text, code) in self.known {
            texts[code as usize] = text;
        }
        let codes = self.keep.has_texts().then_some(Codes {
            codes: self.codes,
            texts,
        });
        let mut column = Column {
            name,
            kind: declared,
            classes: self.classes,
            numbers: self.numbers,
            codes,
        };
        if declared.is_none() {
            column.kind = Kind::of(&column.counts());
        }
        column
    }
}
