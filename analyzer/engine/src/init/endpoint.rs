//! An endpoint as SageMaker describes it: what of it a monitor needs.
//!
//! Plain data; `analyzer/sagemaker` fills it. Does not judge what it means for a monitor (`file`).

/// Which sides are captured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CaptureOptions {
    /// `CaptureMode` Input, or InputAndOutput.
    pub input: bool,
    /// `CaptureMode` Output, or InputAndOutput.
    pub output: bool,
}

/// An endpoint and its capture.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EndpointDescription {
    /// Its name.
    pub name: String,
    /// `EndpointStatus`.
    pub status: Option<String>,
    /// Production variants, in their order.
    pub variants: Vec<String>,
    /// Variants that are serverless: SageMaker does not capture them.
    pub serverless: Vec<String>,
    /// Whether capture is switched on; `None`: it was never configured.
    pub enabled: Option<bool>,
    /// `CaptureStatus`: Started or Stopped.
    pub capture_status: Option<String>,
    /// The sampling percentage in force.
    pub sampling: Option<i32>,
    /// `DestinationS3Uri`.
    pub destination: Option<String>,
    /// Sides; `None` where the configuration could not be read.
    pub options: Option<CaptureOptions>,
    /// Whether content types are named: where they are not, payloads are stored as BASE64.
    pub has_content_types: bool,
}
