// Lighthouse on its mobile setting: public pages as a visitor, restricted ones with a session. A login form in place of a
// restricted page is a 401, which no search engine lists and Lighthouse's SEO marks down: /login is the same form.
import os from "node:os";
import lighthouse from "lighthouse";
import RobotsTxt from "lighthouse/core/gather/gatherers/seo/robots-txt.js";
import { address, conclude, launch, logIn, restricted, site, table, withSession } from "./site.mjs";

// Lighthouse loads robots.txt in the name of the page, whose policy lets it load nothing. So it is loaded from outside,
// and judged as ever.
class OutsideRobotsTxt extends RobotsTxt {
  async getArtifact() {
    const response = await fetch(address("/robots.txt"));
    return { status: response.status, content: await response.text() };
  }
}

const exact = ["accessibility", "best-practices", "seo"]; // 100 in every run
// In the median: a busy machine slows one run or another. One that is busy throughout measures itself: the page's whole
// work on the main thread is 85 ms, and Lighthouse takes what it waits for a processor for work too.
const leastPerformance = 95;
const runs = site.full ? 3 : 1;
const config = {
  extends: "lighthouse:default",
  settings: {
    onlyCategories: site.full ? [...exact, "performance"] : exact,
    pauseAfterLoadMs: 4000, // Lighthouse does not see the worker load, and would not wait for it
  },
  artifacts: [{ id: "RobotsTxt", gatherer: OutsideRobotsTxt }],
};

const findings = [];
const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
const percent = (score) => (score === null ? NaN : Math.round(score * 100));

// markReady has Lighthouse's trace tell when the client took over.
function markReady() {
  const look = () => document.documentElement?.dataset.client === "ready" && performance.mark("ready");
  new MutationObserver(look).observe(document, { subtree: true, attributes: true, attributeFilter: ["data-client"] });
}

// once is one run in a browser that has nothing in its cache and no worker yet. A recording of the browser that lacks
// its beginning, as happens on a busy machine, is no judgement: Lighthouse asks to be run again, and twice it is.
async function once(path, inSession, again = 2) {
  const browser = await launch();
  try {
    if (inSession) await withSession(browser, await logIn());
    const page = await browser.newPage();
    await page.evaluateOnNewDocument(markReady);
    const { lhr } = await lighthouse(address(path), { logLevel: "error" }, config, page);
    if (again && /run Lighthouse again/.test(lhr.runtimeError?.message)) return await once(path, inSession, again - 1);
    if (lhr.runtimeError) throw new Error(`${path}: ${lhr.runtimeError.message}`);
    const state = await page.$eval("html", (html) => ({ ...html.dataset }));
    if (state.client !== "ready" || (state.session === "active") !== inSession) {
      findings.push(`${path}: judged with the client ${state.client} and the session ${state.session}`);
    }
    if (site.full && !lhr.audits["user-timings"].details.items.some((mark) => mark.name === "ready")) {
      findings.push(`${path}: its speed was judged before the client took over`);
    }
    return lhr;
  } finally {
    await browser.close();
  }
}

// faults lists the audits of a category that cost points.
function faults(path, lhr, category) {
  for (const { id, weight } of lhr.categories[category].auditRefs) {
    const audit = lhr.audits[id];
    if (!weight || audit.score === null || audit.score === 1) continue;
    const where = (audit.details?.items ?? []).map((item) => item.node?.snippet ?? item.url ?? "").join(" ");
    findings.push(`${path}: ${category}: ${id}: ${audit.title} ${audit.displayValue ?? ""} ${audit.explanation ?? ""} ${where}`);
  }
}

async function judge(path) {
  const inSession = await restricted(path);
  const results = [];
  while (results.length < runs) results.push(await once(path, inSession));
  const score = (category) => results.map((lhr) => percent(lhr.categories[category].score));
  const row = [path + (inSession ? ", logged in" : "")];
  for (const category of exact) {
    const worst = Math.min(...score(category));
    row.push(worst);
    if (worst !== 100) faults(path, results.find((lhr) => percent(lhr.categories[category].score) !== 100), category);
    if (worst !== 100) findings.push(`${path}: ${category} is ${worst}`);
  }
  if (!site.full) return row;
  const number = (id) => median(results.map((lhr) => lhr.audits[id].numericValue));
  const speed = median(score("performance"));
  if (!(speed >= leastPerformance)) {
    faults(path, results[0], "performance");
    findings.push(`${path}: performance is ${speed}, the median of ${score("performance").join(", ")}, at a load of ${os.loadavg()[0]} on ${os.cpus().length} processors`);
  }
  if (number("cumulative-layout-shift") !== 0) findings.push(`${path}: the layout shifts by ${number("cumulative-layout-shift")}`);
  return [
    ...row, `${speed} (${score("performance").join(", ")})`, (number("first-contentful-paint") / 1000).toFixed(1) + " s",
    (number("largest-contentful-paint") / 1000).toFixed(1) + " s", Math.round(number("total-blocking-time")) + " ms",
    number("cumulative-layout-shift").toFixed(3),
  ];
}

const heading = ["page", ...exact];
if (site.full) heading.push("performance, median (runs)", "first paint", "largest paint", "blocked", "shift");
const rows = [heading];
for (const path of site.full ? site.paths : site.paths.slice(0, 1)) rows.push(await judge(path));
table(rows);
conclude(findings);
