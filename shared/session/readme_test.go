package session_test

import (
	"os"
	"strings"
	"testing"
)

// What the README shows of this package in Go is in an example, word for word: it compiles and does what it says.
func TestREADMEShowsExamples(t *testing.T) {
	var examples strings.Builder
	for _, name := range []string{"example_test.go", "example_use_test.go", "oauth2source/example_test.go"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		examples.WriteString(unindented(string(text)))
	}
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(string(readme), "```go\n")[1:]
	for _, block := range blocks {
		block, _, _ = strings.Cut(block, "```")
		if !strings.Contains(examples.String(), unindented(block)) {
			t.Errorf("no example has these lines of the README:\n%s", block)
		}
	}
	if len(blocks) < 2 {
		t.Errorf("the README shows %d pieces of Go", len(blocks))
	}
}

// unindented is text with nothing before its lines.
func unindented(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(strings.TrimLeft(line, "\t"))
	}
	return b.String()
}
