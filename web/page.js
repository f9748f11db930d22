// The page's shim: forwards what the person does to the worker, and puts the HTML that comes back in place.
// It holds no token and no logic of the application. Until the worker is ready, and where it cannot run, it
// leaves every link and form to the browser: the server answers them all.
//
// A worker that crashes is started again, a few times; one that is mute cannot be ended by a page, so that all pages
// leave it to itself and go on with another, of the next number. The session is in the cookie, and outlives both.
//
// It runs before the page is parsed, so that the worker answers while that goes on, and is a classic script therefore;
// the build puts a function around it, so that nothing of it is a global.
//
// The messages, each an object with a `type`:
//   to the worker    knock {session, user, id, undecided} · hello {lock, path, session, user, id, undecided, kept, hidden}
//                    intent {call, path, intent, fields} · go {call, path} · checked {places: [{name, searched, found}]} · sight {hidden} · wake
//   from the worker  starting · ready · failed · view {call, path, title, html, session, user, focus} · patch {id, html}
"use strict";

const root = document.documentElement;
const CALL_TIMEOUT = 30_000; // ms: the worker answers every call within 20 s, if it lives
const FIRST_TIMEOUT = 60_000; // ms until the worker says that it is there
const START_TIMEOUT = 180_000; // ms until it is ready: the client may come over a slow line
const PAUSES = [1_000, 5_000, 25_000]; // ms before the first, second and third new start of a worker that failed
const SLOW = 2_000; // ms after which a page that is still on its way is shown as it comes
const STEADY = 60_000; // ms: a worker that was ready for so long may fail as often again
const NUMBER = "latchkey-worker"; // in local storage: the number of the worker that all pages are with

// The only policy of the page: HTML comes from the worker, and the only script it may name is the worker's.
const policy = trustedTypesPolicy();
function trustedTypesPolicy() {
  const rules = {
    createHTML: (html) => html,
    createScriptURL: (url) => {
      const u = new URL(url, location.href);
      if (u.origin === location.origin && u.pathname === "/assets/worker.js") return u.href;
      throw new TypeError("not the worker's address: " + u.pathname);
    },
  };
  return globalThis.trustedTypes ? trustedTypes.createPolicy("latchkey", rules) : rules;
}

let link = null; // to the worker: {port, worker, number, timer, held, release}; null: not connected
let failures = 0; // in a row
let since = 0; // when the worker was ready last
let again = 0; // the timer of the next start
let calls = 0;
let pending = null; // the one call under way: {call, path, push, busy, timer}

const here = () => location.pathname + location.search;
const ready = () => root.dataset.client === "ready";
let shown = here(); // what stands on the page: in the middle of a step through the history it is not what is here()
const parsed = new Promise((resolve) => document.addEventListener("DOMContentLoaded", resolve));

// Half a page is not shown: what stands on it would move as the rest comes. Where it is long in coming, it is.
root.dataset.parsing = "";
Promise.race([parsed, new Promise((resolve) => setTimeout(resolve, SLOW))]).then(() => {
  delete root.dataset.parsing;
  if (document.activeElement === document.body) document.querySelector("[autofocus]")?.focus(); // what is not shown takes no focus
});

// Whether there is a session, the server could not tell: the client's refresh will. Until then the page says that the
// session is being looked for; where no client runs, it shows the login form.
const undecided = () => "undecided" in root.dataset;
if (undecided()) root.dataset.looking = "";

start();

function start() {
  try {
    connect();
  } catch (error) {
    console.error("latchkey: no worker here:", error);
    failures = PAUSES.length; // nor will there be one
    failed();
  }
}

// connect opens a port to the worker. The page holds a lock of its own name as long as it is there: a port says
// nothing when its page dies, a lock is given back. Getting it takes two ways to the browser, between which the page
// may be drawn: so the page knocks first, and a worker that knows what it shows is ready at once. The hello, and all
// that is sent after it, waits for the lock. Both wait until the page is parsed: it is driven as a whole.
function connect() {
  const url = policy.createScriptURL(root.dataset.worker);
  const Kind = typeof SharedWorker === "function" ? SharedWorker : Worker;
  const number = current();
  const worker = new Kind(url, { type: "module", name: number ? "latchkey-" + number : "latchkey", extendedLifetime: true });
  const mine = (link = { worker, port: worker.port ?? worker, number, timer: setTimeout(mute, FIRST_TIMEOUT) });
  const broken = () => link === mine && failed(); // what an earlier connection comes to is of no interest any more
  worker.onerror = broken;
  mine.port.onmessage = (event) => link === mine && receive(event.data);
  const { session, user, id } = root.dataset, shows = { session, user, id, undecided: undecided() };
  mine.port.postMessage({ type: "knock", ...shows });
  const lock = "latchkey-page-" + crypto.randomUUID();
  mine.held = new Promise((held) => {
    navigator.locks.request(lock, async () => {
      await parsed;
      if (link !== mine) return; // the page has left before the lock came
      mine.port.postMessage({ type: "hello", lock, path: here(), ...shows, kept: heldPost(), hidden: document.hidden });
      held();
      return new Promise((resolve) => (mine.release = resolve));
    }).catch(broken);
  });
}

