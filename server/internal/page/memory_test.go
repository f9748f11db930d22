package page_test

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/latchkey/server/internal/inflight"
	"example.com/latchkey/server/internal/page"
	"example.com/latchkey/web"
)

func pages(t *testing.T, api http.Handler) http.Handler {
	t.Helper()
	assets, err := web.New()
	if err != nil {
		t.Fatal(err)
	}
	return page.New(page.Config{
		API: api, Endpoint: "http://localhost/graphql", Policy: func(http.Header) {}, Grace: 30 * time.Second,
		Assets: assets, Log: slog.New(slog.DiscardHandler),
	})
}

func post(h http.Handler, mediaType string, body io.Reader, header http.Header) *httptest.ResponseRecorder {
	r := httptest.NewRequest("POST", "/login", body)
	r.Header = header.Clone()
	r.Header.Set("Content-Type", mediaType)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

const urlencoded = "application/x-www-form-urlencoded"

// A form of a million fields costs no more than its size, and is refused. One of another type is not read.
func TestHostileForms(t *testing.T) {
	h := pages(t, &api{refreshed: true})
	const size = 1 << 20
	for _, row := range []struct{ name, mediaType, body, said string }{
		{"fields", urlencoded, strings.Repeat("a&", size/2), "few fields"},
		{"as many fields as the library takes", urlencoded, strings.Repeat("aaaa&", 9_900), "few fields"},
		{"escaped fields", urlencoded, strings.Repeat("%61=%62&", size/8), "few fields"},
		{"one field too many", urlencoded, "intent=login" + strings.Repeat("&a", 32), "few fields"},
		{"a large field", urlencoded, "intent=none&x=" + strings.Repeat("%61", size/3-10), "nothing that can be done"},
		{"too large", urlencoded, "intent=login&x=" + strings.Repeat("a", size), "at most 1 MiB"},
		{"a broken escape", urlencoded, "intent=%zz", "could not be read"},
		{"a file's upload", "multipart/form-data; boundary=x", strings.Repeat("--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb\r\n", size/60), "nothing that can be done"},
		{"JSON", "application/json", `{"intent":"login"}`, "nothing that can be done"},
		{"no type", "", "intent=login", "nothing that can be done"},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		w := post(h, row.mediaType, strings.NewReader(row.body), http.Header{})
		runtime.ReadMemStats(&after)
		if w.Code != 400 || !strings.Contains(w.Body.String(), row.said) {
			t.Errorf("%s: %d %s", row.name, w.Code, w.Body)
		}
		if n := after.TotalAlloc - before.TotalAlloc; n > 20*size {
			t.Errorf("%s: %d bytes are allocated", row.name, n)
		}
	}
}

// waitingLogin is an API whose logins wait, as for their turn to hash.
type waitingLogin struct {
	arrived sync.WaitGroup
	release chan struct{}
}

func (a *waitingLogin) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	if strings.Contains(string(body), "login") {
		a.arrived.Done()
		<-a.release
	}
	_, _ = io.WriteString(w, `{"errors":[{"message":"no","extensions":{"code":"UNAUTHENTICATED","reason":"INVALID_CREDENTIALS"}}],"data":null}`)
}

