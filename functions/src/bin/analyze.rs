//! The analyze Lambda: log, context, run. Knows nothing else.

use functions::analyze::handle;
use functions::context::Context;
use functions::log;
use lambda_runtime::tracing::error;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::Value;

#[tokio::main]
async fn main() -> Result<(), Error> {
    log::init();
    let context =
        Context::from_env().inspect_err(|error| error!(error_type = "usage", %error, "cannot start"))?;
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Value>| {
        Box::pin(handle(event.payload, &context)).await
    }))
    .await
}
