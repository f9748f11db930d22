package store

import (
	"context"
	"slices"

	"example.com/latchkey/server/internal/auth"
)

const (
	selectLive = `select s.id, s.user_id, u.email, s.created_at, t.sent_at, t.expires_at, s.user_agent, s.ip
		from sessions s join users u on u.id = s.user_id
		join refresh_tokens t on t.session_id = s.id and t.generation = s.generation
		where ` + isOpen
	lastUsed       = selectLive + `and t.expires_at > $1 order by t.sent_at desc, s.id desc limit $2`
	lastUsedOfUser = selectLive + `and t.expires_at > $1 and s.user_id = $2 order by t.sent_at desc, s.id desc limit $3`

	openOfAll  = selectOpen + fromOpen + `and s.id > $1 and s.created_at <= $2 order by s.id limit $3`
	openOfUser = selectOpen + fromOpen + `and s.id > $1 and s.created_at <= $2 and s.user_id = $3 order by s.id limit $4`
	openByID   = selectOpen + fromOpen + `and s.id > $1 and s.created_at <= $2 and s.id = $3 and ($4 = '' or s.user_id = $4)
		order by s.id limit $5`
)

// LiveSessions returns the sessions of the user, of every user where userID is "", that are live by the ends that their
// tokens were sent with: the last ones that were used, in the order of that.
func (s *Store) LiveSessions(ctx context.Context, userID string, last int) ([]auth.AccountSession, error) {
	now, err := s.dialect.now(ctx, s.reads)
	if err != nil {
		return nil, s.wrap("live sessions", err)
	}
	query, args := lastUsed, []any{millis(now), last}
	if userID != "" {
		query, args = lastUsedOfUser, []any{millis(now), userID, last}
	}
	all, err := list(ctx, s.reads, scanAccountSession, query, args...)
	slices.Reverse(all)
	return all, s.wrap("live sessions", err)
}

func scanAccountSession(rows row) (x auth.AccountSession, err error) {
	var created, used, expires int64
	err = rows.Scan(&x.ID, &x.UserID, &x.Email, &created, &used, &expires, &x.UserAgent, &x.IP)
	x.CreatedAt, x.LastUsedAt, x.ExpiresAt = timeOf(created), timeOf(used), timeOf(expires)
	return x, err
}

// EndNext implements auth.Store.
func (s *Store) EndNext(ctx context.Context, sel auth.Selection, e auth.Ending, from auth.EndCursor, limit int) (next auth.EndCursor, live int, err error) {
	err = s.write(ctx, func(ctx context.Context, r runner) error {
		next, live = auth.EndCursor{}, 0
		var err error
		if e.At, err = s.dialect.now(ctx, r); err != nil {
			return err
		}
		if from == (auth.EndCursor{}) {
			from.Began = e.At
		}
		found, err := nextOpen(ctx, r, sel, from, limit)
		if err != nil {
			return err
		}
		ids := make([]string, len(found))
		for i, x := range found {
			ids[i] = x.ID
		}
		ended, err := s.end(ctx, r, e, ids...)
		if err != nil {
			return err
		}
		for _, x := range found {
			if ended[x.ID] && x.ExpiresAt.After(e.At) {
				live++
			}
		}
		if len(found) >= limit {
			next = auth.EndCursor{Began: from.Began, Session: found[len(found)-1].ID}
		}
		return nil
	})
	if err != nil {
		return from, 0, s.wrap("end the next sessions", err)
	}
	return next, live, nil
}

// nextOpen returns the next sessions of the selection, by id, that a round of ending comes to.
func nextOpen(ctx context.Context, r runner, sel auth.Selection, from auth.EndCursor, limit int) ([]auth.OpenSession, error) {
	after, began := from.Session, millis(from.Began)
	query, args := openOfAll, []any{after, began, limit}
	switch {
	case sel.SessionID != "":
		query, args = openByID, []any{after, began, sel.SessionID, sel.UserID, limit}
	case sel.UserID != "":
		query, args = openOfUser, []any{after, began, sel.UserID, limit}
	}
	return list(ctx, r, scanOpen, query, args...)
}
