package route_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"example.com/latchkey/server/internal/graph"
)

// hostile is a request that is refused before anybody is logged in, made as large as one likes.
type hostile struct {
	name  string
	sizes [2]int // the second is four times the first
	make  func(n int) *http.Request
}

// The sizes of what is hostile: bytes of headers and bodies, and tokens of queries. None is over its limit.
var (
	inHeaders = [2]int{12 << 10, 48 << 10}
	inBodies  = [2]int{100 << 10, 400 << 10}
	inQueries = [2]int{225, 900}
	inTokens  = [2]int{1000, 4000}
)

func fill(n int, text string) string { return strings.Repeat(text, n/len(text)) }

// numbered repeats a format with a number n times.
func numbered(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

func withHeader(path, name string, value func(n int) string) func(int) *http.Request {
	return func(n int) *http.Request {
		r := withBody(path, "application/json", func(int) string { return `{"query":"{ me { id } }"}` })(n)
		r.Header.Set(name, value(n))
		return r
	}
}

func getWith(path, name string, value func(n int) string) func(int) *http.Request {
	return func(n int) *http.Request {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Header.Set(name, value(n))
		return r
	}
}

func get(path func(n int) string) func(int) *http.Request {
	return func(n int) *http.Request { return httptest.NewRequest(http.MethodGet, path(n), nil) }
}

func withBody(path, mediaType string, body func(n int) string) func(int) *http.Request {
	return func(n int) *http.Request {
		r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body(n)))
		r.Header.Set("Content-Type", mediaType)
		return r
	}
}

func jsonBody(body func(n int) string) func(int) *http.Request {
	return withBody("/graphql", "application/json", body)
}

func queryOf(text func(n int) string) func(int) *http.Request {
	return jsonBody(func(n int) string { return query(text(n)) })
}

func formOf(body func(n int) string) func(int) *http.Request {
	return withBody("/login", "application/x-www-form-urlencoded", body)
}

