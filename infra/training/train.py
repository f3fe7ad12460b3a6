"""The training job's script, as SageMaker's script mode or `docker run IMAGE train` starts it.

With more than one GPU or host a network is trained under torchrun, one process for each GPU: this process becomes
torchrun, which starts this script again. It knows only how a process begins and ends; the job is `trainer.job`.
"""

import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from trainer.environment import failure_file_of, read_environment  # noqa: E402
from trainer.failure import StopSignal, run_job  # noqa: E402
from trainer.hyperparameters import parse_hyperparameters  # noqa: E402
from trainer.launch import torchrun_command  # noqa: E402


def train(stop: StopSignal) -> None:
    environment = read_environment()
    settings = parse_hyperparameters(environment.hyperparameters)
    # cuBLAS and OpenMP read these when they start.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    if settings.threads:
        os.environ["OMP_NUM_THREADS"] = str(settings.threads)
    if settings.wants_network:
        command = torchrun_command(environment.hosts, os.environ, [str(pathlib.Path(__file__).resolve())])
        if command is not None:
            os.execv(command[0], command)
    from trainer import job

    job.run(environment, stop)


def main() -> int:
    stop = StopSignal().install()
    failure_file = failure_file_of(os.environ)
    if "LOCAL_RANK" not in os.environ:
        failure_file.unlink(missing_ok=True)
    return run_job(lambda: train(stop), failure_file)


if __name__ == "__main__":
    sys.exit(main())