// While a login waits, its form is not in memory but for the fields that are used.
func TestAWaitingLoginHoldsNoForm(t *testing.T) {
	const waiting = 4
	for _, row := range []struct{ name, form string }{
		{"one long field", "intent=login&email=ada%40example.com&password=sesame&x=" + strings.Repeat("a", 1<<20-100)},
		{"nothing escaped", "intent=login&email=ada&password=sesame&x=" + strings.Repeat("a", 1<<20-100)},
	} {
		a := &waitingLogin{release: make(chan struct{})}
		a.arrived.Add(waiting)
		h := pages(t, a)
		var before, after runtime.MemStats
		runtime.GC() // pools keep what they hold for one collection more
		runtime.GC()
		runtime.ReadMemStats(&before)
		var all sync.WaitGroup
		for range waiting {
			all.Go(func() {
				// The recorder's request would hold on to a plain reader of the form.
				w := post(h, urlencoded, io.MultiReader(strings.NewReader(row.form)), http.Header{})
				if w.Code != 401 {
					t.Errorf("%s: %d", row.name, w.Code)
				}
			})
		}
		a.arrived.Wait()
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&after)
		if held := int(after.HeapAlloc) - int(before.HeapAlloc); held > waiting*(200<<10) {
			t.Errorf("%s: %d bytes are held for %d logins", row.name, held, waiting)
		}
		close(a.release)
		all.Wait()
	}
}

// cookieReader keeps the Cookie header of the last request, and answers nobody.
type cookieReader struct{ lines []string }

func (c *cookieReader) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.lines = r.Header.Values("Cookie")
	_, _ = io.WriteString(w, `{"errors":[{"message":"no","extensions":{"code":"UNAUTHENTICATED"}}],"data":null}`)
}

// Passing thousands of cookies to the API costs in proportion to their number, and others than its own do not reach it.
func TestManyCookies(t *testing.T) {
	const own = `__Host-Http-refreshToken=t0; __Host-Http-device="a b"; `
	cost := map[int]int{}
	for _, n := range []int{700, 2800} {
		for _, name := range []string{"c", "__Host-Http-"} {
			var cookies strings.Builder
			cookies.WriteString(own)
			for i := range n {
				fmt.Fprintf(&cookies, "%s%04d=1; ", name, i)
			}
			c := &cookieReader{}
			h := pages(t, c)
			r := httptest.NewRequest("GET", "/posts", nil)
			r.Header.Set("Cookie", cookies.String())
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			runtime.ReadMemStats(&after)
			if w.Code != 401 || len(c.lines) != 1 || !strings.HasPrefix(c.lines[0]+"; ", own) {
				t.Fatalf("%d: %.200q", w.Code, c.lines)
			}
			if name == "c" && c.lines[0]+"; " != own {
				t.Errorf("%.200q", c.lines)
			}
			cost[n] = max(cost[n], int(after.TotalAlloc-before.TotalAlloc))
		}
	}
	t.Logf("bytes allocated, by the number of cookies: %v", cost)
	if cost[2800] > 8*cost[700] {
		t.Errorf("bytes allocated, by the number of cookies: %v", cost)
	}
}

// A page whose network has used up its memory is refused as a whole, and its new cookie still arrives.
func TestAPageIsChargedToItsNetwork(t *testing.T) {
	h := pages(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if strings.Contains(string(body), "refreshToken") {
			w.Header().Set("Set-Cookie", kept)
			_, _ = io.WriteString(w, refreshed(300))
			return
		}
		post := fmt.Sprintf(`{"id":"1","title":"T","body":"%s","createdAt":"2026-01-01T00:00:00Z"}`, strings.Repeat("b", 20_000))
		fmt.Fprintf(w, `{"data":{"posts":[%s%s]}}`, strings.Repeat(post+",", 9), post)
	}))
	for _, row := range []struct{ network, status int }{{8 << 20, 200}, {600_000, 429}, {100_000, 503}} {
		l := inflight.New(inflight.Limits{Bytes: row.network})
		c, _ := l.Admit("network")
		r := httptest.NewRequest("GET", "/posts", nil)
		r.Header.Set("Cookie", "__Host-Http-refreshToken=t0")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r.WithContext(inflight.NewContext(r.Context(), c)))
		large := bytes.Contains(w.Body.Bytes(), []byte("bbbbbbbb"))
		if w.Code != row.status || large != (row.status == 200) || w.Header().Get("Set-Cookie") != kept {
			t.Errorf("with %d bytes: %d %v %.300s", row.network, w.Code, w.Header(), w.Body)
		}
	}
}
