"""The table of numbers, each as a device would print it, and what holds for any text at all.

Where reading in the rules' bare order would not be careful enough, these tests want this:

- A fixed number without its 0 (`5138123456`, also behind 98) cannot be dialled, a local number with
  digits keyed after it can: of a dialled number, another city's area code is believed last. A
  mobile, or the site's own area, is believed at once.
- Without a configured release code a leading 9 may be one nobody told us of: such a number is not
  cut to make it fit.
- 96xx has no international form, so that it is `short`, not E.164.
- `0` and nine digits of nobody's area still are a number; `00` before a whole mobile is not India.
- DTMF letters make a caller ID unreliable as a whole: number null.
- What nothing reads keeps its raw text; of a dialled one, as much as a number could be: by its
  first digits where the site's area is known, else the 18 digits that no country exceeds.
"""

import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.events import Direction
from edge.intake.numbers import Number, NumberPlan, Status, normalize

PLAIN = NumberPlan()
TEHRAN = NumberPlan(area_code="21")
TEHRAN_9 = NumberPlan(area_code="21", release_codes=("9",))
TEHRAN_0 = NumberPlan(area_code="21", release_codes=("0",))
TEHRAN_9_EXT = NumberPlan(area_code="21", release_codes=("9",), extension_lengths=(3,))
MASHHAD_9 = NumberPlan(area_code="051", release_codes=("9",))
MASHHAD_81 = NumberPlan(area_code="51", release_codes=("8", "81", "9"))
SMALL = NumberPlan(area_code="21", release_codes=("9", "811"), extension_lengths=(2, 3, 4))
NIZHNY = NumberPlan(country_code="7", area_code="831", release_codes=("9",))
NEW_YORK = NumberPlan(country_code="1", area_code="212", release_codes=("9",))
MUNICH = NumberPlan(country_code="49", area_code="089", release_codes=("9",))
ROME = NumberPlan(country_code="39", area_code="06")
SYDNEY = NumberPlan(country_code="61", area_code="2")
NOWHERE = NumberPlan(country_code="x")

OK: Status = "ok"
PLANS = (
    PLAIN,
    TEHRAN,
    TEHRAN_9,
    TEHRAN_0,
    TEHRAN_9_EXT,
    MASHHAD_81,
    SMALL,
    NIZHNY,
    NEW_YORK,
    MUNICH,
    ROME,
    SYDNEY,
    NOWHERE,
    NumberPlan(country_code="", release_codes=("", "9"), extension_lengths=(0,)),
)


