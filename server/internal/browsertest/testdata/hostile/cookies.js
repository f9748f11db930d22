// Cookies that a script of the page plants in place of the session's.

let turn = Promise.resolve();
const planting = (name, plant, control) => attempt(name, (me) => (turn = turn.then(async () => {
  await plant(me, settings.cookie);
  await loaded(element("img", { src: "/healthz?" + Math.random() })).catch(() => {});
}).catch((e) => me.got("refused: " + e))), control);
const nameless = { noControl: "a browser takes no value with a = where there is no name" };
const otherName = { noControl: "it is another name to the server" };

planting("cookie, of our name", (me, name) => (document.cookie = `${name}=${me.mark}; Secure; Path=/`));
planting("cookie, of our name and lasting", (me, name) => (document.cookie = `${name}=${me.mark}; Secure; Path=/; Max-Age=99999; SameSite=Strict`));
planting("cookie, with HttpOnly", (me, name) => (document.cookie = `${name}=${me.mark}; Secure; Path=/; HttpOnly`), { noControl: "a script can set none" });
planting("cookie, without Secure", (me, name) => (document.cookie = `${name}=${me.mark}; Path=/`));
planting("cookie, for a longer path", (me, name) => (document.cookie = `${name}=${me.mark}; Secure; Path=/healthz`));
planting("cookie, for the site", (me, name) => (document.cookie = `${name}=${me.mark}; Secure; Path=/; Domain=site.localhost`));
planting("cookie, partitioned", (me, name) => (document.cookie = `${name}=${me.mark}; Secure; Path=/; Partitioned; SameSite=None`));
planting("cookie, without a name", (me, name) => (document.cookie = `=${name}=${me.mark}; Secure; Path=/`), nameless);
planting("cookie, after a space", (me, name) => (document.cookie = ` \t${name}=${me.mark}; Secure; Path=/`));
planting("cookie, in quotes", (me, name) => (document.cookie = `${name}="${me.mark}"; Secure; Path=/`));
planting("cookie, in another case", (me, name) => (document.cookie = `${name.toLowerCase()}=${me.mark}; Secure; Path=/`), otherName);
planting("cookie, __Host- alone", (me) => (document.cookie = `__Host-refreshToken=${me.mark}; Secure; Path=/`), otherName);
planting("cookie, within another's value", (me, name) => (document.cookie = `x=a, ${name}=${me.mark}; Secure; Path=/`), otherName);
planting("cookie, with the old version", (me, name) => (document.cookie = `$Version=1; Path=/`, document.cookie = `x="1; ${name}=${me.mark}"; Path=/`), otherName);
planting("cookie, after characters that browsers take away", (me, name) => (document.cookie = `\u0000\u007f\u3000${name}=${me.mark}; Secure; Path=/`), otherName);
planting("cookieStore", (me, name) => cookieStore.set(name, me.mark));
planting("cookieStore, partitioned", (me, name) => cookieStore.set({ name, value: me.mark, partitioned: true, sameSite: "none" }));
planting("cookieStore, without a name", (me, name) => cookieStore.set("", `${name}=${me.mark}`), nameless);
planting("cookie, by a document of about:blank", (me, name) => (element("iframe").contentDocument.cookie = `${name}=${me.mark}; Secure; Path=/`));
planting("cookie, by an element", (me, name) => element("meta", { httpEquiv: "Set-Cookie", content: `${name}=${me.mark}; Secure; Path=/` }, document.head), { noControl: "browsers have given it up" });
planting("cookie, after a flood that drives the session's out", (me, name) => {
  for (let i = 0; i < 700; i++) document.cookie = `flood${i}=${i}; Secure; Path=/`;
  document.cookie = `${name}=${me.mark}; Secure; Path=/`;
});
attempt("windows on the answer to a flood of large cookies", async (me) => {
  await turn;
  for (let i = 0; i < 150; i++) document.cookie = `large${i}=${"x".repeat(4000)}; Path=/flooded`;
  const w = open("/flooded");
  await until(() => w.location.pathname === "/flooded" && w.document.readyState === "complete");
  await exploit(me, w);
});
