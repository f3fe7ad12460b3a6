"""Training and serving of tabular models, as SageMaker's PyTorch containers run them (script mode).

`job` is the whole of a training job; `predict` is the whole of an answer. Modules that need torch (`network`, `step`,
`loop`, `checkpoint`, `distributed`) are imported only when the network is asked for, so that a job or an endpoint of
gradient boosting alone never loads it. Nothing here knows AWS: files come in and files go out.
"""

VERSION = "1"
