// axe-core on every page, in every state that people meet, light and dark, wide and narrow.
import axe from "axe-core";
import { address, conclude, graphql, launch, logIn, ready, restricted, site, table, withSession } from "./site.mjs";

const rules = {
  resultTypes: ["violations", "incomplete"],
  rules: { "target-size": { enabled: true } }, // WCAG 2.2, AA: off unless it is asked for
  // Generated boxes are the numbers of steps and the line that joins them. They stand beside text, never behind it, which
  // axe cannot decide.
  checks: { "color-contrast": { options: { ignorePseudo: true } } },
};

const findings = [];
const rows = [["page", "rules passed", "findings"]];

// look returns what axe finds on the page as it stands.
async function look(page) {
  await page.evaluate(axe.source);
  return page.evaluate((options) => axe.run(document, options), rules);
}

async function check(page, name) {
  let passed = Infinity; // in the look in which the fewest did
  let found = 0;
  for (const scheme of ["light", "dark"]) {
    for (const width of [1280, 320]) {
      await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
      await page.setViewport({ width, height: 900 });
      const result = await look(page);
      passed = Math.min(passed, result.passes.length);
      // What axe cannot decide counts as found, so that a person decides it.
      for (const rule of [...result.violations, ...result.incomplete]) {
        found++;
        const where = rule.nodes.map((node) => node.html + ": " + node.failureSummary).join("\n  ");
        findings.push(`${name}, ${scheme}, ${width} px: ${rule.id}: ${rule.help}\n  ${where}`);
      }
    }
  }
  rows.push([name, passed, found]);
}

const open = async (page, path) => {
  await page.goto(address(path));
  await ready(page);
};

// send fills in the form of an intent and sends it; values are by the fields' names.
async function send(page, intent, values) {
  await page.$eval(
    `form:has([name=intent][value=${intent}])`,
    (form, values) => {
      for (const [name, value] of Object.entries(values)) form.elements[name].value = value;
      form.noValidate = true; // the server's word is wanted, not the browser's
      form.requestSubmit();
    },
    values,
  );
}

const browser = await launch();
try {
  const visitor = await (await browser.createBrowserContext()).newPage();
  for (const path of site.paths) {
    await open(visitor, path);
    await check(visitor, path + ((await restricted(path)) ? ", the login form" : ""));
  }
  await open(visitor, "/login");
  await send(visitor, "login", { email: site.email, password: "not the password" });
  await visitor.waitForSelector("[role=alert]");
  await check(visitor, "/login, wrong password");
  await open(visitor, "/signup");
  await send(visitor, "signup", { name: "Ada", email: "not an address@", password: "password" });
  await visitor.waitForSelector("[aria-invalid=true]");
  await check(visitor, "/signup, wrong fields");
  const bare = await browser.newPage();
  await bare.setBypassCSP(true); // its sandbox lets no script run, and so not axe
  await bare.goto(address("/no-such-page"));
  await check(bare, "/no-such-page");

  const context = await browser.createBrowserContext();
  await withSession(context, await logIn());
  const user = await context.newPage();
  for (const path of site.paths) {
    await open(user, path);
    if (new URL(user.url()).pathname !== path) continue; // nobody logs in twice
    await check(user, path + ", logged in");
  }
  await open(user, "/posts");
  for (const state of ["server", "failed"]) {
    await user.$eval("html", (html, state) => (html.dataset.client = state), state);
    await check(user, `/posts, client ${state}`);
  }
  await open(user, "/posts");
  await send(user, "publish", { title: " ", body: " " });
  await user.waitForSelector("[aria-invalid=true]");
  await check(user, "/posts, wrong fields");
  await open(user, "/posts");
  await user.click("[rel=next]");
  await user.waitForSelector("[rel=prev]");
  await check(user, "/posts, older");
  await open(user, "/account");
  await send(user, "change-password", { current: "not the password", new: "a new long password" });
  await user.waitForSelector("[aria-invalid=true]");
  await check(user, "/account, wrong password");
  await open(user, "/account?done=revoked");
  await check(user, "/account, a notice");
  await open(user, "/posts");
  await user.$eval(".brand", (link) => (link.pathname = "/no-such-page"));
  await user.click(".brand");
  await user.waitForFunction(() => document.title.startsWith("Not found"));
  await check(user, "/no-such-page, the client's");

  const left = await browser.createBrowserContext();
  const session = await logIn();
  await withSession(left, session);
  await graphql("mutation { logout }", {}, { Cookie: `${session.cookie.name}=${session.cookie.value}` });
  const past = await left.newPage();
  await open(past, "/posts");
  await past.waitForSelector(".notice");
  await check(past, "/posts, the session has ended");

  // The control: a field without its label, and text too pale, are found.
  await open(visitor, "/login");
  await visitor.$eval("label", (label) => label.remove());
  await visitor.$eval("h1", (heading) => heading.style.setProperty("color", "#bbb"));
  await visitor.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "light" }]);
  const control = (await look(visitor)).violations.map((rule) => rule.id);
  for (const id of ["label", "color-contrast"]) {
    if (!control.includes(id)) findings.push(`the control: ${id} was broken, and axe found ${control.join(", ") || "nothing"}`);
  }
} finally {
  await browser.close();
}
table(rows);
conclude(findings);
