import pytest

from cnc.intents.evaluation import wrong_slots
from cnc.intents.normaliser import normalise
from cnc.intents.slots import read_stated


def stated(text):
    return read_stated(normalise(text))


@pytest.mark.parametrize(
    ("text", "users"),
    [
        ("flying sprayers, nine of them", 9),
        ("pallet trucks without drivers: we own 64", 64),
        ("tourists point their phones at the ruins, 300 at a time", 300),
        ("a dorm of 88, ping under forty", 88),
        ("truck trains of three behind one lead", 3),
        ("glasses for repair crews, 3 crews of two", 6),
        ("viewers 4,500", 4500),
        ("technicians with smart glasses, two dozen of them", 24),
        ("an algorithm for smart bins x 640", 640),
        ("semi-autonomous harvesters x6, 45 ms", 6),
        ("2×5 players on cloud machines", 10),
        ("4 doctors and 6 nurses", 10),
        ("calls for 3 judges, 2 lawyers and an interpreter", 6),
        ("she and 15 colleagues", 16),
        ("20 of our 50 forklifts go driverless", 20),
        ("two operators steer eight yard tractors, 15 Mbps per tractor", 8),
        ("IPTV in 260 cabins, 8 Mb/s per cabin", 260),
        ("maybe 25 watch the funerals", 25),
        ("we fly one inspection drone", 1),
        ("wearables of 26 in-patients", 26),
        ("skin photos from the 30 GP practices", 30),
        ("a ResNet on 100clients", 100),
        ("the 45 designers and the 5 interns", 50),
        ("five boats and one plane", 6),
        ("never more than 8 in parallel", 8),
        ("cooling valves at blocks 3 and 4, 62 of them", 62),
        ("tap-in gates at 31 metro stations, 280 gates", 280),
        ("sensors in 80 manholes", 80),
    ],
)
def test_users_are_counted_wherever_their_number_stands(text, users):
    assert stated(text).users.value == users


@pytest.mark.parametrize(
    "text",
    [
        "a chatbot that explains the 2025 tax forms",
        "a 1962 crane with a control loop",
        "video on the 18:04 train",
        "sort apples, 12 apples a second",
        "catalogue photos, 80k of them, labelled",
        "a 3-room flat",
        "trucks keep a 2-metre gap",
        "robots at minus 24 degrees",
        "two camera angles",
        "a zero packet-loss slice",
        "a batch of 500 images",
        "GPU training job #48213",
        "a relay at +905551112233",
        "a vessel with 12 decks",
        "archaeologists in trench 7 stream",
        "Ambulance 7 streams ultrasound",
        "the square root of 144",
        "an answer in three sentences",
        "she stands there in three dimensions",
        "robots that share one traffic manager",
    ],
)
def test_what_is_never_served_is_not_counted(text):
    assert stated(text).users is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("backups at no less than 10 Gbps", "total=10000"),
        ("backups at no less than 10 Gbps", "rate=10000"),
        ("boats want internet, 70 of them, 256k per boat", "rate=0.256 users=70"),
        ("mirroring over 100 GbE", "total=100000"),
        ("one drone, 25 Mbit/s", "total=25 users=1"),
        (
            "24 doctors; 2.5 Mbit/s in total doesn't work, so plan 60 Mbit/s in total",
            "total=60 users=24",
        ),
        ("a ballet in both halls, 2 x 900 Mbit/s", "total=1800"),
        ("shall not lose contact more than 0.1 % of the time", "rel>99.9"),
        ("downtime may not exceed 0.01 percent", "rel>99.99"),
        ("99.2 % recall in the last test", "-"),
        ("4 ms, not a microsecond later", "latency=4"),
        ("risk checks eat 15 us, the wire may take 85 us at most", "latency<0.085"),
        ("an alarm in one second flat", "latency=1000"),
        ("RTT ceiling 15", "latency=15"),
        ("ping at or below 12", "latency<12"),
        ("1 ms cycle, jitter under 10 us", "latency=1"),
        ("treat it as routine", "prio=5"),
        ("P2 not P1", "prio=2"),
        ("class platinum", "prio=1"),
        ("queue it behind everything else", "prio=8"),
        ("whenever it suits you", "prio=8"),
        ("priority over absolutely everything", "prio=1"),
        ("prioritise it", "prio=2"),
        ("a tracker, wait ten minutes until it opens", "-"),
        ("I will be ten minutes late", "-"),
        ("notice movement after dark, alarm in 3 s", "latency=3000"),
        ("don't care about speed", "prio=8"),
        ("only on renewable electricity", "energy=low"),
        ("monitoring of a solar power plant", "-"),
        ("lights give green to trams", "-"),
    ],
)
def test_kinds_of_other_slots(text, expected):
    assert wrong_slots(expected, stated(text)) == []
