package housetest_test

import (
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const inventoryHeading = "### Keys and algorithms"

var ofCryptography = regexp.MustCompile(`^(crypto|golang\.org/x/crypto|hash)(/|$)`)

// The inventory of cryptography (OWASP ASVS 11.1.2) names every import of it: each row has, in its last column, the
// folder and what is imported there. What is in no row is not used: no MD5, no DES, no RC4, no mode but GCM.
func TestTheInventoryOfCryptography(t *testing.T) {
	rows := tableBelow(t, asvsTable, inventoryHeading)
	if len(rows) < 8 {
		t.Fatalf("the inventory has only %d rows", len(rows))
	}
	listed := map[string]bool{}
	for _, row := range rows {
		spans := quoted.FindAllString(row[len(row)-1], -1)
		for i, span := range spans {
			spans[i] = strings.Trim(span, "`")
		}
		for _, dir := range spans {
			for _, imported := range spans {
				if !ofCryptography.MatchString(dir) && ofCryptography.MatchString(imported) {
					listed[dir+" "+imported] = true
				}
			}
		}
	}
	used := map[string]bool{}
	eachImport(t, func(file, imported string) {
		if strings.HasSuffix(file, "_test.go") || !ofCryptography.MatchString(imported) ||
			slices.ContainsFunc(testPackages, func(dir string) bool { return strings.HasPrefix(file, dir) }) {
			return
		}
		use := path.Dir(file) + " " + imported
		if !listed[use] && !used[use] {
			t.Errorf("%s imports %s: the inventory in %s does not say so", file, imported, asvsTable)
		}
		used[use] = true
	})
	for _, use := range slices.Sorted(maps.Keys(listed)) {
		if !used[use] {
			t.Errorf("the inventory in %s has %q, which the code does not use", asvsTable, use)
		}
	}
}
