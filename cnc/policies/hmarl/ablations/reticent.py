"""E2E keeps to itself what it expects of the domains; each begins with its own last split."""

from __future__ import annotations

from cnc.environment.observations import Expectation
from cnc.policies.hmarl.q_distribution import QDistribution


class Reticent(QDistribution):
    """Decides as E2E does, and tells domains nothing but their inflow."""

    def expected(self) -> Expectation | None:
        """Nothing."""
        return None
