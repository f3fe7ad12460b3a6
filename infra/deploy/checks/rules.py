"""The house's rules for what is deployed. Each answers a list of breaches, over every choice of parameters in `templates.SCENARIOS`.

They compare plain values (a queue's name in an alarm with the queues there are), not how a template spells them.
"""

import json
import re
from pathlib import Path

import access
import distributed_map
import patterns
import templates
import zips
from gates import policies

# Actions for which IAM has no resource to name (Service Authorization Reference).
WITHOUT_RESOURCES = {
    "xray:PutTraceSegments",
    "xray:PutTelemetryRecords",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ecr:GetAuthorizationToken",
    "cloudwatch:PutMetricData",
    "logs:CreateLogDelivery",
    "logs:GetLogDelivery",
    "logs:UpdateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:DescribeResourcePolicies",
    "logs:DescribeLogGroups",
}
# Variables that a monitor's [alerts] names (url_env, secret_env).
SECRETS = {"WEBHOOK_URL", "WEBHOOK_SIGNING_KEY", "PAGERDUTY_ROUTING_KEY"}
# Zips that `package` makes; functions/src/bin has a binary for each of the first four.
ARTIFACTS = {"ingest", "analyze", "act", "lifecycle", "distributed"}
# Folders of the store (ARCHITECTURE.md, docs/retraining.md) and of a run; a grant names one of them.
STORE_PREFIXES = ("monitors/", "index/", "models/", "runs/")


def _list(value):
    return value if isinstance(value, list) else [value]


def _statements(deployments):
    for file, name, path, document in policies(deployments):
        for statement in _list(document["Statement"]):
            yield file, name, path, statement


def stars(folder, deployments):
    """No action and no resource is `*` where a name exists, and no grant takes a whole bucket's objects."""
    breaches = set()
    for file, name, path, statement in _statements(deployments):
        if statement["Effect"] != "Allow" or "AssumeRolePolicyDocument" in path:
            continue
        sid = statement.get("Sid", "?")
        own_key = "KeyPolicy" in path
        for action in _list(statement["Action"]):
            if "*" in action and not (own_key and sid == "AccountDecidesByItsPolicies"):
                breaches.add(f"{file}: {name}: {sid}: allows {action}")
            if "*" in _list(statement["Resource"]) and not own_key and action not in WITHOUT_RESOURCES:
                breaches.add(f"{file}: {name}: {sid}: allows {action} on *")
        if statement.get("Principal") in ("*", {"AWS": "*"}):
            breaches.add(f"{file}: {name}: {sid}: allows everybody")
        for resource in _list(statement["Resource"]):
            if re.fullmatch(r"arn:[^:]*:s3:::[^/]*(\*|/\*)", resource):
                breaches.add(f"{file}: {name}: {sid}: allows a whole bucket: {resource}")
            elif resource != "*" and resource.split(":", 5)[-1].strip("*/:") == "" and "ec2" not in resource:
                breaches.add(f"{file}: {name}: {sid}: names nothing: {resource}")
    return breaches


def prefixes(folder, deployments):
    """Grants on the store name its folders, and listing is bounded by a prefix."""
    breaches = set()
    stores = {d.stacks["Storage"].outputs["BucketArn"] for d in deployments.values()}
    for file, name, path, statement in _statements(deployments):
        if statement["Effect"] != "Allow" or "AssumeRolePolicyDocument" in path:
            continue
        sid = statement.get("Sid", "?")
        for resource in _list(statement["Resource"]):
            bucket, _, key = resource.partition("/")
            if bucket in stores and key and not key.startswith((*STORE_PREFIXES, "capture/", "ground-truth/")):
                breaches.add(f"{file}: {name}: {sid}: {key} is no folder of the store")
        if "s3:ListBucket" in _list(statement["Action"]):
            asked = _list(statement.get("Condition", {}).get("StringLike", {}).get("s3:prefix", ["*"]))
            if any(not prefix.rstrip("*") for prefix in asked):
                breaches.add(f"{file}: {name}: {sid}: lists a bucket without a prefix")
    return breaches


