//! Objects in S3 and in services that speak its protocol.
//!
//! How a client comes by its credentials is `connect`'s business; what an answer means for the caller is [`failure`]'s.

mod failure;
mod read;

use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::client::customize::CustomizableOperation;
use aws_sdk_s3::config::Config;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::operation::put_object::builders::PutObjectFluentBuilder;
use aws_sdk_s3::operation::put_object::{PutObjectError, PutObjectOutput};
use aws_sdk_s3::primitives::{ByteStream, DateTime};
use bytes::Bytes;

use crate::connect::StoreOptions;
use crate::error::{Operation, StoreError, StoreErrorKind};
use crate::object_store::{ObjectMeta, ObjectStore, PutMode, check_key};
use crate::read_ahead::ObjectReader;

/// A store over one prefix of one bucket.
#[derive(Debug, Clone)]
pub struct S3Store {
    client: Client,
    bucket: String,
    /// Empty, or ending in a slash.
    prefix: String,
    max_attempts: u32,
    backoff: Duration,
    attempt_timeout: Duration,
}

/// Keys asked for per list request, and the most S3 gives.
const PAGE_KEYS: i32 = 1000;

impl S3Store {
    /// The store for what is under `prefix` (without its last slash; possibly empty) in `bucket`.
    pub(crate) fn new(client: Client, bucket: &str, prefix: &str, options: &StoreOptions) -> Self {
        let prefix = if prefix.is_empty() {
            String::new()
        } else {
            format!("{prefix}/")
        };
        Self {
            client,
            bucket: bucket.to_owned(),
            prefix,
            max_attempts: options.max_attempts.max(1),
            backoff: options.initial_backoff,
            attempt_timeout: options.attempt_timeout,
        }
    }

    fn full_key(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    async fn list_pages(
        &self,
        prefix: String,
        max_keys: Option<i32>,
        found: &mut Vec<ObjectMeta>,
    ) -> Result<(), StoreError> {
        let mut token = None;
        loop {
            let page = self
                .client
                .list_objects_v2()
                .bucket(&self.bucket)
                .prefix(&prefix)
                .max_keys(max_keys.unwrap_or(PAGE_KEYS))
                .set_continuation_token(token.take())
                .send()
                .await
                .map_err(|error| failure::from_sdk(Operation::List, self.shown(&prefix), error))?;
            found.extend(
                page.contents
                    .unwrap_or_default()
                    .into_iter()
                    .filter_map(|object| {
                        let key = object.key?.strip_prefix(&self.prefix)?.to_owned();
                        // The consoles of S3 make `folder/` objects of no bytes; they are nobody's data.
                        (!key.is_empty() && !key.ends_with('/')).then(|| ObjectMeta {
                            key,
                            size: size(object.size),
                            etag: object.e_tag.as_deref().map(unquote),
                            last_modified: object.last_modified.and_then(system_time),
                        })
                    }),
            );
            token = page.next_continuation_token;
            if max_keys.is_some() || token.is_none() || page.is_truncated == Some(false) {
                return Ok(());
            }
        }
    }

    fn put_request(
        &self,
        key: &str,
        bytes: &Bytes,
        mode: &PutMode,
    ) -> CustomizableOperation<PutObjectOutput, PutObjectError, PutObjectFluentBuilder> {
        let request = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(self.full_key(key))
            .body(ByteStream::from(bytes.clone()));
        let request = match mode {
            PutMode::Overwrite => request,
            PutMode::CreateOnly => request.if_none_match("*"),
            PutMode::IfMatch(etag) => request.if_match(quote(etag)),
        };
        // The limit for an attempt includes sending the body: a second more for each MB.
        let attempt = self.attempt_timeout + Duration::from_micros(bytes.len() as u64);
        let timeouts = TimeoutConfig::builder()
            .operation_attempt_timeout(attempt)
            .build();
        request
            .customize()
            .config_override(Config::builder().timeout_config(timeouts))
    }

    fn shown(&self, full_key: &str) -> String {
        format!("s3://{}/{full_key}", self.bucket)
    }
}

#[async_trait]
impl ObjectStore for S3Store {
    async fn list(&self, prefix: &str) -> Result<Vec<ObjectMeta>, StoreError> {
        let mut found = Vec::new();
        if prefix.is_empty() || prefix.ends_with('/') {
            self.list_pages(self.full_key(prefix), None, &mut found).await?;
        } else {
            // The object itself sorts before everything else that starts with its key, so one key is enough to see it;
            // the folder is listed on its own, because `a` is also the start of a million keys `ab…`.
            self.list_pages(self.full_key(prefix), Some(1), &mut found)
                .await?;
            found.retain(|object| object.key == prefix);
            self.list_pages(self.full_key(&format!("{prefix}/")), None, &mut found)
                .await?;
        }
        // Directory buckets list in no order.
        found.sort_unstable_by(|left, right| left.key.cmp(&right.key));
        Ok(found)
    }

