"""Templates as CloudFormation would see them: SAM expanded, and every value worked out for a choice of parameters.

Values that only an account knows (names it makes up, identifiers) are made of the resource's own name, in the form that
the service gives them, so that policies and alarms can be compared with what they are about.
"""

import functools
import json
import os
import re
from pathlib import Path

os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")

import yaml  # noqa: E402
from samtranslator.translator.transform import transform  # noqa: E402
from samtranslator.yaml_helper import yaml_parse  # noqa: E402

ACCOUNT = "123456789012"
REGION = os.environ["AWS_DEFAULT_REGION"]
PSEUDO = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Region": REGION,
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
    "AWS::StackName": "driftline",
    "AWS::StackId": f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/driftline/1",
}
ROOT = "template.yaml"


class Unresolved(Exception):
    """A name that leads nowhere, or a function of CloudFormation's that is not known here."""


class Nothing:
    """AWS::NoValue."""


NOTHING = Nothing()


def load(path):
    try:
        return json.loads(_parsed(Path(path).read_text()))
    except yaml.YAMLError as error:
        raise Unresolved(f"{Path(path).name}: is no YAML: {error}") from error


@functools.lru_cache
def _parsed(text):
    return json.dumps(yaml_parse(text))


def local_files(template):
    """Files of this folder that a template names, as (resource, property, file)."""
    found = []
    for name, resource in template["Resources"].items():
        for key in ("CodeUri", "DefinitionUri", "TemplateURL"):
            value = resource.get("Properties", {}).get(key)
            if isinstance(value, str):
                found.append((name, key, value))
    return found


def expanded(template):
    """SAM's resources as CloudFormation's; others as they are."""
    return json.loads(_expanded(json.dumps(template)))


@functools.lru_cache
def _expanded(text):
    template = json.loads(text)
    if not template.get("Transform"):
        return text
    for resource in template["Resources"].values():
        properties = resource.get("Properties", {})
        for key in ("CodeUri", "DefinitionUri"):
            if isinstance(properties.get(key), str):
                properties[key] = "s3://artifacts/" + properties[key]
    return json.dumps(transform(template, {}, _NoManagedPolicies()))


class _NoManagedPolicies:
    """Names of managed policies are looked up in an account; the templates use none."""

    def load(self):
        return {}


def _arn(service, rest, region=REGION, account=ACCOUNT):
    return f"arn:aws:{service}:{region}:{account}:{rest}"


def _reference(kind, name, properties):
    """What `Ref` of a resource is."""
    get = properties.get
    match kind:
        case "AWS::S3::Bucket":
            return get("BucketName") or f"driftline-{name.lower()}-1x2y"
        case "AWS::SQS::Queue":
            return f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{get('QueueName')}"
        case "AWS::SNS::Topic":
            return _arn("sns", get("TopicName"))
        case "AWS::Lambda::Function":
            return get("FunctionName")
        case "AWS::IAM::ManagedPolicy":
            return _arn("iam", f"policy/driftline-{name}-1X2Y", region="")
        case "AWS::Events::EventBus" | "AWS::Scheduler::ScheduleGroup":
            return get("Name")
        case "AWS::Events::Rule":
            return "|".join(part for part in (get("EventBusName"), get("Name")) if part)
        case "AWS::Logs::LogGroup":
            return get("LogGroupName")
        case "AWS::StepFunctions::StateMachine":
            return _arn("states", f"stateMachine:{get('StateMachineName')}")
        case "AWS::CloudWatch::Dashboard":
            return get("DashboardName")
        case "AWS::SageMaker::Pipeline":
            return get("PipelineName")
        case "AWS::KMS::Key":
            return "1a2b3c4d-0000-1111-2222-333344445555"
        case _:
            return f"{name.lower()}-1x2y"


