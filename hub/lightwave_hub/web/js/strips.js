// Live strips: what each node shows, drawn as it comes.

import { find, keyed, make, write } from "./dom.js";
import { nameOf, on, onPreview, watchPreviews } from "./hub.js";

const HEAD_BYTES = 4; // node id (2, little-endian), version, channels; then for each: cells, and 3 bytes a cell
const WORDS = { READY: "ready", DEGRADED: "degraded", LOST: "lost", AUTHED: "joining", PENDING: "joining" };
const canvases = new Map(); // node id -> [canvas of A, canvas of B]
const states = new Map(); // mac -> state, to tell what changed
let visible = false;

/** LEDs are linear in what they get, screens are not. */
const SCREEN = Uint8Array.from({ length: 256 }, (_, linear) => Math.round(255 * (linear / 255) ** (1 / 2.2)));

function create(node) {
  const strips = Array.from({ length: node.topo.channels ?? 2 }, (_, channel) =>
    make("canvas", { width: 60, height: 1, class: "strip", role: "img", "aria-label": `strip ${"AB"[channel]}` }));
  canvases.set(node.id, strips);
  return make("a", { class: "node-card", href: `#node/${node.mac}` },
    make("span", { class: "node-name" }), make("span", { class: "node-state" }), ...strips);
}

function update(card, node) {
  const [name, words] = card.children;
  write(name, nameOf(node));
  write(words, (WORDS[node.state] ?? node.state) + (node.reason && node.state !== "AUTHED" ? `: ${node.reason}` : ""));
  words.className = `node-state ${node.state}`;
  card.classList.toggle("gone", node.state === "LOST");
}

/** Several previews may stand in one message, one after another. */
function draw(view) {
  let at = 0;
  while (at + HEAD_BYTES <= view.byteLength) {
    const strips = canvases.get(view.getUint16(at, true)) ?? [];
    const channels = view.getUint8(at + 3);
    at += HEAD_BYTES;
    for (let channel = 0; channel < channels; channel++) {
      const cells = view.getUint8(at++);
      if (strips[channel]) paint(strips[channel], view, at, cells);
      at += 3 * cells;
    }
  }
}

function paint(canvas, view, at, cells) {
  if (canvas.width !== cells) canvas.width = cells;
  const context = canvas.getContext("2d", { willReadFrequently: true }); // a row of cells: not worth the way to a GPU and back
  const image = context.createImageData(cells, 1);
  for (let cell = 0; cell < cells; cell++) {
    for (let colour = 0; colour < 3; colour++) image.data[4 * cell + colour] = SCREEN[view.getUint8(at++)];
    image.data[4 * cell + 3] = 255;
  }
  context.putImageData(image, 0, 0);
  canvas.dataset.frames = Number(canvas.dataset.frames ?? 0) + 1;
}

/** Who cannot see the cards hears of nodes that come and go. */
function announce(nodes) {
  const news = nodes.filter((node) => states.has(node.mac) && states.get(node.mac) !== node.state && WORDS[node.state] !== "joining");
  states.clear();
  for (const node of nodes) states.set(node.mac, node.state);
  if (news.length) write(find("news"), news.map((node) => `${nameOf(node)} ${WORDS[node.state]}`).join(", "));
}

export function startStrips() {
  on("nodes", ({ nodes }) => {
    for (const id of canvases.keys()) if (!nodes.some((node) => node.id === id)) canvases.delete(id);
    keyed(find("strips"), nodes, (node) => `${node.mac} ${node.id}`, create, update);
    find("no-nodes").hidden = nodes.length > 0;
    announce(nodes);
  });
  onPreview(draw);
  document.addEventListener("visibilitychange", () => lookAtStrips(visible));
}

/** Ask for previews only while the stage is in sight. */
export function lookAtStrips(inSight) {
  visible = inSight;
  watchPreviews(visible && !document.hidden);
}
