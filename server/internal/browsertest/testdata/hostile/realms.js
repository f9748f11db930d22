// Documents that are made on the spot: they have the policy of who made them.

const inFrame = (name, set, ready = (w) => w.document.readyState === "complete", control) => attempt(name, async (me) => {
  const f = element("iframe", typeof set === "function" ? set(me) : set);
  await until(() => ready(f.contentWindow));
  await exploit(me, f.contentWindow);
}, control);
const speaks = (me) => {
  addEventListener("message", (e) => e.data?.mark === me.mark && me.got(e.data.text));
  return me.over;
};
const runs = (me) => {
  addEventListener("message", (e) => e.data === me.mark && me.foothold("ran a script of its own"));
  return me.over;
};
const page = (me, to) => `<body><script>${me.code(`((text) => ${to}.postMessage({ mark: "${me.mark}", text }, "*"))`)}</scr` + `ipt>`;
const blob = (text, type = "text/html") => URL.createObjectURL(new Blob([text], { type }));

inFrame("frame of about:blank", {});
inFrame("frame of about:blank, with an address", { src: "about:blank#x" });
inFrame("frame before its address has come", { src: "/healthz" }, (w) => w.document);
inFrame("frame with its own policy", { csp: "connect-src *" });
inFrame("frame of srcdoc", (me) => ({ srcdoc: asHTML("<p>x</p>") }), (w) => w.location.href === "about:srcdoc" && w.document.readyState === "complete");
inFrame("frame of srcdoc, sandboxed with its origin", () => ({ sandbox: "allow-scripts allow-same-origin", srcdoc: asHTML("<p>x</p>") }), (w) => w.location.href === "about:srcdoc");
attempt("frame of srcdoc with a script", (me) => {
  const heard = speaks(me);
  element("iframe", { srcdoc: asHTML(page(me, "parent")) });
  return heard;
});
attempt("frame of srcdoc with a policy of its own", (me) => {
  const heard = speaks(me);
  element("iframe", { srcdoc: asHTML(`<meta http-equiv="Content-Security-Policy" content="default-src * 'unsafe-inline'">` + page(me, "parent")) });
  return heard;
});
attempt("frame of a blob", async (me) => {
  const heard = speaks(me);
  element("iframe", { src: blob(page(me, "parent")) });
  return heard;
});
attempt("frame of a blob of SVG", async (me) => {
  const heard = speaks(me);
  element("iframe", { src: blob(`<svg xmlns="http://www.w3.org/2000/svg"><script>${me.code(`((text) => parent.postMessage({ mark: "${me.mark}", text }, "*"))`).replaceAll("&", "&amp;").replaceAll("<", "&lt;")}</script></svg>`, "image/svg+xml") });
  return heard;
});
attempt("frame of javascript:", (me) => {
  const heard = speaks(me);
  element("iframe", { src: "javascript:" + encodeURIComponent(me.code(`((text) => parent.postMessage({ mark: "${me.mark}", text }, "*"))`)) });
  return heard;
});
attempt("frame of data:", (me) => {
  const heard = runs(me);
  element("iframe", { src: `data:text/html,<script>parent.postMessage("${me.mark}", "*")</scr` + "ipt>" });
  return heard;
});
attempt("object of data:", (me) => {
  const heard = runs(me);
  element("object", { type: "text/html", data: asURL(`data:text/html,<script>parent.postMessage("${me.mark}", "*")</scr` + "ipt>") });
  return heard;
});
attempt("frame written to", async (me) => {
  const heard = speaks(me);
  const d = element("iframe").contentDocument;
  d.open();
  d.write(asHTML(page(me, "parent")));
  d.close();
  return heard;
});
attempt("window of about:blank", (me) => exploit(me, open("about:blank")));
attempt("window before its address has come", (me) => exploit(me, open("/healthz")));
attempt("window of an address that never answers", (me) => exploit(me, open(settings.neighbour + "/never")));
attempt("window of about:blank, as a popup", (me) => exploit(me, open("", me.mark, "popup,width=100,height=100")));
attempt("window written to", (me) => {
  const heard = speaks(me);
  const w = open("about:blank");
  w.document.write(asHTML(page(me, "opener")));
  w.document.close();
  return heard;
});
attempt("window of a blob", async (me) => {
  const w = open(blob("<p>x</p>"));
  await until(() => w.location.protocol === "blob:" && w.document.readyState === "complete");
  await exploit(me, w);
});
attempt("window of a blob with a script", (me) => {
  new BroadcastChannel(me.mark).onmessage = (e) => me.got(e.data);
  open(blob(`<script>${me.code(`((text) => new BroadcastChannel("${me.mark}").postMessage(text))`)}</scr` + "ipt>"));
  return me.over;
});
attempt("window of javascript:", (me) => {
  const heard = speaks(me);
  open("javascript:" + encodeURIComponent(me.code(`((text) => opener.postMessage({ mark: "${me.mark}", text }, "*"))`)));
  return heard;
});
attempt("window of ours led to javascript:", async (me) => {
  const w = await aPage();
  w.location = "javascript:" + encodeURIComponent(me.code("((text) => { globalThis.stolen = text })"));
  me.got(await until(() => w.stolen));
});
attempt("window of ours, its document opened anew", async (me) => {
  const w = await aPage();
  w.document.open();
  w.document.write(asHTML("<p>x</p>"));
  w.document.close();
  await exploit(me, w);
});
attempt("window of ours, as it unloads", async (me) => {
  const w = await aPage();
  w.addEventListener("pagehide", () => w.navigator.sendBeacon(settings.api, me.body));
  w.location = "/healthz";
});
attempt("window of data:", (me) => {
  open(`data:text/html,<script>opener.postMessage("${me.mark}", "*")</scr` + "ipt>");
  const heard = runs(me);
  return heard;
}, { noControl: "a browser opens no window on it" });
attempt("picture in picture of a document", async (me) => exploit(me, await documentPictureInPicture.requestWindow()), { noControl: "a browser without windows of its own has none" });
attempt("ShadowRealm", (me) => me.got(new ShadowRealm().evaluate("typeof fetch")), { noControl: "this browser has none" });
