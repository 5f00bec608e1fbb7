// The beat on this computer's clock, so that the page blinks with the lights and not with the network.

import { find, write } from "./dom.js";
import { on } from "./hub.js";

const BEATS_PER_BAR = 4;
const DIM = 0.15;
const STEPS = 20; // of brightness: a dot that looks the same is not painted again
let known = null; // {at: performance.now() in ms when it was heard, beats, bpm}
let running = false;

function light(dot, level) {
  const opacity = String(Math.round(level * STEPS) / STEPS);
  if (dot.style.opacity !== opacity) dot.style.opacity = opacity;
}

/** Frame by frame while there is a beat. */
function blink() {
  const beats = known ? known.beats + (performance.now() - known.at) / 60000 * known.bpm : -1;
  const beat = Math.floor(beats);
  [...find("beat").children].forEach((dot, place) =>
    light(dot, beat >= 0 && beat % BEATS_PER_BAR === place ? 1 - (1 - DIM) * (beats - beat) : DIM));
  running = known !== null;
  if (running) requestAnimationFrame(blink);
}

export function startBeat() {
  on("tempo", ({ beat, bpm }) => {
    known = beat.bpm_x100 ? { at: performance.now(), beats: beat.beat + beat.phase / 65536, bpm: beat.bpm_x100 / 100 } : null;
    write(find("tempo-now"), bpm ? `${bpm.toFixed(1)} BPM` : "no beat");
    if (!running) blink();
  });
}