def deputies(folder, deployments):
    """A service is let in only on behalf of a named resource, or at least of a named account."""
    breaches = set()
    for file, name, path, statement in _statements(deployments):
        principal = statement.get("Principal")
        services = _list(principal.get("Service", [])) if isinstance(principal, dict) else []
        if statement["Effect"] != "Allow" or services in ([], ["lambda.amazonaws.com"]):
            continue
        conditions = json.dumps(statement.get("Condition", {}))
        if not re.search(r"aws:SourceArn|aws:SourceAccount|kms:EncryptionContext", conditions):
            breaches.add(f"{file}: {name}: {statement.get('Sid', 'trust')}: lets {services} in on anybody's behalf")
    return breaches


def literals(folder, deployments):
    """No account, region, partition or bucket is written into a template or a state machine."""
    breaches = set()
    forbidden = {
        "an account": r"(?<![0-9])[0-9]{12}(?![0-9])",
        "a region": r"\b(us|eu|ap|sa|ca|me|af|il|mx|cn)(-gov|-iso[a-z]?)?-(north|south|east|west|central|northeast|southeast|northwest|southwest)-[0-9]\b",
        "a partition": r"arn:aws[a-z-]*:",
        "a bucket": r":s3:::[^$\s'\"]|s3://(?!\$)[a-z0-9]",
    }
    for file in [*Path(folder).glob("*.yaml"), *Path(folder).glob("*.asl.json")]:
        for number, line in enumerate(file.read_text().splitlines(), 1):
            for what, pattern in forbidden.items():
                if re.search(pattern, line.split(" #")[0]):
                    breaches.add(f"{file.name}:{number}: names {what}: {line.strip()}")
            if re.search(r":\s+[&*][a-z]\w*\s*$", line):
                breaches.add(f"{file.name}:{number}: has a YAML alias, which CloudFormation does not read")
    return breaches


def files(folder, deployments):
    """Every file that a template names is there, every template is used, every zip is one that `package` makes."""
    breaches = set()
    folder = Path(folder)
    named = {templates.ROOT}
    artifacts = set()
    for path in folder.glob("*.yaml"):
        for name, key, value in templates.local_files(templates.load(path)):
            if value.startswith("artifacts/"):
                artifacts.add(value.removeprefix("artifacts/").removesuffix(".zip"))
            else:
                named.add(value)
                if not (folder / value).is_file():
                    breaches.add(f"{path.name}: {name}: {key} {value} is not there")
    for path in [*folder.glob("*.yaml"), *folder.glob("*.asl.json")]:
        if path.name not in named:
            breaches.add(f"{path.name}: nothing names it")
    for wrong in artifacts ^ ARTIFACTS:
        breaches.add(f"artifacts/{wrong}.zip: not both made and used")
    package = (folder / "package").read_text() if (folder / "package").is_file() else ""
    for artifact in ARTIFACTS:
        if not re.search(rf"\b{artifact}\b", package):
            breaches.add(f"package: does not make {artifact}.zip")
    for definition in re.findall(r"infra/pipeline/[a-z-]+\.json", package):
        if not (folder.parent / "pipeline" / Path(definition).name).is_file():
            breaches.add(f"package: {definition} is not there")
    return breaches


def environment(folder, deployments):
    """What variables say is what they are for: a store, a queue's URL, a bus, and secrets that are not written down."""
    breaches = set()
    for deployment in deployments.values():
        urls = [
            f"https://sqs.{templates.REGION}.amazonaws.com/{templates.ACCOUNT}/{queue['QueueName']}"
            for queue in deployment.of_type("AWS::SQS::Queue").values()
        ]
        buses = [bus["Name"] for bus in deployment.of_type("AWS::Events::EventBus").values()]
        for (file, name), properties in deployment.of_type("AWS::Lambda::Function").items():
            given = properties.get("Environment", {}).get("Variables", {})
            for variable in given.keys() & SECRETS:
                if not re.fullmatch(
                    r"\{\{resolve:secretsmanager:[^:}]+:SecretString:" + variable + r"\}\}", given[variable]
                ):
                    breaches.add(f"{file}: {name}: {variable} is not taken from Secrets Manager")
            if not re.fullmatch(r"s3://[a-z0-9.-]+(/.+)?", given.get("DRIFTLINE_STORE", "s3://none")):
                breaches.add(f"{file}: {name}: DRIFTLINE_STORE is {given.get('DRIFTLINE_STORE')}")
            if given.get("DRIFTLINE_DEAD_LETTERS", urls[0]) not in urls:
                breaches.add(f"{file}: {name}: DRIFTLINE_DEAD_LETTERS is no queue's URL")
            if given.get("DRIFTLINE_EVENT_BUS", buses[0]) not in buses:
                breaches.add(f"{file}: {name}: DRIFTLINE_EVENT_BUS is no bus")
    return breaches


