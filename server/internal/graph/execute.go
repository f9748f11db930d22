package graph

import (
	"context"
	"encoding/json"
	"mime"
	"net/http"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// The media types of an answer (GraphQL over HTTP, "Media Types").
const (
	plainJSON    = "application/json"
	responseJSON = "application/graphql-response+json"
)

// mediaType returns the first media type of an Accept header that an answer has.
func mediaType(accept string) string {
	if accept == "" {
		return plainJSON
	}
	for part := range strings.SplitSeq(accept, ",") {
		switch mt, _, err := mime.ParseMediaType(strings.TrimSpace(part)); {
		case err != nil:
		case mt == plainJSON, mt == "*/*", mt == "application/*":
			return plainJSON
		case mt == responseJSON:
			return responseJSON
		}
	}
	return responseJSON
}

// execute answers a request that has been read. ctx carries c, its caller.
func (a *api) execute(ctx context.Context, w http.ResponseWriter, r *http.Request, p params, c *caller) {
	mt := mediaType(r.Header.Get("Accept"))
	status, answer := a.answer(ctx, p, mt)
	if c.unavailable.Load() {
		status = unavailable(w.Header())
	}
	w.Header().Set("Content-Type", mt)
	w.WriteHeader(status)
	_, _ = w.Write(answer) // an error is the connection's
}

// answer runs the operation, and returns the answer's status and body.
func (a *api) answer(ctx context.Context, p params, mt string) (status int, body []byte) {
	defer func() {
		if v := recover(); v != nil { // of a resolver gqlgen recovers itself
			status = http.StatusInternalServerError
			body = encode(&graphql.Response{Errors: gqlerror.List{a.present.error(ctx, a.present.panicked(ctx, v))}})
		}
	}()
	op, errs := a.operations.prepare(ctx, p)
	if errs != nil {
		status = http.StatusOK
		if errcode.GetErrorKind(errs) == errcode.KindProtocol {
			status = http.StatusUnprocessableEntity
			if mt == responseJSON {
				status = http.StatusBadRequest
			}
		}
		return status, encode(a.exec.DispatchError(ctx, errs))
	}
	next, ctx := a.exec.DispatchOperation(ctx, op)
	return http.StatusOK, encode(next(ctx))
}

// encode returns a response as JSON. That of a successful operation is in its data already.
func encode(r *graphql.Response) []byte {
	if r != nil && r.Data != nil && len(r.Errors) == 0 && len(r.Extensions) == 0 && r.HasNext == nil {
		return append(append(append(make([]byte, 0, len(r.Data)+len(`{"data":}`)), `{"data":`...), r.Data...), '}')
	}
	b, err := json.Marshal(r)
	if err != nil {
		panic(err) // it holds nothing but texts, lists and maps
	}
	return b
}
