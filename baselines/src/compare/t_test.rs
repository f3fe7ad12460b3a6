//! Two-sample t tests of equal means, pooled (Student) and unpooled (Welch). Knows no threshold.
//!
//! t = (x̄_b − x̄_c) / s. Student: s² = s_p² (1/n + 1/m), n + m − 2 degrees of freedom. Welch: s² = v_b/n + v_c/m,
//! Welch–Satterthwaite degrees of freedom. Two-sided. SciPy's `ttest_ind(equal_var=True | False)`.
//!
//! Fewer than two rows on a side (Student: fewer than three in all): not computable. No spread on either side: statistic 0 and p = 1 where the means are
//! equal (SciPy: NaN), else not computable (SciPy: ±∞). Grid counts: only with the exact moments of the summary.

use super::measurement::{Measurement, NotComputable, Outcome};
use super::method::{Convention, Method};
use super::spread::Moments;
use super::tail::student_two_sided;

/// Student's or Welch's t of two samples.
pub(crate) fn measure(method: Method, baseline: &Moments, current: &Moments) -> Outcome {
    let (n, m) = (baseline.n as f64, current.n as f64);
    let (squared_error, degrees) = match (baseline.sample_variance(), current.sample_variance()) {
        (Some(v_b), Some(v_c)) if method == Method::WelchTTest => {
            let (e_b, e_c) = (v_b / n, v_c / m);
            let sum = e_b + e_c;
            (sum, sum * sum / (e_b * e_b / (n - 1.0) + e_c * e_c / (m - 1.0)))
        }
        _ if method == Method::WelchTTest
            || baseline.n == 0
            || current.n == 0
            || baseline.n + current.n < 3 =>
        {
            return Err(NotComputable::TooFew { needed: 2 });
        }
        _ => {
            let degrees = n + m - 2.0;
            let squares = n * baseline.variance + m * current.variance;
            (squares / degrees * (1.0 / n + 1.0 / m), degrees)
        }
    };
    let difference = baseline.mean - current.mean;
    let rows = [baseline.n, current.n];
    if squared_error == 0.0 {
        if difference != 0.0 {
            return Err(NotComputable::Infinite);
        }
        return Measurement::of(method, Convention::House, 0.0, rows)?.with_p_value(1.0, "no spread");
    }
    let t = difference / squared_error.sqrt();
    let mut measurement = Measurement::of(method, Convention::Scipy, t, rows)?;
    measurement.parameters.degrees_of_freedom = degrees.is_finite().then_some(degrees);
    measurement.parameters.ddof = Some(1);
    measurement.with_p_value(student_two_sided(t, degrees), "t distribution")
}
