package session_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/hasura/go-graphql-client"

	"example.com/latchkey/shared/session"
)

func ExampleNew() {
	s, err := session.New("https://app.example/graphql", session.WithTransport(newFake()))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()

	ctx := context.Background()
	err = s.Login(ctx, "ann@example.com", "wrong")
	fmt.Println(errors.Is(err, session.ErrInvalidCredentials))

	err = s.Login(ctx, "ann@example.com", "correct horse")
	fmt.Println(err, s.State().Phase, s.State().User.Name)

	err = s.Logout(ctx)
	fmt.Println(err, s.State().Phase)
	// Output:
	// true
	// <nil> active Ann
	// <nil> none
}

func ExampleSession_Token() {
	s, err := session.New("https://app.example/graphql", session.WithTransport(newFake()))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()

	// For what is not HTTP: the token has life left, and is refreshed first where it must be.
	_, err = s.Token(context.Background())
	var refused *session.Error
	if errors.As(err, &refused) {
		fmt.Println(refused.Code, refused.Reason)
	}
	// Output: UNAUTHENTICATED NO_TOKEN
}

func ExampleSession_Transport() {
	fake := newFake()
	s, err := session.New("https://app.example/graphql", session.WithTransport(&resource{f: fake}))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	if err := s.Login(context.Background(), "ann@example.com", "correct horse"); err != nil {
		fmt.Println(err)
		return
	}

	// Any HTTP or GraphQL client works on top.
	hc := &http.Client{Transport: s.Transport(nil)}
	resp, err := hc.Get("https://app.example/whatever")
	if err != nil {
		fmt.Println(err)
		return
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	fmt.Println(resp.StatusCode)

	var q struct{ Me struct{ Email string } }
	err = graphql.NewClient("https://app.example/graphql", hc).Query(context.Background(), &q, nil)
	fmt.Println(q.Me.Email, err)
	// Output:
	// 200
	// ann@example.com <nil>
}

func ExampleSession_Observe() {
	s, err := session.New("https://app.example/graphql", session.WithTransport(newFake()))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	told := make(chan session.State, 1)
	stop := s.Observe(func(st session.State) { told <- st })
	defer stop()
	if err := s.Login(context.Background(), "ann@example.com", "correct horse"); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println((<-told).Phase)
	// Output: active
}

func ExampleSession_SignUp() {
	s, err := session.New("https://app.example/graphql", session.WithTransport(newFake()),
		session.WithMinAge(time.Minute), // what the server runs with as --grace
		session.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	ctx := context.Background()
	err = s.SignUp(ctx, "ann@example.com", "correct horse", "Ann")
	fmt.Println(err, s.State().Phase)

	var m struct{ Me struct{ Email string } } // stands for a mutation: hasura/go-graphql-client tells how to write one
	err = s.Mutate(ctx, &m, nil)
	fmt.Println(err, m.Me.Email)

	n, err := s.LogoutEverywhere(ctx)
	fmt.Println(n, err, s.State().Phase)
	// Output:
	// <nil> active
	// <nil> ann@example.com
	// 3 <nil> none
}

// A laptop that has slept, a train that has left the tunnel: who learns of it says so, and nobody waits for a timer.
func ExampleSession_Wake() {
	server := newFake()
	s, err := session.New("https://app.example/graphql", session.WithTransport(server), session.WithJar(keptJar()))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	if err := s.Login(context.Background(), "ann@example.com", "correct horse"); err != nil {
		fmt.Println(err)
		return
	}
	s.Wake() // the token has life left: nothing is due
	fmt.Println(len(server.seen("refreshToken")), "refreshes")

	s.Forget() // the access token alone: the cookie brings it back
	fmt.Println(s.State().Phase)
	_, err = s.Token(context.Background())
	fmt.Println(err, s.State().Phase)
	// Output:
	// 0 refreshes
	// unknown
	// <nil> active
}
