"""EventBridge's event patterns: does an event match?

The operators that the templates use, and the plain values beside them; any other operator is refused, so that a pattern is
never taken for matching what nobody looked at.
"""

import operator

NUMERIC = {"<": operator.lt, "<=": operator.le, "=": operator.eq, ">=": operator.ge, ">": operator.gt}


class UnknownOperator(Exception):
    """An operator of EventBridge's that is not known here."""


def matches(pattern, event):
    """Whether `event` has, for every leaf of `pattern`, one of the values that the leaf lists."""
    if not isinstance(event, dict):
        return False
    for key, wanted in pattern.items():
        if isinstance(wanted, dict):
            if not matches(wanted, event.get(key)):
                return False
        else:
            present = key in event
            found = event.get(key)
            values = found if isinstance(found, list) else [found]
            if not any(_one(alternative, value, present) for alternative in wanted for value in values):
                return False
    return True


def _one(alternative, value, present):
    if not isinstance(alternative, dict):
        return present and value == alternative and isinstance(value, bool) == isinstance(alternative, bool)
    ((name, argument),) = alternative.items()
    if name == "exists":
        return present == argument
    if not present:
        return False
    match name:
        case "prefix":
            return isinstance(value, str) and value.startswith(argument)
        case "suffix":
            return isinstance(value, str) and value.endswith(argument)
        case "anything-but":
            refused = argument if isinstance(argument, list) else [argument]
            return value not in refused
        case "numeric":
            if isinstance(value, bool) or not isinstance(value, int | float):
                return False
            pairs = zip(argument[::2], argument[1::2], strict=True)
            return all(NUMERIC[sign](value, limit) for sign, limit in pairs)
        case _:
            raise UnknownOperator(name)


def self_test():
    """Rows of EventBridge's guide (event patterns, comparison operators), so that the matcher is not its own witness."""
    rows = [
        ({"source": ["aws.ec2"]}, {"source": "aws.ec2", "more": 1}, True),
        ({"source": ["aws.ec2"]}, {"source": "aws.fargate"}, False),
        ({"source": ["aws.ec2"]}, {}, False),
        ({"resources": ["a", "b"]}, {"resources": ["c", "b"]}, True),
        ({"resources": ["a", "b"]}, {"resources": []}, False),
        ({"time": [{"prefix": "2017-10-02"}]}, {"time": "2017-10-02T18:43:48Z"}, True),
        ({"time": [{"prefix": "2017-10-02"}]}, {"time": 2017}, False),
        ({"FileName": [{"suffix": ".png"}]}, {"FileName": "a.png"}, True),
        ({"detail": {"state": [{"anything-but": "initializing"}]}}, {"detail": {"state": "done"}}, True),
        ({"detail": {"state": [{"anything-but": ["initializing"]}]}}, {"detail": {"state": "initializing"}}, False),
        ({"detail": {"state": [{"anything-but": "x"}]}}, {"detail": {}}, False),
        ({"detail": {"c": [{"numeric": [">", 0, "<=", 5]}]}}, {"detail": {"c": 5}}, True),
        ({"detail": {"c": [{"numeric": [">", 0, "<=", 5]}]}}, {"detail": {"c": 0}}, False),
        ({"detail": {"c": [{"numeric": ["=", 1]}]}}, {"detail": {"c": "1"}}, False),
        ({"detail": {"c": [{"exists": False}]}}, {"detail": {"d": 1}}, True),
        ({"detail": {"c": [{"exists": True}]}}, {"detail": {"c": None}}, True),
        ({"detail": {"c": [1, True]}}, {"detail": {"c": 1}}, True),
        ({"detail": {"c": [True]}}, {"detail": {"c": 1}}, False),
        ({"detail": {"c": ["x"]}}, {"detail": "x"}, False),
    ]
    return [
        f"patterns: {pattern} on {event} is not {wanted}"
        for pattern, event, wanted in rows
        if matches(pattern, event) is not wanted
    ]
