import numpy as np
import pytest

from cnc.errors import NotFoundError, StorageError
from cnc.intents.corrections import MOST, Corrected, CorrectionFile
from cnc.intents.recogniser import Recogniser

AT = "2026-01-01T00:00:00+00:00"


def test_a_correction_is_kept_replaced_and_forgotten(tmp_path):
    file = CorrectionFile(tmp_path / "new")
    assert file.entries() == ()
    first = file.add("XR for the  castle", "vr-streaming", AT)
    again = file.add("xr for the castle.", "ar-split-rendering", AT)
    assert again.correction_id == first.correction_id
    other = CorrectionFile(tmp_path / "new")
    assert [row.service for row in other.entries()] == ["ar-split-rendering"]
    file.remove(first.correction_id)
    assert other.entries() == ()
    with pytest.raises(NotFoundError, match="corrections"):
        file.remove(first.correction_id)


def test_the_oldest_go_first(tmp_path):
    file = CorrectionFile(tmp_path)
    rows = [f"text {n}" for n in range(MOST)]
    for text in rows[:3]:
        file.add(text, "voice-call", AT)
    entries = file.entries()
    file._change(lambda _: [*entries] * (MOST // 3 + 1))
    file.add("new", "voice-call", AT)
    assert len(file.entries()) == MOST and file.entries()[-1].text == "new"


def test_no_more_are_used_than_are_kept(tmp_path):
    file = CorrectionFile(tmp_path)
    file.add("text", "voice-call", AT)
    row = (tmp_path / "corrections.json").read_text().strip("[]\n")
    (tmp_path / "corrections.json").write_text(f"[{', '.join([row] * (MOST + 5))}]")
    assert len(CorrectionFile(tmp_path).entries()) == MOST


def test_the_next_process_does_not_compute_their_vectors_again(catalogue, embedder, tmp_path):
    class Counting:
        model_id, dimension = embedder.model_id, embedder.dimension
        texts = 0

        def encode(self, texts):
            self.texts += len(texts)
            return embedder.encode(texts)

    for what in ("garden", "kitchen", "tower"):
        CorrectionFile(tmp_path).add(f"a curious {what} for guests", "voice-call", AT)
    said = "give me XR for a guided walk around the castle, 30 guests"
    counts = []
    for _ in range(2):
        model = Counting()
        Recogniser(catalogue, model, home=tmp_path).recognise(said)
        counts.append(model.texts)
    assert counts[0] - counts[1] >= 3


def test_a_damaged_file_is_told_and_left(tmp_path, caplog):
    (tmp_path / "corrections.json").write_text("{")
    file = CorrectionFile(tmp_path)
    with pytest.raises(StorageError, match="move it away"):
        file.add("text", "voice-call", AT)
    assert (tmp_path / "corrections.json").read_text() == "{"
    looked_up = Corrected(file, lambda texts: np.ones((len(texts), 2)), lambda _: frozenset())
    assert looked_up.find("text", str) is None
    assert "not used" in caplog.text
    with pytest.raises(StorageError, match="--home"):
        CorrectionFile(None).add("text", "voice-call", AT)


def test_the_recogniser_uses_it_at_once(catalogue, embedder, tmp_path):
    recogniser = Recogniser(catalogue, embedder, home=tmp_path)
    text = "give me XR for a guided walk around the castle, 30 guests"
    CorrectionFile(tmp_path).add(text, "vr-streaming", AT)
    for said in (text, text.replace("30 guests", "12 guests within 40 ms")):
        found = recogniser.recognise(said)
        assert (found.outcome, found.intent.service) == ("accepted", "vr-streaming")
        assert "as corrected" in found.intent.notes[-1]
    assert found.intent.users.value == 12 and found.intent.latency_ms.value == 40
    assert recogniser.recognise("AR for 20 users").intent.notes == ()


def test_another_name_of_a_service_is_another_text(catalogue, embedder, tmp_path):
    recogniser = Recogniser(catalogue, embedder, home=tmp_path)
    CorrectionFile(tmp_path).add("AR for 20 users", "cloud-gaming", AT)
    assert recogniser.recognise("AR for 30 users").intent.service == "cloud-gaming"
    assert recogniser.recognise("VR for 20 users").intent.service == "vr-streaming"


def test_the_parts_of_a_divided_sentence_are_corrected(catalogue, embedder, tmp_path):
    recogniser = Recogniser(catalogue, embedder, home=tmp_path)
    text = "AR for 20 users within 50 ms and video surveillance for 40 cameras"
    plain = recogniser.recognise(text)
    services = [part.intent.service for part in plain.parts]
    assert services == ["ar-split-rendering", "video-surveillance"]
    CorrectionFile(tmp_path).add("AR for 300 users", "vr-streaming", AT)
    found = recogniser.recognise(text)
    assert [part.intent.service for part in found.parts] == ["vr-streaming", services[1]]
    first = found.parts[0].intent
    assert found.intent == first and "as corrected" in first.notes[-1]
    assert (first.users.value, first.latency_ms.value) == (20, 50)
    assert found.parts[1].intent == plain.parts[1].intent


def test_a_refused_text_can_be_corrected(catalogue, embedder, tmp_path):
    recogniser = Recogniser(catalogue, embedder, home=tmp_path)
    text = "what a lovely evening it is"
    assert recogniser.recognise(text).outcome == "refused"
    CorrectionFile(tmp_path).add(text, "voice-call", AT)
    assert recogniser.recognise(text).intent.service == "voice-call"
