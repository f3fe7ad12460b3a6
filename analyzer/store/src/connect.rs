//! From a location to an open store: which backend, and for S3 whose credentials, which region, which endpoint.
//!
//! The environment is read here, through aws-config, and nowhere else in the crate.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::{Builder, Connector, tls};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_types::service_config::ServiceConfigKey;

use crate::error::{Operation, StoreError, StoreErrorKind};
use crate::local::LocalStore;
use crate::location::Location;
use crate::object_store::ObjectStore;
use crate::s3::S3Store;

/// How to reach S3. What is `None` comes from the environment, as for every AWS tool.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// Service endpoint; default `AWS_ENDPOINT_URL_S3`, then `AWS_ENDPOINT_URL`, then AWS's own. With an endpoint,
    /// buckets are addressed by path.
    pub endpoint_url: Option<String>,
    /// Region; default `AWS_REGION`, the profile, the machine's own; with an endpoint at last `us-east-1`.
    pub region: Option<String>,
    /// Credentials; default AWS's standard chain (variables, profile, SSO, web identity, container, machine).
    pub access_key: Option<AccessKey>,
    /// Attempts per request, the first included.
    pub max_attempts: u32,
    /// Upper bound of the wait before the first retry; it doubles from there.
    pub initial_backoff: Duration,
    /// Limit for a connection to be made.
    pub connect_timeout: Duration,
    /// Limit for one attempt to be answered; reading the answer's body is not part of it.
    pub attempt_timeout: Duration,
    /// What was connected with these options before; clones share it.
    pub clients: Clients,
}

/// Clients of S3 by the settings they were made with, so that a run over several locations looks for credentials,
/// region and root certificates once and keeps its connections.
#[derive(Clone, Default)]
pub struct Clients(Arc<tokio::sync::Mutex<Vec<(StoreOptions, aws_sdk_s3::Client)>>>);

impl fmt::Debug for Clients {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Clients").finish_non_exhaustive()
    }
}

/// A fixed pair of credentials.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessKey {
    /// Access key id.
    pub id: String,
    /// Secret access key.
    pub secret: String,
}

impl fmt::Debug for AccessKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("AccessKey")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            endpoint_url: None,
            region: None,
            access_key: None,
            max_attempts: 5,
            initial_backoff: Duration::from_millis(300),
            connect_timeout: Duration::from_secs(5),
            attempt_timeout: Duration::from_mins(1),
            clients: Clients::default(),
        }
    }
}

/// Opens the store for a location, and says what to ask of it: `list(&root)` finds what the location names.
///
/// The root is empty for a folder or prefix (keys are relative to it). For a single object it is the object's name,
/// and the store is that of the folder around it.
///
/// A local folder need not exist yet. A location that is a single file or object is found out here (for S3 by one
/// `HEAD`). Errors: no credentials, no region, an unreachable service.
pub async fn open_store(
    location: &Location,
    options: &StoreOptions,
) -> Result<(Arc<dyn ObjectStore>, String), StoreError> {
    if let Some((bucket, key)) = location.as_bucket_and_key() {
        return open_s3(location, bucket, key, options).await;
    }
    let is_file = match location.to_path_buf() {
        Some(path) => tokio::task::spawn_blocking(move || path.is_file())
            .await
            .unwrap_or(false),
        None => false,
    };
    let (folder, root) = match (is_file, location.parent(), location.file_name()) {
        (true, Some(parent), Some(name)) => (parent, name.to_owned()),
        _ => (location.clone(), String::new()),
    };
    Ok((Arc::new(LocalStore::new(&folder)?), root))
}

async fn open_s3(
    location: &Location,
    bucket: &str,
    key: &str,
    options: &StoreOptions,
) -> Result<(Arc<dyn ObjectStore>, String), StoreError> {
    let client = client(location, options).await?;
    let base = key.trim_end_matches('/');
    let store = S3Store::new(client.clone(), bucket, base, options);
    if location.is_folder_like() {
        return Ok((Arc::new(store), String::new()));
    }
    let (folder, name) = base.rsplit_once('/').unwrap_or(("", base));
    let holder = S3Store::new(client, bucket, folder, options);
    match holder.head(name).await {
        Ok(_) => Ok((Arc::new(holder), name.to_owned())),
        // Who may write but not list gets 403 for a missing object. What is refused without a reason here is refused
        // with one when it is used.
        Err(error) if matches!(error.kind(), StoreErrorKind::NotFound) || error.is_unexplained() => {
            Ok((Arc::new(store), String::new()))
        }
        Err(error) => Err(error),
    }
}

