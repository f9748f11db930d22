package simulation

import (
	"database/sql"
	"net/http"
	"time"
)

// readAll reads every session that is watched. It is called with mu held.
func (o *watch) readAll() {
	rows, err := o.look.Query(`select s.id, s.generation, s.ended_at, coalesce(s.end_reason, ''),
		count(t.generation), coalesce(max(t.generation), 0)
		from sessions s left join refresh_tokens t on t.session_id = s.id and t.superseded_at is null group by s.id`)
	if !o.w.ok(err) {
		return
	}
	for rows.Next() {
		var (
			id    string
			ended sql.NullInt64
			n     state
		)
		o.w.ok(rows.Scan(&id, &n.generation, &ended, &n.reason, &n.currents, &n.current))
		if ended.Valid {
			n.endedAt = time.UnixMilli(ended.Int64)
		}
		if s := o.sessions[id]; s != nil {
			if !s.now.endedAt.IsZero() && !n.endedAt.Equal(s.now.endedAt) {
				o.w.fail("database", "%s has come back", s.label)
			}
			s.now = n
		}
	}
	o.w.ok(rows.Err())
	o.w.ok(rows.Close())
}

// seen returns when a token was first seen in use; ok is false where it was not, or has no row any more.
func (o *watch) seen(g generation) (at time.Time, ok bool) {
	var ms sql.NullInt64
	err := o.look.QueryRow(`select max(seen_at) from refresh_tokens where session_id = $1 and generation = $2`,
		g.session, g.number).Scan(&ms)
	o.w.ok(err)
	return time.UnixMilli(ms.Int64), ms.Valid
}

// posts counts all posts, where m is a form that makes one.
func (o *watch) posts(m *message) (n int) {
	if m.kind == page && m.method == http.MethodPost {
		o.w.ok(o.look.QueryRow(`select count(*) from posts`).Scan(&n))
	}
	return n
}

// ended is called once for each session that has ended, with mu held: a second later no process takes an access token
// of it.
func (o *watch) ended(s *sitting) {
	o.w.note("database", "%s has ended: %s", s.label, s.now.reason)
	token := s.access
	if token == "" {
		return
	}
	o.w.running.Go(func() {
		time.Sleep(time.Second + time.Millisecond)
		for _, p := range o.w.procs {
			if _, up := p.running(); up {
				p.serve(&message{from: s.owner, who: "probe", kind: query, method: http.MethodPost, path: "/graphql",
					header: http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer " + token}},
					body:   []byte(`{"query":"{posts(first:1){id}}"}`)})
			}
		}
	})
}

// recoveries counts those on record.
func (o *watch) recoveries() (n int) {
	o.w.ok(o.look.QueryRow(`select coalesce(sum(times), 0) from audit where kind = 'TOKEN_RECOVERED'`).Scan(&n))
	return n
}