def _attribute(kind, name, properties, attribute):
    """What `Fn::GetAtt` of a resource is."""
    get = properties.get
    reference = _reference(kind, name, properties)
    match kind, attribute:
        case "AWS::S3::Bucket", "Arn":
            return f"arn:aws:s3:::{reference}"
        case "AWS::SQS::Queue", "Arn":
            return _arn("sqs", get("QueueName"))
        case "AWS::SQS::Queue", "QueueName":
            return get("QueueName")
        case "AWS::Lambda::Function", "Arn":
            return _arn("lambda", f"function:{reference}")
        case "AWS::IAM::Role", "Arn":
            return _arn("iam", f"role/{reference}", region="")
        case "AWS::Events::EventBus", "Arn":
            return _arn("events", f"event-bus/{reference}")
        case "AWS::Events::Rule", "Arn":
            return _arn("events", "rule/" + reference.replace("|", "/"))
        case "AWS::Logs::LogGroup", "Arn":
            return _arn("logs", f"log-group:{reference}:*")
        case "AWS::KMS::Key", "Arn":
            return _arn("kms", f"key/{reference}")
        case "AWS::Scheduler::ScheduleGroup", "Arn":
            return _arn("scheduler", f"schedule-group/{reference}")
        case "AWS::ECR::Repository", "RepositoryUri":
            return f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{get('RepositoryName')}"
        case "AWS::SageMaker::ModelPackageGroup", "ModelPackageGroupArn":
            return _arn("sagemaker", f"model-package-group/{get('ModelPackageGroupName')}")
        case _:
            raise Unresolved(f"{name} ({kind}) has no attribute {attribute} that is known here")


class Stack:
    """A template with its parameters chosen: `resources` are those whose conditions hold, with plain values."""

    def __init__(self, file, template, parameters, exports, nested=None):
        self.file = file
        self.template = template
        self.exports = exports
        self.nested = nested or {}
        declared = template.get("Parameters", {})
        for name in parameters:
            if name not in declared:
                raise Unresolved(f"{file}: a parameter {name} is given that the template does not have")
        self.parameters = {}
        for name, what in declared.items():
            given = parameters.get(name, what.get("Default"))
            if given is None:
                raise Unresolved(f"{file}: parameter {name} is not given")
            if "List" in what["Type"]:
                given = [part.strip() for part in str(given).split(",")]
            elif isinstance(given, bool | int | float):
                given = str(given)
            self.parameters[name] = given
        self.resources = {}
        for name, resource in template["Resources"].items():
            if self._holds(resource.get("Condition")):
                self.resources[name] = {
                    "Type": resource["Type"],
                    "DeletionPolicy": resource.get("DeletionPolicy"),
                    "UpdateReplacePolicy": resource.get("UpdateReplacePolicy"),
                    "Properties": self.value(resource.get("Properties", {})),
                }
        self.outputs = {}
        for name, output in template.get("Outputs", {}).items():
            if self._holds(output.get("Condition")):
                self.outputs[name] = self.value(output["Value"])
                if "Export" in output:
                    exports[self.value(output["Export"]["Name"])] = self.outputs[name]

    def of_type(self, kind):
        return {name: found["Properties"] for name, found in self.resources.items() if found["Type"] == kind}

    def _holds(self, condition):
        if condition is None:
            return True
        if condition not in self.template.get("Conditions", {}):
            raise Unresolved(f"{self.file}: no condition {condition}")
        return self.value(self.template["Conditions"][condition])

    def _ref(self, name):
        if name == "AWS::NoValue":
            return NOTHING
        if name in PSEUDO:
            return PSEUDO[name]
        if name in self.parameters:
            return self.parameters[name]
        return _reference(*self._resource(name))

    def _resource(self, name):
        resource = self.template["Resources"].get(name)
        if resource is None:
            raise Unresolved(f"{self.file}: nothing is named {name}")
        if not self._holds(resource.get("Condition")):
            raise Unresolved(f"{self.file}: {name} is used where its condition does not hold")
        naming = (
            "Name",
            "BucketName",
            "QueueName",
            "TopicName",
            "FunctionName",
            "EventBusName",
            "LogGroupName",
            "StateMachineName",
            "DashboardName",
            "PipelineName",
            "RepositoryName",
            "ModelPackageGroupName",
        )
        properties = resource.get("Properties", {})
        known = {key: self.value(properties[key]) for key in naming if key in properties}
        return resource["Type"], name, {key: value for key, value in known.items() if value is not NOTHING}

    def _get_att(self, name, attribute):
        kind = self.template["Resources"].get(name, {}).get("Type")
        if kind == "AWS::CloudFormation::Stack":
            if not self._holds(self.template["Resources"][name].get("Condition")):
                raise Unresolved(f"{self.file}: {name} is used where its condition does not hold")
            return self.nested_output(name, attribute.removeprefix("Outputs."))
        return _attribute(*self._resource(name), attribute)

    def nested_output(self, name, output):
        if output not in self.nested[name].outputs:
            raise Unresolved(f"{self.file}: {name} has no output {output}")
        return self.nested[name].outputs[output]

    def _sub(self, text, local):
        def replaced(match):
            name = match.group(1)
            if name.startswith("!"):
                return "${" + name[1:] + "}"
            if name in local:
                return str(local[name])
            resource, dot, attribute = name.partition(".")
            return str(self._get_att(resource, attribute) if dot else self._ref(name))

        return re.sub(r"\$\{([^}]+)\}", replaced, text)

    def value(self, node):
        if isinstance(node, list):
            return [found for found in map(self.value, node) if found is not NOTHING]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            ((function, argument),) = node.items()
            if function == "Ref":
                return self._ref(argument)
            if function == "Condition" and isinstance(argument, str):
                return self._holds(argument)
            if function.startswith("Fn::"):
                return self._function(function[4:], argument)
        found = {key: self.value(inner) for key, inner in node.items()}
        return {key: inner for key, inner in found.items() if inner is not NOTHING}

    def _function(self, function, argument):
        match function:
            case "If":
                condition, yes, no = argument
                return self.value(yes if self._holds(condition) else no)
            case "Sub":
                text, local = argument if isinstance(argument, list) else (argument, {})
                return self._sub(text, self.value(local))
            case "GetAtt":
                name, attribute = argument if isinstance(argument, list) else argument.split(".", 1)
                return self._get_att(name, attribute)
            case "Join":
                return argument[0].join(str(part) for part in self.value(argument[1]))
            case "Split":
                return self.value(argument[1]).split(argument[0])
            case "Select":
                return self.value(argument[1])[int(self.value(argument[0]))]
            case "Equals":
                left, right = self.value(argument)
                return str(left) == str(right)
            case "Not":
                return not self.value(argument[0])
            case "And":
                return all(self.value(argument))
            case "Or":
                return any(self.value(argument))
            case "ImportValue":
                name = self.value(argument)
                if name not in self.exports:
                    raise Unresolved(f"{self.file}: nothing exports {name}")
                return self.exports[name]
            case "GetAZs":
                return [f"{REGION}{letter}" for letter in "abc"]
            case "Cidr":
                return [f"10.0.{i}.0/24" for i in range(int(self.value(argument)[1]))]
            case _:
                raise Unresolved(f"{self.file}: Fn::{function} is not known here")


