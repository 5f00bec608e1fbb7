// The hub's log as it is written.

import { find, make } from "./dom.js";
import { on } from "./hub.js";

const KEPT = 500;
const LEVELS = ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"];

function row({ time, level, area, text, fields }) {
  const more = Object.entries(fields).map(([name, value]) => ` ${name}=${value}`).join("");
  return make("li", { class: level },
    make("time", {}, new Date(time * 1000).toLocaleTimeString()), make("span", { class: "area" }, ` ${area} `),
    make("span", { class: "text" }, text), make("span", { class: "fields" }, more));
}

function isWanted(line) {
  const text = find("log-filter").value.toLowerCase();
  return LEVELS.indexOf(line.className) >= LEVELS.indexOf(find("log-level").value) && line.textContent.toLowerCase().includes(text);
}

const sieve = (lines) => { for (const line of lines) line.hidden = !isWanted(line); };

export function startLog() {
  const box = find("log-lines");
  on("log", ({ lines, all }) => {
    const followed = box.scrollTop + box.clientHeight >= box.scrollHeight - 8;
    const rows = lines.map(row);
    sieve(rows);
    if (all) box.replaceChildren(...rows);
    else box.append(...rows);
    while (box.childElementCount > KEPT) box.firstElementChild.remove();
    if (followed) box.scrollTop = box.scrollHeight;
  });
  for (const [id, kind] of [["log-level", "change"], ["log-filter", "input"]]) {
    find(id).addEventListener(kind, () => sieve(box.children));
  }
}

export function lookAtLog() {
  find("log-lines").scrollTop = find("log-lines").scrollHeight;
}
