"""What the functions do with AWS, held against the sources that do it and against the policies that let them.

`sources` finds in the Rust sources every key below the store, every place that writes or deletes, every call of an AWS client and
every way from a function into the crates below it, and holds them against the tables here. `grants` holds the tables against what the
roles may do, both ways: what a role lacks, and what it has and nothing uses. So none of the three can move without the others.

A key is written as a policy has it: `monitors/*/parts/*`. IAM's `*` goes over slashes.
"""

import functools
import json
import re
from pathlib import Path

import templates

FUNCTIONS = ("ingest", "analyze", "act", "lifecycle")
DECIDERS = ("act", "lifecycle")
# Crates that the functions link; `store` is the client of S3, whose callers are looked at in its place.
CRATES = ("functions/src", *(f"analyzer/{name}/src" for name in ("parts", "scan", "engine", "alert", "sagemaker")))
ENGINE = "analyzer/engine/src"
# Where `driftline init` puts the baseline, below the monitor's folder.
DEFAULT_BASELINE = 'const DEFAULT_BASELINE: &str = "baseline";'

# Keys below the store, and the files whose texts make them.
KEYS = {
    "index/*": {"analyzer/parts/src/layout.rs"},
    "models/*": {f"{ENGINE}/retrain/layout.rs"},
    "monitors/*/alerts/*": {"analyzer/alert/src/layout.rs"},
    "monitors/*/baseline/*": {f"{ENGINE}/init/file.rs"},
    "monitors/*/baselines/*": {"analyzer/parts/src/layout.rs"},
    "monitors/*/labels-waiting/*": {"analyzer/parts/src/labels.rs"},
    "monitors/*/labels/*": {"analyzer/parts/src/labels.rs"},
    "monitors/*/monitor.toml": {"analyzer/parts/src/watch.rs", "functions/src/analyze.rs", "functions/src/reach.rs"},
    "monitors/*/parts/*": {"analyzer/parts/src/layout.rs"},
    "monitors/*/pending/*": {"analyzer/parts/src/layout.rs"},
    "monitors/*/quality-inputs/*": {f"{ENGINE}/windows/labels.rs"},
    "monitors/*/quality/*": {
        "analyzer/alert/src/layout.rs",
        f"{ENGINE}/retrain/layout.rs",
        f"{ENGINE}/windows/labels.rs",
    },
    "monitors/*/retraining/*": {f"{ENGINE}/retrain/layout.rs", f"{ENGINE}/act/completion.rs"},
    "monitors/*/windows/*": {
        "analyzer/alert/src/layout.rs",
        "analyzer/parts/src/layout.rs",
        f"{ENGINE}/retrain/layout.rs",
    },
}

