"""The split that E2E expects of a domain, to and from the directive."""

from __future__ import annotations

import numpy as np

from cnc.environment.observations import Split
from cnc.environment.sites import Site
from cnc.errors import MessageError
from cnc.messages.directives import ExpectedSplit

ROUNDING = 1e-3
"""By which shares of two paths may miss 1."""


def expected_message(split: Split) -> ExpectedSplit:
    """As a directive carries it."""
    return ExpectedSplit.model_construct(
        nodes=tuple(map(tuple, split.sigma.tolist())),
        paths=tuple(map(tuple, split.paths.tolist())),
    )


def expected_split(body: ExpectedSplit, site: Site) -> Split:
    """As the domain takes it.

    Raises:
        MessageError: it is of another inventory, or shares of paths do not sum to 1.
    """
    services, nodes = len(site.work_gc), len(site.nodes)
    if {len(row) for row in body.nodes} != {nodes} or len(body.nodes) != services:
        raise MessageError(f"the expected split is not of {services} services on {nodes} nodes")
    if len(body.paths) != services:
        raise MessageError(f"the expected split has paths of {len(body.paths)} services")
    paths = np.array(body.paths, dtype=np.float64)
    if (np.abs(paths.sum(1) - 1.0) > ROUNDING).any():
        raise MessageError("the expected split has shares of paths that do not sum to 1")
    return Split(sigma=np.array(body.nodes, dtype=np.float64), paths=paths)
