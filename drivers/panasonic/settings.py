"""What a technician sets for a Panasonic exchange."""

from typing import Annotated, Literal

from msgspec import Meta

from drivers.panasonic.models import MODELS, REFUSED, Model
from drivers.telephony import TelephonySettings


class PanasonicSettings(TelephonySettings, frozen=True, kw_only=True):
    """Settings of one exchange; all but the model have a default that fits most sites."""

    model: Annotated[str, Meta(title="Model", extra={"fa": "مدل", "choices": tuple(MODELS)})]
    date_order: Annotated[
        Literal["auto", "dmy", "mdy", "ymd"],
        Meta(title="Order of the printed date", extra={"fa": "ترتیب تاریخ چاپی"}),
    ] = "auto"
    layout: Annotated[
        Literal["auto", "tda-a", "tda-b", "tda-c", "ta"],
        Meta(title="Columns of the call log", extra={"fa": "ستون‌های گزارش تماس"}),
    ] = "auto"
    clock: Annotated[
        Literal["auto", "12", "24"],
        Meta(title="Hours of the printed time", extra={"fa": "ساعت ۱۲ یا ۲۴"}),
    ] = "auto"
    password: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=32,
            title="SMDR password, for a connection over the network",
            extra={"fa": "رمز عبور SMDR برای اتصال شبکه", "secret": True},
        ),
    ] = "PCCSMDR"

    def problems(self) -> list[tuple[str, str]]:
        """Name an unknown or refused model, and a layout that the model never prints."""
        return [*super().problems(), *self._model_problems()]

    def _model_problems(self) -> list[tuple[str, str]]:
        if any(part in self.model for part in REFUSED):
            why = "its call log cannot be told from that of other models and would be misread"
            return [("model", f"{self.model} is not supported: {why}; use a supported model")]
        model = MODELS.get(self.model)
        if model is None:
            return [("model", f"unknown model {self.model!r}; known are {', '.join(MODELS)}")]
        if self.layout != "auto" and self.layout not in model.family.layouts:
            known = ", ".join(model.family.layouts)
            return [
                ("layout", f"{self.model} never prints {self.layout}; use auto or one of: {known}.")
            ]
        return []

    @property
    def features(self) -> Model:
        """The table line of this model. The settings were checked: the model is known."""
        return MODELS[self.model]
