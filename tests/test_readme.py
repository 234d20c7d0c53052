"""What README says about settings, models, errors and events is true of the code."""

import json
import re
import tomllib
from pathlib import Path

import pytest

from drivers.panasonic.models import MODELS, Model
from drivers.wire.address import SerialAddress, TcpAddress
from edge.crm.contract import read_batch, read_range
from edge.site.site import check


@pytest.fixture(scope="module")
def readme(pytestconfig: pytest.Config) -> str:
    return (pytestconfig.rootpath / "README.md").read_text()


def _block(readme: str, language: str) -> str:
    """The only block of code in a language; inside a list it is indented."""
    (found,) = re.findall(rf"^ *```{language}\n(.*?)^ *```$", readme, re.MULTILINE | re.DOTALL)
    return str(found)


def _tables(readme: str) -> list[list[str]]:
    rows = [line for line in readme.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def test_the_example_of_a_site_is_a_good_one(readme: str) -> None:
    site = check(tomllib.loads(_block(readme, "toml")))
    assert [type(device.link) for device in site.device] == [SerialAddress, TcpAddress]
    assert [destination.kind for destination in site.destination] == ["link"]


def _row(name: str, model: Model) -> list[str]:
    family = model.family
    ta = family.missed_by_silence
    return [
        name,
        ", ".join(family.layouts),
        "caller ID before answer" if ta else "RC",
        "inferred" if ta else "printed",
    ]


def test_the_table_of_models_is_complete(readme: str) -> None:
    rows = [row for row in _tables(readme) if re.fullmatch(r"KX-[A-Z]+\d+", row[0])]
    assert [[*row[:2], *row[3:]] for row in rows] == [_row(*entry) for entry in MODELS.items()]
    networks = [row[0] for row in rows if "network" in row[2]]
    assert networks == [name for name, model in MODELS.items() if model.lan]


def test_the_errors_it_explains_exist(readme: str, pytestconfig: pytest.Config) -> None:
    sources = [
        path.read_text()
        for folder in ("drivers", "edge")
        for path in (pytestconfig.rootpath / folder).rglob("*.py")
    ]
    explained = readme[readme.index("## When something is wrong") : readme.index("## Limits")]
    firsts = [row[0] for row in _tables(explained)]
    codes = [code for first in firsts for code in re.findall(r"`([a-z]+(?:-[a-z]+)+)`", first)]
    assert len(codes) >= 10
    assert [code for code in codes if not any(f'"{code}"' in text for text in sources)] == []


def test_every_issue_of_a_health_check_is_explained(
    readme: str, pytestconfig: pytest.Config
) -> None:
    checks = (pytestconfig.rootpath / "edge/checks").glob("*.py")
    named = re.compile(r"""(?:\bcode=|^CODE = )"([a-z-]+)\"""", re.MULTILINE)
    codes = {code for path in checks for code in named.findall(path.read_text())}
    assert len(codes) >= 12
    assert [code for code in sorted(codes) if f"`{code}`" not in readme] == []


def test_the_event_it_shows_is_one_that_a_crm_takes(readme: str) -> None:
    event = json.loads(_block(readme, "json"))
    span = read_range("1a2b3c4d 41-41")
    batch = read_batch(json.dumps([event]).encode(), span)
    assert [(verdict.sequence, verdict.reason) for verdict in batch.verdicts] == [(41, None)]
    assert batch.unkept == []


def test_every_file_that_it_links_to_is_there(readme: str, pytestconfig: pytest.Config) -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", readme)
    assert len(links) >= 4
    assert [link for link in links if not Path(pytestconfig.rootpath, link).exists()] == []
