"""Policies of other packages, found by entry point (docs/how-to/add-a-policy.md).

A package names its policy in the group `cnc.policies`; nothing of it is loaded until the policy
is asked for by name.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from cnc.errors import UsageError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from cnc.policies.interface import DistributedPolicy, GlobalPolicy

GROUP = "cnc.policies"
GUIDE = "docs/how-to/add-a-policy.md says how a plug-in is made"


def plugin_names(taken: Sequence[str] = ()) -> tuple[str, ...]:
    """Names of all plug-ins but those that are taken; loads none of them."""
    return tuple(sorted({entry.name for entry in _entries()} - set(taken)))


def refuse_shadow(name: str) -> None:
    """Fail where a plug-in has the name of a built-in policy: it is open which one is meant.

    Raises:
        UsageError: names the plug-in and its package.
    """
    for entry in _entries(name):
        raise UsageError(
            f"{_described(entry)} has the name of a policy that is built in: rename its entry "
            "point, or uninstall the package"
        )


def load_plugin(name: str) -> DistributedPolicy | GlobalPolicy:
    """The policy that the entry point of that name leads to: an object, a class or a function.

    Raises:
        UsageError: there is none, there are several, or it is broken; names the entry point.
    """
    entries = _entries(name)
    if not entries:
        raise UsageError(f"there is no policy plug-in {name!r}; {GUIDE}")
    if len(entries) > 1:
        several = " and ".join(sorted(_described(entry) for entry in entries))
        raise UsageError(f"{several} have the same name: uninstall all but one of the packages")
    entry = entries[0]
    try:
        policy: Any = entry.load()
        if isinstance(policy, type) or not _is_policy(policy):
            policy = policy()
    except Exception as error:
        raise UsageError(
            f"{_described(entry)} cannot be loaded: {type(error).__name__}: {error}"
        ) from error
    if not _is_policy(policy):
        raise UsageError(
            f"{_described(entry)} gives {type(policy).__name__}, which has no methods "
            f"`end_to_end` and `domain`; {GUIDE}"
        )
    if getattr(policy, "name", None) != name:
        raise UsageError(
            f"{_described(entry)} gives a policy that calls itself "
            f"{getattr(policy, 'name', None)!r}; entry point and policy must have one name"
        )
    found: DistributedPolicy | GlobalPolicy = policy
    return found


def _is_policy(policy: object) -> bool:
    """It gives agents for E2E and domains, or one with global information."""
    distributed = all(callable(getattr(policy, each, None)) for each in ("end_to_end", "domain"))
    return distributed or callable(getattr(policy, "agent", None))


def _entries(name: str | None = None) -> list[EntryPoint]:
    """Entry points of the group; the same one found twice (two paths to a package) counts once."""
    from importlib.metadata import entry_points

    found = entry_points(group=GROUP) if name is None else entry_points(group=GROUP, name=name)
    return list({(entry.name, entry.value): entry for entry in found}.values())


def _described(entry: EntryPoint) -> str:
    package = f" of package {entry.dist.name}" if entry.dist is not None else ""
    return f"the policy plug-in {entry.name!r} (entry point {entry.value}{package})"