@pytest.mark.parametrize(
    ("printed", "number"),
    [
        # one caller, all the ways a line shows it
        ("09120001122", "+989120001122"),
        ("9120001122", "+989120001122"),
        ("+989120001122", "+989120001122"),
        ("++989120001122", "+989120001122"),
        ("989120001122", "+989120001122"),
        ("00989120001122", "+989120001122"),
        ("00098 9120001122", "+989120001122"),
        ("(+98) 912 000-1122", "+989120001122"),
        ("\u200e+98 912 000 1122\u200f", "+989120001122"),
        ("۰۹۱۲۰۰۰۱۱۲۲", "+989120001122"),
        ("٠٩١٢٠٠٠١١٢٢", "+989120001122"),
        # a trunk that adds the city code, or a 0
        ("2109120001122", "+989120001122"),
        ("219120001122", "+989120001122"),
        ("210989120001122", "+989120001122"),
        ("0989120001122", "+989120001122"),
        # fixed
        ("02188776655", "+982188776655"),
        ("2188776655", "+982188776655"),
        ("982188776655", "+982188776655"),
        ("0098 21 88776655", "+982188776655"),
        ("021-88776655", "+982188776655"),
        ("021-91001234", "+982191001234"),
        ("05138123456", "+985138123456"),
        ("5138123456", "+985138123456"),
        ("09412345678", "+989412345678"),
        # local, the plausible but suspicious among them
        ("88776655", "+982188776655"),
        ("22514321", "+982122514321"),
        ("30001234", "+982130001234"),
        ("50001234", "+982150001234"),
        ("10001234", "+982110001234"),
        ("98123456", "+982198123456"),
        # short subscriber numbers, listed or not
        ("02145853", "+982145853"),
        ("021-45853", "+982145853"),
        ("+982145853", "+982145853"),
        ("0098 21 458531", "+9821458531"),
        ("021-4145", "+98214145"),
        ("02141234", "+982141234"),
        # listed ranges, new ranges, and old codes that look right
        ("09980001122", "+989980001122"),
        ("09000001122", "+989000001122"),
        ("09940001122", "+989940001122"),
        ("09999999999", "+989999999999"),
        ("09060001122", "+989060001122"),
        ("09090001122", "+989090001122"),
        ("09970001122", "+989970001122"),
        ("9970001122", "+989970001122"),
        ("989060001122", "+989060001122"),
        ("0411 3334444", "+984113334444"),
        ("08877665512", "+988877665512"),
        # other countries
        ("0090 212 555 0000", "+902125550000"),
        ("+90 212 555 0000", "+902125550000"),
        ("00902125550000", "+902125550000"),
        # a sign ends the number
        ("88776655#", "+982188776655"),
        ("02188776655*123", "+982188776655"),
        ("09120001122,101", "+989120001122"),
        ("09120001122;ext=12", "+989120001122"),
    ],
)
def test_caller_id_is_read_as_e164(printed: str, number: str) -> None:
    found = normalize(printed, "incoming", TEHRAN)
    assert (found.number, found.status) == (number, "ok")


@pytest.mark.parametrize(
    ("printed", "status"),
    [
        *((code, "short") for code in ("110", "112", "115", "125", "911", "118", "123", "137")),
        *((code, "short") for code in ("117", "119", "131", "196")),  # the library refuses these
        *((code, "short") for code in ("1818", "2000", "9601", "9602")),
        *((code, "unparsed") for code in ("3000", "9000", "1500")),  # SMS senders, unknown codes
        ("300012345678", "unparsed"),
        ("902188776655", "unparsed"),  # a release code has no place in a caller ID
        ("909120001122", "unparsed"),
        ("009120001122", "unparsed"),  # the library says India
        ("002188776655", "unparsed"),  # the library says Libya
        ("988776655", "unparsed"),
        ("088776655", "unparsed"),
        ("9110", "unparsed"),
        ("0110", "unparsed"),
        ("00912", "unparsed"),
        ("0021", "unparsed"),
        ("0906000112", "unparsed"),
        ("021-88776655-8", "unparsed"),  # a range, not a number
        ("8" * 40, "unparsed"),
        ("+989601", "unparsed"),
        ("Reza", "unparsed"),
        ("1", "unreliable"),
        ("0", "unreliable"),
        ("09", "unreliable"),
        ("093d", "unreliable"),
        ("0912000A122", "unreliable"),
        ("09120001122 D", "unreliable"),
        ("P", "withheld"),
        ("Private", "withheld"),
        ("anonymous", "withheld"),
        ("O", "unavailable"),
        ("<unknown>", "unavailable"),
    ],
)
def test_caller_id_without_a_number_keeps_its_text(printed: str, status: Status) -> None:
    assert normalize(printed, "incoming", TEHRAN) == Number(None, printed, status)


@pytest.mark.parametrize("printed", [None, "", "  "])
def test_nothing_printed(printed: str | None) -> None:
    assert normalize(printed, "incoming", TEHRAN) == Number(None, None, "withheld")
    assert normalize(printed, "outgoing", TEHRAN) == Number(None, None, "unavailable")
    assert normalize(printed, "internal", TEHRAN) == Number(None, None, "extension")
    assert normalize(printed, "outgoing", TEHRAN, masked=True) == Number(None, None, "masked")


