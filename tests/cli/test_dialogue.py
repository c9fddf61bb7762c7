"""At a terminal, `cnc intent` asks which service is meant and before it acts."""

from cli.conftest import Emulator
from cli.terminal import at_terminal
from cnc.environment.scenario import load_scenario
from cnc.intents.catalogue import load_catalogue

UNCLEAR = ("fly it from the office", "stolen excavators, find them again", "video for our school")


def unclear(emulator: Emulator) -> tuple[str, int, str]:
    """A text that is asked about, the number of a later choice on offer here, and its name."""
    offered = {s.id for s in load_catalogue().services[: load_scenario("small").services]}
    for row in emulator("intent", "recognise", "--json", *UNCLEAR).rows:
        for number, choice in enumerate(row.get("choices", ()), 1):
            if row["event"] == "ask" and number > 1 and choice["service"] in offered:
                return row["text"], number, choice["service_name"]
    raise AssertionError(f"none of {UNCLEAR} is asked about with such a choice; find another text")


def test_a_choice_and_a_yes_are_done(emulator: Emulator) -> None:
    text, number, name = unclear(emulator)
    asked = ("intent", "--slots", "2", text)
    with at_terminal(*asked, home=emulator.home, broker=emulator.broker) as user:
        shown = user.until("which one is meant")
        assert name in shown and "deployed" not in shown
        user.type("7")
        user.until("which one is meant")
        user.type(str(number))
        shown = user.until("go ahead")
        assert f"recognised {name}" in shown and "deployed" not in shown
        assert "received" not in shown
        user.type("")
        assert user.end() == 0, user.shown
    assert "deployed" in user.shown and "p95 latency" in user.shown


def test_after_a_no_nothing_is_done(emulator: Emulator) -> None:
    text = "augmented reality for 20 users within 100 ms"
    with at_terminal("intent", text, home=emulator.home, broker=emulator.broker) as user:
        user.until("go ahead")
        user.type("n")
        assert user.end() == 1
    assert "nothing was done" in user.shown and "deployed" not in user.shown
