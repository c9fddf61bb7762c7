"""The end-to-end orchestrator: global view, intents, and plans across domains."""
