// Forms to the API: they may be sent anywhere in the origin, with the cookie.

const fieldsOf = {
  "text/plain": (me) => [[`{"query":${JSON.stringify(me.query)},"operationName":null,"extensions":{"x":"`, `"}}`]],
  "application/x-www-form-urlencoded": (me) => [["query", me.query]],
  "multipart/form-data": (me) => [["query", me.query]],
};

function formIn(document, me, enctype, target, method = "post") {
  const form = document.createElement("form");
  Object.assign(form, { action: settings.api, method, enctype, target });
  for (const [name, value] of fieldsOf[enctype](me)) {
    const field = document.createElement("input");
    Object.assign(field, { type: "hidden", name, value });
    form.append(field);
  }
  document.body.append(form);
  return form;
}

// shows is what a window shows once it stands at the API.
const shows = (w) => until(() => w.location.pathname === "/graphql" && w.document.readyState === "complete" && w.document.documentElement.textContent);

for (const enctype of Object.keys(fieldsOf)) {
  attempt(`form, ${enctype}, in a window of ours`, async (me) => {
    const w = await aPage();
    formIn(w.document, me, enctype, "_self").submit();
    me.got(await shows(w));
  });
  attempt(`form, ${enctype}, to a new window`, async (me) => {
    const w = open("about:blank", me.mark);
    formIn(document, me, enctype, me.mark).submit();
    me.got(await shows(w));
  });
  attempt(`form, ${enctype}, to a frame`, async (me) => {
    const f = element("iframe", { name: me.mark });
    formIn(document, me, enctype, me.mark).submit();
    me.got(await shows(f.contentWindow));
  });
  attempt(`form, ${enctype}, in a frame of about:blank`, async (me) => {
    const f = element("iframe");
    formIn(f.contentDocument, me, enctype, "_self").submit();
    me.got(await shows(f.contentWindow));
  });
}
attempt("form, by GET, to a new window", async (me) => {
  const w = open("about:blank", me.mark);
  formIn(document, me, "multipart/form-data", me.mark, "get").submit();
  me.got(await shows(w));
});
attempt("form, by a button's own address and method", async (me) => {
  const w = open("about:blank", me.mark);
  const form = formIn(document, me, "multipart/form-data", me.mark, "get");
  const button = element("button", { formAction: settings.api, formMethod: "post", formEnctype: "multipart/form-data" }, form);
  form.action = "/posts";
  form.requestSubmit(button);
  me.got(await shows(w));
});
