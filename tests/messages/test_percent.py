from cnc.messages.percent import percent


def test_a_share_stands_apart_from_its_unit() -> None:
    assert percent(0.998) == "99.8 %"
    assert percent(0.5, 0) == "50 %"
    assert percent(0.99694, 2) == "99.69 %"
    assert (percent(0), percent(1)) == ("0.0 %", "100.0 %")
