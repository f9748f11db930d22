// Elements, style and preloads that load something: they ask by GET, and their answers cannot be read unless they are
// documents of the origin.

const loads = (name, make, control) => attempt(name, async (me) => {
  const target = await make(me, me.url);
  if (target instanceof Element) await loaded(target).catch(() => {});
}, control);
const svg = (tag, attributes, parent) => {
  const e = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [key, value] of Object.entries(attributes)) e.setAttribute(key, value);
  parent.append(e);
  return e;
};
const drawing = () => svg("svg", { width: 20, height: 20 }, document.body);
const ofFrame = (name, make) => attempt(name, async (me) => {
  const e = await make(me);
  const shown = await until(() => {
    const d = e.contentDocument ?? e.getSVGDocument?.();
    return d && d.URL !== "about:blank" && d.readyState === "complete" && d;
  });
  me.got(shown.documentElement.textContent);
});

loads("img", (me, src) => element("img", { src }));
loads("img, srcset", (me, url) => element("img", { srcset: url + " 1x" }));
loads("img, with CORS", (me, src) => element("img", { crossOrigin: "use-credentials", src }));
loads("img, never in the document", (me, src) => element("img", { src }, null));
loads("picture and source", (me, url) => {
  const p = element("picture");
  element("source", { srcset: url }, p);
  return element("img", { src: "data:," }, p);
});
loads("input of type image", (me, src) => element("input", { type: "image", src }));
loads("svg image", (me, href) => svg("image", { href, width: 9, height: 9 }, drawing()));
loads("svg use", (me, href) => svg("use", { href: href + "#x" }, drawing()));
loads("svg feImage", (me, href) => {
  const s = drawing();
  svg("feImage", { href }, svg("filter", { id: me.mark }, s));
  svg("rect", { width: 9, height: 9, filter: `url(#${me.mark})` }, s);
});
loads("svg script", (me, href) => {
  const s = document.createElementNS("http://www.w3.org/2000/svg", "script");
  s.href.baseVal = asURL(href);
  document.body.append(s);
  return s;
});
loads("script", (me, src) => element("script", { src: asURL(src) }));
loads("script of type module", (me, src) => element("script", { type: "module", src: asURL(src) }));
loads("script, with CORS", (me, src) => element("script", { crossOrigin: "use-credentials", src: asURL(src) }));
loads("link, stylesheet", (me, href) => element("link", { rel: "stylesheet", href }));
loads("link, alternate stylesheet", (me, href) => element("link", { rel: "alternate stylesheet", title: "x", href }));
for (const as of ["fetch", "script", "style", "image", "font", "track"]) {
  loads(`link, preload as ${as}`, (me, href) => element("link", { rel: "preload", as, crossOrigin: as === "fetch" || as === "font" ? "use-credentials" : null, href }));
}
loads("link, modulepreload", (me, href) => element("link", { rel: "modulepreload", href }));
loads("link, prefetch", (me, href) => element("link", { rel: "prefetch", href }));
loads("link, prerender", (me, href) => element("link", { rel: "prerender", href }), { noControl: "without effect in this browser" });
loads("link, manifest", (me, href) => element("link", { rel: "manifest", crossOrigin: "use-credentials", href }), { noControl: "fetched when a page is installed" });
loads("link, icon", (me, href) => element("link", { rel: "icon", href }), { noControl: "a browser without a window fetches none" });
loads("link, dictionary", (me, href) => element("link", { rel: "compression-dictionary", href }), { noControl: "without effect in this browser" });
loads("video", (me, src) => element("video", { src, preload: "auto" }) && null);
loads("video, poster", (me, poster) => element("video", { poster }) && null);
loads("audio", (me, src) => element("audio", { src, preload: "auto" }) && null);
loads("video and source", (me, src) => {
  const v = element("video", { preload: "auto" });
  element("source", { src, type: "video/mp4" }, v);
});
loads("track", (me, src) => {
  const t = element("track", { kind: "subtitles", src }, element("video"));
  t.track.mode = "showing";
});
loads("table, background", (me, url) => element("table").setAttribute("background", url));

ofFrame("iframe", (me) => element("iframe", { src: me.url }));
ofFrame("iframe, sandboxed with its origin", (me) => element("iframe", { sandbox: "allow-same-origin allow-scripts", src: me.url }));
ofFrame("iframe, lazy", (me) => element("iframe", { loading: "lazy", src: me.url }));
ofFrame("frame", (me) => element("frame", { src: me.url }, element("frameset", {}, document.documentElement)));
ofFrame("object", (me) => element("object", { type: "text/html", data: asURL(me.url) }));
loads("embed", (me, url) => element("embed", { type: "text/html", src: asURL(url) }));
ofFrame("iframe in a frame of about:blank", (me) => {
  const inner = element("iframe").contentDocument;
  const f = inner.createElement("iframe");
  f.src = me.url;
  inner.body.append(f);
  return f;
});
attempt("portal", (me) => element("portal", { src: me.url }).activate(), { noControl: "this browser has none" });
attempt("fencedframe", (me) => (element("fencedframe").config = new FencedFrameConfig(me.url)), { noControl: "takes no address of a script's own" });

