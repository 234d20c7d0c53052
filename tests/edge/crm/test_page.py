import asyncio
import gzip
import json
import re
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import edge.crm

STATIC = Path(edge.crm.__file__).parent / "static"
if TYPE_CHECKING:
    from tests.edge.crm.conftest import Box

MakeEvent = Callable[..., dict[str, Any]]


async def messages(box: "Box") -> AsyncGenerator[dict[str, Any]]:
    async with box.session.get(box.crm.url + "/live") as response:
        assert response.content_type == "text/event-stream"
        async for line in response.content:
            if line.startswith(b"data: "):
                yield json.loads(line[6:])
            else:
                assert line == b"\n"


async def test_page_and_its_files_are_served_under_a_strict_policy(box: "Box") -> None:
    kinds = {"/": "html", "/page.js": "javascript", "/page.css": "css"}
    for path, kind in kinds.items():
        got = await box.get(path)
        assert got.status == 200
        assert got.headers["Content-Type"].partition("/")[2].startswith(kind)
        assert "default-src 'none'" in got.headers["Content-Security-Policy"]
        assert "unsafe" not in got.headers["Content-Security-Policy"]


def test_page_takes_nothing_from_elsewhere_and_never_reads_text_as_markup() -> None:
    for file in STATIC.iterdir():
        text = file.read_text().replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?:|@import|url\(", text), file.name
    script = (STATIC / "page.js").read_text()
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", script)


def test_both_languages_have_the_same_words() -> None:
    script = (STATIC / "page.js").read_text()
    english, persian = re.findall(
        r"^  (?:en|fa): \{$(.*?)^  \},$", script, re.MULTILINE | re.DOTALL
    )
    names = [re.findall(r"(?:^|[,{\n] *)(\w+): \"", text) for text in (english, persian)]
    assert names[0] == names[1]
    assert len(names[0]) > 40


async def test_calls_there_are_come_first_then_those_that_arrive(
    box: "Box", event: MakeEvent
) -> None:
    old = [event(1), event(2), event(3, "k7-1", talk_seconds=20)]
    await box.send(*old)
    async with asyncio.timeout(60):
        stream = messages(box)
        first = await anext(stream)
        assert first["events"] == [event(2), old[2]]
        assert first["stats"]["received"] == 3
        assert first["order"] == {"mode": "none"}
        await box.send(event(4), event(1))
        second = await anext(stream)
        assert second["events"] == [event(4)]
        assert second["stats"]["duplicates"] == 1
        await stream.aclose()


async def test_order_to_misbehave_shows(box: "Box", event: MakeEvent) -> None:
    await box.order(mode="reject", every=1)
    await box.send(event(1))
    async with asyncio.timeout(60):
        stream = messages(box)
        first = await anext(stream)
        await stream.aclose()
    assert first["order"] == {"mode": "reject", "every": 1}
    assert first["events"] == []
    assert first["stats"]["rejected"] == 1


async def test_line_breaks_inside_an_event_break_no_message(box: "Box", event: MakeEvent) -> None:
    body = gzip.compress(json.dumps([event(1)], indent=2).encode())
    assert (await box.post(body)).status == 200
    async with asyncio.timeout(60):
        stream = messages(box)
        assert (await anext(stream))["events"] == [event(1)]
        await stream.aclose()
    assert await box.stored() == [event(1)]


@pytest.mark.parametrize("browsers", [1, 5])
async def test_open_pages_do_not_hold_the_server_up(box: "Box", browsers: int) -> None:
    async with asyncio.timeout(60):
        streams = [messages(box) for _ in range(browsers)]
        for stream in streams:
            await anext(stream)
        await box.crm.close()
        for stream in streams:
            assert [message async for message in stream] == []
