package auth

import (
	"context"
	"time"
)

const quotaWindow = time.Hour

// Quota is how often each user may do in an hour what costs an application something, as to create what is kept. It is
// counted in the store, by all processes together.
type Quota struct {
	service *Service
	name    string
	max     int
	message string
}

// Quota returns the quota of what has the name, max in an hour; 0: as much as anybody likes. The message is one sentence
// for the user who has used it up.
func (s *Service) Quota(name string, max int, message string) *Quota {
	return &Quota{service: s, name: name, max: max, message: message}
}

// Take counts one more of the user. It fails with RATE_LIMITED, and counts nothing, where the quota is used up.
func (q *Quota) Take(ctx context.Context, userID string) error {
	return internal(q.service.count(ctx, q.message, Limit{Max: q.max, Window: quotaWindow, Subjects: []string{q.name + ":" + userID}}))
}
