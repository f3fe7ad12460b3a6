//! One cell of text: its class and, if it is a number, its value.
//!
//! The patterns are Model Monitor's (contract §2.3; deequ 2.0.2 `StatefulDataType`), so `.5`, `5.` and `1e5x` are
//! text. Numbers are correctly rounded. Does not know columns.

use baselines::view::CellClass;

const POWERS_OF_TEN: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    1e19, 1e20, 1e21, 1e22,
];

/// Class and value (0.0 for what is no number).
#[inline]
pub fn classify(text: &[u8]) -> (CellClass, f64) {
    let Some(&first) = text.first() else {
        return (CellClass::Missing, 0.0);
    };
    let mut at = 0;
    let negative = first == b'-';
    if negative || first == b'+' {
        at = 1;
    }
    if text.get(at) == Some(&b' ') {
        at += 1;
    }
    let n_digits = digits(&text[at..]);
    if n_digits == 0 {
        return (word(text), 0.0);
    }
    let number_from = at;
    let mut mantissa = 0u64;
    for &digit in &text[at..at + n_digits] {
        mantissa = mantissa.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
    }
    at += n_digits;
    if at == text.len() {
        let value = if n_digits <= 15 {
            mantissa as f64
        } else {
            slow(&text[number_from..])
        };
        return finite(CellClass::Integral, value, negative);
    }
    let mut n_decimals = 0;
    if text[at] == b'.' {
        n_decimals = digits(&text[at + 1..]);
        if n_decimals == 0 {
            return (CellClass::Text, 0.0);
        }
        for &digit in &text[at + 1..=at + n_decimals] {
            mantissa = mantissa.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
        }
        at += 1 + n_decimals;
    }
    if at == text.len() {
        // Clinger 1990: an integer below 2^53 over a power of ten up to 10^22 divides with one correct rounding.
        let value = if n_digits + n_decimals <= 15 {
            mantissa as f64 / POWERS_OF_TEN[n_decimals]
        } else {
            slow(&text[number_from..])
        };
        return finite(CellClass::Fractional, value, negative);
    }
    if !matches!(text[at], b'e' | b'E') {
        return (CellClass::Text, 0.0);
    }
    at += 1;
    if matches!(text.get(at), Some(b'+' | b'-')) {
        at += 1;
    }
    if at == text.len() || digits(&text[at..]) != text.len() - at {
        return (CellClass::Text, 0.0);
    }
    finite(CellClass::Fractional, slow(&text[number_from..]), negative)
}

/// A plain number (`-12`, `3.25`, at most 15 digits) at the beginning of `text`, if a comma, a line feed or the end
/// follows it: its class, value and length. One pass over the commonest cells; `None` says nothing about the others.
#[inline]
pub fn plain_number(text: &[u8]) -> Option<(CellClass, f64, usize)> {
    let negative = text.first() == Some(&b'-');
    let start = usize::from(negative);
    let (mut at, mut mantissa, mut point) = (start, 0u64, usize::MAX);
    let ends = loop {
        match text.get(at) {
            Some(digit @ b'0'..=b'9') => {
                mantissa = mantissa.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
            }
            Some(b'.') if point == usize::MAX => point = at,
            Some(b',' | b'\n') | None => break at,
            _ => return None,
        }
        at += 1;
    };
    let n_bytes = ends - start;
    if point == usize::MAX {
        if n_bytes == 0 || n_bytes > 15 {
            return None;
        }
        let value = mantissa as f64;
        return Some((
            CellClass::Integral,
            if negative { 0.0 - value } else { value },
            ends,
        ));
    }
    let n_decimals = ends - point - 1;
    if point == start || n_decimals == 0 || n_bytes > 16 {
        return None;
    }
    let value = mantissa as f64 / POWERS_OF_TEN[n_decimals];
    Some((
        CellClass::Fractional,
        if negative { 0.0 - value } else { value },
        ends,
    ))
}

