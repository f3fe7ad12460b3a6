//! What a test itself asks the account for. Goes to moto past the rules and the record; what concerns executions goes
//! through their keeper.

use super::http::{elements, parameter, percent_decoded, percent_encoded, send};
use super::{Aws, REGION};
use anyhow::{Result, ensure};
use hyper::body::Bytes;
use hyper::http::request::Builder;
use hyper::{Request, Response};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;

impl Aws {
    /// Asks a service that speaks JSON, such as `AmazonSQS.SendMessage`.
    pub fn json(&self, service: &str, target: &str, body: &Value) -> Result<Value> {
        let request = self
            .request("POST", "/", service)
            .header("x-amz-target", target)
            .header("content-type", "application/x-amz-json-1.0")
            .body(Bytes::from(body.to_string()))?;
        let answer = self.ask(request)?;
        if answer.body().is_empty() {
            return Ok(Value::Null);
        }
        Ok(serde_json::from_slice(answer.body())?)
    }

    /// Asks a service that takes forms and answers XML, such as SNS.
    pub fn form(&self, service: &str, action: &str, fields: &[(&str, &str)]) -> Result<String> {
        let mut form = format!("Action={action}");
        for (name, value) in fields {
            let value = percent_encoded(value).replace('/', "%2F");
            let _infallible = write!(form, "&{name}={value}");
        }
        let request = self
            .request("POST", "/", service)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Bytes::from(form))?;
        Ok(String::from_utf8(self.ask(request)?.body().to_vec())?)
    }

    /// As [`Self::json`], but as functions ask: through the record, the rules and the executions. Status and answer.
    pub fn through(&self, service: &str, target: &str, body: &Value) -> Result<(u16, Value)> {
        let request = self.request("POST", "/", service).header("x-amz-target", target);
        self.ask_through(request, body)
    }

    /// The same of a service that has its operation in the path.
    pub fn post_through(&self, service: &str, path: &str, body: &Value) -> Result<(u16, Value)> {
        self.ask_through(self.request("POST", path, service), body)
    }

    fn ask_through(&self, request: Builder, body: &Value) -> Result<(u16, Value)> {
        let request = request
            .header("content-type", "application/x-amz-json-1.1")
            .body(Bytes::from(body.to_string()))?;
        let answer = self.runtime.block_on(send(self.address, request))?;
        let said = serde_json::from_slice(answer.body()).unwrap_or_default();
        Ok((answer.status().as_u16(), said))
    }

    /// Makes a bucket.
    pub fn make_bucket(&self, bucket: &str) -> Result<()> {
        self.ask(
            self.request("PUT", &format!("/{bucket}"), "s3")
                .body(Bytes::new())?,
        )?;
        Ok(())
    }

    /// Sets one of a bucket's sub-resources, such as `notification`.
    pub fn set_of_bucket(&self, bucket: &str, what: &str, xml: &str) -> Result<()> {
        let request = self
            .request("PUT", &format!("/{bucket}?{what}"), "s3")
            .body(Bytes::from(xml.to_owned()))?;
        self.ask(request)?;
        Ok(())
    }

    /// Writes an object.
    pub fn put_object(&self, bucket: &str, key: &str, bytes: impl Into<Bytes>) -> Result<()> {
        let path = format!("/{bucket}/{}", percent_encoded(key));
        self.ask(self.request("PUT", &path, "s3").body(bytes.into())?)?;
        Ok(())
    }

    /// Deletes an object, whether it is there or not.
    pub fn delete_object(&self, bucket: &str, key: &str) -> Result<()> {
        let path = format!("/{bucket}/{}", percent_encoded(key));
        self.ask(self.request("DELETE", &path, "s3").body(Bytes::new())?)?;
        Ok(())
    }

    /// Reads an object; `None` where there is none.
    pub fn get_object(&self, bucket: &str, key: &str) -> Result<Option<Bytes>> {
        let path = format!("/{bucket}/{}", percent_encoded(key));
        let request = self.request("GET", &path, "s3").body(Bytes::new())?;
        let answer = self.runtime.block_on(send(self.behind(), request))?;
        if answer.status() == 404 {
            return Ok(None);
        }
        Ok(Some(checked(answer)?.into_body()))
    }

    /// An object of JSON.
    pub fn get_json(&self, bucket: &str, key: &str) -> Result<Value> {
        let bytes = self.get_object(bucket, key)?;
        ensure!(bytes.is_some(), "there is no s3://{bucket}/{key}");
        Ok(serde_json::from_slice(&bytes.unwrap_or_default())?)
    }

    /// Keys that start with `prefix`, sorted.
    pub fn keys(&self, bucket: &str, prefix: &str) -> Result<Vec<String>> {
        let mut keys = Vec::new();
        let mut query = format!("list-type=2&encoding-type=url&prefix={}", percent_encoded(prefix));
        loop {
            let request = self
                .request("GET", &format!("/{bucket}?{query}"), "s3")
                .body(Bytes::new())?;
            let answer = self.ask(request)?;
            let xml = String::from_utf8(answer.body().to_vec())?;
            keys.extend(elements(&xml, "Key").iter().map(|key| percent_decoded(key)));
            let Some(next) = elements(&xml, "NextContinuationToken").pop() else {
                break;
            };
            debug_assert!(parameter(&query, "continuation-token").as_ref() != Some(&next));
            let next = percent_encoded(&next).replace('/', "%2F");
            query = format!(
                "list-type=2&encoding-type=url&prefix={}&continuation-token={next}",
                percent_encoded(prefix)
            );
        }
        keys.sort();
        Ok(keys)
    }

    /// Every object whose key starts with `prefix`.
    pub fn objects(&self, bucket: &str, prefix: &str) -> Result<BTreeMap<String, Bytes>> {
        let mut objects = BTreeMap::new();
        for key in self.keys(bucket, prefix)? {
            if let Some(bytes) = self.get_object(bucket, &key)? {
                objects.insert(key, bytes);
            }
        }
        Ok(objects)
    }

    /// Writes every file below `folder` below `prefix`.
    pub fn upload(&self, folder: &std::path::Path, bucket: &str, prefix: &str) -> Result<()> {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let key = format!("{prefix}/{name}");
            if path.is_dir() {
                self.upload(&path, bucket, &key)?;
            } else {
                self.put_object(bucket, &key, std::fs::read(&path)?)?;
            }
        }
        Ok(())
    }

    pub(super) fn request(&self, method: &str, target: &str, service: &str) -> Builder {
        Request::builder()
            .method(method)
            .uri(target)
            .header("host", self.address.to_string())
            .header(
                "authorization",
                format!(
                    "AWS4-HMAC-SHA256 Credential=test/20261122/{REGION}/{service}/aws4_request, SignedHeaders=host, Signature=0"
                ),
            )
    }

    pub(super) fn ask(&self, request: Request<Bytes>) -> Result<Response<Bytes>> {
        let asked = format!("{} {}", request.method(), request.uri());
        let answer = self.runtime.block_on(send(self.behind(), request))?;
        checked(answer).map_err(|error| error.context(asked))
    }
}

fn checked(answer: Response<Bytes>) -> Result<Response<Bytes>> {
    ensure!(
        answer.status().is_success(),
        "answered {}: {}",
        answer.status(),
        String::from_utf8_lossy(answer.body())
    );
    Ok(answer)
}
