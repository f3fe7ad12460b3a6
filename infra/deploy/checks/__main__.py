"""Checks infra/deploy: the templates as they stand, then templates with planted errors, each of which a named gate has to catch.

Run by infra/deploy/check. Knows nothing of an account; what only an account can say is in infra/deploy/README.md.
"""

import logging
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
logging.disable(logging.WARNING)

import gates  # noqa: E402
import mutations  # noqa: E402
import rules  # noqa: E402
import templates  # noqa: E402

FOLDER = Path(__file__).parent.parent


def report(name, findings, start):
    if findings is None:
        print(f"infra/deploy: {name}: skipped: it needs npm")
        return True
    for finding in sorted(findings):
        print(f"infra/deploy: {name}: {finding}")
    if not findings:
        print(f"infra/deploy: {name}: clean ({time.monotonic() - start:.1f} s)")
    return not findings


def main(arguments):
    start = time.monotonic()
    clean = report("cfn-lint", gates.lint(FOLDER), start)
    start = time.monotonic()
    clean &= report("asl-validator", gates.asl(FOLDER), start)
    start = time.monotonic()
    try:
        deployments = templates.deployments(FOLDER)
    except templates.Unresolved as error:
        report("wiring", [str(error)], start)
        return 1
    clean &= report("wiring", [], start)
    start = time.monotonic()
    clean &= report("parliament", gates.parliament_(deployments), start)
    for rule in rules.RULES:
        start = time.monotonic()
        clean &= report(rule.__name__, rule(FOLDER, deployments), start)
    if not clean:
        return 1
    if "--quick" not in arguments:
        start = time.monotonic()
        missed, n_planted, n_skipped = mutations.run(FOLDER)
        for line in missed:
            print(f"infra/deploy: planted error: {line}")
        if missed:
            return 1
        skipped = f", {n_skipped} skipped for want of npm" if n_skipped else ""
        print(
            f"infra/deploy: {n_planted} planted errors, each caught by the gate it is for{skipped} ({time.monotonic() - start:.0f} s)"
        )
    return 0


sys.exit(main(sys.argv[1:]))
