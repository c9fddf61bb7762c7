"""Work side by side on processes of this machine, which end with it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

ItemT = TypeVar("ItemT")
DoneT = TypeVar("DoneT")


def side_by_side(
    work: Callable[[ItemT], DoneT], items: Sequence[ItemT], jobs: int
) -> Generator[DoneT, None, None]:
    """What the work gives for each item, in the order in which they finish.

    Closing the iterator early, as Ctrl-C does, ends the processes.

    Args:
        work: done in another process where jobs and items allow it, so it must be picklable.
        items: what it is done for.
        jobs: processes.
    """
    if jobs == 1 or len(items) <= 1:
        for item in items:
            yield work(item)
        return
    from joblib import Parallel, delayed

    with _loky():
        parallel = Parallel(n_jobs=jobs, return_as="generator_unordered", batch_size=1)
        yield from parallel(delayed(apart)(work, item) for item in items)


def apart(work: Callable[[ItemT], DoneT], item: ItemT) -> DoneT:
    """In a worker: Ctrl-C reaches all processes of a terminal, but is the first one's to handle."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    return work(item)


@contextmanager
def _loky() -> Iterator[None]:
    from joblib import parallel_config
    from joblib.externals.loky import get_reusable_executor

    done = False
    try:
        with parallel_config(backend="loky", inner_max_num_threads=1):
            yield
        done = True
    finally:
        get_reusable_executor().shutdown(wait=True, kill_workers=not done)
