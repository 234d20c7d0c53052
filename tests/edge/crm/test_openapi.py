"""The contract is held against the running reference server, by requests that are made from it."""

import asyncio
import gzip
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, CheckFunction
from schemathesis.specs.openapi.checks import positive_data_acceptance

import edge.crm
from edge.crm.commands import MOST_WAIT
from edge.crm.server import serve
from tests.edge.crm.conftest import JOURNAL, call_event

CONTRACT = schemathesis.openapi.from_path(str(Path(edge.crm.__file__).parent / "openapi.yaml"))
EVENTS = CONTRACT["/v1/events"]["POST"]
BATCH = "application/cloudevents-batch+json"
TOKEN = {"Authorization": "Bearer s3cret"}
FEW = settings(
    max_examples=20,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
ODD: st.SearchStrategy[Any] = st.sampled_from([None, "", "x", -1, 1.5, True, [], {}])


@CONTRACT.hook
def map_body(_: object, body: Any) -> Any:  # noqa: ANN401 - any JSON
    """A whole number is an integer, but written as one: 7, not 7.0."""
    if isinstance(body, dict):
        return {name: map_body(_, value) for name, value in body.items()}
    if isinstance(body, list):
        return [map_body(_, value) for value in body]
    return int(body) if isinstance(body, float) and body.is_integer() else body


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base URL of a reference CRM that runs in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    serving = serve("127.0.0.1", 0, tmp_path_factory.mktemp("crm"), "s3cret")
    running = asyncio.run_coroutine_threadsafe(serving, loop).result(60)
    yield running.url
    asyncio.run_coroutine_threadsafe(running.close(), loop).result(60)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@CONTRACT.exclude(path="/v1/events").parametrize()
@FEW
def test_answers_are_those_of_the_contract(case: Case[Any], url: str) -> None:
    wait = str(case.query.get("wait", ""))
    if wait.isdigit() and int(wait) <= MOST_WAIT:
        case.query["wait"] = 0  # a right question, whose answer need not be waited for
    # How a piece and its Content-Range belong together is beyond a schema.
    unsaid: list[CheckFunction] = [positive_data_acceptance] if case.method == "PUT" else []
    case.call_and_validate(base_url=url, headers=TOKEN, excluded_checks=unsaid)


@given(changes=st.lists(st.tuples(st.sampled_from(["", *call_event(1)["data"]]), ODD), max_size=5))
@FEW
def test_batches_are_answered_by_the_contract(changes: list[tuple[str, Any]], url: str) -> None:
    events = [
        call_event(sequence, **({field: odd} if field else {}))
        for sequence, (field, odd) in enumerate(changes)
    ]
    headers = {"Payvand-Range": f"{JOURNAL} 0-9", "Content-Encoding": "gzip", "Content-Type": BATCH}
    body = gzip.compress(json.dumps(events).encode())
    response = requests.post(f"{url}/v1/events", body, headers=headers | TOKEN, timeout=60)
    EVENTS.validate_response(response)
    assert response.status_code == 200, response.text
