package store

import (
	"cmp"
	"context"
	"time"

	"github.com/google/uuid"

	"example.com/latchkey/server/internal/auth"
)

// Record implements auth.Store.
func (s *Store) Record(ctx context.Context, step func(now time.Time) []auth.Event) error {
	return s.wrap("record", s.write(ctx, func(ctx context.Context, r runner) error {
		now, err := s.dialect.now(ctx, r)
		if err != nil {
			return err
		}
		return record(ctx, r, step(now)...)
	}))
}

// record writes to the audit record.
func record(ctx context.Context, r runner, events ...auth.Event) error {
	for _, e := range events {
		if e.ID == "" {
			id, err := uuid.NewV7()
			if err != nil {
				return err
			}
			e.ID = id.String()
		}
		last := e.At
		if !e.Last.IsZero() {
			last = e.Last
		}
		if _, err := exec(ctx, r, insertEvent, e.ID, millis(e.At), millis(last), cmp.Or(e.Times, 1), string(e.Kind),
			string(e.Reason), e.UserID, e.SessionID, e.BySession, e.TokenID, e.KeyID, e.IP, e.UserAgent); err != nil {
			return err
		}
	}
	return nil
}

const insertEvent = `insert into audit
	(id, at, last_at, times, kind, reason, user_id, session_id, by_session_id, token_id, key_id, ip, user_agent)
	values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
	on conflict (id) do update set times = audit.times + excluded.times, last_at = excluded.last_at`

const selectEvents = `select a.id, a.at, a.last_at, a.times, a.kind, a.reason, a.user_id, coalesce(u.email, ''),
	a.session_id, a.by_session_id, a.token_id, a.key_id, a.ip, a.user_agent
	from audit a left join users u on u.id = a.user_id `

func scanEvent(rows row) (e auth.Event, err error) {
	var (
		at, last, times int64
		kind, reason    string
	)
	err = rows.Scan(&e.ID, &at, &last, &times, &kind, &reason, &e.UserID, &e.Email,
		&e.SessionID, &e.BySession, &e.TokenID, &e.KeyID, &e.IP, &e.UserAgent)
	e.At, e.Last, e.Times = timeOf(at), timeOf(last), int(times)
	e.Kind, e.Reason = auth.EventKind(kind), auth.Reason(reason)
	return e, err
}

// Activity implements auth.Store.
func (s *Store) Activity(ctx context.Context, userID string, limit int, after string) ([]auth.Event, error) {
	if after == "" {
		after = behindIDs
	}
	all, err := list(ctx, s.reads, scanEvent, selectEvents+`where a.user_id = $1 and a.id < $2 and a.kind <> $3
		order by a.id desc limit $4`, userID, after, string(auth.EventSignUpRefused), limit)
	return all, s.wrap("activity", err)
}

// behindIDs sorts behind every id.
const behindIDs = "g"

// auditPage is how many entries Audit reads at once.
const auditPage = 500

// Audit calls each with the entries of the filter that are on record at its start, in the order in which they were
// recorded, until that returns an error. However many there are, it holds only some.
func (s *Store) Audit(ctx context.Context, f auth.AuditFilter, each func(auth.Event) error) error {
	now, err := s.dialect.now(ctx, s.reads)
	if err != nil {
		return s.wrap("audit", err)
	}
	after, since := "", int64(0)
	if f.Since > 0 {
		since = millis(now.Add(-f.Since))
		// What an entry counts came at most so long after its id was made; and once more, for its way into the database.
		after = firstID(now.Add(-f.Since - 2*auth.EventSpan))
	}
	for {
		page, err := s.auditPage(ctx, f, after, since)
		if err != nil {
			return s.wrap("audit", err)
		}
		for _, e := range page {
			if e.At.After(now) {
				continue
			}
			if err := each(e); err != nil {
				return err
			}
		}
		if len(page) < auditPage {
			return nil
		}
		after = page[len(page)-1].ID
	}
}

func (s *Store) auditPage(ctx context.Context, f auth.AuditFilter, after string, since int64) ([]auth.Event, error) {
	if f.UserID != "" {
		return list(ctx, s.reads, scanEvent, selectEvents+`where a.user_id = $1 and a.id > $2 and a.last_at >= $3
			and ($4 = '' or a.kind = $4) order by a.id limit $5`, f.UserID, after, since, string(f.Kind), auditPage)
	}
	return list(ctx, s.reads, scanEvent, selectEvents+`where a.id > $1 and a.last_at >= $2
		and ($3 = '' or a.kind = $3) order by a.id limit $4`, after, since, string(f.Kind), auditPage)
}
