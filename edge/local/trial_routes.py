"""Tests that a technician asks for.

operate  POST /devices/{key}/test  POST /destinations/{name}/test
"""

from edge.access.access import Access
from edge.access.refusals import Unknown
from edge.intake.clock import BoxClock
from edge.journal.journal import Journal
from edge.local.issue import Words
from edge.local.route import Ask, Route, taking
from edge.local.trial_records import Trial, TrialOrder
from edge.service.crms import Crms
from edge.service.devices import Devices


def routes(
    access: Access, devices: Devices, crms: Crms, journal: Journal, clock: BoxClock
) -> list[Route]:
    """Both."""

    async def device(ask: Ask, order: TrialOrder) -> Trial:
        from edge.trials.device import try_device

        key = ask.part("key")
        if key not in devices.supervisors:
            raise Unknown(Words(f"There is no device {key}.", "چنین دستگاهی نیست."))
        steps = await try_device(devices.supervisors[key], order.seconds)
        await access.note(ask.caller, "device.tested", key)
        return Trial(concerns=key, at=clock.now().utc, steps=steps)

    async def crm(ask: Ask, order: TrialOrder) -> Trial:
        from edge.trials.crm import Tried, try_crm

        name = ask.part("name")
        entry = next((each for each in crms.served if each.name == name), None)
        if entry is None:
            raise Unknown(Words(f"There is no CRM {name}.", "چنین CRMی نیست."))
        tried = Tried(entry, crms.forwarders[name], crms.destinations[name], journal)
        steps = await try_crm(tried, order.seconds)
        await access.note(ask.caller, "destination.tested", name)
        return Trial(concerns=name, at=clock.now().utc, steps=steps)

    return [
        taking("POST", "/devices/{key}/test", "operate", TrialOrder, device),
        taking("POST", "/destinations/{name}/test", "operate", TrialOrder, crm),
    ]
