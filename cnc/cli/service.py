"""`cnc service`: what providers register, and what runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cnc.cli.guard import fields_checked, run
from cnc.cli.knowledge_bus import service_bus
from cnc.cli.options import ROOT, Broker, Common, Home, Json, TopicRoot, system_config
from cnc.cli.output import console, emit
from cnc.errors import ConfigurationError, NotFoundError, PermanentError

if TYPE_CHECKING:
    from cnc.messages.services import ServiceDescriptor, ServiceRecord

WIDE = 110
"""Columns from which on names and classes have room beside what must not be cut short."""
HELP = """Services: register, list, show, deploy, retire.

Example: cnc service list
"""


async def _ask(config: Any, **request: Any) -> tuple[ServiceRecord, ...]:
    from cnc.messages.services import ServiceRequest
    from cnc.processes.client import ask_services

    with fields_checked("the request"):
        asked = ServiceRequest(**request)
    async with service_bus(config) as bus:
        reply = await ask_services(bus, asked)
    if not reply.ok:
        raise (NotFoundError if reply.not_found else PermanentError)(reply.error)
    return reply.services


def _go(
    context: typer.Context, broker: str | None, home: Path | None, root: str, **request: Any
) -> tuple[ServiceRecord, ...]:
    common = Common(context)
    config = system_config(broker=common.broker(broker), home=common.home(home), topic_root=root)
    return run(_ask(config, **request))


def _show(context: typer.Context, json_output: bool, records: tuple[ServiceRecord, ...]) -> None:
    if Common(context).json(json_output):
        for record in records:
            emit(record.model_dump(mode="json"))
        return
    print_table(records)


def print_table(records: Sequence[ServiceRecord]) -> None:
    """One service a line; nothing of it is cut short from 80 columns on."""
    from rich import box
    from rich.table import Table

    wide = console().width >= WIDE
    table = Table(box=box.SIMPLE_HEAD, header_style="dim", show_edge=False, pad_edge=False)
    named = ("name", "class") if wide else ()
    for name in ("service", *named, "state", "deadline", "work", "request", "memory"):
        table.add_column(name, no_wrap=name != "name")
    for record in records:
        d = record.descriptor
        table.add_row(
            d.service, *((d.name, d.service_class) if wide else ()), record.state,
            f"{d.level.latency_ms:.0f} ms", f"{d.work_gc:.2f} Gc", f"{d.uplink_mbit:.2f} Mbit",
            f"{d.memory_gb:.2f} GB",
        )  # fmt: skip
    console().print(table)


def register(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A service descriptor in YAML.")],
    broker: Broker = None,
    home: Home = None,
    topic_root: TopicRoot = ROOT,
    json_output: Json = False,
) -> None:
    """Register a service, or renew its descriptor.

    Example: cnc service register my-service.yaml
    """
    descriptor = read_descriptor(file)
    records = _go(context, broker, home, topic_root, action="register", descriptor=descriptor)
    _show(context, json_output, records)


def read_descriptor(file: Path) -> ServiceDescriptor:
    """A descriptor from YAML.

    Raises:
        ConfigurationError: the file is wrong; names file and field.
    """
    import yaml
    from pydantic import ValidationError

    from cnc.messages.services import ServiceDescriptor

    try:
        return ServiceDescriptor.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        raise ConfigurationError(f"{file} cannot be read: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "(whole file)"
        raise ConfigurationError(f"{file}, field {field}: {first['msg']}") from error


def list_services(
    context: typer.Context,
    broker: Broker = None,
    home: Home = None,
    topic_root: TopicRoot = ROOT,
    json_output: Json = False,
) -> None:
    """List the registered services.

    Example: cnc service list --json
    """
    _show(context, json_output, _go(context, broker, home, topic_root, action="list"))


def _one(action: str) -> Callable[..., None]:
    def command(
        context: typer.Context,
        service: Annotated[str, typer.Argument(metavar="SERVICE")],
        broker: Broker = None,
        home: Home = None,
        topic_root: TopicRoot = ROOT,
        json_output: Json = False,
    ) -> None:
        records = _go(context, broker, home, topic_root, action=action, service=service)
        if action == "show" and not Common(context).json(json_output):
            import yaml

            told = records[0].model_dump(mode="json", exclude_defaults=True)
            console().print(yaml.safe_dump(told, sort_keys=False, allow_unicode=True), markup=False)
            return
        _show(context, json_output, records)

    words = {
        "show": "Show one service, whole.",
        "deploy": "Let a service be deployed everywhere again.",
        "retire": "Keep no replica of a service beyond the transport domain's.",
    }
    command.__doc__ = f"{words[action]}\n\nExample: cnc service {action} ar-split-rendering\n"
    return command


COMMANDS: dict[str, Callable[..., None]] = {
    "register": register,
    "list": list_services,
    "show": _one("show"),
    "deploy": _one("deploy"),
    "retire": _one("retire"),
}
