"""Planted errors: each is one slip of a hand in a file, and the gate that has to see it.

A gate that lets one pass is no gate. What stands on the left has to be in the file, so that a row cannot outlive the line it is
about.
"""

import shutil
import tempfile
from pathlib import Path

import access
import gates
import mutations_access
import rules
import templates
from planted import Planted


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
    *mutations_access.PLANTED,
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
