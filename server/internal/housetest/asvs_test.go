package housetest_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// asvsTable is where it is said how each requirement of OWASP ASVS is met.
const asvsTable = "server/ASVS.md"

// asvs are the requirements of OWASP ASVS 5.0.0 at levels 1 and 2, each with its level, from the standard's own list.
const asvs = `
1.1.1:2 1.1.2:2 1.2.1:1 1.2.2:1 1.2.3:1 1.2.4:1 1.2.5:1 1.2.6:2 1.2.7:2 1.2.8:2 1.2.9:2 1.3.1:1 1.3.2:1 1.3.3:2 1.3.4:2
1.3.5:2 1.3.6:2 1.3.7:2 1.3.8:2 1.3.9:2 1.3.10:2 1.3.11:2 1.4.1:2 1.4.2:2 1.4.3:2 1.5.1:1 1.5.2:2
2.1.1:1 2.1.2:2 2.1.3:2 2.2.1:1 2.2.2:1 2.2.3:2 2.3.1:1 2.3.2:2 2.3.3:2 2.3.4:2 2.4.1:2
3.2.1:1 3.2.2:1 3.3.1:1 3.3.2:2 3.3.3:2 3.3.4:2 3.4.1:1 3.4.2:1 3.4.3:2 3.4.4:2 3.4.5:2 3.4.6:2
3.5.1:1 3.5.2:1 3.5.3:1 3.5.4:2 3.5.5:2 3.7.1:2 3.7.2:2
4.1.1:1 4.1.2:2 4.1.3:2 4.2.1:2 4.3.1:2 4.3.2:2 4.4.1:1 4.4.2:2 4.4.3:2 4.4.4:2
5.1.1:2 5.2.1:1 5.2.2:1 5.2.3:2 5.3.1:1 5.3.2:1 5.4.1:2 5.4.2:2 5.4.3:2
6.1.1:1 6.1.2:2 6.1.3:2 6.2.1:1 6.2.2:1 6.2.3:1 6.2.4:1 6.2.5:1 6.2.6:1 6.2.7:1 6.2.8:1 6.2.9:2 6.2.10:2 6.2.11:2 6.2.12:2
6.3.1:1 6.3.2:1 6.3.3:2 6.3.4:2 6.4.1:1 6.4.2:1 6.4.3:2 6.4.4:2 6.5.1:2 6.5.2:2 6.5.3:2 6.5.4:2 6.5.5:2
6.6.1:2 6.6.2:2 6.6.3:2 6.8.1:2 6.8.2:2 6.8.3:2 6.8.4:2
7.1.1:2 7.1.2:2 7.1.3:2 7.2.1:1 7.2.2:1 7.2.3:1 7.2.4:1 7.3.1:2 7.3.2:2 7.4.1:1 7.4.2:1 7.4.3:2 7.4.4:2 7.4.5:2
7.5.1:2 7.5.2:2 7.6.1:2 7.6.2:2
8.1.1:1 8.1.2:2 8.2.1:1 8.2.2:1 8.2.3:2 8.3.1:1 8.4.1:2
9.1.1:1 9.1.2:1 9.1.3:1 9.2.1:1 9.2.2:2 9.2.3:2 9.2.4:2
10.1.1:2 10.1.2:2 10.2.1:2 10.2.2:2 10.3.1:2 10.3.2:2 10.3.3:2 10.3.4:2 10.4.1:1 10.4.2:1 10.4.3:1 10.4.4:1 10.4.5:1
10.4.6:2 10.4.7:2 10.4.8:2 10.4.9:2 10.4.10:2 10.4.11:2 10.5.1:2 10.5.2:2 10.5.3:2 10.5.4:2 10.5.5:2 10.6.1:2 10.6.2:2
10.7.1:2 10.7.2:2 10.7.3:2
11.1.1:2 11.1.2:2 11.2.1:2 11.2.2:2 11.2.3:2 11.3.1:1 11.3.2:1 11.3.3:2 11.4.1:1 11.4.2:2 11.4.3:2 11.4.4:2 11.5.1:2 11.6.1:2
12.1.1:1 12.1.2:2 12.1.3:2 12.2.1:1 12.2.2:1 12.3.1:2 12.3.2:2 12.3.3:2 12.3.4:2
13.1.1:2 13.2.1:2 13.2.2:2 13.2.3:2 13.2.4:2 13.2.5:2 13.3.1:2 13.3.2:2 13.4.1:1 13.4.2:2 13.4.3:2 13.4.4:2 13.4.5:2
14.1.1:2 14.1.2:2 14.2.1:1 14.2.2:2 14.2.3:2 14.2.4:2 14.3.1:1 14.3.2:2 14.3.3:2
15.1.1:1 15.1.2:2 15.1.3:2 15.2.1:1 15.2.2:2 15.2.3:2 15.3.1:1 15.3.2:2 15.3.3:2 15.3.4:2 15.3.5:2 15.3.6:2 15.3.7:2
16.1.1:2 16.2.1:2 16.2.2:2 16.2.3:2 16.2.4:2 16.2.5:2 16.3.1:2 16.3.2:2 16.3.3:2 16.3.4:2 16.4.1:2 16.4.2:2 16.4.3:2
16.5.1:2 16.5.2:2 16.5.3:2
17.1.1:2 17.2.1:2 17.2.2:2 17.2.3:2 17.2.4:2 17.3.1:2 17.3.2:2`

