package oauth2source_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"golang.org/x/oauth2"

	"example.com/latchkey/shared/session"
	"example.com/latchkey/shared/session/oauth2source"
)

func ExampleNew() {
	server := &api{life: 5 * time.Minute} // stands for the network here
	s, err := session.New("https://app.example/graphql", session.WithTransport(server))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	ctx := context.WithValue(context.Background(), oauth2.HTTPClient, &http.Client{Transport: server})
	if err := s.Login(ctx, "ann@example.com", "correct horse"); err != nil {
		fmt.Println(err)
		return
	}

	hc := oauth2.NewClient(ctx, oauth2source.New(ctx, s))
	resp, err := hc.Get("https://app.example/whatever")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	fmt.Println(string(body), err)
	// Output: hello, ann <nil>
}
