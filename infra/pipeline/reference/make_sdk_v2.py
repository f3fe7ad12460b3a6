"""The retraining pipeline as SageMaker's Python SDK 2 writes it, for comparison with ours.

Needs: sagemaker==2.257.7 botocore==1.44.5 (no account, no network: nothing is sent).
Run:   python make_sdk_v2.py > sdk_v2.json      (the tuning variant: --tune > sdk_v2_tune.json)
"""
import json
import logging
import os
import pathlib
import sys
import warnings

warnings.filterwarnings("ignore")
logging.disable(logging.CRITICAL)
os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")

import boto3
from sagemaker.estimator import Estimator
from sagemaker.inputs import TrainingInput
from sagemaker.model import Model
from sagemaker.model_metrics import MetricsSource, ModelMetrics
from sagemaker.drift_check_baselines import DriftCheckBaselines
from sagemaker.network import NetworkConfig
from sagemaker.processing import ProcessingInput, ProcessingOutput, Processor
from sagemaker.tuner import ContinuousParameter, HyperparameterTuner
from sagemaker.workflow.condition_step import ConditionStep
from sagemaker.workflow.conditions import ConditionGreaterThan, ConditionGreaterThanOrEqualTo
from sagemaker.workflow.execution_variables import ExecutionVariables
from sagemaker.workflow.fail_step import FailStep
from sagemaker.workflow.functions import Join, JsonGet
from sagemaker.workflow.model_step import ModelStep
from sagemaker.workflow.parameters import ParameterBoolean, ParameterFloat, ParameterInteger, ParameterString
from sagemaker.workflow.pipeline import Pipeline
from sagemaker.workflow.pipeline_context import PipelineSession
from sagemaker.workflow.properties import PropertyFile
from sagemaker.workflow.retry import (
    SageMakerJobExceptionTypeEnum, SageMakerJobStepRetryPolicy, StepExceptionTypeEnum, StepRetryPolicy,
)
from sagemaker.workflow.steps import CacheConfig, ProcessingStep, TrainingStep, TuningStep

from retrain_parameters import declare

TUNE = "--tune" in sys.argv
session = PipelineSession(
    boto_session=boto3.Session(aws_access_key_id="x", aws_secret_access_key="x", region_name="us-east-1"),
    default_bucket="unused",
)

parameters = declare({"String": ParameterString, "Integer": ParameterInteger, "Float": ParameterFloat,
                      "Boolean": ParameterBoolean}, tune=TUNE)
p = parameters

service = StepRetryPolicy(exception_types=[StepExceptionTypeEnum.SERVICE_FAULT, StepExceptionTypeEnum.THROTTLING],
                          interval_seconds=30, backoff_rate=2.0, max_attempts=5)
job = SageMakerJobStepRetryPolicy(
    exception_types=[SageMakerJobExceptionTypeEnum.INTERNAL_ERROR, SageMakerJobExceptionTypeEnum.CAPACITY_ERROR,
                     SageMakerJobExceptionTypeEnum.RESOURCE_LIMIT],
    interval_seconds=60, backoff_rate=2.0, max_attempts=5)


def text(name):
    return Join(on="", values=[p[name]])


def place(name):
    return Join(on="/", values=[p["OutputUri"], ExecutionVariables.PIPELINE_EXECUTION_ID, name])


def processing(name, image, arguments, inputs, outputs, env=None, **more):
    processor = Processor(
        role=p["RoleArn"], image_uri=p[image], instance_count=1, instance_type=p["ProcessingInstanceType"],
        volume_size_in_gb=p["VolumeSizeInGB"], max_runtime_in_seconds=p["MaxRuntimeInSeconds"], env=env,
        network_config=NetworkConfig(enable_network_isolation=p["NetworkIsolation"]), sagemaker_session=session)
    arguments = processor.run(
        inputs=[ProcessingInput(source=uri, destination=f"/opt/ml/processing/{folder}", input_name=folder)
                for folder, uri in inputs],
        outputs=[ProcessingOutput(source=f"/opt/ml/processing/{output}", destination=place(output), output_name=output)
                 for output in outputs],
        arguments=arguments)
    return ProcessingStep(name=name, step_args=arguments, retry_policies=[service, job], **more)


