import numpy as np

from cnc.embedding import VectorCache


class Counting:
    model_id = "counting"
    dimension = 3

    def __init__(self):
        self.calls = self.texts = 0

    def encode(self, texts):
        self.calls += 1
        self.texts += len(texts)
        return np.ones((len(texts), 3), dtype=np.float32) / np.float32(3**0.5)


def test_vectors_are_computed_once(tmp_path):
    model, cache = Counting(), VectorCache(tmp_path)
    first, second = cache.encode(model, ["a", "b"]), cache.encode(model, ["a", "b"])
    np.testing.assert_array_equal(first, second)
    assert model.calls == 1


def test_only_what_is_missing_is_computed(tmp_path):
    model, cache = Counting(), VectorCache(tmp_path)
    cache.encode(model, ["a", "b"])
    assert cache.encode(model, ["b", "c", "a", "c"]).shape == (4, 3)
    assert model.texts == 3


def test_other_models_have_other_vectors(tmp_path):
    model, cache = Counting(), VectorCache(tmp_path)
    cache.encode(model, ["a", "b"])
    cache.encode(model, ["ab"])
    other = Counting()
    other.model_id = "other"
    cache.encode(other, ["a", "b"])
    assert (model.calls, other.calls) == (2, 1)


def test_a_damaged_file_is_computed_again(tmp_path):
    model, cache = Counting(), VectorCache(tmp_path)
    cache.encode(model, ["a"])
    path = next(tmp_path.glob("*.npz"))
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 0x10
    path.write_bytes(bytes(content))
    assert cache.encode(model, ["a"]).shape == (1, 3)
    path.write_bytes(b"")
    cache.encode(model, ["a"])
    assert model.calls >= 2


def test_without_a_folder_nothing_is_kept():
    model, cache = Counting(), VectorCache(None)
    cache.encode(model, ["a"])
    cache.encode(model, ["a"])
    assert model.calls == 2


def test_a_folder_that_cannot_be_written_does_not_matter(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert VectorCache(blocked / "x").encode(Counting(), ["a"]).shape == (1, 3)
