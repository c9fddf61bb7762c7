"""`cnc intent`: say what is needed, watch it come about, see whether it was met."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from cnc.cli.guard import fields_checked, run
from cnc.cli.intent_corrections import correct
from cnc.cli.intent_dialogue import converse, new_name
from cnc.cli.intent_documents import recognition_document
from cnc.cli.intent_standards import imported
from cnc.cli.options import (
    ROOT,
    Broker,
    Common,
    Embedder,
    Home,
    Json,
    Load,
    Policy,
    Scenario,
    Seed,
    TopicRoot,
    system_config,
)
from cnc.cli.output import console, emit, escaped, notice, program
from cnc.cli.recent import remember
from cnc.cli.waiting import waiting
from cnc.errors import StorageError, UsageError
from cnc.policies.registry import DEFAULT as DEFAULT_POLICY

if TYPE_CHECKING:
    from cnc.messages.intents import Recognition

HELP = """Say in words what is needed; it is recognised, planned, deployed, measured.

Example: cnc intent "low-latency AR for 200 users"

A first word that is no subcommand begins the text. The options are those of such a request;
each command has its own, see its --help.
"""
OF_THE_EMULATOR = ("scenario", "seed", "load", "policy", "embedder")
"""Options that only an emulator of this call obeys."""
LONGEST = 2_000
"""Characters of a document's own words that go along with its intent."""
EXPLAINED = ("planned", "infeasible", "compliant", "degraded")
"""Last events behind which there are reasons."""
FLAGS = {"--json", "--yes", "--keep", "--dry-run", "-y"}


