package session

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/hasura/go-graphql-client"

	"example.com/latchkey/shared/token"
)

// Session is one user's session with one API. Any number of goroutines may use it at once.
type Session struct {
	endpoint string
	origin   string
	base     http.RoundTripper
	minAge   time.Duration
	keeper   *token.Keeper[holder]
	auth     *graphql.Client // with the refresh cookie: login, refresh, logout
	data     *graphql.Client // with the access token: Query, Mutate
}

// holder is what comes with an access token.
type holder struct {
	user   User
	claims Claims
}

// Option is a choice that New takes.
type Option func(*options)

type options struct {
	base   http.RoundTripper
	jar    http.CookieJar
	jarSet bool
	minAge time.Duration
	random func() float64
	log    func(State)
}

// WithTransport has the session send its own requests over base, and everything else that is given no other; the
// default is http.DefaultTransport. It must return soon after a request's context has ended.
func WithTransport(base http.RoundTripper) Option {
	return func(o *options) { o.base = base }
}

// WithJar has the session keep the refresh cookie in jar: one that outlives the process makes the session outlive
// it too. Such a jar must have a cookie safe when SetCookies returns, for an older one that comes back later is taken
// for stolen. The default is a jar in memory. With nil, which is the default in a browser, the transport cares for
// cookies itself.
func WithJar(jar http.CookieJar) Option {
	return func(o *options) { o.jar, o.jarSet = jar, true }
}

// WithMinAge tells the session the server's grace, 30 s by default: a refresh leaves a refresh token alone that is
// younger (rule W2 of the package's doc). It goes over the wire in whole seconds, rounded up.
func WithMinAge(d time.Duration) Option {
	return func(o *options) { o.minAge = max(0, d) }
}

// WithRandom has the session scatter its refreshes and retries by random, which gives numbers in [0, 1) and is asked
// for one at a time. The default is [math/rand/v2.Float64]; a test that is to repeat gives another.
func WithRandom(random func() float64) Option {
	return func(o *options) { o.random = random }
}

// WithLogger has the session log its changes of phase (Info), refreshes (Debug) and faults (Warn). By default it
// logs nothing. No token and no password is ever logged.
func WithLogger(log *slog.Logger) Option {
	var tell func(State)
	if log != nil {
		tell = logTo(log) // made here and not in New: a program that logs nothing is linked without log/slog
	}
	return func(o *options) { o.log = tell }
}

// New returns a session with the GraphQL API at endpoint, an absolute http or https URL. It asks the server nothing
// yet: log in, resume, or just use it, and the cookie jar decides. The error is about the endpoint.
func New(endpoint string, opts ...Option) (*Session, error) {
	u, err := checkEndpoint(endpoint)
	if err != nil {
		return nil, err
	}
	o := options{base: http.DefaultTransport, minAge: 30 * time.Second}
	for _, opt := range opts {
		opt(&o)
	}
	if o.base == nil {
		o.base = http.DefaultTransport
	}
	if !o.jarSet {
		if o.jar, err = defaultJar(); err != nil {
			return nil, fmt.Errorf("session: %w", err)
		}
	}
	s := &Session{endpoint: u.String(), origin: originOf(u), base: o.base, minAge: o.minAge}
	s.keeper = token.New(token.Config[holder]{Fetch: s.refresh, Timeout: tryTimeout(o.minAge), Random: o.random})
	carrier := o.base
	if o.jar != nil {
		carrier = cookies{o.jar, o.base}
	}
	s.auth = graphql.NewClient(s.endpoint, &http.Client{Transport: answers{carrier}})
	s.data = graphql.NewClient(s.endpoint, &http.Client{Transport: answers{s.Transport(nil)}})
	if o.log != nil {
		s.Observe(o.log)
	}
	return s, nil
}

func checkEndpoint(endpoint string) (*url.URL, error) {
	u, err := url.Parse(endpoint)
	switch {
	case err != nil:
		return nil, errors.New("session: the endpoint is not a URL") // err would quote it
	case u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "":
		return nil, fmt.Errorf("session: the endpoint %q is not an absolute http or https URL", u.Redacted())
	case u.User != nil:
		return nil, errors.New("session: the endpoint holds a user name or password")
	}
	return u, nil
}

// tryTimeout is how long one refresh may wait for its answer: less than the grace, for an answer that comes later
// than that may bring a cookie that is good no more (package auth, "What holds").
func tryTimeout(grace time.Duration) time.Duration {
	return min(max(grace*2/3, 10*time.Second), 30*time.Second)
}

// MinAge returns what [WithMinAge] has set: the server's grace, as far as s knows.
func (s *Session) MinAge() time.Duration { return s.minAge }

// State returns the present state.
func (s *Session) State() State { return view(s.keeper.State()) }

// Observe has tell called with every state from now on: in order, and never two calls at once among all observers
// of the session. tell may call any method, Close too. No call begins after stop has returned.
//
// That is one call for every refresh, on whatever occasion, with its number in Refreshes and its times in Expiry and
// NextRefresh; one for every try of a refresh that failed, with Err; and one for every change of phase. No token is in
// it. Whether the cookie was replaced too is not: in a browser nobody can tell.
func (s *Session) Observe(tell func(State)) (stop func()) {
	return s.keeper.Observe(func(st token.State[holder]) { tell(view(st)) })
}

// Wake says that the machine has slept, or that the network is back (in a browser, the events visibilitychange and
// online): a refresh that is due begins now, and one that waits to be tried again is tried within 250 ms. It does not
// wait, does nothing where nothing is due, and may be called often. A session that is never told so does the same
// later: at the next use, or at the end of a backoff of at most 30 s.
func (s *Session) Wake() { s.keeper.Wake() }

// Forget drops the access token and the timer without a word to the server, as if the session were new: Token and
// Resume bring it back from the cookie. Who is waiting for a token gets [ErrForgotten].
func (s *Session) Forget() { s.keeper.Forget() }

// Close forgets, and ends the use of s: it aborts the refresh, login or logout that runs and returns once that has
// stopped; a request that Transport has sent is its caller's, and goes on. The session on the server lives on; to end
// that, Logout. Every later call gives [ErrClosed], also to who is waiting. Close itself returns nil.
func (s *Session) Close() error {
	s.keeper.Close()
	return nil
}

// Token returns an access token with life left. Where there is none it waits for the one refresh that is under way,
// which it starts if need be, and which is tried again until the server has spoken.
//
// The error is an *[Error] that is [ErrUnauthenticated] where the server said that there is no session; until Login
// or Resume, it is then returned at once. Where ctx ends first the error wraps ctx's, and that of the last try.
func (s *Session) Token(ctx context.Context) (string, error) {
	secret, err := s.keeper.Token(ctx)
	if err != nil {
		return "", err
	}
	return secret.Reveal(), nil
}

// String shows where s stands, and nothing secret.
func (s *Session) String() string { return "session " + s.State().Phase.String() + " at " + s.endpoint }

// GoString is String.
func (s *Session) GoString() string { return s.String() }

// LogValue is String.
func (s *Session) LogValue() slog.Value { return slog.StringValue(s.String()) }
