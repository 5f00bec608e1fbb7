// Cue lists: where each stands, its transport, and the dialog that edits it.

import { ask as askUser, find, keyed, make, write } from "./dom.js";
import { on, state, wish } from "./hub.js";
import { remove } from "./rows.js";

const TRIGGERS = [["go", "on go"], ["beat", "on the next beat"], ["bar", "on the next bar"], ["bars", "after so many bars"],
  ["follow", "after so many seconds"], ["at", "at a time of day"]];
const AMOUNTS = { bars: { type: "number", min: 1, max: 64, label: "bars" }, at: { type: "time", label: "time of day" },
  follow: { type: "number", min: 0, max: 86400, step: 0.1, label: "seconds" } };

const sceneEntries = () => (state.scenes?.items ?? []).map((scene) => [scene.id, scene.name]);
const listOf = (id) => state.cues.items.find((list) => list.id === id);

function words({ kind, bars, time, after_ms: afterMs }) {
  const more = { bars: `after ${bars} bars`, follow: `after ${afterMs / 1000} s`, at: `at ${time}` };
  return more[kind] ?? TRIGGERS.find(([name]) => name === kind)[1];
}

// ---- cards ----

function card({ id }) {
  const act = (verb) => () => wish(`/api/cues/${id}/${verb}`, {});
  return make("article", { class: "card" },
    make("div", { class: "row" }, make("h3"),
      make("button", { class: "small", onclick: () => edit(listOf(id)) }, "Edit"),
      make("button", { class: "small", onclick: () => remove(`/api/cues/${id}`, "cue list") }, "Delete")),
    make("ol", { class: "cues" }),
    make("div", { class: "thirds" }, make("button", { onclick: act("back") }, "◂ Back"),
      make("button", { class: "strong", onclick: act("go") }, "Go"), make("button", { onclick: act("stop") }, "Stop")));
}

function fillCard(box, list) {
  const run = state.playing?.lists.find(({ id }) => id === list.id) ?? { current: null, waiting: null };
  const names = new Map(sceneEntries());
  write(box.querySelector("h3"), list.name);
  keyed(box.querySelector("ol"), list.cues.map((cue, place) => ({ cue, place })), ({ place }) => place,
    () => make("li", {}, make("span"), make("small")),
    (row, { cue, place }) => {
      const waits = run.waiting?.cue === place;
      write(row.children[0], names.get(cue.scene) ?? cue.scene);
      write(row.children[1], (waits ? "waits: " : "") + words(cue.trigger));
      row.className = [place === run.current ? "current" : "", waits ? "waiting" : ""].join(" ");
      if (place === run.current) row.setAttribute("aria-current", "step");
      else row.removeAttribute("aria-current");
    });
}

function draw() {
  const items = state.cues?.items ?? [];
  find("no-cues").hidden = items.length > 0;
  keyed(find("cue-lists"), items, (list) => list.id, card, fillCard);
}

// ---- editing ----

function choose(entries, value, label) {
  const box = make("select", { "aria-label": label }, ...entries.map(([id, text]) => new Option(text, id)));
  if (value) box.value = value;
  return box;
}

function cueRow(cue = { scene: "", trigger: { kind: "go" } }) {
  const { kind: before, bars, time, after_ms: afterMs } = cue.trigger;
  const scene = choose(sceneEntries(), cue.scene, "scene");
  const kind = choose(TRIGGERS, before, "when");
  const amount = make("input", { required: true });
  const show = () => {
    const wanted = AMOUNTS[kind.value];
    amount.hidden = !wanted;
    amount.disabled = !wanted;
    if (!wanted) return;
    for (const name of ["min", "max", "step"]) amount[name] = wanted[name] ?? "";
    amount.type = wanted.type;
    amount.setAttribute("aria-label", wanted.label);
  };
  kind.addEventListener("change", show);
  show();
  amount.value = bars ?? time ?? (afterMs === undefined ? "" : afterMs / 1000);
  const row = make("li", {}, scene, kind, amount,
    make("button", { type: "button", onclick: () => row.previousElementSibling?.before(row), "aria-label": "earlier" }, "↑"),
    make("button", { type: "button", onclick: () => row.remove(), "aria-label": "remove this cue" }, "×"));
  row.read = () => ({ ...cue, scene: scene.value, trigger: trigger(kind.value, amount.value) });
  return row;
}

function trigger(kind, amount) {
  if (kind === "bars") return { kind, bars: Number(amount) };
  if (kind === "follow") return { kind, after_ms: Math.round(1000 * Number(amount)) };
  return kind === "at" ? { kind, time: amount } : { kind };
}

function edit(list) {
  const rows = make("ol", { class: "cue-rows" }, ...(list?.cues ?? []).map(cueRow));
  askUser(list ? "Edit cue list" : "New cue list", [
    make("label", { class: "field" }, "Name", make("input", { name: "name", value: list?.name ?? "", required: true, maxLength: 48 })),
    rows,
    make("button", { type: "button", onclick: () => rows.append(cueRow()), disabled: sceneEntries().length === 0 }, "Add a cue"),
  ], "Save", async ({ name }) => {
    const body = { name: name.value, cues: [...rows.children].map((row) => row.read()) };
    return await (list ? wish(`/api/cues/${list.id}`, body, "PUT") : wish("/api/cues", body)) !== null;
  });
}

export function startCues() {
  for (const kind of ["cues", "scenes", "playing"]) on(kind, draw);
  find("new-cues").addEventListener("click", () => edit(null));
}
