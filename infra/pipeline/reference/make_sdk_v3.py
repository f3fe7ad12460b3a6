"""The same pipeline as SageMaker's Python SDK 3 writes it: all steps but the registration.

Needs: sagemaker==3.27.0 (no account, no network: nothing is sent).
Run:   python make_sdk_v3.py > sdk_v3.json
Registration is left out: SDK 3 registers through a ModelBuilder that wants code and an account. Its request is CreateModelPackage
in both SDKs. What SDK 3 refuses as a parameter of a training (role, volume, time limits) is written as its default here.
"""
import json
import logging
import os
import pathlib
import warnings

warnings.filterwarnings("ignore")
logging.disable(logging.CRITICAL)
os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")

import boto3
from sagemaker.core.network import NetworkConfig
from sagemaker.core.processing import Processor
from sagemaker.core.shapes import (
    CheckpointConfig, MetricDefinition, OutputDataConfig, ProcessingInput, ProcessingOutput, ProcessingS3Input, ProcessingS3Output,
)
from sagemaker.core.workflow.conditions import ConditionGreaterThan, ConditionGreaterThanOrEqualTo
from sagemaker.core.workflow.execution_variables import ExecutionVariables
from sagemaker.core.workflow.functions import Join, JsonGet
from sagemaker.core.workflow.parameters import ParameterBoolean, ParameterFloat, ParameterInteger, ParameterString
from sagemaker.core.workflow.pipeline_context import PipelineSession
from sagemaker.core.workflow.properties import PropertyFile
from sagemaker.mlops.workflow.condition_step import ConditionStep
from sagemaker.mlops.workflow.fail_step import FailStep
from sagemaker.mlops.workflow.pipeline import Pipeline
from sagemaker.mlops.workflow.retry import (
    SageMakerJobExceptionTypeEnum, SageMakerJobStepRetryPolicy, StepExceptionTypeEnum, StepRetryPolicy,
)
from sagemaker.mlops.workflow.steps import CacheConfig, ProcessingStep, TrainingStep
from sagemaker.train import ModelTrainer
from sagemaker.train.configs import Compute, InputData, StoppingCondition

from retrain_parameters import declare

# Asks IAM what the role may do; there is no account here.
import sagemaker.train.defaults as train_defaults

train_defaults.TrainDefaults.get_role = staticmethod(lambda role=None, sagemaker_session=None, **_: role)

session = PipelineSession(
    boto_session=boto3.Session(aws_access_key_id="x", aws_secret_access_key="x", region_name="us-east-1"),
    default_bucket="unused",
)
parameters = declare({"String": ParameterString, "Integer": ParameterInteger, "Float": ParameterFloat,
                      "Boolean": ParameterBoolean})
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
        inputs=[ProcessingInput(input_name=folder, s3_input=ProcessingS3Input(
                    s3_uri=uri, local_path=f"/opt/ml/processing/{folder}", s3_data_type="S3Prefix", s3_input_mode="File",
                    s3_data_distribution_type="FullyReplicated", s3_compression_type="None"))
                for folder, uri in inputs],
        outputs=[ProcessingOutput(output_name=output, s3_output=ProcessingS3Output(
                     s3_uri=place(output), local_path=f"/opt/ml/processing/{output}", s3_upload_mode="EndOfJob"))
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
trainer = ModelTrainer(
    base_job_name="retrain", training_image=p["TrainingImage"], role="arn:aws:iam::000000000000:role/r", sagemaker_session=session,
    compute=Compute(instance_type=p["TrainingInstanceType"], instance_count=1, volume_size_in_gb=50,
                    enable_managed_spot_training=True),
    stopping_condition=StoppingCondition(max_runtime_in_seconds=14400,
                                         max_wait_time_in_seconds=28800),
    output_data_config=OutputDataConfig(s3_output_path=place("model")),
    checkpoint_config=CheckpointConfig(s3_uri=place("checkpoints"), local_path="/opt/ml/checkpoints"),
    hyperparameters={"algorithm": p["Algorithm"], "epochs": text("Epochs"), "seed": text("Seed")})
trainer.with_metric_definitions([MetricDefinition(name=metric["Name"], regex=metric["Regex"]) for metric in METRICS])
train = TrainingStep(
    name="Train", description="The GPU training image", retry_policies=[service, job],
    step_args=trainer.train(input_data_config=[
        InputData(channel_name=name, data_source=output_of(prepare, name), content_type="text/csv")
        for name in ["train", "validation"]]))
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
refuse = FailStep(name="Refuse", error_message=Join(on=" ", values=["The new model is not registered:", found("summary")]))
better = ConditionStep(
    name="Better", description="Better than the champion beyond the interval, no worse on a protected segment, above the floor",
    conditions=[ConditionGreaterThan(left=found("gain.lower"), right=0.0),
                ConditionGreaterThanOrEqualTo(left=found("segments.worst_upper"), right=0.0),
                ConditionGreaterThanOrEqualTo(left=found("challenger.quality"), right=p["MinimumQuality"])],
    if_steps=[baseline], else_steps=[refuse])
pipeline = Pipeline(name="retrain", parameters=list(parameters.values()), steps=[prepare, train, score, evaluate, better],
                    sagemaker_session=session)
print(json.dumps(json.loads(pipeline.definition()), indent=1))