# Where something is written, deleted, or asked for its version: (file, function) -> keys, and which functions come there. None of
# them: only the command line does. A function that only passes a condition on counts where the condition is chosen.
WRITES = {
    ("analyzer/parts/src/object.rs", "take_in"): (("index/*",), ("ingest",)),
    ("analyzer/parts/src/ingest.rs", "put"): (
        ("monitors/*/baselines/*", "monitors/*/parts/*", "monitors/*/pending/*"),
        ("ingest",),
    ),
    ("analyzer/parts/src/labels.rs", "ingest_labels"): (
        ("index/*", "monitors/*/labels/*", "monitors/*/labels-waiting/*"),
        ("ingest",),
    ),
    (f"{ENGINE}/windows/mod.rs", "tell"): (("monitors/*/windows/*",), ("analyze",)),
    (f"{ENGINE}/windows/revision.rs", "claim"): (("monitors/*/windows/*",), ("analyze",)),
    (f"{ENGINE}/windows/revision.rs", "write"): (("monitors/*/windows/*",), ("analyze",)),
    (f"{ENGINE}/windows/labels.rs", "measure"): (("monitors/*/quality-inputs/*",), ("analyze",)),
    (f"{ENGINE}/quality/maturity.rs", "write"): (("monitors/*/quality/*",), ("analyze",)),
    (f"{ENGINE}/quality/revision.rs", "next"): (("monitors/*/quality/*",), ("analyze",)),
    (f"{ENGINE}/quality/revision.rs", "put"): (("monitors/*/quality/*",), ("analyze",)),
    (f"{ENGINE}/quality/revision.rs", "commit"): (("monitors/*/quality/*",), ("analyze",)),
    # A window on demand goes where its event says: below a monitor's windows, if it is to be let.
    (f"{ENGINE}/output.rs", "write_all"): (("monitors/*/windows/*",), ("analyze",)),
    ("analyzer/alert/src/desk.rs", "change"): (("monitors/*/alerts/*",), DECIDERS),
    ("analyzer/alert/src/desk.rs", "counted"): (("monitors/*/alerts/*",), ("act",)),
    ("analyzer/alert/src/desk.rs", "keep_receipt"): (("monitors/*/alerts/*",), DECIDERS),
    (f"{ENGINE}/retrain/act.rs", "not_started"): (("monitors/*/retraining/*",), ("act",)),
    (f"{ENGINE}/retrain/act.rs", "ask"): (("monitors/*/retraining/*", "models/*"), ("act",)),
    (f"{ENGINE}/retrain/act.rs", "finish"): (("monitors/*/retraining/*",), DECIDERS),
    (f"{ENGINE}/retrain/act.rs", "give_up"): (("monitors/*/retraining/*",), DECIDERS),
    (f"{ENGINE}/retrain/act.rs", "release"): (("models/*",), DECIDERS),
    (f"{ENGINE}/retrain/follow.rs", "end"): (("monitors/*/retraining/*",), ("lifecycle",)),
    (f"{ENGINE}/retrain/workplace.rs", "put_incident"): (("monitors/*/retraining/*",), DECIDERS),
    (f"{ENGINE}/retrain/workplace.rs", "approve"): ((), ()),
    (f"{ENGINE}/retrain/complete/mod.rs", "plan_deployment"): ((), ()),
    (f"{ENGINE}/retrain/complete/mod.rs", "complete"): (("monitors/*/retraining/*",), DECIDERS),
    (f"{ENGINE}/retrain/complete/roll.rs", "roll"): (("monitors/*/baseline/*",), DECIDERS),
    (f"{ENGINE}/retrain/complete/roll.rs", "copy"): (("monitors/*/baseline/*",), DECIDERS),
    (f"{ENGINE}/init/mod.rs", "write"): ((), ()),
    (f"{ENGINE}/container/scratch.rs", "put"): ((), ()),
    (f"{ENGINE}/container/exchange/objects.rs", "open"): ((), ()),
    (f"{ENGINE}/container/exchange/objects.rs", "send"): ((), ()),
}
DELETES = {
    (f"{ENGINE}/windows/mod.rs", "close_due"): (("monitors/*/pending/*",), ("analyze",)),
    (f"{ENGINE}/windows/labels.rs", "measure_due"): (("monitors/*/labels-waiting/*",), ("analyze",)),
    (f"{ENGINE}/quality/revision.rs", "remove"): (("monitors/*/quality/*",), ("analyze",)),
    (f"{ENGINE}/container/exchange/objects.rs", "clear"): ((), ()),
}
# Versions of captured objects; no object has to be there, so no listing.
VERSIONS = {(f"{ENGINE}/retrain/evidence.rs", "add_versions_of"): ((), ("act",))}

