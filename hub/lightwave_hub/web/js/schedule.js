// The schedule: what happens at which time of which weekdays.

import { find, keyed, make, options, settle } from "./dom.js";
import { on, state, wish } from "./hub.js";
import { fillRow, listRow, remove } from "./rows.js";

const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

const nameIn = (list, id) => state[list]?.items.find((item) => item.id === id)?.name ?? id;

function words({ scene, cue_list: cues, blackout, master }) {
  if (scene) return `scene ${nameIn("scenes", scene)}`;
  if (cues) return `cue list ${nameIn("cues", cues)}`;
  return blackout === undefined ? `master ${Math.round(master / 2.55)} %` : `blackout ${blackout ? "on" : "off"}`;
}

function daysWords(days) {
  if (days.length === 7) return "every day";
  return DAYS.filter((day) => days.includes(day)).join(" ");
}

const remainder = listRow([["Delete", (id) => remove(`/api/schedule/${id}`, "entry")]]);

function row(entry) {
  const item = remainder(entry);
  item.prepend(make("input", { type: "checkbox", "aria-label": `${entry.name} is on`, onchange: ({ target }) => {
    const { id, next, ...fields } = state.schedule.items.find((one) => one.id === entry.id);
    wish(`/api/schedule/${id}`, { ...fields, enabled: target.checked }, "PUT");
  } }));
  return item;
}

function fill(item, entry) {
  const [box, text] = item.children;
  settle(box, entry.enabled);
  const next = entry.next ? ` · next ${new Date(entry.next).toLocaleString([], { weekday: "short", hour: "2-digit", minute: "2-digit" })}` : "";
  fillRow({ firstElementChild: text }, entry.name, `${entry.time} ${daysWords(entry.days)}: ${words(entry.action)}${next}`);
}

function draw() {
  const { items = [] } = state.schedule ?? {};
  keyed(find("schedule"), items, (entry) => entry.id, row, fill);
  options(find("schedule-form").elements.action, [
    ...(state.scenes?.items ?? []).map(({ id, name }) => [`scene ${id}`, `scene ${name}`]),
    ...(state.cues?.items ?? []).map(({ id, name }) => [`cue_list ${id}`, `cue list ${name}`]),
    ["blackout on", "blackout on"], ["blackout off", "blackout off"]]);
}

async function add(event) {
  event.preventDefault();
  const form = event.target;
  const [kind, id] = form.elements.action.value.split(" ");
  const action = kind === "blackout" ? { blackout: id === "on" } : { [kind]: id };
  const days = DAYS.filter((day) => form.elements[day].checked);
  const body = { name: form.elements.name.value, enabled: true, days, time: form.elements.time.value, action };
  if (await wish("/api/schedule", body)) form.reset();
}

export function startSchedule() {
  find("days").append(...DAYS.map((day) =>
    make("label", { class: "check" }, make("input", { type: "checkbox", name: day, defaultChecked: true }), day)));
  for (const kind of ["schedule", "scenes", "cues"]) on(kind, draw);
  find("schedule-form").addEventListener("submit", add);
}
