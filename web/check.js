// Searches everything that a script of the page can read for something that looks like an access token, and counts
// what it read. The page does not know the token, so it looks for the form that every JWT has.

const JWT = /eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}/;
const DEEPEST = 4; // levels of objects below a global
const MOST = 20_000; // values read of one place

// searchForToken returns [{name, searched, found}]: for each place how many values were read, and how many of them
// hold a token. A place that the browser does not have, or does not let a script read, counts 0 values. The names in
// before are of what the window had before any script ran.
export async function searchForToken(before) {
  const places = [];
  for (const [name, read] of PLACES) {
    let searched = 0, found = 0;
    try {
      for (const value of await read(before)) {
        searched++;
        if (JWT.test(value)) found++;
      }
    } catch {
      // What a script is not let at, as storage where the browser blocks it, holds nothing for it.
    }
    places.push({ name, searched, found });
  }
  return places;
}

const PLACES = [
  ["Cookies a script can read", () => document.cookie.split(/;\s*/).filter(Boolean)],
  ["Local storage", () => Object.entries({ ...localStorage }).flat()],
  ["Session storage", () => Object.entries({ ...sessionStorage }).flat()],
  ["IndexedDB", indexedDBValues],
  ["Cache storage", cacheValues],
  ["The page's markup", () => markup()],
  ["The page's global variables", (before) => strings(ownGlobals(before), DEEPEST)],
  ["Address, history, referrer and window name", () => [location.href, JSON.stringify(history.state), document.referrer, window.name]],
  ["Addresses of what was loaded", () => performance.getEntries().map((entry) => entry.name)],
];

function* markup() {
  for (const element of document.querySelectorAll("*")) {
    for (const attribute of element.attributes) yield attribute.value;
    if ("value" in element && typeof element.value === "string" && element.type !== "password") yield element.value;
    for (const child of element.childNodes) if (child.nodeType !== Node.ELEMENT_NODE) yield child.data;
  }
}

// ownGlobals are the window's properties that are no part of the browser. Of those that were there before, the ones that
// are not enumerable are the browser's: a thousand constructors, each of which is made when it is looked at first, and
// takes a tab some MB in all.
function ownGlobals(before) {
  const out = {}, natural = new Set(before), enumerable = new Set(Object.keys(window));
  for (const key of Object.getOwnPropertyNames(window)) {
    if (natural.has(key) && !enumerable.has(key)) continue;
    const { value, get } = Object.getOwnPropertyDescriptor(window, key);
    if (!get && typeof value !== "function" && !(value instanceof Window)) out[key] = value;
  }
  return out;
}

// strings yields every string in an object's own properties, down to some levels.
function strings(top, deepest) {
  const out = [], seen = new Set();
  (function walk(value, depth) {
    if (out.length >= MOST) return;
    if (typeof value === "string") out.push(value);
    if (value === null || typeof value !== "object" || seen.has(value) || depth === 0) return;
    seen.add(value);
    if (value instanceof Node) return; // read as markup
    for (const key of Object.getOwnPropertyNames(value)) {
      const own = Object.getOwnPropertyDescriptor(value, key);
      if ("value" in own) walk(own.value, depth - 1);
    }
  })(top, deepest);
  return out;
}

async function indexedDBValues() {
  const out = [];
  for (const { name } of (await indexedDB.databases?.()) ?? []) {
    const db = await settled(indexedDB.open(name));
    for (const store of db.objectStoreNames) {
      const rows = await settled(db.transaction(store).objectStore(store).getAll());
      out.push(...strings(rows, DEEPEST));
    }
    db.close();
  }
  return out;
}

function settled(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function cacheValues() {
  const out = [];
  if (!globalThis.caches) return out;
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const request of await cache.keys()) {
      out.push(request.url, await (await cache.match(request)).text());
    }
  }
  return out;
}
