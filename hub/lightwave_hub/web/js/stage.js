// The stage: live strips, scenes, what is played, master, blackout, tempo.

import { startBeat } from "./beat.js";
import { fill, find, keyed, latestOnly, make, options, settle, write } from "./dom.js";
import { channelsOf, nameOf, nodes, on, state, wish } from "./hub.js";
import { showParams, sliders } from "./look.js";
import { startStrips } from "./strips.js";

const NUDGE_MS = 10;
const FADE_MS = 300;

const setMaster = latestOnly((value) => wish("/api/global/brightness", { value }));
const setParams = latestOnly((params) => wish("/api/scene", { ...target(), params }));
const pressed = (id) => find(id).getAttribute("aria-pressed") === "true";
const chosenChannels = () => document.querySelector("input[name=channels]:checked").value;

/** What effects and palettes are meant for: channels, and the node or group chosen beside them. */
function target() {
  const [, kind, id] = /^(\w+):?(.*)$/.exec(find("target").value || "all");
  return kind === "all" ? { channels: chosenChannels() } : { channels: chosenChannels(), target: { [kind]: id } };
}

function quantise() {
  const value = find("quantise").value;
  return value === "now" ? {} : { quantise: value };
}

/** What those play that the controls are for: of a group, what its first node plays. */
function channelsShown() {
  const [, kind, id] = /^(\w+):?(.*)$/.exec(find("target").value || "all");
  const group = kind === "group" ? state.groups.items.find((one) => one.id === id) : null;
  return kind === "all" ? state.playing.scene.channels : channelsOf(group ? group.nodes[0] : id);
}

const looks = (scene) => Object.entries(scene.channels).map(([name, look]) => `${name.toUpperCase()} ${look.effect}`).join(" · ");

function drawScenes() {
  const items = state.scenes?.items ?? [];
  const playing = state.playing?.scenes ?? [];
  find("no-scenes").hidden = items.length > 0;
  keyed(find("scenes"), items, (scene) => scene.id,
    ({ id }) => make("button", { class: "tile-scene", onclick: () => wish(`/api/scenes/${id}/play`, quantise()) },
      make("b"), make("kbd"), make("small")),
    (button, scene) => {
      const place = items.indexOf(scene);
      write(button.children[0], scene.name);
      write(button.children[1], place < 9 ? place + 1 : "");
      button.children[1].hidden = place >= 9;
      write(button.children[2], scene.missing.length ? `no node knows ${scene.missing.join(", ")}` : looks(scene));
      button.setAttribute("aria-pressed", String(playing.includes(scene.id)));
    });
}

function drawNames(box, names, shown, field) {
  keyed(box, names, (name) => name,
    (name) => make("button", { onclick: () => wish("/api/scene", { ...target(), ...quantise(), [field]: name, fade_ms: FADE_MS }) },
      name.replaceAll("_", " ")),
    (button, name) => button.setAttribute("aria-pressed", String(shown.includes(name))));
}

function drawPlaying() {
  if (!state.playing || !state.catalog) return;
  const { scene, panic } = state.playing;
  const channels = channelsShown();
  const shown = [...chosenChannels()].map((name) => channels[name]);
  drawNames(find("effects"), state.catalog.effects, shown.map((channel) => channel.effect_name), "effect");
  drawNames(find("palettes"), state.catalog.palettes, shown.map((channel) => channel.palette_name), "palette");
  showParams(find("params"), shown[0].params);
  settle(find("master"), scene.master);
  drawMaster();
  find("blackout").setAttribute("aria-pressed", String(scene.blackout));
  find("panic").setAttribute("aria-pressed", String(panic));
  drawScenes();
}

const drawMaster = () => write(find("master-value"), `${Math.round(find("master").value / 2.55)} %`);

function drawTargets() {
  const groups = state.groups?.items ?? [];
  options(find("target"), [["all", "all nodes"], ...groups.map((group) => [`group:${group.id}`, `group ${group.name}`]),
    ...nodes().map((node) => [`node:${node.mac}`, nameOf(node)])]);
}

function drawTempo({ bpm, source, sources, state: how, confidence, detail }) {
  settle(find("bpm"), bpm);
  options(find("source"), sources.map(({ id, name, available }) => [id, name, !available]), source);
  const words = { manual: "", waiting: "waiting for it", following: `following, ${confidence} % sure`, lost: "lost; the tempo runs on" };
  write(find("confidence"), [words[how], detail].filter(Boolean).join(": "));
}

function keys(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input:not([type=range]), select, textarea")) return;
  if (document.querySelector("dialog[open]")) return;
  const scene = /^[1-9]$/.test(event.key) ? find("scenes").children[event.key - 1] : null;
  if (scene) scene.click();
  else if (event.key === "t") tap();
  else if (event.key === "b") find("blackout").click();
}

const tap = () => wish("/api/tempo", { tap: true });

async function saveScene(event) {
  event.preventDefault();
  const channels = {};
  for (const [name, channel] of Object.entries(state.playing.scene.channels)) {
    channels[name] = { effect: channel.effect_name, palette: channel.palette_name, ...channel.params };
  }
  if (await wish("/api/scenes", { name: find("scene-name").value, fade_ms: 500, channels })) find("scene-name").value = "";
}

function startTempo() {
  on("tempo", drawTempo);
  // A tap counts when the finger comes down; keyboards and screen readers click.
  find("tap").addEventListener("pointerdown", tap);
  find("tap").addEventListener("click", (event) => { if (event.detail === 0) tap(); });
  find("earlier").addEventListener("click", () => wish("/api/tempo", { nudge_ms: NUDGE_MS }));
  find("later").addEventListener("click", () => wish("/api/tempo", { nudge_ms: -NUDGE_MS }));
  find("downbeat").addEventListener("click", () => wish("/api/tempo", { downbeat: true }));
  find("source").addEventListener("change", () => wish("/api/tempo", { source: find("source").value }));
  find("tempo-form").addEventListener("submit", (event) => {
    event.preventDefault();
    find("bpm").blur();
    wish("/api/tempo", { bpm: Number(find("bpm").value) });
  });
}

export function startStage() {
  startStrips();
  startBeat();
  startTempo();
  find("params").append(...sliders((params) => setParams(params)));
  on("scenes", drawScenes);
  for (const kind of ["playing", "catalog"]) on(kind, drawPlaying);
  for (const kind of ["nodes", "groups"]) on(kind, drawTargets);
  for (const id of ["target", "channels"]) find(id).addEventListener("change", drawPlaying);
  document.addEventListener("released", drawPlaying);
  find("master").addEventListener("input", () => {
    fill(find("master"));
    drawMaster();
    setMaster(Number(find("master").value));
  });
  find("blackout").addEventListener("click", () => wish("/api/global/blackout", { on: !pressed("blackout") }));
  find("panic").addEventListener("click", () => wish("/api/panic", { on: !pressed("panic") }));
  find("scene-form").addEventListener("submit", saveScene);
  document.addEventListener("keydown", keys);
}