def variables(folder, deployments):
    """Functions get the variables that their sources read, all of them, and none that nobody reads."""
    root = Path(folder).parent.parent
    sources = root / "functions" / "src"
    binaries = {path.stem for path in (sources / "bin").glob("*.rs")}
    wanted = ARTIFACTS - {"distributed"}
    if wanted - binaries:
        return {f"functions/src/bin: no {name}.rs" for name in wanted - binaries}
    read = {name: _read_by(access.rust_files(root, ("functions/src",)), name) for name in wanted}
    read |= _read_by_handler((Path(folder) / "distributed" / "handler.py").read_text())
    breaches = set()
    for deployment in deployments.values():
        for (file, name), properties in deployment.of_type("AWS::Lambda::Function").items():
            function = properties["FunctionName"].rpartition("-")[2]
            given = properties.get("Environment", {}).get("Variables", {}).keys()
            needed, allowed = read[function]
            for variable in needed - given:
                breaches.add(f"{file}: {name}: has no {variable}, which {function} reads")
            for variable in given - needed - allowed:
                breaches.add(f"{file}: {name}: has {variable}, which {function} does not read")
    return breaches


def _read_by(files, function):
    """Variables of a function by its binary and the modules that it leads to: those it works with, and those it may do without.

    `context.rs` reads all of them for all functions; a function works with those whose fields its modules name.
    """
    modules, next_ = set(), [f"functions/src/bin/{function}.rs"]
    while next_:
        file = next_.pop()
        if file not in modules and file in files:
            modules.add(file)
            for module in re.findall(r"\b(?:crate|functions)::([a-z_]+)", files[file]):
                next_ += [f"functions/src/{module}.rs"]
                next_ += [other for other in files if other.startswith(f"functions/src/{module}/")]
    context = files["functions/src/context.rs"]
    names = dict(re.findall(r'pub const (\w+): &str = "(DRIFTLINE_\w+)"', context))
    reader = {
        name: names[constant]
        for name, constant in re.findall(r"fn (\w+)\([^{]*\{[^}]*?\bgiven\(lookup, (\w+)\)", context, re.DOTALL)
        if constant in names
    }
    fields = {field: reader[name] for field, name in re.findall(r"(\w+): (\w+)\(&lookup\)\?", context)}
    code = "\n".join(files[file] for file in modules - {"functions/src/context.rs"})
    needed = {variable for field, variable in fields.items() if re.search(rf"\bcontext\.{field}\b", code)}
    secrets = SECRETS if "std::env::var(name)" in code else set()
    return needed, set(names.values()) - set(fields.values()) | secrets


def _read_by_handler(text):
    """The same of `distributed/handler.py`, whose functions share one file."""
    bodies = dict(re.findall(r"^def (\w+)(\(.*?)(?=^\S)", text + "\n#", re.MULTILINE | re.DOTALL))

    def read(name, seen):
        found = set(re.findall(r'os\.environ\["(DRIFTLINE_\w+)"\]', bodies[name]))
        for called in bodies.keys() - seen:
            if re.search(rf"\b{called}\(", bodies[name]):
                found |= read(called, seen | {called})
        return found

    return {name: (read(name, {name}), set()) for name in ("plan", "profile", "merge")}


