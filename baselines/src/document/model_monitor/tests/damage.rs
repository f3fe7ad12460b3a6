//! Damaged files: every error says where and what, and never a value.

use super::*;

fn check_error(bytes: &[u8], expect: &str) {
    let result = Statistics::from_bytes(bytes).and_then(Statistics::into_summary);
    let error = result.unwrap_err();
    assert_eq!(error.to_string(), expect);
    assert!(!error.hint().is_empty());
}

#[test]
fn a_damaged_statistics_file_says_where_and_what() {
    let text = String::from_utf8(own("statistics_2021.json")).unwrap();
    check_error(
        &text.as_bytes()[..text.len() / 2],
        "statistics.json is not valid JSON: EOF while parsing a string at line 15, column 121",
    );
    check_error(
        text.replace("\"mean\" : 2.5", "\"mean\" : \"someone@example.com\"")
            .as_bytes(),
        "statistics.json does not have its shape at `features[0].numerical_statistics.mean` (line 9, column 36): \
         invalid type: string, expected f64",
    );
    check_error(
        text.replace("\"mean\" : 2.5, ", "").as_bytes(),
        "statistics.json does not have its shape at `features[0].numerical_statistics` (line 18, column 5): missing \
         field `mean`",
    );
    check_error(
        text.replace("\"Unknown\"", "\"Date\"").as_bytes(),
        "statistics.json does not have its shape at `features[3].inferred_type` (line 33, column 28): unknown variant, \
         expected one of `Integral`, `Fractional`, `String`, `Unknown`",
    );
    check_error(
        text.replace("\"version\" : 0", "\"version\" : 2").as_bytes(),
        "statistics.json has version 2.0, this program reads 0.0 (Model Monitor's only one)",
    );
    check_error(
        text.replace("\"flag\"", "\"amount\"").as_bytes(),
        "statistics.json is not usable at `features[1].name`: expected a name that no other column has",
    );
    check_error(
        text.replace("[ 5.5, 2.25 ]", "[ 1e999, 2.25 ]").as_bytes(),
        "statistics.json is not valid JSON: number out of range at line 17, column 99",
    );
    check_error(
        text.replace("\"string_statistics\"", "\"strings\"").as_bytes(),
        "statistics.json is not usable at `features[1]`: expected `string_statistics` for a column that is not numeric",
    );
    check_error(
        b"7",
        "statistics.json does not have its shape at `.` (line 1, column 1): invalid type: integer, expected struct Statistics",
    );
    check_error(
        b"{}",
        "statistics.json is not usable at `.`: expected `features`, or the metrics of a model-quality run",
    );
    check_error(
        &own("model_quality_statistics.json"),
        "statistics.json is not usable at `.`: expected `features`: these are the statistics of a model-quality run",
    );
}
