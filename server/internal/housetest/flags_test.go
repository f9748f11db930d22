package housetest_test

import (
	"go/ast"
	"maps"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const flagTable, flagHeading = "server/OPERATING.md", "## Flags of `latchkey serve`"

// computed are the defaults that the program works out, as the table says them.
var computed = map[string]string{
	"origin":        "`http://localhost:<port>`",
	"tls-authority": "Let's Encrypt's",
}

var flagName = regexp.MustCompile("`--([a-z-]+)`")

// Every flag of `latchkey serve` has a row in the table of flags, with its default, and every row has a flag.
func TestTheTableOfFlags(t *testing.T) {
	flags := flagsOf(t, "config")
	if len(flags) < 20 {
		t.Fatalf("only these flags are found: %v", slices.Sorted(maps.Keys(flags)))
	}
	found := map[string]bool{}
	for _, row := range tableBelow(t, flagTable, flagHeading) {
		names := flagName.FindAllStringSubmatch(row[0], -1)
		if len(row) != 3 || len(names) == 0 || len(row[2]) < 10 {
			t.Errorf("%s: a row has flags, a default and a meaning, not %q", flagTable, row)
			continue
		}
		for _, name := range names {
			flag, want := name[1], flags[name[1]]
			switch _, is := flags[flag]; {
			case !is:
				t.Errorf("%s: the program has no flag --%s", flagTable, flag)
			case found[flag]:
				t.Errorf("%s: --%s has two rows", flagTable, flag)
			case !slices.Contains(want, row[1]):
				t.Errorf("%s: the default of --%s is %q, not %q", flagTable, flag, want, row[1])
			}
			found[flag] = true
		}
	}
	for _, flag := range slices.Sorted(maps.Keys(flags)) {
		if !found[flag] {
			t.Errorf("%s has no row for --%s", flagTable, flag)
		}
	}
}

// Every command of latchkey is in the document for operators, and so is every flag of each.
func TestTheCommandsAreDescribed(t *testing.T) {
	text, structs := document(t, flagTable), commandStructs(t)
	described := 0
	var describe func(prefix string, commands *ast.StructType)
	describe = func(prefix string, commands *ast.StructType) {
		for _, field := range commands.Fields.List {
			command := prefix + " " + dashed(field.Names[0].Name)
			if below, ok := field.Type.(*ast.StructType); ok {
				describe(command, below)
				continue
			}
			// `list` is what a group of commands does without another word.
			if short := strings.TrimSuffix(command, " list"); !strings.Contains(text, "`"+short+"`") && !strings.Contains(text, "`"+short+" ") {
				t.Errorf("%s does not describe `%s`", flagTable, short)
			}
			described++
			if command == "latchkey serve" {
				continue // its flags have the table
			}
			for flag := range flagsOf(t, field.Type.(*ast.Ident).Name) {
				if !strings.Contains(text, "--"+flag+"`") && !strings.Contains(text, "--"+flag+" ") {
					t.Errorf("%s does not describe --%s of `%s`", flagTable, flag, command)
				}
			}
		}
	}
	describe("latchkey", structs["cli"])
	if described < 6 {
		t.Errorf("only %d commands are found", described)
	}
}

// flagsOf returns the flags of a struct of the command's package and of the structs in it, each with the ways in which
// the table may say its default.
func flagsOf(t *testing.T, name string) map[string][]string {
	t.Helper()
	flags := map[string][]string{}
	for _, field := range commandStructs(t)[name].Fields.List {
		if len(field.Names) == 0 {
			if embedded, ok := field.Type.(*ast.Ident); ok {
				maps.Copy(flags, flagsOf(t, embedded.Name))
			}
			continue
		}
		if !field.Names[0].IsExported() {
			continue
		}
		var tag reflect.StructTag
		if field.Tag != nil {
			text, err := strconv.Unquote(field.Tag.Value)
			if err != nil {
				t.Fatal(err)
			}
			tag = reflect.StructTag(text)
		}
		flag := tag.Get("name")
		if flag == "" {
			flag = dashed(field.Names[0].Name)
		}
		flags[flag] = sayings(flag, tag.Get("default"))
	}
	return flags
}

// sayings are how the table may say a default.
func sayings(flag, value string) []string {
	switch {
	case computed[flag] != "":
		return []string{computed[flag]}
	case value == "":
		return []string{"", "off"}
	}
	return []string{"`" + value + "`"}
}

var capital = regexp.MustCompile(`([a-z])([A-Z])`)

// dashed is the flag's name that kong makes of a field's.
func dashed(field string) string {
	return strings.ToLower(capital.ReplaceAllString(field, "$1-$2"))
}

// commandStructs returns the structs that the command's package declares.
func commandStructs(t *testing.T) map[string]*ast.StructType {
	t.Helper()
	structs := map[string]*ast.StructType{}
	files, _ := parsed(t, filepath.Join(top(t), "server"))
	for _, file := range files {
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			if s, ok := spec.Type.(*ast.StructType); ok {
				structs[spec.Name.Name] = s
			}
			return true
		})
	}
	return structs
}
