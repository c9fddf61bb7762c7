"""BOUND: a proven lower bound on the cost of any policy. docs/bound.md derives it term by term.

It is an evaluator, not a policy: it sees the whole window, background of the slot itself
included, and answers with numbers no decisions could go below.
"""

from cnc.policies.bound.evaluator import Bound, BoundResult, Effort

__all__ = ["Bound", "BoundResult", "Effort"]
