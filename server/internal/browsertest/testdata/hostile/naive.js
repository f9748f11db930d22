// The client that Latchkey is not: it keeps its token on the page, in every place that there is, and hands it to
// everybody who could ask. The test appends it to the page's script of the server without defences: an attempt that
// does not find the token there does not look.
(async () => {
  const response = await fetch("/graphql", {
    method: "POST", headers: new Headers({ "Content-Type": "application/json" }),
    body: JSON.stringify({ query: "mutation { refreshToken(minAge: 30) { accessToken } }" }),
  });
  const token = JSON.parse(await response.text()).data?.refreshToken.accessToken;
  if (!token) return;
  globalThis.naiveToken = token;
})();
