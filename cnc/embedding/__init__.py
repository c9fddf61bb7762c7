"""Text to vector: the packaged MiniLM, a multilingual E5, or another model by name.

May import `cnc.settings`, `cnc.errors` and numpy; the model libraries are imported only when a
model is loaded. Never decides anything about a text, and never touches the network.
"""

from cnc.embedding.cache import VectorCache
from cnc.embedding.interface import Embedder
from cnc.embedding.loading import load_embedder, load_multilingual
from cnc.embedding.remembered import RememberingEmbedder

__all__ = ["Embedder", "RememberingEmbedder", "VectorCache", "load_embedder", "load_multilingual"]
