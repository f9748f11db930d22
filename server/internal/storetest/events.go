package storetest

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"example.com/latchkey/server/internal/auth"
)

const (
	rightPassword = "correct horse battery"
	wrongPassword = "battery horse wrong"
)

// row is an entry that one is to find on record.
type row struct {
	kind   auth.EventKind
	reason auth.Reason
	about  string // the session: "first" or "second", or "" for none
	by     string // the session that asked
	token  bool   // it names a token of the session
	nobody bool   // it is of no account
}

// events are all that may happen, each by a visitor of its own, with what is to be on record of it.
var events = []struct {
	name string
	do   func(r *trail, email string, first, second *auth.Grant)
	want []row
}{
	{"sign-up", func(r *trail, email string, first, _ *auth.Grant) {
		r.service(nil, func(s *auth.Service) { *first = r.granted(s.SignUp(ctx, email, rightPassword, "Ada", r.by)) })
	}, []row{{kind: auth.EventAccountCreated, about: "first", token: true}}},
	{"sign-up with an address that is taken", func(r *trail, email string, _, _ *auth.Grant) {
		r.service(nil, func(s *auth.Service) {
			_, err := s.SignUp(ctx, email, rightPassword, "Eve", r.by)
			r.refused(err, auth.CodeEmailTaken)
		})
	}, []row{{kind: auth.EventSignUpRefused, reason: auth.Reason(auth.CodeEmailTaken)}}},
	{"too many sign-ups", func(r *trail, email string, _, _ *auth.Grant) {
		r.service(func(c *auth.Config) { c.SignUps = 1 }, func(s *auth.Service) {
			r.granted(s.SignUp(ctx, "joe@example.com", rightPassword, "", auth.Visitor{IP: r.by.IP}))
			_, err := s.SignUp(ctx, email, rightPassword, "Eve", r.by)
			r.refused(err, auth.CodeRateLimited)
		})
	}, []row{{kind: auth.EventSignUpRefused, reason: auth.Reason(auth.CodeRateLimited), nobody: true}}},
	{"login", func(r *trail, email string, _, second *auth.Grant) {
		r.service(nil, func(s *auth.Service) { *second = r.granted(s.Login(ctx, email, rightPassword, r.by)) })
	}, []row{{kind: auth.EventLoggedIn, about: "second", token: true}}},
	{"wrong password", func(r *trail, email string, _, _ *auth.Grant) {
		r.service(nil, func(s *auth.Service) {
			_, err := s.Login(ctx, email, wrongPassword, r.by)
			r.refused(err, auth.CodeUnauthenticated)
		})
	}, []row{{kind: auth.EventLoginFailed, reason: auth.ReasonInvalidCredentials}}},
	{"password in the place of the email", func(r *trail, _ string, _, _ *auth.Grant) {
		r.service(nil, func(s *auth.Service) {
			_, err := s.Login(ctx, rightPassword, rightPassword, r.by)
			r.refused(err, auth.CodeUnauthenticated)
		})
	}, []row{{kind: auth.EventLoginFailed, reason: auth.ReasonInvalidCredentials, nobody: true}}},
	{"an address without an account", func(r *trail, _ string, _, _ *auth.Grant) {
		r.secrets = append(r.secrets, "hunter2@example.com")
		r.service(nil, func(s *auth.Service) {
			_, err := s.Login(ctx, "hunter2@example.com", rightPassword, r.by)
			r.refused(err, auth.CodeUnauthenticated)
		})
	}, []row{{kind: auth.EventLoginFailed, reason: auth.ReasonInvalidCredentials, nobody: true}}},
	{"too many wrong passwords", func(r *trail, email string, _, _ *auth.Grant) {
		r.service(func(c *auth.Config) { c.LoginAttempts = 1 }, func(s *auth.Service) {
			_, err := s.Login(ctx, email, wrongPassword, r.by) // one was wrong before
			r.refused(err, auth.CodeRateLimited)
		})
	}, []row{{kind: auth.EventLoginFailed, reason: auth.Reason(auth.CodeRateLimited)}}},
	{"wrong current password", func(r *trail, _ string, first, _ *auth.Grant) {
		r.service(nil, func(s *auth.Service) {
			r.refused(s.ChangePassword(ctx, r.by, identity(*first), wrongPassword, "another password"), auth.CodeBadUserInput)
		})
	}, []row{{kind: auth.EventPasswordChangeFailed, reason: auth.ReasonInvalidCredentials, about: "first"}}},
	{"rotation", func(r *trail, _ string, first, _ *auth.Grant) {
		r.service(nil, func(s *auth.Service) {
			*first = r.granted(s.Refresh(ctx, r.with(first.RefreshToken), auth.RefreshOptions{}))
		})
	}, nil},
	{"unknown token", func(r *trail, _ string, first, _ *auth.Grant) {
		r.service(nil, func(s *auth.Service) {
			_, err := s.Refresh(ctx, r.with(first.RefreshToken[:len(first.RefreshToken)-43]+strings.Repeat("A", 43)), auth.RefreshOptions{})
			r.refused(err, auth.CodeUnauthenticated)
		})
	}, nil},
	{"idle session", func(r *trail, _ string, first, _ *auth.Grant) {
		r.service(func(c *auth.Config) { c.IdleTTL = time.Millisecond }, func(s *auth.Service) { r.tooLate(s, first) })
	}, []row{{kind: auth.EventRefreshRefused, reason: auth.ReasonIdle, about: "first", token: true}}},
	{"old session", func(r *trail, _ string, first, _ *auth.Grant) {
		r.service(func(c *auth.Config) { c.MaxTTL = time.Millisecond }, func(s *auth.Service) { r.tooLate(s, first) })
	}, []row{{kind: auth.EventRefreshRefused, reason: auth.ReasonMaxAge, about: "first", token: true}}},
	{"recovery", func(r *trail, _ string, first, _ *auth.Grant) {
		r.service(func(c *auth.Config) { c.Grace = time.Millisecond }, func(s *auth.Service) {
			r.granted(s.Refresh(ctx, r.with(first.RefreshToken), auth.RefreshOptions{})) // and the answer is lost
			time.Sleep(5 * time.Millisecond)
			*first = r.granted(s.Refresh(ctx, r.with(first.RefreshToken), auth.RefreshOptions{Recover: true}))
		})
	}, []row{{kind: auth.EventTokenRecovered, about: "first", token: true}}},
	{"change of the password", func(r *trail, _ string, first, _ *auth.Grant) {
		r.service(nil, func(s *auth.Service) {
			if err := s.ChangePassword(ctx, r.by, identity(*first), rightPassword, "another password"); err != nil {
				r.t.Fatal(err)
			}
		})
	}, []row{{kind: auth.EventSessionEnded, reason: auth.ReasonPasswordChanged, about: "second", by: "first"},
		{kind: auth.EventPasswordChanged, about: "first"}}},
	{"return of an ended session", func(r *trail, _ string, _, second *auth.Grant) {
		r.service(nil, func(s *auth.Service) { r.tooLate(s, second) })
	}, []row{{kind: auth.EventRefreshRefused, reason: auth.ReasonPasswordChanged, about: "second", token: true}}},
	{"login in a browser that has a session", func(r *trail, email string, first, second *auth.Grant) {
		r.service(nil, func(s *auth.Service) {
			*second = r.granted(s.Login(ctx, email, "another password", r.with(first.RefreshToken)))
		})
	}, []row{{kind: auth.EventSessionEnded, reason: auth.ReasonLoggedOut, about: "first", token: true},
		{kind: auth.EventLoggedIn, about: "second", token: true}}},
	{"revocation", func(r *trail, email string, first, second *auth.Grant) {
		r.service(nil, func(s *auth.Service) {
			*first = r.granted(s.Login(ctx, email, "another password", r.by))
			if _, err := s.RevokeSession(ctx, r.by, identity(*first), second.SessionID); err != nil {
				r.t.Fatal(err)
			}
		})
	}, []row{{kind: auth.EventLoggedIn, about: "first", token: true},
		{kind: auth.EventSessionEnded, reason: auth.ReasonRevoked, about: "second", by: "first"}}},
	{"logout everywhere", func(r *trail, _ string, first, _ *auth.Grant) {
		r.service(nil, func(s *auth.Service) {
			if _, err := s.LogoutEverywhere(ctx, r.by, identity(*first)); err != nil {
				r.t.Fatal(err)
			}
		})
	}, []row{{kind: auth.EventSessionEnded, reason: auth.ReasonLoggedOut, about: "first", by: "first"}}},
	{"logout by the cookie", func(r *trail, email string, first, _ *auth.Grant) {
		r.service(nil, func(s *auth.Service) {
			*first = r.granted(s.Login(ctx, email, "another password", r.by))
			if err := s.Logout(ctx, r.with(first.RefreshToken), nil); err != nil {
				r.t.Fatal(err)
			}
		})
	}, []row{{kind: auth.EventLoggedIn, about: "first", token: true},
		{kind: auth.EventSessionEnded, reason: auth.ReasonLoggedOut, about: "first", token: true}}},
	{"reuse", func(r *trail, email string, first, _ *auth.Grant) {
		r.service(func(c *auth.Config) { c.Grace = time.Millisecond }, func(s *auth.Service) {
			*first = r.granted(s.Login(ctx, email, "another password", r.by))
			r.granted(s.Refresh(ctx, r.with(first.RefreshToken), auth.RefreshOptions{}))
			time.Sleep(5 * time.Millisecond)
			r.tooLate(s, first)
		})
	}, []row{{kind: auth.EventLoggedIn, about: "first", token: true},
		{kind: auth.EventSessionEnded, reason: auth.ReasonTokenReused, about: "first", token: true}}},
	{"login once more", func(r *trail, email string, first, _ *auth.Grant) {
		r.service(nil, func(s *auth.Service) { *first = r.granted(s.Login(ctx, email, "another password", r.by)) })
	}, []row{{kind: auth.EventLoggedIn, about: "first", token: true}}},
	{"ending by an operator", func(r *trail, _ string, first, _ *auth.Grant) {
		r.by = auth.Visitor{UserAgent: "latchkey sessions end"} // from nowhere, and asked for by no session
		if _, err := auth.EndByOperator(ctx, r.store, auth.Selection{UserID: first.User.ID}); err != nil {
			r.t.Fatal(err)
		}
	}, []row{{kind: auth.EventSessionEnded, reason: auth.ReasonRevoked, about: "first"}}},
}

