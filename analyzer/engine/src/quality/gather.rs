//! Cells to compact columns: what quality keeps of a row, a few bytes each, so that ten million rows fit in memory.
//!
//! Does not know what a column is for, and gives no answer: a missing number is kept as NaN here and taken out before
//! anything is computed.

use baselines::view::{CellClass, ColumnView};
use capture::decode::join_id;
use capture::time::parse_rfc3339;
use hashbrown::HashMap;

/// In place of a code: no value.
pub(crate) const NO_CODE: u32 = u32::MAX;
/// In place of a second: no time.
pub(crate) const NO_TIME: i64 = i64::MIN;
/// Different texts a column may hold; past it the column is marked as overflown.
const MAX_TEXTS: usize = 1 << 20;

/// What a column is read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Ids, hashed.
    Id,
    /// Seconds since 1970, from RFC 3339 or a number.
    Time,
    /// Numbers.
    Number,
    /// Classes: text, with `1.0` as `1` and `True` as `true`.
    Class,
    /// Numbers and classes both: what it is shows at the end.
    Feature,
}

/// Texts and their codes, in order of appearance until [`Dictionary::sorted`].
#[derive(Debug, Clone, Default)]
pub(crate) struct Dictionary {
    texts: Vec<Box<str>>,
    codes: HashMap<Box<str>, u32>,
    overflown: bool,
}

impl Dictionary {
    /// The code of `text`.
    pub(crate) fn code(&mut self, text: &str) -> u32 {
        if let Some(code) = self.codes.get(text) {
            return *code;
        }
        if self.texts.len() >= MAX_TEXTS {
            self.overflown = true;
            return NO_CODE;
        }
        let code = self.texts.len() as u32;
        self.texts.push(text.into());
        self.codes.insert(text.into(), code);
        code
    }
    /// The texts, by code.
    pub(crate) fn texts(&self) -> &[Box<str>] {
        &self.texts
    }
    /// Whether there were more texts than are kept.
    pub(crate) fn overflown(&self) -> bool {
        self.overflown
    }
    /// Codes in the order of the texts, numbers by value before other texts; gives the new code of each old one.
    fn sorted(&mut self) -> Vec<u32> {
        let mut order: Vec<usize> = (0..self.texts.len()).collect();
        order.sort_by(|a, b| in_order(&self.texts[*a], &self.texts[*b]));
        let mut new = vec![0; order.len()];
        for (code, old) in order.iter().enumerate() {
            new[*old] = code as u32;
        }
        self.texts = order.iter().map(|old| self.texts[*old].clone()).collect();
        for code in self.codes.values_mut() {
            *code = new[*code as usize];
        }
        new
    }
}

/// Classes and segment values in a fixed order: numbers by value, then texts.
pub(crate) fn in_order(a: &str, b: &str) -> std::cmp::Ordering {
    match (a.parse::<f64>(), b.parse::<f64>()) {
        (Ok(x), Ok(y)) => x.total_cmp(&y).then_with(|| a.cmp(b)),
        (Ok(_), Err(_)) => std::cmp::Ordering::Less,
        (Err(_), Ok(_)) => std::cmp::Ordering::Greater,
        _ => a.cmp(b),
    }
}

/// The class a text stands for: `1`, `1.0` and ` 1` are one class, so are `True` and `true`.
pub(crate) fn class_text(text: &str) -> std::borrow::Cow<'_, str> {
    let text = text.trim();
    let starts_like_number = text
        .bytes()
        .next()
        .is_some_and(|b| b.is_ascii_digit() || b == b'-' || b == b'+');
    if starts_like_number && text.bytes().any(|b| !b.is_ascii_digit()) {
        if let Ok(number) = text.parse::<f64>()
            && number.is_finite()
            && number.fract() == 0.0
            && number.abs() < 1e15
        {
            return format!("{}", number as i64).into();
        }
    } else if text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false") {
        return text.to_ascii_lowercase().into();
    }
    text.into()
}

/// One gathered column.
#[derive(Debug, Clone)]
pub(crate) struct Gathered {
    pub(crate) kind: Kind,
    pub(crate) ids: Vec<u128>,
    pub(crate) seconds: Vec<i64>,
    pub(crate) numbers: Vec<f64>,
    pub(crate) codes: Vec<u32>,
    pub(crate) texts: Dictionary,
    /// Feature columns: whether a present cell is no number.
    pub(crate) has_text: bool,
    /// Present cells that could not be read as the kind asks.
    pub(crate) n_unreadable: u64,
}

impl Gathered {
    pub(crate) fn new(kind: Kind) -> Self {
        Self {
            kind,
            ids: Vec::new(),
            seconds: Vec::new(),
            numbers: Vec::new(),
            codes: Vec::new(),
            texts: Dictionary::default(),
            has_text: false,
            n_unreadable: 0,
        }
    }

