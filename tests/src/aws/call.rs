//! A request to AWS, named: who asked which service for what.
//!
//! Reads the service from the signature's scope and the operation from where each protocol has it. Does not check the
//! signature.

use super::http::{parameter, percent_decoded};
use hyper::Method;
use hyper::body::Bytes;
use hyper::http::request::Parts;

/// One recorded request.
#[derive(Debug, Clone)]
pub struct Call {
    /// Access key: the function's name and the number of its process, or what a program was told to be.
    pub caller: String,
    /// As signatures name it: `s3`, `sqs`, `events`, `sns`, `sagemaker`, `states`, `lambda`, …
    pub service: String,
    /// As the API reference names it, such as `PutObject`.
    pub operation: String,
    /// Bucket and key for S3, the function for Lambda, else empty.
    pub resource: String,
    /// What was sent.
    pub body: Bytes,
    /// Whether a condition (`If-None-Match`, `If-Match`) was sent along.
    pub is_conditional: bool,
    /// The answer's status; `None` where there was none.
    pub status: Option<u16>,
    /// The rule that struck.
    pub fault: Option<usize>,
}

impl Call {
    /// The function or program without the number of its process.
    pub fn of(&self) -> &str {
        self.caller
            .rsplit_once('-')
            .filter(|(_, number)| number.bytes().all(|byte| byte.is_ascii_digit()))
            .map_or(self.caller.as_str(), |(name, _)| name)
    }

    /// The body as JSON; `null` where it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    pub(super) fn read(parts: &Parts, body: &Bytes) -> Self {
        let header = |name: &str| {
            parts
                .headers
                .get(name)
                .and_then(|value| value.to_str().ok())
                .unwrap_or("")
        };
        let scope = header("authorization")
            .split_once("Credential=")
            .map_or("", |(_, scope)| scope);
        let mut scope = scope.split([',', ' ']).next().unwrap_or("").split('/');
        let caller = scope.next().unwrap_or("").to_owned();
        let service = scope.nth(2).unwrap_or("").to_owned();
        let path = percent_decoded(parts.uri.path());
        let target = header("x-amz-target").rsplit('.').next().unwrap_or("").to_owned();
        let mut resource = String::new();
        let operation = if let Some(function) = invoked_function(&path) {
            function.clone_into(&mut resource);
            "Invoke".to_owned()
        } else if !target.is_empty() {
            target
        } else if let Some((_, operation)) = path.rsplit_once("/operation/") {
            operation.to_owned()
        } else if service == "s3" {
            path.trim_start_matches('/').clone_into(&mut resource);
            s3_operation(parts, &resource).to_owned()
        } else {
            let form = std::str::from_utf8(body).unwrap_or("");
            parameter(form, "Action").unwrap_or_else(|| format!("{} {path}", parts.method))
        };
        Self {
            caller,
            service,
            operation,
            resource,
            body: body.clone(),
            is_conditional: parts.headers.contains_key("if-none-match")
                || parts.headers.contains_key("if-match"),
            status: None,
            fault: None,
        }
    }
}

/// The function of an Invoke request, by name, partial or whole ARN.
fn invoked_function(path: &str) -> Option<&str> {
    let name = path
        .strip_prefix("/2015-03-31/functions/")?
        .strip_suffix("/invocations")?;
    let name = name.split_once(":function:").map_or(name, |(_, name)| name);
    Some(name.split(':').next().unwrap_or(name))
}

fn s3_operation(parts: &Parts, resource: &str) -> &'static str {
    let query = parts.uri.query().unwrap_or("");
    let has = |name: &str| parameter(query, name).is_some();
    let has_key = resource.split_once('/').is_some_and(|(_, key)| !key.is_empty());
    match (&parts.method, has_key) {
        (&Method::PUT, true) if has("partNumber") => "UploadPart",
        (&Method::PUT, true) if parts.headers.contains_key("x-amz-copy-source") => "CopyObject",
        (&Method::PUT, true) => "PutObject",
        (&Method::GET, true) => "GetObject",
        (&Method::HEAD, true) => "HeadObject",
        (&Method::DELETE, true) if has("uploadId") => "AbortMultipartUpload",
        (&Method::DELETE, true) => "DeleteObject",
        (&Method::POST, true) if has("uploads") => "CreateMultipartUpload",
        (&Method::POST, true) => "CompleteMultipartUpload",
        (&Method::GET, false) if has("list-type") => "ListObjectsV2",
        (&Method::HEAD, false) => "HeadBucket",
        (&Method::POST, false) => "DeleteObjects",
        _ => "of the bucket",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::Request;

    fn read(method: &str, target: &str, service: &str, header: Option<&str>, body: &str) -> Call {
        let scope =
            format!("AWS4-HMAC-SHA256 Credential=ingest-3/20261122/us-east-1/{service}/aws4_request, S");
        let mut request = Request::builder()
            .method(method)
            .uri(target)
            .header("authorization", scope);
        if let Some(header) = header {
            request = request.header("x-amz-target", header);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        Call::read(&parts, &Bytes::copy_from_slice(body.as_bytes()))
    }

    #[test]
    fn every_protocol_is_named() {
        for (method, target, service, header, body, operation, resource) in [
            (
                "PUT",
                "/b/a%20b?x-id=PutObject",
                "s3",
                None,
                "",
                "PutObject",
                "b/a b",
            ),
            (
                "GET",
                "/b?list-type=2&prefix=x",
                "s3",
                None,
                "",
                "ListObjectsV2",
                "b",
            ),
            (
                "POST",
                "/",
                "sqs",
                Some("AmazonSQS.SendMessage"),
                "{}",
                "SendMessage",
                "",
            ),
            (
                "POST",
                "/",
                "sns",
                None,
                "Action=Publish&Message=a",
                "Publish",
                "",
            ),
            (
                "POST",
                "/2015-03-31/functions/arn:aws:lambda:us-east-1:1:function:act:1/invocations",
                "lambda",
                None,
                "{}",
                "Invoke",
                "act",
            ),
        ] {
            let call = read(method, target, service, header, body);
            assert_eq!(
                (call.operation.as_str(), call.resource.as_str()),
                (operation, resource)
            );
            assert_eq!(
                (call.service.as_str(), call.caller.as_str(), call.of()),
                (service, "ingest-3", "ingest")
            );
        }
    }
}
