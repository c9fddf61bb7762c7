"""Shares as people read them: one form in all that is told, with a space as before any unit."""

from __future__ import annotations


def percent(share: float, digits: int = 1) -> str:
    """A share of 1 in percent, such as `99.8 %` for 0.998.

    Args:
        share: 0 to 1.
        digits: behind the point.
    """
    return f"{100.0 * share:.{digits}f} %"