# What is read below the store. A monitor's file may name anything beside it (baseline, schema, sampling), so its whole folder is read.
# A missing object is an answer wherever the code reads, and S3 gives it only to who may list: the same keys are listed.
READS = {
    "ingest": ("monitors/*", "index/*"),
    "analyze": ("monitors/*", "index/*"),
    "act": ("monitors/*", "models/*"),
    "lifecycle": ("monitors/*", "models/*"),
}
# Where a place is opened: the store's own; beside a monitor's file or named by it, and then below its folder (or below a capture
# prefix, for those who read that); captured objects and labels.
PLACES = {
    "store": {
        ("functions/src/analyze.rs", "due"),
        (f"{ENGINE}/act/completion.rs", "open"),
        (f"{ENGINE}/act/mod.rs", "open"),
        ("functions/src/ingest/mod.rs", "known"),
        ("functions/src/reach.rs", "names"),
        (f"{ENGINE}/retrain/workplace.rs", "open"),
    },
    "monitor": {
        ("analyzer/parts/src/watch.rs", "load"),
        ("analyzer/parts/src/watch.rs", "read_schema"),
        ("analyzer/scan/src/baseline.rs", "current"),
        ("analyzer/scan/src/baseline.rs", "load"),
        (f"{ENGINE}/capture_health/invocations.rs", "read"),
        (f"{ENGINE}/capture_health/past.rs", "windows"),
        (f"{ENGINE}/earlier.rs", "recall"),
        (f"{ENGINE}/monitor/mod.rs", "load"),
        (f"{ENGINE}/output.rs", "write_all"),
        (f"{ENGINE}/quality/baseline.rs", "load_baseline"),
        (f"{ENGINE}/quality/fairness.rs", "read"),
        (f"{ENGINE}/quality/maturity.rs", "read"),
        (f"{ENGINE}/quality/weights.rs", "apply"),
        (f"{ENGINE}/quality/write.rs", "write"),
        (f"{ENGINE}/quality/write.rs", "write_to"),
        (f"{ENGINE}/reference.rs", "hold"),
        (f"{ENGINE}/retrain/complete/roll.rs", "copy"),
        (f"{ENGINE}/retrain/complete/roll.rs", "roll"),
    },
    # ingest by source_at; analyze by both, where columns are gone and where labels are joined. What a batch transform's manifest
    # names is read where it lies.
    "capture": {
        ("analyzer/parts/src/ingest.rs", "source_at"),
        ("analyzer/scan/src/sources.rs", "discover"),
        ("analyzer/scan/src/sources.rs", "follow_manifests"),
    },
    "versions": {(f"{ENGINE}/retrain/evidence.rs", "add_versions")},
    "command line": {
        ("analyzer/parts/src/bundle.rs", "read"),
        ("analyzer/parts/src/bundle.rs", "read_one"),
        (f"{ENGINE}/alerts.rs", "open"),
        (f"{ENGINE}/quality/revision.rs", "pointer"),
    },
}
READ_CAPTURE = ("ingest", "analyze")
# Folders of the engine that only the command line uses; their places are any.
COMMAND_LINE = tuple(
    f"{ENGINE}/{name}/"
    for name in ("check", "clarify", "container", "export", "import", "init", "replay", "series", "timeline")
)

# Calls of AWS clients but S3's: (file, operation) -> IAM's action, and which functions come there.
CALLS = {
    ("functions/src/ingest/dead_letters.rs", "send_message"): ("sqs:SendMessage", ("ingest",)),
    ("analyzer/alert/src/aws.rs", "publish"): ("sns:Publish", DECIDERS),
    ("analyzer/alert/src/aws.rs", "put_events"): ("events:PutEvents", ("analyze", *DECIDERS)),
    ("analyzer/sagemaker/src/pipeline.rs", "start_pipeline_execution"): ("sagemaker:StartPipelineExecution", DECIDERS),
    ("analyzer/sagemaker/src/pipeline.rs", "list_pipeline_executions"): ("sagemaker:ListPipelineExecutions", DECIDERS),
    ("analyzer/sagemaker/src/pipeline.rs", "describe_pipeline_execution"): (
        "sagemaker:DescribePipelineExecution",
        ("lifecycle",),
    ),
    ("analyzer/sagemaker/src/pipeline.rs", "list_pipeline_execution_steps"): (
        "sagemaker:ListPipelineExecutionSteps",
        ("lifecycle",),
    ),
    ("analyzer/sagemaker/src/pipeline.rs", "describe_pipeline"): ("sagemaker:DescribePipeline", ()),
    ("analyzer/sagemaker/src/package.rs", "describe_model_package"): ("sagemaker:DescribeModelPackage", ("lifecycle",)),
    ("analyzer/sagemaker/src/endpoint.rs", "describe_endpoint"): ("sagemaker:DescribeEndpoint", ()),
    ("analyzer/sagemaker/src/endpoint.rs", "describe_endpoint_config"): ("sagemaker:DescribeEndpointConfig", ()),
    ("analyzer/sagemaker/src/schedule.rs", "describe_monitoring_schedule"): (
        "sagemaker:DescribeMonitoringSchedule",
        (),
    ),
    ("analyzer/sagemaker/src/schedule.rs", "describe_endpoint"): ("sagemaker:DescribeEndpoint", ()),
    ("analyzer/sagemaker/src/schedule.rs", "describe_endpoint_config"): ("sagemaker:DescribeEndpointConfig", ()),
}
# Which of them the traits in between lead to; a new caller of one is a new way to the service.
SERVICE = {
    (f"{ENGINE}/retrain/act.rs", "execution"): {"find", "start"},
    (f"{ENGINE}/retrain/follow.rs", "look"): {"describe", "steps"},
}
# Ways from functions/src and engine's `act` into the crates below. The last column of the tables above is what follows from these lines, so another
# line means to look where it leads.
WAYS = {
    "functions/src/act.rs": {"actor.act"},
    "functions/src/analyze.rs": {
        "analysis.write",
        "windows.close_due",
        "windows.measure_due",
        "analyze",
        "names",
        "Windows::open",
        "Monitor::load",
    },
    "functions/src/eventbridge.rs": {"courier.put"},
    "functions/src/ingest/mod.rs": {
        "letters.send",
        "place.ingest",
        "place.ingest_labels",
        "Prepared::load",
        "Watched::all",
    },
    "functions/src/lifecycle.rs": {
        "actor.approved",
        "actor.go_on",
        "actor.history",
        "actor.look",
        "actor.tell",
        "packages.describe",
    },
    "functions/src/reach.rs": {"names", "Actor::open", "Monitor::load"},
    # `act` comes to all of it by `actor.act`; the others are what lifecycle names.
    f"{ENGINE}/act/completion.rs": {"retraining.complete", "store.get", "store.list"},
    f"{ENGINE}/act/mod.rs": {
        "desk.counted",
        "desk.has_counted",
        "desk.tell",
        "gather::window",
        "retraining.history",
        "retraining.plan",
        "retraining.start",
        "retraining.status",
        "Retraining::open",
        "news",
    },
}
# What the pipeline's definition reads, by parameter; all it writes begins with OutputUri, `output` beside the receipt.
PIPELINE_READS = {"CaptureUri", "LabelsUri", "SchemaUri", "TrainingDataUri"}
# Texts elsewhere that the rows of the others in `_others` follow from.
TEXTS = {
    ("infra/deploy/distributed/handler.py", "monitors/{request['monitor']}/monitor.toml"),
    ("infra/deploy/distributed/handler.py", "{root}runs/{event['run']}/"),
    ("infra/deploy/distributed.asl.json", '"Prefix": "runs/results"'),
    (f"{ENGINE}/retrain/act.rs", '("OutputUri", Some(key("output")))'),
    (f"{ENGINE}/monitor/mod.rs", "relative locations in it are below its folder"),
}


