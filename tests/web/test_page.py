"""The page in a real browser, on a real hub with real SIM nodes: what an artist does, and what she sees."""

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from lightwave_sim.fleet import Fleet
from tests.system import ota_support
from tests.system.conftest import known_nodes, node_at, wait_for
from tests.web.conftest import ARTIFACTS, DESKTOP, PHONE, PageMaker

# Asked for again and again from here: the page's own policy forbids Playwright to wait for them within it.
ALL_DREW = "[...document.querySelectorAll('canvas.strip')].every((strip) => strip.dataset.frames > 5)"
ALL_GREEN = """() => [...document.querySelectorAll('canvas.strip')].every((strip) => {
  const [red, green, blue] = strip.getContext('2d').getImageData(30, 0, 1, 1).data;
  return red < 20 && green > 235 && blue < 20; })"""
BEAT_IS_SEEN = "[...document.querySelectorAll('#beat i')].some((dot) => dot.style.opacity > 0.3)"
VIEWS = ("stage", "show", "node", "health", "fleet", "log")
NAMELESS = """() => [...document.querySelectorAll('button, a, input, select, progress, canvas')].filter((one) =>
  one.offsetParent && !one.closest('[role=img][aria-label]')
  && !one.getAttribute('aria-label') && !one.getAttribute('aria-labelledby')
  && ![...(one.labels ?? [])].some((label) => label.textContent.trim()) && !one.textContent.trim()
).map((one) => one.outerHTML)"""
# Controls that stick out of their card; what scrolls by itself may be wider.
OUTSIDE = """() => [...document.querySelectorAll('.card button, .card input, .card select, .card a')].filter((one) => {
  const [inner, outer] = [one, one.closest('.card')].map((each) => each.getBoundingClientRect());
  return one.offsetParent && !one.closest('.scroll') && !one.closest('.switch') && inner.width > 1
    && (inner.left < outer.left || inner.right > outer.right); }).map((one) => one.outerHTML)"""


def playing_by(fleet: Fleet, number: int) -> dict[str, Any]:
    """What the hub says a node's channels play: by channel, the effect's name."""
    node_id = node_at(fleet, number)["id"]
    return {channel: fleet.hub.get(f"/api/nodes/{node_id}/channels/{channel}/effect")["name"] for channel in ("a", "b")}


def colours_on(fleet: Fleet, number: int) -> set[tuple[int, int, int]]:
    """The colours of strip A's last frame."""
    wire = fleet.strip_a()[number][-1].wire
    return {tuple(wire[at : at + 3]) for at in range(0, len(wire), 3)}  # type: ignore[misc]


def test_strips_are_live_while_they_are_in_sight(fleet: Fleet, open_page: PageMaker) -> None:
    page = open_page()
    expect(page.locator("#connection")).to_have_text("connected")
    expect(page.locator(".node-state.READY")).to_have_count(2)
    wait_for(lambda: page.evaluate(ALL_DREW), fleet, "every strip was drawn several times")
    fleet.hub.post("/api/scene", {"effect": "solid", "palette": 0, "params": {"hue": 85}})
    wait_for(lambda: page.evaluate(ALL_GREEN), fleet, "every strip is green")
    page.evaluate("location.hash = '#health'")
    told = node_at(fleet, 0)["seen_ms_ago"]
    wait_for(lambda: node_at(fleet, 0)["seen_ms_ago"] < told, fleet, "another keepalive came, behind all previews")
    frames = page.evaluate("document.querySelector('canvas.strip').dataset.frames")
    page.wait_for_timeout(300)
    assert page.evaluate("document.querySelector('canvas.strip').dataset.frames") == frames


def test_a_scene_change_on_one_channel_of_one_node(fleet: Fleet, open_page: PageMaker) -> None:
    fleet.hub.post("/api/scene", {"effect": "solid", "palette": 0})
    mac = fleet.nodes[1].options.mac
    page = open_page(view=f"node/{mac}")
    expect(page.locator("#node-choice")).to_have_value(mac)
    page.locator("section[aria-labelledby=channel-a] select[name=effect]").select_option("gradient")
    wait_for(lambda: playing_by(fleet, 1) == {"a": "gradient", "b": "solid"}, fleet, "channel A of node 2 changed")
    wait_for(lambda: len(colours_on(fleet, 1)) > 5, fleet, "its strip A shows it")
    assert playing_by(fleet, 0) == {"a": "solid", "b": "solid"}
    assert len(colours_on(fleet, 0)) <= 2
    expect(page.locator("section[aria-labelledby=channel-b] select[name=effect]")).to_have_value("solid")
    page.locator("section[aria-labelledby=channel-b] input[name=brightness]").fill("40")
    path = f"/api/nodes/{node_at(fleet, 1)['id']}/channels/b/brightness"
    wait_for(lambda: fleet.hub.get(path)["value"] == 40, fleet, "channel B is darker")
    page.goto(f"{fleet.hub.url}/#stage")
    page.locator("#target").select_option(f"node:{mac}")
    page.locator("#channels").get_by_text("A", exact=True).click()
    expect(page.locator("#effects button[aria-pressed=true]")).to_have_text("gradient")


