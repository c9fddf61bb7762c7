"""The emulated infrastructure: parameters, worlds, traffic, and the kernel that steps them.

Pure and batched; the equations are those of docs/system-model.md. May import `cnc.settings`
and `cnc.errors`; no pydantic. `parameters`, `world`, `topology`, `generator` and `traffic` use
numpy alone, so that a domain process runs without torch.
"""
