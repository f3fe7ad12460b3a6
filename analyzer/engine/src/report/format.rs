//! Numbers as people read them: thousands separators, significant digits, shares, p-values, plurals.
//!
//! English conventions, one place, no locale. Knows nothing of what a number means.

/// Shown where there is no finite number.
pub const NONE: &str = "n/a";

/// A count with thousands separators: `8645` → `8,645`.
pub fn count(n: u64) -> String {
    grouped(&n.to_string())
}

/// A count with its noun: `plural(1, "column", "columns")` → `1 column`.
pub fn plural(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(n), if n == 1 { one } else { many })
}

/// An RFC 3339 instant for people: midnights as their day, others to the minute, all in UTC. Anything else as it is.
pub fn instant(time: &str) -> String {
    match (time.get(..10), time.get(10..11), time.get(11..)) {
        (Some(day), Some("T"), Some("00:00:00Z")) => day.to_owned(),
        (Some(day), Some("T"), Some(rest)) if rest.is_ascii() => {
            format!("{day} {}", rest.get(..5).unwrap_or(rest))
        }
        _ => time.to_owned(),
    }
}

/// A number with four significant digits, thousands separators, no trailing zeros; below 1e-4 and from 1e15 in
/// scientific notation; whole numbers below 1e15 in full. NaN and infinities read `n/a`.
pub fn number(value: f64) -> String {
    if !value.is_finite() {
        return NONE.to_owned();
    }
    if value == 0.0 {
        return "0".to_owned();
    }
    let magnitude = value.abs();
    if !(1e-4..1e15).contains(&magnitude) {
        let text = format!("{value:.3e}");
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        return format!("{}e{exponent}", trimmed(mantissa)).replace('-', "−");
    }
    let n_decimals = if value.fract() == 0.0 {
        0
    } else {
        (3 - magnitude.log10().floor() as i32).max(0)
    };
    let text = format!("{magnitude:.*}", n_decimals as usize);
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let sign = if value < 0.0 { "−" } else { "" };
    match fraction.trim_end_matches('0') {
        "" => format!("{sign}{}", grouped(whole)),
        digits => format!("{sign}{}.{digits}", grouped(whole)),
    }
}

/// A share of 0 to 1 as a percentage that never rounds to a false 0% or 100%.
pub fn percent(share: f64) -> String {
    if !share.is_finite() {
        return NONE.to_owned();
    }
    let hundredths = share * 100.0;
    match hundredths {
        0.0 => "0%".to_owned(),
        100.0 => "100%".to_owned(),
        h if h > 0.0 && h < 0.01 => "<0.01%".to_owned(),
        h if h > 99.99 && h < 100.0 => ">99.99%".to_owned(),
        h if (0.0..1.0).contains(&h) || (99.0..100.0).contains(&h) => {
            format!("{}%", trimmed(&format!("{h:.2}")))
        }
        h => format!("{}%", trimmed(&format!("{h:.1}"))),
    }
}

/// A p-value: three decimals, `<0.001` below.
pub fn p_value(p: f64) -> String {
    match p {
        p if !p.is_finite() => NONE.to_owned(),
        p if p < 0.001 => "<0.001".to_owned(),
        p => trimmed(&format!("{p:.3}")).to_owned(),
    }
}

/// A p-value where the small ones matter: two significant digits, scientific below 0.001: `3.1e−12`.
pub fn small_p(p: f64) -> String {
    match p {
        p if !p.is_finite() => NONE.to_owned(),
        0.0 => "<1e−300".to_owned(),
        p if p < 0.001 => format!("{p:.1e}").replace('-', "−"),
        p if p < 0.1 => trimmed(&format!("{p:.4}")).to_owned(),
        p => trimmed(&format!("{p:.2}")).to_owned(),
    }
}

/// A size in bytes with decimal units: `590000` → `590 kB`.
pub fn bytes(n: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if n < 1000 {
        return plural(n, "byte", "bytes");
    }
    let mut value = n as f64 / 1000.0;
    let mut idx = 0;
    while value >= 999.5 && idx + 1 < UNITS.len() {
        value /= 1000.0;
        idx += 1;
    }
    format!(
        "{} {}",
        if value < 10.0 {
            trimmed(&format!("{value:.1}")).to_owned()
        } else {
            format!("{value:.0}")
        },
        UNITS[idx]
    )
}

fn trimmed(text: &str) -> &str {
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        text
    }
}

fn grouped(digits: &str) -> String {
    let mut out = String::with_capacity(digits.len() * 4 / 3);
    for (idx, digit) in digits.chars().enumerate() {
        if idx > 0 && (digits.len() - idx).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{bytes, count, number, p_value, percent, plural, small_p};

    #[test]
    fn small_p_values_keep_their_size() {
        for (p, expected) in [
            (0.0, "<1e−300"),
            (3.14e-12, "3.1e−12"),
            (0.00099, "9.9e−4"),
            (0.0111, "0.0111"),
            (0.5, "0.5"),
            (1.0, "1"),
            (f64::NAN, "n/a"),
        ] {
            assert_eq!(small_p(p), expected);
        }
    }

    #[test]
    fn counts_and_plurals() {
        for (n, expect) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (u64::MAX, "18,446,744,073,709,551,615"),
        ] {
            assert_eq!(count(n), expect);
        }
        assert_eq!(plural(0, "row", "rows"), "0 rows");
        assert_eq!(plural(1, "row", "rows"), "1 row");
        assert_eq!(plural(1200, "row", "rows"), "1,200 rows");
    }

    #[test]
    fn numbers_keep_four_digits() {
        let rows = [
            (0.0, "0"),
            (-0.0, "0"),
            (1.0, "1"),
            (0.1 + 0.2, "0.3"),
            (1234.567, "1,235"),
            (-1234.567, "−1,235"),
            (12.3456, "12.35"),
            (0.000123456, "0.0001235"),
            (0.000012345, "1.234e−5"),
            (9999.96, "10,000"),
            (0.99999, "1"),
            (123456789.0, "123,456,789"),
            (1e15, "1e15"),
            (f64::MAX, "1.798e308"),
            (f64::NAN, "n/a"),
            (f64::NEG_INFINITY, "n/a"),
        ];
        for (value, expect) in rows {
            assert_eq!(number(value), expect, "{value}");
        }
    }

    #[test]
    fn shares_never_round_to_a_false_extreme() {
        let rows = [
            (0.0, "0%"),
            (1e-9, "<0.01%"),
            (0.0012, "0.12%"),
            (0.1234, "12.3%"),
            (0.5, "50%"),
            (0.9987, "99.87%"),
            (1.0 - 1e-9, ">99.99%"),
            (1.0, "100%"),
            (f64::NAN, "n/a"),
        ];
        for (share, expect) in rows {
            assert_eq!(percent(share), expect, "{share}");
        }
    }

    #[test]
    fn p_values_and_bytes() {
        for (p, expect) in [
            (0.0, "<0.001"),
            (0.0314159, "0.031"),
            (1.0, "1"),
            (f64::NAN, "n/a"),
        ] {
            assert_eq!(p_value(p), expect);
        }
        for (n, expect) in [
            (1, "1 byte"),
            (999, "999 bytes"),
            (1500, "1.5 kB"),
            (999_999, "1 MB"),
            (590_000, "590 kB"),
        ] {
            assert_eq!(bytes(n), expect);
        }
    }
}
