package simulation

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"example.com/latchkey/server/internal/auth"
	"example.com/latchkey/server/internal/blog"
	"example.com/latchkey/server/internal/store"
	"example.com/latchkey/web"
)

// The contract's defaults.
const (
	grace     = 30 * time.Second
	recovery  = 24 * time.Hour
	accessTTL = 5 * time.Minute
	idleTTL   = 720 * time.Hour
	maxTTL    = 8760 * time.Hour

	origin   = "https://app.example"
	endpoint = origin + "/graphql"
	password = "correct horse battery"
)

// account is a user of the template, with a session that began when the bubble did.
type account struct {
	email, userID, sessionID, cookie string
}

// template is what every history begins with: making it once saves its hashing and its migrations.
type template struct {
	file     []byte // an SQLite database
	accounts []account
	assets   *web.Assets
}

var made struct {
	once sync.Once
	template
}

// theTemplate makes the template at the first call. Call it outside of bubbles.
func theTemplate(t *testing.T) *template {
	t.Helper()
	made.once.Do(func() {
		var err error
		if made.assets, err = web.New(); err != nil {
			t.Fatal(err)
		}
		synctest.Test(t, func(t *testing.T) { makeDatabase(t, &made.template) })
	})
	if made.file == nil {
		t.Fatal("the template could not be made")
	}
	return &made.template
}

func makeDatabase(t *testing.T, to *template) {
	ctx := context.Background()
	path := filepath.Join(scratch, "template.db")
	db, err := store.Open(ctx, path, nil)
	must(t, err)
	users, err := auth.New(ctx, db, config())
	must(t, err)
	posts := blog.New(db, blog.Limits{})
	for i := range 3 {
		a := account{email: fmt.Sprintf("user%d@example.com", i)}
		g, err := users.SignUp(ctx, a.email, password, "", auth.Visitor{UserAgent: "Simulation/1.0", IP: address(i)})
		must(t, err)
		a.userID, a.sessionID, a.cookie = g.User.ID, g.SessionID, g.RefreshToken
		_, err = posts.Create(ctx, a.userID, "A post", "of "+a.email)
		must(t, err)
		to.accounts = append(to.accounts, a)
	}
	must(t, db.Close())
	to.file, err = os.ReadFile(path)
	must(t, err)
}

// config is the contract's, without a limit of logins.
func config() auth.Config {
	return auth.Config{Issuer: origin, AccessTTL: accessTTL, Grace: grace, Recovery: recovery,
		IdleTTL: idleTTL, MaxTTL: maxTTL}
}

// address is whence the device of an account asks.
func address(i int) string { return fmt.Sprintf("192.0.2.%d", 10+i) }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