@pytest.mark.parametrize(
    ("printed", "raw"),
    [
        ("88776655#", "88776655"),
        ("021-88776655 *1", "021-88776655"),
        ("9120001122,1", "9120001122"),
    ],
)
def test_raw_of_a_caller_id_ends_where_the_number_was_cut(printed: str, raw: str) -> None:
    assert normalize(printed, "incoming", TEHRAN).raw == raw


@pytest.mark.parametrize(
    ("plan", "printed", "number", "status"),
    [
        # release code 9
        (TEHRAN_9, "909120001122", "+989120001122", "ok"),
        (TEHRAN_9, "902188776655", "+982188776655", "ok"),
        (TEHRAN_9, "988776655", "+982188776655", "ok"),
        (TEHRAN_9, "902145853", "+982145853", "ok"),
        (TEHRAN_9, "909060001122", "+989060001122", "ok"),
        (TEHRAN_9, "900902125550000", "+902125550000", "ok"),
        (TEHRAN_9, "9110", None, "short"),
        (TEHRAN_9, "9123", None, "short"),
        (TEHRAN_9, "99601", None, "short"),
        # not printed, though it was dialled
        (TEHRAN_9, "110", None, "short"),
        (TEHRAN_9, "911", None, "short"),
        (TEHRAN_9, "9601", None, "short"),
        (TEHRAN_9, "09120001122", "+989120001122", "ok"),
        (TEHRAN_9, "9120001122", "+989120001122", "ok"),
        (TEHRAN_9, "9060001122", "+989060001122", "ok"),
        (TEHRAN_9, "989120001122", "+989120001122", "ok"),
        (TEHRAN_9, "982188776655", "+982188776655", "ok"),
        (TEHRAN_9, "98123456", "+982198123456", "ok"),
        (TEHRAN_9, "88776655", "+982188776655", "ok"),
        (TEHRAN_9, "2188776655", "+982188776655", "ok"),
        # 601 may be an extension behind the release code
        (TEHRAN_9_EXT, "9601", None, "extension"),
        # release code 0
        (TEHRAN_0, "009120001122", "+989120001122", "ok"),
        (TEHRAN_0, "002188776655", "+982188776655", "ok"),
        (TEHRAN_0, "088776655", "+982188776655", "ok"),
        (TEHRAN_0, "002145853", "+982145853", "ok"),
        (TEHRAN_0, "009060001122", "+989060001122", "ok"),
        (TEHRAN_0, "0110", None, "short"),
        (TEHRAN_0, "000902125550000", "+902125550000", "ok"),
        (TEHRAN_0, "00902125550000", "+902125550000", "ok"),
        (TEHRAN_0, "09120001122", "+989120001122", "ok"),
        (TEHRAN_0, "02188776655", "+982188776655", "ok"),
        (TEHRAN_0, "05138123456", "+985138123456", "ok"),
        # several codes: the longest that fits, and only one
        (MASHHAD_81, "8138123456", "+985138123456", "ok"),
        (MASHHAD_81, "838123456", "+985138123456", "ok"),
        (MASHHAD_81, "8105138123456", "+985138123456", "ok"),
        (MASHHAD_81, "81110", None, "short"),
        (MASHHAD_81, "99110", None, "unparsed"),
        # none, and no area
        (PLAIN, "09120001122", "+989120001122", "ok"),
        (PLAIN, "05138123456", "+985138123456", "ok"),
        (PLAIN, "5138123456", "+985138123456", "ok"),
        (PLAIN, "88776655", None, "unparsed"),
        (PLAIN, "988776655", None, "unparsed"),
        (PLAIN, "909120001122", None, "unparsed"),
        (PLAIN, "89001234567", None, "unparsed"),
        (TEHRAN, "909120001122", None, "unparsed"),
        (TEHRAN, "988776655", None, "unparsed"),
        # nothing to read
        (TEHRAN_9, "9", None, "unreliable"),
        (MASHHAD_81, "81", None, "unreliable"),
        (SMALL, "811", None, "unparsed"),
        (TEHRAN_9, "91500", None, "unparsed"),
        (TEHRAN_9, "1500", None, "unparsed"),
        # a plus never hides a release code
        (TEHRAN_9, "+989120001122", "+989120001122", "ok"),
        (NumberPlan(release_codes=("98",)), "+989120001122", "+989120001122", "ok"),
        # what an exchange prints in front
        (TEHRAN_9, "F/988776655", "+982188776655", "ok"),
        (TEHRAN, "F/09120001122", "+989120001122", "ok"),
        (TEHRAN, "9=09120001122", "+989120001122", "ok"),
        (TEHRAN_9, "9=88776655", "+982188776655", "ok"),
        (TEHRAN_9, "9=9110", None, "unparsed"),  # one code was taken away already
        (TEHRAN, "F/9PP02188776655", "+982188776655", "ok"),
        (TEHRAN, "8PP8315059816", "+988315059816", "ok"),
        (TEHRAN, "0P5138123456", "+985138123456", "ok"),
    ],
)
def test_dialled_number(plan: NumberPlan, printed: str, number: str | None, status: Status) -> None:
    assert normalize(printed, "outgoing", plan) == Number(number, printed, status)


