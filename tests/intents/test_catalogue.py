import shutil
from collections import Counter

import pytest

from cnc.errors import ConfigurationError, NotFoundError
from cnc.intents.catalogue import load_catalogue
from cnc.settings import data_root

SHIPPED = data_root() / "intents" / "catalogue"


def test_thirty_services_ten_of_each_class(catalogue):
    assert len(catalogue.services) == 30
    counts = Counter(service.service_class for service in catalogue.services)
    assert counts == {"interactive": 10, "analytic": 10, "heavy": 10}


def test_all_six_scenarios(catalogue):
    assert len({service.scenario for service in catalogue.services}) == 6


def test_stable_order_and_index(catalogue):
    assert list(catalogue.ids) == sorted(catalogue.ids)
    for service_class in ("interactive", "analytic", "heavy"):
        found = [catalogue.index_in_class(s.id) for s in catalogue.of_class(service_class)]
        assert found == list(range(10))


def test_every_figure_has_a_source(catalogue):
    for service in catalogue.services:
        for name in type(service.qos).model_fields:
            assert getattr(service.qos, name).source


def test_augmented_reality_can_be_met_here(catalogue):
    service = catalogue.by_id("ar-split-rendering")
    assert service.qos.application_deadline_ms.value == 100
    assert service.demand.requests_per_user_per_slot == 1
    assert service.qos.latency_ms.value < 100


def test_an_unknown_service_is_named(catalogue):
    with pytest.raises(NotFoundError, match="teleportation"):
        catalogue.by_id("teleportation")


@pytest.fixture
def copied(tmp_path):
    folder = tmp_path / "catalogue"
    shutil.copytree(SHIPPED, folder)
    return folder


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("users: 20", "users: 0", r"vr-streaming\.yaml:\d+: demand\.users"),
        ("service_class: interactive", "service_class: fast", r"yaml:4: service_class"),
        ("  priority: 4", "  priority: 4\n  colour: red", r"yaml:\d+: demand\.colour"),
        ("downlink_share: 0.4", "downlink_share: .nan", r"yaml:\d+: demand\.downlink_share"),
        ("name: ", "nam: ", r"yaml:\d+: name"),
        ("id: vr-streaming", "id: vr", r"yaml:1: id"),
        ("qos:", "qos: [", r"yaml:\d+: this is not YAML"),
        (
            "application_deadline_ms: {value: 120",
            "application_deadline_ms: {value: 20",
            r"application_deadline_ms is 20",
        ),
    ],
)
def test_a_mistake_is_named_by_file_line_and_field(copied, old, new, message):
    path = copied / "vr-streaming.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(ConfigurationError, match=message):
        load_catalogue(copied)


def test_a_missing_service_is_noticed(copied):
    (copied / "voice-call.yaml").unlink()
    with pytest.raises(ConfigurationError, match="29"):
        load_catalogue(copied)


def test_a_file_that_is_no_mapping(copied):
    (copied / "voice-call.yaml").write_text("- 1\n")
    with pytest.raises(ConfigurationError, match="mapping"):
        load_catalogue(copied)
