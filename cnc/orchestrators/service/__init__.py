"""The service orchestrator: registry, end-to-end QoS, knowledge base, re-orchestration."""
