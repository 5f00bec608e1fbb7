// The fleet: images the hub has, the rollout under way with each node's progress, and what was done.

import { find, keyed, make, options, say, write } from "./dom.js";
import { ask, nameOf, nameOfMac, nodes, on, state, wish } from "./hub.js";
import { fillRow, listRow } from "./rows.js";

const BOARDS = ["K1_S3", "GENERIC_S3"];
const OPEN = ["running", "paused"];
const MOODS = { done: "READY", failed: "LOST", ordered: "AUTHED" };
const AUDIT_LINES = 200;
let audited = "";

const day = (seconds) => new Date(seconds * 1000).toLocaleDateString();

// ---- the rollout ----

function drawRollout({ rollout }) {
  const open = rollout !== null && OPEN.includes(rollout.state);
  for (const [id, shown] of [["ota-pause", rollout?.state === "running"], ["ota-resume", rollout?.state === "paused"], ["ota-abort", open]]) {
    find(id).hidden = !shown;
  }
  const kind = rollout?.kind === "rollback" ? "Rollback" : "Rollout";
  write(find("rollout-title"), rollout ? `${kind} ${rollout.number} to ${rollout.version}: ${rollout.state}` : "No rollout yet");
  write(find("rollout-why"), rollout ? [open && rollout.stage ? `stage ${rollout.stage}` : "", rollout.why].filter(Boolean).join(" · ") : "");
  keyed(find("members"), rollout?.members ?? [], (member) => member.mac,
    () => make("li", {}, make("div", { class: "text" }, make("b"), make("small")), make("progress", { max: 100 }), make("span")),
    (row, { mac, stage, state: how, detail, ota }) => {
      fillRow(row, nameOfMac(mac), [stage, detail || ota.detail].filter(Boolean).join(" · "));
      const [, bar, words] = row.children;
      bar.value = how === "done" || how === "skipped" ? 100 : ota.pct ?? 0;
      bar.hidden = how === "waiting";
      bar.setAttribute("aria-label", `progress of ${nameOfMac(mac)}`);
      write(words, ota.state ? `${ota.state} ${ota.pct} %` : how);
      words.className = MOODS[how] ?? "quiet";
    });
}

async function push(event) {
  event.preventDefault();
  const { elements } = event.target;
  const ticked = (id) => [...find(id).querySelectorAll(":checked")].map((box) => box.value);
  const body = { version: elements.version.value, dev: ticked("push-dev"), staging: ticked("push-staging"),
    soak_s: Number(elements.soak_s.value), window: elements.window.value, go_on: elements.go_on.checked, during_show: elements.during_show.checked };
  if (await wish("/api/ota/push", body)) say(`The rollout of ${body.version} has begun.`);
}

function rollBack(version) {
  if (confirm(`Bring every node back to ${version} now, whatever plays?`)) wish("/api/ota/rollback", { version });
}

// ---- images ----

function drawImages({ releases }) {
  find("no-images").hidden = releases.length > 0;
  keyed(find("images"), releases.map((release) => ({ ...release, id: `${release.board}/${release.version}` })), ({ id }) => id,
    listRow([["Roll back to it", (id) => rollBack(id.split("/")[1]), "danger"], ["Remove", removeImage]]),
    (row, { version, board, kind, size, added_s: added, expires }) => fillRow(row, version,
      `${board} · ${kind} · ${Math.round(size / 1024).toLocaleString()} KB · added ${day(added)} · valid until ${day(expires)}`));
  const versions = [...new Set(releases.map(({ version }) => version))];
  options(find("push-form").elements.version, versions.map((version) => [version, version]));
  find("push-form").querySelector("button").disabled = versions.length === 0;
}

function removeImage(id) {
  if (confirm(`Remove ${id.split("/").reverse().join(" for ")} from the hub?`)) wish(`/api/ota/images/${id}`, undefined, "DELETE");
}

function upload(event) {
  event.preventDefault();
  const bar = find("image-progress");
  const query = new URLSearchParams({ board: find("image-board").value, version: find("image-version").value.trim() });
  const request = new XMLHttpRequest(); // fetch does not tell how far an upload is
  request.open("POST", `/api/ota/images?${query}`);
  request.setRequestHeader("Content-Type", "application/octet-stream");
  request.responseType = "json";
  request.upload.onprogress = ({ loaded, total }) => { bar.value = loaded / total; };
  request.onloadend = () => {
    bar.hidden = true;
    const { response, status } = request;
    if (status === 200) {
      say(`${response.version} for ${response.board} was added.`);
      find("image-form").reset();
    } else say(response ? `${response.field ?? "image"}: ${response.detail}` : "the hub does not answer", true);
  };
  bar.hidden = false;
  request.send(find("image-file").files[0]);
}

function drawNodes() {
  options(find("image-board"), [...new Set([...BOARDS, ...nodes().map((node) => node.caps.board).filter(Boolean)])].map((board) => [board, board]));
  for (const id of ["push-dev", "push-staging"]) {
    keyed(find(id), nodes(), (node) => node.mac,
      (node) => make("label", { class: "check" }, make("input", { type: "checkbox", value: node.mac }), make("span")),
      (label, node) => write(label.children[1], nameOf(node)));
  }
}

// ---- the audit log ----

async function drawAudit() {
  const now = JSON.stringify([state.ota?.releases.length, state.ota?.rollout]);
  if (find("fleet").hidden || now === audited) return;
  audited = now;
  const { audit } = await ask(`/api/ota/audit?limit=${AUDIT_LINES}`).catch(() => ({ audit: [] }));
  keyed(find("audit"), audit.reverse(), ({ number }) => number,
    ({ unix_s: at, rollout, mac, what, detail }) => make("li", {}, make("time", {}, new Date(at * 1000).toLocaleString()),
      make("span", { class: "area" }, rollout === null ? " " : ` #${rollout} `), [what, mac && nameOfMac(mac), detail].filter(Boolean).join(" · ")),
    () => {});
}

export function startFleet() {
  on("ota", (ota) => { drawRollout(ota); drawImages(ota); drawAudit(); });
  on("nodes", drawNodes);
  for (const order of ["pause", "resume", "abort"]) find(`ota-${order}`).addEventListener("click", () => wish(`/api/ota/${order}`, {}));
  find("push-form").addEventListener("submit", push);
  find("image-form").addEventListener("submit", upload);
}

export const lookAtFleet = drawAudit;
