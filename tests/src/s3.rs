//! An S3 service in this process, on a free port of 127.0.0.1, over a folder: what the program needs to be run against
//! `s3://` locations.
//!
//! s3s-fs, with "no such key" and "no such bucket" where its folders would show through; `store`'s own tests have one with
//! faults. It does not know what is stored.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use hyper_util::rt::{TokioExecutor, TokioIo};
use s3s::auth::SimpleAuth;
use s3s::dto::{
    DeleteObjectInput, DeleteObjectOutput, GetObjectInput, GetObjectOutput, HeadObjectInput,
    HeadObjectOutput, ListObjectsV2Input, ListObjectsV2Output, PutObjectInput, PutObjectOutput,
};
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{S3, S3Request, S3Response, S3Result, s3_error};
use s3s_fs::FileSystem;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

const KEY: [&str; 2] = ["test-id", "test-secret"];

/// A running service; it ends when dropped.
#[derive(Debug)]
pub struct S3Server {
    address: SocketAddr,
    _runtime: Runtime,
}

impl S3Server {
    /// Serves `folder`: its sub-folders are the buckets.
    pub fn over(folder: &Path) -> Result<Self> {
        let files = FileSystem::new(folder)
            .map_err(|error| anyhow::anyhow!("serve {}: {error:?}", folder.display()))?;
        let mut builder = S3ServiceBuilder::new(Objects {
            files,
            folder: folder.to_owned(),
        });
        builder.set_auth(SimpleAuth::from_single(KEY[0], KEY[1]));
        let service = builder.build();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        let listener = runtime
            .block_on(TcpListener::bind(("127.0.0.1", 0)))
            .context("listen on 127.0.0.1")?;
        let address = listener.local_addr()?;
        runtime.spawn(accept(listener, service));
        Ok(Self {
            address,
            _runtime: runtime,
        })
    }

    /// Variables with which the program finds it.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("AWS_ENDPOINT_URL_S3", format!("http://{}", self.address)),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", KEY[0].to_owned()),
            ("AWS_SECRET_ACCESS_KEY", KEY[1].to_owned()),
        ]
    }
}

async fn accept(listener: TcpListener, service: S3Service) {
    while let Ok((socket, _)) = listener.accept().await {
        let service = service.clone();
        tokio::spawn(async move {
            let server = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
            // A client that hangs up ends its connection with an error here.
            drop(server.serve_connection(TokioIo::new(socket), service).await);
        });
    }
}

/// Files as objects; their folders are none.
struct Objects {
    files: FileSystem,
    folder: PathBuf,
}

impl Objects {
    fn check(&self, bucket: &str, key: Option<&str>) -> S3Result<()> {
        let bucket = self.folder.join(bucket);
        if !bucket.is_dir() {
            return Err(s3_error!(NoSuchBucket));
        }
        match key {
            Some(key) if !bucket.join(key).is_file() => Err(s3_error!(NoSuchKey)),
            _ => Ok(()),
        }
    }
}

#[async_trait::async_trait]
impl S3 for Objects {
    async fn put_object(&self, request: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
        self.check(&request.input.bucket, None)?;
        self.files.put_object(request).await
    }

    async fn get_object(&self, request: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        self.check(&request.input.bucket, Some(&request.input.key))?;
        self.files.get_object(request).await
    }

    async fn head_object(
        &self,
        request: S3Request<HeadObjectInput>,
    ) -> S3Result<S3Response<HeadObjectOutput>> {
        self.check(&request.input.bucket, Some(&request.input.key))?;
        self.files.head_object(request).await
    }

    async fn delete_object(
        &self,
        request: S3Request<DeleteObjectInput>,
    ) -> S3Result<S3Response<DeleteObjectOutput>> {
        self.check(&request.input.bucket, Some(&request.input.key))?;
        self.files.delete_object(request).await
    }

    async fn list_objects_v2(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        self.check(&request.input.bucket, None)?;
        self.files.list_objects_v2(request).await
    }
}
