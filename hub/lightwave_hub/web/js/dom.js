// Small helpers around the document. Nothing here knows what a hub is.

const IN_HAND_MS = 1000;
const touched = new WeakMap(); // control -> when somebody used it last
const waiting = new Map(); // control -> timer: it was left alone, and has something else to show when nobody uses it
for (const kind of ["input", "pointerdown", "keydown"]) {
  document.addEventListener(kind, ({ target }) => touched.set(target, performance.now()), true);
}

/** Whether somebody is just using a control: then nothing from elsewhere may change it. */
function inHand(control) {
  const typing = control === document.activeElement && control.matches("input:not([type=range], [type=checkbox])");
  return typing || performance.now() - (touched.get(control) ?? -Infinity) < IN_HAND_MS;
}

/** Ask again when nobody uses the control any more: the document hears "released", and whoever fills it does so anew. */
function askAgain(control) {
  clearTimeout(waiting.get(control));
  waiting.set(control, setTimeout(() => {
    waiting.delete(control);
    document.dispatchEvent(new CustomEvent("released"));
  }, IN_HAND_MS));
}

/** An element with properties and children: make("button", {class: "wide", onclick: f}, "text", child). */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name in element) element[name] = value;
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

export const find = (id) => document.getElementById(id);

/**
 * Bring the children of `box` in line with `items`, keeping the elements of those that stay, so that focus, open menus
 * and half-typed text survive every refresh. `create(item)` makes an element, `update(element, item)` fills it.
 */
export function keyed(box, items, key, create, update) {
  const old = new Map([...box.children].map((child) => [child.dataset.key, child]));
  let place = box.firstElementChild;
  for (const item of items) {
    const name = String(key(item));
    let element = old.get(name);
    old.delete(name);
    if (!element) {
      element = create(item);
      element.dataset.key = name;
    }
    if (element === place) place = place.nextElementSibling;
    else box.insertBefore(element, place);
    update(element, item);
  }
  for (const element of old.values()) element.remove();
}

/** Set text only where it is another: selections and screen readers are left in peace. */
export function write(element, text) {
  if (element.textContent !== String(text)) element.textContent = text;
}

/** Options [value, text, disabled?] of a select, made anew only when they change; the choice stays where it can. */
export function options(select, entries, value) {
  const wanted = JSON.stringify(entries);
  if (select.dataset.entries !== wanted) {
    const chosen = select.value;
    select.dataset.entries = wanted;
    select.replaceChildren(...entries.map(([id, text, disabled]) => make("option", { value: id, disabled: Boolean(disabled) }, text)));
    if (entries.some(([id]) => id === chosen)) select.value = chosen;
  }
  if (value === undefined || value === null || select.value === value) return;
  if (inHand(select)) askAgain(select);
  else select.value = value;
}

/** Set a control's value unless somebody is just using it. */
export function settle(control, value) {
  const name = control.type === "checkbox" ? "checked" : "value";
  if (String(control[name]) !== String(value)) {
    if (inHand(control)) askAgain(control);
    else control[name] = value;
  }
  if (control.type === "range") fill(control);
}

/** Let the track of a slider show how far it is. */
export function fill(range) {
  range.style.setProperty("--at", `${100 * (range.value - range.min) / (range.max - range.min)}%`);
}

/** Text for a number that may be missing. */
export const number = (value, digits = 0) => (value === null || value === undefined ? "–" : value.toFixed(digits));

/** One request at a time while a slider moves; the newest value is never the one left out. */
export function latestOnly(send) {
  let waiting = null;
  let busy = false;
  return async (...values) => {
    waiting = values;
    if (busy) return;
    busy = true;
    while (waiting !== null) {
      const next = waiting;
      waiting = null;
      await send(...next);
    }
    busy = false;
  };
}

let toastTimer = 0;

/** Say something that a screen reader shall hear too; errors stay longer. */
export function say(text, bad = false) {
  const toast = find("toast");
  toast.textContent = text;
  toast.className = bad ? "bad" : "";
  toast.hidden = !text;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => { toast.hidden = true; }, bad ? 8000 : 3000);
}

/** A form in a dialog; `read(elements)` is called when it is sent, and closes it by not throwing or giving false. */
export function ask(title, children, button, read) {
  const dialog = make("dialog", { "aria-label": title });
  const send = async (event) => {
    event.preventDefault();
    if (await read(event.target.elements) !== false) dialog.close();
  };
  dialog.append(make("form", { onsubmit: send }, make("h2", {}, title), ...children,
    make("div", { class: "actions" }, make("button", { class: "strong" }, button),
      make("button", { type: "button", onclick: () => dialog.close() }, "Cancel"))));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
