"""Policies: how tasks are distributed, services deployed and traffic split.

`interface` says what a policy is; each baseline and each learned algorithm has one file. The
same objects decide offline and on the bus. May import `cnc.environment` and below; heuristics
use numpy alone, so that a domain process runs without torch.
"""
