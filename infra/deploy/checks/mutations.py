"""Planted errors: each is one slip of a hand in a file, and the gate that has to see it.

A gate that lets one pass is no gate. What stands on the left has to be in the file, so that a row cannot outlive the line it is
about.
"""

import dataclasses
import shutil
import tempfile
from pathlib import Path

import access
import gates
import rules
import templates


@dataclasses.dataclass(frozen=True)
class Planted:
    gate: str
    file: str
    old: str
    new: str
    says: str = ""
    """A part of what the gate has to say, where it could stumble over something else."""


PLANTED = [
    # cfn-lint, after SAM's transform
    Planted("cfn-lint", "template.yaml", "TemplateURL: events.yaml", "TemplateUrl: events.yaml"),
    Planted("cfn-lint", "functions.yaml", "Runtime: provided.al2023", "Runtime: provided.al2024"),
    Planted("cfn-lint", "functions.yaml", "Architectures: [!Ref Architecture]", "Architectures: [arm46]"),
    Planted("cfn-lint", "functions.yaml", "MemorySize: 512", "MemorySize: 99999"),
    Planted("cfn-lint", "functions.yaml", "Destination: !Ref UndeliveredArn", "Destination: !Ref UndeliverdArn"),
    Planted("cfn-lint", "functions.yaml", "sagemaker:StartPipelineExecution", "sagemaker:StartPipelineExecutions"),
    Planted("cfn-lint", "messaging.yaml", "MessageRetentionPeriod: 1209600", "MessageRetentionPeriod: 12096000"),
    Planted("cfn-lint", "capture.yaml", "MaximumBatchingWindowInSeconds", "MaximumBatchWindowInSeconds"),
    Planted("cfn-lint", "storage.yaml", "SSEAlgorithm: AES256", "SSEAlgorithm: AES265"),
    Planted("cfn-lint", "events.yaml", "MaximumRetryAttempts: 20", "MaximumRetryAttempts: 2000"),
    Planted("cfn-lint", "schedules.yaml", "Mode: 'OFF'", "Mode: 'NEVER'"),
    Planted("cfn-lint", "alarms.yaml", "GreaterThanThreshold", "MoreThanThreshold"),
    Planted("cfn-lint", "distributed.yaml", "Type: STANDARD", "Type: STANDART"),
    Planted("cfn-lint", "retraining.yaml", "PipelineDefinitionS3Location", "PipelineDefinitionS3"),
    Planted("cfn-lint", "repository.yaml", "ImageTagMutability: IMMUTABLE", "ImageTagMutability: NEVER"),
    Planted("cfn-lint", "network.yaml", "VpcEndpointType: Gateway", "VpcEndpointType: Gate"),
    Planted("cfn-lint", "key.yaml", "PendingWindowInDays: 30", "PendingWindowInDays: 3"),
    # asl-validator
    Planted("asl-validator", "distributed.asl.json", '"Next": "Merge"', '"Next": "Merg"'),
    Planted("asl-validator", "distributed.asl.json", '"StartAt": "Plan"', '"StartAt": "Planned"'),
    Planted("asl-validator", "distributed.asl.json", '"Type": "Choice"', '"Type": "Chose"'),
    Planted("asl-validator", "distributed.asl.json", '"MaxAttempts": 8', '"MaxAttempts": "eight"'),
    Planted("asl-validator", "distributed.asl.json", '"Mode": "DISTRIBUTED"', '"Mode": "SPREAD"'),
    Planted("asl-validator", "distributed.asl.json", '"Default": "NothingToProfile"', '"Default": "Nothing"'),
    # parliament
    Planted("parliament", "functions.yaml", "s3:PutObject\n", "s3:PutObjects\n"),
    Planted("parliament", "functions.yaml", "sagemaker:StartPipelineExecution", "sagemaker:StartPipelineExecutions"),
    Planted("parliament", "functions.yaml", "Action: events:PutEvents", "Action: events:PutEvent"),
    Planted(
        "parliament",
        "functions.yaml",
        "Resource: !Ref DeadLettersArn",
        "Resource: !Sub 'arn:${AWS::Partition}:s3:::${StoreBucket}/monitors/*'",
    ),
    Planted(
        "parliament",
        "distributed.yaml",
        "!Sub 'arn:${AWS::Partition}:s3:::${CaptureBucket}/${CapturePrefix}*'",
        "!Sub 'arn:${AWS::Partition}:s3:::${CaptureBucket}'",
    ),
    Planted("parliament", "retraining.yaml", "iam:PassedToService", "iam:PassedTo"),
    Planted("parliament", "distributed.yaml", "states:StartExecution", "states:StartExecutions"),
    Planted("parliament", "schedules.yaml", "lambda:InvokeFunction", "lambda:Invoke"),
    # names that lead nowhere from one template to another
    Planted("wiring", "template.yaml", "TemplateURL: events.yaml", "TemplateURL: event.yaml"),
    Planted("wiring", "template.yaml", "!GetAtt Messaging.Outputs.BusArn", "!GetAtt Messaging.Outputs.Bus"),
    Planted(
        "wiring",
        "template.yaml",
        "        EndpointPrefix: !Ref EndpointPrefix",
        "        EndpointsPrefix: !Ref EndpointPrefix",
    ),
    Planted("wiring", "capture.yaml", "!Sub '${Name}-ingest-arn'", "!Sub '${Name}-ingest'"),
    Planted("wiring", "template.yaml", "    DependsOn: [Functions, Messaging]", "    DependsOn: [Messaging]"),
    Planted("wiring", "events.yaml", "NamesEndpoints: !Not", "NameEndpoints: !Not"),
    # the house's rules
    Planted("stars", "functions.yaml", "Resource: !Ref AlertsArn", "Resource: '*'", "sns:Publish on *"),
    Planted("stars", "functions.yaml", "Action: s3:PutObject", "Action: s3:*", "allows s3:*"),
    Planted(
        "stars",
        "capture.yaml",
        "${Bucket}/${CapturePrefix}*'\n              - ",
        "${Bucket}/*'\n              - ",
        "whole bucket",
    ),
    Planted(
        "stars",
        "retraining.yaml",
        "Resource: !Sub 'arn:${AWS::Partition}:ecr:${AWS::Region}:${AWS::AccountId}:repository/${Name}/*'",
        "Resource: '*'",
        "ecr:BatchGetImage on *",
    ),
    Planted("stars", "messaging.yaml", "Service: cloudwatch.amazonaws.com", "AWS: '*'", "everybody"),
    Planted(
        "prefixes",
        "functions.yaml",
        "${StoreBucket}/monitors/*/windows/*",
        "${StoreBucket}/monitor/*/windows/*",
        "no folder",
    ),
    Planted("prefixes", "functions.yaml", "s3:prefix: [monitors/*, index/*]", "s3:prefix: ['*']", "without a prefix"),
    Planted(
        "deputies",
        "capture.yaml",
        "                  ArnEquals:\n                    aws:SourceArn: !GetAtt ObjectCreated.Arn",
        "                  Bool:\n                    aws:SecureTransport: 'true'",
    ),
    Planted(
        "deputies",
        "schedules.yaml",
        "                aws:SourceAccount: !Ref AWS::AccountId\n                aws:SourceArn: !GetAtt Group.Arn",
        "                aws:PrincipalTag/x: y",
    ),
    Planted(
        "literals",
        "functions.yaml",
        "${AWS::Region}:${AWS::AccountId}:pipeline/",
        "${AWS::Region}:210987654321:pipeline/",
        "an account",
    ),
    Planted("literals", "functions.yaml", "sagemaker:${AWS::Region}:", "sagemaker:eu-central-1:", "a region"),
    Planted("literals", "storage.yaml", "- !Sub '${Bucket.Arn}/*'", "- !Sub 'arn:aws:s3:::${Bucket}/*'", "a partition"),
    Planted(
        "literals", "functions.yaml", "s3:::${StoreBucket}/models/*'", "s3:::driftline-store/models/*'", "a bucket"
    ),
    Planted(
        "literals",
        "distributed.asl.json",
        "arn:${Partition}:states:::s3:getObject",
        "arn:aws:states:::s3:getObject",
        "a partition",
    ),
    Planted(
        "literals",
        "functions.yaml",
        "  ActRole:\n    Type: AWS::IAM::Role\n    Properties:\n",
        "  ActRole:\n    Type: AWS::IAM::Role\n    Properties: &act\n",
        "alias",
    ),
    Planted("files", "functions.yaml", "CodeUri: artifacts/act.zip", "CodeUri: artifacts/actor.zip", "actor"),
    Planted(
        "files",
        "distributed.yaml",
        "DefinitionUri: distributed.asl.json",
        "DefinitionUri: distribution.asl.json",
        "is not there",
    ),
    Planted(
        "files", "package", "infra/pipeline/retrain-tune.json", "infra/pipeline/retrain-tuned.json", "is not there"
    ),
    Planted(
        "environment",
        "functions.yaml",
        "DRIFTLINE_STORE: !Sub 's3://${StoreBucket}'",
        "DRIFTLINE_STORE: !Ref StoreBucket",
        "DRIFTLINE_STORE is",
    ),
    Planted(
        "environment",
        "functions.yaml",
        "DRIFTLINE_DEAD_LETTERS: !Ref DeadLettersUrl",
        "DRIFTLINE_DEAD_LETTERS: !Ref DeadLettersArn",
        "no queue's URL",
    ),
    Planted(
        "environment",
        "functions.yaml",
        "DRIFTLINE_EVENT_BUS: !Ref BusName",
        "DRIFTLINE_EVENT_BUS: !Ref BusArn",
        "no bus",
    ),
    Planted(
        "environment",
        "functions.yaml",
        "SecretString:WEBHOOK_SIGNING_KEY}}",
        "SecretString:WEBHOOK_URL}}",
        "not taken from",
    ),
    # variables: what the sources read and what the templates set
    Planted(
        "variables",
        "functions.yaml",
        "          DRIFTLINE_DEAD_LETTERS: !Ref DeadLettersUrl\n",
        "",
        "Ingest: has no DRIFTLINE_DEAD_LETTERS, which ingest reads",
    ),
    Planted(
        "variables",
        "functions.yaml",
        "          DRIFTLINE_DEAD_LETTERS: !Ref DeadLettersUrl\n",
        "          DRIFTLINE_DEAD_LETTERS: !Ref DeadLettersUrl\n          DRIFTLINE_EVENT_BUS: !Ref BusName\n",
        "Ingest: has DRIFTLINE_EVENT_BUS, which ingest does not read",
    ),
    Planted(
        "variables",
        "functions.yaml",
        "DRIFTLINE_EVENT_BUS: !Ref BusName",
        "DRIFTLINE_BUS: !Ref BusName",
        "Act: has DRIFTLINE_BUS, which act does not read",
    ),
    Planted(
        "variables",
        "distributed.yaml",
        "Globals:\n  Function:\n",
        "Globals:\n  Function:\n    Environment:\n      Variables:\n        DRIFTLINE_STORE: !Sub 's3://${StoreBucket}'\n",
        "Merge: has DRIFTLINE_STORE, which merge does not read",
    ),
    Planted(
        "variables",
        "../../functions/src/ingest/mod.rs",
        "self.context.store, &self.context.options",
        "self.context.store, &self.context.options, &self.context.event_bus",
        "Ingest: has no DRIFTLINE_EVENT_BUS",
    ),
    Planted(
        "variables",
        "../../functions/src/reach.rs",
        "context.event_bus.clone()",
        "None",
        "Lifecycle: has DRIFTLINE_EVENT_BUS, which lifecycle does not read",
    ),
    Planted(
        "variables",
        "../../functions/src/reach.rs",
        "std::env::var(name)",
        "secret(name)",
        "Act: has PAGERDUTY_ROUTING_KEY, which act does not read",
    ),
    # sources: the tables of access.py, the Rust sources, the pipeline's definition
    Planted("sources", "../../analyzer/parts/src/layout.rs", '"{}/pending/"', '"{}/waiting/"', "monitors/*/waiting/*"),
    Planted(
        "sources",
        "../../analyzer/parts/src/labels.rs",
        '"monitors/{monitor}/labels-waiting/"',
        '"models/{monitor}/labels-waiting/"',
        "monitors/*/labels-waiting/*",
    ),
    Planted(
        "sources",
        "../../analyzer/engine/src/init/file.rs",
        '&str = "baseline";',
        '&str = "normal";',
        "monitors/*/baseline/*",
    ),
    Planted(
        "sources",
        "../../analyzer/engine/src/act/completion.rs",
        "    let mut found = Vec::new();\n    for key in &keys {",
        "    let mut found = Vec::new();\n    store.put(&prefix, Bytes::new(), PutMode::Overwrite).await?;\n    for key in &keys {",
        "('analyzer/engine/src/act/completion.rs', 'open'): writes",
    ),
    Planted(
        "sources",
        "../../analyzer/parts/src/merge.rs",
        "    match place.store.list(prefix).await {",
        "    place.store.delete(prefix).await?;\n    match place.store.list(prefix).await {",
        "('analyzer/parts/src/merge.rs', 'list'): deletes",
    ),
    Planted(
        "sources",
        "../../analyzer/engine/src/retrain/follow.rs",
        "        let mut states = Vec::new();",
        "        let (labels, _) = open_store(&self.monitor.ground_truth, &self.options).await?;\n        let mut states = Vec::new();",
        "'status'): opens a place",
    ),
    Planted(
        "sources",
        "../../analyzer/sagemaker/src/pipeline.rs",
        ".describe_pipeline_execution()",
        ".stop_pipeline_execution()",
        "stop_pipeline_execution",
    ),
    Planted(
        "sources",
        "../../analyzer/engine/src/retrain/act.rs",
        "let find = || service.find(&intent.pipeline, &intent.display_name);",
        "let find = || service.steps(&intent.pipeline);",
        "'execution', 'steps'): calls SageMaker",
    ),
    Planted(
        "sources",
        "../../functions/src/act.rs",
        "= actor.act(occasion, now)",
        "= actor.look(occasion, now)",
        "('functions/src/act.rs', 'actor.look'): leads below",
    ),
    Planted(
        "sources",
        "../../functions/src/analyze.rs",
        "    let written = analysis.write(",
        "    let desk = catch_up(&analysis).await?;\n    let written = analysis.write(",
        "('functions/src/analyze.rs', 'catch_up'): leads below",
    ),
    Planted(
        "sources",
        "../pipeline/retrain.json",
        '"Get": "Parameters.LabelsUri"',
        '"Get": "Parameters.EvidenceUri"',
        "EvidenceUri: is read by infra/pipeline",
    ),
    Planted(
        "sources",
        "distributed/handler.py",
        "{root}runs/{event['run']}/",
        "{root}executions/{event['run']}/",
        "no longer says",
    ),
    # grants: one too few, one too many, one too wide, a condition gone; and README's table
    Planted(
        "grants",
        "functions.yaml",
        "                  - !Sub 'arn:${AWS::Partition}:s3:::${StoreBucket}/monitors/*/pending/*'\n              - Sid: SendPoisonAway",
        "              - Sid: SendPoisonAway",
        "IngestRole: lacks s3:PutObject",
    ),
    Planted(
        "grants",
        "functions.yaml",
        "                  - !Sub 'arn:${AWS::Partition}:s3:::${StoreBucket}/monitors/*/baseline/*'\n",
        "",
        "ActRole: lacks s3:PutObject",
    ),
    Planted(
        "grants",
        "functions.yaml",
        "${StoreBucket}/monitors/*/windows/*",
        "${StoreBucket}/monitors/*",
        "AnalyzeRole: has, and nothing uses, s3:PutObject",
    ),
    Planted(
        "grants",
        "functions.yaml",
        "                Action: s3:DeleteObject\n",
        "                Action: [s3:DeleteObject, s3:DeleteObjectVersion]\n",
        "AnalyzeRole: has, and nothing uses, s3:DeleteObjectVersion",
    ),
    Planted(
        "grants",
        "functions.yaml",
        "s3:prefix: [monitors/*, models/*]",
        "s3:prefix: [monitors/*]",
        "LifecycleRole: lacks s3:ListBucket",
    ),
    Planted(
        "grants",
        "functions.yaml",
        "                Condition:\n                  StringEquals:\n                    events:source: driftline\n",
        "",
        "ActRole: has, and nothing uses, events:PutEvents",
    ),
    Planted(
        "grants",
        "functions.yaml",
        "                  - sagemaker:StartPipelineExecution\n",
        "",
        "LifecycleRole: lacks sagemaker:StartPipelineExecution",
    ),
    Planted(
        "grants",
        "functions.yaml",
        "pipeline/${PipelinePrefix}*",
        "pipeline/*",
        "LifecycleRole: has, and nothing uses, sagemaker:DescribePipelineExecution",
    ),
    Planted(
        "grants",
        "functions.yaml",
        "        - !If [HasKey, !Ref KeyUse, !Ref AWS::NoValue]\n",
        "",
        "IngestRole: lacks kms:Decrypt",
    ),
    Planted(
        "grants",
        "capture.yaml",
        "        - Fn::ImportValue: !Sub '${Name}-act-role'",
        "        - Fn::ImportValue: !Sub '${Name}-ingest-role'",
        "ActRole: lacks s3:GetObject",
    ),
    Planted(
        "grants",
        "capture.yaml",
        "                  - !Sub '${CapturePrefix}*'\n",
        "",
        "AnalyzeRole: lacks s3:ListBucket",
    ),
    Planted(
        "grants",
        "distributed.yaml",
        "${StoreBucket}/runs/results/*",
        "${StoreBucket}/runs/*",
        "MachineRole: has, and nothing uses, s3:PutObject",
    ),
    Planted(
        "grants",
        "retraining.yaml",
        "${StoreBucket}/monitors/*/retraining/*",
        "${StoreBucket}/monitors/*/retraining/*/output/*",
        "Role: lacks s3:PutObject",
    ),
    Planted(
        "grants",
        "README.md",
        "`monitors/*/{alerts,baseline,retraining}/`",
        "`monitors/*/{alerts,retraining}/`",
        "act writes",
    ),
    Planted("functions", "functions.yaml", "      RetentionInDays: !Ref LogRetentionDays\n", "", "for ever"),
    Planted(
        "functions",
        "functions.yaml",
        "!Sub '/aws/lambda/${Name}-act'",
        "!Sub '/aws/lambda/${Name}-actor'",
        "no log group",
    ),
    Planted(
        "functions", "functions.yaml", "Role: !GetAtt ActRole.Arn", "Role: !GetAtt LifecycleRole.Arn", "shares its role"
    ),
    Planted("functions", "template.yaml", "Default: arm64", "Default: x86_64", "not arm64"),
    Planted(
        "functions",
        "functions.yaml",
        "          OnFailure:\n            Type: SQS\n            Destination: !Ref UndeliveredArn\n      LoggingConfig:\n        LogGroup: !Ref ActLog",
        "          OnSuccess:\n            Type: SQS\n            Destination: !Ref UndeliveredArn\n      LoggingConfig:\n        LogGroup: !Ref ActLog",
        "loses events",
    ),
    Planted(
        "queues",
        "capture.yaml",
        "      RedrivePolicy:\n        deadLetterTargetArn: !GetAtt Failed.Arn\n        maxReceiveCount: 5\n",
        "",
        "no dead-letter queue",
    ),
    Planted(
        "queues",
        "messaging.yaml",
        "Value: !GetAtt DeadLetters.QueueName",
        "Value: !GetAtt Undelivered.QueueName",
        "no alarm watches it",
    ),
    Planted(
        "queues", "capture.yaml", "      FunctionResponseTypes: [ReportBatchItemFailures]\n", "", "fails its batch"
    ),
    Planted("queues", "capture.yaml", "VisibilityTimeout: 1800", "VisibilityTimeout: 300", "come back"),
    Planted(
        "queues",
        "capture.yaml",
        "      ScalingConfig:\n        MaximumConcurrency: !Ref MaximumConcurrency\n",
        "",
        "concurrency",
    ),
    Planted("queues", "capture.yaml", "aws:SecureTransport: 'false'", "aws:SecureTransport: 'true'", "without TLS"),
    Planted(
        "queues",
        "capture.yaml",
        "- !Sub 'arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:${Name}-${Capture}'",
        "- !Sub 'arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:${Name}'",
        "whose dead letters",
    ),
    Planted(
        "queues",
        "messaging.yaml",
        "      SqsManagedSseEnabled: !If [HasKey, !Ref AWS::NoValue, true]\n",
        "",
        "not encrypted",
    ),
    Planted(
        "events", "capture.yaml", "detail-type: [Object Created]", "detail-type: [ObjectCreated]", "does not match"
    ),
    Planted("events", "capture.yaml", "- numeric: ['>', 0]", "- numeric: ['>=', 0]", "stands for a folder"),
    Planted("events", "capture.yaml", "              - prefix: !Ref GroundTruthPrefix\n", "", "ground truth"),
    Planted(
        "events",
        "capture.yaml",
        "              - prefix: !Ref CapturePrefix\n",
        "              - prefix: ''\n",
        "another folder",
    ),
    Planted(
        "events",
        "events.yaml",
        "detail-type: [Driftline Window Verdict]",
        "detail-type: [Driftline Verdict]",
        "does not match",
    ),
    Planted("events", "events.yaml", "source: [driftline]", "source: [driftline, imitation]", "another source"),
    Planted(
        "events",
        "events.yaml",
        "[Succeeded, Failed, Stopped, CompletedWithFailures]",
        "[Succeeded, Failed, CompletedWithFailures]",
        "Stopped",
    ),
    Planted(
        "events", "events.yaml", "- prefix: !Ref ModelPackageGroupPrefix", "- exists: true", "somebody else's group"
    ),
    Planted(
        "events", "events.yaml", "SourceArn: !GetAtt Endpoint.Arn", "SourceArn: !GetAtt Execution.Arn", "may not invoke"
    ),
    Planted(
        "events", "events.yaml", "          DeadLetterConfig:\n            Arn: !Ref UndeliveredArn\n", "", "is lost"
    ),
    Planted(
        "events", "schedules.yaml", '\'{"now":"<aws.scheduler.scheduled-time>"}\'', "'{}'", "the time it stands for"
    ),
    Planted(
        "alarms",
        "alarms.yaml",
        "Value: !Sub '${Name}-ingest'",
        "Value: !Sub '${Name}-inges'",
        "there is no FunctionName",
    ),
    Planted("alarms", "alarms.yaml", "MetricName: Errors", "MetricName: Invocations", "no alarm for its errors"),
    Planted("alarms", "alarms.yaml", "AlarmActions: [!Ref OperationsArn]", "AlarmActions: []", "reaches nobody"),
    Planted(
        "alarms", "alarms.yaml", '"...", "${Name}-undelivered"', '"...", "${Name}-undeliverd"', "a graph of QueueName"
    ),
    Planted(
        "alarms",
        "messaging.yaml",
        "AlarmName: !Sub '${Name}-undelivered'",
        "AlarmName: undelivered",
        "not named after the stack",
    ),
    Planted("state", "storage.yaml", "    UpdateReplacePolicy: Retain\n", "", "goes with the stack"),
    Planted("state", "storage.yaml", "RestrictPublicBuckets: true", "RestrictPublicBuckets: false", "public"),
    Planted(
        "state",
        "storage.yaml",
        "        Status: Enabled\n      PublicAccessBlock",
        "        Status: Suspended\n      PublicAccessBlock",
        "no versions",
    ),
    Planted("state", "storage.yaml", "EventBridgeEnabled: true", "EventBridgeEnabled: false", "tells nobody"),
    Planted(
        "state",
        "storage.yaml",
        "              Bool:\n                aws:SecureTransport: 'false'",
        "              Bool:\n                aws:SecureTransport: 'true'",
        "without TLS",
    ),
    Planted(
        "machines",
        "distributed.asl.json",
        '"FunctionName": "${MergeFunction}"',
        '"FunctionName": "${MergerFunction}"',
        "MergerFunction",
    ),
    Planted(
        "machines",
        "distributed.asl.json",
        '"MaxConcurrency": 200,',
        '"MaxConcurrency": 200, "ToleratedFailurePercentage": 5,',
        "tolerates",
    ),
    Planted(
        "machines",
        "distributed.asl.json",
        '"ResultPath": null,\n      "Next": "Merge"',
        '"ResultPath": null,\n      "End": true',
        "not counted",
    ),
    Planted("handler", "distributed/handler.py", "last + HOUR > start", "last > start", "objects of the window"),
    Planted("handler", "distributed/handler.py", 'found["Size"] > 0', "True", "empty"),
    Planted("handler", "distributed/handler.py", "text + n_text > BATCH_TEXT", "False", "256 KiB"),
    Planted("handler", "distributed/handler.py", '"--manifest", event', '"--manifests", event', "has no --manifests"),
    Planted("handler", "distributed/handler.py", "6: storage", "6: internal", "kind of error"),
    Planted("handler", "distributed/handler.py", '"parts": parts}', '"parts": parts[1:]}', "manifest"),
    Planted("handler", "distributed/handler.py", 'if not page.get("IsTruncated"):', "if True:", "objects"),
    Planted("packaging", "lambda_zip.py", "AL2023_LIBC = (2, 34)", "AL2023_LIBC = (2, 39)", "takes a binary"),
    Planted("packaging", "lambda_zip.py", "for name in sorted(files):", "for name in files:", "order"),
    Planted("packaging", "lambda_zip.py", "0o100755", "0o100600", "executed"),
    Planted(
        "conditions",
        "storage.yaml",
        "IndexExpires: !Not [!Equals [!Ref IndexDays, 0]]",
        "IndexExpires: !Not [!Equals [!Ref IndexDays, -1]]",
        "IndexExpires",
    ),
]
RULES = {rule.__name__: rule for rule in rules.RULES}