// Style: the page's sheet may be changed by script, whatever the policy says of style.
const sheet = () => document.styleSheets[0];
const rule = (name, css, make = () => element("div", { className: "hit", textContent: "x" })) => loads(name, (me, url) => {
  make(me).id = me.mark;
  sheet().insertRule(css(`#${me.mark}`, url), sheet().cssRules.length);
});
rule("style, background", (where, url) => `${where} { background: url("${url}") }`);
rule("style, image-set", (where, url) => `${where} { background: image-set("${url}" 1x) }`);
rule("style, list-style and content", (where, url) => `${where}::before { content: url("${url}") }`);
rule("style, border-image", (where, url) => `${where} { border: 1px solid; border-image: url("${url}") 1 }`);
rule("style, mask", (where, url) => `${where} { mask-image: url("${url}") }`);
rule("style, shape-outside", (where, url) => `${where} { float: left; shape-outside: url("${url}") }`);
rule("style, cursor", (where, url) => `${where} { cursor: url("${url}"), auto }`);
rule("style, filter", (where, url) => `${where} { filter: url("${url}#x") }`);
attempt("style that asks for an attribute's beginning", async (me) => {
  element("i", { hidden: false, textContent: "x" });
  document.styleSheets[0].insertRule(`html[data-token^="ey"] body { border: 1px solid; border-image: url("/leak/?${me.mark}") 1 }`, 0);
  document.styleSheets[0].insertRule(`:root:has([value^="ey"]) body { background: url("/leak/?${me.mark}") }`, 0);
});
loads("style attribute", (me, url) => element("div", { textContent: "x" }).style.setProperty("background", `url("${url}")`));
loads("style, an attribute in markup", (me, url) => document.body.insertAdjacentHTML("beforeend", asHTML(`<div style='background:url("${url}")'>x</div>`)));
loads("style element with @import", (me, url) => element("style", { textContent: `@import "${url}";` }));
loads("style element with a font", (me, url) => element("div", { textContent: "x" }).append(element("style", { textContent: `@font-face { font-family: "${me.mark}"; src: url("${url}") } body { font-family: "${me.mark}" }` })));
loads("style sheet of a data: address with @import", (me, url) => element("link", { rel: "stylesheet", href: "data:text/css," + encodeURIComponent(`@import "${url}";`) }));
loads("style sheet of a blob: address with @import", (me, url) => element("link", { rel: "stylesheet", href: URL.createObjectURL(new Blob([`@import "${url}";`], { type: "text/css" })) }));
loads("adopted style sheet", (me, url) => {
  const s = new CSSStyleSheet();
  s.replaceSync(`#${me.mark} { background: url("${url}") }`);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, s];
  element("div", { id: me.mark, textContent: "x" });
});
loads("FontFace", (me, url) => new FontFace(me.mark, `url("${url}")`).load().catch(() => {}));
loads("stylesheet of XML", (me, url) => {
  const f = element("iframe", { src: URL.createObjectURL(new Blob([`<?xml version="1.0"?><?xml-stylesheet type="text/css" href="${url}"?><svg xmlns="http://www.w3.org/2000/svg"/>`], { type: "image/svg+xml" })) });
  return loaded(f).catch(() => {});
});
attempt("XSLT, document()", (me) => {
  const sheet = new DOMParser().parseFromString(asHTML(`<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><xsl:template match="/"><x><xsl:copy-of select="document('${me.url.replaceAll("&", "&amp;")}')"/></x></xsl:template></xsl:stylesheet>`), "text/xml");
  const engine = new XSLTProcessor();
  engine.importStylesheet(sheet);
  me.got(engine.transformToFragment(sheet, document).textContent);
}, { noControl: "answers of the API are no XML" });

loads("attribution source", (me, url) => element("img", { attributionSrc: url, src: "data:," }), { noControl: "this browser has none" });
loads("ping of a link", (me, url) => {
  const a = element("a", { href: "#ping", ping: url, textContent: "x" });
  a.click();
});
loads("download by a link", (me, href) => element("a", { href, download: "x" }).click());
attempt("speculation rules, prefetch", (me) => {
  const s = element("script", { type: "speculationrules" }, null);
  s.text = asScript(JSON.stringify({ prefetch: [{ urls: [me.url], eagerness: "immediate" }] }));
  document.head.append(s);
});
attempt("speculation rules, prerender", (me) => {
  const s = element("script", { type: "speculationrules" }, null);
  s.text = asScript(JSON.stringify({ prerender: [{ urls: [me.url], eagerness: "immediate" }] }));
  document.head.append(s);
});
attempt("import map", async (me) => {
  const s = element("script", { type: "importmap" }, null);
  s.text = asScript(JSON.stringify({ imports: { [me.mark]: me.url } }));
  document.head.append(s);
  await import(me.mark).catch(() => import(me.url));
});
