//! The name that makes a start idempotent.
//!
//! The same monitor, incident and revision give the same token on any machine, so that retries, duplicated events and
//! concurrent deciders ask for one and the same execution. Does not know SageMaker beyond the form it demands.

use std::fmt::Write as _;
use xxhash_rust::xxh3::xxh3_128;

/// `ClientRequestToken` for one revision of one incident of one monitor: 42 characters of `[a-z0-9-]`.
///
/// SageMaker's API demands 32 to 128 characters (API reference, `StartPipelineExecution`). The digest is XXH3-128 over the
/// parts with their lengths, so that no two triples are written alike.
pub fn request_token(monitor: &str, incident: &str, revision: u32) -> String {
    format!(
        "driftline-{:032x}",
        xxh3_128(framed(&[monitor, incident, &revision.to_string()]).as_bytes())
    )
}

/// Parts with their lengths in front: no two lists of parts have the same text.
pub(super) fn framed(parts: &[&str]) -> String {
    let mut text = String::new();
    for part in parts {
        let _infallible = write!(text, "{}:{part};", part.len());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn parts_do_not_run_into_each_other() {
        let tokens: BTreeSet<String> = [
            ("a", "bc", 1),
            ("ab", "c", 1),
            ("a", "bc", 11),
            ("a", "bc1", 1),
            ("a;2", "bc", 1),
        ]
        .into_iter()
        .map(|(monitor, incident, revision)| request_token(monitor, incident, revision))
        .collect();
        assert_eq!(tokens.len(), 5);
    }

    proptest! {
        #[test]
        fn tokens_have_the_form_that_sagemaker_takes(monitor in ".{0,80}", incident in ".{0,80}", revision: u32) {
            let token = request_token(&monitor, &incident, revision);
            prop_assert!((32..=128).contains(&token.len()));
            prop_assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'));
            prop_assert_eq!(token, request_token(&monitor, &incident, revision));
        }
    }
}
