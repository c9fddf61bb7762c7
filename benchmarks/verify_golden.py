"""Compare the kernel with golden cases: runs of an independent reference implementation.

    python benchmarks/verify_golden.py tests/data/golden/*.npz

Prints, per file and outcome, the largest relative error over all slots, in float64 (limit 1e-9)
and float32 (limit 1e-4). docs/system-model.md, "Golden cases", describes the files.
Exit status: 0 all within the limits, 1 some beyond, 2 wrong use or no golden case.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import torch

from cnc.errors import CncError, ConfigurationError
from cnc.simulator.golden import deviations, load_golden, world_of

LIMITS = {torch.float64: 1e-9, torch.float32: 1e-4}


def verify(path: Path) -> bool:
    """Print the table of one file; whether every error is within its limit."""
    arrays = load_golden(path)
    world = world_of(arrays)
    print(
        f"{path}: {len(arrays['requests'])} slots, {len(world.domain_ids)} domains, "
        f"{len(world.node_domain)} nodes, {arrays['requests'].shape[-1]} classes"
    )
    good = True
    if "world_admissible_route" in arrays:
        same = np.array_equal(
            world.admissible_routes(world.classes), arrays["world_admissible_route"]
        )
        print(f"  {'admissible routes':<30} {'equal' if same else 'DIFFERENT'}")
        good = same
    columns = [{d.outcome: d for d in deviations(arrays, dtype)} for dtype in LIMITS]
    if not columns[0]:
        raise ConfigurationError(f"{path} holds no outcome to compare with")
    print(f"  {'outcome':<30} {'float64':>9} {'slot':>5} {'float32':>9} {'slot':>5}")
    for outcome in columns[0]:
        cells, within = [], True
        for column, limit in zip(columns, LIMITS.values(), strict=True):
            found = column[outcome]
            cells.append(f"{found.error:9.1e} {found.slot:5d}")
            within = within and found.error <= limit
        print(f"  {outcome:<30} {' '.join(cells)}{'' if within else '  BEYOND THE LIMIT'}")
        good = good and within
    return good


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", nargs="+", type=Path, help="golden case (.npz)")
    files = parser.parse_args().file
    try:
        results = [verify(path) for path in files]
    except CncError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(
        f"{sum(results)} of {len(results)} files within 1e-9 (float64) and 1e-4 (float32), "
        f"torch {torch.__version__}"
    )
    return 0 if all(results) else 1


if __name__ == "__main__":
    raise SystemExit(main())