def test_a_tapped_tempo(fleet: Fleet, open_page: PageMaker) -> None:
    page = open_page()
    for _ in range(6):
        page.locator("#tap").dispatch_event("pointerdown")
        page.wait_for_timeout(480)
    wait_for(lambda: 95 < fleet.hub.get("/api/tempo")["bpm"] < 130, fleet, "the tempo is that of the taps")
    expect(page.locator("#tempo-now")).to_have_text(f"{fleet.hub.get('/api/tempo')['bpm']:.1f} BPM")
    wait_for(lambda: page.evaluate(BEAT_IS_SEEN), fleet, "the beat is seen")
    page.locator("#bpm").fill("99.5")
    page.locator("#bpm").press("Enter")
    wait_for(lambda: fleet.hub.get("/api/tempo")["bpm"] == 99.5, fleet, "the tempo is what was typed")
    page.locator("#earlier").click()
    expect(page.locator("#toast")).to_be_hidden()


def test_a_change_is_on_the_other_page_and_outlives_a_reload(fleet: Fleet, open_page: PageMaker) -> None:
    one, other = open_page(), open_page(PHONE)
    one.locator("#blackout").click()
    expect(other.locator("#blackout")).to_have_attribute("aria-pressed", "true")
    one.locator("#scenes button", has_text="Dusk").click()
    expect(other.locator("#scenes button[aria-pressed=true]")).to_contain_text("Dusk")
    one.locator("#master").fill("128")
    expect(other.locator("#master-value")).to_have_text("50 %")
    other.reload()
    expect(other.locator("#master-value")).to_have_text("50 %")
    expect(other.locator("#blackout")).to_have_attribute("aria-pressed", "true")
    other.locator("#blackout").click()
    other.locator("#master").fill("255")
    expect(one.locator("#master-value")).to_have_text("100 %")
    assert fleet.hub.get("/api/global/blackout") == {"on": False}


def test_the_show_is_edited_played_and_undone(fleet: Fleet, open_page: PageMaker, tmp_path: Path) -> None:
    page = open_page(view="show")
    page.locator("#new-cues").click()
    page.locator("dialog input[name=name]").fill("Encore")
    page.get_by_text("Add a cue").click()
    page.locator("dialog li select").nth(0).select_option("dusk")
    page.locator("dialog button", has_text="Save").click()
    card = page.locator("#cue-lists article", has_text="Encore")
    card.get_by_role("button", name="Go").click()
    expect(card.locator("li[aria-current=step]")).to_contain_text("Dusk")
    page.locator("#undo").click()
    expect(page.locator("#cue-lists article")).to_have_count(1)
    page.locator("#redo").click()
    expect(card).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Export").click()
    exported = json.loads(Path(download.value.path()).read_text(encoding="utf-8"))
    assert [cue_list["name"] for cue_list in exported["cues"]] == ["First act", "Encore"]
    smaller = tmp_path / "show.json"
    smaller.write_text(json.dumps(exported | {"cues": exported["cues"][:1]}), encoding="utf-8")
    page.locator("#import").set_input_files(smaller)
    expect(page.locator("#cue-lists article")).to_have_count(1)
    page.locator("#schedule-form input[name=time]").fill("20:15")
    page.locator("#entry-name").fill("Doors")
    page.get_by_text("Add entry").click()
    expect(page.locator("#schedule li")).to_contain_text("20:15 every day: scene Dawn")
    page.locator("#group-nodes input").nth(0).check()
    page.locator("#group-name").fill("Truss")
    page.get_by_text("Make group").click()
    expect(page.locator("#groups li")).to_contain_text("Node 1")


def test_a_renamed_and_disabled_node_and_its_charts(fleet: Fleet, open_page: PageMaker) -> None:
    page = open_page(view=f"node/{fleet.nodes[0].options.mac}")
    page.locator("#node-name").fill("Left")
    page.locator("#node-name").press("Enter")
    page.locator("#node-enabled").uncheck()
    wait_for(lambda: node_at(fleet, 0)["name"] == "Left" and not node_at(fleet, 0)["enabled"], fleet, "both are kept")
    page.locator("#node-enabled").check()
    wait_for(lambda: node_at(fleet, 0)["enabled"], fleet, "it plays along again")
    expect(page.locator("#charts .uplot")).to_have_count(6)
    expect(page.locator("#node-events li").first).to_contain_text("[")
    page.locator("#span").select_option("1")
    assert "format=csv" in (page.locator("#csv").get_attribute("href") or "")


