"""Settings that every telephone system shares, under the names of design section 8."""

from typing import Annotated

from msgspec import Meta

from drivers.contract import Settings

_IRAN = "98"
DigitString = Annotated[
    str,
    Meta(
        pattern=r"^[0-9*#]{1,6}$",
        description="1 to 6 digits, * or #, such as 9",
        extra={"said": "۱ تا ۶ رقم، `*` یا `#`؛ مانند `9`"},
    ),
]


HIDDEN = {
    "en": "Ring groups and DISA numbers, not shown as extensions",
    "fa": "گروه‌های زنگ و شماره‌های DISA که داخلی نیستند",
}
"""What the list of numbers that stand for nobody is called, by language."""


class TelephonySettings(Settings, frozen=True, kw_only=True):
    """What the house needs to read a telephone system's numbers."""

    release_codes: Annotated[
        tuple[DigitString, ...],
        Meta(
            title="Digits dialled to get an outside line", extra={"fa": "رقم‌های گرفتن خط آزاد شهری"}
        ),
    ] = ()
    country_code: Annotated[
        str,
        Meta(
            pattern=r"^[1-9][0-9]{0,2}$",
            title="Country code",
            description="1 to 3 digits without 00 or +, such as 98",
            extra={"fa": "کد کشور", "said": "۱ تا ۳ رقم، بدون `00` و `+`؛ مانند `98`"},
        ),
    ] = _IRAN
    area_code: Annotated[
        str,
        Meta(
            pattern=r"^[0-9]{0,5}$",
            title="Area code, without the leading 0",
            description="up to 5 digits without the leading 0, such as 51",
            extra={"fa": "کد شهر بدون صفر", "said": "حداکثر ۵ رقم، بدون صفر اول؛ مانند `51`"},
        ),
    ] = ""
    extension_lengths: Annotated[
        tuple[Annotated[int, Meta(ge=1, le=8)], ...],
        Meta(title="How many digits an extension has", extra={"fa": "تعداد رقم داخلی‌ها"}),
    ] = ()
    hidden_extensions: Annotated[
        tuple[str, ...],
        Meta(
            title=HIDDEN["en"],
            extra={"fa": HIDDEN["fa"]},
        ),
    ] = ()
    line_names: Annotated[
        dict[str, str],
        Meta(title="Names of the trunk lines", extra={"fa": "نام خط‌های شهری", "of": "name"}),
    ] = {}
    extension_names: Annotated[
        dict[str, str],
        Meta(title="Names of the extensions", extra={"fa": "نام داخلی‌ها", "of": "name"}),
    ] = {}
    recorder: Annotated[
        str | None,
        Meta(
            title="Short name of the call recorder on the same lines",
            extra={"fa": "نام کوتاه دستگاه ضبط مکالمه روی همین خط‌ها"},
        ),
    ] = None

    def problems(self) -> list[tuple[str, str]]:
        """Name a country code that no country has."""
        if self.country_code == _IRAN:  # the library of number plans takes a while to load
            return []
        from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

        if int(self.country_code) in COUNTRY_CODE_TO_REGION_CODE:
            return []
        return [("country_code", f"no country has {self.country_code}; write one such as {_IRAN}")]
