// Asking the API outright.

const ask = (more, address = settings.api) => (me) => me.read(fetch(address, me.post(more)));
const there = new URL(settings.api);

attempt("fetch, relative address", ask({}, "/graphql"));
attempt("fetch, absolute address", ask());
attempt("fetch, scheme-relative address", ask({}, "//" + there.host + "/graphql"));
attempt("fetch, percent-encoded address", ask({}, "/%67raphql"));
attempt("fetch, address with a query and a fragment", ask({}, "/graphql?a=b#c"));
attempt("fetch, backslash in the address", ask({}, "\\graphql"));
attempt("fetch, mode same-origin", ask({ mode: "same-origin" }));
attempt("fetch, mode no-cors", (me) => me.read(fetch(settings.api, { method: "POST", mode: "no-cors", body: me.body })));
attempt("fetch, credentials include", ask({ credentials: "include" }));
attempt("fetch, keepalive", ask({ keepalive: true }));
attempt("fetch, low priority", ask({ priority: "low" }));
attempt("fetch, redirect manual", ask({ redirect: "manual" }));
attempt("fetch, cache reload", ask({ cache: "reload" }));
attempt("fetch, no referrer", ask({ referrerPolicy: "no-referrer", referrer: "" }));
attempt("fetch, a Request", (me) => me.read(fetch(new Request(settings.api, me.post()).clone())));
attempt("fetch, a Request of another document's realm", (me) => {
  const f = element("iframe");
  return me.read(fetch(new f.contentWindow.Request(settings.api, me.post())));
});
attempt("fetch, body of a Blob", (me) => me.read(fetch(settings.api, { method: "POST", body: new Blob([me.body], { type: "application/json" }) })));
attempt("fetch, body of a FormData", (me) => {
  const form = new FormData();
  form.set("query", me.query);
  return me.read(fetch(settings.api, { method: "POST", body: form }));
});
attempt("fetch, by GET", (me) => me.read(fetch(me.url)));
attempt("fetch, by GET and only if cached", async (me) => {
  await fetch(me.url).catch(() => {});
  await me.read(fetch(me.url, { cache: "only-if-cached", mode: "same-origin" }).catch(() => fetch(me.url)));
});
attempt("fetch, a stream with half duplex", (me) => me.read(fetch(settings.api, { ...me.post(), body: new Blob([me.body]).stream(), duplex: "half" })),
  { noControl: "a browser streams a body over HTTP/2 alone, and the server here speaks HTTP/1.1" });
attempt("fetch at pagehide", (me) => {
  const f = element("iframe", { src: "about:blank" });
  f.contentWindow.addEventListener("pagehide", () => f.contentWindow.fetch(settings.api, me.post({ keepalive: true })).catch(() => {}));
  f.remove();
});
attempt("fetchLater", (me) => fetchLater(settings.api, me.post({ activateAfter: 0 })));
attempt("sendBeacon, text", (me) => {
  if (!navigator.sendBeacon(settings.api, me.body)) throw new Error("refused");
});
attempt("sendBeacon, a Blob of JSON", (me) => {
  if (!navigator.sendBeacon(settings.api, new Blob([me.body], { type: "application/json" }))) throw new Error("refused");
});

function xhr(me, { method = "POST", address = settings.api, async = true, type = "", also = () => {} } = {}) {
  return new Promise((resolve, reject) => {
    const x = new XMLHttpRequest();
    x.onload = () => resolve(me.got(typeof x.response === "string" ? x.response : JSON.stringify(x.response) ?? ""));
    x.onerror = () => reject(new Error("refused"));
    x.open(method, address, async);
    if (type) x.responseType = type;
    x.setRequestHeader("Content-Type", "application/json");
    also(x);
    x.send(method === "POST" ? me.body : undefined);
  });
}
attempt("XMLHttpRequest", (me) => xhr(me));
attempt("XMLHttpRequest, synchronous", (me) => xhr(me, { async: false }));
attempt("XMLHttpRequest, by GET", (me) => xhr(me, { method: "GET", address: me.url }));
attempt("XMLHttpRequest, as JSON", (me) => xhr(me, { type: "json" }));
attempt("XMLHttpRequest, with credentials", (me) => xhr(me, { also: (x) => (x.withCredentials = true) }));
attempt("XMLHttpRequest, of another document's realm", (me) => {
  const x = new (element("iframe").contentWindow.XMLHttpRequest)();
  x.open("POST", settings.api, false);
  x.setRequestHeader("Content-Type", "application/json");
  x.send(me.body);
  me.got(x.responseText);
});

const refusedOr = (target, ...events) => new Promise((resolve) => events.forEach((e) => target.addEventListener(e, resolve)));
attempt("EventSource", (me) => refusedOr(new EventSource(me.url), "error", "open"));
attempt("EventSource, with credentials", (me) => refusedOr(new EventSource(me.url, { withCredentials: true }), "error", "open"));
attempt("WebSocket", (me) => refusedOr(new WebSocket(me.url.replace("http", "ws")), "error", "open"));
attempt("WebSocketStream", async (me) => new WebSocketStream(me.url.replace("http", "ws")).opened);
attempt("WebTransport", (me) => new WebTransport(me.url.replace("http:", "https:")).ready, { noControl: "the server speaks no HTTP/3" });
attempt("RTCPeerConnection, by way of the server's port", async (me) => {
  const peer = new RTCPeerConnection({ iceServers: [{ urls: `turn:${there.host}?transport=tcp`, username: me.mark, credential: me.body }], iceTransportPolicy: "relay" });
  peer.onicecandidate = (e) => e.candidate && me.got(e.candidate.candidate);
  peer.onicecandidateerror = (e) => me.got(e.errorText);
  peer.createDataChannel("x");
  await peer.setLocalDescription(await peer.createOffer());
  await sleep(1000);
  me.got(JSON.stringify([...(await peer.getStats())]));
  peer.close();
}, { noControl: "what a browser sends to a TURN server is no HTTP" });

attempt("a module of JSON", async (me) => me.got(JSON.stringify((await import(me.url, { with: { type: "json" } })).default)));
attempt("a module of CSS", (me) => import(me.url, { with: { type: "css" } }));
attempt("a module of script", (me) => import(me.url));
