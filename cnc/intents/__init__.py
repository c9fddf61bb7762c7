"""Text in, one structured intent out: catalogue, quantities, recogniser.

May import `cnc.embedding`, `cnc.messages`, `cnc.settings`, `cnc.errors`, numpy, yaml and
pydantic. Never acts on an intent, waits, or reads a clock; importing it loads no model.
"""

from cnc.intents.catalogue import Catalogue, Service, load_catalogue
from cnc.intents.recogniser import Recogniser, load_recogniser

__all__ = ["Catalogue", "Recogniser", "Service", "load_catalogue", "load_recogniser"]
