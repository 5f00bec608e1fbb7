// Lines over time by uPlot, which the hub serves itself and which is loaded only when the first chart is looked at.

import { make } from "./dom.js";

const COLOURS = ["#7cc4ff", "#f6c453", "#5fd68f", "#ff9fb0"];
const HEIGHT = 170;
const MIN_WIDTH = 240;
let loading = null;

function load() {
  loading ??= new Promise((resolve, reject) => {
    document.head.append(make("link", { rel: "stylesheet", href: "vendor/uPlot.css" }));
    document.head.append(make("script", { src: "vendor/uPlot.js", onload: resolve, onerror: reject }));
  });
  return loading;
}

/** A chart in `box` of some fields of samples {at: seconds, field: number}; gives what draws samples in it. */
export function chart(box, title, fields) {
  let plot = null;
  const width = () => Math.max(MIN_WIDTH, box.clientWidth - 24);
  const axis = { stroke: "#9aa4b8", grid: { stroke: "#222836" }, ticks: { stroke: "#222836" }, font: "11px system-ui" };
  new ResizeObserver(() => plot?.setSize({ width: width(), height: HEIGHT })).observe(box);
  return async (samples) => {
    await load();
    const data = columns(samples, fields.map(([, field]) => field));
    if (plot) plot.setData(data);
    else {
      plot = new window.uPlot({ title, width: width(), height: HEIGHT, axes: [axis, { ...axis, size: 56 }],
        series: [{}, ...fields.map(([label], place) => ({ label, stroke: COLOURS[place], width: 1.5, points: { show: false } }))] }, data, box);
      plot.root.setAttribute("role", "img");
      plot.root.setAttribute("aria-label", `chart: ${title}`);
    }
  };
}

/** uPlot's columns; a hole longer than ten times the usual distance breaks the line. */
function columns(samples, fields) {
  const usual = samples.length > 1 ? (samples.at(-1).at - samples[0].at) / samples.length : 1;
  const rows = [];
  for (const sample of samples) {
    const before = rows.at(-1);
    if (before && sample.at - before.at > 10 * usual) rows.push({ at: before.at + usual });
    rows.push(sample);
  }
  return [rows.map((row) => row.at), ...fields.map((field) => rows.map((row) => row[field] ?? null))];
}