def functions(folder, deployments):
    """Runtime, architecture, an own log that ends, an own role, and somewhere for what failed."""
    breaches = set()
    for scenario, deployment in deployments.items():
        logs = deployment.of_type("AWS::Logs::LogGroup")
        kept = {properties["LogGroupName"] for properties in logs.values() if properties.get("RetentionInDays")}
        for file, name in logs:
            if logs[file, name]["LogGroupName"] not in kept:
                breaches.add(f"{file}: {name}: keeps its lines for ever")
        roles = [properties["Role"] for properties in deployment.of_type("AWS::Lambda::Function").values()]
        answering = {
            properties["FunctionName"]
            for properties in deployment.of_type("AWS::Lambda::EventInvokeConfig").values()
            if properties.get("DestinationConfig", {}).get("OnFailure")
        }
        for (file, name), properties in deployment.of_type("AWS::Lambda::Function").items():
            # The three of the map are Python around the command line; Lambda's Python is built on the same system.
            if properties["Runtime"] != ("python3.13" if file == "distributed.yaml" else "provided.al2023"):
                breaches.add(f"{file}: {name}: runs on {properties['Runtime']}")
            if scenario == "as it comes" and properties["Architectures"] != ["arm64"]:
                breaches.add(f"{file}: {name}: is {properties['Architectures']}, not arm64")
            if (
                properties["LoggingConfig"].get("LogGroup") != f"/aws/lambda/{properties['FunctionName']}"
                or properties["LoggingConfig"]["LogGroup"] not in kept
            ):
                breaches.add(f"{file}: {name}: has no log group of its own with a retention")
            if roles.count(properties["Role"]) != 1:
                breaches.add(f"{file}: {name}: shares its role")
            if file == "functions.yaml" and name != "Ingest" and properties["FunctionName"] not in answering:
                breaches.add(f"{file}: {name}: loses events that it fails on")
    return breaches


def queues(folder, deployments):
    """A queue has a dead-letter queue or is one; what ends there raises an alarm; TLS only; the mapping keeps its promises."""
    breaches = set()
    for deployment in deployments.values():
        found = {
            f"arn:aws:sqs:{templates.REGION}:{templates.ACCOUNT}:{p['QueueName']}": (key, p)
            for key, p in deployment.of_type("AWS::SQS::Queue").items()
        }
        last = {p["RedrivePolicy"]["deadLetterTargetArn"] for _, p in found.values() if "RedrivePolicy" in p}
        text = json.dumps(
            [
                resource["Properties"]
                for _, _, resource in deployment.everything()
                if resource["Type"] not in ("AWS::SQS::Queue", "AWS::SQS::QueuePolicy")
            ]
        )
        alarmed = {
            dimension["Value"]
            for alarm in deployment.of_type("AWS::CloudWatch::Alarm").values()
            if alarm.get("Namespace") == "AWS/SQS" and alarm.get("AlarmActions")
            for dimension in alarm["Dimensions"]
        }
        mapped = {p["EventSourceArn"]: p for p in deployment.of_type("AWS::Lambda::EventSourceMapping").values()}
        timeouts = {
            f"arn:aws:lambda:{templates.REGION}:{templates.ACCOUNT}:function:{p['FunctionName']}": p["Timeout"]
            for p in deployment.of_type("AWS::Lambda::Function").values()
        }
        denied = set()
        for policy in deployment.of_type("AWS::SQS::QueuePolicy").values():
            for statement in policy["PolicyDocument"]["Statement"]:
                if statement["Effect"] == "Deny" and statement.get("Condition") == {
                    "Bool": {"aws:SecureTransport": "false"}
                }:
                    denied |= set(_list(statement["Resource"]))
        for arn, ((file, name), properties) in found.items():
            if properties["QueueName"] not in alarmed:
                breaches.add(f"{file}: {name}: no alarm watches it")
            if arn not in denied:
                breaches.add(f"{file}: {name}: takes messages without TLS")
            if not (properties.get("SqsManagedSseEnabled") or properties.get("KmsMasterKeyId")):
                breaches.add(f"{file}: {name}: is not encrypted")
            if "RedrivePolicy" not in properties and arn in mapped:
                breaches.add(f"{file}: {name}: has no dead-letter queue")
            if (
                "RedrivePolicy" not in properties
                and arn not in mapped
                and arn not in last
                and properties["QueueName"] not in text
            ):
                breaches.add(f"{file}: {name}: nothing sends to it")
            if "RedrivePolicy" in properties:
                target = properties["RedrivePolicy"]["deadLetterTargetArn"]
                if target not in found:
                    breaches.add(f"{file}: {name}: its dead-letter queue is not there")
                elif found[target][1]["MessageRetentionPeriod"] < properties["MessageRetentionPeriod"]:
                    breaches.add(f"{file}: {name}: its dead-letter queue forgets before it does")
        for arn in last:
            allowed = found.get(arn, (None, {}))[1].get("RedriveAllowPolicy", {}).get("sourceQueueArns", [])
            if not set(allowed) <= found.keys() or not allowed:
                breaches.add(f"{arn}: says not whose dead letters it takes")
        for arn, mapping in mapped.items():
            name = arn.rpartition(":")[2]
            if arn not in found or mapping["FunctionName"] not in timeouts:
                breaches.add(f"mapping of {name}: leads nowhere")
                continue
            if mapping.get("FunctionResponseTypes") != ["ReportBatchItemFailures"]:
                breaches.add(f"mapping of {name}: a failed item fails its batch")
            if "MaximumConcurrency" not in mapping.get("ScalingConfig", {}):
                breaches.add(f"mapping of {name}: may take all of the account's concurrency")
            if found[arn][1]["VisibilityTimeout"] < 6 * timeouts[mapping["FunctionName"]]:
                breaches.add(f"mapping of {name}: messages come back before the function has ended six times")
    return breaches


