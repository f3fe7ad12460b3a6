//! S3 in this process's memory, for what has to be fast: whole objects, conditions, ranges, lists. Every bucket is there.
//!
//! One lock makes conditional writes atomic. Source: Amazon S3 API reference, PutObject, GetObject, ListObjectsV2. Knows no
//! multipart uploads, versions or checksums, and no other service.

use super::call::Call;
use super::http::{parameter, percent_encoded};
use super::server::locked;
use hyper::body::Bytes;
use hyper::http::request::Parts;
use hyper::{Response, StatusCode};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::ops::Bound;
use std::sync::Mutex;

const MAX_KEYS: usize = 1_000;
const MODIFIED: &str = "2026-01-01T00:00:00.000Z";
const MODIFIED_HTTP: &str = "Thu, 01 Jan 2026 00:00:00 GMT";

/// Objects by bucket and key, `bucket/key`.
#[derive(Debug, Default)]
pub(super) struct Memory(Mutex<BTreeMap<String, Object>>);

#[derive(Debug, Clone)]
struct Object {
    bytes: Bytes,
    etag: String,
}

impl Memory {
    pub(super) fn answer(&self, call: &Call, parts: &Parts) -> Response<Bytes> {
        let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
        match call.operation.as_str() {
            "PutObject" => self.put(call, header("if-none-match"), header("if-match")),
            "GetObject" | "HeadObject" => self.get(&call.resource, header("range"), header("if-match")),
            "DeleteObject" => {
                locked(&self.0).remove(&call.resource);
                plain(StatusCode::NO_CONTENT)
            }
            // SDKs ask for `/bucket/?…`.
            "ListObjectsV2" => self.list(
                call.resource.trim_end_matches('/'),
                parts.uri.query().unwrap_or(""),
            ),
            "HeadBucket" | "of the bucket" => plain(StatusCode::OK),
            _ => error(StatusCode::NOT_IMPLEMENTED, "NotImplemented"),
        }
    }

    fn put(&self, call: &Call, if_none_match: Option<&str>, if_match: Option<&str>) -> Response<Bytes> {
        let mut objects = locked(&self.0);
        let before = objects.get(&call.resource);
        if if_none_match.is_some() && before.is_some() {
            return error(StatusCode::PRECONDITION_FAILED, "PreconditionFailed");
        }
        if let Some(wanted) = if_match {
            match before {
                None => return error(StatusCode::NOT_FOUND, "NoSuchKey"),
                Some(before) if before.etag != wanted => {
                    return error(StatusCode::PRECONDITION_FAILED, "PreconditionFailed");
                }
                Some(_) => {}
            }
        }
        let etag = format!("\"{:032x}\"", xxhash_rust::xxh3::xxh3_128(&call.body));
        let mut answer = plain(StatusCode::OK);
        set(&mut answer, "etag", &etag);
        let object = Object {
            bytes: call.body.clone(),
            etag,
        };
        objects.insert(call.resource.clone(), object);
        answer
    }

    fn get(&self, resource: &str, range: Option<&str>, if_match: Option<&str>) -> Response<Bytes> {
        let Some(object) = locked(&self.0).get(resource).cloned() else {
            return error(StatusCode::NOT_FOUND, "NoSuchKey");
        };
        if if_match.is_some_and(|wanted| wanted != object.etag) {
            return error(StatusCode::PRECONDITION_FAILED, "PreconditionFailed");
        }
        let size = object.bytes.len();
        let mut answer = match range.and_then(|range| range.strip_prefix("bytes=")) {
            None => Response::new(object.bytes),
            Some(range) => {
                let (first, last) = range.split_once('-').unwrap_or((range, ""));
                let first = first.parse().unwrap_or(0usize);
                let end = last.parse::<usize>().map_or(size, |last| (last + 1).min(size));
                if first >= end {
                    return error(StatusCode::RANGE_NOT_SATISFIABLE, "InvalidRange");
                }
                let mut answer = Response::new(object.bytes.slice(first..end));
                *answer.status_mut() = StatusCode::PARTIAL_CONTENT;
                set(
                    &mut answer,
                    "content-range",
                    &format!("bytes {first}-{}/{size}", end - 1),
                );
                answer
            }
        };
        set(&mut answer, "etag", &object.etag);
        set(&mut answer, "last-modified", MODIFIED_HTTP);
        answer
    }

