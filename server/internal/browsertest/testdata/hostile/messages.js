// Messages to the worker: of the shim's kinds, of invented ones, and random ones. All that it says is gathered.

const kinds = ["knock", "hello", "intent", "go", "checked", "ready", "view", "patch", "failed", "token", "refresh", "query", "eval", "graphql", "fetch", "__proto__", "constructor"];
const intents = ["login", "signup", "signUp", "logout-not", "publish", "delete", "revoke", "query", "mutation", "refreshToken", "token", "accessToken", "toString", "__proto__", ""];
const wishes = ["{{.Token}}", "{token}", "${token}", "{{token}}", "<b data-token=token>", "%s", "%v", "%+v", "mutation { refreshToken { accessToken } }", "query { me { id } }", "/graphql", "/graphql?query={me{id}}", "/assets/worker.js", "//localhost/", "javascript:1", "\u0000", "eyJ", "../graphql"];

async function connect(me, hello = {}) {
  const { port } = new SharedWorker(asURL(settings.scripts.worker), { type: "module", name: "latchkey", extendedLifetime: true });
  const ready = new Promise((resolve) => (port.onmessage = (e) => {
    me.got(JSON.stringify(e.data));
    if (e.data.type === "ready") resolve();
  }));
  const lock = "latchkey-page-" + crypto.randomUUID();
  await new Promise((resolve) => navigator.locks.request(lock, () => (resolve(), new Promise(() => {}))));
  port.postMessage({ type: "hello", lock, path: "/posts", session: "active", user: document.documentElement.dataset.user, ...hello });
  await ready; // what comes earlier is not read
  return port;
}
const says = (name, say) => attempt(name, async (me) => {
  await say(await connect(me), me);
  return me.over;
});
let calls = 0;
const call = (port, more) => (port.postMessage({ call: ++calls, path: "/posts", fields: {}, ...more }), sleep(60));

attempt("worker, knocks without a hello", async (me) => {
  const { port } = new SharedWorker(asURL(settings.scripts.worker), { type: "module", name: "latchkey", extendedLifetime: true });
  port.onmessage = (e) => me.got(JSON.stringify(e.data));
  for (const user of [document.documentElement.dataset.user, "", "00000000-0000-7000-8000-000000000000", {}, 1n]) {
    for (const session of ["active", "none", "ended", user]) port.postMessage({ type: "knock", session, user });
    for (const type of kinds.slice(2)) port.postMessage({ type, call: 1, path: "/posts", intent: "publish", fields: { title: "x", body: "x" } });
  }
  await sleep(300);
  return me.over;
});
attempt("worker, a hello", async (me) => (await connect(me), me.over));
attempt("worker, a hello of nobody", async (me) => (await connect(me, { session: "none", user: "" }), me.over));
attempt("worker, a hello of another user", async (me) => (await connect(me, { user: "00000000-0000-7000-8000-000000000000" }), me.over));
attempt("worker, a hello at a path of the API", async (me) => (await connect(me, { path: "/graphql" }), me.over));
says("worker, every page", async (port) => {
  for (const path of ["/", "/posts", "/account", "/login", "/signup", "/nowhere", "/posts?token=1", ...wishes]) await call(port, { type: "go", path });
});
says("worker, every kind of message", async (port) => {
  for (const type of kinds) await call(port, { type, id: "token", html: "token", token: true, query: "{ me { id } }" });
});
says("worker, every intent", async (port) => {
  for (const intent of intents) await call(port, { type: "intent", intent, fields: { query: "mutation { refreshToken { accessToken } }", title: "x", token: "1" } });
});
says("worker, a page that would show the token", async (port) => {
  for (const wish of wishes) await call(port, { type: "intent", intent: "publish", fields: { title: wish, body: wish } });
  for (const wish of wishes) port.postMessage({ type: "checked", places: [{ name: wish, searched: 1, found: 1 }, { name: "x", searched: 1e308, found: -1 }] });
});
says("worker, a login that fails", async (port) => {
  await call(port, { type: "intent", path: "/login", intent: "login", fields: { email: "{{.Token}}", password: "{{.Token}}" } });
});
says("worker, a session that is none of one's own", async (port) => {
  await call(port, { type: "intent", path: "/account", intent: "revoke", fields: { id: "00000000-0000-7000-8000-000000000000" } });
});
says("worker, objects with names of prototypes", async (port) => {
  const odd = JSON.parse('{"type":"intent","intent":"publish","call":1,"path":"/posts","__proto__":{"token":1},"fields":{"__proto__":{"title":"x"},"constructor":"x","toString":"x"}}');
  port.postMessage(odd);
  port.postMessage(Object.assign([], odd));
  port.postMessage(new Map(Object.entries(odd)));
});
says("worker, ports and buffers handed over", async (port, me) => {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = (e) => me.got(JSON.stringify(e.data));
  port.postMessage({ type: "hello", lock: "latchkey-page-x", port: port2 }, [port2]);
  const buffer = new ArrayBuffer(1 << 16);
  port.postMessage({ type: "go", path: buffer }, [buffer]);
});
says("worker, an error provoked", async (port) => {
  for (const path of ["/posts?after=x", "/posts?first=-1", "/" + "a".repeat(8000), "/%", "/\ud800", "?", "#"]) await call(port, { type: "go", path });
});
says("worker, calls that overtake each other", async (port) => {
  for (let i = 0; i < 300; i++) port.postMessage({ type: i % 3 ? "go" : "intent", intent: "query", call: i, path: i % 2 ? "/posts" : "/account", fields: {} });
});

// random is mulberry32: the same messages in every run.
function random(seed) {
  return () => {
    let t = (seed += 0x6d2b79f5);
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
for (const seed of [1, 2, 3]) {
  says(`worker, random messages with seed ${seed}`, async (port) => {
    const next = random(seed), of = (list) => list[Math.floor(next() * list.length)];
    const value = (depth) => of([() => of(wishes), () => of(intents), () => of(kinds), () => next() * 1e6, () => null, () => true, () => -1, () => [value(1)],
      () => (depth > 2 ? {} : Object.fromEntries([1, 2, 3].map(() => [of(["type", "intent", "title", "body", "token", "query", "path", "id", "name"]), value(depth + 1)])))])();
    for (let i = 0; i < 400; i++) {
      const m = { type: next() < 0.9 ? of(["intent", "go", "checked"]) : value(0) };
      for (const key of ["call", "path", "intent", "fields", "places", "lock", "session", "user", "token", "query", "html", "id"]) {
        if (next() < 0.6) m[key] = key === "fields" ? Object.fromEntries(["title", "body", "id", "email", "password", "query"].map((k) => [k, value(1)])) : value(0);
      }
      // These would end the session, which is the person's to end, and not a secret.
      if (!/^(logout|delete)/.test(m.intent)) port.postMessage(m);
      if (i % 50 === 0) await sleep(30);
    }
  });
}
