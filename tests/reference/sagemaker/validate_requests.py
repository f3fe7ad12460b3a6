"""Validates requests of SageMaker's API against botocore's service model, and exits 1 where one is not valid.

Standard input: a JSON list of {"operation": "CreateProcessingJob", "request": {...}}; an operation may also name a structure
of the model ("shape:ModelMetrics"). Beside what botocore checks itself (required and unknown members, types, smallest
lengths) it checks patterns, largest lengths and enumerations, which only the service does.

    python validate_requests.py < requests.json      # botocore 1.44.5 (requirements.txt)
"""

import json
import re
import sys

import botocore
import botocore.loaders
import botocore.model
import botocore.validate


def limits(shape, value, path, errors, patterns):
    """Patterns, maxima and enumerations of `value`, which has already its shape."""
    metadata = shape.metadata
    kind = shape.type_name
    if kind == "structure":
        for name, member in value.items():
            limits(shape.members[name], member, f"{path}.{name}", errors, patterns)
    elif kind == "list":
        if len(value) > metadata.get("max", len(value)):
            errors.append(f"{path}: {len(value)} entries, at most {metadata['max']}")
        for at, item in enumerate(value):
            limits(shape.member, item, f"{path}[{at}]", errors, patterns)
    elif kind == "map":
        if len(value) > metadata.get("max", len(value)):
            errors.append(f"{path}: {len(value)} entries, at most {metadata['max']}")
        for name, item in value.items():
            limits(shape.key, name, f"{path} key", errors, patterns)
            limits(shape.value, item, f"{path}.{name}", errors, patterns)
    elif kind == "string":
        if "enum" in metadata and value not in metadata["enum"]:
            errors.append(f"{path}: {value!r} is none of the enumeration")
        if len(value) > metadata.get("max", len(value)):
            errors.append(f"{path}: {len(value)} letters, at most {metadata['max']}")
        pattern = patterns.get(shape.name)
        if pattern and not re.search(f"^(?:{pattern})$", value, re.DOTALL):
            errors.append(f"{path}: {value!r} does not match {pattern}")
    elif kind in ("integer", "long", "float", "double"):
        if value > metadata.get("max", value) or value < metadata.get("min", value):
            errors.append(f"{path}: {value} outside {metadata}")


def main():
    assert botocore.__version__ == "1.44.5", botocore.__version__
    description = botocore.loaders.Loader().load_service_model("sagemaker", "service-2")
    model = botocore.model.ServiceModel(description, "sagemaker")
    # The parsed model keeps no patterns: they are looked up by the shape's name.
    patterns = {name: shape.get("pattern") for name, shape in description["shapes"].items()}
    n = 0
    for entry in json.load(sys.stdin):
        operation, request = entry["operation"], entry["request"]
        if operation.startswith("shape:"):
            shape = model.shape_for(operation.removeprefix("shape:"))
        else:
            shape = model.operation_model(operation).input_shape
        report = botocore.validate.ParamValidator().validate(request, shape)
        errors = [report.generate_report()] if report.has_errors() else []
        if not errors:
            limits(shape, request, operation, errors, patterns)
        for error in errors:
            print(f"{operation}: {error}")
        n += 1
        if errors:
            sys.exit(1)
    print(f"valid: {n}")


if __name__ == "__main__":
    main()
