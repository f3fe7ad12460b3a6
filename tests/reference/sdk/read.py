"""Other people's clients read what the functions wrote: boto3, and the SageMaker Python SDK 2.x (pinned in requirements.txt).

python read.py BUCKET WINDOW BASELINE    keys of a window's folder and of the baseline's; the service is AWS_ENDPOINT_URL.
Prints what it found as one JSON object; a file that a client refuses ends it with an error.
"""

import json
import sys
from urllib.request import urlopen

import boto3
from sagemaker.model_monitor import Constraints, ConstraintViolations, Statistics
from sagemaker.session import Session

bucket, window, baseline = sys.argv[1:]
s3 = boto3.client("s3", config=boto3.session.Config(s3={"addressing_style": "path"}))
found = {}

objects = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=window + "/", PaginationConfig={"PageSize": 2})
names = [entry["Key"].rsplit("/", 1)[1] for page in objects for entry in page["Contents"]]
found["names"] = sorted(names)
for name in names:
    head = s3.head_object(Bucket=bucket, Key=f"{window}/{name}")
    body = s3.get_object(Bucket=bucket, Key=f"{window}/{name}")["Body"].read()
    assert len(body) == head["ContentLength"] > 0, name
    if name.endswith(".json"):
        json.loads(body, parse_constant=lambda constant: sys.exit(f"{name} holds {constant}"))
report = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": f"{window}/report.html"})
assert b"</html>" in urlopen(report).read()

session = Session(boto_session=boto3.Session(), sagemaker_client=boto3.client("sagemaker"))
statistics = Statistics.from_s3_uri(f"s3://{bucket}/{window}/statistics.json", sagemaker_session=session)
found["rows"] = statistics.body_dict["dataset"]["item_count"]
found["features"] = [feature["name"] for feature in statistics.body_dict["features"]]
constraints = Constraints.from_s3_uri(f"s3://{bucket}/{baseline}/constraints.json", sagemaker_session=session)
found["constrained"] = [feature["name"] for feature in constraints.body_dict["features"]]
violations = ConstraintViolations.from_s3_uri(f"s3://{bucket}/{window}/constraint_violations.json", sagemaker_session=session)
found["violations"] = [violation["feature_name"] for violation in violations.body_dict["violations"]]
print(json.dumps(found))
