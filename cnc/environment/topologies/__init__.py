"""Transport networks from published data: read, cleaned, and mapped onto the system model.

`section` reads what a scenario says under `topology`, the readers (`hub`, `sndlib`, `graphml`,
`stations`) make a `TransportGraph` of it, and `placing` places cells and data centres on that
(docs/decisions/0006-real-transport-topologies.md). Nothing here imports torch.
"""
