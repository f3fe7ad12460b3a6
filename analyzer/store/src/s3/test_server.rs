//! An S3 service in this process for tests: s3s-fs on 127.0.0.1, with what it lacks put in front of it.
//!
//! Added: one lock around writes (its conditional writes are check-then-write), `If-Match` on reads, "no such bucket"
//! and "no such key" where its folders show through, and faults on demand. Signatures are checked by s3s itself.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use s3s::auth::SimpleAuth;
use s3s::dto::{
    CreateBucketInput, CreateBucketOutput, DeleteObjectInput, DeleteObjectOutput, GetObjectInput,
    GetObjectOutput, HeadObjectInput, HeadObjectOutput, ListObjectsV2Input, ListObjectsV2Output,
    PutObjectInput, PutObjectOutput,
};
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{S3, S3Request, S3Response, S3Result, s3_error};
use s3s_fs::FileSystem;
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::connect::{AccessKey, StoreOptions};

pub(crate) const BUCKET: &str = "test-bucket";

/// A running service; it ends with the test's runtime, its files with this.
pub(crate) struct TestServer {
    pub(crate) url: String,
    pub(crate) folder: TempDir,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Debug, Default)]
struct Seen {
    faults: VecDeque<Fault>,
    requests: Vec<String>,
}

/// What happens to the next request of a method, instead of or to its answer.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    pub(crate) method: Method,
    pub(crate) action: Action,
}

#[derive(Debug, Clone)]
pub(crate) enum Action {
    /// Answer with this status, error code (no body when empty) and bucket region header.
    Fail {
        status: u16,
        code: &'static str,
        bucket_region: Option<&'static str>,
    },
    /// Close the connection after so many bytes of the answer's body.
    CutBody { after: u64 },
    /// Forget to answer.
    Hang,
}

impl TestServer {
    pub(crate) async fn start() -> Self {
        let folder = TempDir::new().unwrap();
        std::fs::create_dir(folder.path().join(BUCKET)).unwrap();
        let mut builder = S3ServiceBuilder::new(Locked {
            inner: FileSystem::new(folder.path()).unwrap(),
            bucket_folder: folder.path().to_owned(),
            writes: tokio::sync::Mutex::new(()),
        });
        builder.set_auth(SimpleAuth::from_single("test-id", "test-secret"));
        let service = builder.build();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::<Mutex<Seen>>::default();
        tokio::spawn(accept(listener, service, Arc::clone(&seen)));
        Self { url, folder, seen }
    }

    /// Options that reach this service, with retries that do not wait long.
    pub(crate) fn options(&self) -> StoreOptions {
        StoreOptions {
            endpoint_url: Some(self.url.clone()),
            region: Some("us-east-1".into()),
            access_key: Some(AccessKey {
                id: "test-id".into(),
                secret: "test-secret".into(),
            }),
            initial_backoff: Duration::from_millis(1),
            ..StoreOptions::default()
        }
    }

    pub(crate) fn inject(&self, method: Method, action: Action) {
        self.seen
            .lock()
            .unwrap()
            .faults
            .push_back(Fault { method, action });
    }

    /// Method, path with query, and range of every request since the last call.
    pub(crate) fn take_requests(&self) -> Vec<String> {
        std::mem::take(&mut self.seen.lock().unwrap().requests)
    }
}

async fn accept(listener: TcpListener, service: S3Service, seen: Arc<Mutex<Seen>>) {
    while let Ok((socket, _)) = listener.accept().await {
        socket.set_nodelay(true).unwrap();
        let (service, seen) = (service.clone(), Arc::clone(&seen));
        let handler = service_fn(move |request| answer(request, service.clone(), Arc::clone(&seen)));
        tokio::spawn(async move {
            let server = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
            // A connection that a fault cut ends in an error here, as it should.
            drop(server.serve_connection(TokioIo::new(socket), handler).await);
        });
    }
}

