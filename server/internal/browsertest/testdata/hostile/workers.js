// Workers of every kind, from every address that there is, worklets and service workers.

const s = settings.scripts;
const asBlob = (code) => URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
const asData = (code) => "data:text/javascript," + encodeURIComponent(code);
const hear = (me, port) => {
  port.onmessage = (e) => me.got(typeof e.data === "string" ? e.data : JSON.stringify(e.data));
  port.start?.();
};

const own = (name, start, control) => attempt(name, (me) => {
  const w = start(me, `postMessage("ran");` + me.code("postMessage"));
  hear(me, w.port ?? w);
  return new Promise((resolve, reject) => {
    (w.port ?? w).addEventListener("message", (e) => {
      if (e.data === "ran") me.footholds.push("ran a worker of its own");
      if (e.data === "failed") resolve();
    });
    w.onerror = () => reject(new Error("refused"));
    me.over.then(resolve);
  });
}, control);
const shared = (me) => `const told = []; let text; onconnect = (e) => (e.ports[0].postMessage("ran"), text) ? e.ports[0].postMessage(text) : told.push(e.ports[0]);` + me.code(`((t) => { text = t; told.forEach((p) => p.postMessage(t)) })`);

own("worker of a blob", (me, code) => new Worker(asURL(asBlob(code))));
own("worker of a blob, as a module", (me, code) => new Worker(asURL(asBlob(code)), { type: "module" }));
own("worker of data:", (me) => new Worker(asURL(asData(`import(${JSON.stringify(me.url)}).catch(() => {}); postMessage("data: ran")`))), { noControl: "its origin is none: the cookie does not go with what it asks" });
own("shared worker of a blob", (me) => new SharedWorker(asURL(asBlob(shared(me)))));
own("shared worker of a blob, as a module", (me) => new SharedWorker(asURL(asBlob(shared(me))), { type: "module" }));
own("worker of a blob that starts another", (me, code) => new Worker(asURL(asBlob(`const w = new Worker(URL.createObjectURL(new Blob([${JSON.stringify(code)}]))); w.onmessage = (e) => postMessage(e.data)`))));
own("worker of a blob that imports", (me) => new Worker(asURL(asBlob(`importScripts(${JSON.stringify(me.url)})`))));
own("worker of a blob that opens a WebSocket", (me) => new Worker(asURL(asBlob(`new WebSocket(${JSON.stringify(me.url.replace("http", "ws"))}).onerror = () => postMessage("failed")`))));
own("worker of a blob, in the realm of a frame", (me, code) => {
  const w = element("iframe").contentWindow;
  return new w.Worker(asURL(w.URL.createObjectURL(new Blob([code]))));
});
own("worker of a blob, in a window of about:blank", (me, code) => {
  const w = open("about:blank");
  return new w.Worker(asURL(w.URL.createObjectURL(new w.Blob([code]))));
});
own("worker of the API by GET", (me) => new Worker(asURL(me.url)));
own("worker of the API by GET, as a module", (me) => new Worker(asURL(me.url), { type: "module" }));
own("shared worker of the API by GET", (me) => new SharedWorker(asURL(me.url)));

// The worker's own script, started in other ways than the shim's. Its messages are all that comes out of it.
const greet = (me, port) => {
  hear(me, port);
  const lock = "latchkey-page-" + me.mark;
  return new Promise((resolve, reject) => navigator.locks.request(lock, () => {
    port.postMessage({ type: "hello", lock, path: "/posts", session: "none", user: "" });
    port.addEventListener("message", (e) => e.data.type === "ready" && port.postMessage({ type: "go", call: 1, path: "/account" }));
    return me.over.then(resolve);
  }).catch(reject));
};
const ours = (name, start) => attempt(name, (me) => {
  const w = start();
  return greet(me, w.port ?? w);
});
const module = { type: "module", name: "latchkey", extendedLifetime: true };
ours("our worker, as the shim starts it", () => new SharedWorker(asURL(s.worker), module));
ours("our worker, by another name", () => new SharedWorker(asURL(s.worker), { ...module, name: "x" }));
ours("our worker, as a classic script", () => new SharedWorker(asURL(s.worker), "classic"));
ours("our worker, without credentials", () => new SharedWorker(asURL(s.worker), { ...module, name: "omit", credentials: "omit" }));
ours("our worker, dedicated", () => new Worker(asURL(s.worker), module));
ours("our worker, dedicated and classic", () => new Worker(asURL(s.worker)));
ours("our worker, of another version", () => new SharedWorker(asURL("/assets/worker.js?v=x"), module));
ours("our worker, with a fragment and a longer query", () => new Worker(asURL(s.worker + "&x=1#//nowhere/"), module));
ours("our worker, by a path that is led back", () => new Worker(asURL("/assets//worker.js"), module));
ours("our worker, in the realm of a frame", () => new (element("iframe").contentWindow.SharedWorker)(asURL(location.origin + s.worker), module));
attempt("our worker's prototype, from a worker of a blob in its scope", (me) => {
  const w = new Worker(asURL(asBlob(`import(${JSON.stringify(location.origin + s.worker)}).then(() => {}, () => {}); self.pages = []; ${me.code("postMessage")}`)), { type: "module" });
  hear(me, w);
  return me.over;
});
for (const [what, path] of Object.entries({ "the page's script": s["page.js"], "the check's script": s["check.js"], "Go's start script": s["wasm_exec.js"], "a page": "/posts", "the health check": "/healthz", "the keys": "/.well-known/jwks.json", "a 404": "/nowhere.js", "the icon": s["icon.svg"], "a request that net/http cannot parse": "/%" })) {
  attempt(`worker of ${what}`, (me) => {
    for (const type of ["classic", "module"]) {
      hear(me, new Worker(asURL(path), { type }));
      hear(me, new SharedWorker(asURL(path), { type, name: type }).port);
    }
    return me.over;
  }, { noControl: "nothing in it answers anybody" });
}

for (const [what, path, control] of [
  ["our worker's script", s.worker], ["Go's start script", s["wasm_exec.js"]], ["the check's script", s["check.js"]],
  ["the page's script", s["page.js"], "it ends with an error where there is no document"],
  ["a page", "/posts", "it is no script"], ["the health check", "/healthz", "it is no script"], ["the API", "/graphql", "it is no script"], ["a 404", "/nowhere.js", "it is no script"],
]) {
  attempt(`service worker of ${what}`, async (me) => {
    const scope = "/assets/" + me.mark;
    for (const type of ["classic", "module"]) {
      try {
        const r = await navigator.serviceWorker.register(asURL(path), { scope: path.startsWith("/assets/") ? scope : path, type, updateViaCache: "all" });
        me.foothold("registered a service worker");
        await r.unregister();
      } catch (e) {
        me.got("refused: " + e);
      }
    }
  }, { noControl: control });
}
attempt("service worker of a blob", (me) => navigator.serviceWorker.register(asURL(asBlob(""))), { noControl: "a browser takes an address of http alone" });

const worklet = (name, of, control) => attempt(name, async (me) => {
  await of().addModule(asBlob(`import ${JSON.stringify(me.url)};`)).catch(() => {});
  await of().addModule(me.url).catch(() => {});
}, control);
worklet("worklet of audio", () => new OfflineAudioContext(1, 1, 44100).audioWorklet);
worklet("worklet of paint", () => CSS.paintWorklet);
worklet("worklet of layout", () => CSS.layoutWorklet, { noControl: "this browser has none" });
worklet("worklet of shared storage", () => sharedStorage.worklet, { noControl: "takes https addresses alone" });
