"""The packaged MiniLM, run directly in numpy.

The weights are those of all-MiniLM-L6-v2 (a six-layer BERT encoder with mean pooling). Loading
them through sentence-transformers costs more than six seconds of imports and half a gigabyte;
this forward pass needs a few tenths of a second. A test holds both to the same vectors.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnc.embedding.interface import Vectors

Array = NDArray[np.float32]
Indices = NDArray[np.int64]
BATCH = 32
"""Sentences a pass; sorted by length first, so that little is padding."""


def _gelu(x: Array) -> Array:
    """x Phi(x), with the error function of Abramowitz and Stegun 7.1.26, error below 1.5e-7."""
    size = np.abs(x)
    size *= np.float32(0.70710678)
    t = np.float32(0.3275911) * size
    t += np.float32(1.0)
    np.reciprocal(t, out=t)
    poly = np.float32(1.061405429) * t
    for coefficient in (-1.453152027, 1.421413741, -0.284496736, 0.254829592):
        poly += np.float32(coefficient)
        poly *= t
    np.square(size, out=size)
    np.negative(size, out=size)
    poly *= np.exp(size, out=size)
    # poly = 1 - erf(|x| / sqrt 2), so that x Phi(x) = max(x, 0) - |x| poly / 2.
    poly *= np.abs(x, out=size)
    poly *= np.float32(0.5)
    result: Array = np.subtract(np.maximum(x, np.float32(0.0)), poly, out=poly)
    return result


class BertEmbedder:
    """A BERT encoder with mean pooling, from a sentence-transformers model folder."""

    def __init__(self, folder: Path, model_id: str, *, threads: int | None = 1) -> None:
        """Load weights and tokenizer.

        Args:
            folder: holds `model.safetensors`, `tokenizer.json` and `config.json`.
            model_id: how the model is named in caches.
            threads: linear-algebra threads of one call; None leaves the library's choice.
        """
        from safetensors.numpy import load_file
        from tokenizers import Tokenizer

        config = json.loads((folder / "config.json").read_text())
        limits = json.loads((folder / "sentence_bert_config.json").read_text())
        self._weights: dict[str, Array] = load_file(folder / "model.safetensors")
        self._heads = int(config["num_attention_heads"])
        self._layers = int(config["num_hidden_layers"])
        self._epsilon = float(config["layer_norm_eps"])
        self._dimension = int(config["hidden_size"])
        self._model_id = model_id
        self._tokenizer: Any = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(int(limits["max_seq_length"]))
        self._tokenizer.no_padding()
        self._arrange()
        self._limit = _ThreadLimit(threads)

    @property
    def model_id(self) -> str:
        """Name of the model in caches."""
        return self._model_id

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self._dimension

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors of the texts, [text, dimension], float32 and L2-normalised."""
        result = np.zeros((len(texts), self._dimension), dtype=np.float32)
        tokens = [row.ids for row in self._tokenizer.encode_batch(list(texts))]
        order = sorted(range(len(tokens)), key=lambda i: len(tokens[i]))
        with self._limit():
            for start in range(0, len(order), BATCH):
                chosen = order[start : start + BATCH]
                result[chosen] = self._forward([tokens[i] for i in chosen])
        return result

    def _arrange(self) -> None:
        """Stack query, key and value, and lay dense weights out as [in, out]: a third faster."""
        for layer in range(self._layers):
            base = f"encoder.layer.{layer}.attention.self."
            parts = [f"{base}{name}" for name in ("query", "key", "value")]
            fused = np.concatenate([self._weights[f"{p}.weight"] for p in parts])
            self._weights[f"{base}fused.weight"] = fused
            self._weights[f"{base}fused.bias"] = np.concatenate(
                [self._weights[f"{p}.bias"] for p in parts]
            )
            for part in parts:
                del self._weights[f"{part}.weight"], self._weights[f"{part}.bias"]
        for name, weight in self._weights.items():
            if name.endswith((".dense.weight", ".fused.weight")):
                self._weights[name] = np.ascontiguousarray(weight.T)

    def _forward(self, tokens: list[list[int]]) -> Array:
        """Pooled, normalised vectors of one batch.

        Tokens of all sentences are rows of one matrix; only attention pads them to the longest.
        """
        lengths = np.array([len(line) for line in tokens])
        starts = np.cumsum(lengths) - lengths
        place = np.arange(lengths.sum()) - np.repeat(starts, lengths)
        sentence = np.repeat(np.arange(len(tokens)), lengths)
        w = self._weights
        hidden: Array = (
            w["embeddings.word_embeddings.weight"][np.concatenate(tokens)]
            + w["embeddings.position_embeddings.weight"][place]
            + w["embeddings.token_type_embeddings.weight"][0]
        )
        hidden = self._norm(hidden, "embeddings.LayerNorm")
        padding = np.arange(lengths.max()) >= lengths[:, None]
        blocked = (padding * np.float32(-1e9))[:, None, None, :]
        for layer in range(self._layers):
            hidden = self._block(hidden, (sentence, place), blocked, f"encoder.layer.{layer}")
        pooled = np.add.reduceat(hidden, starts, axis=0) / lengths[:, None].astype(np.float32)
        result: Array = pooled / np.linalg.norm(pooled, axis=1, keepdims=True)
        return result

    def _block(
        self, hidden: Array, where: tuple[Indices, Indices], blocked: Array, base: str
    ) -> Array:
        """One encoder layer on [token, dimension]; `where` are sentence and place of each token."""
        size = hidden.shape[-1]
        batch, length = blocked.shape[0], blocked.shape[-1]
        fused = self._dense(hidden, f"{base}.attention.self.fused")
        padded = np.zeros((batch, length, 3 * size), dtype=np.float32)
        padded[where] = fused
        query, key, value = padded.reshape(
            batch, length, 3, self._heads, size // self._heads
        ).transpose(2, 0, 3, 1, 4)
        scores = query @ key.transpose(0, 1, 3, 2) / np.float32((size // self._heads) ** 0.5)
        scores = scores + blocked
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        scores /= scores.sum(axis=-1, keepdims=True)
        context = (scores @ value).transpose(0, 2, 1, 3).reshape(batch, length, size)[where]
        attended = self._dense(context, f"{base}.attention.output.dense")
        hidden = self._norm(hidden + attended, f"{base}.attention.output.LayerNorm")
        widened = _gelu(self._dense(hidden, f"{base}.intermediate.dense"))
        return self._norm(
            hidden + self._dense(widened, f"{base}.output.dense"), f"{base}.output.LayerNorm"
        )

    def _dense(self, x: Array, name: str) -> Array:
        result: Array = x @ self._weights[f"{name}.weight"]
        result += self._weights[f"{name}.bias"]
        return result

    def _norm(self, x: Array, name: str) -> Array:
        centred = x - x.mean(axis=-1, keepdims=True)
        variance = np.einsum("ij,ij->i", centred, centred)[:, None] / np.float32(x.shape[-1])
        result: Array = centred / np.sqrt(variance + np.float32(self._epsilon))
        result *= self._weights[f"{name}.weight"]
        result += self._weights[f"{name}.bias"]
        return result


class _ThreadLimit:
    """Bounds the linear-algebra threads where threadpoolctl is there."""

    def __init__(self, threads: int | None) -> None:
        self._threads = threads
        self._controller: Any = None
        if threads is not None:
            try:
                threads_of: Any = importlib.import_module("threadpoolctl")
            except ImportError:
                return
            self._controller = threads_of.ThreadpoolController()

    def __call__(self) -> AbstractContextManager[Any]:
        if self._controller is None:
            return nullcontext()
        limited: AbstractContextManager[Any] = self._controller.limit(
            limits=self._threads, user_api="blas"
        )
        return limited
