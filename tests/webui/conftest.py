"""Branches, and a real browser: the distribution's Chromium, driven by Playwright."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.webui.house import USER, House, eventually
from webui.visit import LANGUAGE_COOKIE, SESSION_COOKIE

Open = Callable[..., Page]


@contextmanager
def _house() -> Iterator[House]:
    with TemporaryDirectory(prefix="pw-") as name:
        house = House(Path(name))
        try:
            yield house
        finally:
            house.close()


@pytest.fixture
def factory() -> Iterator[House]:
    """A box as it leaves the factory, and its page."""
    with _house() as house:
        house.factory()
        yield house


@pytest.fixture(scope="session")
def branch() -> Iterator[House]:
    """A branch that works, with a few calls; shared, so leave it as it was."""
    with _house() as house:
        house.factory()
        house.commission()
        before = house.stored()
        for number in ("09121110001", "02144550002", "05138430003"):
            house.call(number)
        eventually(lambda: house.stored() >= before + 3, "the calls")
        yield house


@pytest.fixture(scope="module")
def chromium(needs: Callable[[str, str], Path]) -> Iterator[Browser]:
    """For one module: while it lives, its loop runs in this thread, and no async test can."""
    path = needs("chromium", "chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path)
        yield browser
        browser.close()


@pytest.fixture
def context_for(chromium: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """`context_for(house, lang="fa", width=390)`: logged in as `user`, or as nobody for ""."""
    opened: list[BrowserContext] = []

    def make(
        house: House,
        lang: str = "fa",
        width: int = 390,
        user: str = USER,
        **more: Any,  # noqa: ANN401
    ) -> BrowserContext:
        context = chromium.new_context(
            ignore_https_errors=True,
            locale={"fa": "fa-IR", "en": "en-GB"}[lang],
            timezone_id="Asia/Tehran",
            viewport={"width": width, "height": 844},
            **more,
        )
        context.set_default_timeout(15_000)
        cookies = {LANGUAGE_COOKIE: lang} | (
            {SESSION_COOKIE: house.log_in(user).token} if user else {}
        )
        context.add_cookies(
            [{"name": name, "value": text, "url": house.url} for name, text in cookies.items()]
        )
        opened.append(context)
        return context

    yield make
    for context in opened:
        context.close()


@pytest.fixture
def open_page(context_for: Callable[..., BrowserContext]) -> Open:
    """`open_page(house, "/status", lang="en")`: a page whose console must stay empty."""

    def make(house: House, path: str, *, quiet: bool = True, **how: Any) -> Page:  # noqa: ANN401
        page = context_for(house, **how).new_page()
        if quiet:
            page.on("console", _complain)
            page.on("pageerror", _complain)
        page.goto(house.url + path)
        return page

    return make


def _complain(message: object) -> None:
    told = getattr(message, "text", message)
    raise AssertionError(f"the console says: {told}")
