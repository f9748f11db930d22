package session_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"os"

	"example.com/latchkey/shared/session"
)

// report logs in and asks with an HTTP client. The README and CLIENT.md have its lines.
func report(ctx context.Context, email, password string) error {
	s, err := session.New("https://app.example/graphql")
	if err != nil {
		return err
	}
	defer s.Close()
	if err := s.Login(ctx, email, password); err != nil {
		return err // errors.Is(err, session.ErrInvalidCredentials)
	}

	hc := &http.Client{Transport: s.Transport(nil)} // a Bearer token for the API's own origin, and for no other
	resp, err := hc.Get("https://app.example/reports/today")
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.Copy(os.Stdout, resp.Body)
	return err
}

func Example() {
	defer func(network http.RoundTripper) { http.DefaultTransport = network }(http.DefaultTransport)
	http.DefaultTransport = &resource{f: newFake()}
	fmt.Println(report(context.Background(), "ann@example.com", "correct horse"))
	// Output: <nil>
}

func ExampleSession_Query() {
	ctx := context.Background()
	s, err := session.New("https://app.example/graphql", session.WithTransport(newFake()))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	if err := s.Login(ctx, "ann@example.com", "correct horse"); err != nil {
		fmt.Println(err)
		return
	}

	var q struct{ Me struct{ Email string } }
	err = s.Query(ctx, &q, nil)
	fmt.Println(q.Me.Email, err)
	// Output: ann@example.com <nil>
}

func ExampleWithJar() {
	ctx, jar, server := context.Background(), keptJar(), newFake()
	for _, start := range []string{"first", "second"} {
		s, err := session.New("https://app.example/graphql", session.WithTransport(server), session.WithJar(jar))
		if err != nil {
			fmt.Println(err)
			return
		}
		err = s.Resume(ctx) // from the cookie alone
		if errors.Is(err, session.ErrUnauthenticated) {
			err = s.Login(ctx, "ann@example.com", "correct horse")
		}
		fmt.Println(start, err, len(server.seen("login")), "login")
		_ = s.Close()
	}
	// Output:
	// first <nil> 1 login
	// second <nil> 1 login
}

func ExampleSession_Observe_metrics() {
	s, err := session.New("https://app.example/graphql", session.WithTransport(newFake()))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	log := slog.New(slog.DiscardHandler)

	stop := s.Observe(func(st session.State) {
		log.Info("session", "phase", st.Phase, "refreshes", st.Refreshes, "expiry", st.Expiry, "err", st.Err)
	})
	defer stop()
	fmt.Println(s.State().Phase)
	// Output: unknown
}

// A 401 to a request whose body cannot come again is the caller's to deal with: made anew, it goes with a fresh token.
func ExampleSession_Transport_stream() {
	server := newFake()
	s, err := session.New("https://app.example/graphql", session.WithTransport(&resource{f: server}),
		session.WithJar(keptJar()))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	if err := s.Login(context.Background(), "ann@example.com", "correct horse"); err != nil {
		fmt.Println(err)
		return
	}
	server.set(func() { clear(server.tokens) }) // the server takes none of the tokens so far

	upload := func() (int, error) {
		file, err := os.Open("doc.go")
		if err != nil {
			return 0, err
		}
		req, err := http.NewRequest(http.MethodPut, "https://app.example/upload", file)
		if err != nil {
			return 0, err
		}
		resp, err := s.Transport(nil).RoundTrip(req)
		if err != nil {
			return 0, err
		}
		return resp.StatusCode, resp.Body.Close()
	}
	status, err := upload()
	fmt.Println(status, err)
	if status == http.StatusUnauthorized {
		status, err = upload()
		fmt.Println(status, err)
	}
	// Output:
	// 401 <nil>
	// 200 <nil>
}

func ExampleError() {
	server := newFake()
	s, err := session.New("https://app.example/graphql", session.WithTransport(server))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	answering(server, http.StatusTooManyRequests, "")

	err = s.Login(context.Background(), "ann@example.com", "correct horse")
	var e *session.Error
	switch {
	case errors.Is(err, session.ErrInvalidCredentials):
		fmt.Println("email or password is wrong")
	case errors.Is(err, session.ErrUnreachable):
		fmt.Println("no network")
	case errors.As(err, &e):
		fmt.Println(e.Code, "wait for", e.RetryAfter)
	}
	// Output: RATE_LIMITED wait for 3s
}

// keptJar stands for one that outlives the process: shared/session/testdata/outside/stay has one that is a file.
func keptJar() http.CookieJar {
	jar, err := cookiejar.New(nil)
	if err != nil {
		panic(err)
	}
	return jar
}
