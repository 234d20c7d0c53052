import re

import pytest

from drivers.panasonic.exchange_setup import LIVE_RING, exchange_settings
from drivers.panasonic.models import MODELS, TA

PERSIAN = re.compile("[\u0600-\u06ff]")


@pytest.mark.parametrize("model", MODELS)
def test_every_model_has_a_list_complete_in_both_languages(model: str) -> None:
    settings = exchange_settings(model)
    assert len(settings) >= 5
    for setting in settings:
        assert setting.where
        for text in (setting.value, setting.why, setting.text):
            assert re.search("[a-zA-Z0-9]", text.en)
            assert not PERSIAN.search(text.en)
            assert PERSIAN.search(text.fa)
        assert setting.why.en.endswith(".")
        assert setting.why.fa.endswith(".")
        assert setting.where in setting.text.en
        assert setting.where in setting.text.fa


@pytest.mark.parametrize("model", MODELS)
def test_names_are_given_once(model: str) -> None:
    names = [setting.name for setting in exchange_settings(model)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("model", MODELS)
def test_ringing_is_asked_for_by_the_name_that_the_model_has(model: str) -> None:
    (ring,) = (each for each in exchange_settings(model) if each.name == LIVE_RING)
    assert ("[907]" if MODELS[model].family is TA else "(RC)") in ring.where


def test_numbered_programs_are_those_of_the_ta_family_only() -> None:
    programs = {each.where for each in exchange_settings("KX-TES824")}
    assert programs == {"[801]", "[802]", "[906]", "[907]", "[922]"}
    numbered = re.compile(r"^\[\d{3}\]$")
    assert not any(numbered.match(each.where) for each in exchange_settings("KX-NS500"))


def test_what_no_manual_of_the_model_tells_says_so() -> None:
    def unsure(model: str) -> set[str]:
        return {each.name for each in exchange_settings(model) if each.certainty == "relative"}

    assert unsure("KX-TDA200") == unsure("KX-TEM824") == unsure("KX-NS500") == set()
    assert unsure("KX-TA824") == {LIVE_RING, "caller-id"}
    assert unsure("KX-NSX2000") == {each.name for each in exchange_settings("KX-NSX2000")}
    first = exchange_settings("KX-TDE100")[0]
    assert "related model" in first.text.en
    assert "related model" not in exchange_settings("KX-TDA100")[0].text.en


def test_an_unknown_model_is_refused() -> None:
    with pytest.raises(KeyError):
        exchange_settings("KX-T1232")
