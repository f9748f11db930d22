package housetest_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// mostWords is how long the README may be, by `wc -w`: a newcomer reads it in a few minutes. The rest has documents of
// its own, beside the code.
const mostWords = 1500

func TestTheREADMEIsShort(t *testing.T) {
	if n := len(strings.Fields(document(t, "README.md"))); n > mostWords {
		t.Errorf("README.md has %d words, more than %d: move text into a document beside the code", n, mostWords)
	}
}

var (
	link    = regexp.MustCompile(`\]\(([^)#\s]*)(?:#([^)\s]*))?\)|(?:src|srcset|href)="([^"#\s]*)"`)
	heading = regexp.MustCompile(`(?m)^#+ (.*)$`)
	code    = regexp.MustCompile("(?ms)^```.*?^```")
)

// Every link leads to a file of this repository that exists and, where it names a heading, to a heading of that file.
func TestLinksOfDocuments(t *testing.T) {
	for _, path := range documents(t) {
		text := code.ReplaceAllString(document(t, path), "")
		for _, found := range link.FindAllStringSubmatch(text, -1) {
			target, anchor := found[1]+found[3], found[2]
			if strings.Contains(target, "://") {
				continue
			}
			file := path
			if target != "" {
				file = filepath.Join(filepath.Dir(path), target)
			}
			if _, err := os.Stat(filepath.Join(top(t), file)); err != nil {
				t.Errorf("%s links to %s: %v", path, target, err)
				continue
			}
			if anchor != "" && !slices.Contains(anchors(document(t, file)), anchor) {
				t.Errorf("%s links to %s#%s: the file has no such heading", path, target, anchor)
			}
		}
	}
}

var notOfAnAnchor = regexp.MustCompile(`[^\p{L}\p{N}_ -]`)

// anchors returns the anchors of a document's headings, as GitHub makes them.
func anchors(text string) (all []string) {
	for _, h := range heading.FindAllStringSubmatch(code.ReplaceAllString(text, ""), -1) {
		plain := notOfAnAnchor.ReplaceAllString(strings.ToLower(h[1]), "")
		all = append(all, strings.ReplaceAll(strings.TrimSpace(plain), " ", "-"))
	}
	return all
}

// Every test that a document names exists, and every claim of the security model names one.
func TestClaimsNameTheirTests(t *testing.T) {
	tests := testsByPackage(t)
	for _, path := range documents(t) {
		for _, name := range namedTest.FindAllStringSubmatch(document(t, path), -1) {
			if !tests[name[1]+"."+name[2]] {
				t.Errorf("%s names %s.%s: there is no such test", path, name[1], name[2])
			}
		}
	}
	claims := tableBelow(t, "server/SECURITY.md", "## What holds")
	for _, row := range claims {
		if len(row) != 3 || !namedTest.MatchString(row[2]) {
			t.Errorf("server/SECURITY.md: the claim %q names no test", row[0])
		}
	}
	if len(claims) < 10 {
		t.Errorf("server/SECURITY.md has %d claims: the table is not found", len(claims))
	}
}

var (
	makeCommand = regexp.MustCompile(`\bmake ([a-z]+)\b`)
	makeTarget  = regexp.MustCompile(`(?m)^([a-z]+):`)
)

// Every `make` command that a document names is a target of the Makefile.
func TestMakeCommandsOfDocuments(t *testing.T) {
	var targets []string
	for _, found := range makeTarget.FindAllStringSubmatch(document(t, "Makefile"), -1) {
		targets = append(targets, found[1])
	}
	for _, path := range documents(t) {
		for _, span := range append(quoted.FindAllString(document(t, path), -1), code.FindAllString(document(t, path), -1)...) {
			for _, found := range makeCommand.FindAllStringSubmatch(span, -1) {
				if !slices.Contains(targets, found[1]) {
					t.Errorf("%s names `make %s`: the Makefile has no such target", path, found[1])
				}
			}
		}
	}
}

// documents returns the paths of the repository's documents.
func documents(t *testing.T) (paths []string) {
	t.Helper()
	err := filepath.WalkDir(top(t), func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "node_modules" || d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".")):
			return filepath.SkipDir
		case filepath.Ext(path) == ".md":
			paths = append(paths, relative(t, path))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(paths) < 6 {
		t.Fatalf("only these documents are found: %v", paths)
	}
	return paths
}

func document(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(top(t), path))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// tableBelow returns the rows of the first table below a heading, without its own head.
func tableBelow(t *testing.T, path, heading string) (rows [][]string) {
	t.Helper()
	_, below, found := strings.Cut(document(t, path), "\n"+heading+"\n")
	if !found {
		t.Fatalf("%s has no heading %q", path, heading)
	}
	for line := range strings.Lines(below) {
		cells := cellsOf(strings.TrimSuffix(line, "\n"))
		switch {
		case cells != nil:
			rows = append(rows, cells)
		case len(rows) > 0 || strings.HasPrefix(line, "#"):
			return rows[min(2, len(rows)):]
		}
	}
	return rows[min(2, len(rows)):]
}
