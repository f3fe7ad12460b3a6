"""The retraining pipeline's parameters, once for both SDKs: type, name, default, allowed values. Knows no SDK."""

PLACES = ["MonitorName", "IncidentId", "EvidenceUri", "EvidenceDigest", "CaptureUri", "LabelsUri", "TrainingDataUri", "SchemaUri",
          "OutputUri", "WindowStart", "WindowEnd"]
PARAMETERS = [
    *(("String", name, None, None) for name in PLACES),
    ("String", "ProblemType", "binary", ["binary", "multiclass", "regression"]),
    ("String", "ProtectedSegments", "none", None),
    *(("String", name, None, None) for name in ["AnalyzerImage", "TrainingImage", "InferenceImage"]),
    ("String", "Algorithm", "blend", ["blend", "network", "boosting"]),
    *(("String", name, None, None) for name in ["RoleArn", "ModelPackageGroup"]),
    ("String", "ApprovalStatus", "PendingManualApproval", ["PendingManualApproval", "Approved"]),
    ("String", "TrainingInstanceType", "ml.g5.2xlarge", None),
    ("String", "ProcessingInstanceType", "ml.m5.xlarge", None),
    ("Integer", "VolumeSizeInGB", 50, None),
    ("Integer", "MaxRuntimeInSeconds", 14400, None),
    ("Integer", "Epochs", 0, None),
    ("Integer", "Seed", 20261121, None),
    ("Float", "TestShare", 0.2, None),
    ("Float", "MinimumQuality", 0.0, None),
    ("Float", "Confidence", 0.95, None),
    ("Boolean", "IncludeTrainingData", True, None),
    ("Boolean", "NetworkIsolation", True, None),
    ("Integer", "MaxWaitInSeconds", 28800, None),
]
TUNING = [
    ("Integer", "TuningTrials", None, None),
    ("String", "TuningMetric", "validation:auc", None),
    ("String", "TuningDirection", "Maximize", ["Maximize", "Minimize"]),
]


def declare(kinds, tune=False):
    """Parameter objects by name; `kinds` has an SDK's class for each type."""
    return {
        name: kinds[kind](name=name, default_value=default, **({"enum_values": allowed} if allowed else {}))
        for kind, name, default, allowed in PARAMETERS + (TUNING if tune else [])
    }
