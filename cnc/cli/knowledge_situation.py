"""The situation that a search ranks by, from options of the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from cnc.cli.guard import fields_checked
from cnc.errors import UsageError

if TYPE_CHECKING:
    from cnc.messages.knowledge import SearchContext


def situation(
    service: str | None,
    domain: str | None,
    lost: list[str] | None,
    load: float | None,
    users: int | None,
    latency_ms: float | None,
) -> SearchContext | None:
    """The situation; None where nothing is said about it.

    Raises:
        UsageError: a value is wrong, or a domain is of no known kind.
    """
    from cnc.messages.knowledge import SearchContext

    stated = {
        "service": service,
        "hotspot": domain_or_kind("--domain", domain) if domain is not None else None,
        "lost_domains": [domain_or_kind("--lost", each) for each in lost or []] or None,
        "load": load,
        "users": users,
        "latency_ms": latency_ms,
    }
    given = {name: value for name, value in stated.items() if value is not None}
    if not given:
        return None
    with fields_checked("the situation"):
        return SearchContext.model_validate(given)


def domain_or_kind(option: str, name: str) -> str:
    """A domain id or a kind; another word would rank nothing, without a sign of it.

    Raises:
        UsageError: it is neither.
    """
    from cnc.messages.reports import DomainKind

    kinds = get_args(DomainKind)
    if (name.rpartition("-")[0] or name) not in kinds:
        raise UsageError(
            f"{option} {name!r} is no domain: name one such as ran-3, or a kind of them: "
            f"{', '.join(kinds)}"
        )
    return name
