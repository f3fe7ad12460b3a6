"""The gates that other people wrote: cfn-lint on expanded templates, parliament on policies, asl-validator on state machines.

Each answers a list of findings, empty where all is well. What is passed over is listed here by name, with the reason.
"""

import json
import os
import re
import subprocess
import tempfile
from pathlib import Path

import parliament
from cfnlint.api import lint_file

import templates

# Local files become S3 locations by `aws cloudformation package`; that they exist is a rule of ours.
PASSED_OVER_BY_LINT = {"W3002"}

# (file, resource, issue, part of the detail) -> reason. parliament 1.6.4.
PASSED_OVER_BY_PARLIAMENT = {
    ("key.yaml", "Key", "RESOURCE_STAR", ""): "a key's own policy says `*` for the key",
    (
        "key.yaml",
        "Key",
        "UNKNOWN_CONDITION_FOR_ACTION",
        "kms:EncryptionContext",
    ): "DescribeKey takes no context, the others do",
    ("key.yaml", "Key", "MISMATCHED_TYPE", "ArnLike"): "CloudWatch Logs' guide compares the context's value as an ARN",
    ("storage.yaml", "BucketPolicy", "MISMATCHED_TYPE", "s3:TlsVersion"): "its numbers have no fractions",
    (
        "storage.yaml",
        "BucketPolicy",
        "UNKNOWN_CONDITION_FOR_ACTION",
        "s3:TlsVersion",
    ): "a denial of s3:* meets actions without TLS",
    ("functions.yaml", "NetworkUse", "RESOURCE_MISMATCH", "ec2:"): "Lambda's guide asks for */* of the account",
    (
        "functions.yaml",
        "NetworkUse",
        "UNKNOWN_CONDITION_FOR_ACTION",
        "lambda:SourceFunctionArn",
    ): "a key of Lambda's credentials, for any action",
    ("distributed.yaml", "MachineRole", "RESOURCE_MISMATCH", "express"): "the items are standard executions",
}


def lint(folder, files=None):
    """cfn-lint, after SAM's transform. Without it, cfn-lint passes over most of what it would find."""
    findings = []
    folder = Path(folder)
    with tempfile.TemporaryDirectory() as scratch:
        for file in sorted(folder.glob("*.yaml")):
            try:
                text = json.dumps(templates.expanded(templates.load(file)))
            except Exception as error:  # whatever the transform refuses is a finding
                findings.append(f"{file.name}: does not expand: {error}")
                continue
            Path(scratch, file.name).write_text(text)
        for file in sorted(Path(scratch).glob("*.yaml")):
            if files and file.name not in files:
                continue
            for match in lint_file(file):
                if match.rule.id not in PASSED_OVER_BY_LINT:
                    where = "/".join(str(part) for part in match.path)
                    findings.append(f"{file.name}: {match.rule.id} {where}: {match.message}")
    return findings


def documents(node, path=()):
    """Every policy document in a resource, as (path, document)."""
    if isinstance(node, dict):
        if "Statement" in node and "Version" in node:
            yield path, node
            return
        for key, inner in node.items():
            yield from documents(inner, (*path, key))
    elif isinstance(node, list):
        for idx, inner in enumerate(node):
            yield from documents(inner, (*path, idx))


def policies(deployments):
    """Every policy of every deployment, once: (file, resource, path, document)."""
    seen = set()
    for deployment in deployments.values():
        for file, name, resource in deployment.everything():
            for path, document in documents(resource["Properties"]):
                text = json.dumps(document, sort_keys=True)
                if (file, name, path, text) not in seen:
                    seen.add((file, name, path, text))
                    yield file, name, path, document


def parliament_(deployments):
    """parliament on every policy but trust policies, which have no resource and so no place in it."""
    findings = set()
    for file, name, path, document in policies(deployments):
        if "AssumeRolePolicyDocument" in path:
            continue
        for finding in parliament.analyze_policy_string(json.dumps(document)).findings:
            detail = str(finding.detail)
            passed = any(
                (file, name, finding.issue) == entry[:3] and entry[3] in detail for entry in PASSED_OVER_BY_PARLIAMENT
            )
            if not passed:
                findings.add(f"{file}: {name}: {finding.issue}: {detail[:300]}")
    return sorted(findings)


def state_machines(folder):
    """Definitions with their substitutions filled in, as (file, definition)."""
    for file in sorted(Path(folder).glob("*.asl.json")):
        text = re.sub(
            r"\$\{(\w+)\}",
            lambda found: (
                "aws" if found[1] == "Partition" else f"arn:aws:lambda:us-east-1:123456789012:function:{found[1]}"
            ),
            file.read_text(),
        )
        yield file.name, text


def asl(folder):
    """asl-validator on every state machine; None where npm's packages are not installed (DRIFTLINE_ASL_VALIDATOR unset)."""
    validator = os.environ.get("DRIFTLINE_ASL_VALIDATOR")
    if not validator:
        return None
    findings = []
    with tempfile.TemporaryDirectory() as scratch:
        for name, text in state_machines(folder):
            path = Path(scratch, name)
            path.write_text(text)
            answer = subprocess.run(
                ["node", validator, "--json-path", str(path)], capture_output=True, text=True, stdin=subprocess.DEVNULL
            )
            if answer.returncode != 0:
                findings.append(f"{name}: {(answer.stdout + answer.stderr).strip()[-600:]}")
    return findings
