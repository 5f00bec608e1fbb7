"""/metrics for Prometheus: by the rules of both text formats, and with every metric that the dashboard asks for."""

import json
import re
from pathlib import Path

import pytest

from lightwave_hub.node import State
from lightwave_hub.prometheus.exposition import COUNTER, GAUGE, JSON, OPENMETRICS, SUMMARY, TEXT, Family, render, wanted
from tests.hub.support import MAC, keepalive

ROOT = Path(__file__).resolve().parents[2]
DASHBOARD = ROOT / "tools" / "grafana" / "k1.json"
NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"'
SAMPLE = re.compile(rf"(?P<name>{NAME})(?:\{{(?P<labels>{LABEL}(?:,{LABEL})*)\}})? (?P<value>\S+)")
# Sent by Prometheus 2.50 and 3.0.
PROMETHEUS_2 = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
PROMETHEUS_3 = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;q=0.3,*/*;q=0.2"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        ("", JSON),
        ("*/*", JSON),
        (BROWSER, JSON),
        ("application/json", JSON),
        ("text/plain", TEXT),
        ("text/plain;version=0.0.4;q=0.5, */*;q=0.1", TEXT),
        ("text/plain;q=0.3, application/json", JSON),
        (PROMETHEUS_2, OPENMETRICS),
        (PROMETHEUS_3, OPENMETRICS),
        ("text/plain;q=nonsense", JSON),
        ("application/openmetrics-text;q=0, text/plain;q=0.1", TEXT),
    ],
)
def test_what_a_client_wants(accept, media):
    assert wanted(accept) == media


NASTY = 'a "quoted" \\ back\nslash'


def example():
    bytes_sent = Family("k1_sent_bytes", COUNTER, 'Say "hi" \\ on\ntwo lines.', "bytes")
    bytes_sent.add(12, name=NASTY)
    late = Family("k1_late_seconds", SUMMARY, "Late.", "seconds")
    late.add(0.25, quantile="0.5")
    late.add(float("inf"), quantile="0.99")
    empty = Family("k1_empty", GAUGE, "Nobody knows.")
    empty.add(None)
    return [bytes_sent, late, empty]


def test_the_text_format():
    assert render(example(), TEXT) == (
        '# HELP k1_sent_bytes_total Say "hi" \\\\ on\\ntwo lines.\n'
        "# TYPE k1_sent_bytes_total counter\n"
        'k1_sent_bytes_total{name="a \\"quoted\\" \\\\ back\\nslash"} 12\n'
        "# HELP k1_late_seconds Late.\n"
        "# TYPE k1_late_seconds summary\n"
        'k1_late_seconds{quantile="0.5"} 0.25\n'
        'k1_late_seconds{quantile="0.99"} +Inf\n'
    )


def test_openmetrics():
    assert render(example(), OPENMETRICS) == (
        '# HELP k1_sent_bytes Say \\"hi\\" \\\\ on\\ntwo lines.\n'
        "# TYPE k1_sent_bytes counter\n"
        "# UNIT k1_sent_bytes bytes\n"
        'k1_sent_bytes_total{name="a \\"quoted\\" \\\\ back\\nslash"} 12\n'
        "# HELP k1_late_seconds Late.\n"
        "# TYPE k1_late_seconds summary\n"
        "# UNIT k1_late_seconds seconds\n"
        'k1_late_seconds{quantile="0.5"} 0.25\n'
        'k1_late_seconds{quantile="0.99"} +Inf\n'
        "# EOF\n"
    )


STATS = {
    "applied": 7, "late": 2, "dups": 14, "dropped": 0, "repaired": 1, "frames_late": 3, "rtt_us": 1500, "hops": 30,
    "torn": 0, "bad_packets": 0, "bad_messages": 0, "reconnects": 1, "bpm_x100": 12800, "confidence_pct": 80,
    "rec_ram_pct": 12, "render_us_p50": 800, "render_us_p99": 2000, "start_us_p50": 10, "start_us_p99": 60,
    "audio_us_p50": 9000, "audio_us_p99": 12000,
}  # fmt: skip


@pytest.fixture
async def ask(hub, state_of):
    """GET /metrics of a hub with a READY node, as a client with that Accept header gets it."""
    for address in ("127.0.0.1", "127.0.0.2"):
        mac = MAC if address == "127.0.0.1" else "AA:BB:CC:DD:EE:02"
        node = await hub.joined(address, mac=mac)
        extra = {"render_fps": [120.5, 119.9], "heap_free": 90_000, "clock_bound_us": 250, "stats": STATS}
        await node.send(keepalive(loss_pct=1.5, **extra))
    await state_of(2, State.READY)

    async def get(accept):
        async with hub.http.get(f"{hub.url}/metrics", headers={"Accept": accept}) as answer:
            assert answer.status == 200
            assert answer.headers["Vary"] == "Accept"
            return answer.headers["Content-Type"], await answer.text()

    return get


