"""The map of a scenario with a real transport network; imports matplotlib."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from cnc.errors import UsageError

if TYPE_CHECKING:
    from cnc.environment.topologies.placing import PlacedTopology

FORMATS = (".png", ".svg", ".pdf")
NETWORK, CELL, SITE = "#b8bec6", "#1b6ca8", "#c8471f"
WAYS = (
    ("#1b6ca8", "-", 2.2, "first backhaul path"),
    ("#e0a030", "--", 1.5, "second backhaul path"),
)
MOST_LABELS = 80
INCHES = 8.0


def draw_map(placed: PlacedTopology, name: str, file: Path) -> None:
    """Draw cells, data centres and backhaul paths.

    Raises:
        UsageError: the file cannot be written, or its ending names no format.
    """
    if file.suffix.lower() not in FORMATS:
        raise UsageError(f"{file}: a picture ends in {', '.join(FORMATS)}")
    graph = placed.graph
    xs, ys = [node.x for node in graph.nodes], [node.y for node in graph.nodes]
    figure = Figure(figsize=(INCHES, INCHES), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    for link in graph.links:
        one, other = link.ends
        axes.plot([xs[one], xs[other]], [ys[one], ys[other]], color=NETWORK, lw=0.8, zorder=1)
    axes.scatter(xs, ys, s=12, color=NETWORK, zorder=2)
    _draw_paths(axes, placed)
    for cell in placed.cells:
        if cell.access_km:
            node = graph.nodes[cell.node]
            axes.plot([cell.x, node.x], [cell.y, node.y], color=CELL, lw=0.8, ls=":", zorder=3)
    axes.scatter(
        [cell.x for cell in placed.cells],
        [cell.y for cell in placed.cells],
        s=[30 + 50 * min(cell.weight, 6.0) for cell in placed.cells],
        color=CELL,
        edgecolor="white",
        zorder=4,
        label="cell (area: weight of its traffic)",
    )
    axes.scatter(
        [xs[site] for site in placed.data_centres],
        [ys[site] for site in placed.data_centres],
        s=130,
        marker="s",
        facecolor="none",
        edgecolor=SITE,
        linewidth=2.0,
        zorder=5,
        label="data centre",
    )
    if len(placed.cells) <= MOST_LABELS:
        for at, cell in enumerate(placed.cells):
            axes.annotate(
                _plain(f"{at} {cell.name}"),
                (cell.x, cell.y),
                xytext=(6, 5),
                textcoords="offset points",
                fontsize=8,
                zorder=6,
            )
    if graph.geographic:
        middle = math.radians((min(ys) + max(ys)) / 2)
        axes.set_aspect(1.0 / max(math.cos(middle), 0.1))
        axes.set_xlabel("longitude, degrees")
        axes.set_ylabel("latitude, degrees")
    else:
        axes.set_aspect("equal")
        axes.set_xlabel("km")
        axes.set_ylabel("km")
    axes.set_title(_plain(f"{name} ({graph.label})"))
    axes.legend(loc="best", fontsize=8)
    try:
        figure.savefig(file, dpi=150)
    except OSError as error:
        raise UsageError(
            f"the picture {file} cannot be written: {error.strerror or error}"
        ) from error


def _draw_paths(axes: Any, placed: PlacedTopology) -> None:
    nodes = placed.graph.nodes
    for which, (colour, style, width, label) in reversed(list(enumerate(WAYS))):
        for at, cell in enumerate(placed.cells):
            if cell.paths is None:
                continue
            walked = [nodes[node] for node in cell.paths[which].nodes]
            axes.plot(
                [node.x for node in walked],
                [node.y for node in walked],
                color=colour,
                ls=style,
                lw=width,
                alpha=0.7,
                zorder=3,
                label=label if at == 0 else None,
            )


def _plain(text: str) -> str:
    """Without what matplotlib would read as mathematics."""
    return text.replace("$", r"\$")
