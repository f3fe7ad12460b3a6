//! `driftline demo`: a year of real demand, a model of its first months, what a monitor says month by month, and the
//! labels that come weeks later.
//!
//! ```text
//! rides (the data) → endpoint (served) → baseline → drift (month by month) → labels, quality (late) → timeline → cycle
//! ```
//!
//! One module per act; each plays its part in a local folder and runs the ordinary commands' own code on it. Every
//! number it prints was computed in this run. Knows the demo's data and nothing the commands do not.

mod baseline;
mod cycle;
mod drift;
mod endpoint;
mod labels;
mod model;
mod python;
mod quality;
mod rides;

use crate::args::DemoArguments;
use crate::{exit, message};
use bytes::Bytes;
use engine::report::format::count;
use rides::Ride;
use std::path::PathBuf;
use store::{Location, PutMode, StoreOptions, join_key, open_store};

const ENDPOINT: &str = "bike-demand";

/// Where the story plays, and what is known from its start.
struct Stage {
    /// The folder that is the store.
    path: PathBuf,
    folder: Location,
    options: StoreOptions,
    /// What the model was trained on.
    training: Vec<Ride>,
    /// What it was asked afterwards.
    served: Vec<Ride>,
    /// Months it was asked in, in order.
    months: Vec<rides::Month>,
}

impl Stage {
    fn capture(&self) -> Location {
        self.folder.join("capture").join(ENDPOINT)
    }

    fn baseline(&self) -> Location {
        self.folder.join("baseline")
    }

    async fn put(&self, name: &str, text: String) -> anyhow::Result<()> {
        let (store, root) = open_store(&self.folder, &self.options)
            .await
            .map_err(engine::EngineError::from)?;
        store
            .put(&join_key(&root, name), Bytes::from(text), PutMode::Overwrite)
            .await
            .map_err(engine::EngineError::from)?;
        Ok(())
    }
}

pub(crate) async fn run(arguments: DemoArguments) -> anyhow::Result<u8> {
    let (training, served) = rides::read()?;
    let stage = Stage {
        folder: Location::local(&arguments.output).map_err(engine::EngineError::from)?,
        path: arguments.output.clone(),
        options: StoreOptions::default(),
        months: rides::months(&served),
        training,
        served,
    };
    message::data(&format!(
        "Washington's bike rentals of 2011, {} hours. A model was trained on the first {} of them; here it serves the rest of the year.\n\n",
        count((stage.training.len() + stage.served.len()) as u64),
        count(stage.training.len() as u64),
    ));
    endpoint::serve(&stage)?;
    Box::pin(baseline::make(&stage)).await?;
    let last_report = drift::watch(&stage).await?;
    let page = Box::pin(quality::follow(&stage)).await?;
    if !arguments.without_training {
        let (output, python) = (stage.path.clone(), arguments.python.clone());
        tokio::task::spawn_blocking(move || cycle::play(&output, python.as_deref())).await??;
    }
    message::data(&format!(
        "\nReport of the last window: {last_report}\nReport over all windows:   {page}\n"
    ));
    Ok(exit::DONE)
}