def output_of(step, name):
    return step.properties.ProcessingOutputConfig.Outputs[name].S3Output.S3Uri


prepare = processing(
    "Prepare", "AnalyzerImage",
    ["pipeline", "prepare", "--capture", "/opt/ml/processing/capture", "--ground-truth", "/opt/ml/processing/labels",
     "--training-data", "/opt/ml/processing/training", "--schema", "/opt/ml/processing/schema", "--start", p["WindowStart"],
     "--end", p["WindowEnd"], "--problem", p["ProblemType"], "--test-share", text("TestShare"),
     "--include-training-data", text("IncludeTrainingData"), "--output", "/opt/ml/processing"],
    [("capture", p["CaptureUri"]), ("labels", p["LabelsUri"]), ("training", p["TrainingDataUri"]), ("schema", p["SchemaUri"])],
    ["train", "validation", "test"],
    env={"DRIFTLINE_MONITOR": p["MonitorName"], "DRIFTLINE_INCIDENT": p["IncidentId"],
         "DRIFTLINE_EVIDENCE_DIGEST": p["EvidenceDigest"]},
    description="Captured inputs and labels with the old training set: train, validation, test, by time",
    cache_config=CacheConfig(enable_caching=True, expire_after="P7D"))

METRICS = json.loads((pathlib.Path(__file__).parents[2] / "training/metric_definitions.json").read_text())["MetricDefinitions"]
TUNED = {"learning_rate": ContinuousParameter(0.0003, 0.01, "Logarithmic"),
         "weight_decay": ContinuousParameter(0.0001, 0.1, "Logarithmic"), "dropout": ContinuousParameter(0.0, 0.5, "Linear")}
channels = {name: TrainingInput(s3_data=output_of(prepare, name), content_type="text/csv") for name in ["train", "validation"]}


def estimator(output, extra):
    return Estimator(
        image_uri=p["TrainingImage"], role=p["RoleArn"], instance_count=1, instance_type=p["TrainingInstanceType"],
        volume_size=p["VolumeSizeInGB"], max_run=p["MaxRuntimeInSeconds"], max_wait=p["MaxWaitInSeconds"],
        use_spot_instances=True, output_path=place(output), enable_network_isolation=p["NetworkIsolation"],
        checkpoint_s3_uri=place("checkpoints"), checkpoint_local_path="/opt/ml/checkpoints",
        metric_definitions=METRICS,
        hyperparameters={"algorithm": p["Algorithm"], "epochs": text("Epochs"), "seed": text("Seed"), **extra},
        disable_profiler=True, debugger_hook_config=False, sagemaker_session=session)


steps = [prepare]
tuned = {}
if TUNE:
    tuner = HyperparameterTuner(
        estimator("tuning", {}), objective_metric_name=p["TuningMetric"], objective_type=p["TuningDirection"],
        hyperparameter_ranges=TUNED, max_jobs=p["TuningTrials"], max_parallel_jobs=1, early_stopping_type="Auto",
        random_seed=p["Seed"],
        metric_definitions=METRICS)
    tune = TuningStep(name="Tune", step_args=tuner.fit(channels), retry_policies=[service, job])
    tuned = {name: tune.properties.BestTrainingJob.TunedHyperParameters[name] for name in TUNED}
    steps.append(tune)
train = TrainingStep(name="Train", step_args=estimator("model", tuned).fit(channels), retry_policies=[service, job],
                     description="The GPU training image")
