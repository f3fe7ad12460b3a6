"""How one process becomes one for each GPU of each host: the torchrun command.

It does not import torch, so that a job of boosting alone never loads it, and it does not know what the script does.
"""

import sys
from collections.abc import Mapping

from trainer.environment import Hosts

RENDEZVOUS_PORT = 29500


def torchrun_command(hosts: Hosts, variables: Mapping[str, str], script: list[str]) -> list[str] | None:
    """The command that starts one process for each GPU of each host; None where one process is all, or is one of them."""
    if "LOCAL_RANK" in variables or (len(hosts.names) == 1 and hosts.n_gpus <= 1):
        return None
    names = sorted(hosts.names)
    where = ["--master_addr", names[0], "--master_port", str(RENDEZVOUS_PORT)] if len(names) > 1 else ["--standalone"]
    return [
        *(sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", str(max(1, hosts.n_gpus))),
        *("--nnodes", str(len(names)), "--node_rank", str(names.index(hosts.current)), *where, *script),
    ]