def _findings(gate, folder, file):
    if gate == "cfn-lint":
        return gates.lint(folder, {file, "template.yaml"} if file == "template.yaml" else {file})
    if gate == "asl-validator":
        return gates.asl(folder)
    try:
        deployments = templates.deployments(folder)
    except templates.Unresolved as error:
        return [str(error)] if gate == "wiring" else [f"does not come together: {error}"]
    if gate == "wiring":
        return []
    if gate == "parliament":
        return gates.parliament_(deployments)
    return RULES[gate](folder, deployments)


def _but_rust(folder, names):
    return [name for name in names if not name.endswith(".rs") and not Path(folder, name).is_dir()]


def run(folder):
    """Plants each error in a copy of the folder; (what was missed, planted, skipped)."""
    missed, n_skipped = [], 0
    for gate in {planted.gate for planted in PLANTED} ^ {
        "cfn-lint",
        "asl-validator",
        "parliament",
        "wiring",
        *RULES,
    }:
        missed.append(f"gate {gate} has no error planted, or is none")
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch, "infra", "deploy")
        shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("checks", "__pycache__"))
        root = Path(folder).parent.parent
        shutil.copytree(root / "infra" / "pipeline", copy.parent / "pipeline")
        for sources in access.CRATES:
            shutil.copytree(root / sources, Path(scratch, sources), ignore=_but_rust)
        for planted in PLANTED:
            path = copy / planted.file
            text = path.read_text()
            if planted.old not in text:
                missed.append(f"{planted.file} has no `{planted.old}` any more")
                continue
            path.write_text(text.replace(planted.old, planted.new))
            try:
                findings = _findings(planted.gate, copy, planted.file)
            finally:
                path.write_text(text)
            if findings is None:
                n_skipped += 1
            elif not any(planted.says in finding for finding in findings):
                missed.append(
                    f"{planted.gate} passes over `{planted.new.strip()}` in {planted.file}: {sorted(findings)[:2]}"
                )
    return missed, len(PLANTED), n_skipped
