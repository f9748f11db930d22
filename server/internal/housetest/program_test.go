package housetest_test

import (
	"strings"
	"testing"
)

// absent are packages that the program must not hold, each with the reason.
var absent = map[string]string{
	module + "server/internal/servertest":  "for tests",
	module + "server/internal/storetest":   "for tests",
	module + "server/internal/pgtest":      "for tests",
	module + "server/internal/simulation":  "for tests",
	module + "server/internal/browsertest": "for tests",
	"testing":                              "for tests",
	"encoding/gob":                         "makes what a stranger's bytes name",
	"os/exec":                              "no command is run",
	"plugin":                               "no code is loaded",
}

// unused are packages that libraries bring and that nothing of ours imports, each with the reason.
var unused = map[string]string{
	"encoding/xml":  "an XML parser may follow what a document names; pgx has it for columns of XML, and there are none",
	"text/template": "a template of a stranger's text is a program; goose has it for its own command",
	"html/template": "pages are templ components, compiled with the program",
}

// The program holds what it needs and nothing that only its tests or a mistake would use.
func TestWhatTheProgramHolds(t *testing.T) {
	for _, p := range list(t, "linux", "amd64", "./server") {
		for _, dep := range p.Deps {
			if why, is := absent[dep]; is {
				t.Errorf("the program holds %s: %s", strings.TrimPrefix(dep, module), why)
			}
		}
		if len(p.Deps) < 100 {
			t.Errorf("%s depends on %d packages only: they are not found", p.ImportPath, len(p.Deps))
		}
	}
}

func TestWhatNothingOfOursImports(t *testing.T) {
	eachImport(t, func(file, imported string) {
		if why, is := unused[imported]; is {
			t.Errorf("%s imports %s: %s", file, imported, why)
		}
	})
}
