package main

import (
	"strings"
	"testing"
)

func TestShorten(t *testing.T) {
	for _, c := range []struct{ name, file, text, want string }{
		{"a module", "check.js", "// A comment.\nimport { a } from \"./other.js\";\n\nconst shown = a; // another\nexport { shown };\n", "import{a}from\"./other.js\";const shown=a;export{shown};\n"},
		{"the page's script", "page.js", "\"use strict\";\n\nconst it = 1;\nimport(it, \"./check-1.js\");\n", "(()=>{\"use strict\";import(1,\"./check-1.js\")})();\n"},
		{"a string like a comment", "check.js", "export const url = \"https://x//y\";\n", "export const url=\"https://x//y\";\n"},
		{"a style sheet", "style.css", "/* A comment. */\nmain {\n  margin: 0;\n}\n", "main{margin:0}\n"},
		{"a picture", "icon.svg", "<svg>\n</svg>\n", "<svg>\n</svg>\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := shorten(c.file, []byte(c.text))
			if err != nil || string(got) != c.want {
				t.Errorf("got %q, %v, want %q", got, err, c.want)
			}
		})
	}
	if _, err := shorten("page.js", []byte("const = 1;")); err == nil || !strings.Contains(err.Error(), "page.js") {
		t.Errorf("the error of a broken script is %v", err)
	}
}
