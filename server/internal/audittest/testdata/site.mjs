// The server under audit, and the browser that looks at it. Every script here is started as `node NAME.mjs SITE`, where
// SITE is the JSON that audit_test.go makes. It prints a table, and ends with status 1 where something was found.
import { webcrypto } from "node:crypto";
import puppeteer from "puppeteer-core";

globalThis.crypto ??= webcrypto; // jose needs it; Node 18 has it by this name only

export const site = JSON.parse(process.argv[2]);

export const address = (path) => new URL(path, site.url).href;

// graphql asks the API and returns the answer's data, and the refresh cookie where one was set.
export async function graphql(query, variables, headers) {
  const response = await fetch(address("/graphql"), {
    method: "POST",
    headers: { "Content-Type": "application/json", ...headers },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = await response.json();
  if (errors) throw new Error("the API: " + JSON.stringify(errors));
  const [pair = ""] = (response.headers.getSetCookie()[0] ?? "").split(";");
  const [name, value] = pair.split("=");
  return { data, cookie: { name, value } };
}

// logIn opens a session of the account that the test made.
export async function logIn() {
  const { data, cookie } = await graphql(
    `mutation ($email: String!, $password: String!) { login(email: $email, password: $password) { accessToken } }`,
    { email: site.email, password: site.password },
  );
  return { accessToken: data.login.accessToken, cookie };
}

// withSession puts a session's refresh cookie into a browser, as the server would.
export const withSession = (context, { cookie }) =>
  context.setCookie({ ...cookie, domain: "localhost", path: "/", secure: true, httpOnly: true, sameSite: "Lax" });

// restricted reports whether the page at path is there for the logged-in alone.
export const restricted = async (path) => (await fetch(address(path))).status === 401;

// launch starts a Chromium with a fresh profile.
export const launch = () =>
  puppeteer.launch({
    executablePath: site.chromium,
    protocolTimeout: 60_000, // ms
    args: [
      "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--no-default-browser-check",
      "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--lang=en-US",
    ],
  });

// ready waits until the client drives the page.
export const ready = (page) => page.waitForSelector("html[data-client=ready]");

// table prints rows of equal length, the first of them the heading.
export function table([heading, ...rows]) {
  for (const row of [heading, heading.map(() => "---"), ...rows]) console.log(`| ${row.join(" | ")} |`);
}

// conclude ends the script with what was found.
export function conclude(findings) {
  for (const finding of findings) console.log("found: " + finding);
  process.exitCode = findings.length ? 1 : 0;
}
