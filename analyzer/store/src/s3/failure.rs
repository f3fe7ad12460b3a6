//! What S3's answers mean: status and error code to a kind, a fragment for the message, and a next step.
//!
//! Pure. It never repeats the service's own message, which can hold signed headers; the source error has it.

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

use crate::error::{Operation, StoreError, StoreErrorKind};
use crate::object_store::PutMode;

type Source = dyn std::error::Error + Send + Sync;

/// A failed request. Retries are over when this is called.
pub(super) fn from_sdk<E>(
    operation: Operation,
    location: String,
    error: SdkError<E, HttpResponse>,
) -> StoreError
where
    E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    let answer = error.raw_response().map(|response| Answer {
        status: response.status().as_u16(),
        code: error.code().map(str::to_owned),
        bucket_region: response.headers().get("x-amz-bucket-region").map(str::to_owned),
    });
    let failed = match (answer, &error) {
        (Some(answer), _) => answer.explain(operation, location),
        (None, SdkError::TimeoutError(_)) => timeout(operation, location),
        (None, SdkError::DispatchFailure(failure)) if failure.is_timeout() => timeout(operation, location),
        (None, _) if has_cause::<CredentialsError>(&error) => no_credentials(operation, location, &error),
        (None, SdkError::DispatchFailure(_)) if is_about_certificates(&error) => StoreError::new(
            StoreErrorKind::Unavailable,
            operation,
            location,
            "the certificate of the S3 service is not trusted here",
        )
        .with_hint(
            "install the system's root certificates (ca-certificates), or set SSL_CERT_FILE to your own",
        ),
        (None, SdkError::DispatchFailure(failure)) if failure.is_io() => StoreError::new(
            StoreErrorKind::Unavailable,
            operation,
            location,
            "the S3 service cannot be reached",
        )
        .with_hint("check the network, AWS_ENDPOINT_URL and AWS_REGION"),
        (None, _) => StoreError::new(StoreErrorKind::Other, operation, location, "the request failed"),
    };
    failed.with_source(error)
}

/// A failed write, where "precondition failed" has a meaning of its own for each mode.
pub(super) fn from_put<E>(location: String, mode: &PutMode, error: SdkError<E, HttpResponse>) -> StoreError
where
    E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    let status = error.raw_response().map(|response| response.status().as_u16());
    let refused =
        |kind, detail: &'static str| StoreError::new(kind, Operation::Write, location.clone(), detail);
    match (mode, status, error.code()) {
        (PutMode::CreateOnly, Some(412), _) => {
            refused(StoreErrorKind::AlreadyExists, "the object already exists").with_source(error)
        }
        (PutMode::IfMatch(_), Some(412), _) | (PutMode::IfMatch(_), Some(404), Some("NoSuchKey")) => refused(
            StoreErrorKind::PreconditionFailed,
            "the object is not the expected version",
        )
        .with_source(error),
        _ => from_sdk(Operation::Write, location, error),
    }
}

/// What an error answer says beyond its body.
#[derive(Debug)]
struct Answer {
    status: u16,
    code: Option<String>,
    bucket_region: Option<String>,
}

const BUCKET_MISSING: &str = "no such bucket";

/// Whether the error says that the whole bucket does not exist.
pub(super) fn is_bucket_missing(error: &StoreError) -> bool {
    error.detail() == BUCKET_MISSING
}