var (
	asvsLevels = func() map[string]string {
		levels := map[string]string{}
		for _, r := range strings.Fields(asvs) {
			number, level, _ := strings.Cut(r, ":")
			levels[number] = level
		}
		return levels
	}()
	asvsOrder = slices.Collect(func(yield func(string) bool) {
		for _, r := range strings.Fields(asvs) {
			number, _, _ := strings.Cut(r, ":")
			if !yield(number) {
				return
			}
		}
	})
	asvsFirst = regexp.MustCompile(`^\d+\.\d+\.\d+`)
	namedTest = regexp.MustCompile("`([a-z0-9]+)\\.((?:Test|Fuzz|Example)\\w*)`")
	quoted    = regexp.MustCompile("`[^`]*`")
	aReason   = regexp.MustCompile(`^(Open|Not met|In part|By absence|Document): \S.{15,}`)
)

func TestTheASVSTable(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(top(t), asvsTable))
	if err != nil {
		t.Fatal(err)
	}
	tests := testsByPackage(t)
	found := map[string]bool{}
	for i, line := range strings.Split(string(text), "\n") {
		cells := cellsOf(line)
		if len(cells) == 0 || !asvsFirst.MatchString(cells[0]) {
			continue
		}
		for _, complaint := range judgeRow(cells, found, tests) {
			t.Errorf("%s:%d: %s: %s", asvsTable, i+1, cells[0], complaint)
		}
	}
	for _, number := range asvsOrder {
		if !found[number] {
			t.Errorf("%s says nothing of %s, level %s", asvsTable, number, asvsLevels[number])
		}
	}
}

// cellsOf returns the cells of a table's row, and none of another line.
func cellsOf(line string) (cells []string) {
	line, isRow := strings.CutPrefix(line, "|")
	if !isRow {
		return nil
	}
	for cell := range strings.SplitSeq(strings.TrimSuffix(line, "|"), "|") {
		cells = append(cells, strings.TrimSpace(cell))
	}
	return cells
}

// judgeRow returns what is wrong with a row: of one requirement, with its number, its level, what it asks for, how that
// is met, and the tests that hold it or the reason why none does; or of requirements that do not apply, with the reason.
func judgeRow(cells []string, found map[string]bool, tests map[string]bool) (wrong []string) {
	numbers, err := numbersOf(cells[0])
	if err != nil {
		return []string{err.Error()}
	}
	for _, number := range numbers {
		if found[number] {
			wrong = append(wrong, "it stands there twice")
		}
		found[number] = true
	}
	switch last := cells[len(cells)-1]; {
	case len(cells) == 2 && len(last) < 20:
		wrong = append(wrong, "it does not say why it does not apply")
	case len(cells) == 2:
	case len(cells) != 5 || len(numbers) != 1:
		wrong = append(wrong, fmt.Sprintf("a row has one number and five cells, or several numbers and two cells, not %d and %d", len(numbers), len(cells)))
	case cells[1] != asvsLevels[numbers[0]]:
		wrong = append(wrong, fmt.Sprintf("its level is %s, not %q", asvsLevels[numbers[0]], cells[1]))
	default:
		named := namedTest.FindAllStringSubmatch(last, -1)
		for _, name := range named {
			if !tests[name[1]+"."+name[2]] {
				wrong = append(wrong, "there is no test "+name[1]+"."+name[2])
			}
		}
		switch {
		case len(named) == 0 && !aReason.MatchString(last):
			wrong = append(wrong, "it has neither a test nor a reason why there is none")
		case len(named) > 0 && !aReason.MatchString(last) && len(quoted.FindAllString(last, -1)) != len(named):
			wrong = append(wrong, "it names what is no test: "+last)
		}
	}
	return wrong
}

