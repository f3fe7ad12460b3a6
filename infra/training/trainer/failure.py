"""How a job says why it stopped: SageMaker's `failure` file, exit codes, SIGTERM.

SageMaker shows the first 1,024 characters of `/opt/ml/output/failure` as the job's FailureReason.
It does not know what the job does. A message of our own is written whole; of any other exception only its type and the
places it passed through, because its text may quote a value of the data.
"""

import pathlib
import signal
import sys
import traceback
from collections.abc import Callable

EXIT_FAILED = 1
EXIT_STOPPED = 143  # 128 + SIGTERM
REASON_LENGTH = 1024


class JobError(Exception):
    """What the person who started the job can repair: says what was asked, what was found, where, and what to do."""


class Stopped(Exception):
    """The job was asked to end (SIGTERM: StopTrainingJob, or a spot instance taken back) and has saved its state."""


class StopSignal:
    """Remembers that SIGTERM came; whoever works in steps asks `is_set` between them."""

    def __init__(self) -> None:
        self.is_set = False

    def install(self) -> "StopSignal":
        signal.signal(signal.SIGTERM, self._remember)
        return self

    def _remember(self, _signal: int, _frame: object) -> None:
        self.is_set = True


def reason_of(error: BaseException) -> str:
    """The text of the failure file for this error, at most `REASON_LENGTH` characters."""
    if isinstance(error, JobError):
        return str(error)[:REASON_LENGTH]
    frames = traceback.extract_tb(error.__traceback__)
    places = " > ".join(f"{pathlib.Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames[-6:])
    name = type(error).__name__
    hint = "; out of memory: take a larger instance or a smaller `batch_size`" if "OutOfMemory" in name else ""
    return f"internal error {name} at {places}{hint} (its text is withheld: it may quote data)"[:REASON_LENGTH]


def run_job(work: Callable[[], None], failure_file: pathlib.Path) -> int:
    """Runs `work`; writes the failure file where it fails. Returns the process's exit code."""
    try:
        work()
    except Stopped as stopped:
        print(f"stopped: {stopped}", flush=True)
        return EXIT_STOPPED
    except Exception as error:
        reason = reason_of(error)
        print(f"failed: {reason}", file=sys.stderr, flush=True)
        try:
            failure_file.parent.mkdir(parents=True, exist_ok=True)
            with failure_file.open("x", encoding="utf-8") as opened:
                opened.write(reason)
        except FileExistsError:
            pass  # Another process of this job failed first; ours is likely the consequence.
        except OSError as denied:
            print(f"the failure file could not be written: {denied.strerror}", file=sys.stderr, flush=True)
        return EXIT_FAILED
    return 0