def events(folder, deployments):
    """Patterns match the events they are for and no others; each target has a dead-letter queue and may be invoked."""
    breaches = set(patterns.self_test())
    for scenario, deployment in deployments.items():
        rules = deployment.of_type("AWS::Events::Rule")
        invoked = {(p["FunctionName"], p["SourceArn"]) for p in deployment.of_type("AWS::Lambda::Permission").values()}
        for (file, name), properties in rules.items():
            path = Path(__file__).parent / "events" / f"{name}.json"
            if not path.is_file():
                breaches.add(f"{file}: {name}: no sample events ({path.name})")
                continue
            samples = json.loads(path.read_text())
            text = json.dumps(samples.get(file) or samples.get(scenario) or samples["as it comes"])
            for wanted in (True, False):
                rows = json.loads(text)["match" if wanted else "pass"]
                if not rows:
                    breaches.add(f"{file}: {name}: no event that it {'matches' if wanted else 'passes over'}")
                for why, change in rows.items():
                    event = _changed(samples["event"], change)
                    if patterns.matches(properties["EventPattern"], event) is not wanted:
                        breaches.add(f"{file}: {name} ({scenario}): {'does not match' if wanted else 'matches'}: {why}")
            bus = properties.get("EventBusName")
            arn = f"arn:aws:events:{templates.REGION}:{templates.ACCOUNT}:rule/{bus + '/' if bus else ''}{properties['Name']}"
            for target in properties["Targets"]:
                if "DeadLetterConfig" not in target or "RetryPolicy" not in target:
                    breaches.add(f"{file}: {name}: what it cannot hand over is lost")
                if set(target) & {"Input", "InputPath", "InputTransformer"}:
                    breaches.add(f"{file}: {name}: hands over something else than the event")
                if ":lambda:" in target["Arn"] and (target["Arn"], arn) not in invoked:
                    breaches.add(f"{file}: {name}: may not invoke {target['Arn']}")
        for (file, name), properties in deployment.of_type("AWS::Scheduler::Schedule").items():
            if "DeadLetterConfig" not in properties["Target"] or "RetryPolicy" not in properties["Target"]:
                breaches.add(f"{file}: {name}: what it cannot hand over is lost")
            words = json.loads(properties["Target"]["Input"])
            # analyze is told the time it stands for, so that a late invocation closes the same windows; the others take no other key.
            if name == "Analyze" and words.get("now") != "<aws.scheduler.scheduled-time>":
                breaches.add(f"{file}: {name}: does not say the time it stands for")
            if name != "Analyze" and words:
                breaches.add(f"{file}: {name}: says {words}, which its function refuses")
    return breaches


def _changed(event, change):
    """The event with what a row says otherwise; null takes a key away."""
    if not isinstance(change, dict):
        return change
    event = dict(event) if isinstance(event, dict) else {}
    for key, value in change.items():
        if value is None:
            event.pop(key, None)
        else:
            event[key] = _changed(event.get(key), value) if isinstance(value, dict) else value
    return event