@functools.lru_cache
def _rust(text):
    """Code without its comments and its tests at the end."""
    code = re.split(r"#\[cfg\(test\)\]\s*(?:#\[[^\]]*\]\s*)*(?:pub(?:\([a-z]+\))? )?mod \w+ \{", text)[0]
    return "\n".join(line for line in code.splitlines() if not line.lstrip().startswith("//"))


def rust_files(root, folders=CRATES):
    """Sources but tests, as {path below the repository: code}."""
    found = {}
    for folder in folders:
        for path in sorted(Path(root, folder).rglob("*.rs")):
            if not re.search(r"(^|[/_])tests?\.rs$|/tests/", str(path.relative_to(root))):
                found[str(path.relative_to(root))] = _rust(path.read_text())
    return found


def _keys(file, code):
    """Keys that a file's texts make, as policies have them."""
    for text in re.findall(r'"((?:[^"\\\n]|\\.)*)"', code):
        # A layout's texts begin with the monitor's folder.
        if file.endswith("/layout.rs"):
            text = re.sub(r"^\{\w*\}/(?=[a-z])", "monitors/*/", text)
        found = re.match(r"(monitors)/(?:\{\w*\}|\*)/([a-z][\w.-]*)(/|$)|(index|models|runs)/", text)
        if found:
            folder, name, _, other = found.groups()
            yield f"{other}/*" if other else f"{folder}/*/{name}" + ("" if "." in name else "/*")


def _enclosing(code, pattern):
    """Names of functions with what matches in them."""
    for found in re.finditer(pattern, code):
        names = re.findall(r"\bfn (\w+)", code[: found.start()])
        yield (names[-1] if names else "?"), found


def _differences(found, known, what):
    return {
        f"{row}: {what}, and access.py does not know it: who comes there, and is it granted?" for row in found - known
    } | {f"{row}: no longer {what}, and access.py still says so" for row in known - found}