def samples(text):
    """(name, labels) to value, after checking every line of an exposition against the format's grammar and order."""
    found, kinds, described = {}, {}, set()
    family = ""
    for line in text.splitlines():
        if line == "# EOF":
            continue
        if line.startswith("#"):
            _, word, name, rest = line.split(" ", 3)
            if word == "HELP":
                assert name not in described, f"{name} has two HELP lines"
                described.add(name)
                family = name
            assert name == family, f"{line} is not with its family"
            if word == "TYPE":
                kinds[name] = rest
            continue
        match = SAMPLE.fullmatch(line)
        assert match, line
        base = match["name"].removesuffix("_total")
        assert family in (match["name"], base), f"{line} is not with its family"
        kind = kinds[family]
        assert (kind == "counter") == match["name"].endswith("_total"), line
        assert ('quantile="' in line) == (kind == "summary"), line
        key = (match["name"], match["labels"] or "")
        assert key not in found, f"{key} comes twice"
        found[key] = float(match["value"])
        assert kind != "counter" or found[key] >= 0
    assert described == set(kinds)
    return found


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("text/plain", "text/plain; version=0.0.4; charset=utf-8"),
        (PROMETHEUS_3, "application/openmetrics-text; version=1.0.0; charset=utf-8"),
    ],
)
async def test_every_line_keeps_the_format_s_rules(ask, accept, content_type):
    got, text = await ask(accept)
    assert got == content_type
    assert text.endswith("# EOF\n") == ("openmetrics" in accept)
    found = samples(text)
    mac = f'mac="{MAC}"'
    assert found["k1_node_loss_ratio", mac] == pytest.approx(0.015)
    assert found["k1_node_clock_bound_seconds", mac] == pytest.approx(250e-6)
    assert found["k1_node_frame_rate_hertz", f'{mac},channel="a"'] == 120.5
    assert found["k1_node_edges_applied_total", mac] == 7
    assert found["k1_node_render_seconds", f'{mac},quantile="0.99"'] == pytest.approx(0.002)
    assert found["k1_nodes", 'state="ready"'] == 2
    assert found["k1_node_state", f'{mac},state="ready"'] == 1
    assert found["k1_node_state", f'{mac},state="lost"'] == 0
    assert found["process_resident_memory_bytes", ""] > 1e6
    assert found["k1_ticks_total", ""] > 0


async def test_units_stand_in_the_names(ask):
    _, text = await ask(PROMETHEUS_2)
    units = re.findall(r"^# UNIT (\S+) (\S+)$", text, re.MULTILINE)
    assert len(units) > 10
    assert all(name.endswith(f"_{unit}") for name, unit in units)


async def test_json_is_as_ever(ask):
    content_type, text = await ask("*/*")
    assert content_type.startswith("application/json")
    assert json.loads(text)["nodes"]["ready"] == 2


def queries(part):
    """Every expression of a dashboard, wherever it stands."""
    if isinstance(part, dict):
        yield from (value for key, value in part.items() if key == "expr")
        yield from (found for value in part.values() for found in queries(value))
        if isinstance(part.get("definition"), str):
            yield part["definition"]
    elif isinstance(part, list):
        yield from (found for value in part for found in queries(value))


async def test_every_metric_of_the_dashboard_exists(ask):
    _, text = await ask("text/plain")
    there = {name for name, _ in samples(text)} | {"up"}
    labels = set(re.findall(r'([a-z_]+)="', text)) | {"job", "instance"}
    asked = list(queries(json.loads(DASHBOARD.read_text())))
    assert len(asked) > 15
    for expression in asked:
        names = set(re.findall(r"\b(?:k1|process)_[a-z0-9_]+|\bup\b", expression))
        assert names, expression
        assert names <= there, f"{expression}: there is no {names - there}"
        assert set(re.findall(r"([a-z_]+)=~?\"", expression)) <= labels, expression


def test_the_dashboard_can_be_imported():
    board = json.loads(DASHBOARD.read_text())
    panels = board["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert board["uid"] and board["title"] and board["schemaVersion"] >= 36
    for panel in panels:
        place = panel["gridPos"]
        assert place["x"] >= 0 and place["x"] + place["w"] <= 24
        assert panel["type"] == "row" or panel["datasource"]["uid"] == "${source}"
