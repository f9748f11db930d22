package route_test

import (
	"os"
	"testing"

	"example.com/latchkey/server/internal/pgtest"
	"example.com/latchkey/server/internal/servertest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// two runs two servers on the database, which go by one name as behind a proxy.
func two(t *testing.T, dsn string) []site {
	t.Helper()
	o := servertest.Options{DB: dsn, Origin: "https://app.example"}
	return []site{start(t, o), start(t, o)}
}

// What one server does counts for the other.
func TestTwoServersOnOnePostgres(t *testing.T) {
	t.Parallel()
	sites := two(t, pgtest.Database(t))
	m := sites[0].register("ada")
	if a := sites[1].as(m, meQuery, nil); a.said() != "" {
		t.Fatalf("the other server: %s", a.body)
	}
	sites[1].publish(m, "From the other")
	if posts := sites[0].posts(m); len(posts) != 1 {
		t.Errorf("posts %+v", posts)
	}
	second := sites[1].rotated(m.refresh)
	if again := sites[0].refresh(m.refresh); again.cookie() != second {
		t.Errorf("two successors: %s", again.body)
	}
	third := sites[0].rotated(second)
	sites[1].ask(ask{query: logoutQuery, cookies: []string{third}})
	if a := sites[0].refresh(third); a.said() != "UNAUTHENTICATED LOGGED_OUT" {
		t.Errorf("after the logout: %s", a.body)
	}
	eventually(t, "refused by the server that did not end it", func() bool { return sites[0].as(m, meQuery, nil).status == 401 })
}
