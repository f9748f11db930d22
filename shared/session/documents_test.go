package session_test

import (
	"os"
	"strings"
	"testing"
)

// The Go that the documents show of this package is in an example, word for word: it compiles and does what it says.
func TestDocumentsShowExamples(t *testing.T) {
	var examples strings.Builder
	for _, name := range []string{"example_test.go", "example_use_test.go", "oauth2source/example_test.go"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		examples.WriteString(unindented(string(text)))
	}
	for name, atLeast := range map[string]int{"../../README.md": 1, "CLIENT.md": 3} {
		document, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		blocks := strings.Split(string(document), "```go\n")[1:]
		for _, block := range blocks {
			block, _, _ = strings.Cut(block, "```")
			if !strings.Contains(examples.String(), unindented(block)) {
				t.Errorf("no example has these lines of %s:\n%s", name, block)
			}
		}
		if len(blocks) < atLeast {
			t.Errorf("%s shows %d pieces of Go, not %d or more", name, len(blocks), atLeast)
		}
	}
}

// unindented returns text without the tabs in front of its lines.
func unindented(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(strings.TrimLeft(line, "\t"))
	}
	return b.String()
}
