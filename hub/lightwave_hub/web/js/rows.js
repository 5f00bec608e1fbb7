// Rows of lists of things that the hub keeps.

import { make, say, write } from "./dom.js";
import { wish } from "./hub.js";

/** A row of a list: a title, a line below it, buttons [text, what it does with the item's id]. */
export function listRow(buttons) {
  return ({ id }) => make("li", {}, make("div", { class: "text" }, make("b"), make("small")),
    make("div", { class: "actions" }, ...buttons.map(([text, act, extra]) =>
      make("button", { class: `small ${extra ?? ""}`, onclick: () => act(id) }, text))));
}

export function fillRow(row, title, words) {
  write(row.firstElementChild.children[0], title);
  write(row.firstElementChild.children[1], words);
}

export async function remove(path, what) {
  if (await wish(path, undefined, "DELETE")) say(`The ${what} was deleted; undo brings it back.`);
}
