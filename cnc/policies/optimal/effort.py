"""How much work a plan may be: one table of settings, with reasons."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Effort:
    """Effort of the reference optimiser.

    The times in brackets are those of one core, scenario `paper`, a frame of 10 slots, where one
    gradient step takes about 6 ms. An episode of 60 slots plans six times.
    """

    relaxation_steps: int = 400
    """Gradient steps on replicas and routing together (2.5 s); 200 cost 1 to 2 % more."""
    relaxation_rate: float = 0.15
    """Adam's first rate for routing, in logits. At 0.3 and more, early luck decides which
    services starve, which costs up to 15 % at 1600 requests a slot."""
    replica_rate: float = 0.2
    """Adam's first rate for replicas, in logits."""
    overload_weight: float = 1.0
    """Of the penalty on work beyond `comfort`, in costs of a lost request. The exact cost is flat
    where all is lost, so that without the penalty (0) whole services stay lost: 20 % more at 1600
    requests a slot."""
    comfort: float = 0.85
    """Utilisation of replicas, nodes and links from which the penalty counts."""
    rounding: tuple[float, ...] = (0.25, 0.4, 0.6)
    """Fractions from which a replica is rounded up; each is a candidate."""
    comparison_steps: int = 60
    """Gradient steps for each candidate before they are compared (0.4 s each)."""
    reheats: int = 1
    """Times that the best set is relaxed again, from softened logits (2 s each)."""
    final_steps: int = 150
    """Gradient steps on the routing of the chosen set (1 s)."""
    refinement_rate: float = 0.15
    """Adam's first rate when only routing is refined, in logits."""
    slot_steps: int = 100
    """Gradient steps per slot where slots are routed one by one (0.15 s)."""
    solver_s: float = 20.0
    """Wall time for the linear programme (usually 1 s); beyond, its start is left out. Generous,
    since a limit that binds makes results depend on the machine."""

    @staticmethod
    def quick() -> Effort:
        """About a quarter of the time, for a few percent more cost."""
        return Effort(
            relaxation_steps=120,
            rounding=(0.4,),
            comparison_steps=25,
            reheats=0,
            final_steps=60,
            slot_steps=30,
            solver_s=5.0,
        )