// hostileRequests are what costs most, found by trying, of every check that comes before authentication.
var hostileRequests = []hostile{
	{"path/long", inHeaders, get(func(n int) string { return "/" + fill(n, "x") })},
	{"path/segments", inHeaders, get(func(n int) string { return fill(n, "/a/..") })},
	{"path/escapes", inHeaders, get(func(n int) string { return "/" + fill(n, "%2f") })},
	{"method", inHeaders, get(func(n int) string { return "/graphql?" + fill(n, "a&") })},
	{"page/fields", inHeaders, get(func(n int) string { return "/posts?" + fill(n, "a&") })},
	{"page/field", inHeaders, get(func(n int) string { return "/posts?after=" + fill(n, "%61") })},
	{"page/cookies", inHeaders, getWith("/posts", "Cookie", func(n int) string { return fill(n, "__Host-Http-a=bbbbbbb; ") })},
	{"page/cookie", inHeaders, getWith("/posts", "Cookie", func(n int) string { return graph.CookieName + "=" + fill(n, "x") })},
	{"page/refresh cookies", inHeaders, getWith("/posts", "Cookie", func(n int) string { return fill(n, graph.CookieName+"=x.y; ") })},
	{"api/refresh cookies", inHeaders, withHeader("/graphql", "Cookie", func(n int) string { return fill(n, graph.CookieName+"=x.y; ") })},
	{"api/cookies", inHeaders, withHeader("/graphql", "Cookie", func(n int) string { return fill(n, "aaaaaaaaaaaaa=b; ") })},
	{"media type/parameters", inHeaders, withHeader("/graphql", "Content-Type", func(n int) string { return "text/plain" + numbered(n/10, "; a%04d=1") })},
	{"media type/continued", inHeaders, withHeader("/graphql", "Content-Type", func(n int) string { return "text/plain" + numbered(n/11, "; a*%04d=1") })},
	{"accept/types", inHeaders, withHeader("/graphql", "Accept", func(n int) string { return fill(n, "a/b,") })},
	{"accept/broken", inHeaders, withHeader("/graphql", "Accept", func(n int) string { return fill(n, ",") })},
	{"accept/parameters", inHeaders, withHeader("/graphql", "Accept", func(n int) string { return "a/b" + numbered(n/10, "; a%04d=1") })},
	{"coding", inHeaders, withHeader("/graphql", "Content-Encoding", func(n int) string { return fill(n, "gzip,") })},
	{"origin", inHeaders, withHeader("/graphql", "Origin", func(n int) string { return "https://" + fill(n, "%41") })},
	{"forwarded/hops", inHeaders, withHeader("/graphql", "X-Forwarded-For", func(n int) string { return fill(n, "192.0.2.9:80,") + "192.0.2.9" })},
	{"forwarded/long", inHeaders, withHeader("/graphql", "X-Forwarded-For", func(n int) string { return fill(n, "1.") })},
	{"bearer/long", inHeaders, withHeader("/graphql", "Authorization", func(n int) string { return "Bearer " + fill(n, "a.") })},
	{"bearer/dots", inTokens, withHeader("/graphql", "Authorization", func(n int) string { return "Bearer " + fill(n, ".") })},
	{"bearer/header", inTokens, withHeader("/graphql", "Authorization", func(n int) string {
		return "Bearer eyJhbGciOiJFZERTQSIsIngiOlsw" + fill(n, "LDAs") + "XX0.e30.AA" // {"alg":"EdDSA","x":[0,0,…]}
	})},
	{"bearer/claims", inTokens, withHeader("/graphql", "Authorization", func(n int) string { return "Bearer eyJhbGciOiJFZERTQSJ9." + fill(n, "W1tb") + ".AA" })},
	{"user agent", inHeaders, withHeader("/graphql", "User-Agent", func(n int) string { return fill(n, "\xff") })},
	{"json/nested", inBodies, jsonBody(func(n int) string { return fill(n, strings.Repeat("[", 9000)+strings.Repeat("]", 9000)) })},
	{"json/unclosed", inBodies, jsonBody(func(n int) string { return `{"query":"` + fill(n, "x") })},
	{"json/escapes", inBodies, jsonBody(func(n int) string { return `{"query":"` + fill(n, `\u00e9`) + `"}` })},
	{"json/members", inBodies, jsonBody(func(n int) string { return `{"query":"{","x":{` + fill(n, `"":0,`) + `"":0}}` })},
	{"json/queries", inBodies, jsonBody(func(n int) string { return `{` + fill(n, `"query":"{",`) + `"query":"{"}` })},
	{"json/operation's name", inBodies, jsonBody(func(n int) string { return `{"query":"{ me { id } }","operationName":"` + fill(n, `x`) + `"}` })},
	{"variables/many", inBodies, jsonBody(func(n int) string { return `{"query":"{","variables":{"a":[` + fill(n, `[],`) + `0]}}` })},
	{"variables/long", inBodies, jsonBody(func(n int) string { return `{"query":"{","variables":{"a":"` + fill(n, "x") + `"}}` })},
	{"variables/of the wrong type", inBodies, jsonBody(func(n int) string {
		return `{"query":"query($a: Int) { posts(first: $a) { id } }","variables":{"a":"` + fill(n, "x") + `"}}`
	})},
	{"query/spaces", inBodies, queryOf(func(n int) string { return "{" + fill(n, " ") })},
	{"query/comment", inBodies, queryOf(func(n int) string { return "{ me { id } } #" + fill(n, "x") })},
	{"query/name", inBodies, queryOf(func(n int) string { return "{" + fill(n, "x") + "}" })},
	{"query/string", inBodies, queryOf(func(n int) string { return `{ posts(first: "` + fill(n, "x") + `") { id } }` })},
	{"query/block string", inBodies, queryOf(func(n int) string { return `{ posts(first: """` + fill(n*3/4, "x\n  ") + `""") { id } }` })},
	{"query/string unclosed", inBodies, queryOf(func(n int) string { return `{ posts(first: "` + fill(n, "x") })},
	{"query/string escaped", inBodies, queryOf(func(n int) string { return `{ posts(first: "` + fill(n*3/4, `\u0001`) + `") { id } }` })},
	{"query/number", inBodies, queryOf(func(n int) string { return `{ posts(first: ` + fill(n, "1") + `) { id } }` })},
	{"query/float", inBodies, queryOf(func(n int) string { return `{ posts(first: 1.` + fill(n, "1") + `) { id } }` })},
	{"query/tokens", inBodies, queryOf(func(n int) string { return fill(n, "{ me ") })},
	{"query/long names", inQueries, queryOf(func(n int) string { return "{" + numbered(n, strings.Repeat("x", 200)+"%d ") + "}" })},
	{"query/fields", inQueries, queryOf(func(n int) string { return "{" + strings.Repeat("x ", n) + "}" })},
	{"query/equal fields", inQueries, queryOf(func(n int) string { return "{" + strings.Repeat("__typename ", n) + "x}" })},
	{"query/equal objects", inQueries, queryOf(func(n int) string { return "{" + strings.Repeat("me{id}", n/4) + "x}" })},
	{"query/conflicts", inQueries, queryOf(func(n int) string { return "{me{" + strings.Repeat("a:id a:name ", n/6) + "}}" })},
	{"query/arguments", inQueries, queryOf(func(n int) string { return "{me(" + numbered(n/3, "a%d:1 ") + "){id}}" })},
	{"query/directives", inQueries, queryOf(func(n int) string { return "{me" + strings.Repeat("@a", n/2) + "{id}}" })},
	{"query/variables", inQueries, queryOf(func(n int) string { return "query(" + numbered(n/4, "$a%d:X ") + "){me{id}}" })},
	{"query/undefined variables", inQueries, queryOf(func(n int) string {
		return "query " + strings.Repeat("q", 200) + "{" + numbered(n/12, "me@skip(if:$a%d){id}") + "}"
	})},
	{"query/spreads", inQueries, queryOf(func(n int) string { return "{" + numbered(n/2, "...A%d ") + "}" })},
	{"query/unused fragments", inQueries, queryOf(func(n int) string { return "{me{id}}" + numbered(n/7, "fragment A%d on X{a}") })},
	{"query/cycles", inQueries, queryOf(func(n int) string { return "{...A0 " + cycle(n/9) })},
	{"query/chain", inQueries, queryOf(func(n int) string { return chained(n/16, n/2-20, 1) })},
	{"query/bomb", inQueries, queryOf(func(n int) string { return chained(n/11, 1, 2) })},
	{"query/operations", inQueries, queryOf(func(n int) string { return strings.Repeat("query A{me{id}}", n/9) })},
	{"query/shared fragment", inQueries, queryOf(func(n int) string {
		return numbered(n/20, "query A%d{...F}") + "fragment F on Query{" + strings.Repeat("__typename ", n/2-20) + "x}"
	})},
	{"query/values", inQueries, queryOf(func(n int) string { return "{posts(first:[" + strings.Repeat("1 ", n) + "]){id}}" })},
	{"query/members", inQueries, queryOf(func(n int) string { return "{posts(first:{" + numbered(n/3, "a%d:1 ") + "}){id}}" })},
	{"query/nested values", inQueries, queryOf(func(n int) string {
		return "{posts(first:" + strings.Repeat("[", n/2-10) + strings.Repeat("]", n/2-10) + "){id}}"
	})},
	{"query/nested fields", inQueries, queryOf(func(n int) string { return strings.Repeat("{me", n/3) + strings.Repeat("}", n/3) })},
	{"query/nested fragments", inQueries, queryOf(func(n int) string { return "{" + strings.Repeat("...{", n/3) + "x" + strings.Repeat("}", n/3) + "}" })},
	{"query/complex", inQueries, queryOf(func(n int) string {
		return "mutation{" + numbered(n/10, `a%d:deletePost(id:"x")`) + "l:logout m:logoutEverywhere n:login(email:\"\" password:\"\"){user{id}}" + "}"
	})},
	{"form/fields", inBodies, formOf(func(n int) string { return fill(n, "a&") })},
	{"form/field", inBodies, formOf(func(n int) string { return "intent=none&a=" + fill(n, "%61") })},
	{"form/another type", inBodies, withBody("/login", "multipart/form-data; boundary=x", func(n int) string { return fill(n, "--x\r\n\r\n") })},
}