#[inline]
fn digits(text: &[u8]) -> usize {
    text.iter()
        .position(|byte| !byte.is_ascii_digit())
        .unwrap_or(text.len())
}

#[inline]
fn finite(class: CellClass, value: f64, negative: bool) -> (CellClass, f64) {
    if value.is_infinite() {
        let class = if negative {
            CellClass::NegativeInfinity
        } else {
            CellClass::PositiveInfinity
        };
        return (class, 0.0);
    }
    // 0 - 0 is +0: minus zero counts as zero.
    (class, if negative { 0.0 - value } else { value })
}

/// Unsigned decimal text to the nearest double.
#[cold]
fn slow(text: &[u8]) -> f64 {
    std::str::from_utf8(text)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(0.0)
}

/// Words that name a value.
fn word(text: &[u8]) -> CellClass {
    let (negative, bare) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    let is = |word: &str| bare.eq_ignore_ascii_case(word.as_bytes());
    if text.len() == bare.len() && (is("true") || is("false")) {
        CellClass::Boolean
    } else if is("nan") {
        CellClass::Nan
    } else if is("inf") || is("infinity") {
        if negative {
            CellClass::NegativeInfinity
        } else {
            CellClass::PositiveInfinity
        }
    } else {
        CellClass::Text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn classes_follow_the_patterns_of_the_contract() {
        use CellClass::*;
        for (text, expected) in [
            ("", (Missing, 0.0)),
            ("0", (Integral, 0.0)),
            ("-0", (Integral, 0.0)),
            ("-42", (Integral, -42.0)),
            ("+7", (Integral, 7.0)),
            ("- 7", (Integral, -7.0)),
            (" 7", (Integral, 7.0)),
            ("7 ", (Text, 0.0)),
            ("12345678901234567890", (Integral, 12345678901234567890.0)),
            ("3.0", (Fractional, 3.0)),
            ("-0.25", (Fractional, -0.25)),
            ("1e5", (Fractional, 1e5)),
            ("1.5E-3", (Fractional, 1.5e-3)),
            ("1e999", (PositiveInfinity, 0.0)),
            ("-1e999", (NegativeInfinity, 0.0)),
            (".5", (Text, 0.0)),
            ("5.", (Text, 0.0)),
            ("1.5e", (Text, 0.0)),
            ("1.2.3", (Text, 0.0)),
            ("0x10", (Text, 0.0)),
            ("1,000", (Text, 0.0)),
            ("-", (Text, 0.0)),
            ("true", (Boolean, 0.0)),
            ("False", (Boolean, 0.0)),
            ("-true", (Text, 0.0)),
            ("NaN", (Nan, 0.0)),
            ("-inf", (NegativeInfinity, 0.0)),
            ("Infinity", (PositiveInfinity, 0.0)),
            ("abc", (Text, 0.0)),
        ] {
            assert_eq!(classify(text.as_bytes()), expected, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn numbers_are_correctly_rounded(value in any::<f64>().prop_filter("finite", |v| v.is_finite())) {
            for text in [format!("{value}"), format!("{value:e}"), format!("{value:.6}")] {
                let (class, parsed) = classify(text.as_bytes());
                prop_assert!(matches!(class, CellClass::Integral | CellClass::Fractional));
                prop_assert_eq!(parsed, text.parse::<f64>().unwrap() + 0.0);
                if let Some(plain) = plain_number(text.as_bytes()) {
                    prop_assert_eq!(plain, (class, parsed, text.len()));
                }
            }
        }

        #[test]
        fn any_bytes_have_a_class(bytes in prop::collection::vec(any::<u8>(), 0..20)) {
            let (class, value) = classify(&bytes);
            prop_assert!(value.is_finite());
            prop_assert_eq!(class == CellClass::Missing, bytes.is_empty());
            if let Some((plain_class, plain_value, n)) = plain_number(&bytes) {
                prop_assert_eq!((plain_class, plain_value), classify(&bytes[..n]));
                prop_assert!(matches!(bytes.get(n), None | Some(b',' | b'\n')));
            }
        }
    }
}