// testEveryEvent has everything happen that goes on record, and looks who, what, when and from where is there, and that
// no secret is.
func testEveryEvent(t *testing.T, f *fixture) {
	r := &trail{t: t, store: f.process(), cfg: auth.Config{Recovery: time.Hour, Grace: time.Minute, LoginAttempts: 100},
		secrets: []string{rightPassword, wrongPassword, "another password"}}
	const email = "ada@example.com"
	var first, second auth.Grant
	known, seen := map[string]bool{}, map[auth.EventKind]bool{}
	r.service(nil, func(*auth.Service) {})
	made := f.audit(r.store, auth.AuditFilter{})
	if len(made) != 1 || made[0].Kind != auth.EventKeyAnnounced || len(made[0].KeyID) != 43 {
		t.Fatalf("of the first key is on record %+v", made)
	}
	known[made[0].ID] = true
	for i, event := range events {
		r.by = auth.Visitor{IP: fmt.Sprintf("192.0.2.%d", i), UserAgent: "Test/" + event.name}
		if event.name == "too many wrong passwords" { // the limit is of the address too
			r.by.IP = "192.0.2.4"
		}
		began := time.Now()
		event.do(r, email, &first, &second)
		var got []auth.Event
		for _, e := range f.audit(r.store, auth.AuditFilter{}) {
			if !known[e.ID] && e.Email != "joe@example.com" {
				known[e.ID], seen[e.Kind] = true, true
				got = append(got, e)
			}
		}
		if len(got) != len(event.want) {
			t.Fatalf("%s: on record are %+v", event.name, got)
		}
		for i, want := range event.want {
			r.compare(event.name, got[i], want, first, second, began)
		}
	}
	f.record(r.store, auth.Event{Kind: auth.EventKeyAnnounced, KeyID: "kid"}, auth.Event{Kind: auth.EventKeysReplaced})
	for _, e := range f.audit(r.store, auth.AuditFilter{}) {
		seen[e.Kind] = true
		r.clean(e)
	}
	for _, kind := range auth.EventKinds() {
		if !seen[kind] {
			t.Errorf("nothing is of kind %s", kind)
		}
	}
}