def alarms(folder, deployments):
    """Alarms and dashboards are about things that are there, alarms reach somebody, every function has one for errors."""
    breaches = set()
    for deployment in deployments.values():
        names = {
            "FunctionName": {p["FunctionName"] for p in deployment.of_type("AWS::Lambda::Function").values()},
            "QueueName": {p["QueueName"] for p in deployment.of_type("AWS::SQS::Queue").values()},
            "RuleName": {p["Name"] for p in deployment.of_type("AWS::Events::Rule").values()},
            "EventBusName": {p["Name"] for p in deployment.of_type("AWS::Events::EventBus").values()},
            "ScheduleGroup": {p["Name"] for p in deployment.of_type("AWS::Scheduler::ScheduleGroup").values()},
            "StateMachineArn": {
                f"arn:aws:states:{templates.REGION}:{templates.ACCOUNT}:stateMachine:{p['StateMachineName']}"
                for p in deployment.of_type("AWS::StepFunctions::StateMachine").values()
            },
        }
        watched = set()
        topics = {
            f"arn:aws:sns:{templates.REGION}:{templates.ACCOUNT}:{p['TopicName']}"
            for p in deployment.of_type("AWS::SNS::Topic").values()
        }
        for (file, name), alarm in deployment.of_type("AWS::CloudWatch::Alarm").items():
            metrics = (
                [alarm]
                if "Dimensions" in alarm
                else [m["MetricStat"]["Metric"] for m in alarm["Metrics"] if "MetricStat" in m]
            )
            for metric in metrics:
                for dimension in metric["Dimensions"]:
                    if dimension["Value"] not in names[dimension["Name"]]:
                        breaches.add(f"{file}: {name}: there is no {dimension['Name']} {dimension['Value']}")
                    watched.add((metric["MetricName"], dimension["Value"]))
            if not set(alarm.get("AlarmActions", [])) & topics:
                breaches.add(f"{file}: {name}: reaches nobody")
            if not alarm["AlarmName"].startswith("driftline-"):
                breaches.add(f"{file}: {name}: is not named after the stack, so the topic refuses it")
        main = {"ingest", "analyze", "act", "lifecycle"}
        for function in names["FunctionName"]:
            if function.rpartition("-")[2] in main and ("Errors", function) not in watched:
                breaches.add(f"{function}: no alarm for its errors")
        for (file, name), dashboard in deployment.of_type("AWS::CloudWatch::Dashboard").items():
            for widget in json.loads(dashboard["DashboardBody"])["widgets"]:
                row = []
                for metric in widget["properties"].get("metrics", []):
                    metric = [part for part in metric if isinstance(part, str)]
                    row = _dotted(row, metric)
                    for dimension, value in zip(row[2::2], row[3::2], strict=True):
                        if dimension in names and value not in names[dimension]:
                            breaches.add(f"{file}: {name}: a graph of {dimension} {value}, which is not there")
                for group in re.findall(r"/aws/lambda/([\w-]+)", widget["properties"].get("query", "")):
                    if group not in names["FunctionName"]:
                        breaches.add(f"{file}: {name}: a query of {group}'s log, which is not there")
    return breaches


def _dotted(before, metric):
    """CloudWatch's shorthand: `.` is the same as above, `...` all of it but the last."""
    if metric and metric[0] == "...":
        return [*before[: len(before) - len(metric) + 1], *metric[1:]]
    return [before[idx] if part == "." else part for idx, part in enumerate(metric)]


def state(folder, deployments):
    """What cannot be made again outlives the stack; the store is encrypted, versioned, closed, and speaks TLS."""
    breaches = set()
    lasting = {"AWS::S3::Bucket", "AWS::KMS::Key", "AWS::ECR::Repository", "AWS::SageMaker::ModelPackageGroup"}
    for deployment in deployments.values():
        for file, name, resource in deployment.everything():
            if resource["Type"] in lasting and {resource["DeletionPolicy"], resource["UpdateReplacePolicy"]} != {
                "Retain"
            }:
                breaches.add(f"{file}: {name}: goes with the stack")
        policies_ = {
            p["Bucket"]: p["PolicyDocument"]["Statement"] for p in deployment.of_type("AWS::S3::BucketPolicy").values()
        }
        for (file, name), bucket in deployment.of_type("AWS::S3::Bucket").items():
            if "BucketEncryption" not in bucket:
                breaches.add(f"{file}: {name}: is not encrypted by a choice of ours")
            if bucket.get("VersioningConfiguration") != {"Status": "Enabled"}:
                breaches.add(f"{file}: {name}: has no versions")
            if [True] * 4 != list(bucket.get("PublicAccessBlockConfiguration", {}).values()):
                breaches.add(f"{file}: {name}: may become public")
            if (
                not bucket.get("NotificationConfiguration", {})
                .get("EventBridgeConfiguration", {})
                .get("EventBridgeEnabled")
            ):
                breaches.add(f"{file}: {name}: tells nobody of new objects")
            if not any(
                "AbortIncompleteMultipartUpload" in rule
                for rule in bucket.get("LifecycleConfiguration", {}).get("Rules", [])
            ):
                breaches.add(f"{file}: {name}: keeps unfinished uploads")
            statements = [s for found in policies_.values() for s in found]
            if not any(
                s["Effect"] == "Deny" and s.get("Condition") == {"Bool": {"aws:SecureTransport": "false"}}
                for s in statements
            ):
                breaches.add(f"{file}: {name}: speaks without TLS")
    return breaches


