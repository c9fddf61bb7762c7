import pytest

from cnc.errors import IntentError
from cnc.intents.catalogue import load_catalogue
from cnc.intents.evaluation import (
    EVERYTHING,
    NUMBERS,
    compare_slots,
    held_out,
    wrong_slots,
)
from cnc.intents.normaliser import normalise
from cnc.intents.slots import rate_per_user, read_stated


def stated(text):
    return read_stated(normalise(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("latency below 5 ms", "latency<5"),
        ("latency above 5 ms", "latency>5"),
        ("250 µs", "latency=0.25"),
        ("250 μs", "latency=0.25"),
        ("0.25 milliseconds", "latency=0.25"),
        ("within 2 s", "latency<2000"),
        ("every 2 s", ""),
        ("a 10 s clip", ""),
        ("jitter below 3 ms", ""),
        ("3 ms jitter and 9 ms latency", "latency=9"),
        ("sub-millisecond latency", "latency<1"),
        ("latency ≤ 10 ms", "latency<10"),
        ("10 ms or better", "latency<10"),
        ("50 ms maximum", "latency<50"),
        ("10 Mbps minimum, 50 ms maximum", "rate>10 latency<50"),
        ("10 MB/s", "rate=80"),
        ("10 MBps", "rate=80"),
        ("10 MBPS", "rate=10"),
        ("10 Mb/s", "rate=10"),
        ("2.5 Gbit per second", "rate=2500"),
        ("64 kbps", "rate=0.064"),
        ("5 Mbps each, 1 Gbps in total", "rate=5 total=1000"),
        ("1,5 Mbit/s", "rate=1.5"),
        ("five nines", "rel=99.999"),
        ("99,999 % availability", "rel=99.999"),
        ("reliability of 0.9999", "rel=99.99"),
        ("packet error rate of 10^-5", "rel>99.999"),
        ("packet loss below 0.1 %", "rel>99.9"),
        ("cpu load of 80 %", ""),
        ("2,000 viewers", "users=2000"),
        ("2 000 viewers", "users=2000"),
        ("1k users", "users=1000"),
        ("1.5 million devices", "users=1500000"),
        ("two hundred users", "users=200"),
        ("a dozen players", "users=12"),
        ("half a dozen surgeons", "users=6"),
        ("a team of eight", "users=8"),
        ("twenty 4K cameras", "users=20"),
        ("4K cameras", ""),
        ("a 5G network", ""),
        ("hall 5 users", ""),
        ("no more than fifty users", "users<50"),
        ("between 50 and 100 players", "users=100"),
        ("in RAN domain 3", "area=ran-3"),
        ("terminal 5 has 10 users", "area=terminal-5 users=10"),
        ("in the transport domain", "area=transport"),
        ("priority 2", "prio=2"),
        ("top priority", "prio=1"),
        ("as green as possible", "energy=low"),
        ("in a greenhouse", ""),
    ],
)
def test_slots(text, expected):
    assert wrong_slots(expected, stated(text)) == []


@pytest.mark.parametrize(
    ("text", "area"),
    [
        ("AR near the stadium with 10 ms", "stadium"),
        ("around the harbour for 20 users", "harbour"),
        ("in the old town", "old town"),
        ("near Hamburg harbour", "Hamburg harbour"),
        ("sensors close to the opera house for 20 days", "opera house"),
        ("in RAN domains 3, 4 and 20 users", "ran-3 and ran-4"),
        ("cloud gaming around the clock", None),
        ("AR in the newsroom, 90 journalists", "newsroom"),
        ("video from the solar farm at 20 Mbps", "solar farm"),
        ("surveillance of the car park", "car park"),
        ("60 robots on assembly line 4 synchronised in 2 ms", "assembly line 4"),
        ("bots on floors 2 and 3", "floors 2 and 3"),
        ("two surgeons, operating theatre 4, 10 ms", "operating theatre 4"),
        ("hall 7: 20 cameras", "hall 7"),
        ("warnings on the A9 within 10 ms", "A9"),
        ("at Elm Street for 60 cars", "Elm Street"),
        ("850 boxes downtown", "downtown"),
        ("tags on the third floor of the library", "third floor of the library"),
        ("in the depots over the weekend", "depots"),
        ("in the morning", None),
        ("during the match in HD", None),
        ("films on the phone at 20 Mbps", None),
        ("steered from the control room", None),
        ("latency in the region of 50 ms", None),
        ("cameras operated by the hospital", None),
        ("over LTE in German", None),
        ("patches on the market in real time", None),
        ("in a virtual hall", None),
        ("protection on the 110 kV line", None),
        ("pictures of the viaduct", None),
    ],
)
def test_places(text, area):
    found = stated(text).area
    assert (found.value if found else None) == area


