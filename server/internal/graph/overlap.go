package graph

import (
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator/core"
)

// fieldsMerge is the rule "Field Selection Merging" (GraphQL §5.3.2). The library's rule of the name compares every field
// with every other of the same response name, which grows with the square of the query. This one merges the fields of one
// response name first and compares each with the first of its group, as all comparisons are of equality. It visits an
// operation as often as its fragments unfold, which inspect has bounded.
//
// It makes two passes: all fields of one response name return the same shape; and those that the same object can answer
// are one field with the same arguments.
var fieldsMerge = core.Rule{Name: "OverlappingFieldsCanBeMerged", RuleFunc: func(events *core.Events, fail core.AddErrFunc) {
	events.OnOperation(func(w *core.Walker, op *ast.OperationDefinition) {
		m := merger{schema: w.Schema, fail: fail}
		m.shapes([]ast.SelectionSet{op.SelectionSet})
		m.fields([]ast.SelectionSet{op.SelectionSet})
	})
}}

type merger struct {
	schema *ast.Schema
	fail   core.AddErrFunc
}

// group is the fields of one response name, at one place of the answer.
type group []*ast.Field

// groups collects the fields of selection sets that stand at one place of the answer, fragments included.
func groups(sets []ast.SelectionSet) []group {
	var (
		list    []group
		index   = map[string]int{} // by response name
		spread  = map[*ast.FragmentDefinition]bool{}
		collect func(ast.SelectionSet)
	)
	collect = func(set ast.SelectionSet) {
		for _, sel := range set {
			switch s := sel.(type) {
			case *ast.Field:
				i, known := index[s.Alias]
				if !known {
					i, index[s.Alias], list = len(list), len(list), append(list, nil)
				}
				list[i] = append(list[i], s)
			case *ast.InlineFragment:
				collect(s.SelectionSet)
			case *ast.FragmentSpread:
				if s.Definition != nil && !spread[s.Definition] {
					spread[s.Definition] = true
					collect(s.Definition.SelectionSet)
				}
			}
		}
	}
	for _, set := range sets {
		collect(set)
	}
	return list
}

// below returns the selection sets of the group's fields.
func (g group) below() []ast.SelectionSet {
	var sets []ast.SelectionSet
	for _, f := range g {
		if len(f.SelectionSet) > 0 {
			sets = append(sets, f.SelectionSet)
		}
	}
	return sets
}

// shapes checks that fields of one response name have types that merge.
func (m *merger) shapes(sets []ast.SelectionSet) {
	for _, g := range groups(sets) {
		g = slices.DeleteFunc(g, func(f *ast.Field) bool { return f.Definition == nil }) // another rule refuses those
		if len(g) == 0 {
			continue
		}
		first := g[0].Definition.Type
		i := slices.IndexFunc(g, func(f *ast.Field) bool { return !m.merges(first, f.Definition.Type) })
		if i >= 0 {
			m.conflict(g[i], "they return conflicting types %q and %q", first.String(), g[i].Definition.Type.String())
			continue
		}
		m.shapes(g.below())
	}
}

// merges reports whether values of two types have one shape: the same lists and nulls, and the same leaf or none.
func (m *merger) merges(a, b *ast.Type) bool {
	for ; a.Elem != nil && b.Elem != nil; a, b = a.Elem, b.Elem {
		if a.NonNull != b.NonNull {
			return false
		}
	}
	if a.NonNull != b.NonNull || (a.Elem == nil) != (b.Elem == nil) {
		return false
	}
	x, y := m.schema.Types[a.NamedType], m.schema.Types[b.NamedType]
	return x == y || x.IsCompositeType() && y.IsCompositeType()
}

// fields checks that fields of one response name, of one object, are the same field with the same arguments.
func (m *merger) fields(sets []ast.SelectionSet) {
	for _, whole := range groups(sets) {
		for _, g := range peers(whole) {
			first := g[0]
			i := slices.IndexFunc(g, func(f *ast.Field) bool { return f.Name != first.Name || !sameArguments(first, f) })
			switch {
			case i < 0:
				m.fields(g.below())
			case g[i].Name != first.Name:
				m.conflict(g[i], "%q and %q are different fields", first.Name, g[i].Name)
			default:
				m.conflict(g[i], "they have differing arguments")
			}
		}
	}
}

// peers splits a group into fields that one object may have to answer together: those of an object's type, and with each
// of these all fields of interfaces and unions.
func peers(g group) []group {
	same := func(f *ast.Field) bool { return f.ObjectDefinition == g[0].ObjectDefinition }
	if !slices.ContainsFunc(g, func(f *ast.Field) bool { return !same(f) }) {
		return []group{g}
	}
	var (
		abstract group
		parents  []*ast.Definition
		objects  = map[*ast.Definition]group{}
	)
	for _, f := range g {
		switch parent := f.ObjectDefinition; {
		case parent == nil: // another rule refuses it
		case parent.Kind != ast.Object:
			abstract = append(abstract, f)
		default:
			if objects[parent] == nil {
				parents = append(parents, parent)
			}
			objects[parent] = append(objects[parent], f)
		}
	}
	var list []group
	for _, parent := range parents {
		list = append(list, append(slices.Clip(abstract), objects[parent]...))
	}
	if list == nil && abstract != nil {
		list = []group{abstract}
	}
	return list
}

func (m *merger) conflict(f *ast.Field, format string, args ...any) {
	m.fail(core.Message("Fields %q conflict because ", f.Alias), core.Message(format, args...),
		core.Message(". Use different aliases on the fields to fetch both if this was intentional."), core.At(f.Position))
}

// sameArguments compares the arguments of two fields of one name. Where one has more than there are, another rule
// refuses it.
func sameArguments(a, b *ast.Field) bool {
	if a.Definition == nil || b.Definition == nil ||
		len(a.Arguments) > len(a.Definition.Arguments) || len(b.Arguments) > len(b.Definition.Arguments) {
		return true
	}
	return len(a.Arguments) == len(b.Arguments) && !slices.ContainsFunc(a.Arguments, func(x *ast.Argument) bool {
		y := b.Arguments.ForName(x.Name)
		return y == nil || !sameValue(x.Value, y.Value)
	})
}

// sameValue compares two values. The order of an object's members does not count.
func sameValue(a, b *ast.Value) bool {
	if a.Kind != b.Kind || a.Raw != b.Raw || len(a.Children) != len(b.Children) {
		return false
	}
	for i, x := range a.Children {
		y := b.Children[i].Value
		if a.Kind == ast.ObjectValue {
			y = b.Children.ForName(x.Name)
		}
		if y == nil || !sameValue(x.Value, y) {
			return false
		}
	}
	return true
}