    /// Takes the cells at `rows` in.
    pub(crate) fn push(&mut self, cells: &ColumnView<'_>, rows: std::ops::Range<usize>) {
        let text_of = |row: usize| {
            let bytes = cells.texts.map_or(&[][..], |texts| texts.get(row));
            std::str::from_utf8(bytes).unwrap_or_default()
        };
        for row in rows {
            let class = cells.classes[row];
            let missing = matches!(class, CellClass::Missing | CellClass::Absent);
            match self.kind {
                Kind::Id => self.push_id(if missing { "" } else { text_of(row) }),
                Kind::Time => {
                    let second = match class {
                        _ if missing => None,
                        CellClass::Integral | CellClass::Fractional => Some(epoch_second(cells.numbers[row])),
                        _ => parse_rfc3339(text_of(row)).or_else(|| civil_time(text_of(row))),
                    };
                    self.n_unreadable += u64::from(second.is_none() && !missing);
                    self.seconds.push(second.unwrap_or(NO_TIME));
                }
                Kind::Number => {
                    let number = number_of(class, cells.numbers[row], || text_of(row));
                    self.n_unreadable += u64::from(number.is_none() && !missing);
                    self.numbers.push(number.unwrap_or(f64::NAN));
                }
                Kind::Class => self.push_class(if missing { "" } else { text_of(row) }),
                Kind::Feature => {
                    let number = number_of(class, cells.numbers[row], || "");
                    let is_number = matches!(class, CellClass::Integral | CellClass::Fractional);
                    self.has_text |= !missing && !is_number;
                    self.numbers.push(number.unwrap_or(f64::NAN));
                    self.push_class(if missing { "" } else { text_of(row) });
                }
            }
        }
    }

    /// Takes an id in; the empty one is none (0).
    pub(crate) fn push_id(&mut self, id: &str) {
        let id = id.trim();
        self.ids
            .push(if id.is_empty() { 0 } else { join_id(id.as_bytes()) });
    }

    /// Takes a class in; the empty one is none.
    pub(crate) fn push_class(&mut self, text: &str) {
        let text = class_text(text);
        let code = if text.is_empty() {
            NO_CODE
        } else {
            self.texts.code(&text)
        };
        self.codes.push(code);
    }

    /// Takes the text of a number in.
    pub(crate) fn push_number(&mut self, text: &str) {
        let number = text
            .trim()
            .parse::<f64>()
            .ok()
            .filter(|number| number.is_finite());
        self.n_unreadable += u64::from(number.is_none() && !text.trim().is_empty());
        self.numbers.push(number.unwrap_or(f64::NAN));
    }

    /// Appends another part of the same column.
    pub(crate) fn append(&mut self, mut other: Self) {
        if self.codes.is_empty() && self.texts.texts().is_empty() {
            self.texts = other.texts;
            self.codes.append(&mut other.codes);
        } else {
            let new: Vec<u32> = other
                .texts
                .texts()
                .iter()
                .map(|text| self.texts.code(text))
                .collect();
            self.texts.overflown |= other.texts.overflown;
            let recoded = other
                .codes
                .iter()
                .map(|code| new.get(*code as usize).copied().unwrap_or(NO_CODE));
            self.codes.extend(recoded);
        }
        self.ids.append(&mut other.ids);
        self.seconds.append(&mut other.seconds);
        self.numbers.append(&mut other.numbers);
        self.has_text |= other.has_text;
        self.n_unreadable += other.n_unreadable;
    }

    /// Codes in the order of their texts: the same column, whatever order it was read in.
    pub(crate) fn canonical(&mut self) {
        let new = self.texts.sorted();
        for code in self.codes.iter_mut().filter(|code| **code != NO_CODE) {
            *code = new[*code as usize];
        }
    }
}

fn number_of<'t>(class: CellClass, number: f64, text: impl Fn() -> &'t str) -> Option<f64> {
    match class {
        CellClass::Integral | CellClass::Fractional => Some(number),
        CellClass::Boolean => Some(f64::from(u8::from(text().eq_ignore_ascii_case("true")))),
        _ => None,
    }
}

/// A number as a time: milliseconds where seconds would lie past the year 5000.
fn epoch_second(number: f64) -> i64 {
    let second = if number.abs() > 1e11 {
        number / 1000.0
    } else {
        number
    };
    second.floor() as i64
}

/// `yyyy-mm-dd hh:mm:ss` and `yyyy-mm-dd`, without a zone, as UTC.
fn civil_time(text: &str) -> Option<i64> {
    let text = text.trim();
    let with_zone = match text.len() {
        10 => format!("{text}T00:00:00Z"),
        _ => format!("{}Z", text.replacen(' ', "T", 1)),
    };
    parse_rfc3339(&with_zone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_that_are_written_differently_are_one() {
        for (text, class) in [
            ("1", "1"),
            ("1.0", "1"),
            (" 1", "1"),
            ("-1.0", "-1"),
            ("0.50", "0.50"),
            ("True", "true"),
            ("yes", "yes"),
            ("2024-01-01", "2024-01-01"),
            ("007x", "007x"),
        ] {
            assert_eq!(class_text(text), class);
        }
    }

    #[test]
    fn codes_do_not_depend_on_the_order_of_parts() {
        let part = |texts: &[&str]| {
            let mut column = Gathered::new(Kind::Class);
            for text in texts {
                column.push_class(text);
            }
            column
        };
        let (mut one, mut other) = (part(&["b", "10"]), part(&["a", "10", "9", ""]));
        one.append(part(&["a", "10", "9", ""]));
        other.append(part(&["b", "10"]));
        one.canonical();
        other.canonical();
        assert_eq!(one.texts.texts(), other.texts.texts());
        assert_eq!(one.codes, [3, 1, 2, 1, 0, NO_CODE]);
        assert_eq!(other.codes, [2, 1, 0, NO_CODE, 3, 1]);
    }

    #[test]
    fn times_without_a_zone_are_utc() {
        // date -u -d '2022-04-18 00:21:48' +%s (GNU coreutils 9.1)
        assert_eq!(civil_time("2022-04-18 00:21:48"), Some(1_650_241_308));
        assert_eq!(civil_time("2022-04-18"), Some(1_650_240_000));
        assert_eq!(epoch_second(1_650_241_308_731.0), 1_650_241_308);
    }
}