def test_a_lost_node_is_seen_and_comes_back(fleet: Fleet, open_page: PageMaker) -> None:
    page = open_page()
    fleet.nodes[1].kill()
    card = page.locator(".node-card", has=page.locator(".LOST"))
    expect(card).to_be_visible()
    expect(page.locator("#news")).to_contain_text("lost")
    fleet.nodes[1].power_on()
    expect(page.locator(".node-state.READY")).to_have_count(2, timeout=15_000)
    page.goto(f"{fleet.hub.url}/#log")
    expect(page.locator("#log-lines li.WARNING", has_text="LOST").first).to_contain_text("was=READY")


def test_an_image_is_added_and_rolled_out(fleet: Fleet, open_page: PageMaker, tmp_path: Path) -> None:
    fleet.hub.post("/api/tempo", {"bpm": 120})  # holds every rollout, so no node is touched
    image = tmp_path / "k1.bin"
    image.write_bytes(ota_support.firmware())
    page = open_page(view="fleet")
    expect(page.get_by_role("button", name="Start rollout")).to_be_disabled()
    page.locator("#image-file").set_input_files(image)
    page.get_by_role("button", name="Add image").click()
    expect(page.locator("#images li")).to_contain_text(ota_support.NEW)
    page.get_by_role("button", name="Start rollout").click()
    expect(page.locator("#rollout-title")).to_have_text(f"Rollout 1 to {ota_support.NEW}: running")
    expect(page.locator("#rollout-why")).to_contain_text("a show is playing")
    expect(page.locator("#members li")).to_contain_text(["waiting", "waiting"])
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#rollout-title")).to_contain_text("paused")
    page.get_by_role("button", name="Resume").click()
    page.get_by_role("button", name="Abort").click()
    expect(page.locator("#rollout-title")).to_contain_text("aborted")
    expect(page.locator("#audit li").first).to_contain_text("rollout aborted")
    page.screenshot(path=ARTIFACTS / "rollout.png", full_page=True)
    fleet.hub.post("/api/tempo", {"bpm": 0})


def test_keys_alone_are_enough(fleet: Fleet, open_page: PageMaker) -> None:
    page = open_page()
    page.keyboard.press("Tab")
    expect(page.locator("#skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    page.keyboard.press("2")
    expect(page.locator("#scenes button").nth(1)).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("b")
    expect(page.locator("#blackout")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("b")
    expect(page.locator("#blackout")).to_have_attribute("aria-pressed", "false")
    page.locator("nav a", has_text="Show").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#show")).to_be_visible()
    expect(page.locator("nav a[aria-current]")).to_have_text("Show")
    page.locator("#scene-name").evaluate("(input) => { location.hash = '#stage'; }")
    page.locator("#scene-name").fill("")
    page.locator("#scene-name").type("b1t")  # what is typed into a field is text
    assert fleet.hub.get("/api/global/blackout") == {"on": False}


@pytest.mark.parametrize("width", [DESKTOP, PHONE])
def test_every_view_fits_and_every_control_has_a_name(open_page: PageMaker, width: int) -> None:
    page = open_page(width)
    for view in VIEWS:
        page.evaluate(f"location.hash = '#{view}'")
        expect(page.locator(f"#{view}")).to_be_visible()
        if view == "node":
            expect(page.locator("#charts .uplot")).to_have_count(6)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, view
        assert page.evaluate(NAMELESS) == []
        assert page.evaluate(OUTSIDE) == []
        page.screenshot(path=ARTIFACTS / f"{view}_{width}.png", full_page=True)


@pytest.mark.may_complain
def test_a_page_without_a_token_asks_for_it_and_the_link_has_it(fleet: Fleet, open_page: PageMaker) -> None:
    page = open_page(let_in=False)
    expect(page.locator("#access")).to_be_visible()
    page.locator("#token").fill("no-token-of-this-hub")
    page.keyboard.press("Enter")
    expect(page.locator("#access-problem")).not_to_be_empty()
    expect(page.locator(".node-card")).to_have_count(0)
    page.locator("#token").fill(fleet.hub.link.partition("#token=")[2])
    page.keyboard.press("Enter")
    expect(page.locator("#access")).to_be_hidden()
    expect(page.locator(".node-card")).to_have_count(2)
    page.context.clear_cookies()
    page.goto("about:blank")
    page.goto(fleet.hub.link)
    expect(page.locator(".node-card")).to_have_count(2)
    assert "token" not in page.url


@pytest.mark.may_complain
def test_a_hub_that_comes_back_is_found_again(fleet: Fleet, open_page: PageMaker) -> None:
    page = open_page()
    fleet.hub.kill()
    expect(page.locator("#connection")).to_contain_text("no answer")
    fleet.hub.start()
    expect(page.locator("#connection")).to_have_text("connected", timeout=15_000)
    wait_for(lambda: len(known_nodes(fleet)) == 2, fleet, "both nodes are back", timeout_s=15)
    expect(page.locator(".node-card")).to_have_count(2)
