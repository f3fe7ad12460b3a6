"""Inference in the form SageMaker's PyTorch containers call: `model_fn`, `input_fn`, `predict_fn`, `output_fn`.

The same four functions answer in `serve.py`. It knows no HTTP; forms are `trainer.request`'s, the model is
`trainer.artifact`'s.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from trainer import artifact, request  # noqa: E402
from trainer.artifact import Model  # noqa: E402
from trainer.failure import JobError  # noqa: E402
from trainer.request import Answer, Request, RequestError  # noqa: E402


def model_fn(model_dir: str) -> Model:
    """Raises `JobError` where the folder is no finished model."""
    return artifact.load(pathlib.Path(model_dir))


def input_fn(request_body: bytes | str, request_content_type: str | None) -> Request:
    """Raises `RequestError`."""
    return request.parse(request_body, request_content_type)


def predict_fn(input_object: Request, model: Model) -> Answer:
    """Raises `RequestError` for rows that are not the model's."""
    try:
        table = request.to_table(input_object, model.schema.names)
        return request.answer_of(model.target, model.predict(table), model.threshold)
    except JobError as error:
        raise RequestError(str(error)) from None


def output_fn(prediction: Answer, accept: str | None) -> str:
    """Text in the first accepted form (JSON where any will do); raises `RequestError` 406."""
    return request.render(prediction, request.answer_form(accept, None))
