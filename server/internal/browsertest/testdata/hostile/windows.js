// Windows and frames on every answer of the origin: a document there with no policy would be a free realm.

const s = settings.scripts;
const answers = {
  "the start page": "/", "the posts": "/posts", "the account": "/account", "a page that leads on": "/login",
  "a 404": "/nowhere", "a 404 below the assets": "/assets/nowhere.js", "a redirect of the router": "//posts",
  "the health check": "/healthz", "the readiness check": "/readyz", "the keys": "/.well-known/jwks.json", "the API by GET": "/graphql",
  "the page's script": s["page.js"], "Go's start script": s["wasm_exec.js"], "the style sheet": s["style.css"], "the icon, a document of SVG": s["icon.svg"],
  "the worker's script": s.worker, "the worker's script of another version": "/assets/worker.js?v=0",
  "a request that net/http cannot parse": "/%", "a request that is too large": "/" + "a".repeat(100_000),
};
// stands says whether a window shows that answer, and not the empty document before it.
const stands = (path) => (w) => {
  const at = w.location.pathname;
  const led = ["//posts", "/login"].includes(path); // to another page
  return w.location.href !== "about:blank" && w.document.readyState === "complete" && (led || at + w.location.search === path);
};
for (const [what, path] of Object.entries(answers)) {
  const there = stands(path);
  const address = location.origin + path;
  attempt(`window on ${what}`, async (me) => {
    const w = open(address);
    await until(() => there(w));
    await exploit(me, w);
    w.close();
  });
  attempt(`frame on ${what}`, async (me) => {
    const f = element("iframe", { src: address });
    await until(() => there(f.contentWindow));
    await exploit(me, f.contentWindow);
    f.remove();
  });
}
attempt("window on a 405", async (me) => {
  const w = open("about:blank", me.mark);
  element("form", { action: "/healthz", method: "post", target: me.mark }).submit();
  await until(() => w.location.pathname === "/healthz" && w.document.readyState === "complete");
  await exploit(me, w);
});
attempt("window on a refused form", async (me) => {
  const w = open("about:blank", me.mark);
  element("form", { action: "/posts", method: "post", enctype: "multipart/form-data", target: me.mark }).submit();
  await until(() => w.location.pathname === "/posts" && w.document.readyState === "complete" && !w.document.querySelector("form"));
  await exploit(me, w);
});
attempt("window on the client's program", async (me) => {
  const w = open(s["latchkey.wasm"]);
  await until(() => w.location.pathname.endsWith(".wasm"));
  await exploit(me, w);
}, { noControl: "a browser saves it, and shows no document" });
for (const path of ["/healthz", "/%"]) {
  attempt(`window of ours led to ${path.slice(0, 20)}`, async (me) => {
    const w = await aPage();
    w.location = location.origin + path;
    await until(() => stands(path)(w));
    await exploit(me, w);
  });
}
attempt("window led to the worker's script and back to it through the history", async (me) => {
  const w = await aPage();
  w.location = s.worker;
  await until(() => stands(s.worker)(w));
  w.location = "/posts";
  await until(() => stands("/posts")(w));
  w.history.back();
  await until(() => stands(s.worker)(w));
  await exploit(me, w);
});
attempt("window on the worker's script, while a worker has it loaded", async (me) => {
  const worker = new Worker(asURL(s.worker), { type: "module" });
  await sleep(300);
  const w = open(s.worker);
  await until(() => stands(s.worker)(w));
  worker.terminate();
  await exploit(me, w);
});
attempt("window by name, of a frame", async (me) => {
  const w = await aPage();
  w.name = me.mark;
  const again = open("/healthz", me.mark);
  await until(() => stands("/healthz")(again));
  await exploit(me, again);
});
attempt("window without its opener, by a broadcast", async (me) => {
  new BroadcastChannel("latchkey").onmessage = (e) => me.got(JSON.stringify(e.data));
  open("/posts", "_blank", "noopener");
  return me.over;
});
attempt("meta refresh", async (me) => {
  const w = await aPage();
  w.document.head.append(element("meta", { httpEquiv: "refresh", content: "0;url=" + me.url }, null));
  me.got((await until(() => w.location.pathname === "/graphql" && w.document.body?.innerText && w.document)).body.innerText);
});
attempt("navigation by location", async (me) => {
  const w = await aPage();
  w.location = me.url;
  me.got((await until(() => w.location.pathname === "/graphql" && w.document.body?.innerText && w.document)).body.innerText);
});
attempt("navigation by the Navigation API", async (me) => {
  const w = await aPage();
  w.navigation.navigate(me.url);
  me.got((await until(() => w.location.pathname === "/graphql" && w.document.body?.innerText && w.document)).body.innerText);
});
attempt("the opener of the page", (me) => exploit(me, opener), { noControl: "nobody opened it" });