func cycle(n int) string {
	return "}" + numbered(n, "fragment A%d on Query{...A0 ...A1}")
}

// chained is n fragments that spread the next one, so many times each, and a last one with fields.
func chained(n, fields, times int) string {
	var b strings.Builder
	b.WriteString("{...A0}")
	for i := range n {
		fmt.Fprintf(&b, "fragment A%d on Query{%s}", i, strings.Repeat(fmt.Sprintf("...A%d ", i+1), times))
	}
	fmt.Fprintf(&b, "fragment A%d on Query{%sx}", n, strings.Repeat("__typename ", fields))
	return b.String()
}

// size returns the bytes of a request that its client chose.
func size(r *http.Request) int {
	n := len(r.RequestURI) + int(max(r.ContentLength, 0))
	for _, values := range r.Header {
		for _, v := range values {
			n += len(v)
		}
	}
	return n
}

// refusing returns the least that refusing took, of several times: bytes allocated and time.
func refusing(t testing.TB, h http.Handler, x hostile, n, times int) (bytes int, took time.Duration) {
	t.Helper()
	bytes, took = 1<<62, time.Hour
	for range times {
		r := x.make(n)
		w := httptest.NewRecorder()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		began := time.Now()
		h.ServeHTTP(w, r)
		took = min(took, time.Since(began))
		runtime.ReadMemStats(&after)
		bytes = min(bytes, int(after.TotalAlloc-before.TotalAlloc))
		if w.Code < 300 && !strings.Contains(w.Body.String(), `"errors":`) || w.Code >= 500 || w.Body.Len() > 20_000 {
			t.Fatalf("%s: %d with %d bytes: %.300s", x.name, w.Code, w.Body.Len(), w.Body)
		}
	}
	return bytes, took
}

