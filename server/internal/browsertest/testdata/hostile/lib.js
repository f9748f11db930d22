// What the attempts of a hostile script share. It runs at the start of each document, before any script of ours.
// The test puts `const settings = {...}` in front: {strong, api, neighbour, worker, scripts, cookie}.
//
// An attempt is named and gets `me`: what it came by goes to me.got(text), and what it could build on, though it is no
// token (a free realm, a planted cookie), to me.foothold(what). What reaches the server is seen there, by me.mark.

const everyAttempt = [];

// control says why the attempt cannot work in this browser even where nothing is defended; it is left out otherwise.
function attempt(name, run, { noControl = "" } = {}) {
  everyAttempt.push({ name, run, noControl });
}

const secretForm = /eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}|[0-9a-f-]{36}\.[\w-]{43}|"data":\s*\{\s*"/;

// The strongest hostile script runs first and takes the one policy that Trusted Types allow for itself.
const taken = settings.strong && globalThis.trustedTypes && location.origin === new URL(settings.api).origin ? takePolicy() : null;
function takePolicy() {
  const itself = (s) => s;
  const policy = trustedTypes.createPolicy("latchkey", { createHTML: itself, createScript: itself, createScriptURL: itself });
  TrustedTypePolicyFactory.prototype.createPolicy = () => policy;
  return policy;
}
const asHTML = (s) => (taken ? taken.createHTML(s) : s);
const asScript = (s) => (taken ? taken.createScript(s) : s);
const asURL = (s) => (taken ? taken.createScriptURL(s) : s);

class Me {
  constructor(family, n) {
    this.id = `${family}_${n}_`;
    this.mark = "Stolen_" + this.id;
    this.query = `mutation ${this.mark} { refreshToken { accessToken } }`;
    this.body = JSON.stringify({ query: this.query });
    this.url = settings.api + "?query=" + encodeURIComponent(this.query); // by GET
    this.gathered = [];
    this.footholds = [];
    this.over = new Promise((resolve) => (this.end = resolve));
  }
  got(text) {
    text = String(text);
    const secret = secretForm.test(text);
    if ((secret || this.gathered.length < 200) && !this.gathered.includes(text)) this.gathered.push(text);
    if (secret) this.end();
  }
  foothold(what) {
    if (!this.footholds.includes(what)) this.footholds.push(what);
    this.end();
  }
  // post is the request that asks for a token.
  post(more) {
    return { method: "POST", headers: { "Content-Type": "application/json" }, body: this.body, ...more };
  }
  // code is the same for a realm that has no access to this one: it hands what it got to tell(text).
  code(tell) {
    return `fetch(${JSON.stringify(settings.api)}, ${JSON.stringify(this.post())}).then((r) => r.text()).then((t) => ${tell}(t))`;
  }
  async read(answer) {
    this.got(await (await answer).text());
  }
}

const started = performance.now();
const soon = setTimeout.bind(globalThis);
const sleep = (ms) => new Promise((resolve) => soon(resolve, ms));

// hostileRun lets every attempt have its try, all at once, each until it has succeeded, failed or had its time. What
// comes in later still counts, until all are done and the least time is over.
globalThis.hostileRun = async (family, least, most) => {
  const outcomes = Promise.all(everyAttempt.map((a, n) => oneRun(a, new Me(family, n), a.noControl ? Math.max(least, 1500) : most)));
  await sleep(least);
  return outcomes;
};
async function oneRun({ name, run, noControl }, me, most) {
  const from = performance.now();
  const failed = await Promise.race([
    (async () => run(me))().then(() => "", (e) => String(e)),
    me.over.then(() => ""),
    sleep(most).then(() => "it got nothing in time"),
  ]);
  return { name, noControl, failed, mark: me.mark, got: me.gathered, footholds: me.footholds, ms: performance.now() - from };
}

// until polls for as long as the attempt has time.
async function until(ok) {
  for (;;) {
    try {
      const value = ok();
      if (value) return value;
    } catch {
      // not yet, or never: the attempt's time tells
    }
    await sleep(50);
  }
}

// loaded resolves once something has loaded, and fails where it did not.
function loaded(target) {
  return new Promise((resolve, reject) => {
    target.addEventListener("load", resolve);
    target.addEventListener("error", () => reject(new Error("refused")));
  });
}

function element(tag, set = {}, parent = document.body) {
  const e = document.createElement(tag);
  for (const [key, value] of Object.entries(set)) {
    if (key in e) e[key] = value;
    else e.setAttribute(key, value);
  }
  parent?.append(e);
  return e;
}

// at is the window once it stands at the path and has been loaded.
function at(w, path) {
  return until(() => w.location.href !== "about:blank" && w.location.pathname === path && w.document.readyState === "complete" && w);
}

// aPage is another window with a page of ours, which a script may drive: both have the same opener policy.
async function aPage(path = "/posts") {
  return at(open(path), path);
}

// exploit uses the realm of a window of the same origin: its own fetch, its eval, what it shows.
async function exploit(me, w) {
  for (const way of [
    async () => {
      me.got(await (await w.fetch(settings.api, me.post())).text());
      me.foothold("a realm that reaches the API"); // also where there is no session any more
    },
    async () => me.got(await w.eval(`${me.code("String")}`)),
    async () => {
      const x = new w.XMLHttpRequest();
      x.open("POST", settings.api, false);
      x.setRequestHeader("Content-Type", "application/json");
      x.send(me.body);
      me.got(x.responseText);
    },
    async () => me.got(w.document.documentElement.outerHTML),
    async () => {
      const s = w.document.createElement("script");
      s.text = asScript(me.code("((t) => window.stolen = t)"));
      w.document.documentElement.append(s);
      me.got(await until(() => w.stolen));
    },
  ]) {
    try {
      await way();
      if (me.gathered.some((text) => secretForm.test(text))) return;
    } catch (e) {
      me.got("refused: " + e);
    }
  }
}
