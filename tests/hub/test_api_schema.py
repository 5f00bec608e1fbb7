"""The whole API against its own description: schemathesis makes requests of it, right and wrong ones, and compares.

No answer may be a 5xx, each has to look as described, what does not fit the description has to be refused, and what was
stored by all that has to be a show that this hub itself would take.
"""

import asyncio
import json
import threading
import urllib.request

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from lightwave_hub import app, config
from lightwave_hub.api.bodies import checked
from lightwave_hub.api.routes import description
from lightwave_hub.show.document import Document
from lightwave_hub.show.models import Show
from tests.hub.support import EFFECTS, PALETTES, Hub, keepalive

CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
    checks.unsupported_method,
]


class Background:
    """A hub with a node that has a catalogue, on a loop of its own thread: schemathesis waits for answers."""

    def __init__(self, folder):
        self._folder = folder
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._run(),))
        self._thread.start()
        assert self._ready.wait(10)

    async def _run(self):
        self._stop = asyncio.Event()
        folders = {"store": {"path": str(self._folder / "hub")}}
        settings = config.from_dict({"stream": {"time_port": 0}, "access": {"enabled": False}, **folders})
        hub = Hub(app.build(settings, "127.0.0.1"))
        await hub.start()
        try:
            node = await hub.joined()
            await node.send({"t": "catalog", "effects": EFFECTS, "palettes": PALETTES})
            self.url = hub.url
            self._ready.set()
            while not self._stop.is_set():
                await node.send(keepalive())
                try:
                    await asyncio.wait_for(self._stop.wait(), 1)
                except TimeoutError:
                    pass
        finally:
            await hub.stop()

    def stop(self):
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        self._loop.close()


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    hub = Background(tmp_path_factory.mktemp("schema"))
    yield hub
    hub.stop()


def without_tokens(document):
    """The description of a hub whose access is off, as this one's is; test_access.py asks every route for a token."""
    copy = json.loads(json.dumps(document))
    for operations in copy["paths"].values():
        for operation in operations.values():
            operation.pop("security", None)
    return copy


schema = schemathesis.openapi.from_dict(without_tokens(description()))


@schema.parametrize()
@settings(
    max_examples=5, phases=[Phase.explicit, Phase.generate], deadline=None, suppress_health_check=list(HealthCheck)
)
def test_every_route_does_what_its_description_says(case, running):
    case.call_and_validate(base_url=running.url, checks=CHECKS)


def test_what_was_stored_by_it_is_a_show(running):
    with urllib.request.urlopen(f"{running.url}/api/show") as answer:
        show = checked(Show, json.load(answer))
    Document().replace_all(show)


def test_every_route_has_a_role_and_the_page_names_it(running):
    with urllib.request.urlopen(f"{running.url}/api/openapi.json") as answer:
        document = json.load(answer)
    with urllib.request.urlopen(f"{running.url}/api/docs") as answer:
        assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
        page = answer.read().decode()
    assert document["openapi"] == "3.1.0"
    assert document["paths"]["/api/scene"]["get"]["security"] == [{"token": []}]
    assert "security" not in document["paths"]["/health"]["get"]
    assert "http://" not in page and "https://" not in page and "<script" not in page and "style=" not in page
    for path in document["paths"]:
        assert f"<code>{path}</code>" in page