@pytest.mark.parametrize(
    ("text", "window"),
    [
        ("from 8 am to 6 pm", "08:00-18:00"),
        ("tomorrow 18:00-22:00", "tomorrow 18:00-22:00"),
        ("from 9 to 11 pm", "21:00-23:00"),
        ("tonight", "tonight"),
        ("for the next 2 hours", "for the next 2 hours"),
        ("10-20 ms", None),
        ("from 1 December to 24 December", "1 december to 24 december"),
        ("on 14 June", "14 june"),
        ("video calls, office hours only", "office hours only"),
        ("movie nights", None),
    ],
)
def test_time_windows(text, window):
    found = stated(text).time_window
    assert (found.value if found else None) == window


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0 users", "users"),
        ("users: 0", "users"),
        ("-5 users", "users"),
        ("1e12 users", "users"),
        ("2.5 users", "whole number"),
        ("latency −5 ms", "latency"),
        ("latency 0 ms", "latency"),
        ("at most 10 ms and at least 50 ms", "contradict"),
        ("reliability of 120 %", "reliability"),
        ("at least 50 Mbps but at most 10 Mbps", "contradict"),
        ("priority 77", "priority"),
    ],
)
def test_what_cannot_be_meant(text, message):
    with pytest.raises(IntentError, match=message):
        stated(text)


