"""`cnc tail`: bus traffic, one coloured line a message; `cnc replay` plays a recording back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cnc.cli.guard import run
from cnc.cli.options import ROOT, Broker, Common, Json, TopicRoot, required_broker
from cnc.cli.output import console, emit, hanging, notice, printable
from cnc.cli.waiting import waiting
from cnc.errors import NotFoundError

if TYPE_CHECKING:
    from cnc.bus.interface import Received

ALIGNED = 110
"""Columns from which on the parts of a line stand below each other."""
BEFORE_SENDER = 20
"""Columns of time and slot."""
COLOURS = {
    "presence": "dim",
    "clock_tick": "dim",
    "domain_telemetry": "blue",
    "domain_report": "cyan",
    "domain_directive": "yellow",
    "domain_actuation": "green",
    "system_view": "magenta",
    "intent_request": "bold",
    "intent_event": "bold",
    "orchestration_request": "red",
}


def tail(
    context: typer.Context,
    filters: Annotated[
        list[str] | None,
        typer.Argument(metavar="FILTER…", help="Topic filters below the root, such as domains/#."),
    ] = None,
    kind: Annotated[
        list[str] | None, typer.Option("--kind", help="Only this kind of message.")
    ] = None,
    domain: Annotated[
        list[str] | None, typer.Option("--domain", help="Only to or from this domain.")
    ] = None,
    intent: Annotated[
        list[str] | None, typer.Option("--intent", help="Only about this intent.")
    ] = None,
    raw: Annotated[bool, typer.Option("--raw", help="The whole message as JSON.")] = False,
    record: Annotated[
        Path | None, typer.Option("--record", metavar="FILE", help="Also write a recording.")
    ] = None,
    count: Annotated[
        int | None, typer.Option("--count", min=1, metavar="N", help="Stop after N messages.")
    ] = None,
    broker: Broker = None,
    topic_root: TopicRoot = ROOT,
    json_output: Json = False,
) -> None:
    """Watch the bus; ends with Ctrl-C.

    Example: cnc tail --kind domain_directive --domain ran-3
    """
    common = Common(context)
    url = required_broker(common.broker(broker), "tail")
    wanted = _Wanted(kind, domain, intent)
    as_json = common.json(json_output)
    run(_tail(url, topic_root, filters or ["#"], wanted, raw, as_json, record, count))


class _Wanted:
    """Which messages are shown.

    Raises:
        NotFoundError: a kind does not exist.
    """

    def __init__(
        self, kinds: list[str] | None, domains: list[str] | None, intents: list[str] | None
    ) -> None:
        if kinds:
            from cnc.messages.catalogue import ENVELOPES

            for kind in kinds:
                if kind not in ENVELOPES:
                    raise NotFoundError(f"no kind {kind!r}; there are {', '.join(ENVELOPES)}")
        self._kinds, self._domains, self._intents = kinds, domains, intents

    def __call__(self, received: Received) -> bool:
        envelope = received.envelope
        levels = set(received.topic.split("/"))
        if self._kinds and envelope.kind not in self._kinds:
            return False
        if self._domains and not ({envelope.sender, *levels} & set(self._domains)):
            return False
        return not self._intents or bool(({envelope.correlation} | levels) & set(self._intents))


async def _tail(
    url: str,
    root: str,
    filters: list[str],
    wanted: _Wanted,
    raw: bool,
    as_json: bool,
    record: Path | None,
    count: int | None,
) -> None:
    from contextlib import ExitStack

    from cnc.bus.recording import Recorder
    from cnc.processes.client import client_bus

    shown = 0
    with ExitStack() as stack:
        recorder = stack.enter_context(Recorder(record)) if record is not None else None
        wait = stack.enter_context(waiting("waiting for messages"))
        async with client_bus(url, root) as bus:
            await bus.subscribe(
                *(f if f.startswith(root) else f"{root}/{f.lstrip('/')}" for f in filters)
            )
            async for received in bus.messages():
                if not wanted(received):
                    continue
                if recorder is not None:
                    recorder.write(received)
                wait.done()
                if as_json:
                    emit(document(received))
                else:
                    _print(received, root, raw)
                shown += 1
                if shown == count:
                    break
    if record is not None:
        notice(f"{shown} messages recorded in {record}")


def document(received: Received) -> dict[str, Any]:
    """As docs/cli.md says."""
    return {
        "received_at": received.received_at.isoformat(),
        "topic": received.topic,
        "retained": received.retained,
        "message": received.envelope.model_dump(mode="json", by_alias=True),
    }


def _print(received: Received, root: str, raw: bool) -> None:
    """One message: broken between words where a terminal is narrow, whole for a program."""
    out = console()
    if out.is_terminal and not raw:
        aligned = out.width >= ALIGNED
        out.print(hanging(line(received, root, aligned=aligned), BEFORE_SENDER))
    else:
        out.print(line(received, root, raw), soft_wrap=True)


def line(received: Received, root: str, raw: bool = False, aligned: bool = True) -> Any:
    """Time, slot, from, to, kind, summary; below each other if aligned, else close together."""
    from rich.text import Text

    from cnc.cli.summaries import summary

    envelope = received.envelope
    colour = COLOURS.get(envelope.kind, "")
    slot = "" if envelope.slot is None else str(envelope.slot)
    target = received.topic.removeprefix(f"{root}/")
    text = envelope.model_dump_json(by_alias=True) if raw else printable(summary(envelope.body))
    return Text.assemble(
        (f"{received.received_at:%H:%M:%S.%f}"[:-3], "dim"),
        f" {slot:>6} ",
        (f"{envelope.sender:<{15 if aligned else 0}}", "bold"),
        (" ↺ " if received.retained else " → ", "dim"),
        f"{target:<{38 if aligned else 0}}{'' if aligned else ' '} ",
        (f"{envelope.kind:<{18 if aligned else 0}}{'' if aligned else ' '} ", colour),
        (text, colour if not raw else ""),
    )


def replay(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Written by `cnc tail --record`.")],
    json_output: Json = False,
) -> None:
    """Play a recording back into the domain orchestrators and compare their decisions.

    Example: cnc replay run.jsonl

    The recording must begin before slot -1, so that estimates start from the same state.
    """
    from cnc.processes.replay import replay_file

    with waiting("playing back"):
        result = replay_file(file)
    if Common(context).json(json_output):
        emit(result.document())
    else:
        console().print(
            f"{result.decisions} decisions of {result.domains} domains played back: "
            f"{result.same} the same, {len(result.different)} different, "
            f"{result.unmatched} without a recorded counterpart"
        )
        for text in result.different[:10]:
            console().print(f"  {text}", markup=False)
    if result.different or not result.decisions:
        raise typer.Exit(1)