// numbersOf reads "6.5.1, 6.5.3 to 6.6.1": a range is of the standard's order. Each has to be in the list.
func numbersOf(cell string) (numbers []string, err error) {
	for part := range strings.SplitSeq(cell, ", ") {
		first, last, isRange := strings.Cut(part, " to ")
		if !isRange {
			last = first
		}
		from, to := slices.Index(asvsOrder, first), slices.Index(asvsOrder, last)
		if from < 0 || to < from {
			return nil, fmt.Errorf("%q names no requirement of levels 1 and 2", part)
		}
		numbers = append(numbers, asvsOrder[from:to+1]...)
	}
	return numbers, nil
}

var testFunc = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Example)\w*)\(`)

// testsByPackage returns every test of the module as folder.TestName.
func testsByPackage(t *testing.T) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	walkGo(t, func(path string, src []byte) {
		if !strings.HasSuffix(path, "_test.go") {
			return
		}
		for _, fn := range testFunc.FindAllStringSubmatch(string(src), -1) {
			all[filepath.Base(filepath.Dir(path))+"."+fn[1]] = true
		}
	})
	if len(all) < 100 {
		t.Fatal("only " + strconv.Itoa(len(all)) + " tests found")
	}
	return all
}

func TestTheASVSTableIsJudged(t *testing.T) {
	tests := map[string]bool{"route.TestA": true}
	for name, row := range map[string]struct {
		line string
		want string // part of the complaint; "" for none
	}{
		"good":                 {"2.2.1 | 1 | asks | met | `route.TestA`", ""},
		"good, with a reason":  {"2.2.1 | 1 | asks | met | Not met: there is no such thing here yet", ""},
		"good, in part":        {"2.2.1 | 1 | asks | met | In part: `route.TestA` holds the one half; `--x` is not there", ""},
		"good, a group":        {"2.2.1, 6.5.1 to 6.6.3 | there are no second factors yet", ""},
		"no such test":         {"2.2.1 | 1 | asks | met | `route.TestB`", "no test"},
		"a reason, and a test": {"2.2.1 | 1 | asks | met | In part: `route.TestB` holds the one half of it", "no test"},
		"neither":              {"2.2.1 | 1 | asks | met | ", "neither"},
		"only a word":          {"2.2.1 | 1 | asks | met | Not met: no", "neither"},
		"not a test's name":    {"2.2.1 | 1 | asks | met | `route.TestA`, `route/x_test.go`", "no test:"},
		"another level":        {"2.2.1 | 2 | asks | met | `route.TestA`", "level"},
		"unknown":              {"2.2.9 | 1 | asks | met | `route.TestA`", "names no requirement"},
		"level three":          {"2.3.5 | 3 | asks | met | `route.TestA`", "names no requirement"},
		"backwards":            {"6.6.3 to 6.5.1 | there are no second factors yet", "names no requirement"},
		"too few cells":        {"2.2.1 | 1 | asks | `route.TestA`", "five cells"},
		"group without reason": {"2.2.1, 2.2.2 | no", "why it does not apply"},
		"twice":                {"2.2.2, 2.2.2 | there are no second factors yet", "twice"},
	} {
		t.Run(name, func(t *testing.T) {
			wrong := strings.Join(judgeRow(cellsOf("| "+row.line+" |"), map[string]bool{}, tests), "; ")
			if (wrong == "") != (row.want == "") || !strings.Contains(wrong, row.want) {
				t.Errorf("complains %q, want %q", wrong, row.want)
			}
		})
	}
}