class Deployment:
    """The root and its nested stacks for one choice of parameters, in an order in which each has what it needs.

    `beside` are stacks of their own that use what the root exports, as (name, file, parameters).
    """

    def __init__(self, folder, parameters, beside=()):
        folder = Path(folder)
        root = load(folder / ROOT)
        exports = {}
        self.root = Stack.__new__(Stack)
        partial = {"Parameters": root["Parameters"], "Conditions": root.get("Conditions", {}), "Resources": {}}
        self.root.__init__(ROOT, partial, parameters, exports)
        self.root.template = root
        self.stacks = {}
        waiting = {
            name: resource
            for name, resource in root["Resources"].items()
            if self.root._holds(resource.get("Condition"))
        }
        while waiting:
            ready = [name for name, resource in waiting.items() if not self._needs(resource) & waiting.keys()]
            if not ready:
                raise Unresolved(f"{ROOT}: stacks wait for each other: {sorted(waiting)}")
            for name in ready:
                properties = waiting.pop(name)["Properties"]
                file = properties["TemplateURL"]
                if not (folder / file).is_file():
                    raise Unresolved(f"{ROOT}: {name} names {file}, which is not there")
                given = self.root.value(properties.get("Parameters", {}))
                # A stack sees what those export that it waits for; others may come later than it does.
                visible = {}
                for before in self._waits_for(name, root):
                    visible.update(self.stacks[before].exports)
                known = set(visible)
                stack = Stack(file, expanded(load(folder / file)), given, visible)
                stack.exports = {key: value for key, value in visible.items() if key not in known}
                exports.update(stack.exports)
                self.stacks[name] = stack
                self.root.nested[name] = stack
        for name, file, given in beside:
            self.stacks[name] = Stack(f"{file} as {name}", expanded(load(folder / file)), given, exports)
        self.outputs = {
            name: self.root.value(output["Value"])
            for name, output in root.get("Outputs", {}).items()
            if self.root._holds(output.get("Condition"))
        }

    def _waits_for(self, name, root):
        """The stacks that are there before this one begins, directly or through others."""
        found, next_ = set(), [name]
        while next_:
            for before in self._needs(root["Resources"][next_.pop()]) & root["Resources"].keys() - found:
                found.add(before)
                next_.append(before)
        return sorted(found)

    def _needs(self, resource):
        depends = resource.get("DependsOn", [])
        needed = set(depends if isinstance(depends, list) else [depends])

        def walk(node):
            if isinstance(node, list):
                for inner in node:
                    walk(inner)
            elif isinstance(node, dict):
                if "Fn::If" in node:
                    condition, yes, no = node["Fn::If"]
                    walk(yes if self.root._holds(condition) else no)
                    return
                if "Fn::GetAtt" in node:
                    name = node["Fn::GetAtt"]
                    needed.add(name[0] if isinstance(name, list) else name.split(".")[0])
                for inner in node.values():
                    walk(inner)

        walk(resource.get("Properties", {}))
        return needed

    def of_type(self, kind):
        """All resources of a type, as {(stack's file, name): properties}."""
        return {
            (stack.file, name): properties
            for stack in self.stacks.values()
            for name, properties in stack.of_type(kind).items()
        }

    def everything(self):
        for stack in self.stacks.values():
            for name, resource in stack.resources.items():
                yield stack.file, name, resource


