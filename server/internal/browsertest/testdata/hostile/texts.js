// Text that becomes script: where Trusted Types stand in the way, and where only the policy of scripts does.

const name = "hostileRan";
const call = (me) => `${name}(${JSON.stringify(me.mark)})`;
const markup = (me) => `<img src="data:x" onerror='${call(me)}'>`;
const runs = new Map();
globalThis[name] = (mark) => runs.get(mark)?.foothold("ran a text as a script");
const sink = (title, make, control) => attempt(title, async (me) => {
  runs.set(me.mark, me);
  await make(me);
  return me.over;
}, control);
const div = () => element("div");

sink("innerHTML", (me) => (div().innerHTML = asHTML(markup(me))));
sink("outerHTML", (me) => (div().outerHTML = asHTML(markup(me))));
sink("insertAdjacentHTML", (me) => div().insertAdjacentHTML("beforeend", asHTML(markup(me))));
sink("createContextualFragment", (me) => div().append(document.createRange().createContextualFragment(asHTML(`<script>${call(me)}</scr` + "ipt>"))));
sink("setHTMLUnsafe", (me) => div().setHTMLUnsafe(asHTML(markup(me))));
sink("DOMParser", (me) => div().append(document.adoptNode(new DOMParser().parseFromString(asHTML(markup(me)), "text/html").body.firstChild)));
sink("parseHTMLUnsafe", (me) => div().append(document.adoptNode(Document.parseHTMLUnsafe(asHTML(markup(me))).body.firstChild)));
sink("a template", (me) => {
  const t = document.createElement("template");
  t.innerHTML = asHTML(markup(me));
  div().append(t.content);
});
sink("a shadow root", (me) => (div().attachShadow({ mode: "open" }).innerHTML = asHTML(markup(me))));
sink("document.write to a frame", (me) => {
  const d = element("iframe").contentDocument;
  d.write(asHTML(`<script>parent.${call(me)}</scr` + "ipt>"));
  d.close();
});
sink("execCommand insertHTML", (me) => {
  const d = element("div", { contentEditable: "true" });
  d.focus();
  document.execCommand("insertHTML", false, asHTML(markup(me)));
});
sink("eval", (me) => (0, eval)(asScript(call(me))));
sink("Function", (me) => new Function(asScript(call(me)))());
sink("an async function's constructor", (me) => (async () => {}).constructor(asScript(call(me)))());
sink("a generator's constructor", (me) => (function* () {}).constructor(asScript(call(me)))().next());
sink("setTimeout of a text", (me) => setTimeout(asScript(call(me)), 0));
sink("setInterval of a text", (me) => setInterval(asScript(call(me)), 50));
sink("eval of a frame's realm", (me) => element("iframe").contentWindow.eval(asScript("parent." + call(me))));
sink("script.text", (me) => document.head.append(Object.assign(document.createElement("script"), { text: asScript(call(me)) })));
sink("script.textContent", (me) => document.head.append(Object.assign(document.createElement("script"), { textContent: asScript(call(me)) })));
sink("a script's text node", (me) => {
  const s = document.createElement("script");
  s.append(call(me));
  document.head.append(s);
});
sink("a script of type module", (me) => document.head.append(Object.assign(document.createElement("script"), { type: "module", text: asScript(call(me)) })));
sink("a script of data:", (me) => element("script", { src: asURL("data:text/javascript," + call(me)) }));
sink("a script of a blob", (me) => element("script", { src: asURL(URL.createObjectURL(new Blob([call(me)]))) }));
sink("a script of another origin", (me) => element("script", { src: asURL(`${settings.neighbour}/script?${call(me)}`) }));
sink("a script with the nonce and hash of nothing", (me) => document.head.append(Object.assign(document.createElement("script"), { nonce: "x", text: asScript(call(me)) })));
sink("a script of svg", (me) => {
  const s = document.createElementNS("http://www.w3.org/2000/svg", "script");
  s.textContent = call(me);
  document.body.append(s);
});
sink("import() of data:", (me) => import("data:text/javascript," + call(me)));
sink("import() of a blob", (me) => import(URL.createObjectURL(new Blob([call(me)], { type: "text/javascript" }))));
sink("import() of another origin", (me) => import(`${settings.neighbour}/script?${call(me)}`));
sink("an import map to data:", (me) => {
  document.head.append(Object.assign(document.createElement("script"), { type: "importmap", text: asScript(JSON.stringify({ imports: { [me.mark]: "data:text/javascript," + call(me) } })) }));
  return import(me.mark);
});
sink("an event handler's attribute", (me) => {
  const d = div();
  d.setAttribute("onclick", asScript(call(me)));
  d.click();
});
sink("an event handler's attribute, as a node", (me) => {
  const d = div(), a = document.createAttribute("onclick");
  a.value = asScript(call(me));
  d.setAttributeNode(a);
  d.click();
});
sink("a link of javascript:", (me) => element("a", { href: "javascript:" + call(me), textContent: "x" }).click());
sink("a form of javascript:", (me) => element("form", { action: "javascript:" + call(me) }).submit());
sink("location of javascript:", (me) => (location.href = "javascript:void " + call(me)));
sink("a frame of javascript:", (me) => element("iframe", { src: "javascript:void parent." + call(me) }));
sink("an object of javascript:", (me) => element("object", { data: asURL("javascript:" + call(me)) }), { noControl: "a browser runs none there" });
sink("srcdoc", (me) => element("iframe", { srcdoc: asHTML(`<script>parent.${call(me)}</scr` + "ipt>") }));
sink("svg animation of a link", (me) => {
  div().innerHTML = asHTML(`<svg><a><animate attributeName="href" values="javascript:${call(me)}"/><text y="9">x</text></a></svg>`);
  document.querySelector("svg a:last-of-type").dispatchEvent(new MouseEvent("click"));
}, { noControl: "a browser leaves such values out" });
sink("a base address", (me) => {
  const base = element("base", { href: settings.neighbour + "/" }, document.head);
  element("script", { src: asURL("script?" + call(me)) });
  base.remove();
});
for (const policy of ["latchkey", "default", "other"]) {
  sink(`a policy of Trusted Types by the name ${policy}`, (me) => {
    const pass = Object.getPrototypeOf(trustedTypes).createPolicy.call(trustedTypes, policy, { createHTML: (h) => h });
    div().innerHTML = pass.createHTML(markup(me));
  });
}
sink("WebAssembly", async (me) => {
  await WebAssembly.compile(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]));
  me.foothold("compiled a program");
});