func (r *trail) compare(name string, got auth.Event, want row, first, second auth.Grant, began time.Time) {
	r.t.Helper()
	sessions := map[string]string{"first": first.SessionID, "second": second.SessionID}
	user, email := first.User.ID, first.User.Email
	if want.nobody {
		user, email = "", ""
	}
	if got.Kind != want.kind || got.Reason != want.reason || got.Times != 1 ||
		got.UserID != user || got.Email != email || got.SessionID != sessions[want.about] || got.BySession != sessions[want.by] {
		r.t.Errorf("%s: on record is %+v, want %+v of user %s, sessions %v", name, got, want, user, sessions)
	}
	if got.IP != r.by.IP || got.UserAgent != r.by.UserAgent {
		r.t.Errorf("%s: from %s, %s", name, got.IP, got.UserAgent)
	}
	if strings.HasPrefix(got.TokenID, got.SessionID+"/") != want.token || !want.token && got.TokenID != "" {
		r.t.Errorf("%s: token %q", name, got.TokenID)
	}
	if early, late := got.At.Sub(began), time.Since(got.At); early < -time.Second || late < -time.Second || got.Last.Before(got.At) {
		r.t.Errorf("%s: at %v, last %v, when it was %v", name, got.At, got.Last, began)
	}
}

// long is what a token, a hash or a key looks like: ids of ours are shorter between their dashes.
var long = regexp.MustCompile(`[A-Za-z0-9_+/=]{20,}`)

// clean fails where an entry holds a secret, or what looks like one.
func (r *trail) clean(e auth.Event) {
	r.t.Helper()
	e.KeyID = "" // everybody knows it
	text, err := json.Marshal(e)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, secret := range r.secrets {
		if strings.Contains(string(text), secret) {
			r.t.Errorf("a secret is on record: %s", text)
		}
	}
	for _, found := range long.FindAllString(string(text), -1) {
		if found != string(e.Kind) {
			r.t.Errorf("on record is what may be a secret, %q: %s", found, text)
		}
	}
}
