//! Before and after a training: captured inputs with their labels to train, validation and test sets, and the new model's
//! answers beside those of the one in service.
//!
//! ```text
//! capture + labels + old training set → prepare → train/ validation/ test/     (the trainer reads these)
//! test set with the new model's answers → evaluate → evaluation.json            (the pipeline's condition reads this)
//! ```
//!
//! Splits are by time, never by chance: what is tested on is newer than all that is trained on. Does not train.

mod evaluate;
mod files;
mod prepare;
mod split;

pub use evaluate::{EVALUATION_FILE, EvaluateRequest, Evaluation, evaluate};
pub use prepare::{PREPARED_FILE, PrepareRequest, Prepared, prepare};

/// Column of the answer of the model in service.
pub const CHAMPION_PREDICTION: &str = "champion_prediction";
/// Column of its probability, of the positive class; several classes have `champion_probability_CLASS`.
pub const CHAMPION_PROBABILITY: &str = "champion_probability";
/// Column of the time of the request.
pub const EVENT_TIME: &str = "event_time";
/// Column of the new model's answer in scored data.
pub const PREDICTION: &str = "prediction";
/// Column of its probability.
pub const PROBABILITY: &str = "probability";