def sources(folder, deployments):
    """The tables of `access` are what the sources do: keys, writes, deletions, calls, and the ways to them."""
    root = Path(folder).parent.parent
    if not Path(root, "functions", "src").is_dir():
        return {"functions/src: is not there"}
    files = rust_files(root)
    keys, writes, deletes, versions, places, service, calls, ways = (set() for _ in range(8))
    for file, code in files.items():
        keys |= {(key, file) for key in _keys(file, code)}
        if DEFAULT_BASELINE in code:
            keys.add(("monitors/*/baseline/*", file))
        writes |= {(file, name) for name, _ in _enclosing(code, r"PutMode::\w+")}
        deletes |= {(file, name) for name, _ in _enclosing(code, r"\.delete\(")}
        versions |= {(file, name) for name, _ in _enclosing(code, r"\.version_of\(")}
        if not file.startswith(COMMAND_LINE):
            places |= {(file, name) for name, _ in _enclosing(code, r"\bopen_store\(")}
        service |= {
            (file, name, found[1])
            for name, found in _enclosing(code, r"\bservice\s*\.\s*(describe|find|start|steps)\(")
        }
        if "aws_sdk_" in code:
            calls |= {(file, name) for name in re.findall(r"\b(?:client|events|sns)\s*\.\s*([a-z_0-9]+)\(\)", code)} - {
                (file, "clone")
            }
        if file.startswith(("functions/src/", f"{ENGINE}/act/")):
            ways |= {(file, way) for way in _ways(code)}
    breaches = _differences(keys, {(key, file) for key, named in KEYS.items() for file in named}, "makes this key")
    breaches |= _differences(writes, set(WRITES), "writes")
    breaches |= _differences(deletes, set(DELETES), "deletes")
    breaches |= _differences(versions, set(VERSIONS), "asks for versions")
    breaches |= _differences(places, set().union(*PLACES.values()), "opens a place")
    breaches |= _differences(calls, set(CALLS), "calls AWS")
    breaches |= _differences(
        service, {(*row, name) for row, names in SERVICE.items() for name in names}, "calls SageMaker"
    )
    breaches |= _differences(ways, {(file, way) for file, named in WAYS.items() for way in named}, "leads below")
    for rows in (WRITES, DELETES):
        for row, (named, _) in rows.items():
            breaches |= {f"{row}: {key} is no key of access.KEYS" for key in set(named) - KEYS.keys()}
    for file, text in TEXTS:
        path = Path(root, file)
        if not path.is_file() or text not in path.read_text():
            breaches.add(f"{file}: no longer says `{text}`, which access.py rests on")
    return breaches | _pipeline(Path(root, "infra", "pipeline"))


def _ways(code):
    methods = (
        r"\b(actor|analysis|courier|desk|gather|letters|packages|place|retraining|store|windows)\s*(\.|::)\s*([a-z_]+)\("
    )
    passed = {"as_ref", "clone", "extend", "is_some", "iter", "join", "join_key", "len", "locate", "monitor", "retrains", "shared_config"}
    for name, separator, method in re.findall(methods, code):
        if method not in passed:
            yield f"{name}{separator}{method}"
    for name in re.findall(r"(?<![\w.:])(?<!fn )(analyze|approved|catch_up|go_on|names|news)\(", code):
        yield name
    yield from re.findall(r"\b((?:Actor|Monitor|Prepared|Retraining|Watched|Windows)::(?:all|load|open))\(", code)


def _pipeline(folder):
    """Definitions read what their parameters say, and write below OutputUri alone."""
    breaches, read = set(), set()

    def walk(node, file):
        for key, inner in node.items() if isinstance(node, dict) else enumerate(node):
            if key in ("S3Output", "CheckpointConfig", "OutputDataConfig"):
                place = inner.get("S3Uri") or inner.get("S3OutputPath")
                if place.get("Std:Join", {}).get("Values", [None])[0] != {"Get": "Parameters.OutputUri"}:
                    breaches.add(f"{file}: {key} lies elsewhere than below OutputUri")
            elif key == "S3Uri" and str(inner.get("Get", "")).startswith("Parameters."):
                read.add(inner["Get"].removeprefix("Parameters."))
            if isinstance(inner, dict | list):
                walk(inner, file)

    for path in sorted(folder.glob("*.json")):
        walk(json.loads(path.read_text()), path.name)
    return breaches | _differences(read, PIPELINE_READS, "is read by infra/pipeline")


def _comes(table, function):
    return {key for keys, by in table.values() if function in by for key in keys}


def _s3(store, reads=(), puts=(), deletes=()):
    rows = {("s3:GetObject", f"{store}/{key}", "") for key in reads}
    rows |= {("s3:PutObject", f"{store}/{key}", "") for key in puts}
    rows |= {("s3:DeleteObject", f"{store}/{key}", "") for key in deletes}
    return rows | {("s3:ListBucket", store, key) for key in reads}


