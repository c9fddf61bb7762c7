import pytest

from cnc.embedding import load_embedder, load_multilingual
from cnc.intents import Recogniser, load_catalogue


@pytest.fixture(scope="session")
def catalogue():
    return load_catalogue()


@pytest.fixture(scope="session")
def embedder():
    return load_embedder()


@pytest.fixture(scope="session")
def recogniser(catalogue, embedder):
    return Recogniser(catalogue, embedder, multilingual=load_multilingual)