def test_a_total_is_shared():
    service = load_catalogue().by_id("cloud-gaming")
    rate = rate_per_user(stated("200 Mbps in total"), service, 50)
    assert (rate.value, rate.origin) == (4.0, "said")
    assert "total" in (rate.source or "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("between ten and twenty ms", "latency=20"),
        ("500 kbps to 2 Mbps", "rate=2"),
        ("100 users to 20 ms", "users=100 latency=20"),
        ("two four-arm robots", "users=4"),
        ("within half a second", "latency<500"),
        ("a second and a half at most", "latency<1500"),
        ("a couple of hundred users", "users=200"),
        ("a few hundred users", ""),
        ("30+ Mbps", "rate>30"),
        ("2 GB per hour each", "rate=4.44444444444"),
        ("ping below 40", "latency<40"),
        ("latency class 3", ""),
        ("40 ms or so", "latency~40"),
        ("useless beyond 50 ms", "latency<50"),
        ("never worse than 50 ms", "latency<50"),
        ("never worse than 99.9 %", "rel>99.9"),
        ("the video of 16 cameras in less than 0.3 s", "users=16 latency<300"),
        ("video clips shorter than 10 s", ""),
        ("999 of 1000 packets arrive", "rel=99.9"),
        ("one packet in a million may be lost", "rel>99.9999"),
        ("at most 5 minutes of downtime a year", "rel>99.999"),
        ("200 sensors per square kilometre over 2 km²", "users=400"),
        ("50 sensors per hectare", "users=5000"),
        ("90 pumps over 3 square kilometres", "users=90"),
        ("federated learning across 11 hospitals", "users=11"),
        ("40 patients in 3 hospitals", "users=40"),
        ("4 GPUs", ""),
        ("three rounds on 20 pages", ""),
        ("top priority: 3 surgeons", "prio=1 users=3"),
        ("12.5 megabytes a second each", "rate=100"),
        ("no frame later than 20 ms", "latency<20"),
        ("one frame (33 ms) is the maximum delay", "latency<33"),
        ("at most one lost message in 100000", "rel>99.999"),
        ("a quarter of a thousand users", "users=250"),
        ("video calls for 30", "users=30"),
        ("20 classes of 24 pupils", "users=480"),
        ("20 classes with 24 pupils each", "users=480"),
        ("20 classes with 24 pupils", "users=24"),
        ("a team of 8 players", "users=8"),
        ("16 ms motion-to-photon at maximum", "latency<16"),
        ("as little power as possible", "energy=low"),
        ("economical on energy", "energy=low"),
        ("energy use to a minimum", "energy=low"),
        ("keep energy consumption as low as possible", "energy=low"),
        ("as little energy as you can manage", "energy=low"),
        ("low power sensors", ""),
        ("minimal battery drain", "energy=low"),
        ("reduce the latency at the power plant", ""),
        ("above all other traffic", "prio=1"),
        ("nothing may get ahead of it", "prio=1"),
        ("this must come first", "prio=1"),
        ("cars negotiate who goes first", ""),
        ("urgent: highest priority", "prio=1"),
        ("ordinary priority", "prio=5"),
        ("the backup can wait", "prio=8"),
        ("50 ms is the longest they can wait", "latency<50"),
        ("bridge sensors, 70, reporting hourly", "users=70"),
        ("meters in the east: ninety thousand", "users=90000"),
        ("a farmer, 62, steers from the kitchen", ""),
        ("an archive of 12,000 titles, 20,000 hours of audio", ""),
        ("2 Mbit/s for each of 33 rooms", "rate=2 users=33"),
        ("for 11 rescue teams", "users=11"),
        ("in 80 rooms", ""),
        ("me and three friends", "users=4"),
        ("three friends (so 4 players)", "users=4"),
        ("payments of 2,300 tills", "users=2300"),
        ("4K drone pictures, 3 drones", "users=3"),
        ("link two data centres", ""),
        ("twenty-five thousand viewers", "users=25000"),
        ("three and a half thousand subscribers", "users=3500"),
        ("20 Mbps down and 5 up", "rate=20"),
        ("uplink 50 Mbps, downlink 5 Mbps", "rate=50"),
        ("25/5 Mbps", "rate=25"),
        ("25 down / 5 up Mbps each", "rate=25"),
        ("500 bit/s each", "rate=0.0005"),
        ("20 bytes per day", ""),
        ("2 Gbit/s for the lot", "total=2000"),
        ("half a second to the first word is fine", "latency=500"),
        ("chatbot, answers take half a second", "latency=500"),
        ("the hero jumps half a second later", ""),
        ("a fifth of a second at most", "latency<200"),
        ("within 1/2 second", "latency<500"),
        ("a reply after 1 s is fine", "latency<1000"),
        ("jitter aside we can live with 0.8 ms", "latency=0.8"),
        ("nothing above 60 ms", "latency<60"),
        ("must not see delays over 15 ms", "latency<15"),
        ("servo axes, cycle 1 ms", "latency=1"),
        ("latency between 1 and 2 ms", "latency<2"),
        ("keep it to 15 ms", "latency<15"),
        ("22 ms +/- a bit", "latency~22"),
        ("4.5 ms not to be exceeded", "latency<4.5"),
        ("servo axes, cycle 1 ms, latency 0.5 ms", "latency=0.5"),
        ("metering with a cycle of 15 minutes", ""),
    ],
)
def test_other_ways_to_say_it(text, expected):
    assert wrong_slots(expected, stated(text)) == []


def test_a_long_run_of_hyphens_is_read_word_by_word():
    """Divided in every way between four adjectives it would take hours."""
    assert read_stated("5 " + "a-" * 500 + " cameras").users.value == 5
    assert read_stated("5 " + "a-" * 500).users is None


def test_of_two_directions_the_larger_rate_counts_and_the_other_is_kept():
    assert stated("20 Mbps down and 5 up").directions_mbps == (20.0, 5.0)
    assert stated("uplink 1 Gbps, downlink 100 Mbps").directions_mbps == (1000.0, 100.0)
    assert stated("12 Mbps up each").directions_mbps is None


def test_hardware_is_kept_as_said():
    assert stated("training on 4 GPUs").hardware.value == "4 GPUs"
    assert stated("inference with 10 TFLOPS").hardware.value == "10 TFLOPS"
    assert stated("20 drones").hardware is None


@pytest.mark.parametrize(
    ("name", "slots", "share"),
    [
        ("slots", NUMBERS, 0.02),
        ("slots-second", NUMBERS, 0.02),
        ("slots-third", EVERYTHING, 0.02),
        ("slots-fourth", EVERYTHING, 0.02),
        ("slots-fifth", EVERYTHING, 0.05),
        ("slots-sixth", EVERYTHING, 0.1),
    ],
)
def test_held_out_sentences_are_exact(name, slots, share):
    rows = held_out(name)
    wrong = {row.text: compare_slots(row.label, stated(row.text), slots).problems for row in rows}
    wrong = {text: problems for text, problems in wrong.items() if problems}
    assert len(rows) >= 60
    assert len(wrong) <= share * len(rows), wrong