function disconnect() {
  settle();
  clearTimeout(again);
  if (!link) return;
  clearTimeout(link.timer);
  link.release?.(); // if it was held: the worker then knows that this page has gone
  if (link.port === link.worker) link.worker.terminate(); // a dedicated worker would live on
  else link.port.close();
  link = null;
}

function send(message) {
  const mine = link;
  mine?.held.then(() => link === mine && mine.port.postMessage(message));
}

// failed leaves everything to the browser, until the worker is there again. A page that was being waited for is
// fetched from the server; an intent is not stated twice: its form stands there as it was, to be sent again.
function failed() {
  const path = pending?.path;
  if (ready() && performance.now() - since > STEADY) failures = 0;
  disconnect();
  delete root.dataset.looking;
  root.dataset.client = "failed";
  if (path) location.assign(path);
  else if (failures < PAUSES.length) again = setTimeout(start, PAUSES[failures++]); // all pages at once: one start for all
}

// current is the number of the worker that the pages are with. Where there is no storage it stays the same.
function current() {
  try {
    return Number(localStorage.getItem(NUMBER)) || 0;
  } catch {
    return 0;
  }
}

// mute leaves a worker that does not answer: storage tells this and every other page to go on with the next.
function mute() {
  console.error("latchkey: the worker does not answer");
  try {
    localStorage.setItem(NUMBER, Math.max(current(), link.number + 1));
  } catch {
    // Then a new connection to the same worker is all that can be tried.
  }
  failed();
}
addEventListener("storage", (event) => {
  if (event.key === NUMBER && link && link.number !== current()) failed();
});

function receive(message) {
  switch (message.type) {
    case "starting":
      clearTimeout(link.timer);
      link.timer = setTimeout(mute, START_TIMEOUT);
      break;
    case "ready":
      drive(link);
      break;
    case "failed":
      failed();
      break;
    case "view":
      show(message);
      break;
    case "patch": {
      const target = document.getElementById(message.id);
      if (target) target.innerHTML = policy.createHTML(message.html);
      break;
    }
  }
}

async function drive(mine) {
  clearTimeout(mine.timer);
  await parsed;
  if (link !== mine) return;
  since = performance.now();
  root.dataset.client = "ready";
  performance.mark("latchkey-ready"); // for whoever measures
  (globalThis.requestIdleCallback ?? setTimeout)(check); // it takes a moment, and the page may not be drawn yet
  if (!document.querySelector("footer")) ask({ type: "go", path: here() }, { push: false }); // the end of the page never came
}

// show puts a page in place: one that was asked for, or one that the worker sends because the session changed.
function show(view) {
  const call = pending?.call === view.call ? pending : null;
  if (view.call && !call) return; // an answer to a call that was given up
  if (call) settle();
  if (view.session === "ended") keep();
  const found = "looking" in root.dataset && document.querySelector(".looking") && document.activeElement === document.body;
  const instead = typedInstead();
  put(view.html);
  instead();
  delete root.dataset.undecided;
  delete root.dataset.looking;
  document.title = view.title;
  root.dataset.session = view.session;
  root.dataset.user = view.user;
  delete root.dataset.id; // the server's word, of the page that it rendered
  if (view.path !== here()) {
    if (call?.push) history.pushState(null, "", view.path);
    else history.replaceState(null, "", view.path); // nobody went anywhere
  }
  shown = view.path;
  if (view.session === "active") putBack();
  if (call || found) {
    if (call?.push) scrollTo(0, 0);
    const target = (view.focus && document.getElementById(view.focus)) || document.getElementById("heading");
    if (target) target.focus({ preventScroll: !view.focus });
  }
  if (!checked) check();
}

// put replaces the page around the region of its notice, and then what stands in that: a screen reader speaks what comes
// into a region that it knows, and not what arrives together with one.
function put(html) {
  const template = document.createElement("template");
  template.innerHTML = policy.createHTML(html);
  const region = document.getElementById("notice");
  if (!region) return document.body.replaceChildren(template.content); // of half a page that came
  const next = template.content.getElementById("notice");
  for (let old = region, now = next; old.id !== "app"; old = old.parentNode, now = now.parentNode) {
    for (const other of [...old.parentNode.childNodes]) if (other !== old) other.remove();
    const all = [...now.parentNode.childNodes], at = all.indexOf(now);
    old.before(...all.slice(0, at));
    old.after(...all.slice(at + 1));
  }
  region.replaceChildren(...next.childNodes);
}

