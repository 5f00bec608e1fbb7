// Controls for what a channel plays: sliders and switches of its parameters.

import { fill, make, settle, write } from "./dom.js";

const PARAMS = ["brightness", "speed", "intensity", "hue", "saturation", "blur"];
const FLAGS = [["enabled", "shines"], ["mirror", "mirrored"]];

/** One row a parameter; `send({hue: 12})` is called while it is moved. */
export function sliders(send) {
  const slider = (param) => {
    const output = make("output");
    const moved = ({ target }) => {
      fill(target);
      write(output, target.value);
      send({ [param]: Number(target.value) });
    };
    return make("label", { class: "slider" }, make("span", {}, param),
      make("input", { type: "range", min: 0, max: 255, name: param, oninput: moved }), output);
  };
  const flag = ([name, text]) => make("label", { class: "check" },
    make("input", { type: "checkbox", name, onchange: ({ target }) => send({ [name]: target.checked }) }), text);
  return [...PARAMS.map(slider), make("div", { class: "checks" }, ...FLAGS.map(flag))];
}

/** Let them show a channel's parameters. */
export function showParams(box, params) {
  for (const name of PARAMS) {
    const input = box.querySelector(`[name=${name}]`);
    settle(input, params[name]);
    write(input.nextElementSibling, input.value);
  }
  for (const [name] of FLAGS) settle(box.querySelector(`[name=${name}]`), params[name]);
}
