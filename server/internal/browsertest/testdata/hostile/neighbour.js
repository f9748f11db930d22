// A page of another server: of the same site, or of another one.

const app = new URL(settings.api).origin;
const sameSite = location.hostname.endsWith(".site.localhost");
const strange = sameSite ? {} : { noControl: "this browser sends no cookie with what another site loads" };
const mine = sameSite ? {} : { noControl: "another site can set no cookie of this one" };

attempt("neighbour, fetch with the cookie", (me) => me.read(fetch(settings.api, me.post({ credentials: "include" }))), strange);
attempt("neighbour, fetch without CORS", (me) => fetch(settings.api, { method: "POST", mode: "no-cors", credentials: "include", body: me.body }), strange);
attempt("neighbour, fetch by GET", (me) => me.read(fetch(me.url, { credentials: "include" })), strange);
attempt("neighbour, fetch with keepalive", (me) => fetch(settings.api, { method: "POST", mode: "no-cors", keepalive: true, credentials: "include", body: me.body }), strange);
attempt("neighbour, XMLHttpRequest", (me) => new Promise((resolve, reject) => {
  const x = new XMLHttpRequest();
  x.open("POST", settings.api);
  x.withCredentials = true;
  x.onload = () => resolve(me.got(x.responseText));
  x.onerror = () => reject(new Error("refused"));
  x.send(me.body);
}), strange);
attempt("neighbour, sendBeacon", (me) => void navigator.sendBeacon(settings.api, me.body), strange);
attempt("neighbour, EventSource", (me) => new Promise((resolve) => (new EventSource(me.url, { withCredentials: true }).onerror = resolve)), strange);
attempt("neighbour, WebSocket", (me) => new Promise((resolve) => (new WebSocket(me.url.replace("http", "ws")).onerror = resolve)), strange);
attempt("neighbour, img", (me) => loaded(element("img", { src: me.url })).catch(() => {}), strange);
attempt("neighbour, script", (me) => loaded(element("script", { src: me.url })).catch(() => {}), strange);
attempt("neighbour, script with the cookie", (me) => loaded(element("script", { crossOrigin: "use-credentials", src: me.url })).catch(() => {}), strange);
attempt("neighbour, style sheet", (me) => loaded(element("link", { rel: "stylesheet", href: me.url })).catch(() => {}), strange);
attempt("neighbour, the worker's script", (me) => import(app + settings.scripts.worker), { noControl: "a module of another origin comes without the cookie" });
attempt("neighbour, our worker", (me) => new SharedWorker(app + settings.scripts.worker), { noControl: "a browser starts no worker of another origin" });
for (const enctype of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]) {
  for (const target of ["window", "frame"]) {
    attempt(`neighbour, form of ${enctype} to a ${target}`, (me) => {
      if (target === "window") open("about:blank", me.mark);
      else element("iframe", { name: me.mark });
      const form = element("form", { action: settings.api, method: "post", enctype, target: me.mark });
      if (enctype === "text/plain") element("input", { name: `{"query":${JSON.stringify(me.query)},"extensions":{"x":"`, value: `"}}` }, form);
      else element("input", { name: "query", value: me.query }, form);
      form.submit();
    }, target === "frame" ? strange : {});
  }
}
attempt("neighbour, a form that publishes a post", (me) => {
  open("about:blank", me.mark);
  const form = element("form", { action: app + "/posts", method: "post", target: me.mark });
  for (const [name, value] of Object.entries({ intent: "publish", title: me.mark, body: "x" })) element("input", { name, value }, form);
  form.submit();
});
attempt("neighbour, window led to the API", (me) => void open(me.url));
const heardFrom = (name, start, control) => attempt(name, (me) => {
  addEventListener("message", (e) => e.origin === app && me.got(JSON.stringify(e.data)));
  const w = start(me);
  setInterval(() => {
    w?.postMessage({ type: "hello" }, "*");
    w?.postMessage({ type: "view", call: 0, html: "<b>x</b>", path: "/posts", token: true }, "*");
  }, 100);
  return me.over;
}, control);
for (const path of ["/", "/posts", "/account"]) {
  heardFrom(`neighbour, a frame of ${path}`, () => element("iframe", { src: app + path }).contentWindow);
  heardFrom(`neighbour, a window of ${path}`, () => open(app + path));
}
heardFrom("neighbour, an object of /posts", () => void element("object", { type: "text/html", data: app + "/posts" }));
heardFrom("neighbour, a frame that is sandboxed", () => element("iframe", { sandbox: "allow-scripts allow-same-origin allow-forms", src: app + "/posts" }).contentWindow);
heardFrom("neighbour, a window led there and back", () => {
  const w = open(location.href);
  setTimeout(() => (w.location = app + "/posts"), 200);
  return w;
});
attempt("neighbour, document.domain", async (me) => {
  document.domain = "site.localhost";
  const w = element("iframe", { src: app + "/posts" }).contentWindow;
  await until(() => w.location.pathname === "/posts");
  await exploit(me, w);
}, { noControl: "our pages set none, and both have to" });

// Cookies: of the same site a neighbour may set some for all hosts of it.
let turn = Promise.resolve();
let after = () => {}; // takes away again what was planted
const planting = (name, plant, control = mine) => attempt(name, (me) => (turn = turn.then(async () => {
  await plant(me, settings.cookie, "Domain=site.localhost; Path=/");
  await loaded(element("img", { src: app + "/healthz?" + Math.random() })).catch(() => {});
  await after();
}).catch((e) => me.got("refused: " + e))), control);
planting("neighbour, a cookie of our name", (me, name, there) => (document.cookie = `${name}=${me.mark}; ${there}`));
planting("neighbour, a secure cookie of our name", (me, name, there) => (document.cookie = `${name}=${me.mark}; ${there}; Secure`));
planting("neighbour, a cookie for a path", (me, name) => (document.cookie = `${name}=${me.mark}; Domain=site.localhost; Path=/healthz; Secure`));
planting("neighbour, a cookie without a name", (me, name, there) => (document.cookie = `=${name}=${me.mark}; ${there}; Secure`), { noControl: "a browser takes no value with a = where there is no name" });
planting("neighbour, a cookie by cookieStore", (me, name) => cookieStore.set({ name, value: me.mark, domain: "site.localhost" }));
for (const more of ["", "; Secure", "; Secure; HttpOnly", "; Secure; HttpOnly; Partitioned", "; Secure; HttpOnly; SameSite=Lax"]) {
  planting(`neighbour, a cookie by an answer${more}`, (me, name, there) => {
    const answer = (cookie) => loaded(element("iframe", { src: "/?cookie=" + encodeURIComponent(cookie) }));
    after = () => answer(`${name}=; ${there}${more}; Max-Age=0`);
    return answer(`${name}=${me.mark}; ${there}${more}`);
  });
}
