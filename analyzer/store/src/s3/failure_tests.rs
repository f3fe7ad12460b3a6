//! The table of answers.

use super::Answer;
use crate::error::{Operation, StoreErrorKind as Kind};

#[test]
fn each_answer_has_its_kind() {
    // Codes and statuses: Amazon S3 API reference, "Error responses", list of error codes (2026-11).
    for (status, code, kind) in [
        (404, "NoSuchKey", Kind::NotFound),
        (404, "NoSuchBucket", Kind::NotFound),
        (404, "", Kind::NotFound),
        (403, "", Kind::Unauthorized),
        (403, "AccessDenied", Kind::Unauthorized),
        (403, "InvalidAccessKeyId", Kind::Unauthorized),
        (403, "SignatureDoesNotMatch", Kind::Unauthorized),
        (403, "RequestTimeTooSkewed", Kind::Unauthorized),
        (400, "ExpiredToken", Kind::Unauthorized),
        (401, "", Kind::Unauthorized),
        (301, "PermanentRedirect", Kind::InvalidLocation),
        (301, "", Kind::InvalidLocation),
        (400, "AuthorizationHeaderMalformed", Kind::InvalidLocation),
        (400, "InvalidBucketName", Kind::InvalidLocation),
        (400, "KeyTooLongError", Kind::InvalidLocation),
        (412, "PreconditionFailed", Kind::PreconditionFailed),
        (409, "ConditionalRequestConflict", Kind::PreconditionFailed),
        (503, "SlowDown", Kind::Throttled),
        (503, "", Kind::Throttled),
        (429, "", Kind::Throttled),
        (400, "RequestTimeout", Kind::Timeout),
        (504, "", Kind::Timeout),
        (500, "InternalError", Kind::Unavailable),
        (502, "", Kind::Unavailable),
        (403, "InvalidObjectState", Kind::Other),
        (400, "MalformedXML", Kind::Other),
    ] {
        let answer = Answer {
            status,
            code: Some(code.to_owned()),
            bucket_region: None,
        };
        for operation in [Operation::List, Operation::Read, Operation::Write] {
            let error = answer.explain(operation, "s3://b/k".into());
            assert_eq!(error.kind(), kind, "{status} {code}");
            assert!(
                error.to_string().starts_with(&format!("{operation} s3://b/k: ")),
                "{error}"
            );
            assert!(
                error.hint().is_some() || matches!(kind, Kind::PreconditionFailed | Kind::Other),
                "{error}"
            );
        }
    }
}

#[test]
fn access_denied_names_the_permission_that_is_missing() {
    let answer = Answer {
        status: 403,
        code: Some("AccessDenied".into()),
        bucket_region: None,
    };
    let error = answer.explain(Operation::Write, "s3://b/k".into());
    assert_eq!(
        error.to_string(),
        "cannot write s3://b/k: access denied (AccessDenied, HTTP 403)"
    );
    assert!(error.hint().unwrap().contains("s3:PutObject"));
    assert!(!error.is_unexplained());
}

#[test]
fn a_refusal_without_a_body_is_marked_as_such() {
    for (status, bucket_region, unexplained) in [
        (403, None, true),
        (400, None, true),
        (400, Some("eu-west-1".to_owned()), false),
        (404, None, false),
    ] {
        let answer = Answer {
            status,
            code: None,
            bucket_region,
        };
        assert_eq!(
            answer
                .explain(Operation::Head, "s3://b/k".into())
                .is_unexplained(),
            unexplained,
            "{status}"
        );
    }
}