score = processing(
    "Score", "InferenceImage",
    ["predict", "--model", "/opt/ml/processing/model", "--data", "/opt/ml/processing/test", "--output", "/opt/ml/processing/scored"],
    [("model", train.properties.ModelArtifacts.S3ModelArtifacts), ("test", output_of(prepare, "test"))], ["scored"],
    description="The new model's answers on the newest data, which it has not seen")
evaluation = PropertyFile(name="Evaluation", output_name="evaluation", path="evaluation.json")
evaluate = processing(
    "Evaluate", "AnalyzerImage",
    ["pipeline", "evaluate", "--data", "/opt/ml/processing/scored", "--schema", "/opt/ml/processing/schema", "--problem",
     p["ProblemType"], "--segments", p["ProtectedSegments"], "--confidence", text("Confidence"), "--minimum",
     text("MinimumQuality"), "--output", "/opt/ml/processing/evaluation"],
    [("scored", output_of(score, "scored")), ("schema", p["SchemaUri"])], ["evaluation"],
    description="The new model and the one in service on the same rows, with intervals", property_files=[evaluation])


def found(path):
    return JsonGet(step_name="Evaluate", property_file=evaluation, json_path=path)


baseline = processing(
    "Baseline", "AnalyzerImage",
    ["baseline", "--data", "/opt/ml/processing/scored/scored.csv", "--schema", "/opt/ml/processing/scored/schema.json",
     "--problem", p["ProblemType"], "--output", "/opt/ml/processing/baseline"],
    [("scored", output_of(score, "scored"))], ["baseline"], description="What is normal for the new model")
new_baseline = output_of(baseline, "baseline")


def source(file):
    return MetricsSource(content_type="application/json", s3_uri=Join(on="/", values=[new_baseline, file]))


model = Model(image_uri=p["InferenceImage"], model_data=train.properties.ModelArtifacts.S3ModelArtifacts, role=p["RoleArn"],
              env={}, sagemaker_session=session)
register = ModelStep(name="Register", retry_policies=[service], step_args=model.register(
    content_types=["text/csv", "application/json", "application/jsonlines"], response_types=["text/csv", "application/json"],
    inference_instances=["ml.m5.large", "ml.m5.xlarge", "ml.g5.xlarge"], transform_instances=["ml.m5.xlarge"],
    model_package_group_name=p["ModelPackageGroup"], approval_status=p["ApprovalStatus"],
    model_metrics=ModelMetrics(
        model_data_statistics=source("statistics.json"), model_data_constraints=source("constraints.json"),
        model_statistics=source("model_quality/statistics.json"), model_constraints=source("model_quality/constraints.json")),
    drift_check_baselines=DriftCheckBaselines(
        model_data_statistics=source("statistics.json"), model_data_constraints=source("constraints.json"),
        model_statistics=source("model_quality/statistics.json"), model_constraints=source("model_quality/constraints.json")),
    skip_model_validation="None",
    customer_metadata_properties={
        "driftline:monitor": p["MonitorName"], "driftline:incident": p["IncidentId"], "driftline:evidence": p["EvidenceUri"],
        "driftline:baseline": new_baseline,
        "driftline:evaluation": Join(on="/", values=[output_of(evaluate, "evaluation"), "evaluation.json"])}))
refuse = FailStep(name="Refuse", error_message=Join(on=" ", values=["The new model is not registered:", found("summary")]))
better = ConditionStep(
    name="Better", description="Better than the champion beyond the interval, no worse on a protected segment, above the floor",
    conditions=[ConditionGreaterThan(left=found("gain.lower"), right=0.0),
                ConditionGreaterThanOrEqualTo(left=found("segments.worst_upper"), right=0.0),
                ConditionGreaterThanOrEqualTo(left=found("challenger.quality"), right=p["MinimumQuality"])],
    if_steps=[baseline, register], else_steps=[refuse])
pipeline = Pipeline(name="retrain", parameters=list(parameters.values()), steps=steps + [train, score, evaluate, better],
                    sagemaker_session=session)
print(json.dumps(json.loads(pipeline.definition()), indent=1))