def _arn(service, rest):
    return f"arn:aws:{service}:{templates.REGION}:{templates.ACCOUNT}:{rest}"


def _needed(deployment, function):
    """What a function does, as rows of (action, resource, condition)."""
    store = deployment.stacks["Storage"].outputs["BucketArn"]
    own = deployment.stacks["Functions"].parameters
    captures = [s for s in deployment.stacks.values() if "CapturePrefix" in s.parameters and "Capture" in s.parameters]
    rows = _s3(store, READS[function], _comes(WRITES, function), _comes(DELETES, function))
    for capture in captures:
        given = capture.parameters
        bucket = f"arn:aws:s3:::{given['Bucket']}"
        if function in READ_CAPTURE:
            rows |= _s3(bucket, [f"{given['CapturePrefix']}*", f"{given['GroundTruthPrefix']}*"])
            if given["BucketKeyArn"]:
                via = _condition("StringEquals", {"kms:ViaService": f"s3.{templates.REGION}.amazonaws.com"})
                rows.add(("kms:Decrypt", given["BucketKeyArn"], via))
        if any(function in by for _, by in VERSIONS.values()):
            rows.add(("s3:GetObject", f"{bucket}/{given['CapturePrefix']}*", ""))
        # Lambda takes from the queue on the function's behalf (AWSLambdaSQSQueueExecutionRole).
        if function == "ingest":
            queue = _arn("sqs", f"{given['Name']}-{given['Capture']}")
            rows |= {(f"sqs:{action}Message", queue, "") for action in ("Receive", "Delete")}
            rows.add(("sqs:GetQueueAttributes", queue, ""))
    # Lambda leaves what failed there on the function's behalf.
    if function != "ingest":
        rows.add(("sqs:SendMessage", own["UndeliveredArn"], ""))
    if own["KeyArn"]:
        rows |= {(f"kms:{action}", own["KeyArn"], "") for action in ("Decrypt", "GenerateDataKey")}
    for action in {action for action, by in CALLS.values() if function in by}:
        resources, condition = _resources(action, own)
        rows |= {(action, resource, condition) for resource in resources}
    return rows


def _resources(action, own):
    match action:
        case "sqs:SendMessage":
            return [own["DeadLettersArn"]], ""
        case "sns:Publish":
            return [own["AlertsArn"], *filter(None, own["OtherTopicArns"])], ""
        case "events:PutEvents":
            return [own["BusArn"]], _condition("StringEquals", {"events:source": "driftline"})
        case "sagemaker:DescribeModelPackage":
            return [_arn("sagemaker", f"model-package/{own['ModelPackageGroupPrefix']}*")], ""
        case _:
            return [_arn("sagemaker", f"pipeline/{own['PipelinePrefix']}*")], ""


def _others(deployment):
    """S3 rows of what is no function of functions/src, as {(stack, role): rows}."""
    store = deployment.stacks["Storage"].outputs["BucketArn"]
    rows = {}
    if "DistributedMap" in deployment.stacks:
        given = deployment.stacks["DistributedMap"].parameters
        bucket, captured = f"arn:aws:s3:::{given['CaptureBucket']}", f"{given['CapturePrefix']}*"
        read = _s3(store, ("monitors/*", "runs/*"), ("runs/*",)) | _s3(bucket, (captured,))
        rows["DistributedMap", "PlanRole"] = _s3(store, ("monitors/*/monitor.toml",), ("runs/*",)) | {
            ("s3:ListBucket", bucket, captured)
        }
        rows["DistributedMap", "ProfileRole"] = rows["DistributedMap", "MergeRole"] = read
        # ResultWriter takes uploads in parts (Step Functions' guide); ItemReader reads the batches.
        rows["DistributedMap", "MachineRole"] = {
            ("s3:GetObject", f"{store}/runs/*", ""),
            *((f"s3:{action}", f"{store}/runs/results/*", "") for action in ("PutObject", "AbortMultipartUpload")),
            ("s3:ListMultipartUploadParts", f"{store}/runs/results/*", ""),
        }
    if "Retraining" in deployment.stacks:
        given = deployment.stacks["Retraining"].parameters
        found = _s3(store, ("monitors/*",), ("monitors/*/retraining/*",))
        found.add(("s3:AbortMultipartUpload", f"{store}/monitors/*/retraining/*", ""))
        prefixes = (f"{given['CapturePrefix']}*", f"{given['GroundTruthPrefix']}*")
        found |= _s3(f"arn:aws:s3:::{given['CaptureBucket']}", prefixes)
        if given["TrainingDataBucket"]:
            found |= _s3(f"arn:aws:s3:::{given['TrainingDataBucket']}", (f"{given['TrainingDataPrefix']}*",))
        rows["Retraining", "Role"] = found
    return rows


