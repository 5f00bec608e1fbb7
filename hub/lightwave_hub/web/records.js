// Charts of what nodes noted: raw while it is little, by the minute when it is much. uPlot is served by the hub itself.
"use strict";

const REFRESH_MS = 5000;
const RAW_HOURS = 1; // beyond, minutes
const HEIGHT = 170;
const COLOURS = ["#6ea8ff", "#f4c152", "#5fd38d"];
const CHARTS = [
  ["Frames per second", ["fps_a", "fps_b"]],
  ["Lost datagrams, %", ["loss_pct"]],
  ["Clock, µs: bound of its error, round trip, drift", ["bound_us", "rtt_us", "drift_us"]],
  ["Frame start behind its deadline, p99, µs", ["start_us_p99"]],
  ["Free memory, KB", ["heap_kb"]],
  ["Late frames and edges since the start", ["frames_late", "edges_late"]],
];
const $ = (id) => document.getElementById(id);
const plots = new Map();

async function ask(path) {
  const answer = await fetch(path);
  const reply = await answer.json();
  if (!answer.ok) throw new Error(reply.detail);
  return reply;
}

/** Samples {at, fps_a, ...} in the order of time, whichever of the two the hub was asked for. */
async function samples(mac, hours) {
  const since = Math.floor(Date.now() / 1000 - hours * 3600);
  if (hours <= RAW_HOURS) {
    const { records } = await ask(`/api/records/${mac}/metrics?since=${since}&limit=100000`);
    return records.filter((record) => record.at_known);
  }
  const { minutes } = await ask(`/api/records/${mac}/minutes?since=${since}`);
  const byTime = new Map();
  for (const { at, field, mean } of minutes) byTime.set(at, { ...byTime.get(at), at, [field]: mean });
  return [...byTime.values()];
}

/** uPlot's columns; a hole longer than ten times the usual distance breaks the line. */
function columns(found, fields) {
  const usual = found.length > 1 ? (found[found.length - 1].at - found[0].at) / found.length : 1;
  const rows = [];
  for (const sample of found) {
    const before = rows[rows.length - 1];
    if (before && sample.at - before.at > 10 * usual) rows.push({ at: before.at + usual });
    rows.push(sample);
  }
  return [rows.map((row) => row.at), ...fields.map((field) => rows.map((row) => row[field] ?? null))];
}

function draw(title, fields, data) {
  if (plots.has(title)) {
    plots.get(title).setData(data);
    return;
  }
  const box = document.createElement("div");
  $("charts").append(box);
  const axis = { stroke: "#9aa3b5", grid: { stroke: "#2a2f3c" }, ticks: { stroke: "#2a2f3c" } };
  const width = () => Math.max(240, $("charts").clientWidth);
  const plot = new uPlot({
    title, width: width(), height: HEIGHT, axes: [axis, { ...axis, size: 60 }],
    series: [{}, ...fields.map((label, place) => ({ label, stroke: COLOURS[place], width: 1.5 }))],
  }, data, box);
  new ResizeObserver(() => plot.setSize({ width: width(), height: HEIGHT })).observe($("charts"));
  plots.set(title, plot);
}

function row(cells) {
  const line = document.createElement("tr");
  for (const text of cells) {
    const cell = document.createElement("td");
    cell.textContent = text;
    line.append(cell);
  }
  return line;
}

function drawEvents(records) {
  const clock = (record) => (record.at_known ? new Date(record.at * 1000).toLocaleString() : "before");
  const text = (record) => record.text ?? `missing: ${record.missing.first} to ${record.missing.last}, ${record.missing.why}`;
  $("events").replaceChildren(...records.slice(-100).reverse().map((record) => row([clock(record), `boot ${record.boot}`, text(record)])));
}

function drawStores({ records }) {
  const entries = [["kept here", records.records], ["came twice", records.repeated], ["not kept", records.failures],
    ...Object.entries(records.nodes).map(([name, value]) => [`nodes: ${name.replaceAll("_", " ")}`, value ?? "–"])];
  $("stores").replaceChildren(...entries.flatMap(([name, value]) => {
    const term = document.createElement("dt");
    const detail = document.createElement("dd");
    term.textContent = name;
    detail.textContent = value;
    return [term, detail];
  }));
}

function drawChoice(streams) {
  const macs = [...new Set(streams.map((stream) => stream.mac))];
  const chosen = $("node").value || location.hash.slice(1);
  if ([...$("node").options].map((option) => option.value).join() !== macs.join()) {
    $("node").replaceChildren(...macs.map((mac) => new Option(mac, mac)));
    if (macs.includes(chosen)) $("node").value = chosen;
  }
  const kept = streams.reduce((sum, stream) => sum + stream.records, 0);
  $("summary").textContent = macs.length ? `${kept} records of ${macs.length} nodes` : "no node has told anything yet";
}

async function refresh() {
  try {
    drawChoice((await ask("/api/records")).streams);
    drawStores(await ask("/metrics"));
    const mac = $("node").value;
    if (mac) {
      const hours = Number($("hours").value);
      const since = Math.floor(Date.now() / 1000 - hours * 3600);
      const found = await samples(mac, hours);
      for (const [title, fields] of CHARTS) draw(title, fields, columns(found, fields));
      drawEvents((await ask(`/api/records/${mac}/events?since=${since}`)).records);
      $("csv").href = `/api/records/${mac}/metrics?format=csv&limit=100000&since=${since}`;
    }
    $("problem").textContent = "";
  } catch (error) {
    $("problem").textContent = error.message;
  }
}

$("choice").addEventListener("change", refresh);
(async function poll() {
  await refresh();
  setTimeout(poll, REFRESH_MS);
})();
