"""Scenario files: YAML onto the simulator's parameters, checked field by field.

A file names only what differs from its base (`base: paper` where nothing is said). Whatever is
wrong is reported with file, line and field.
"""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import TypeAdapter, ValidationError

from cnc.environment.feasibility import first_problem
from cnc.environment.sections import AREAS, Where, joined, resolved, taken_apart, with_sections
from cnc.errors import ConfigurationError
from cnc.simulator.parameters import ScenarioParameters

if TYPE_CHECKING:
    from cnc.environment.areas import AreaTable
    from cnc.environment.topologies.placing import PlacedTopology

FOLDER = Path(__file__).parent / "scenarios"
DEFAULT = "paper"
SIGNED = (("radio", "snr_mean_db"),)
"""What may be negative."""
POSITIVE = (
    *("slot_s", "reference_j", "replica_speeds", "utilisation_clip", "centre", "bandwidth_mhz"),
    *("efficiency", "most_bit_s_hz", "capacity_mbit_s", "capacity_gc_s", "speed_gc_s", "work_gc"),
    *("uplink_mbit", "deadline_s"),
)
"""What may not be 0 (of ranges: the low end)."""
SHARES = {
    ("cells",): 5000,
    ("services",): 1000,
    ("energy_floor",): 1.0,
    ("load_jitter",): 1.0,
    ("utilisation_clip",): 0.999,
    ("downlink_share",): 10.0,
    ("hotspot", "move_probability"): 1.0,
    ("radio", "snr_memory"): 1.0,
    ("background", "memory"): 1.0,
    ("background", "most"): 0.99,
    ("background", "link_mean"): 0.99,
    ("terminal", "background_mean"): 0.99,
    ("ran", "background_mean"): 0.99,
    ("transport", "background_mean"): 0.99,
}
"""Largest values of what is bounded from above."""
MOST_VALUES = 200_000
"""Of one file, aliases written out: aliases of aliases make billions of some lines."""
DEEPEST = 8
"""Bases of bases; more is a circle."""


