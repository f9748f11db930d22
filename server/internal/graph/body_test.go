package graph

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2/ast"
)

func TestParams(t *testing.T) {
	list := func(n int) string { return "[" + strings.Repeat("0,", n-1) + "0]" }
	for _, row := range []struct {
		name, body string
		want       params
		fails      bool
	}{
		{"all", `{"query":"q","operationName":"o","variables":{"a":1.0,"b":"\u00e9","c":[null,{"d":true}]},"extensions":{"x":1}}`,
			params{"q", "o", map[string]any{"a": json.Number("1.0"), "b": "é", "c": []any{nil, map[string]any{"d": true}}}}, false},
		{"nulls", `{"query":null,"operationName":null,"variables":null,"extensions":null}`, params{}, false},
		{"nothing", `{}`, params{}, false},
		{"null", `null`, params{}, false},
		{"extensions of any kind", `{"query":"q","extensions":[1]}`, params{Query: "q"}, false},
		{"signs in a string", `{"variables":{"a":"\\\"{[,` + strings.Repeat(`{`, 50) + strings.Repeat(`,`, 2000) + `"}}`,
			params{Variables: map[string]any{"a": `\"{[,` + strings.Repeat(`{`, 50) + strings.Repeat(`,`, 2000)}}, false},
		{"something behind it", `{"query":"q"} x`, params{}, true},
		{"a list", `[]`, params{}, true},
		{"a number for the query", `{"query":1}`, params{}, true},
		{"a list for the variables", `{"variables":[]}`, params{}, true},
		{"cut off", `{"variables":{"a":`, params{}, true},
		{"empty", ``, params{}, true},
		{"many values", `{"variables":{"a":` + list(maxVariables) + `}}`, params{}, true},
		{"many members", `{"variables":{` + strings.Repeat(`"a":0,`, maxVariables) + `"b":0}}`, params{}, true},
		{"many lists", `{"variables":{"a":[` + strings.Repeat(`[],`, maxVariables) + `0]}}`, params{}, true},
		{"nested lists", `{"variables":{"a":` + strings.Repeat("[", 20) + strings.Repeat("]", 20) + `}}`, params{}, true},
		{"nested objects", `{"variables":` + strings.Repeat(`{"a":`, 20) + "0" + strings.Repeat("}", 20) + `}`, params{}, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, err := parseParams([]byte(row.body))
			if row.fails != (err != nil) || !row.fails && !cmp.Equal(got, row.want) {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}

// hostileBodies are 1 MiB each, in the parts of a request that the API does not use.
func hostileBodies(query string) map[string]string {
	fill := func(n int, text string) string { return strings.Repeat(text, n/len(text)) }
	const size = maxBody - 4096
	quoted, _ := json.Marshal(query)
	return map[string]string{
		"extensions of objects": fmt.Sprintf(`{"query":%s,"extensions":{"a":[%s0]}}`, quoted, fill(size, `{"":0},`)),
		"unknown member":        fmt.Sprintf(`{"query":%s,"x":[%s0]}`, quoted, fill(size, `[],`)),
		"nested extensions":     fmt.Sprintf(`{"query":%s,"extensions":[%s0]}`, quoted, fill(size, strings.Repeat("[", 5000)+strings.Repeat("]", 5000)+",")),
		"many members":          fmt.Sprintf(`{"query":%s,"extensions":{%s"b":0}}`, quoted, fill(size, `"a":0,`)),
		"unused variable":       fmt.Sprintf(`{"query":%s,"variables":{"x":"%s"}}`, quoted, fill(size, "a")),
		"padded query":          fmt.Sprintf(`{"query":%s}`, strings.TrimSuffix(string(quoted), `"`)+fill(size, " ")+`"`),
		"commented query":       fmt.Sprintf(`{"query":%s}`, strings.TrimSuffix(string(quoted), `"`)+"#"+fill(size, "a")+`"`),
		"operation's name":      fmt.Sprintf(`{"query":%s,"operationName":"","x":"%s"}`, quoted, fill(size, "a")),
	}
}

const loginText = `mutation { login(email: "ada@example.com", password: "sesame") { accessToken } }`

// Reading a body takes a few times its size, whatever is in it.
func TestReadingABodyTakesNoMoreThanItsSize(t *testing.T) {
	o := testAPI().operations
	for name, body := range hostileBodies(loginText) {
		bytes := allocated(func() {
			p, err := parseParams([]byte(body))
			if err != nil {
				t.Fatal(name, err)
			}
			if _, errs := o.prepare(context.Background(), p); errs != nil {
				t.Fatal(name, errs)
			}
		})
		t.Logf("%s: %.1f bytes a byte", name, float64(bytes)/float64(len(body)))
		if bytes > 8*len(body) {
			t.Errorf("%s: %d bytes are allocated for %d", name, bytes, len(body))
		}
	}
}

func allocated(do func()) int {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return int(after.TotalAlloc - before.TotalAlloc)
}

// While operations wait, as logins do for their turn to hash, nothing of their bodies is in memory.
func TestWaitingHoldsNoBody(t *testing.T) {
	const waiting = 4
	for name, body := range hostileBodies(loginText) {
		t.Run(name, func(t *testing.T) {
			a := testAPI()
			var arrived sync.WaitGroup
			arrived.Add(waiting)
			release := make(chan struct{})
			a.exec = executor.New(&graphql.ExecutableSchemaMock{
				SchemaFunc: func() *ast.Schema { return a.operations.schema.Schema() },
				ExecFunc: func(ctx context.Context) graphql.ResponseHandler {
					op := graphql.GetOperationContext(ctx)
					return func(context.Context) *graphql.Response {
						arrived.Done()
						<-release
						return &graphql.Response{Data: fmt.Appendf(nil, "%q", op.Operation.SelectionSet[0].(*ast.Field).Name)}
					}
				},
			})
			srv := httptest.NewServer(a)
			defer srv.Close()
			var answers sync.WaitGroup
			held := heapAfter(func() {
				for range waiting {
					answers.Go(func() {
						resp, err := http.Post(srv.URL, plainJSON, repeated(body))
						if err != nil {
							t.Error(err)
							return
						}
						got, err := io.ReadAll(resp.Body)
						if err != nil || string(got) != `{"data":"login"}` || resp.Body.Close() != nil {
							t.Errorf("%s %v", got, err)
						}
					})
				}
				arrived.Wait()
			})
			close(release)
			answers.Wait()
			t.Logf("%d bytes for each", held/waiting)
			if held > waiting*(200<<10) {
				t.Errorf("%d bytes are held for %d waiting requests", held, waiting)
			}
		})
	}
}

// repeated returns a reader of a body that is in memory already.
func repeated(body string) io.Reader { return io.MultiReader(strings.NewReader(body)) }
