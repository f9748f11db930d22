package auth_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"example.com/latchkey/server/internal/auth"
)

// BenchmarkRefresh is one rotation with its durable commit: what a server does for each client every few minutes.
func BenchmarkRefresh(b *testing.B) {
	w := newWorld(b, standard)
	g, err := w.SignUp(w.ctx, email, password, "", from())
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if g, err = w.Refresh(w.ctx, from(g.RefreshToken), plain); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRefreshSideBySide is the same from many clients at once.
func BenchmarkRefreshSideBySide(b *testing.B) {
	w := newWorld(b, standard)
	b.SetParallelism(16)
	var next atomic.Int64
	b.RunParallel(func(pb *testing.PB) {
		g, err := w.SignUp(w.ctx, fmt.Sprintf("%d@example.com", next.Add(1)), password, "", from())
		for pb.Next() && err == nil {
			g, err = w.Refresh(w.ctx, from(g.RefreshToken), plain)
		}
		if err != nil {
			b.Error(err)
		}
	})
}

// BenchmarkDecide is the judgement alone, with a chain of recoveries behind the presented token.
func BenchmarkDecide(b *testing.B) {
	s, token := moved(time.Hour, time.Second), presented(time.Hour)
	for b.Loop() {
		auth.Decide(s, token, policy, page)
	}
}

// BenchmarkAuthenticate is what every request with an access token costs.
func BenchmarkAuthenticate(b *testing.B) {
	w := newWorld(b, standard)
	g, err := w.SignUp(w.ctx, email, password, "", from())
	if err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(w.ctx)
	done := make(chan error)
	go func() { done <- w.Run(ctx) }()
	for b.Loop() {
		if _, err := w.Authenticate(w.ctx, g.AccessToken, true); err != nil {
			b.Fatal(err)
		}
	}
	stop()
	<-done
}

// BenchmarkPassword is one argon2id hash at the cost of the contract.
func BenchmarkPassword(b *testing.B) {
	w := newWorld(b, standard)
	if err := w.SetPasswordCost(19*1024, 2); err != nil {
		b.Fatal(err)
	}
	if _, err := w.SignUp(w.ctx, email, password, "", from()); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := w.Login(w.ctx, email, password, from()); err != nil {
			b.Fatal(err)
		}
	}
}
