package auth_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"example.com/latchkey/server/internal/auth"
	"example.com/latchkey/server/internal/store"
)

func ExampleService() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "latchkey")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	db, err := store.Open(ctx, filepath.Join(dir, "latchkey.db"), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()
	service, err := auth.New(ctx, db, auth.Config{Issuer: "https://app.example"})
	if err != nil {
		fmt.Println(err)
		return
	}

	browser := auth.Visitor{UserAgent: "Browser/1.0", IP: "192.0.2.1"}
	grant, err := service.SignUp(ctx, "ada@example.com", "correct horse battery", "Ada", browser)
	fmt.Println(grant.User.Name, err)

	browser.Tokens = []string{grant.RefreshToken} // from its cookie
	grant, err = service.Refresh(ctx, browser, auth.RefreshOptions{})
	fmt.Println(grant.RefreshToken != browser.Tokens[0], err)

	id, err := service.Authenticate(ctx, grant.AccessToken, true)
	fmt.Println(id.Generation, err)

	err = service.Logout(ctx, browser, nil)
	fmt.Println(err)
	_, err = service.Authenticate(ctx, grant.AccessToken, true)
	fmt.Println(err)

	// Output:
	// Ada <nil>
	// true <nil>
	// 2 <nil>
	// <nil>
	// You have logged out.
}
