// How the whole is: loss, drift, spread, late edges, overruns.

import { find, keyed, make, number, write } from "./dom.js";
import { nameOf, on } from "./hub.js";

const SPREAD_US = 1000; // above this an eye may begin to see it
const LATE_US = 1000;
const ERROR_US = 1000;
const LOSS_PCT = 2;

const mood = (bad, good = "") => (bad ? "warn" : good);
const micro = (value) => (value === null || value === undefined ? "–" : `${number(value)} µs`);

function tiles({ nodes, udp, sync, ws, edges, audio, records, events }) {
  const { lateness_us: lateness } = udp;
  const spread = sync.spread_us?.p99 ?? null; // of fewer than two nodes there is none
  return [
    ["nodes ready", `${nodes.ready} of ${nodes.total}`, mood(nodes.ready < nodes.total)],
    ["spread, p99", spread === null ? "–" : `≤ ${micro(spread)}`, mood(spread > SPREAD_US)],
    ["widest clock error", sync.bound_us_max === null ? "–" : `≤ ${micro(sync.bound_us_max)}`, mood(sync.bound_us_max > ERROR_US)],
    ["ticks a second", number(udp.tick_hz, 1), mood(udp.tick_hz < 99)],
    ["tick lateness, p99", micro(lateness.p99), mood(lateness.p99 > LATE_US)],
    ["tick overruns", number(udp.overruns), ""],
    ["ticks skipped", number(udp.skipped), mood(udp.skipped)],
    ["datagrams sent", udp.datagrams.toLocaleString(), ""],
    ["send errors", number(udp.send_errors), udp.send_errors ? "bad" : ""],
    ["edges late", `${number(edges.late)} of ${number(edges.applied)}`, mood(edges.late)],
    ["edges repaired", number(edges.repaired), ""],
    ["bad messages", number(ws.bad_messages), mood(ws.bad_messages)],
    ["sound latency, p99", micro(audio.latency_us.p99), ""],
    ["records kept", records.records.toLocaleString(), ""],
    ["records lost", number(records.failures), records.failures ? "bad" : ""],
    ["pages open", number(events.subscribers), ""],
  ];
}

const COLUMNS = [
  ["node", nameOf],
  ["state", (node) => node.state],
  ["clock", (node) => node.clock || (node.locked ? "locked" : "unlocked")],
  ["error ≤ µs", (node) => number(node.clock_bound_us), (node) => node.clock_bound_us > ERROR_US],
  ["drift µs", (node) => number(node.drift_us), (node) => node.drift_us > 3000],
  ["loss %", (node) => number(node.loss_pct, 1), (node) => node.loss_pct > LOSS_PCT],
  ["FPS A / B", (node) => node.render_fps.map((fps) => number(fps)).join(" / ")],
  ["start p99 µs", (node) => number(node.stats.start_us_p99), (node) => node.stats.start_us_p99 > LATE_US],
  ["late frames", (node) => number(node.stats.frames_late)],
  ["late edges", (node) => number(node.stats.late), (node) => node.stats.late > 0],
  ["dropped", (node) => number(node.stats.dropped), (node) => node.stats.dropped > 0],
  ["audio overruns", (node) => number(node.stats.audio_overruns), (node) => node.stats.audio_overruns > 0],
  ["reconnects", (node) => number(node.stats.reconnects)],
  ["why", (node) => node.reason],
];

export function startHealth() {
  find("health-head").append(...COLUMNS.map(([name]) => make("th", { scope: "col" }, name)));
  on("metrics", (metrics) => keyed(find("tiles"), tiles(metrics), ([name]) => name,
    ([name]) => make("div", {}, make("dt", {}, name), make("dd")),
    (tile, [, value, how]) => {
      write(tile.children[1], value);
      tile.className = how;
    }));
  on("nodes", ({ nodes }) => keyed(find("health-rows"), nodes, (node) => node.mac,
    () => make("tr", {}, make("th", { scope: "row" }), ...COLUMNS.slice(1).map(() => make("td"))),
    (row, node) => COLUMNS.forEach(([name, value, bad], place) => {
      const cell = row.children[place];
      write(cell, value(node));
      if (name === "state") cell.className = node.state;
      else if (bad) cell.className = bad(node) ? "DEGRADED" : "";
    })));
}
