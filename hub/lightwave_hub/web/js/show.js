// The show as a whole, its scenes and groups. Cue lists and the schedule have files of their own.

import { startCues } from "./cues.js";
import { ask as askUser, find, keyed, make, say, write } from "./dom.js";
import { ask, nameOf, nameOfMac, nodes, on, state, wish } from "./hub.js";
import { fillRow, listRow, remove } from "./rows.js";
import { startSchedule } from "./schedule.js";

/** Without what only the hub can know. */
function writable({ id, missing, ...fields }) {
  return fields;
}

// ---- scenes ----

function targetWords(target) {
  if (!target) return "all nodes";
  return target.node ? nameOfMac(target.node) : `group ${state.groups?.items.find(({ id }) => id === target.group)?.name ?? target.group}`;
}

const lookWords = ([name, look]) => `${name.toUpperCase()}: ${look.effect}${look.palette ? `, ${look.palette}` : ""}`;

function drawScenes() {
  const items = state.scenes?.items ?? [];
  find("no-scene-rows").hidden = items.length > 0;
  keyed(find("scene-rows"), items, (scene) => scene.id,
    listRow([["Play", (id) => wish(`/api/scenes/${id}/play`, {})], ["Edit", editScene],
      ["Delete", (id) => remove(`/api/scenes/${id}`, "scene")]]),
    (row, scene) => fillRow(row, scene.name, [...Object.entries(scene.channels).map(lookWords), `fade ${scene.fade_ms / 1000} s`,
      targetWords(scene.target), ...(scene.missing.length ? [`no node knows ${scene.missing.join(", ")}`] : [])].join(" · ")));
}

function editScene(id) {
  const scene = state.scenes.items.find((one) => one.id === id);
  const targets = [["", "all nodes"], ...state.groups.items.map((group) => [`group ${group.id}`, `group ${group.name}`]),
    ...nodes().map((node) => [`node ${node.mac}`, nameOf(node)])];
  const [kind, key] = Object.entries(scene.target ?? {})[0] ?? [];
  const present = kind ? `${kind} ${key}` : "";
  if (!targets.some(([value]) => value === present)) targets.push([present, targetWords(scene.target)]);
  const select = make("select", { name: "target" }, ...targets.map(([value, text]) => new Option(text, value)));
  select.value = present;
  askUser("Edit scene", [
    make("label", { class: "field" }, "Name", make("input", { name: "name", value: scene.name, required: true, maxLength: 48 })),
    make("label", { class: "field" }, "Cross-fade, seconds", make("input", { name: "fade", type: "number", min: 0, max: 10, step: 0.1, value: scene.fade_ms / 1000 })),
    make("label", { class: "field" }, "For", select),
  ], "Save", async ({ name, fade, target }) => {
    const [to, value] = target.value.split(" ");
    const body = { ...writable(scene), name: name.value, fade_ms: Math.round(1000 * Number(fade.value)), target: to ? { [to]: value } : null };
    return await wish(`/api/scenes/${id}`, body, "PUT") !== null;
  });
}

// ---- groups ----

async function makeGroup(event) {
  event.preventDefault();
  const form = event.target;
  const members = [...form.querySelectorAll("input[type=checkbox]:checked")].map((box) => box.value);
  if (await wish("/api/groups", { name: form.elements.name.value, nodes: members })) form.reset();
}

function drawGroups() {
  keyed(find("group-nodes"), nodes(), (node) => node.mac,
    (node) => make("label", { class: "check" }, make("input", { type: "checkbox", value: node.mac }), make("span")),
    (label, node) => write(label.children[1], nameOf(node)));
  keyed(find("groups"), state.groups?.items ?? [], (group) => group.id,
    listRow([["Delete", (id) => remove(`/api/groups/${id}`, "group")]]),
    (row, group) => fillRow(row, group.name, group.nodes.map(nameOfMac).join(", ") || "nobody"));
}

// ---- the whole show ----

async function step(verb) {
  const done = await wish(`/api/${verb}`, {});
  if (done) say(`${verb === "undo" ? "Undone" : "Done again"}: ${done.what}`);
}

async function drawHistory() {
  const depth = await ask("/api/show/history").catch(() => null);
  if (!depth) return;
  find("undo").disabled = depth.undo === 0;
  find("redo").disabled = depth.redo === 0;
}

async function importShow({ target }) {
  const [file] = target.files;
  const text = await file?.text();
  target.value = "";
  if (text === undefined) return;
  let show;
  try {
    show = JSON.parse(text);
  } catch {
    say(`${file.name} is not JSON`, true);
    return;
  }
  if (await wish("/api/show", show, "PUT")) say("The show was imported; undo brings the old one back.");
}

export function startShow() {
  startCues();
  startSchedule();
  for (const kind of ["scenes", "groups", "nodes"]) on(kind, drawScenes);
  for (const kind of ["groups", "nodes"]) on(kind, drawGroups);
  for (const kind of ["edited", "scenes", "cues"]) on(kind, () => { if (!find("show").hidden) drawHistory(); });
  find("group-form").addEventListener("submit", makeGroup);
  find("undo").addEventListener("click", () => step("undo"));
  find("redo").addEventListener("click", () => step("redo"));
  find("import").addEventListener("change", importShow);
}

export const lookAtShow = drawHistory;
