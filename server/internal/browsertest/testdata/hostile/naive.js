// The client that Latchkey is not: it keeps its token on the page, in every place that there is, takes it through every
// function, and hands it to everybody who could ask. The test appends it to the page's script of the server without
// defences: an attempt that does not find the token there does not look.
(async () => {
  await new Promise((parsed) => document.addEventListener("DOMContentLoaded", parsed));
  const response = await fetch("/graphql", {
    method: "POST", headers: new Headers({ "Content-Type": "application/json" }),
    body: JSON.stringify({ query: "mutation { refreshToken(minAge: 30) { accessToken } }" }),
  });
  const token = JSON.parse(await response.text()).data?.refreshToken.accessToken;
  if (!token) return;

  globalThis.naiveToken = { deep: { down: token } };
  localStorage.token = token;
  sessionStorage.setItem("token", token);
  document.cookie = `token=${token}; Path=/`;
  window.name = token;
  history.replaceState({ token }, "");
  document.documentElement.setAttribute("data-token", token);
  document.body.append(Object.assign(document.createElement("span"), { id: "naive", textContent: token, hidden: true }));
  new Image().src = "/healthz?access_token=" + token;
  navigator.locks.request("token " + token, () => new Promise(() => {}));
  const database = indexedDB.open("tokens");
  database.onupgradeneeded = () => database.result.createObjectStore("tokens");
  database.onsuccess = () => database.result.transaction("tokens", "readwrite").objectStore("tokens").put({ token }, 1);
  const cache = await caches.open("tokens");
  await cache.put("/token", new Response(token));
  await (await cache.match("/token")).text();
  const file = await (await navigator.storage.getDirectory()).getFileHandle("token", { create: true });
  const writing = await file.createWritable();
  await writing.write(token);
  await writing.close();

  const broadcasts = ["latchkey", "latchkey-session"].map((name) => new BroadcastChannel(name));
  addEventListener("message", (e) => e.source?.postMessage({ token }, "*"));
  addEventListener("token", (e) => e.detail);
  const { port1, port2 } = new MessageChannel();
  port2.onmessage = () => {};
  const kept = {}, map = new Map();
  const take = () => {
    for (const broadcast of broadcasts) broadcast.postMessage({ token });
    (window.opener ?? window.parent).postMessage({ token }, "*");
    localStorage.token = token + "#" + Math.random();
    dispatchEvent(new CustomEvent("token", { detail: token }));
    port1.postMessage(token);
    kept.accessToken = token;
    map.set("token", token);
    structuredClone({ token });
    [token].map((t) => t.split("."));
    Object.assign({}, { token });
    Reflect.set({}, "token", token);
    String.call(null, token);
    btoa(token);
    encodeURIComponent(token);
    new URLSearchParams({ token }).toString();
    new TextEncoder().encode(token);
    crypto.subtle.digest("SHA-256", new TextEncoder().encode(token));
    Promise.resolve(token).then((t) => t);
    setTimeout((t) => t, 0, token);
    console.debug(token);
    globalThis.reportError?.(new Error("a token: " + token));
    new Headers().set("Authorization", "Bearer " + token);
    fetch("/healthz", { headers: { Authorization: "Bearer " + token } });
    const x = new XMLHttpRequest();
    x.open("GET", "/healthz");
    x.setRequestHeader("Authorization", "Bearer " + token);
    new FormData().set("token", token);
    new Blob([token]).text();
    document.createElement("i").innerHTML = token;
    /e/.exec(token);
  };
  take();
  setInterval(take, 500);
})();
