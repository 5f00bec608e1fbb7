// The hub as the page sees it: requests, the stream of events, and what was heard last.

import { say } from "./dom.js";

const RETRY_MS = [250, 500, 1000, 2000];

/** What the events told, by kind; `on` calls back with it now and at every change. */
export const state = {};
const listeners = new Map();
let previewListener = null;
let socket = null;
let watching = false;
let attempts = 0;

export function on(kind, listener) {
  if (!listeners.has(kind)) listeners.set(kind, []);
  listeners.get(kind).push(listener);
  if (state[kind] !== undefined) listener(state[kind]);
}

function tell(kind, body) {
  state[kind] = body;
  for (const listener of listeners.get(kind) ?? []) listener(body);
}

/** What comes bit by bit is put to what is known; everything else is the whole of its kind. */
const TAKE = {
  show({ changed }) {
    const lists = new Map();
    for (const { list, id, item } of changed) {
      const items = lists.get(list) ?? [...state[list].items];
      const place = items.findIndex((known) => known.id === id);
      if (place >= 0) items.splice(place, 1, ...(item ? [item] : []));
      else if (item) items.push(item);
      lists.set(list, items);
    }
    for (const [list, items] of lists) tell(list, { ...state[list], items });
    tell("edited", { changed });
  },
  log: (body) => { for (const listener of listeners.get("log") ?? []) listener(body); },
};

/** Ask the hub; throws an Error whose text is fit for the user. */
export async function ask(path, body, method = body === undefined ? "GET" : "POST") {
  const request = { method, headers: {} };
  if (body !== undefined) {
    request.headers["Content-Type"] = "application/json";
    request.body = JSON.stringify(body);
  }
  let answer;
  try {
    answer = await fetch(path, request);
  } catch {
    throw new Error("the hub does not answer");
  }
  if (answer.status === 401) tell("access", { needed: true });
  if (answer.status === 204) return null;
  const reply = await answer.json().catch(() => ({ detail: `the hub answered ${answer.status}` }));
  if (!answer.ok) throw new Error(reply.field ? `${reply.field}: ${reply.detail}` : reply.detail);
  return reply;
}

/** Tell the hub what the user wants; what it objects to is shown. Gives its answer, or null. */
export async function wish(path, body, method) {
  try {
    const reply = await ask(path, body, method);
    return reply === null ? {} : reply;
  } catch (error) {
    say(error.message, true);
    return null;
  }
}

/** Exchange a token (of the link, or typed) for this browser's session. */
export async function enter(token) {
  await ask("/api/session", { token });
  tell("access", { needed: false });
  attempts = 0;
  connect();
}

/** Whether anybody looks at strips: nodes send previews only while somebody does. */
export function watchPreviews(wanted) {
  if (wanted === watching) return;
  watching = wanted;
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ preview: wanted }));
}

export function onPreview(listener) {
  previewListener = listener;
}

export function connect() {
  if (socket && socket.readyState <= WebSocket.OPEN) return;
  socket = new WebSocket(`${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}/api/events`);
  socket.binaryType = "arraybuffer";
  socket.onopen = () => {
    attempts = 0;
    tell("connection", { up: true });
    if (watching) socket.send(JSON.stringify({ preview: true }));
  };
  socket.onmessage = ({ data }) => {
    if (typeof data === "string") {
      const { kind, ...body } = JSON.parse(data);
      (TAKE[kind] ?? ((whole) => tell(kind, whole)))(body);
    } else if (previewListener) {
      previewListener(new DataView(data));
    }
  };
  socket.onclose = () => {
    tell("connection", { up: false });
    if (attempts === 0) ask("/api/panic").catch(() => {}); // refused means that a token is missing
    setTimeout(connect, RETRY_MS[Math.min(attempts++, RETRY_MS.length - 1)]);
  };
}

// ---- what several views need to know of it ----

export const nodes = () => state.nodes?.nodes ?? [];
export const nameOf = (node) => node.name || `Node ${node.id}`;

/** A node's name by its MAC, also of one that is not here. */
export function nameOfMac(mac) {
  const node = nodes().find((one) => one.mac === mac);
  return node ? nameOf(node) : mac;
}

/** Names of effects and palettes that a node has. */
export const catalogOf = (mac) => state.catalog?.nodes[mac] ?? state.catalog ?? { effects: [], palettes: [] };

/** What a node plays: its own, or what all play; by channel. */
export function channelsOf(mac) {
  const { scene, nodes: own = {} } = state.playing ?? {};
  return own[mac]?.channels ?? scene?.channels ?? {};
}
