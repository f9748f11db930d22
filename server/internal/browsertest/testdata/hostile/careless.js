// A worker that answers whatever a page says with its token. The test appends it to the worker's script of the server
// without defences.
(() => {
  const token = (async () => {
    for (; ;) {
      const response = await fetch("/graphql", {
        method: "POST", headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ query: "mutation { refreshToken(minAge: 30) { accessToken } }" }),
      });
      const { data } = await response.json();
      if (data) return data.refreshToken.accessToken;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  })();
  const answer = async (port) => port.postMessage({ type: "patch", id: "naive", html: await token });
  const listen = (port) => port.addEventListener("message", () => {
    answer(port);
    setTimeout(answer, 1000, port); // once more, when the page has the place for it
  });
  for (const port of pages) listen(port);
  pages.add = (port) => (listen(port), Set.prototype.add.call(pages, port));
})();