EVERYTHING = {
    "CaptureBucket": "somebody-elses-bucket",
    "CapturePrefix": "model-monitor/data-capture/",
    "GroundTruthPrefix": "labels/",
    "CaptureBucketKeyArn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/00000000-1111-2222-3333-444455556666",
    "AlertEmail": "models@example.com",
    "OperationsEmail": "operations@example.com",
    "OtherTopicArns": f"arn:aws:sns:{REGION}:{ACCOUNT}:fraud-team,arn:aws:sns:{REGION}:{ACCOUNT}:pricing-team",
    "WebhookSecret": "driftline/webhook",
    "AccessLogBucket": "access-logs-of-the-account",
    "CaptureDays": "30",
    "IngestReservedConcurrency": "50",
    "Encryption": "create",
    "Tracing": "Active",
    "Network": "create",
    "PipelineDefinitionBucket": "artifacts-bucket",
    "PipelineDefinitionKey": "driftline/pipeline.json",
    "TrainingDataBucket": "training-sets",
    "TrainingDataPrefix": "churn/",
    "EndpointPrefix": "churn-",
    "Distributed": "yes",
}
# Every condition of every template holds in one of these and fails in another; the rule `conditions` counts them.
SCENARIOS = {
    "as it comes": {},
    "everything on": EVERYTHING,
    "by notification, from another account, with what exists": {
        **EVERYTHING,
        "CaptureEvents": "notification",
        "CaptureBucketAccount": "210987654321",
        "Encryption": "existing",
        "KeyArn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/99999999-1111-2222-3333-444455556666",
        "Network": "existing",
        "SubnetIds": "subnet-1,subnet-2",
        "SecurityGroupIds": "sg-1",
        "PipelinePrefix": "team-",
        "ModelPackageGroupPrefix": "team-",
        "Repositories": "no",
        "SilentMinutes": "0",
        "IndexDays": "0",
        "StoreBucketName": "the-store",
    },
    "forwarded from another account": {
        "CaptureBucket": "their-bucket",
        "CaptureBucketAccount": "210987654321",
        "Encryption": "create",
    },
    "distributed and retraining, nothing else": {
        "Distributed": "yes",
        "PipelineDefinitionBucket": "artifacts-bucket",
        "PipelineDefinitionKey": "driftline/pipeline.json",
    },
}
BESIDE = {
    "as it comes": [
        ("ChurnSchedule", "schedules.yaml", {"Name": "driftline", "Monitor": "churn", "Every": "cron(5 * * * ? *)"}),
        (
            "FraudCapture",
            "capture.yaml",
            {
                "Name": "driftline",
                "Capture": "fraud",
                "Bucket": "fraud-capture",
                "CapturePrefix": "prod/",
                "GroundTruthPrefix": "labels/",
            },
        ),
    ],
}


def deployments(folder):
    return {name: Deployment(folder, parameters, BESIDE.get(name, ())) for name, parameters in SCENARIOS.items()}
