"""Loads the files of a folder through the classes of the SageMaker Python SDK 2.x (pinned in requirements.txt).

python load.py FOLDER    prints what it found; a file the SDK refuses ends it with an error. Talks to no service.
"""

import json
import sys
from pathlib import Path
from unittest.mock import Mock

from sagemaker.model_monitor import Constraints, ConstraintViolations, Statistics
from sagemaker.s3 import S3Downloader, S3Uploader

folder = Path(sys.argv[1])
# The SDK uploads a file and reads it back before it parses it: a bucket in memory is enough.
bucket = {}
session = Mock()
session.default_bucket.return_value = "bucket"
session.default_bucket_prefix = None


def upload(body, desired_s3_uri=None, kms_key=None, sagemaker_session=None):
    bucket[desired_s3_uri] = body
    return desired_s3_uri


S3Uploader.upload_string_as_file_body = staticmethod(upload)
S3Downloader.read_file = staticmethod(lambda s3_uri, sagemaker_session=None: bucket[s3_uri])


def text(name):
    return (folder / name).read_text(encoding="utf-8")


statistics = Statistics.from_string(text("statistics.json"), sagemaker_session=session)
print("statistics: %d features" % len(statistics.body_dict["features"]))

constraints = Constraints.from_string(text("constraints.json"), sagemaker_session=session)
constraints.set_monitoring(enable_monitoring=False, feature_name="plan")
switched = [f for f in constraints.body_dict["features"] if f["name"] == "plan"]
assert switched[0]["monitoring_config_overrides"]["evaluate_constraints"] == "Disabled", switched
assert set(constraints.body_dict) >= {"version", "features", "monitoring_config"}
print("constraints: %d features, plan switched off" % len(constraints.body_dict["features"]))

if (folder / "constraint_violations.json").exists():
    violations = ConstraintViolations.from_string(text("constraint_violations.json"), sagemaker_session=session)
    for violation in violations.body_dict["violations"]:
        assert set(violation) == {"feature_name", "constraint_check_type", "description"}, violation
    print("violations: %d" % len(violations.body_dict["violations"]))
json.dumps(statistics.body_dict, allow_nan=False)
