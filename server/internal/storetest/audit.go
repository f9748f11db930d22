package storetest

import (
	"encoding/binary"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"example.com/latchkey/server/internal/auth"
)

// record adds events, each with the time that the store says it is unless it has one.
func (f *fixture) record(s Store, events ...auth.Event) {
	f.t.Helper()
	if err := s.Record(ctx, func(now time.Time) []auth.Event {
		for i := range events {
			if events[i].At.IsZero() {
				events[i].At = now
			}
		}
		return events
	}); err != nil {
		f.t.Fatal(err)
	}
}

// audit returns what the filter lets pass.
func (f *fixture) audit(s Store, filter auth.AuditFilter) (list []auth.Event) {
	f.t.Helper()
	if err := s.Audit(ctx, filter, func(e auth.Event) error {
		list = append(list, e)
		return nil
	}); err != nil {
		f.t.Fatal(err)
	}
	return list
}

func testRecord(t *testing.T, f *fixture) {
	s := f.process()
	a, _ := f.account(s, 0)
	at := time.Now().UTC().Truncate(time.Millisecond).Add(-10 * time.Minute)
	full := auth.Event{ID: newID(), Kind: auth.EventLoginFailed, At: at, Last: at.Add(time.Minute), Times: 3,
		Reason: auth.ReasonInvalidCredentials, UserID: a.ID, SessionID: "session", BySession: "by", TokenID: "session/1",
		KeyID: "key", IP: "192.0.2.1", UserAgent: "Test/1.0"}
	f.record(s, full)
	again := full
	again.At, again.Last, again.Times, again.IP = at.Add(time.Hour), at.Add(2*time.Minute), 4, "192.0.2.9"
	f.record(f.process(), again)
	want := full
	want.Last, want.Times, want.Email = again.Last, 7, a.Email
	if diff := cmp.Diff([]auth.Event{want}, f.audit(s, auth.AuditFilter{Kind: auth.EventLoginFailed})); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
	f.record(s, auth.Event{Kind: auth.EventKeyAnnounced}, auth.Event{Kind: auth.EventKeyAnnounced})
	plain := f.audit(s, auth.AuditFilter{Kind: auth.EventKeyAnnounced})
	if len(plain) != 2 || plain[0].ID == "" || plain[0].ID == plain[1].ID || plain[0].Times != 1 || !plain[0].Last.Equal(plain[0].At) ||
		time.Since(plain[0].At) > time.Minute {
		t.Errorf("without ids: %+v", plain)
	}
}

func testActivity(t *testing.T, f *fixture) {
	s := f.process()
	a, _ := f.account(s, 0) // an entry each
	b, _ := f.account(s, 0)
	for i := range 5 {
		f.record(s, auth.Event{Kind: auth.EventPasswordChanged, UserID: a.ID, UserAgent: fmt.Sprint(i)},
			auth.Event{Kind: auth.EventPasswordChanged, UserID: b.ID}, auth.Event{Kind: auth.EventLoginFailed},
			auth.Event{Kind: auth.EventSignUpRefused, UserID: a.ID, UserAgent: "not shown"})
	}
	seen, after := "", ""
	for {
		page, err := s.Activity(ctx, a.ID, 4, after)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		for _, e := range page {
			if e.UserID != a.ID {
				t.Errorf("another's: %+v", e)
			}
			seen += e.UserAgent + " "
			after = e.ID
		}
		seen += "| "
	}
	if want := "4 3 2 1 | 0  | "; seen != want {
		t.Errorf("pages %q, want %q", seen, want)
	}
}

// oldID is an id as one that was made at the time (RFC 9562 §5.7).
func oldID(at time.Time) string {
	id := uuid.Must(uuid.NewV7())
	copy(id[:], binary.BigEndian.AppendUint64(nil, uint64(at.UnixMilli())<<16)[:6])
	return id.String()
}

func testAudit(t *testing.T, f *fixture) {
	s := f.process()
	a, _ := f.account(s, 0)
	now := time.Now().UTC().Truncate(time.Millisecond)
	var many []auth.Event
	for i := range 1200 { // more than are read at once
		e := auth.Event{Kind: auth.EventLoginFailed, At: now.Add(-time.Hour), UserAgent: fmt.Sprint(i)}
		if i%400 == 0 {
			e.UserID = a.ID
		}
		many = append(many, e)
	}
	many[7].ID, many[7].Last = oldID(now.Add(-89*time.Minute)), now // it was counted for an hour, and then waited
	f.record(s, many...)
	for _, row := range []struct {
		name   string
		filter auth.AuditFilter
		want   int
	}{
		{"all", auth.AuditFilter{}, 1201},
		{"of an account", auth.AuditFilter{UserID: a.ID}, 4},
		{"of a kind", auth.AuditFilter{Kind: auth.EventLoginFailed}, 1200},
		{"of an account and a kind", auth.AuditFilter{UserID: a.ID, Kind: auth.EventLoginFailed}, 3},
		{"lately, or counted lately", auth.AuditFilter{Since: 30 * time.Minute}, 2},
		{"of an account, lately", auth.AuditFilter{UserID: a.ID, Since: 30 * time.Minute}, 1},
		{"not so lately", auth.AuditFilter{Since: 2 * time.Hour}, 1201},
	} {
		t.Run(row.name, func(t *testing.T) {
			list := f.audit(s, row.filter)
			if len(list) != row.want {
				t.Errorf("%d entries, want %d", len(list), row.want)
			}
			for i := 1; i < len(list); i++ {
				if list[i].ID <= list[i-1].ID {
					t.Fatalf("entry %d is not behind the one before", i)
				}
			}
		})
	}
	calls := 0
	wantIs(t, s.Audit(ctx, auth.AuditFilter{}, func(auth.Event) error {
		calls++
		return errGivenUp
	}), errGivenUp)
	if calls != 1 {
		t.Errorf("called %d times after it gave up", calls)
	}
}