impl Answer {
    fn explain(&self, operation: Operation, location: String) -> StoreError {
        use StoreErrorKind as Kind;
        let code = self.code.as_deref().unwrap_or("");
        let said = |detail: &str| match code {
            "" => format!("{detail} (HTTP {})", self.status),
            code => format!("{detail} ({code}, HTTP {})", self.status),
        };
        let error = |kind, detail: &str| StoreError::new(kind, operation, location.clone(), said(detail));
        match (code, self.status) {
            ("NoSuchBucket", _) => StoreError::new(Kind::NotFound, operation, location, BUCKET_MISSING)
                .with_hint(
                    "check the bucket's name, and that AWS_PROFILE or AWS_ENDPOINT_URL is the right one",
                ),
            (
                "PermanentRedirect" | "AuthorizationHeaderMalformed" | "IllegalLocationConstraintException",
                _,
            )
            | (_, 301 | 307) => self.wrong_region(error),
            ("", 400) if self.bucket_region.is_some() => self.wrong_region(error),
            ("InvalidAccessKeyId" | "SignatureDoesNotMatch" | "InvalidToken" | "AuthFailure", _) => {
                error(Kind::Unauthorized, "the credentials are not accepted").with_hint(
                    "check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, or AWS_PROFILE",
                )
            }
            ("ExpiredToken" | "TokenRefreshRequired" | "ExpiredTokenException", _) => {
                error(Kind::Unauthorized, "the credentials have expired")
                    .with_hint("log in again, for example with aws sso login")
            }
            ("RequestTimeTooSkewed", _) => error(Kind::Unauthorized, "this machine's clock is wrong")
                .with_hint("set the clock; S3 accepts requests within 15 minutes of its own"),
            ("NoSuchKey" | "NotFound" | "NoSuchVersion", _) | (_, 404) => {
                StoreError::new(Kind::NotFound, operation, location, "no such object")
                    .with_hint("check the bucket and the key for a typing error")
            }
            ("PreconditionFailed" | "ConditionalRequestConflict", _) | (_, 412) => {
                error(Kind::PreconditionFailed, "the object changed meanwhile")
            }
            (
                "SlowDown"
                | "Throttling"
                | "ThrottlingException"
                | "TooManyRequests"
                | "RequestLimitExceeded",
                _,
            )
            | (_, 429 | 503) => error(Kind::Throttled, "the service asks to slow down")
                .with_hint("try again later, or with fewer parallel readers"),
            ("RequestTimeout" | "RequestTimeoutException", _) | (_, 408 | 504) => {
                error(Kind::Timeout, "the service gave no answer in time").with_hint("try again later")
            }
            ("InvalidBucketName" | "KeyTooLongError" | "InvalidURI", _) => {
                error(Kind::InvalidLocation, "the service does not accept this name")
                    .with_hint("an S3 location looks like s3://bucket/prefix")
            }
            ("InvalidObjectState", _) => error(Kind::Other, "the object is in an archive storage class")
                .with_hint("restore it first, for example with aws s3api restore-object"),
            ("", 401 | 403) => error(Kind::Unauthorized, "access denied")
                .with_hint(permission(operation))
                .unexplained(),
            (_, 401 | 403) => error(Kind::Unauthorized, "access denied").with_hint(permission(operation)),
            ("", 400) => error(Kind::Other, "the service refused").unexplained(),
            (_, 500..) => error(Kind::Unavailable, "the service failed").with_hint("try again later"),
            _ => error(Kind::Other, "the service refused"),
        }
    }

    fn wrong_region(&self, error: impl Fn(StoreErrorKind, &str) -> StoreError) -> StoreError {
        let hint = match &self.bucket_region {
            Some(region) => format!("the bucket is in {region}: set AWS_REGION={region}"),
            None => "set AWS_REGION to the bucket's region".to_owned(),
        };
        error(StoreErrorKind::InvalidLocation, "the bucket is in another region").with_hint(hint)
    }
}

fn permission(operation: Operation) -> &'static str {
    match operation {
        Operation::List | Operation::Parse | Operation::Connect => {
            "check the credentials, and that they allow s3:ListBucket on the bucket"
        }
        Operation::Read | Operation::Head => {
            "check the credentials, and that they allow s3:GetObject on the object and s3:ListBucket on the bucket"
        }
        Operation::Write => "check the credentials, and that they allow s3:PutObject on the object",
        Operation::Delete => "check the credentials, and that they allow s3:DeleteObject on the object",
    }
}

fn timeout(operation: Operation, location: String) -> StoreError {
    StoreError::new(
        StoreErrorKind::Timeout,
        operation,
        location,
        "the S3 service gave no answer in time",
    )
    .with_hint("check the network, AWS_ENDPOINT_URL and AWS_REGION, or try again later")
}

fn no_credentials(operation: Operation, location: String, error: &Source) -> StoreError {
    let detail = match find_cause::<CredentialsError>(error) {
        Some(CredentialsError::CredentialsNotLoaded(_)) | None => "found no AWS credentials",
        Some(_) => "found no usable AWS credentials",
    };
    StoreError::new(StoreErrorKind::Unauthorized, operation, location, detail).with_hint(
        "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or run where a role is attached",
    )
}

/// By the words of rustls and rustls-native-certs, whose error types do not come through whole.
fn is_about_certificates(error: &Source) -> bool {
    causes(error).any(|cause| cause.to_string().contains("certificate"))
}

fn has_cause<T: std::error::Error + 'static>(error: &Source) -> bool {
    find_cause::<T>(error).is_some()
}

fn find_cause<T: std::error::Error + 'static>(error: &Source) -> Option<&T> {
    causes(error).find_map(<dyn std::error::Error>::downcast_ref)
}

/// The error and its sources, outermost first.
fn causes(error: &Source) -> impl Iterator<Item = &(dyn std::error::Error + 'static)> {
    std::iter::successors(Some(error as &(dyn std::error::Error + 'static)), |error| {
        error.source()
    })
}

#[cfg(test)]
#[path = "failure_tests.rs"]
mod tests;