class IntentGroup(TyperGroup):
    """A group whose default command takes the text."""

    _helping = False

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put `submit` before the text, or a subcommand before its options."""
        position = _first_word(args)
        word = args[position] if position is not None else None
        if word is not None and word in self.commands and position is not None:
            args = [word, *args[:position], *args[position + 1 :]]
        elif word is None and set(args) & {"--help", "-h"}:
            args = ["--help"]
        elif args:
            args = ["submit", *args]
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run; wrong options of the default command are told as those of the group."""
        try:
            return super().invoke(ctx)
        except Exception as error:
            inner = getattr(error, "ctx", None)
            if inner is not None and inner.info_name == "submit":
                error.ctx = ctx  # type: ignore[attr-defined]
            raise

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Help that has the options of the default command too: most calls are such ones."""
        self._helping = True
        try:
            super().format_help(ctx, formatter)
        finally:
            self._helping = False

    def get_params(self, ctx: Any) -> list[Any]:
        """Its own, and while help is written those of the default command before them."""
        own = super().get_params(ctx)
        if not self._helping:
            return own
        default = self.commands["submit"].params
        return [*(each for each in default if each.param_type_name == "option"), *own]


def _first_word(args: list[str]) -> int | None:
    position = 0
    while position < len(args):
        word = args[position]
        if not word.startswith("-") or word == "-":
            return position
        if word == "--":
            return None
        position += 1 if word in FLAGS or "=" in word or word in ("--help", "-h") else 2
    return None


def submit(
    context: typer.Context,
    text: Annotated[
        list[str] | None, typer.Argument(metavar="TEXT", help="What is needed.")
    ] = None,
    document: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="FILE",
            help="Instead of a text: a TMF921, TS 28.312, CAMARA QoD or O-RAN A1 document.",
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Plan only.")] = False,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Confirm; takes the first choice of an ask.")
    ] = False,
    slots: Annotated[
        int, typer.Option(min=1, max=10_000, metavar="N", help="Slots to measure.")
    ] = 20,
    origin: Annotated[
        str | None, typer.Option(metavar="DOMAIN", help="Where the users are, such as ran-3.")
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the intent active.")] = False,
    corrected: Annotated[
        str | None,
        typer.Option(
            "--correct",
            metavar="INTENT|last",
            help="Instead of a text: that request was misunderstood; with --as.",
        ),
    ] = None,
    meant: Annotated[
        str | None,
        typer.Option("--as", metavar="SERVICE", help="With --correct: what was meant."),
    ] = None,
    policy: Policy = DEFAULT_POLICY,
    scenario: Scenario = "paper",
    seed: Seed = 0,
    load: Load = None,
    embedder: Embedder = None,
    broker: Broker = None,
    home: Home = None,
    topic_root: TopicRoot = ROOT,
    json_output: Json = False,
) -> None:
    """Recognise, plan, deploy and measure one request.

    Example: cnc intent "video analytics for 50 cameras within 300 ms" --origin ran-3

    Example: cnc intent --from intent.json --dry-run

    Example: cnc intent --correct last --as cloud-gaming

    With a running emulator at the broker it is used; else one is started for the call.
    """
    common = Common(context)
    as_json = common.json(json_output)
    config = system_config(
        broker=common.broker(broker),
        home=common.home(home),
        scenario=scenario,
        seed=seed,
        load=load,
        policy=policy,
        embedder=embedder,
        topic_root=topic_root,
        slot_ms=0,
    )
    if (corrected is None) != (meant is None) or (corrected and (text or document)):
        raise UsageError(
            "a correction is: cnc intent --correct INTENT|last --as SERVICE, without a text"
        )
    if corrected is not None and meant is not None:
        correct(config, corrected, meant, as_json)
        return
    if bool(text) == (document is not None):
        raise UsageError(
            "say in words what is needed, or name a document with --from FILE: one of the two"
        )
    words = " ".join(text or [])
    if len(words) > 10_000:
        raise UsageError(
            f"the request has {len(words)} characters; say in at most 2,000 what one service needs"
        )
    from cnc.messages.intents import IntentRequest
    from cnc.policies.registry import check_distributed

    check_distributed(policy)
    found = None if document is None else imported(document)
    with fields_checked("the request"):
        request = IntentRequest(
            intent_id=new_name(),
            text=words if found is None else found.text[:LONGEST],
            intent=None if found is None else found.intent,
            origin=origin,
            dry_run=dry_run,
            accept_first=yes,
            keep=keep,
            slots=slots,
        )
    idle = _stated(context, *OF_THE_EMULATOR)
    ended = run(converse(config, request, as_json, idle))
    last = ended.last
    if ended.events:
        remember(config.home, last, request.text, ended.events)
    if not ended.done:
        notice("nothing was done. Wrong service? cnc intent --correct last --as SERVICE")
        raise typer.Exit(1)
    if last.event in EXPLAINED and not as_json:
        notice(f"why: {program()} explain {last.intent_id}")
    if last.event in ("ask", "refused", "infeasible"):
        raise typer.Exit(1)


def _stated(context: typer.Context, *options: str) -> list[str]:
    """Those of the options that were given on the command line."""
    sources = {name: context.get_parameter_source(name) for name in options}
    return [
        f"--{name}"
        for name, source in sources.items()
        if source is not None and source.name == "COMMANDLINE"
    ]


def recognise(
    context: typer.Context,
    text: Annotated[
        list[str] | None, typer.Argument(metavar="TEXT…", help="Requests, one an argument.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", metavar="FILE", help="One request a line.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Take the first of an ask.")] = False,
    embedder: Embedder = None,
    home: Home = None,
    json_output: Json = False,
) -> None:
    """Only recognise, without any emulator; the model is loaded once.

    Example: cnc intent recognise "remote surgery with 10 ms" "what is the weather"
    """
    common = Common(context)
    texts = _texts(text, file)
    from cnc.processes.models import Models

    models = Models(system_config(broker=None, home=common.home(home), embedder=embedder))
    refused = False
    with waiting("loading the model"):
        models.recogniser()
    for each in texts:
        found = models.recognise(each, accept_first=yes)
        refused = refused or found.outcome != "accepted"
        _show_recognition(found, common.json(json_output))
    if refused:
        raise typer.Exit(1)


def _texts(text: list[str] | None, file: Path | None) -> list[str]:
    texts = list(text or [])
    if file is not None:
        try:
            lines = file.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise StorageError(
                f"{file} cannot be read ({error}); name a UTF-8 file with one request a line"
            ) from error
        texts += [line for line in lines if line.strip()]
    if not texts:
        raise UsageError("nothing to recognise: give a text, or --file FILE with one a line")
    return texts


def _show_recognition(found: Recognition, as_json: bool) -> None:
    if as_json:
        emit(recognition_document(found))
        return
    from cnc.cli.intent_view import IntentView
    from cnc.messages.intents import IntentEvent

    console().print(f"[dim]“[/]{escaped(found.text)}[dim]”[/]")
    name: Any = {"accepted": "recognised"}.get(found.outcome, found.outcome)
    whole = IntentEvent(
        event=name,
        intent_id="recognition",
        intent=found.intent,
        parts=found.parts,
        reason=found.reason,
        message=found.message,
        choices=found.choices,
    )
    view = IntentView()
    view.show(whole)
    for number, part in enumerate(found.parts, start=1):
        view.show(
            IntentEvent(
                event="recognised",
                intent_id=f"recognition.{number}",
                parent_id="recognition",
                intent=part.intent,
            )
        )
