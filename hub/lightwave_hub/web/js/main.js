// The hub's page: which view is shown, whether the hub is there, and who may come in. No outside address.

import { find, say, write } from "./dom.js";
import { connect, enter, on } from "./hub.js";
import { lookAtFleet, startFleet } from "./fleet.js";
import { startHealth } from "./health.js";
import { lookAtLog, startLog } from "./log.js";
import { lookAtNode, startNode } from "./node.js";
import { lookAtShow, startShow } from "./show.js";
import { startStage } from "./stage.js";
import { lookAtStrips } from "./strips.js";

const VIEWS = { stage: () => {}, show: lookAtShow, node: lookAtNode, health: () => {}, fleet: lookAtFleet, log: lookAtLog };

function showView() {
  const wanted = location.hash.slice(1).split("/")[0];
  const view = wanted in VIEWS ? wanted : "stage";
  for (const name of Object.keys(VIEWS)) {
    find(name).hidden = name !== view;
    const link = document.querySelector(`nav a[href="#${name}"]`);
    if (name === view) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  lookAtStrips(view === "stage");
  VIEWS[view]();
  scrollTo(0, 0);
}

/** The link printed at the hub's first start carries the token behind the #, where no server and no log sees it. */
async function enterByLink() {
  const found = /^#token=([\w.~-]+)$/.exec(location.hash);
  if (!found) return;
  history.replaceState(null, "", location.pathname);
  await enter(found[1]).catch((error) => say(error.message, true));
}

function startAccess() {
  on("access", ({ needed }) => {
    const dialog = find("access");
    if (needed && !dialog.open) dialog.showModal();
    if (!needed && dialog.open) dialog.close();
  });
  find("access-form").addEventListener("submit", (event) => {
    event.preventDefault();
    enter(find("token").value.trim())
      .then(() => { find("token").value = ""; write(find("access-problem"), ""); })
      .catch((error) => write(find("access-problem"), error.message));
  });
}

function start() {
  startStage();
  startShow();
  startNode();
  startHealth();
  startFleet();
  startLog();
  startAccess();
  on("connection", ({ up }) => {
    document.body.classList.toggle("offline", !up);
    write(find("connection"), up ? "connected" : "no answer from the hub; still trying");
  });
  on("welcome", ({ name, role }) => {
    write(find("name"), name);
    document.title = name;
    document.body.dataset.role = role;
  });
  find("skip").addEventListener("click", (event) => { // the address says which view it is
    event.preventDefault();
    find("main").focus();
  });
  window.addEventListener("hashchange", showView);
}

start();
await enterByLink();
showView();
connect();