def _condition(operator, keys):
    return json.dumps({operator: keys}, sort_keys=True)


def _list(value):
    return value if isinstance(value, list) else [value]


def _given(deployment, stack, role):
    """What a role may do, of its own policies, managed ones, and those of other stacks that name it."""
    reference = f"{role.lower()}-1x2y"
    properties = stack.resources[role]["Properties"]
    documents = [policy["PolicyDocument"] for policy in properties.get("Policies", [])]
    attached = set(properties.get("ManagedPolicyArns", []))
    for _, name, resource in deployment.everything():
        own = resource["Properties"]
        if resource["Type"] == "AWS::IAM::ManagedPolicy":
            arn = f"arn:aws:iam::{templates.ACCOUNT}:policy/driftline-{name}-1X2Y"
            if arn in attached:
                documents.append(own["PolicyDocument"])
                attached.discard(arn)
        elif resource["Type"] == "AWS::IAM::Policy" and reference in own["Roles"]:
            documents.append(own["PolicyDocument"])
    rows = {("a managed policy that is not of this stack", arn, "") for arn in attached}
    for document in documents:
        for statement in document["Statement"]:
            if statement["Effect"] != "Allow":
                continue
            condition = statement.get("Condition", {})
            prefixes = condition.get("StringLike", {}).get("s3:prefix")
            words = [json.dumps(condition, sort_keys=True)] if condition else [""]
            if prefixes and condition == {"StringLike": {"s3:prefix": prefixes}}:
                words = _list(prefixes)
            rows |= {
                (action, resource, word)
                for action in _list(statement["Action"])
                for resource in _list(statement["Resource"])
                for word in words
            }
    # What Lambda itself needs for logs, traces and networks is no business of the code's.
    return {row for row in rows if not row[0].startswith(("logs:", "xray:", "ec2:"))}


def grants(folder, deployments):
    """Each role may do what its code does, and nothing else; README's table says the same."""
    breaches = set()
    for scenario, deployment in deployments.items():
        compared = {
            (deployment.stacks["Functions"], f"{function.title()}Role"): (_needed(deployment, function), "")
            for function in FUNCTIONS
        }
        for (stack, role), rows in _others(deployment).items():
            compared[deployment.stacks[stack], role] = (rows, "s3:")
        for (stack, role), (needed, service) in compared.items():
            given = {row for row in _given(deployment, stack, role) if row[0].startswith(service)}
            for wrong, verb in ((needed - given, "lacks"), (given - needed, "has, and nothing uses,")):
                for action, resource, word in wrong:
                    on = f"{resource} ({word})" if word else resource
                    breaches.add(f"{stack.file}: {role}: {verb} {action} on {on}")
    return breaches | _readme(Path(folder, "README.md"))


def _readme(path):
    """The rows of the four functions name the keys that they write, and delete."""
    breaches = set()
    text = path.read_text()
    for function in FUNCTIONS:
        row = re.search(rf"^\| {function} \|([^|]*)\|([^|]*)\|", text, re.MULTILINE)
        if not row:
            breaches.add(f"README.md: no row for {function} in the table of what each may do")
            continue
        writes, _, deletes = row[2].partition("deletes")
        for said, needed, verb in (
            (row[1], set(READS[function]), "reads"),
            (writes, _comes(WRITES, function), "writes"),
            (deletes, _comes(DELETES, function), "deletes"),
        ):
            named = {key for text in re.findall(r"`([^`]+)`", said) for key in _spread(text)}
            for wrong in named ^ needed:
                breaches.add(f"README.md: {function} {verb} {wrong}: not both said and done")
    return breaches


def _spread(text):
    """`monitors/*/{alerts,models}/` as keys."""
    braces = re.fullmatch(r"([^{]*)\{([^}]*)\}([^{]*)", text)
    names = [f"{braces[1]}{name}{braces[3]}" for name in braces[2].split(",")] if braces else [text]
    return [f"{name}*" for name in names]
