//! The ingest Lambda: log, context, run. Knows nothing else.

use functions::context::Context;
use functions::ingest::Ingest;
use functions::log;
use lambda_runtime::tracing::error;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::Value;

#[tokio::main]
async fn main() -> Result<(), Error> {
    log::init();
    let context =
        Context::from_env().inspect_err(|error| error!(error_type = "usage", %error, "cannot start"))?;
    let ingest = Ingest::new(context).await;
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Value>| {
        ingest.handle(&event.payload).await
    }))
    .await
}
