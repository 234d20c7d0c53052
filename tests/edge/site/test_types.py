"""The types that settings are checked by are types that the checker can read."""

import re

import msgspec
import pytest

import drivers.catalog
import edge.delivery.destinations.catalog
from drivers.contract import Settings
from edge.commands.box_commands import BoxCommands
from edge.delivery.connection import Connection
from edge.delivery.restraint import Forwarding
from edge.delivery.wanted import Wanted
from edge.journal.records import History
from edge.site.feeds import Feeds
from edge.site.forms import fields
from edge.wire.settings import Wire

CATALOGS = (drivers.catalog, edge.delivery.destinations.catalog)
LINES: list[type[Settings]] = [
    catalog.spec(name).settings for catalog in CATALOGS for name in catalog.NAMES
]


@pytest.mark.parametrize(
    "kind", [*LINES, Forwarding, Connection, Wanted, History, Wire, BoxCommands, Feeds]
)
def test_each_field_can_be_checked(kind: type[msgspec.Struct]) -> None:
    # A bound on `int | None` is none on int: msgspec says so when it first meets a value.
    for field in msgspec.structs.fields(kind):
        msgspec.json.Decoder(field.type)


def test_what_a_pattern_allows_stands_beside_its_field_in_both_languages() -> None:
    found = [field for kind in LINES for field in fields(kind) if field.pattern]
    assert {field.name for field in found} >= {"area_code", "country_code", "profile"}
    for field in found:
        assert field.hint is not None, field.name
        assert field.hint.en.endswith(".")
        assert re.search("[\u0600-\u06ff]", field.hint.fa), field.name
        assert "`" not in field.hint.fa
