"""Cells computed side by side: on processes of this machine, or on Ray."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, Literal

from cnc.errors import UsageError
from cnc.simulator.parameters import ScenarioParameters
from cnc.training.evaluation_cells import Cell, Row, Window, compute
from cnc.training.workers import apart, side_by_side

Backend = Literal["loky", "ray"]
RAY_ROUND = 4
"""Cells of each job that are sent to Ray at once; they are kept when all of them are done."""


def computed(
    cells: Sequence[Cell],
    parameters: ScenarioParameters,
    window: Window,
    jobs: int,
    backend: Backend,
) -> Generator[tuple[Cell, Row], None, None]:
    """Each cell with its row, in the order in which they finish.

    Closing the iterator early, as Ctrl-C does, ends the processes.

    Raises:
        UsageError: the backend is not installed.
    """
    work = partial(_kept, parameters=parameters, window=window)
    if backend == "loky":
        yield from side_by_side(work, cells, jobs)
        return
    from joblib import Parallel, delayed

    with _ray(jobs), Parallel(n_jobs=jobs, batch_size=1) as parallel:
        # Ray's backend returns lists only
        for begin in range(0, len(cells), RAY_ROUND * jobs):
            some = cells[begin : begin + RAY_ROUND * jobs]
            yield from parallel(delayed(apart)(work, cell) for cell in some)


def _kept(cell: Cell, parameters: ScenarioParameters, window: Window) -> tuple[Cell, Row]:
    return cell, compute(cell, parameters, window)


@contextmanager
def _ray(jobs: int) -> Iterator[None]:
    """A cluster that is named by RAY_ADDRESS, or one on this machine for the time of the call."""
    _set_ray_up()
    try:
        import ray
        from ray.util.joblib import register_ray
    except ImportError as error:
        raise UsageError(
            "--backend ray needs Ray, which is not installed: pip install 'cnc[ray]', or use "
            "--backend loky"
        ) from error
    from joblib import parallel_config

    started = not ray.is_initialized()
    if started:
        ray.init(**_ray_options(jobs))
    try:
        register_ray()  # type: ignore[no-untyped-call,unused-ignore]
        with parallel_config(backend="ray"):
            yield
    finally:
        if started:
            ray.shutdown()


def _set_ray_up() -> None:
    """Before Ray is imported: without a cluster it listens on loopback only, on every system."""
    if not os.environ.get("RAY_ADDRESS"):
        os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")


def _ray_options(jobs: int) -> dict[str, Any]:
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    if os.environ.get("RAY_ADDRESS"):
        return quiet
    return {
        **quiet,
        "address": "local",
        "num_cpus": jobs,
        "include_dashboard": False,
        "_node_ip_address": "127.0.0.1",
    }
