// Figures of nodes over time: what this page heard since it was opened, and what the hub keeps of the nodes' records.

import { ask, on } from "./hub.js";

const KEPT_S = 600;
const RAW_HOURS = 1; // beyond, by the minute
const LIMIT = 100000;
const heard = new Map(); // mac -> samples of the last ten minutes

/** Names as the records have them. */
function sample(node, at) {
  const { stats } = node;
  return { at, fps_a: node.render_fps[0], fps_b: node.render_fps[1], loss_pct: node.loss_pct, drift_us: node.drift_us,
    rtt_us: stats.rtt_us, bound_us: node.clock_bound_us, start_us_p99: stats.start_us_p99,
    heap_kb: node.heap_free && node.heap_free / 1024, frames_late: stats.frames_late, edges_late: stats.late };
}

export function startHistory() {
  on("nodes", ({ nodes }) => {
    const at = Date.now() / 1000;
    for (const node of nodes) {
      const samples = heard.get(node.mac) ?? [];
      heard.set(node.mac, samples);
      samples.push(node.state === "LOST" ? { at } : sample(node, at));
      while (samples[0].at < at - KEPT_S) samples.shift();
    }
  });
}

export const live = (mac) => heard.get(mac) ?? [];

export const since = (hours) => Math.floor(Date.now() / 1000 - hours * 3600);

export const csvOf = (mac, hours) => `/api/records/${mac}/metrics?format=csv&limit=${LIMIT}&since=${since(hours)}`;

/** What the hub has of the last hours, in the order of time. Throws what `ask` throws. */
export async function stored(mac, hours) {
  if (hours <= RAW_HOURS) {
    const { records } = await ask(`/api/records/${mac}/metrics?since=${since(hours)}&limit=${LIMIT}`);
    return records.filter((record) => record.at_known);
  }
  const { minutes } = await ask(`/api/records/${mac}/minutes?since=${since(hours)}`);
  const byTime = new Map();
  for (const { at, field, mean } of minutes) byTime.set(at, { ...byTime.get(at), at, [field]: mean });
  return [...byTime.values()];
}

/** What the node noted in words, the newest first. */
export async function noted(mac, hours) {
  const { records } = await ask(`/api/records/${mac}/events?since=${since(hours)}`);
  return records.slice(-100).reverse();
}
