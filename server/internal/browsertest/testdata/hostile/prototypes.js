// Everything that scripts of the page call, replaced before they run, so that whatever passes through is heard.

const { apply } = Reflect;
const { getOwnPropertyNames, getOwnPropertyDescriptor, defineProperty } = Object;
const dataOf = getOwnPropertyDescriptor(MessageEvent.prototype, "data").get;
const detailOf = getOwnPropertyDescriptor(CustomEvent.prototype, "detail").get;
const decode = TextDecoder.prototype.decode.bind(new TextDecoder());
const aMessage = MessageEvent, aDetail = CustomEvent, aPromise = Promise, { then } = Promise.prototype;
let busy = false; // what the recorder itself calls is not recorded

function record(heard, values) {
  if (busy) return;
  busy = true;
  try {
    collect(heard, values, 4);
  } catch {
    // a value that cannot be read
  }
  busy = false;
}
function collect(heard, value, depth) {
  if (typeof value === "string") {
    if (secretForm.test(value)) heard.secret = value;
    else if (value.length > 3) heard.other = value.slice(0, 200);
  } else if (value instanceof Uint8Array) collect(heard, decode(value), 0);
  else if (value instanceof aMessage) collect(heard, apply(dataOf, value, []), depth - 1);
  else if (value instanceof aDetail) collect(heard, apply(detailOf, value, []), depth - 1);
  else if (value && typeof value === "object" && depth && !(value instanceof Node) && !(value instanceof Window)) {
    const names = getOwnPropertyNames(value);
    for (let i = 0; i < names.length && i < 50; i++) {
      const own = getOwnPropertyDescriptor(value, names[i]);
      if (own && "value" in own) collect(heard, own.value, depth - 1);
    }
  }
}

// hearing is f with what goes in and out of it, and what its callbacks are called with, recorded.
function hearing(heard, f) {
  return function (...args) {
    record(heard, [this, args]);
    for (let i = 0; i < args.length; i++) {
      const callback = args[i];
      if (typeof callback === "function" && !callback.prototype) {
        args[i] = function (...values) {
          record(heard, values);
          return apply(callback, this, values);
        };
      }
    }
    const out = new.target ? Reflect.construct(f, args, new.target) : apply(f, this, args);
    if (out instanceof aPromise) apply(then, out, [(value) => record(heard, [value]), () => {}]);
    else record(heard, [out]);
    return out;
  };
}
function hearAll(heard, object) {
  for (const name of getOwnPropertyNames(object)) {
    const d = getOwnPropertyDescriptor(object, name);
    if (name === "constructor" || !d.configurable) continue;
    for (const part of ["value", "get", "set"]) if (typeof d[part] === "function" && !d[part].prototype) d[part] = hearing(heard, d[part]);
    defineProperty(object, name, d);
  }
}

const replaced = {
  "MessagePort": () => [MessagePort.prototype],
  "MessageEvent": () => [MessageEvent.prototype],
  "EventTarget": () => [EventTarget.prototype],
  "CustomEvent": () => [CustomEvent.prototype],
  "Promise": () => [Promise.prototype, Promise],
  "JSON": () => [JSON],
  "String": () => [String.prototype],
  "RegExp": () => [RegExp.prototype],
  "Array": () => [Array.prototype],
  "Map": () => [Map.prototype],
  "Object's functions": () => [Object],
  "Reflect": () => [Reflect],
  "Function": () => [Function.prototype],
  "innerHTML and its like": () => [Element.prototype],
  "Node": () => [Node.prototype],
  "Storage": () => [Storage.prototype],
  "IndexedDB": () => [IDBObjectStore.prototype],
  "CacheStorage": () => [Cache.prototype, Response.prototype],
  "History": () => [History.prototype],
  "Document": () => [Document.prototype],
  "BroadcastChannel": () => [BroadcastChannel.prototype],
  "LockManager": () => [LockManager.prototype],
  "Headers": () => [Headers.prototype],
  "XMLHttpRequest": () => [XMLHttpRequest.prototype],
  "FormData": () => [FormData.prototype],
  "URLSearchParams": () => [URLSearchParams.prototype],
  "TextEncoder": () => [TextEncoder.prototype],
  "SubtleCrypto": () => [SubtleCrypto.prototype],
  "Image": () => [HTMLImageElement.prototype],
  "Console": () => [console],
  "FileSystem": () => [FileSystemWritableFileStream.prototype],
};
const heardBy = {};
const listen = (name, install, control) => {
  const heard = (heardBy[name] = { secret: "", other: "" });
  if (location.origin === new URL(settings.api).origin) install(heard);
  attempt(`replaced: ${name}`, async (me) => {
    me.got(await until(() => heard.secret));
  }, control);
};

if (settings.strong) {
  // Constructors and globals first: they are replaced with functions that were not themselves replaced.
  listen("fetch", (heard) => (window.fetch = hearing(heard, fetch)));
  listen("postMessage of windows", (heard) => (window.postMessage = hearing(heard, postMessage)));
  listen("structuredClone", (heard) => (window.structuredClone = hearing(heard, structuredClone)));
  listen("btoa", (heard) => (window.btoa = hearing(heard, btoa)));
  listen("encodeURIComponent", (heard) => (window.encodeURIComponent = hearing(heard, encodeURIComponent)));
  listen("setTimeout", (heard) => (window.setTimeout = hearing(heard, setTimeout)));
  listen("Blob", (heard) => (window.Blob = new Proxy(Blob, { construct: (of, args) => (record(heard, args), Reflect.construct(of, args)) })));
  listen("Error", (heard) => (window.Error = new Proxy(Error, { construct: (of, args) => (record(heard, args), Reflect.construct(of, args)) })));
  listen("SharedWorker, with the messages of its port", (heard) => {
    window.SharedWorker = new Proxy(SharedWorker, {
      construct(of, args) {
        const w = Reflect.construct(of, args);
        w.port.addEventListener("message", (e) => record(heard, [apply(dataOf, e, [])]));
        return w;
      },
    });
  });
  listen("the policy of Trusted Types", (heard) => {
    const policy = taken ?? trustedTypes.createPolicy("latchkey", { createHTML: (s) => s, createScriptURL: (s) => s });
    TrustedTypePolicyFactory.prototype.createPolicy = () => ({ createHTML: (s) => (record(heard, [s]), policy.createHTML(s)), createScriptURL: (s) => policy.createScriptURL(s) });
  });
  listen("names of Object.prototype", (heard) => {
    for (const name of ["accessToken", "token", "authorization"]) {
      defineProperty(Object.prototype, name, {
        configurable: true,
        get: () => undefined,
        set(value) {
          record(heard, [value]);
          defineProperty(this, name, { value, writable: true, configurable: true, enumerable: true });
        },
      });
    }
  });
  listen("the window's own names", (heard) => {
    for (const name of ["naiveToken", "token", "Go", "latchkey"]) defineProperty(window, name, { configurable: true, set: (value) => record(heard, [value]), get: () => undefined });
  });
  for (const [name, objects] of Object.entries(replaced)) listen(name, (heard) => objects().forEach((o) => hearAll(heard, o)));
  attempt("replaced: all of them, and the page in use", async (me) => {
    const set = (id, value) => (document.getElementById(id).value = value);
    set("title", "Heard");
    set("body", "by everybody");
    document.querySelector("#title").form.requestSubmit();
    await sleep(300);
    document.querySelector("[data-check]")?.click();
    document.querySelector('a[href="/account"]').click();
    await sleep(300);
    for (const [name, heard] of Object.entries(heardBy)) me.got(name + ": " + (heard.secret || heard.other));
  });
}
