//! Numbers as Java's `Double.toString` writes them, the text form of every number in Model Monitor's files.
//!
//! Does not know JSON, and does not decide how many digits a reader needs: the digits are the shortest that read
//! back as the same `f64`.

/// Text of a finite number in the form of Java's `Double.toString` (JDK 19 and later, which writes the shortest
/// digits): plain with at least one decimal between 1e-3 and 1e7, `1.1175931250001853E7` outside.
///
/// `NaN` and the infinities come out in Java's words; the canonical writer refuses them before they get here.
pub fn java_double(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 {
            "Infinity".to_owned()
        } else {
            "-Infinity".to_owned()
        };
    }
    let magnitude = value.abs();
    if magnitude == 0.0 || (1e-3..1e7).contains(&magnitude) {
        return format!("{value:?}");
    }
    let scientific = format!("{value:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    if digits.contains('.') {
        format!("{digits}E{exponent}")
    } else {
        format!("{digits}.0E{exponent}")
    }
}

/// A share as Model Monitor's descriptions print percentages: `share * 100` in Java's double form.
pub fn java_percent(share: f64) -> String {
    format!("{}%", java_double(share * 100.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    // The first three stand in real Model Monitor output: ox-cardio/statistics.json (`sum` of height_ft), the
    // descriptions of packt-run/constraint_violations.json, and nb-outputs/churn_first10_violations.csv (contract
    // §3.2). The rest follow the rules in the documentation of java.lang.Double.toString.
    #[test]
    fn numbers_look_like_javas() {
        let check = |value: f64, expect: &str| assert_eq!(java_double(value), expect);
        check(11175931.250001853, "1.1175931250001853E7");
        check(12.0 / 18.0 * 100.0, "66.66666666666666");
        check(1970.0 / 1977.0 * 100.0, "99.64592817400101");
        check(0.0, "0.0");
        check(-0.0, "-0.0");
        check(100.0, "100.0");
        check(9999999.0, "9999999.0");
        check(10000000.0, "1.0E7");
        check(0.001, "0.001");
        check(0.0009, "9.0E-4");
        check(-8.080858763541535e-4, "-8.080858763541535E-4");
        check(4.972724545902011e-17, "4.972724545902011E-17");
        check(f64::MAX, "1.7976931348623157E308");
    }

    #[test]
    fn percent_has_no_space() {
        assert_eq!(java_percent(1.0), "100.0%");
        assert_eq!(java_percent(0.0), "0.0%");
    }
}