def machines(folder, deployments):
    """A state machine's placeholders are what its template fills in, and it refuses a run with a part missing."""
    breaches = set()
    for path in Path(folder).glob("*.yaml"):
        template = templates.load(path)
        for name, resource in template["Resources"].items():
            if resource["Type"] != "AWS::Serverless::StateMachine":
                continue
            definition = Path(folder, resource["Properties"]["DefinitionUri"])
            if not definition.is_file():
                continue
            asked = set(re.findall(r"\$\{(\w+)\}", definition.read_text()))
            given = set(resource["Properties"].get("DefinitionSubstitutions", {}))
            for wrong in asked ^ given:
                breaches.add(f"{path.name}: {name}: ${{{wrong}}} is not both asked for and given")
            try:
                states = json.loads(definition.read_text())["States"]
            except ValueError as error:
                breaches.add(f"{definition.name}: {error}")
                continue
            for state_name, found in states.items():
                if found["Type"] == "Map" and "ToleratedFailurePercentage" in found or "ToleratedFailureCount" in found:
                    breaches.add(f"{definition.name}: {state_name}: tolerates parts that are missing")
                if (
                    found["Type"] == "Map"
                    and states.get(found.get("Next"), {}).get("Parameters", {}).get("FunctionName")
                    != "${MergeFunction}"
                ):
                    breaches.add(f"{definition.name}: {state_name}: its parts are not counted by the merge")
    return breaches


def handler(folder, deployments):
    """The functions of the map plan, call and answer as the state machine expects, in words that the command line knows."""
    path = Path(folder, "distributed", "handler.py")
    breaches = distributed_map.run(path)
    arguments = Path(__file__).parents[3] / "analyzer" / "cli" / "src" / "command" / "parts.rs"
    known = {
        name: set(re.findall(r"^    (\w+): ", body, re.MULTILINE))
        for name, body in re.findall(r"struct (\w+)Arguments \{\n(.*?)\n\}", arguments.read_text(), re.DOTALL)
    }
    for command, body in re.findall(r'words = \["(\w+)"(.*?)\n    return', path.read_text(), re.DOTALL):
        flags = {word.removeprefix("--") for word in re.findall(r'"(--\w+)"', body)}
        for flag in flags - known.get(command.title(), set()):
            breaches.append(f"{command} has no --{flag} ({arguments.name})")
    return breaches


def packaging(folder, deployments):
    """Zips are functions of their files."""
    return zips.run(Path(folder, "lambda_zip.py"))


def conditions(folder, deployments):
    """Every condition holds in one choice of parameters and fails in another, so that both halves are looked at."""
    breaches = set()
    seen = {}
    for deployment in deployments.values():
        for stack in [deployment.root, *deployment.stacks.values()]:
            for name in stack.template.get("Conditions", {}):
                seen.setdefault((stack.file.split(" as ")[0], name), set()).add(bool(stack._holds(name)))
    for (file, name), values in seen.items():
        if values != {True, False}:
            breaches.add(f"{file}: {name} is {values} in every choice of parameters of checks/templates.py")
    return breaches


RULES = [
    stars,
    prefixes,
    deputies,
    literals,
    files,
    environment,
    variables,
    access.sources,
    access.grants,
    functions,
    queues,
    events,
    alarms,
    state,
    machines,
    handler,
    packaging,
    conditions,
]
