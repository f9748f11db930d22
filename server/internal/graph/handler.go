package graph

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"mime"
	"net/http"
	"time"

	"github.com/99designs/gqlgen/graphql/executor"

	"example.com/latchkey/server/internal/auth"
	"example.com/latchkey/server/internal/blog"
	"example.com/latchkey/server/internal/graph/generated"
	"example.com/latchkey/server/internal/inflight"
	"example.com/latchkey/server/internal/refusal"
)

// The limits of one request (contract §4). The schema's deepest natural query has depth 3. A page of twenty posts has a
// complexity of 400, and one of a hundred whole posts 1,920: the largest that there is, once in a query.
const (
	maxDepth      = 12
	devDepth      = 24 // of introspection, which follows the wrappers of types
	maxComplexity = 2000
	usualSessions = 10   // of a user, to reckon what the list costs
	costOfPost    = 6    // of a post that is loaded, with its body, whatever is asked of it
	costOfBody    = 10   // of a body that is encoded: 20,000 bytes, where other texts have hundreds at most
	costOfRead    = 20   // of a field that asks the database
	costOfChange  = 20   // of a mutation: it writes
	costOfHash    = 500  // of one that hashes a password
	maxTokens     = 1000 // to parse more would cost more than to answer
	maxErrors     = 10   // of validation that are told
	maxMessage    = 500  // bytes of an error's text, which may repeat what was sent
)

// Config is what the API needs.
type Config struct {
	Auth    *auth.Service
	Blog    *blog.Service
	IdleTTL time.Duration // the refresh cookie's Max-Age
	Dev     bool          // answer introspection
	Log     *slog.Logger
	Refused *refusal.Log // nil: refusals are not logged
}

// New returns the handler of POST /graphql. It answers every other method with 405, another media type than
// application/json with 415, a body over 1 MiB with 413 and one that is no GraphQL request with 400, a Bearer token that
// does not verify with 401, an operation that is invalid or over a limit with 422, and what the database could not be
// reached for with 503 and Retry-After, each with a GraphQL error in the body.
func New(cfg Config) http.Handler {
	ec := generated.Config{Resolvers: &resolver{auth: cfg.Auth, blog: cfg.Blog}}
	weigh(&ec.Complexity)
	schema := generated.NewExecutableSchema(ec)
	srv := executor.New(schema)
	present := presenter{cfg.Log}
	srv.SetErrorPresenter(present.error)
	srv.SetRecoverFunc(present.panicked)
	return &api{cfg: cfg, operations: newOperations(schema, cfg.Dev, present.panicked), exec: srv, present: present}
}

type api struct {
	cfg        Config
	operations *operations
	exec       *executor.Executor // executes what operations has prepared
	present    presenter
}

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	if r.Method != http.MethodPost {
		h.Set("Allow", http.MethodPost)
		refuse(w, http.StatusMethodNotAllowed, badRequest("Queries and mutations are sent by POST."))
		return
	}
	if mt, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || mt != plainJSON {
		refuse(w, http.StatusUnsupportedMediaType, badRequest("Send the query as application/json."))
		return
	}
	c := &caller{visitor: visitorOf(r), cookies: &cookieWriter{header: h, maxAge: a.cfg.IdleTTL}, refused: a.cfg.Refused}
	if token, ok := bearer(r); ok {
		id, err := a.cfg.Auth.Authenticate(r.Context(), token, !isRenderer(r.Context()))
		if err != nil {
			a.unauthorized(w, r, err)
			return
		}
		c.identity = &id
	}
	// The body comes last: what is refused before is not even read.
	body, status := readBody(w, r)
	if status != http.StatusOK {
		if status == http.StatusTooManyRequests {
			Refuse(w, status, &auth.Error{Code: auth.CodeRateLimited, Message: inflight.Refusal, RetryAfter: time.Second})
			return
		}
		refuse(w, status, badRequest("The body could not be read: it must be complete, at most 1 MiB, and come in time."))
		return
	}
	p, err := parseParams(body)
	if errors.Is(err, errVariables) {
		refuse(w, http.StatusUnprocessableEntity, badRequest(fmt.Sprintf(
			"The variables hold more than %d values, or are nested deeper than %d.", maxVariables, maxVariable)))
		return
	}
	if err != nil {
		// Not the decoder's own words: they may repeat a part of the body, which may hold a password.
		refuse(w, http.StatusBadRequest, badRequest("The body is not the JSON of a GraphQL request."))
		return
	}
	a.execute(withCaller(r.Context(), c), w, r, p, c)
}

// unauthorized answers a Bearer token that does not verify (RFC 6750 §3.1), or a failure to verify it.
func (a *api) unauthorized(w http.ResponseWriter, r *http.Request, err error) {
	status := http.StatusInternalServerError
	if errors.Is(err, auth.ErrUnavailable) {
		status = unavailable(w.Header())
	}
	if e := (*auth.Error)(nil); errors.As(err, &e) && e.Code == auth.CodeUnauthenticated {
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
		status = http.StatusUnauthorized
	}
	refuse(w, status, a.present.wire(r.Context(), err))
}

// Refuse answers with the status and with err as the one GraphQL error, for who stands in front of the API and lets a
// request go no further. The outside sees err's message, code, reason, field and time to wait, and not its cause.
func Refuse(w http.ResponseWriter, status int, err *auth.Error) {
	w.Header().Set("Cache-Control", "no-store")
	refuse(w, status, wireError{err.Message, authExtensions(err)})
}

// refuse answers with one GraphQL error and the status, before anything was executed.
func refuse(w http.ResponseWriter, status int, e wireError) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// The status is sent: an error of the encoder is the connection's, and there is nobody left to tell.
	_ = json.NewEncoder(w).Encode(struct {
		Errors []wireError `json:"errors"`
		Data   any         `json:"data"`
	}{Errors: []wireError{e}})
}
