// What Trusted Types alone keep from a script that comes after ours, which has the one policy: markup that holds no
// script, and scripts of the origin itself.

const s = settings.scripts;
const places = (name, put) => attempt(`markup, ${name}`, async (me) => {
  const d = element("div");
  await put(d, `<form id="${me.mark}" action="/posts"></form>`);
  await until(() => document.getElementById(me.mark) ?? d.shadowRoot?.getElementById(me.mark) ?? d.querySelector("iframe")?.contentDocument.getElementById(me.mark));
  me.foothold("put markup of its own in place");
});
places("innerHTML", (d, html) => (d.innerHTML = html));
places("outerHTML", (d, html) => (d.outerHTML = html));
places("insertAdjacentHTML", (d, html) => d.insertAdjacentHTML("beforeend", html));
places("setHTMLUnsafe", (d, html) => d.setHTMLUnsafe(html));
places("a shadow root", (d, html) => (d.attachShadow({ mode: "open" }).innerHTML = html));
places("a fragment", (d, html) => d.append(document.createRange().createContextualFragment(html)));
places("DOMParser", (d, html) => d.append(document.adoptNode(new DOMParser().parseFromString(html, "text/html").body.firstChild)));
places("parseHTMLUnsafe", (d, html) => d.append(document.adoptNode(Document.parseHTMLUnsafe(html).body.firstChild)));
places("srcdoc", (d, html) => element("iframe", { srcdoc: html }, d));
places("document.write to a frame", (d, html) => element("iframe", {}, d).contentDocument.write(html));

const starts = (name, start) => attempt(`script of the origin, ${name}`, async (me) => {
  await start(me);
  me.foothold("started a script of the origin");
});
starts("by an element", (me) => loaded(element("script", { type: "module", src: s["check.js"] })));
starts("as a worker", () => new Worker(s["wasm_exec.js"]));
starts("as a shared worker", () => new SharedWorker(s["wasm_exec.js"]));
starts("our worker", () => new SharedWorker(s.worker, { type: "module", name: "latchkey", extendedLifetime: true }));
starts("our worker, in the realm of a frame", () => new (element("iframe").contentWindow.Worker)(location.origin + s.worker));
