"""Joins the devices of a site with the CRMs that may give them orders."""

from collections.abc import Callable, Mapping

from drivers import catalog
from edge.commands.listener import Listener
from edge.commands.target import Target
from edge.delivery.destination import Branch
from edge.delivery.destinations import catalog as destinations
from edge.intake.clock import BoxClock
from edge.intake.seal import Seal, number_plan
from edge.intake.supervisor import Supervisor
from edge.journal.journal import Journal
from edge.site import Destination, Site


def listeners(
    site: Site,
    supervisors: Mapping[str, Supervisor],
    journal: Journal,
    clock: BoxClock,
    branch: Callable[[Destination], Branch],
) -> dict[str, Listener]:
    """By destination, one for each CRM that gives commands; all may order what a device allows.

    Where no device allows anything, which is the rule, no CRM is asked: a question that waits
    costs two megabytes a day.
    """
    if not any(device.commands for device in site.device):
        return {}
    targets = {
        device.key: Target(
            Seal(device.key, clock.boot, number_plan(device.settings)),
            supervisors[device.key].driver,
            catalog.spec(device.driver).commands,
            device.commands,
            supervisors[device.key].online,
        )
        for device in site.device
    }
    found = {}
    for entry in site.destination:
        source = destinations.spec(entry.kind).commands(entry.settings, branch(entry))
        if source is not None:
            found[entry.name] = Listener(entry.name, source, journal, targets, clock)
    return found