    async fn folders(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        let full = self.full_key(prefix);
        let (mut names, mut token) = (Vec::new(), None);
        loop {
            let page = self
                .client
                .list_objects_v2()
                .bucket(&self.bucket)
                .prefix(&full)
                .delimiter("/")
                .set_continuation_token(token.take())
                .send()
                .await
                .map_err(|error| failure::from_sdk(Operation::List, self.shown(&full), error))?;
            let found = page.common_prefixes.unwrap_or_default().into_iter();
            names.extend(found.filter_map(|folder| {
                let name = folder
                    .prefix?
                    .strip_prefix(&full)?
                    .trim_end_matches('/')
                    .to_owned();
                (!name.is_empty()).then_some(name)
            }));
            token = page.next_continuation_token;
            if token.is_none() || page.is_truncated == Some(false) {
                names.sort_unstable();
                return Ok(names);
            }
        }
    }

    async fn open(&self, key: &str) -> Result<ObjectReader, StoreError> {
        read::open(self, key).await
    }

    async fn put(&self, key: &str, bytes: Bytes, mode: PutMode) -> Result<String, StoreError> {
        check_key(key, Operation::Write, self.locate(key))?;
        let mut n_conflicts = 0;
        loop {
            let error = match self.put_request(key, &bytes, &mode).send().await {
                Ok(written) => return Ok(written.e_tag.as_deref().map(unquote).unwrap_or_default()),
                Err(error) => error,
            };
            // Another conditional write was under way; S3 asks to try again, and the SDK does not.
            let is_conflict = error.code() == Some("ConditionalRequestConflict");
            n_conflicts += 1;
            if !is_conflict || n_conflicts >= self.max_attempts {
                return Err(failure::from_put(self.locate(key), &mode, error));
            }
            tokio::time::sleep(self.backoff * n_conflicts).await;
        }
    }

    async fn head(&self, key: &str) -> Result<ObjectMeta, StoreError> {
        let answer = self
            .client
            .head_object()
            .bucket(&self.bucket)
            .key(self.full_key(key))
            .send()
            .await
            .map_err(|error| failure::from_sdk(Operation::Head, self.locate(key), error))?;
        Ok(ObjectMeta {
            key: key.to_owned(),
            size: size(answer.content_length),
            etag: answer.e_tag.as_deref().map(unquote),
            last_modified: answer.last_modified.and_then(system_time),
        })
    }

    async fn version_of(&self, key: &str, etag: &str) -> Result<Option<String>, StoreError> {
        let answer = self
            .client
            .head_object()
            .bucket(&self.bucket)
            .key(self.full_key(key))
            .send()
            .await
            .map_err(|error| failure::from_sdk(Operation::Head, self.locate(key), error))?;
        let is_it = answer.e_tag.as_deref().map(unquote).as_deref() == Some(etag);
        // A bucket whose versioning was switched on later calls the version before that `null`.
        Ok(answer.version_id.filter(|version| is_it && version != "null"))
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        let answer = self
            .client
            .delete_object()
            .bucket(&self.bucket)
            .key(self.full_key(key))
            .send()
            .await;
        match answer.map_err(|error| failure::from_sdk(Operation::Delete, self.locate(key), error)) {
            Err(error) if error.kind() == StoreErrorKind::NotFound && !failure::is_bucket_missing(&error) => {
                Ok(())
            }
            Err(error) => Err(error),
            Ok(_) => Ok(()),
        }
    }

    fn locate(&self, key: &str) -> String {
        self.shown(&self.full_key(key))
    }
}

fn quote(etag: &str) -> String {
    format!("\"{etag}\"")
}

fn unquote(etag: &str) -> String {
    etag.trim_matches('"').to_owned()
}

fn size(content_length: Option<i64>) -> u64 {
    content_length
        .and_then(|size| u64::try_from(size).ok())
        .unwrap_or(0)
}

fn system_time(time: DateTime) -> Option<SystemTime> {
    SystemTime::try_from(time).ok()
}

#[cfg(test)]
pub(crate) mod test_server;
#[cfg(test)]
mod tests;