KEYED_AFTER = [
    # plan, printed, number, raw, status
    (TEHRAN, "091200011224", "+989120001122", "09120001122", "ok"),
    (TEHRAN, "0912000112255", "+989120001122", "09120001122", "ok"),
    (TEHRAN, "02188776655123", "+982188776655", "02188776655", "ok"),
    (TEHRAN, "0218877665512", "+982188776655", "02188776655", "ok"),
    (TEHRAN, "8877665512", "+982188776655", "88776655", "ok"),
    (TEHRAN, "09060001122 4711", "+989060001122", "09060001122", "ok"),
    (TEHRAN, "1184711", None, "118", "short"),
    (TEHRAN, "+98 912 000 1122 4711", "+989120001122", "+98 912 000 1122", "ok"),
    (TEHRAN, "0989120001122*4711", "+989120001122", "0989120001122", "ok"),
    (TEHRAN_9, "9091200011224711", "+989120001122", "909120001122", "ok"),
    (TEHRAN_9, "988776655123", "+982188776655", "988776655", "ok"),  # not +98 87 76655123
    (TEHRAN_9, "9887766551", "+982188776655", "988776655", "ok"),
    (TEHRAN_9, "998123456 12", "+982198123456", "998123456", "ok"),
    (TEHRAN_9, "9110 47", None, "9110", "short"),
    (TEHRAN_9, "90090212555000099", "+902125550000", "900902125550000", "ok"),
    (TEHRAN_0, "0091200011224711", "+989120001122", "009120001122", "ok"),
    (TEHRAN_0, "0887766554711", "+982188776655", "088776655", "ok"),
    (TEHRAN_0, "08877665512", "+982188776655", "088776655", "ok"),
    (MASHHAD_9, "3812345612", "+985138123456", "38123456", "ok"),  # not 038 12345612
    (MASHHAD_81, "81381234564711", "+985138123456", "8138123456", "ok"),
    (TEHRAN, "9=88776655 4711", "+982188776655", "9=88776655", "ok"),
    (TEHRAN, "110P4711", None, "110", "short"),
    (TEHRAN, "9PP09120001122P4711", "+989120001122", "9PP09120001122", "ok"),
    (TEHRAN, "02188776655-8", "+982188776655", "02188776655", "ok"),
    (TEHRAN, "02188776655#8", "+982188776655", "02188776655", "ok"),
    (TEHRAN, "88776655*1XX", "+982188776655", "88776655", "ok"),
    (TEHRAN, "88776655,,4711", "+982188776655", "88776655", "ok"),
    (TEHRAN, "88776655A4711", None, "88776655", "unreliable"),
    (TEHRAN, "*31#4711", None, None, "unparsed"),
    (TEHRAN, "P", None, None, "unparsed"),
    # unread: no number is longer than what is kept
    (TEHRAN, "5" * 40, "+982155555555", "5" * 8, "ok"),
    (TEHRAN, "982277665512", None, "982277665", "unparsed"),
    (TEHRAN, "909120001122471", None, "909120001122", "unparsed"),
    (TEHRAN, "009120001122471", None, "009120001122", "unparsed"),
    (TEHRAN, "1304146", None, "13041", "unparsed"),
    (PLAIN, "7" * 40, None, "7" * 18, "unparsed"),
    (PLAIN, "89001234567", None, "89001234567", "unparsed"),
    (NIZHNY, "89001234567*", "+79001234567", "89001234567", "ok"),
    (NIZHNY, "905550001247", "+78310555000", "90555000", "ok"),
    (NEW_YORK, "9120155501234711", "+12015550123", "912015550123", "ok"),
]


