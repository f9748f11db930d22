// A worker that hands its token to every page. The test appends it to the worker's script of the server without
// defences.
(async () => {
  const response = await fetch("/graphql", {
    method: "POST", headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ query: "mutation { refreshToken(minAge: 30) { accessToken } }" }),
  });
  const token = (await response.json()).data?.refreshToken.accessToken;
  if (!token) return;
  setInterval(() => {
    for (const port of pages) port.postMessage({ type: "patch", id: "no-such", html: token });
  }, 200);
})();
