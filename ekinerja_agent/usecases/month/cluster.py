"""Workers on other hosts: the executor of a Dask cluster, where the extra `dask` is installed.

Does not know what they work on.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager

from ekinerja_agent.nouns.errors import TemporarilyUnavailable, WrongUsage
from ekinerja_agent.nouns.messages import Message

_ANSWER_S = 20


@contextmanager
def cluster(address: str) -> Iterator[tuple[Executor, int]]:
    """Given the address of a scheduler (tcp://host:8786), give its executor and how many workers it has.

    Raise WrongUsage if the extra is not installed, TemporarilyUnavailable if no cluster with workers answers there.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise WrongUsage(Message("--cluster needs the extra dask: pip install 'ekinerja-agent[dask]'")) from error
    try:
        client = Client(address, timeout=_ANSWER_S, set_as_default=False)
    except (OSError, ValueError) as error:
        raise TemporarilyUnavailable(
            Message(
                "no Dask scheduler answers at {address}: {error}; start it, or leave --cluster out",
                address=address,
                error=error,
            )
        ) from error
    with client:
        workers = sum(client.ncores().values())
        if not workers:
            raise TemporarilyUnavailable(
                Message("the cluster at {address} has no worker; start one: dask worker {address}", address=address)
            )
        # A pure function of its arguments would be computed once for two equal offices; each submission counts here.
        yield client.get_executor(pure=False), workers
