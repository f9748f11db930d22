// Google's csp_evaluator on the policies that the running server sends.
import http from "node:http";
import evaluator from "csp_evaluator/dist/evaluator.js";
import finding from "csp_evaluator/dist/finding.js";
import parser from "csp_evaluator/dist/parser.js";
import { address, conclude, logIn, site, table } from "./site.mjs";

const { CspEvaluator, DEFAULT_CHECKS, STRICTCSP_CHECKS } = evaluator;
const { Severity, Type } = finding;

const evaluate = (policy) => new CspEvaluator(new parser.CspParser(policy).csp).evaluate([], [...DEFAULT_CHECKS, ...STRICTCSP_CHECKS]);

// What the evaluator says that does not apply, and why.
const known = [
  {
    // A maybe. 'self' lets in what the origin serves as a script: page.js, check.js, wasm_exec.js and the worker's
    // start, all of them built from this repository. It has no JSONP, no AngularJS and nothing that a user uploads;
    // JSON and pages have types of their own and nosniff. Nonces and 'strict-dynamic', which the evaluator prefers
    // to lists of hosts, would widen this: with 'strict-dynamic' a script may load others from anywhere, and a nonce
    // can be read off the page and used by who can write into it.
    applies: (f) => f.type === Type.SCRIPT_ALLOWLIST_BYPASS && f.value === "'self'" && f.severity === Severity.MEDIUM_MAYBE,
  },
  {
    // A hint. `sandbox` without allow-scripts runs no script at all, so there is none to keep from the DOM's sinks.
    applies: (f, policy) => f.type === Type.REQUIRE_TRUSTED_TYPES_FOR_SCRIPTS && policy.split("; ").includes("sandbox"),
  },
];

// get asks with the headers as they stand, and the path too: Node's fetch has its own idea of both.
const get = (path, headers) =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(site.url);
    http.get({ hostname, port, path, headers, agent: false }, (response) => {
      response.resume();
      resolve({ status: response.statusCode, policy: response.headers["content-security-policy"] });
    }).on("error", reject);
  });

const { cookie } = await logIn();
const asWorker = { "Sec-Fetch-Dest": "sharedworker", "Sec-Fetch-Mode": "same-origin" };
const [, worker] = /data-worker="([^"]+)"/.exec(await (await fetch(address("/"))).text());
const asUser = { Cookie: `${cookie.name}=${cookie.value}` };
// Each with the statuses that show that it is the answer meant.
const answers = [
  ...site.paths.flatMap((path) => [[path, path, {}, 200, 401], [path + ", logged in", path, asUser, 200, 303]]),
  ["the worker's script", worker, asWorker, 200],
  ["the worker's script, refused", worker, {}, 403],
  ["the API", "/graphql", {}, 405],
  ["the keys", "/.well-known/jwks.json", {}, 200],
  ["health", "/healthz", {}, 200],
  ["no such page", "/no-such-page", {}, 404],
  ["no such asset", "/assets/none.js", {}, 404],
  ["what net/http refuses", "/%", {}, 400],
];

const findings = [];
const rows = [["answer", "status", "findings", "of them known"]];
for (const [name, path, headers, ...meant] of answers) {
  const { status, policy } = await get(path, headers);
  if (!meant.includes(status)) findings.push(`${name}: the status is ${status}`);
  if (!policy) findings.push(`${name}: no policy at all`);
  const found = policy ? evaluate(policy) : [];
  const unknown = found.filter((f) => !known.some((k) => k.applies(f, policy)));
  rows.push([name, status, found.length, found.length - unknown.length]);
  for (const f of unknown) findings.push(`${name}: ${Severity[f.severity]} ${f.directive} ${f.value ?? ""}: ${f.description}`);
}

// The control: a policy with holes.
const holes = evaluate("script-src 'unsafe-inline' https:; img-src *").map((f) => f.severity);
if (!holes.includes(Severity.HIGH)) findings.push("the control: a policy with holes has passed");

table(rows);
conclude(findings);
