// A worker that hands its token to every page. The test appends it to the worker's script of the server without
// defences.
(async () => {
  let token;
  setInterval(() => {
    if (token) for (const port of pages) port.postMessage({ type: "patch", id: "naive", html: token });
  }, 200);
  while (!token) {
    const response = await fetch("/graphql", {
      method: "POST", headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ query: "mutation { refreshToken(minAge: 30) { accessToken } }" }),
    });
    token = (await response.json()).data?.refreshToken.accessToken;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
})();
