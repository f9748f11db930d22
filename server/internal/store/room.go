package store

import (
	"context"

	"example.com/latchkey/server/internal/auth"
)

// roomWindow bounds the sessions that makeRoom looks at. Only accounts of releases without auth.MaxSessions have more:
// each opening then ends the longest unused of the oldest ones.
const roomWindow = 1000

const longestUnused = `select oldest.id, oldest.created_at, t.sent_at, t.expires_at from (
		select s.id, s.generation, s.created_at from users u join sessions s on s.user_id = u.id
		where u.id = $1 and ` + isOpen + `order by s.epoch, s.created_at limit $2) oldest
	left join refresh_tokens t on t.session_id = oldest.id and t.generation = oldest.generation
	order by coalesce(t.sent_at, 0), oldest.id`

// makeRoom ends the longest unused sessions of the account, so that there is room for the opening's. It ends at most
// atOnce sessions. The account's row is locked.
func (s *Store) makeRoom(ctx context.Context, r runner, o auth.Opening) error {
	if o.Most <= 0 {
		return nil
	}
	found, err := list(ctx, r, scanOpen, longestUnused, o.Session.UserID, roomWindow)
	if err != nil {
		return err
	}
	over := min(len(found)-(o.Most-1), s.atOnce)
	for i := 0; i < over; {
		e, ids := o.Displace(found[i]), []string{found[i].ID}
		for i++; i < over && o.Displace(found[i]).Reason == e.Reason; i++ {
			ids = append(ids, found[i].ID)
		}
		if _, err := s.end(ctx, r, e, ids...); err != nil {
			return err
		}
	}
	return nil
}
