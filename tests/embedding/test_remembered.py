"""One text is embedded once, however often it is asked for."""

from collections.abc import Sequence

import numpy as np

from cnc.embedding import RememberingEmbedder
from cnc.embedding.interface import Vectors


class Counting:
    model_id = "counting"
    dimension = 2

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.asked.append(list(texts))
        return np.array([[len(text), 1.0] for text in texts], dtype=np.float32)


def test_only_new_texts_reach_the_model_and_rows_keep_their_order() -> None:
    model = Counting()
    remembering = RememberingEmbedder(model)
    remembering.encode(["a", "bb"])
    rows = remembering.encode(["ccc", "bb", "ccc", "a"])
    assert model.asked == [["a", "bb"], ["ccc"]]
    assert rows[:, 0].tolist() == [3.0, 2.0, 3.0, 1.0]


def test_the_oldest_text_is_forgotten_first() -> None:
    model = Counting()
    remembering = RememberingEmbedder(model, size=2)
    for texts in (["a"], ["b"], ["a"], ["c"], ["a"], ["b"]):
        remembering.encode(texts)
    assert model.asked == [["a"], ["b"], ["c"], ["b"]]


def test_more_texts_than_it_can_hold_go_straight_to_the_model() -> None:
    model = Counting()
    assert RememberingEmbedder(model, size=2).encode(["a", "b", "c"]).shape == (3, 2)
    assert model.asked == [["a", "b", "c"]]