@pytest.mark.parametrize(("plan", "printed", "number", "raw", "status"), KEYED_AFTER)
def test_digits_keyed_after_the_number_are_nowhere(
    plan: NumberPlan, printed: str, number: str | None, raw: str | None, status: Status
) -> None:
    assert normalize(printed, "outgoing", plan) == Number(number, raw, status)


@pytest.mark.parametrize(
    ("printed", "raw"),
    [
        (".................88776655", ".................88776655"),
        ("123..............", "123.............."),
        ("8877XXXX", "8877"),
    ],
)
def test_secret_dialling_is_masked_though_the_fact_does_not_say_so(printed: str, raw: str) -> None:
    assert normalize(printed, "outgoing", TEHRAN) == Number(None, raw, "masked")


@pytest.mark.parametrize("direction", ["incoming", "outgoing", "internal"])
def test_a_masked_number_is_never_read(direction: Direction) -> None:
    found = normalize("09120001122*47", direction, TEHRAN, masked=True)
    assert found == Number(None, "09120001122", "masked")


@pytest.mark.parametrize("printed", ["101", "0912", "2188776655", "110"])
def test_the_called_extension_of_an_internal_call_is_never_a_number(printed: str) -> None:
    assert normalize(printed, "internal", TEHRAN_9_EXT) == Number(None, printed, "extension")


@pytest.mark.parametrize("printed", ["16", "601", "4711"])
def test_a_configured_length_makes_an_extension(printed: str) -> None:
    assert normalize(printed, "incoming", SMALL) == Number(None, printed, "extension")
    assert normalize(printed, "incoming", TEHRAN).status in {"unparsed", "unreliable"}


@pytest.mark.parametrize(
    ("plan", "direction", "printed", "number", "status"),
    [
        (NIZHNY, "outgoing", "89001234567", "+79001234567", "ok"),
        (NIZHNY, "outgoing", "4150000", "+78314150000", "ok"),
        (NIZHNY, "outgoing", "94150000", "+78314150000", "ok"),
        (NIZHNY, "outgoing", "9112", None, "short"),
        (NIZHNY, "outgoing", "810989120001122", "+989120001122", "ok"),
        (NIZHNY, "incoming", "79001234567", "+79001234567", "ok"),
        (NEW_YORK, "outgoing", "5550123", "+12125550123", "ok"),
        (NEW_YORK, "outgoing", "2015550123", "+12015550123", "ok"),
        (NEW_YORK, "outgoing", "912015550123", "+12015550123", "ok"),
        (NEW_YORK, "outgoing", "9911", None, "short"),
        (MUNICH, "outgoing", "90301234567", "+49301234567", "ok"),
        (MUNICH, "outgoing", "30123456", "+498930123456", "ok"),
        (MUNICH, "incoming", "00989120001122", "+989120001122", "ok"),
        (ROME, "incoming", "0612345678", "+390612345678", "ok"),
        (SYDNEY, "outgoing", "000", None, "short"),
        (NOWHERE, "incoming", "+989120001122", "+989120001122", "ok"),
        (NOWHERE, "incoming", "09120001122", None, "unparsed"),
        (NOWHERE, "incoming", "112", None, "unparsed"),
    ],
)
def test_other_countries(
    plan: NumberPlan, direction: Direction, printed: str, number: str | None, status: Status
) -> None:
    assert normalize(printed, direction, plan) == Number(number, printed, status)


