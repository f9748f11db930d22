// Everything that a script of the page can read, and every channel that it can listen to.

const readable = (name, read, control) => attempt(name, async (me) => {
  for (; ;) {
    try {
      const value = await read(me);
      me.got(typeof value === "string" ? value : JSON.stringify(value) ?? "");
    } catch (e) {
      me.got("refused: " + e);
    }
    if (me.gathered.some((text) => secretForm.test(text))) return;
    await sleep(100);
  }
}, control);
const done = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});
const plain = (object) => {
  const out = {};
  for (const key of Object.getOwnPropertyNames(object)) {
    try {
      if (!(object[key] instanceof Window) && !(object[key] instanceof Node)) out[key] = JSON.stringify(object[key]);
    } catch {
      // refers to itself, or does not let itself be read
    }
  }
  return out;
};

readable("document.cookie", () => document.cookie);
readable("cookieStore", () => cookieStore.getAll());
readable("localStorage", () => ({ ...localStorage }));
readable("sessionStorage", () => ({ ...sessionStorage }));
readable("IndexedDB", async () => {
  const out = [];
  for (const { name } of await indexedDB.databases()) {
    const db = await done(indexedDB.open(name));
    for (const store of db.objectStoreNames) out.push(await done(db.transaction(store).objectStore(store).getAll()));
    db.close();
  }
  return out;
});
readable("Cache storage", async () => {
  const out = [];
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const request of await cache.keys()) out.push(request.url, await (await cache.match(request)).text());
  }
  return out;
});
readable("the private file system", async () => {
  const out = [];
  for await (const [name, handle] of await navigator.storage.getDirectory()) out.push(name, await (await handle.getFile()).text());
  return out;
});
readable("attributes of the document", () => [...document.querySelectorAll("*")].flatMap((e) => [...e.attributes].map((a) => a.value)));
readable("text of the document", () => document.documentElement.textContent);
readable("values of fields", () => [...document.querySelectorAll("input, textarea")].map((e) => e.value), { noControl: "even the naive client puts it in none" });
readable("globals", () => plain(window));
readable("globals of a frame", () => plain(element("iframe").contentWindow.parent));
readable("history.state", () => history.state);
readable("the Navigation API", () => navigation.entries().map((e) => [e.url, e.getState()]), { noControl: "its states are not the history's, and no address of a page holds a token" });
readable("window.name", () => window.name);
readable("referrer and address", () => document.referrer + location.href, { noControl: "even the naive client leaves them alone" });
readable("performance entries", () => performance.getEntries().map((e) => e.name));
readable("names of Web Locks", () => navigator.locks.query());
readable("what the page's script exports", async () => plain(await import(location.origin + settings.scripts["page.js"])), { noControl: "even the naive client exports nothing" });
readable("documents of every page", async (me) => {
  const out = [];
  for (const path of ["/", "/posts", "/account"]) {
    const w = await aPage(path);
    await sleep(500);
    out.push(w.document.documentElement.outerHTML, JSON.stringify(plain(w)), w.name);
    w.close();
  }
  return out;
});
readable("the clipboard", () => navigator.clipboard.readText(), { noControl: "a browser lets a page read it in the foreground, with permission" });
readable("registrations of service workers", async () => (await navigator.serviceWorker.getRegistrations()).map((r) => r.scope), { noControl: "even the naive client has none" });
readable("passwords that the browser keeps", async () => plain((await navigator.credentials.get({ password: true })) ?? {}), { noControl: "a browser in a test keeps none" });

const hears = (name, start, control) => attempt(name, (me) => {
  start((value) => me.got(typeof value === "string" ? value : JSON.stringify(value)), me);
  return me.over;
}, control);
hears("BroadcastChannel", (tell) => {
  for (const name of ["latchkey", "session", "token", "auth"]) new BroadcastChannel(name).onmessage = (e) => tell(e.data);
});
hears("the workers' channel", (tell) => {
  const channel = new BroadcastChannel("latchkey-session");
  channel.onmessage = (e) => tell(e.data);
  const say = (id) => () => channel.postMessage({ type: "session", id });
  setInterval(say(""), 100); // which is not so, and makes them ask and tell
  setInterval(say("00000000-0000-7000-8000-000000000000"), 130);
});
hears("storage events", (tell) => {
  addEventListener("storage", (e) => tell(e.newValue));
  open("/posts");
});
hears("messages to the window", (tell) => addEventListener("message", (e) => tell(e.data)));
hears("messages from a window that the page opened", (tell) => {
  addEventListener("message", (e) => tell(e.data));
  const w = open("/account");
  setInterval(() => w.postMessage({ type: "hello" }, "*"), 100);
});
hears("custom events", (tell) => addEventListener("token", (e) => tell(e.detail)));
hears("errors", (tell) => addEventListener("error", (e) => tell(e.message)));
hears("PerformanceObserver", (tell) => new PerformanceObserver((list) => list.getEntries().forEach((e) => tell(e.name))).observe({ type: "resource", buffered: true }));
hears("reports", (tell) => {
  new ReportingObserver((reports) => reports.forEach((r) => tell(r.url + JSON.stringify(r.body))), { buffered: true }).observe();
  addEventListener("securitypolicyviolation", (e) => tell(e.blockedURI + " " + e.sample));
  element("img", { src: "http://localhost:1/" });
}, { noControl: "they tell of what was blocked, and of nothing else" });
hears("reports to an address of one's own", (tell, me) => {
  element("meta", { httpEquiv: "Content-Security-Policy", content: `img-src 'none'; report-uri ${me.url}` }, document.head);
  element("img", { src: "/healthz" });
}, { noControl: "a browser takes no such address from a document" });
hears("mutations of the document", (tell) => {
  new MutationObserver((list) => list.forEach((m) => tell(m.target.outerHTML ?? m.target.data))).observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
  document.documentElement.append(document.createComment("x"));
});
