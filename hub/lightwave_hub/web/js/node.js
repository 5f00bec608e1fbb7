// One node: its channels, their parameters, its figures over time.

import { chart } from "./charts.js";
import { find, keyed, latestOnly, make, number, options, say, settle, write } from "./dom.js";
import { csvOf, live, noted, startHistory, stored } from "./history.js";
import { catalogOf, channelsOf, nameOf, nodes, on, state, wish } from "./hub.js";
import { showParams, sliders } from "./look.js";

const FADE_MS = 300;
const REFRESH_MS = 5000;
const CSV_HOURS = 24; // where the chart shows what the page has heard
const CHARTS = [
  ["Frames per second", [["A", "fps_a"], ["B", "fps_b"]]],
  ["Lost datagrams, %", [["loss", "loss_pct"]]],
  ["Clock, µs", [["error at most", "bound_us"], ["round trip", "rtt_us"], ["drift", "drift_us"]]],
  ["Frame start behind its deadline, µs", [["p99", "start_us_p99"]]],
  ["Free memory, KB", [["heap", "heap_kb"]]],
  ["Late since the start", [["frames", "frames_late"], ["edges", "edges_late"]]],
];
let draws = null;
let drawn = ""; // the node and span that the stored charts show
let timer = 0;

const inSight = () => !find("node").hidden && !document.hidden;

function chosen() {
  const mac = decodeURIComponent(location.hash.split("/")[1] ?? "");
  return nodes().find((node) => node.mac === mac) ?? nodes()[0];
}

const play = latestOnly((channels, fields) => {
  const node = chosen();
  return node && wish("/api/scene", { channels, target: { node: node.mac }, ...fields });
});

function channelCard(name) {
  const choice = (field) => make("label", { class: "field" }, field[0].toUpperCase() + field.slice(1),
    make("select", { name: field, onchange: ({ target }) => play(name, { [field]: target.value, fade_ms: FADE_MS }) }));
  const title = `channel-${name}`;
  return make("section", { class: "card", "aria-labelledby": title },
    make("h3", { id: title }, `Channel ${name.toUpperCase()}`), make("div", { class: "pair" }, choice("effect"), choice("palette")),
    make("div", { class: "sliders" }, ...sliders((params) => play(name, { params }))));
}

function fillChannel(card, channel, { effects, palettes }) {
  const names = (list) => list.map((name) => [name, name.replaceAll("_", " ")]);
  options(card.querySelector("[name=effect]"), names(effects), channel.effect_name);
  options(card.querySelector("[name=palette]"), names(palettes), channel.palette_name);
  showParams(card, channel.params);
}

function duration(seconds) {
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7200 ? `${Math.floor(seconds / 60)} min` : `${Math.floor(seconds / 3600)} h ${Math.floor(seconds % 3600 / 60)} min`;
}

function facts(node) {
  const { stats } = node;
  return [["state", node.state + (node.reason ? `: ${node.reason}` : "")], ["MAC", node.mac], ["address", node.ip],
    ["firmware", node.fw], ["board", node.caps.board || "–"], ["clock", node.clock || (node.locked ? "locked" : "not locked")],
    ["error at most", node.clock_bound_us === null ? "–" : `${node.clock_bound_us} µs`], ["loss", `${number(node.loss_pct, 1)} %`],
    ["frames a second", node.render_fps.map((fps) => number(fps)).join(" / ") || "–"],
    ["late frames", stats.frames_late ?? "–"], ["late edges", stats.late ?? "–"], ["signal", node.rssi ? `${node.rssi} dBm` : "–"],
    ["LEDs", `${node.topo.leds} on ${node.topo.channels} ${node.topo.channels === 1 ? "channel" : "channels"}`],
    ["free memory", node.heap_free ? `${Math.round(node.heap_free / 1024)} KB` : "–"], ["up for", duration(node.uptime_s)],
    ["sessions", node.sessions]];
}

function drawNode() {
  const node = chosen();
  find("node-none").hidden = Boolean(node);
  find("node-some").hidden = !node;
  if (!node || !inSight()) return;
  options(find("node-choice"), nodes().map((one) => [one.mac, nameOf(one)]), node.mac);
  settle(find("node-name"), node.name);
  settle(find("node-enabled"), node.enabled);
  keyed(find("node-facts"), facts(node), ([name]) => name, () => make("div", {}, make("dt"), make("dd")),
    (row, [name, value]) => { write(row.children[0], name); write(row.children[1], value); });
  find("node-facts").firstElementChild.lastElementChild.className = node.state;
  const channels = channelsOf(node.mac);
  const names = Object.keys(channels).slice(0, node.topo.channels);
  keyed(find("node-channels"), names, (name) => name, channelCard, (card, name) => fillChannel(card, channels[name], catalogOf(node.mac)));
  drawFigures(node);
}

// ---- figures ----

function drawFigures(node) {
  draws ??= CHARTS.map(([title, fields]) => {
    const box = make("div", { class: "card" });
    find("charts").append(box);
    return chart(box, title, fields);
  });
  const span = find("span").value;
  find("csv").href = csvOf(node.mac, Number(span) || CSV_HOURS);
  if (span === "live") for (const draw of draws) draw(live(node.mac));
  if (drawn !== `${node.mac} ${span}`) {
    drawn = `${node.mac} ${span}`;
    refresh();
  }
}

/** What the hub has stored, now and then. */
async function refresh() {
  clearTimeout(timer);
  const node = chosen();
  if (!node || !inSight()) {
    drawn = "";
    return;
  }
  const hours = Number(find("span").value);
  try {
    if (hours) {
      const samples = await stored(node.mac, hours);
      for (const draw of draws) draw(samples);
    }
    drawEvents(await noted(node.mac, hours || CSV_HOURS));
  } catch (error) {
    say(error.message, true);
  }
  clearTimeout(timer);
  timer = setTimeout(refresh, REFRESH_MS);
}

function drawEvents(records) {
  const when = (record) => (record.at_known ? new Date(record.at * 1000).toLocaleString() : "before");
  keyed(find("node-events"), records, (record) => `${record.boot} ${record.seq}`,
    (record) => make("li", {}, make("time", {}, when(record)), ` ${record.text ?? `missing: ${record.missing.first} to ${record.missing.last}, ${record.missing.why}`}`),
    () => {});
}

export function startNode() {
  startHistory();
  for (const kind of ["nodes", "playing", "catalog"]) on(kind, drawNode);
  find("node-choice").addEventListener("change", () => { location.hash = `#node/${find("node-choice").value}`; });
  find("span").addEventListener("change", drawNode);
  document.addEventListener("released", drawNode);
  find("node-form").addEventListener("submit", (event) => {
    event.preventDefault();
    find("node-name").blur();
    wish(`/api/show/nodes/${chosen().mac}`, { name: find("node-name").value }, "PATCH");
  });
  find("node-enabled").addEventListener("change", () =>
    wish(`/api/show/nodes/${chosen().mac}`, { enabled: find("node-enabled").checked }, "PATCH"));
}

export const lookAtNode = () => state.playing && drawNode();
