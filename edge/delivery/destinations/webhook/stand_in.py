"""A receiver of webhooks, for tests and trials: verifies with the standard's own library.

    python -m edge.delivery.destinations.webhook.stand_in --secret whsec_… [--port 8092]

It knows an event again by its webhook-id, and takes it once. Its oddities are those that receivers
have: a bad signature may be answered 400 in place of 401, and a good one 200, 202 or 204, with or
without a body. `bad_day.py` has the rest.
"""

import argparse
import asyncio
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec
from aiohttp import web
from standardwebhooks import Webhook, WebhookVerificationError

from edge.delivery.destinations.bad_day import BadDay

PATH = "/hook"


@dataclass(slots=True)
class Receiver:
    """secrets: any of them may sign. requests: all that came, refused or not, with their verdict.

    taken: the events by their webhook-id, in order of arrival.
    """

    secrets: list[str]
    refusal: int = 401
    success: int = 204
    closed: bool = False
    requests: list[tuple[str, dict[str, str], str]] = field(default_factory=list)
    taken: dict[str, dict[str, Any]] = field(default_factory=dict)
    repeats: int = 0
    bad_day: BadDay = field(default_factory=BadDay)
    after: Callable[[], None] = lambda: None

    def app(self) -> web.Application:
        app = web.Application()
        self.bad_day.join(app)
        app.router.add_post(PATH, self.post)
        return app

    async def post(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        body = await request.text()
        wrong = self._wrong(headers, body)
        self.requests.append((wrong or "taken", headers, body))
        self.after()
        if self.closed:
            return web.Response(status=410)
        if wrong:
            return web.Response(status=self.refusal, text=wrong)
        name = headers["webhook-id"]
        self.repeats += name in self.taken
        self.taken.setdefault(name, msgspec.json.decode(body))
        return web.Response(status=self.success)

    def _wrong(self, headers: dict[str, str], body: str) -> str:
        if not headers.get("content-type", "").startswith("application/cloudevents+json"):
            return "no CloudEvent"
        if "." in headers.get("webhook-id", "."):
            return "no webhook-id"
        wrong = "no secret"
        for secret in self.secrets:
            try:
                Webhook(secret).verify(body, headers)
            except WebhookVerificationError as error:
                wrong = str(error)
            else:
                return ""
        return wrong


async def serve(receiver: Receiver, port: int = 0) -> tuple[web.AppRunner, str]:
    """Listen on loopback; the runner to clean up, and the webhook's address."""
    runner = web.AppRunner(receiver.app(), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    return runner, f"http://127.0.0.1:{runner.addresses[0][1]}{PATH}"


async def _run(secret: str, port: int) -> None:
    receiver = Receiver([secret])

    def show() -> None:
        verdict, headers, body = receiver.requests[-1]
        sys.stdout.write(f"{headers.get('webhook-id')}: {verdict} {body}\n")
        sys.stdout.flush()

    receiver.after = show
    runner, url = await serve(receiver, port)
    sys.stdout.write(f"Webhooks are taken at {url}\n")
    sys.stdout.flush()
    try:
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Take signed webhooks and show them.")
    parser.add_argument("--secret", required=True)
    parser.add_argument("--port", type=int, default=8092)
    given = parser.parse_args()
    asyncio.run(_run(given.secret, given.port))