// Refusing a request costs in proportion to its size: four times as much of what is hostile costs no more than eight times
// as much. Memory is compared in every run. Time is measured until it is in proportion, for other programs take it too.
func TestRefusingCostsInProportion(t *testing.T) {
	const (
		growth   = 8
		perByte  = 32        // bytes allocated for each byte of a request, at most
		perToken = 600       // and for each token of a query
		constant = 128 << 10 // and for a request of any size
	)
	h, _ := serverOf(t)
	for _, x := range hostileRequests {
		t.Run(x.name, func(t *testing.T) {
			small, fast := refusing(t, h, x, x.sizes[0], 3)
			large, slow := refusing(t, h, x, x.sizes[1], 3)
			if large > growth*max(small, constant/growth) {
				t.Errorf("%d bytes are allocated for one, %d for one of four times the size", small, large)
			}
			limit := constant + perByte*size(x.make(x.sizes[1]))
			if x.sizes == inQueries {
				limit += perToken * x.sizes[1]
			}
			if large > limit {
				t.Errorf("%d bytes are allocated for a request of %d", large, size(x.make(x.sizes[1])))
			}
			for tries := 0; slow > growth*max(fast, 50*time.Microsecond); tries++ {
				if tries == 50 {
					t.Fatalf("one takes %s, one of four times the size %s", fast, slow)
				}
				_, again := refusing(t, h, x, x.sizes[1], 3)
				slow = min(slow, again)
			}
		})
	}
}

// BenchmarkRefusingTheWorst is the cost of refusing, by the byte of a request: the table of server/BENCHMARKS.md.
func BenchmarkRefusingTheWorst(b *testing.B) {
	h, _ := serverOf(b)
	for _, x := range hostileRequests {
		b.Run(x.name, func(b *testing.B) {
			n := size(x.make(x.sizes[1]))
			bytes, _ := refusing(b, h, x, x.sizes[1], 3)
			var took time.Duration
			for b.Loop() {
				b.StopTimer()
				r, w := x.make(x.sizes[1]), httptest.NewRecorder()
				began := time.Now()
				b.StartTimer()
				h.ServeHTTP(w, r)
				took += time.Since(began)
			}
			b.ReportMetric(float64(took.Nanoseconds())/float64(b.N)/float64(n), "ns/byte")
			b.ReportMetric(float64(bytes)/float64(n), "B/byte")
		})
	}
}
