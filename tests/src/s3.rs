//! An S3 service in this process, on a free port of 127.0.0.1, over a folder: what the program needs to be run against
//! `s3://` locations.
//!
//! s3s-fs as it is; `store`'s own tests have one with faults. It does not know what is stored.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context, Result};
use hyper_util::rt::{TokioExecutor, TokioIo};
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
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
        let mut builder = S3ServiceBuilder::new(
            FileSystem::new(folder)
                .map_err(|error| anyhow::anyhow!("serve {}: {error:?}", folder.display()))?,
        );
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
