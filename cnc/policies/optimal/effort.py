"""How much work a plan may be: one table of settings, with reasons."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Effort:
    """Effort of the reference optimiser.

    The times in brackets are those of one core, scenario `paper`, a frame of 10 slots, where one
    gradient step takes about 6 ms. An episode of 60 slots plans six times. Costs come from single
    frames of world 0 (slots 11 to 20 of traces 0 to 2), so differences of 1 % mean little; for
    `opt`, which meets exactly what it planned for, any setting gives a cost that can be had.
    """

    rounds: int = 4
    """Relaxations one after the other, each from the softened end of the one before. Most of the
    gain comes by the third: 306, 289, 287.5, 287 a slot at 800 requests, 800, 730, 725, 715 at
    1600. A single long one ends at 294 and 900."""
    relaxation_steps: int = 100
    """Gradient steps of a round, on replicas and routing together (0.6 s)."""
    relaxation_rate: float = 0.15
    """Adam's first rate for routing, in logits. At 0.3 and more, early luck decides which
    services starve, which costs up to 15 % at 1600 requests a slot."""
    replica_rate: float = 0.2
    """Adam's first rate for replicas, in logits; from 0.1 to 0.3 it hardly matters."""
    softening: float = 0.7
    """What logits are multiplied by between rounds: 1 keeps every decision, 0 forgets all. At 0.3
    rounds end 1 to 5 % dearer, from 0.6 to 0.8 it hardly matters."""
    overload_weight: float = 1.0
    """Of the penalty on work beyond `comfort` in the first round, in costs of a lost request. The
    exact cost is flat where all is lost, so that without the penalty (0) whole services stay
    lost: 20 % more at 1600 requests a slot."""
    comfort: float = 0.85
    """Utilisation of replicas, nodes and links from which the penalty counts, and up to which the
    linear programme fills them."""
    upwards: float = 0.4
    """Fraction from which a replica is rounded up while memory lasts; 0.25 to 0.5 make no
    difference above 1 %, 0.6 loses up to 3 %."""
    compared: int = 2
    """Of how many rounds, the last ones, the rounded set is a candidate."""
    comparison_steps: int = 50
    """Gradient steps on the routing of each of these candidates (0.3 s each)."""
    start_steps: int = 30
    """The same for heuristics, linear programme and set in place, which are rarely best."""
    final_steps: int = 100
    """Gradient steps on the routing of the chosen set (0.7 s)."""
    refinement_rate: float = 0.15
    """Adam's first rate when only routing is refined, in logits."""
    slot_steps: int = 50
    """Gradient steps per slot where slots are routed one by one (0.15 s)."""
    samples: int = 3
    """Pairs of possible backgrounds that such a slot's routing is optimised for. Without them (0,
    the expected one alone) `opt-causal` cost 6 % more at 1600 requests a slot and the same at 800
    (30 slots of one trace, against 4 pairs; 2 gave two thirds of that)."""
    margin: float = 1.1
    """Demand that `opt-causal` deploys for, over that of the last frame. Chosen on world 0, trace 0
    (1.25 was no better than 1). On two other worlds, 100 and 101, it changes cost by -0.6 and
    -0.8 % at 800 requests a slot, and by +0.7 and -3.3 % at 1600: little, and not always gain."""
    solver_s: float = 20.0
    """Wall time for the linear programme (usually 0.4 s). Beyond, the plan goes on without it.
    Generous, since a limit that binds makes results depend on the machine."""

    @staticmethod
    def quick() -> Effort:
        """About a third of the time, for a few percent more cost."""
        return Effort(
            rounds=2,
            relaxation_steps=60,
            comparison_steps=20,
            start_steps=10,
            final_steps=50,
            slot_steps=25,
            samples=1,
        )
