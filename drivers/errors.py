"""What can go wrong with a device, named by the reaction it asks for.

Every error carries a `code` for programs and an `advice` for the technician: what is wrong and
what to do, in one sentence. The supervisor is the only place that catches them.
"""


class DeviceError(Exception):
    """The device cannot be served now. The supervisor shows the advice and tries again later."""

    def __init__(self, code: str, advice: str) -> None:
        super().__init__(advice)
        self.code = code
        self.advice = advice


class LinkMissing(DeviceError):
    """The port or host is not there: wait for it to come."""


class LinkBusy(DeviceError):
    """Another program holds the port: it must be ended first."""


class LinkLost(DeviceError):
    """The open link broke: open it again."""


class DeviceRefused(DeviceError):
    """The device answers but does not let us in: try again slowly, the technician must act."""
