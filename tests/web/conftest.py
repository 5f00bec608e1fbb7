"""A hub, two SIM nodes and Chromium, shared by a module's tests; a page of its own for each test.

A page that complains on its console, or asks for anything beyond the hub, fails the test that opened it. Pictures of
what was seen last are kept in build/test-artifacts/web.
"""

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, expect, sync_playwright

from lightwave_sim.fleet import Fleet, FleetOptions
from tests.system import ota_support
from tests.system.conftest import states, wait_for

ARTIFACTS = Path(__file__).parents[2] / "build" / "test-artifacts" / "web"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESKTOP, PHONE = 1280, 390
TIMEOUT_MS = 8000
NAMES = ("Left", "Right")
SCENES = (("Dawn", "gradient", "ocean"), ("Dusk", "plasma", "sunset"))

PageMaker = Callable[..., Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def fleet(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """Two nodes that are ready, and a small show."""
    directory = tmp_path_factory.mktemp("fleet")
    with Fleet(FleetOptions(directory=directory, nodes=len(NAMES), **ota_support.options(directory))) as fleet:
        wait_for(lambda: states(fleet) == ["READY"] * len(NAMES), fleet, "both nodes are READY")
        scenes = [
            {"id": name.lower(), "name": name, "channels": {"a": {"effect": effect, "palette": palette}}}
            for name, effect, palette in SCENES
        ]
        for scene in scenes:
            fleet.hub.post("/api/scenes", scene)
        cues = [{"scene": "dawn"}, {"scene": "dusk", "trigger": {"kind": "follow", "after_ms": 3600000}}]
        fleet.hub.post("/api/cues", {"id": "act", "name": "First act", "cues": cues})
        yield fleet
        fleet.check()


@pytest.fixture
def open_page(browser: Browser, fleet: Fleet, request: pytest.FixtureRequest) -> Iterator[PageMaker]:
    """open_page(width=390, view="node"): a connected page that has seen both nodes, in a browser of its own.

    With `let_in` false it has no session yet."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            complaints.append(f"{message.type}: {message.text}")

    def check(asked: Request) -> None:
        if not asked.url.startswith((fleet.hub.url, "data:")):
            complaints.append(f"asked for {asked.url}")

    def open_page(width: int = DESKTOP, view: str = "", let_in: bool = True) -> Page:
        contexts.append(browser.new_context(viewport={"width": width, "height": 860 if width == DESKTOP else 844}))
        contexts[-1].set_default_timeout(TIMEOUT_MS)
        if let_in:
            token = fleet.hub.link.partition("#token=")[2]
            assert contexts[-1].request.post(f"{fleet.hub.url}/api/session", data={"token": token}).ok
        page = contexts[-1].new_page()
        page.on("console", note)
        page.on("pageerror", lambda error: complaints.append(f"exception: {error}"))
        page.on("request", check)
        page.goto(f"{fleet.hub.url}/{view and '#' + view}")
        if let_in:
            expect(page.locator(".node-card")).to_have_count(len(NAMES))
        return page

    yield open_page
    for number, context in enumerate(contexts):
        name = re.sub(r"\W+", "_", request.node.name.removeprefix("test_")).strip("_")
        with suppress(IndexError):  # a test may have closed its page
            context.pages[0].screenshot(path=ARTIFACTS / f"{name}{number or ''}.png")
        context.close()
    expected = request.node.get_closest_marker("may_complain") is not None
    assert expected or complaints == []