def test_an_area_code_may_be_written_with_its_0() -> None:
    for area_code in ("51", "051"):
        plan = NumberPlan(area_code=area_code)
        assert normalize("38123456", "incoming", plan).number == "+985138123456"


PRINTED = st.one_of(
    st.text(max_size=60),
    st.text("0123456789", max_size=45),
    st.text("0123456789+*#-XPF/=.ABD ()۰۹,;x\u200f", max_size=45),
    st.builds(
        str.__add__,
        st.sampled_from(["0", "9", "00", "98", "+98", "0912", "9091", "021", "F/", "8PP", "9="]),
        st.text("0123456789", max_size=16),
    ),
)
DIRECTIONS: st.SearchStrategy[Direction] = st.sampled_from(["incoming", "outgoing", "internal"])


@given(PRINTED, DIRECTIONS, st.sampled_from(PLANS), st.booleans())
def test_any_text_gives_a_number_or_none_and_raw_is_how_it_begins(
    printed: str,
    direction: Direction,
    plan: NumberPlan,
    masked: bool,  # noqa: FBT001
) -> None:
    found = normalize(printed, direction, plan, masked=masked)
    assert (found.number is not None) == (found.status == OK)
    assert found.number is None or re.fullmatch(r"\+[1-9]\d{4,14}", found.number, re.ASCII)
    assert found.raw is None or (found.raw and printed.strip().startswith(found.raw))


@given(PRINTED, st.sampled_from(PLANS))
def test_a_release_code_means_nothing_to_a_caller_id(printed: str, plan: NumberPlan) -> None:
    without = NumberPlan(
        country_code=plan.country_code,
        area_code=plan.area_code,
        extension_lengths=plan.extension_lengths,
    )
    assert normalize(printed, "incoming", plan) == normalize(printed, "incoming", without)


@given(PRINTED, DIRECTIONS, st.sampled_from(PLANS))
def test_a_number_read_once_is_read_the_same_again(
    printed: str, direction: Direction, plan: NumberPlan
) -> None:
    number = normalize(printed, direction, plan).number
    if number is not None:
        assert normalize(number, direction, plan) == Number(number, number, "ok")


@given(PRINTED, DIRECTIONS, st.sampled_from([p for p in PLANS if p.country_code == "98"]))
def test_the_raw_text_of_a_number_means_that_number(
    printed: str, direction: Direction, plan: NumberPlan
) -> None:
    found = normalize(printed, direction, plan)
    if found.number is not None:
        assert normalize(found.raw, direction, plan) == found


@given(
    st.sampled_from(["09120001122", "02188776655", "88776655", "909120001122", "988776655"]),
    st.text("0123456789", min_size=1, max_size=20),
)
def test_a_pin_keyed_after_a_known_number_is_cut(dialled: str, pin: str) -> None:
    alone = normalize(dialled, "outgoing", TEHRAN_9)
    assert alone.status == OK
    assert normalize(f"{dialled}*{pin}", "outgoing", TEHRAN_9) == alone
    assert normalize(f"{dialled}P{pin}", "outgoing", TEHRAN_9) == alone
    if len(pin) > 1:  # one digit more makes 10, which may be a mobile
        assert normalize(dialled + pin, "outgoing", TEHRAN_9) == alone


def test_the_library_is_loaded_at_the_first_number_and_never_its_heavy_parts() -> None:
    program = (
        "import sys\n"
        "from edge.intake.numbers import NumberPlan, normalize\n"
        "assert 'phonenumbers' not in sys.modules\n"
        "normalize('09120001122', 'incoming', NumberPlan())\n"
        "assert 'phonenumbers' in sys.modules\n"
        "heavy = {'phonenumbers.geocoder', 'phonenumbers.carrier', 'phonenumbers.timezone'}\n"
        "assert not heavy & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