async fn client(location: &Location, options: &StoreOptions) -> Result<aws_sdk_s3::Client, StoreError> {
    let mut made = options.clients.0.lock().await;
    if let Some((_, client)) = made.iter().find(|(settings, _)| settings.same_settings(options)) {
        return Ok(client.clone());
    }
    let client = new_client(location, options).await?;
    // With a cache of its own, empty: one that contains itself would never be freed.
    made.push((
        StoreOptions {
            clients: Clients::default(),
            ..options.clone()
        },
        client.clone(),
    ));
    Ok(client)
}

impl StoreOptions {
    fn same_settings(&self, other: &Self) -> bool {
        let settings = |options: &Self| {
            let Self {
                max_attempts,
                initial_backoff,
                connect_timeout,
                attempt_timeout,
                ..
            } = *options;
            (max_attempts, initial_backoff, connect_timeout, attempt_timeout)
        };
        settings(self) == settings(other)
            && self.endpoint_url == other.endpoint_url
            && self.region == other.region
            && self.access_key == other.access_key
    }
}

async fn new_client(location: &Location, options: &StoreOptions) -> Result<aws_sdk_s3::Client, StoreError> {
    let shared = shared_config(options).await;
    let mut config = aws_sdk_s3::config::Builder::from(&shared);
    let has_endpoint = has_endpoint(&shared);
    if has_endpoint {
        config.set_force_path_style(Some(true));
    }
    if shared.region().is_none() {
        if !has_endpoint {
            return Err(StoreError::new(
                StoreErrorKind::InvalidLocation,
                Operation::Connect,
                location.to_string(),
                "found no AWS region, neither in the environment nor in a profile",
            )
            .with_hint("set AWS_REGION to the bucket's region, for example AWS_REGION=eu-west-1"));
        }
        config.set_region(Some(Region::from_static("us-east-1")));
    }
    Ok(aws_sdk_s3::Client::from_conf(config.build()))
}

/// Region, credentials, endpoint, retries and HTTP client for a client of any AWS service.
pub async fn shared_config(options: &StoreOptions) -> SdkConfig {
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http_client())
        .retry_config(
            RetryConfig::standard()
                .with_max_attempts(options.max_attempts)
                .with_initial_backoff(options.initial_backoff),
        )
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(options.connect_timeout)
                .operation_attempt_timeout(options.attempt_timeout)
                .build(),
        );
    if let Some(url) = &options.endpoint_url {
        loader = loader.endpoint_url(url);
    }
    if let Some(region) = &options.region {
        loader = loader.region(Region::new(region.clone()));
    }
    if let Some(AccessKey { id, secret }) = &options.access_key {
        loader = loader.credentials_provider(Credentials::new(id, secret, None, None, "driftline options"));
    }
    loader.load().await
}

/// Whether an endpoint is set for S3 or for all services, in the order in which the S3 client looks.
fn has_endpoint(shared: &SdkConfig) -> bool {
    let for_s3 = ServiceConfigKey::builder()
        .service_id("S3")
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build()
        .ok()
        .and_then(|key| shared.service_config()?.load_config(key));
    for_s3.is_some() || shared.endpoint_url().is_some()
}

/// The SDK's own default client (hyper, rustls, the platform's root certificates, proxies from the environment), with
/// ring in place of aws-lc, which is the cheaper build: ARCHITECTURE.md has the numbers.
fn http_client() -> SharedHttpClient {
    Builder::new().build_with_connector_fn(|settings, components| {
        let mut connector = Connector::builder()
            .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring))
            .proxy_config(ProxyConfig::from_env());
        connector.set_connector_settings(settings.cloned());
        connector.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
        connector.build()
    })
}

#[cfg(test)]
#[path = "connect_tests.rs"]
mod tests;
