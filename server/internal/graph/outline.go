package graph

import (
	"context"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// The limits of a parsed document. They bound what validation costs, which visits a fragment again from every operation
// and fragment that spreads it, and repeats names and values in its errors.
const (
	maxUnfolded = 2000 // nodes of all operations and fragments, with the fragments in the place of their spreads,
	unfoldedPer = 4    // and so many more for each node as it is written
	maxName     = 256  // bytes of a name
	maxNested   = 12   // lists and objects in one another, in a value or a type
	textUnit    = 128  // bytes of a literal that count as one node
	saturated   = 1 << 30
)

// outline is what a document holds, found in one pass that visits each node once.
type outline struct {
	nodes    int  // fields, spreads, arguments, values, directives, definitions, and units of long values
	literals bool // a string is written in the document
}

// inspect measures a document that has been parsed and not yet validated. It fails where the document is over a limit,
// where a fragment spreads itself, and where ctx has ended.
func inspect(ctx context.Context, doc *ast.QueryDocument) (outline, *gqlerror.Error) {
	in := inspector{ctx: ctx, fragments: map[string]*ast.FragmentDefinition{}, sizes: map[*ast.FragmentDefinition]int{}}
	for _, f := range doc.Fragments {
		if in.fragments[f.Name] == nil { // validation refuses a second one of the name
			in.fragments[f.Name] = f
		}
	}
	unfolded := 0
	for _, op := range doc.Operations {
		in.name(op.Name)
		in.described(op.Description)
		unfolded = sum(unfolded, in.variables(op.VariableDefinitions), in.directives(op.Directives), in.set(op.SelectionSet))
	}
	for _, f := range doc.Fragments {
		in.name(f.Name)
		in.name(f.TypeCondition)
		in.described(f.Description)
		unfolded = sum(unfolded, in.variables(f.VariableDefinition), in.fragment(f, f.Position))
	}
	if limit := maxUnfolded + unfoldedPer*in.nodes; unfolded > limit {
		in.refuse("The query unfolds to more than %d fields and values: ask in several queries.", limit)
	}
	return in.outline, in.err
}

// inspector is the pass of inspect. Its methods return how many nodes they found, with fragments unfolded. The number
// stops growing at saturated: fragments that spread others twice double it with each.
type inspector struct {
	outline
	ctx       context.Context
	visited   int
	fragments map[string]*ast.FragmentDefinition
	sizes     map[*ast.FragmentDefinition]int // unfolded; unmeasured while the fragment is being measured
	err       *gqlerror.Error                 // the first
}

const unmeasured = -1

// refuse keeps the first reason to refuse the document.
func (in *inspector) refuse(format string, args ...any) {
	if in.err == nil {
		in.err = refused(format, args...)
	}
}

// node counts a node that is visited. It returns false where the pass is to stop.
func (in *inspector) node() bool {
	in.nodes++
	if in.visited++; in.visited%256 == 0 && in.ctx.Err() != nil {
		in.refuse("The request was given up.")
	}
	return in.err == nil
}

func (in *inspector) name(name string) {
	if len(name) > maxName {
		in.refuse("A name of the query has more than %d bytes.", maxName)
	}
}

func (in *inspector) described(text string) { in.literals = in.literals || text != "" }

func (in *inspector) set(set ast.SelectionSet) (size int) {
	for _, sel := range set {
		if !in.node() {
			return size
		}
		size = sum(size, 1)
		switch s := sel.(type) {
		case *ast.Field:
			in.name(s.Alias)
			in.name(s.Name)
			size = sum(size, in.arguments(s.Arguments), in.directives(s.Directives), in.set(s.SelectionSet))
		case *ast.InlineFragment:
			in.name(s.TypeCondition)
			size = sum(size, in.directives(s.Directives), in.set(s.SelectionSet))
		case *ast.FragmentSpread:
			in.name(s.Name)
			size = sum(size, in.directives(s.Directives), in.fragment(in.fragments[s.Name], s.Position))
		}
	}
	return size
}

// fragment measures a fragment that is spread at the position. One that does not exist is left to validation.
func (in *inspector) fragment(f *ast.FragmentDefinition, at *ast.Position) int {
	if f == nil {
		return 0
	}
	size, met := in.sizes[f]
	if !met {
		in.sizes[f] = unmeasured
		in.node()
		size = sum(1, in.directives(f.Directives), in.set(f.SelectionSet))
		in.sizes[f] = size
	}
	if size == unmeasured {
		in.refuse("Cannot spread fragment %q within itself.", f.Name)
		in.err.Locations = []gqlerror.Location{{Line: at.Line, Column: at.Column}}
		return 0
	}
	return size
}

func (in *inspector) variables(list ast.VariableDefinitionList) (size int) {
	for _, v := range list {
		in.node()
		in.name(v.Variable)
		in.described(v.Description)
		in.typeName(v.Type)
		size = sum(size, 1, in.value(v.DefaultValue, 0), in.directives(v.Directives))
	}
	return size
}

func (in *inspector) typeName(t *ast.Type) {
	for depth := 0; t != nil; t = t.Elem {
		in.name(t.NamedType)
		if depth++; depth > maxNested {
			in.refuse("A type of the query is nested deeper than %d lists.", maxNested)
			return
		}
	}
}

func (in *inspector) directives(list ast.DirectiveList) (size int) {
	for _, d := range list {
		in.node()
		in.name(d.Name)
		if d.Name == "defer" {
			in.refuse("@defer is not supported: an answer comes in one piece.")
		}
		size = sum(size, 1, in.arguments(d.Arguments))
	}
	return size
}

func (in *inspector) arguments(list ast.ArgumentList) (size int) {
	for _, a := range list {
		in.node()
		in.name(a.Name)
		size = sum(size, 1, in.value(a.Value, 0))
	}
	return size
}

func (in *inspector) value(v *ast.Value, depth int) int {
	if v == nil || !in.node() {
		return 0
	}
	if depth > maxNested {
		in.refuse("A value of the query is nested deeper than %d.", maxNested)
		return 0
	}
	switch v.Kind {
	case ast.StringValue, ast.BlockValue:
		in.literals = true
	case ast.Variable, ast.EnumValue:
		in.name(v.Raw)
	}
	units := len(v.Raw) / textUnit
	in.nodes += units
	size := 1 + units
	for _, child := range v.Children {
		in.name(child.Name)
		size = sum(size, in.value(child.Value, depth+1))
	}
	return size
}

// sum adds numbers that are not negative, up to saturated.
func sum(numbers ...int) (total int) {
	for _, n := range numbers {
		total = min(total+min(n, saturated), saturated)
	}
	return total
}
