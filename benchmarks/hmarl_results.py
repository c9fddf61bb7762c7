"""HMARL beside the heuristics, its ablations and the reference, from folders of `cnc evaluate`.

    python benchmarks/hmarl_results.py FOLDER... --out docs/hmarl-results

The folders hold different policies on the same worlds and traces, and may be of different commits:
references do not change when HMARL does, and cost hours. Prints one table a load and writes
figures, `results.parquet` and the commits of every folder.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from provenance import print_provenance
from rich.console import Console
from rich.table import Table

from cnc.training.evaluation_statistics import summarise
from cnc.training.figures import draw
from cnc.training.results import ResultsFolder

FIGURES = ("rand", "grd", "grd-plus", "nearest", "hmarl", "opt-causal")
SAME = ("scenario_sha256", "seed", "slots", "warm_up_slots", "effort")
"""Of the manifests: what must agree for rows to be compared."""


def merged(folders: list[Path]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """All rows, each unit of a policy once, and the manifests."""
    rows: dict[tuple[Any, ...], dict[str, Any]] = {}
    manifests = []
    for path in folders:
        folder = ResultsFolder(path)
        manifests.append(folder.manifest())
        for row in folder.rows():
            key = (row["requests"], row["policy"], row["world"], row["trace"], row["training_seed"])
            rows.setdefault(key, row)
    for name in SAME:
        if len({str(manifest.get(name)) for manifest in manifests}) > 1:
            raise SystemExit(f"the folders differ in {name}; their rows cannot be compared")
    traces = {(row["world"], row["trace"]): row["trace_seed"] for row in rows.values()}
    if any(row["trace_seed"] != traces[row["world"], row["trace"]] for row in rows.values()):
        raise SystemExit("the folders have other traces under the same numbers")
    return list(rows.values()), manifests


def show(summary: list[dict[str, Any]], console: Console) -> None:
    """One table a load."""
    for load in sorted({entry["requests"] for entry in summary}):
        entries = {e["policy"]: e for e in summary if e["requests"] == load}
        reference = entries["opt-causal"]["cost"]
        table = Table(title=f"{load:g} requests a slot")
        for heading in (
            "policy",
            "units",
            "cost",
            "/ opt-causal",
            "regret",
            "kJ",
            "in time %",
            "ms",
        ):
            table.add_column(heading, justify="left" if heading == "policy" else "right")
        for entry in sorted(entries.values(), key=lambda e: e["cost"]):
            gap = entry["gap"]
            spread = ""
            if gap["low"] is not None:
                spread = f" [{gap['low']:.3f}, {gap['high']:.3f}]"
            table.add_row(
                entry["policy"],
                str(entry["units"]),
                f"{entry['cost']:.0f}",
                f"{entry['cost'] / reference:.3f}",
                f"{gap['value']:.3f}{spread}",
                f"{entry['energy_j'] / 1e3:.2f}",
                f"{100 * entry['satisfied_share']:.2f}",
                f"{entry['decision_ms']:.1f}",
            )
        console.print(table)


def main() -> None:
    """Print, draw and keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    rows, manifests = merged(arguments.folders)
    print_provenance(sorted({int(row["world_seed"]) for row in rows}))
    summary = summarise(rows)
    show(summary, Console(width=110))
    commits = [
        {
            "policies": sorted({r["policy"] for r in ResultsFolder(path).rows()}),
            "commit": m["commit"],
        }
        for path, m in zip(arguments.folders, manifests, strict=True)
    ]
    arguments.out.mkdir(parents=True, exist_ok=True)
    ResultsFolder(arguments.out).write_rows(rows)
    (arguments.out / "commits.json").write_text(json.dumps(commits, indent=2) + "\n", "utf-8")
    worlds = len({row["world"] for row in rows})
    footer = f"scenario paper: {worlds} held-out worlds, one trace each, 5 trainings of HMARL"
    drawn = draw([e for e in summary if e["policy"] in FIGURES], arguments.out, footer)
    for figure in drawn:
        print(*figure.files)


if __name__ == "__main__":
    main()
