// The hub's page: asks the REST interface once a second and draws what it hears. No library, no outside address.
"use strict";

const POLL_MS = 1000;
const $ = (id) => document.getElementById(id);

/** Ask the hub; throws an Error whose text is fit for the user. */
async function ask(path, body) {
  const options = body && { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  const answer = await fetch(path, options);
  const reply = await answer.json();
  if (!answer.ok && reply.detail) {
    throw new Error(reply.field ? `${reply.field}: ${reply.detail}` : reply.detail);
  }
  return reply;
}

/** Tell the hub what the user wants, show what it objects to, and show the outcome at once. */
async function wish(path, body) {
  try {
    await ask(path, body);
    $("problem").textContent = "";
  } catch (error) {
    $("problem").textContent = error.message;
  }
  await refresh();
}

const chosenChannels = () => document.querySelector("input[name=channels]:checked").value;

/** Buttons for names, made anew only when the names change, so that a poll never takes the focus away. */
function drawButtons(box, names, pressed, onPress) {
  if (box.dataset.names !== JSON.stringify(names)) {
    box.dataset.names = JSON.stringify(names);
    box.replaceChildren(...names.map((name) => {
      const button = document.createElement("button");
      button.textContent = name;
      button.addEventListener("click", () => onPress(name));
      return button;
    }));
  }
  for (const button of box.children) {
    button.setAttribute("aria-pressed", String(pressed.includes(button.textContent)));
  }
}

const number = (value, digits) => (value === null || value === undefined ? "–" : value.toFixed(digits));

function nodeRow(node) {
  const row = document.createElement("tr");
  const cells = [
    node.id, node.state, node.locked ? "locked" : "no", number(node.loss_pct, 1), node.drift_us,
    node.render_fps.map((fps) => number(fps, 0)).join(" / ") || "–", node.rssi || "–", node.ip, node.reason,
  ];
  for (const text of cells) {
    const cell = document.createElement("td");
    cell.textContent = text;
    row.append(cell);
  }
  row.children[0].title = `${node.mac}, firmware ${node.fw}`;
  row.children[1].className = node.state;
  return row;
}

function drawNodes(nodes) {
  $("nodes").replaceChildren(...nodes.map(nodeRow));
  $("empty").hidden = nodes.length > 0;
}

function drawShow(scene, names, tempo) {
  const channels = chosenChannels().split("").map((name) => scene.channels[name]);
  drawButtons($("effects"), names.effects, channels.map((channel) => channel.effect_name),
    (effect) => wish("/api/scene", { channels: chosenChannels(), effect, fade_ms: 300 }));
  drawButtons($("palettes"), names.palettes, channels.map((channel) => channel.palette_name),
    (palette) => wish("/api/scene", { channels: chosenChannels(), palette, fade_ms: 300 }));
  if (document.activeElement !== $("master")) {
    $("master").value = scene.master;
    $("master-value").value = scene.master;
  }
  if (document.activeElement !== $("bpm")) {
    $("bpm").value = tempo.bpm;
  }
  $("blackout").setAttribute("aria-pressed", String(scene.blackout));
}

function drawSummary(health, metrics) {
  const { nodes, udp } = metrics;
  $("name").textContent = document.title = health.name;
  const skipped = udp.skipped ? `, ${udp.skipped} ticks skipped` : "";
  $("summary").textContent = `${nodes.ready} of ${nodes.total} nodes ready, stream ${udp.tick_hz} Hz${skipped}`;
  $("summary").className = health.status === "ok" ? "" : "bad";
}

async function refresh() {
  try {
    const [health, metrics, nodes, scene, names, tempo] = await Promise.all(
      ["/health", "/metrics", "/api/nodes", "/api/scene", "/api/catalog", "/api/tempo"].map((path) => ask(path)));
    drawSummary(health, metrics);
    drawNodes(nodes.nodes);
    drawShow(scene, names, tempo);
  } catch {
    $("summary").textContent = "no answer from the hub; still trying";
    $("summary").className = "bad";
  }
}

/** One request at a time while a slider moves; the newest value is never the one left out. */
function latestOnly(send) {
  let waiting = null;
  let busy = false;
  return async (value) => {
    waiting = value;
    if (busy) return;
    busy = true;
    while (waiting !== null) {
      const next = waiting;
      waiting = null;
      await send(next);
    }
    busy = false;
  };
}

const sendMaster = latestOnly((value) => wish("/api/global/brightness", { value }));

$("master").addEventListener("input", () => {
  $("master-value").value = $("master").value;
  sendMaster(Number($("master").value));
});
$("tempo-form").addEventListener("submit", (event) => {
  event.preventDefault();
  wish("/api/tempo", { bpm: Number($("bpm").value) });
});
$("blackout").addEventListener("click", () => {
  wish("/api/global/blackout", { on: $("blackout").getAttribute("aria-pressed") !== "true" });
});
$("channels").addEventListener("change", refresh);

(async function poll() {
  await refresh();
  setTimeout(poll, POLL_MS);
})();