    fn list(&self, bucket: &str, query: &str) -> Response<Bytes> {
        let prefix = parameter(query, "prefix").unwrap_or_default();
        let delimiter = parameter(query, "delimiter").filter(|delimiter| !delimiter.is_empty());
        let after = parameter(query, "continuation-token").or_else(|| parameter(query, "start-after"));
        let n_keys = parameter(query, "max-keys").and_then(|n| n.parse().ok());
        let n_keys = n_keys.map_or(MAX_KEYS, |n: usize| n.min(MAX_KEYS));
        let first = format!("{bucket}/{prefix}");
        let from = match after {
            Some(after) if format!("{bucket}/{after}") >= first => {
                Bound::Excluded(format!("{bucket}/{after}"))
            }
            _ => Bound::Included(first.clone()),
        };
        let objects = locked(&self.0);
        let mut contents = String::new();
        let mut folders = BTreeSet::new();
        let (mut n, mut last, mut is_truncated) = (0, "", false);
        for (name, object) in objects
            .range((from, Bound::Unbounded))
            .take_while(|(name, _)| name.starts_with(&first))
        {
            let key = &name[bucket.len() + 1..];
            let folder = delimiter.as_deref().and_then(|delimiter| {
                let end = key[prefix.len()..].find(delimiter)? + prefix.len() + delimiter.len();
                Some(&key[..end])
            });
            if folder.is_some_and(|folder| folders.contains(folder)) {
                last = key;
                continue;
            }
            if n == n_keys {
                is_truncated = true;
                break;
            }
            n += 1;
            last = key;
            if let Some(folder) = folder {
                folders.insert(folder.to_owned());
            } else {
                let _infallible = write!(
                    contents,
                    "<Contents><Key>{}</Key><LastModified>{MODIFIED}</LastModified><ETag>{}</ETag><Size>{}</Size></Contents>",
                    escaped(key),
                    escaped(&object.etag),
                    object.bytes.len()
                );
            }
        }
        for folder in &folders {
            let folder = escaped(folder);
            let _infallible = write!(
                contents,
                "<CommonPrefixes><Prefix>{folder}</Prefix></CommonPrefixes>"
            );
        }
        if is_truncated {
            let _infallible = write!(
                contents,
                "<NextContinuationToken>{}</NextContinuationToken>",
                escaped(last)
            );
        }
        // A client that asks for encoding gets keys that way, and decodes them again.
        if parameter(query, "encoding-type").is_some() {
            contents = encoded_keys(&contents);
        }
        let xml = format!(
            "<ListBucketResult><IsTruncated>{is_truncated}</IsTruncated><KeyCount>{n}</KeyCount>{contents}</ListBucketResult>"
        );
        let mut answer = Response::new(Bytes::from(xml));
        set(&mut answer, "content-type", "application/xml");
        answer
    }
}

fn encoded_keys(contents: &str) -> String {
    let mut encoded = String::with_capacity(contents.len());
    for (idx, part) in contents.split("<Key>").enumerate() {
        match part.split_once("</Key>").filter(|_| idx > 0) {
            Some((key, rest)) => {
                let _infallible = write!(
                    encoded,
                    "<Key>{}</Key>{rest}",
                    percent_encoded(&key.replace("&amp;", "&"))
                );
            }
            None => encoded.push_str(part),
        }
    }
    encoded
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

fn set(answer: &mut Response<Bytes>, name: &'static str, value: &str) {
    if let Ok(value) = value.parse() {
        answer.headers_mut().insert(name, value);
    }
}

fn plain(status: StatusCode) -> Response<Bytes> {
    let mut answer = Response::new(Bytes::new());
    *answer.status_mut() = status;
    answer
}

fn error(status: StatusCode, code: &str) -> Response<Bytes> {
    let mut answer = Response::new(Bytes::from(format!("<Error><Code>{code}</Code></Error>")));
    *answer.status_mut() = status;
    set(&mut answer, "content-type", "application/xml");
    answer
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::Request;

    fn ask(memory: &Memory, method: &str, target: &str, header: Option<(&str, &str)>) -> Response<Bytes> {
        let mut request = Request::builder().method(method).uri(target).header(
            "authorization",
            "AWS4-HMAC-SHA256 Credential=a/20261122/us-east-1/s3/aws4_request, S",
        );
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        memory.answer(&Call::read(&parts, &Bytes::from_static(b"0123456789")), &parts)
    }

    #[test]
    fn conditions_ranges_and_lists_are_those_of_s3() {
        let memory = Memory::default();
        let put = |key: &str, header| ask(&memory, "PUT", &format!("/b/{key}"), header).status();
        assert_eq!(put("x/1", Some(("if-none-match", "*"))), 200);
        assert_eq!(put("x/1", Some(("if-none-match", "*"))), 412);
        assert_eq!(put("x/1", Some(("if-match", "\"other\""))), 412);
        assert_eq!(put("none", Some(("if-match", "\"other\""))), 404);
        for key in ["x/2", "x/y/3", "x/y/4", "z"] {
            assert_eq!(put(key, None), 200);
        }
        let part = ask(&memory, "GET", "/b/x/1", Some(("range", "bytes=3-5")));
        assert_eq!(
            (part.status().as_u16(), part.body().as_ref()),
            (206, b"345".as_slice())
        );
        assert_eq!(part.headers()["content-range"], "bytes 3-5/10");
        assert_eq!(ask(&memory, "GET", "/b/absent", None).status(), 404);
        let list = |query: &str| {
            let answer = ask(&memory, "GET", &format!("/b?list-type=2&{query}"), None);
            let xml = String::from_utf8(answer.body().to_vec()).unwrap();
            let of = |tag: &str| super::super::http::elements(&xml, tag);
            (of("Key"), of("Prefix"), of("NextContinuationToken"))
        };
        let none: [String; 0] = [];
        assert_eq!(
            list("prefix=x/&delimiter=/"),
            (
                vec!["x/1".into(), "x/2".into()],
                vec!["x/y/".into()],
                none.to_vec()
            )
        );
        let (keys, _, next) = list("max-keys=3");
        assert_eq!(
            (keys, &next),
            (
                vec!["x/1".into(), "x/2".into(), "x/y/3".into()],
                &vec!["x/y/3".to_owned()]
            )
        );
        assert_eq!(list("max-keys=3&continuation-token=x%2Fy%2F3").0, ["x/y/4", "z"]);
        let as_sdks_ask = ask(&memory, "GET", "/b/?list-type=2&prefix=z", None);
        assert!(String::from_utf8_lossy(as_sdks_ask.body()).contains("<Key>z</Key>"));
    }
}