def scenario_names() -> tuple[str, ...]:
    """Names of the scenarios that ship."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


def load_scenario(name_or_path: str) -> ScenarioParameters:
    """The parameters of a shipped scenario, or of a YAML file.

    Raises:
        ConfigurationError: no such scenario, or a wrong file; names file, line and field.
    """
    return load_placed(name_or_path)[0]


def load_placed(name_or_path: str) -> tuple[ScenarioParameters, PlacedTopology | None]:
    """The parameters of a scenario, and the real network on which it stands, if it does.

    Raises:
        ConfigurationError: as `load_scenario`.
    """
    parameters, placed, _ = _loaded(name_or_path)
    return parameters, placed


def load_areas(name_or_path: str) -> AreaTable:
    """The places of a scenario: its own, else the cells of its real network by their names.

    Raises:
        ConfigurationError: as `load_scenario`.
    """
    return _loaded(name_or_path)[2]


def _loaded(name_or_path: str) -> tuple[ScenarioParameters, PlacedTopology | None, AreaTable]:
    values, path, node = _merged(name_or_path, 0)
    plain, sections = taken_apart(values)

    def where(field: tuple[Any, ...]) -> str:
        return f"{path}, line {_line(node, field)}, field {_text(field)}"

    checked = _checked(plain, path, node)
    parameters, placed = with_sections(checked, sections, "load" in plain, where)
    _runnable(parameters, where)
    from cnc.environment.areas import AreaTable, checked_areas, places

    if AREAS in sections:
        areas = checked_areas(sections[AREAS], parameters.cells, where)
    else:
        areas = () if placed is None else places(placed.cells)
    return parameters, placed, AreaTable(areas)


def _runnable(parameters: ScenarioParameters, where: Where) -> None:
    problem = first_problem(parameters)
    if problem is not None:
        field, message = problem
        raise ConfigurationError(f"{where(field)}: {message}")


def _find(name_or_path: str) -> Path:
    if name_or_path in scenario_names():
        return FOLDER / f"{name_or_path}.yaml"
    path = Path(name_or_path)
    if path.suffix in (".yaml", ".yml") or path.exists():
        return path
    raise ConfigurationError(
        f"there is no scenario {name_or_path!r}; use {', '.join(scenario_names())}, or name a "
        "YAML file"
    )


def _merged(name_or_path: str, depth: int) -> tuple[dict[str, Any], Path, yaml.Node | None]:
    """The scenario's values over those of its bases, and where they were written."""
    path = _find(name_or_path)
    try:
        text = path.read_text(encoding="utf-8")
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        values = yaml.safe_load(text)
        if node is not None and _size(node, {}) > MOST_VALUES:
            raise ConfigurationError(
                f"{path}: its aliases stand for more than {MOST_VALUES:,} values; write out what "
                "is meant"
            )
        _refuse_twice(node, (), path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConfigurationError(f"the scenario {path} cannot be read: {reason}") from error
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigurationError(f"the scenario {path} is no YAML: {_first_line(error)}") from error
    values = {} if values is None else values
    if not isinstance(values, dict):
        raise ConfigurationError(f"{path}, line 1: a scenario holds fields with values")
    values.setdefault("name", path.stem)
    values = resolved(values, path.parent)
    base = values.pop("base", None)
    if base is None:
        return values, path, node
    where = f"{path}, line {_line(node, ('base',))}, field base"
    if depth >= DEEPEST:
        raise ConfigurationError(f"{where}: scenarios are based on each other in a ring")
    if not isinstance(base, str):
        raise ConfigurationError(f"{where}: the name of a scenario or file is wanted")
    relative = path.parent / base
    try:
        path_of_base = _find(str(relative) if relative.is_file() else base)
    except ConfigurationError as error:
        raise ConfigurationError(f"{where}: {error}") from error
    below, below_path, below_node = _merged(str(path_of_base), depth + 1)
    _checked(taken_apart(below)[0], below_path, below_node)
    return _over(joined(below, values), values), path, node


def _size(node: yaml.Node, known: dict[int, int]) -> int:
    """Values below a node with its aliases written out, without writing them out."""
    if isinstance(node, yaml.ScalarNode):
        return 1
    if id(node) not in known:
        inner = node.value if isinstance(node, yaml.SequenceNode) else [v for _, v in node.value]
        known[id(node)] = 1 + sum(_size(one, known) for one in inner)
    return known[id(node)]


def _refuse_twice(node: yaml.Node | None, above: tuple[Any, ...], path: Path) -> None:
    """YAML would silently keep the last of two values.

    Raises:
        ConfigurationError: names the field and the line of its second value.
    """
    if isinstance(node, yaml.SequenceNode):
        for at, inner in enumerate(node.value):
            _refuse_twice(inner, (*above, at), path)
    if not isinstance(node, yaml.MappingNode):
        return
    seen: set[str] = set()
    for key, inner in node.value:
        place = (*above, key.value)
        if str(key.value) in seen:
            raise ConfigurationError(
                f"{path}, line {key.start_mark.line + 1}, field {_text(place)}: written twice"
            )
        seen.add(str(key.value))
        _refuse_twice(inner, place, path)


def _first_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _over(below: Any, above: Any) -> Any:
    """Values of `above` where there are any, else those of `below`; also inside mappings and
    lists of the same length."""
    if isinstance(below, dict) and isinstance(above, dict):
        shared = {key: _over(below.get(key), value) for key, value in above.items()}
        return below | shared
    if isinstance(below, (list, tuple)) and isinstance(above, list) and len(below) == len(above):
        return [_over(low, high) for low, high in zip(below, above, strict=True)]
    return above


@cache
def _adapter() -> TypeAdapter[ScenarioParameters]:
    return TypeAdapter(ScenarioParameters)


def _checked(values: dict[str, Any], path: Path, node: yaml.Node | None) -> ScenarioParameters:
    defaults = _adapter().dump_python(ScenarioParameters())
    unknown = _unknown(values, defaults, ())
    if unknown is not None:
        field, allowed = unknown
        raise ConfigurationError(
            f"{path}, line {_line(node, field)}, field {_text(field)}: unknown; there are "
            f"{', '.join(allowed)}"
        )
    merged = _over(defaults, values)
    _check_values(merged, defaults, (), path, node)
    try:
        parameters = _adapter().validate_python(merged)
    except ValidationError as error:
        first = error.errors()[0]
        place = tuple(first["loc"])
        raise ConfigurationError(
            f"{path}, line {_line(node, place)}, field {_text(place)}: {first['msg']}"
        ) from error
    return parameters


def _unknown(
    values: dict[str, Any], known: dict[str, Any], above: tuple[Any, ...]
) -> tuple[tuple[Any, ...], tuple[str, ...]] | None:
    """The first field that does not exist, and those that do in its place."""
    for key, value in values.items():
        if key not in known:
            return (*above, str(key)), tuple(known)
        for part, inner, like in _inside(value, known[key]):
            deeper = _unknown(inner, like, (*above, str(key), *part))
            if deeper is not None:
                return deeper
    return None


def _inside(value: Any, known: Any) -> list[tuple[tuple[Any, ...], dict[str, Any], dict[str, Any]]]:
    """The mappings directly inside a value, with what is known of their like."""
    if isinstance(value, dict) and isinstance(known, dict):
        return [((), value, known)]
    if isinstance(value, list) and isinstance(known, tuple) and known:
        return [
            ((at,), inner, known[0])
            for at, inner in enumerate(value)
            if isinstance(inner, dict) and isinstance(known[0], dict)
        ]
    return []


def _check_values(
    value: Any, known: Any, place: tuple[Any, ...], path: Path, node: yaml.Node | None
) -> None:
    """Refuse what is no number where one belongs, negative ones, and backward ranges.

    Raises:
        ConfigurationError: names the field.
    """
    problem = ""
    if isinstance(known, (int, float)):
        problem = _problem(value, known, place)
    elif isinstance(known, dict) and not isinstance(value, dict):
        problem = f"holds the fields {', '.join(known)}, not {value!r}"
    elif isinstance(known, tuple) and not isinstance(value, (list, tuple)):
        problem = f"is a list of {len(known)}, not {value!r}"
    elif isinstance(known, tuple) and len(value) != len(known):
        problem = f"is a list of {len(known)}, not of {len(value)}"
    elif isinstance(value, dict) and value.keys() >= {"low", "high"}:
        low, high = value["low"], value["high"]
        if isinstance(low, (int, float)) and isinstance(high, (int, float)) and low > high:
            problem = f"a range runs from low to high, not from {low:g} to {high:g}"
    if problem:
        raise ConfigurationError(
            f"{path}, line {_line(node, place)}, field {_text(place)}: {problem}"
        )
    if isinstance(value, dict) and isinstance(known, dict):
        for key, part in value.items():
            _check_values(part, known[key], (*place, key), path, node)
    if isinstance(value, (list, tuple)) and isinstance(known, tuple):
        for at, part in enumerate(value):
            _check_values(part, known[at], (*place, at), path, node)


def _problem(value: Any, known: float, place: tuple[Any, ...]) -> str:
    """What is wrong with a number, or nothing."""
    kind = "a whole number" if isinstance(known, int) else "a number"
    right = (int,) if isinstance(known, int) else (int, float)
    if isinstance(value, bool) or not isinstance(value, right):
        return f"is {kind}, not {value!r}"
    if not math.isfinite(value):
        return f"is {kind}, not {value}"
    if isinstance(known, int) and value < 1:
        return f"is at least 1, not {value}"
    if value < 0 and place[:2] not in SIGNED:
        return f"is at least 0, not {value:g}"
    if value == 0 and (place[-1] in POSITIVE or (place[-1] == "low" and place[-2] in POSITIVE)):
        return "is above 0"
    most = SHARES.get(tuple(part for part in place if isinstance(part, str)))
    return f"is at most {most:g}, not {value:g}" if most is not None and value > most else ""


def _line(node: yaml.Node | None, field: tuple[Any, ...]) -> int:
    """The line of the deepest part of a field that the file itself writes."""
    line = 1
    for part in field:
        if isinstance(node, yaml.MappingNode):
            found = [(k, v) for k, v in node.value if k.value == str(part)]
            if not found:
                return line
            key, node = found[0]
            line = key.start_mark.line + 1
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            if part >= len(node.value):
                return line
            node = node.value[part]
            line = node.start_mark.line + 1
        else:
            return line
    return line


def _text(field: tuple[Any, ...]) -> str:
    return ".".join(str(part) for part in field) or "(whole file)"
