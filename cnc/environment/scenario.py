"""Scenario files: YAML onto the simulator's parameters, checked field by field.

A file names only what differs from its base (`base: paper` where nothing is said). Whatever is
wrong is reported with file, line and field.
"""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError

from cnc.errors import CncError, ConfigurationError
from cnc.simulator.parameters import ScenarioParameters

FOLDER = Path(__file__).parent / "scenarios"
DEFAULT = "paper"
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
    return _checked(*_merged(name_or_path, 0))


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
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConfigurationError(f"the scenario {path} cannot be read: {reason}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"the scenario {path} is no YAML: {_first_line(error)}") from error
    values = {} if values is None else values
    if not isinstance(values, dict):
        raise ConfigurationError(f"{path}, line 1: a scenario holds fields with values")
    values.setdefault("name", path.stem)
    base = values.pop("base", None)
    if base is None:
        return values, path, node
    if depth >= DEEPEST:
        raise ConfigurationError(f"{path}, field base: scenarios are based on each other in a ring")
    relative = path.parent / str(base)
    below, _, _ = _merged(str(relative) if relative.is_file() else str(base), depth + 1)
    return _over(below, values), path, node


def _first_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Values of `above` where there are any, else those of `below`; mappings are merged."""
    merged = dict(below)
    for key, value in above.items():
        kept = merged.get(key)
        both = isinstance(kept, dict) and isinstance(value, dict)
        merged[key] = _over(kept, value) if both else value  # type: ignore[arg-type]
    return merged


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
    _check_ranges(values, (), path, node)
    try:
        parameters = _adapter().validate_python(_over(defaults, values))
    except ValidationError as error:
        first = error.errors()[0]
        place = tuple(first["loc"])
        message = first["msg"].removeprefix("Value error, ")
        raise ConfigurationError(
            f"{path}, line {_line(node, place)}, field {_text(place)}: {message}"
        ) from error
    except CncError as error:
        raise ConfigurationError(f"{path}: {error}") from error
    _possible(parameters, path, node)
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


def _check_ranges(value: Any, place: tuple[Any, ...], path: Path, node: yaml.Node | None) -> None:
    """Refuse numbers that are none, and ranges that run backwards.

    Raises:
        ConfigurationError: names the field.
    """
    problem = ""
    if isinstance(value, float) and not math.isfinite(value):
        problem = f"{value} is no number"
    if isinstance(value, dict) and {"low", "high"} <= value.keys():
        low, high = value["low"], value["high"]
        if isinstance(low, (int, float)) and isinstance(high, (int, float)) and low > high:
            problem = f"a range runs from low to high, not from {low:g} to {high:g}"
    if problem:
        raise ConfigurationError(
            f"{path}, line {_line(node, place)}, field {_text(place)}: {problem}"
        )
    inner = value.items() if isinstance(value, dict) else ()
    inner = enumerate(value) if isinstance(value, list) else inner
    for key, part in inner:
        _check_ranges(part, (*place, key), path, node)


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


def _possible(parameters: ScenarioParameters, path: Path, node: yaml.Node | None) -> None:
    """Refuse what no policy could run.

    Raises:
        ConfigurationError: names the field and what to change.
    """
    checks: list[tuple[tuple[str, ...], bool, str]] = [
        (("cells",), parameters.cells <= 5_000, "at most 5000"),
        (("services",), parameters.services <= 1_000, "at most 1000"),
        (("load",), parameters.load >= 0, "at least 0"),
        (("frame_slots",), parameters.frame_slots >= 1, "at least 1"),
        (("slot_s",), parameters.slot_s > 0, "above 0"),
    ]
    for tier in ("terminal", "ran", "transport"):
        values = getattr(parameters, tier)
        checks.append(((tier, "memory_gb"), values.memory_gb >= 0, "at least 0"))
        checks.append(((tier, "idle_w"), values.idle_w.low >= 0, "at least 0"))
        mean = values.background_mean
        checks.append(((tier, "background_mean"), 0 <= mean < 1, "from 0 to below 1"))
    for kind in ("local", "backhaul", "core"):
        for link in getattr(parameters, kind):
            checks.append(((kind,), link.capacity_mbit_s > 0, "with a capacity above 0"))
    checks.append((("xn",), parameters.xn.capacity_mbit_s > 0, "with a capacity above 0"))
    for field, good, wanted in checks:
        if not good:
            raise ConfigurationError(
                f"{path}, line {_line(node, field)}, field {_text(field)}: must be {wanted}"
            )
    largest = max(c.memory_gb.high for c in parameters.service_classes)
    transport = parameters.transport
    need = parameters.services * largest
    if transport.memory_gb < largest or transport.nodes * transport.memory_gb < need:
        raise ConfigurationError(
            f"{path}, line {_line(node, ('transport', 'memory_gb'))}, field transport.memory_gb: "
            f"the transport domain keeps one replica of every service, which may need {need:g} GB "
            f"in all and {largest:g} GB each; it has {transport.nodes} nodes of "
            f"{transport.memory_gb:g} GB. Give it more memory or nodes, or offer fewer services"
        )