// ask sends a call of which only one is under way at a time; busy is the element that shows it.
function ask(message, { push, busy }) {
  settle();
  const call = ++calls;
  const timer = setTimeout(mute, CALL_TIMEOUT);
  pending = { call, path: message.type === "go" && message.path, push, busy, timer };
  busy?.setAttribute("aria-busy", "true");
  send({ ...message, call });
}

function settle() {
  if (!pending) return;
  clearTimeout(pending.timer);
  pending.busy?.removeAttribute("aria-busy");
  pending = null;
}

// What was typed and not sent as the session ended is kept until somebody is logged in again, and put back if that is
// the same user. Passwords are no texts.
let kept = null; // {user, texts: [{intent, name, value}]}
const textsOf = () => [...document.querySelectorAll("form :is(input[type=text], textarea)[name]")];
const intentOf = (field) => field.form.elements.namedItem("intent")?.value;

// heldPost is the post that an undecided page holds for its author, as the fields of its login form.
function heldPost() {
  const value = (name) => document.querySelector(`input[name=kept-${name}]`)?.value ?? "";
  return undecided() ? { user: value("user"), title: value("title"), body: value("body") } : {};
}

// typedInstead returns what puts back into the next page what was typed into the form of an undecided one.
function typedInstead() {
  const fields = [...document.querySelectorAll(".instead input:not([type=hidden])")], active = document.activeElement;
  return () => fields.forEach((field) => {
    const next = document.getElementById(field.id);
    if (next && !next.value) next.value = field.value;
    if (field === active) next?.focus();
  });
}

function keep() {
  const texts = textsOf().filter((field) => field.value).map((field) => ({ intent: intentOf(field), name: field.name, value: field.value }));
  if (root.dataset.user && texts.length) kept = { user: root.dataset.user, texts };
}

function putBack() {
  const texts = kept?.user === root.dataset.user ? kept.texts : [];
  kept = null;
  for (const field of textsOf()) {
    const text = texts.find((text) => text.intent === intentOf(field) && text.name === field.name);
    if (text && !field.value) field.value = text.value;
  }
}

// check searches the page once there is a token to search for, and whenever the person asks; the worker keeps and
// shows what came of it. Where its script cannot be had, the person may ask again.
const before = Object.getOwnPropertyNames(globalThis); // what the browser gives every page
let checked = false;
async function check() {
  if (!document.getElementById("token-check")) return;
  checked = true;
  try {
    const { searchForToken } = await import("./check.js");
    send({ type: "checked", places: await searchForToken(before) });
  } catch (error) {
    console.error("latchkey: the page cannot be searched:", error);
  }
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!ready() || event.defaultPrevented || event.submitter?.hasAttribute("formaction")) return;
  const data = new FormData(form, event.submitter);
  const intent = data.get("intent");
  if (typeof intent !== "string") return;
  event.preventDefault();
  if (form.getAttribute("aria-busy") === "true") return; // a double click is one intent
  data.delete("intent");
  ask({ type: "intent", path: here(), intent, fields: Object.fromEntries(data) }, { push: true, busy: form });
});

document.addEventListener("click", (event) => {
  if (event.target.closest?.("[data-instead]")) {
    delete root.dataset.looking;
    document.querySelector(".instead input:not([type=hidden])")?.focus();
    return;
  }
  if (event.target.closest?.("[data-check]")) {
    if (ready()) check();
    return;
  }
  const link = event.target.closest?.("a[href]");
  if (!link || !ready() || event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || link.target || link.hasAttribute("download")) return;
  const to = new URL(link.href, location.href);
  if (to.origin !== location.origin || to.pathname.startsWith("/assets/")) return;
  if (to.hash && to.pathname + to.search === here()) return;
  event.preventDefault();
  ask({ type: "go", path: to.pathname + to.search }, { push: true, busy: link });
});

addEventListener("popstate", () => {
  // A link within the page comes by here too. Where an earlier step is still being answered, that answer is not for
  // where the person has gone since.
  if (here() === shown && (!pending || pending.push)) return;
  if (ready()) ask({ type: "go", path: here() }, { push: false, busy: document.getElementById("main") });
  else location.reload();
});

// What the worker's timers may have missed: a machine that slept, a network that is back.
const wake = () => ready() && send({ type: "wake" });
addEventListener("online", wake);
document.addEventListener("visibilitychange", () => {
  send({ type: "sight", hidden: document.hidden });
  if (!document.hidden) wake();
});

// A page in the back-forward cache counts as gone, and introduces itself anew when it is shown again.
addEventListener("pagehide", () => {
  disconnect();
  root.dataset.client = "server";
});
addEventListener("pageshow", (event) => {
  if (event.persisted) start();
});