async fn answer(
    request: Request<Incoming>,
    service: S3Service,
    seen: Arc<Mutex<Seen>>,
) -> Result<Response<CutBody>, s3s::HttpError> {
    let fault = {
        let mut seen = seen.lock().unwrap();
        let range = request
            .headers()
            .get("range")
            .map_or("", |range| range.to_str().unwrap());
        seen.requests.push(
            format!("{} {} {range}", request.method(), request.uri())
                .trim_end()
                .to_owned(),
        );
        let position = seen
            .faults
            .iter()
            .position(|fault| fault.method == request.method());
        position
            .and_then(|position| seen.faults.remove(position))
            .map(|fault| fault.action)
    };
    match fault {
        Some(Action::Fail {
            status,
            code,
            bucket_region,
        }) => {
            let mut response = Response::builder().status(status);
            if let Some(region) = bucket_region {
                response = response.header("x-amz-bucket-region", region);
            }
            let body = match code {
                "" => String::new(),
                code => {
                    format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>m</Message></Error>")
                }
            };
            Ok(response
                .body(CutBody {
                    inner: s3s::Body::from(body),
                    left: u64::MAX,
                    is_cut: false,
                })
                .unwrap())
        }
        Some(Action::Hang) => std::future::pending().await,
        Some(Action::CutBody { after }) => {
            Ok(service
                .call(request.map(s3s::Body::from))
                .await?
                .map(|inner| CutBody {
                    inner,
                    left: after,
                    is_cut: false,
                }))
        }
        None => Ok(service
            .call(request.map(s3s::Body::from))
            .await?
            .map(|inner| CutBody {
                inner,
                left: u64::MAX,
                is_cut: false,
            })),
    }
}

/// A body that breaks off after `left` bytes.
struct CutBody {
    inner: s3s::Body,
    left: u64,
    is_cut: bool,
}

impl Body for CutBody {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if self.is_cut {
            return Poll::Ready(Some(Err("cut on purpose".into())));
        }
        let frame = std::task::ready!(Pin::new(&mut self.inner).poll_frame(context));
        Poll::Ready(match frame {
            Some(Ok(frame)) => {
                let n_bytes = frame.data_ref().map_or(0, Bytes::len) as u64;
                if n_bytes > self.left {
                    // What was answered so far goes out first.
                    self.is_cut = true;
                    context.waker().wake_by_ref();
                    return Poll::Pending;
                }
                self.left -= n_bytes;
                Some(Ok(frame))
            }
            other => other,
        })
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        Body::size_hint(&self.inner)
    }
}

struct Locked {
    inner: FileSystem,
    bucket_folder: std::path::PathBuf,
    writes: tokio::sync::Mutex<()>,
}

impl Locked {
    fn is_file(&self, bucket: &str, key: &str) -> bool {
        self.bucket_folder.join(bucket).join(key).is_file()
    }

    fn check_bucket(&self, bucket: &str) -> S3Result<()> {
        if self.bucket_folder.join(bucket).is_dir() {
            Ok(())
        } else {
            Err(s3_error!(NoSuchBucket))
        }
    }
}

#[async_trait::async_trait]
impl S3 for Locked {
    async fn create_bucket(
        &self,
        request: S3Request<CreateBucketInput>,
    ) -> S3Result<S3Response<CreateBucketOutput>> {
        self.inner.create_bucket(request).await
    }

    async fn put_object(&self, request: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
        self.check_bucket(&request.input.bucket)?;
        let _one_at_a_time = self.writes.lock().await;
        self.inner.put_object(request).await
    }

    async fn get_object(&self, request: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        self.check_bucket(&request.input.bucket)?;
        let expected = request.input.if_match.clone();
        // Content and entity tag are two files; the lock makes them one version.
        let _no_write_meanwhile = self.writes.lock().await;
        if !self.is_file(&request.input.bucket, &request.input.key) {
            return Err(s3_error!(NoSuchKey));
        }
        let response = self.inner.get_object(request).await?;
        let found = response.output.e_tag.clone();
        if let Some(expected) = expected
            && expected.as_etag() != found.as_ref()
        {
            return Err(s3_error!(PreconditionFailed));
        }
        Ok(response)
    }

    async fn head_object(
        &self,
        request: S3Request<HeadObjectInput>,
    ) -> S3Result<S3Response<HeadObjectOutput>> {
        let _no_write_meanwhile = self.writes.lock().await;
        if !self.is_file(&request.input.bucket, &request.input.key) {
            return Err(s3_error!(NoSuchKey));
        }
        self.inner.head_object(request).await
    }

    async fn delete_object(
        &self,
        request: S3Request<DeleteObjectInput>,
    ) -> S3Result<S3Response<DeleteObjectOutput>> {
        self.check_bucket(&request.input.bucket)?;
        let _one_at_a_time = self.writes.lock().await;
        if !self.is_file(&request.input.bucket, &request.input.key) {
            return Ok(S3Response::new(DeleteObjectOutput::default()));
        }
        self.inner.delete_object(request).await
    }

    async fn list_objects_v2(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        self.inner.list_objects_v2(request).await
    }
}
