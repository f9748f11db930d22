package graph

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/core"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

// operations turns requests into operations that may be executed. It stands in the place of
// executor.CreateOperationContext, which validates a document before it can be measured.
//
//	text ─▶ parse ─▶ inspect ─▶ validate ─▶ keep ─▶ variables ─▶ weigh ─▶ execute
type operations struct {
	schema graphql.ExecutableSchema
	dev    bool // answer introspection, and guess what a wrong name was meant to be
	rules  []core.Rule
	parsed *parsedQueries
	panics graphql.RecoverFunc
}

func newOperations(schema graphql.ExecutableSchema, dev bool, panics graphql.RecoverFunc) *operations {
	return &operations{schema: schema, dev: dev, rules: ruleSet(dev), parsed: newParsedQueries(parsedBytes), panics: panics}
}

// ruleSet returns the library's rules, without those whose cost grows faster than the query. Guesses of what a wrong
// name was meant to be compare it with every name there is, so they are for developers.
func ruleSet(dev bool) []core.Rule {
	set := rules.NewDefaultRules()
	set.RemoveRule(rules.NoFragmentCyclesRule.Name) // inspect refuses cycles
	set.ReplaceRule(rules.OverlappingFieldsCanBeMergedRule.Name, fieldsMerge.RuleFunc)
	if !dev {
		for name, without := range map[string]core.Rule{
			rules.FieldsOnCorrectTypeRule.Name: rules.FieldsOnCorrectTypeRuleWithoutSuggestions,
			rules.KnownArgumentNamesRule.Name:  rules.KnownArgumentNamesRuleWithoutSuggestions,
			rules.KnownTypeNamesRule.Name:      rules.KnownTypeNamesRuleWithoutSuggestions,
			rules.ScalarLeafsRule.Name:         rules.ScalarLeafsRuleWithoutSuggestions,
			rules.ValuesOfCorrectTypeRule.Name: rules.ValuesOfCorrectTypeRuleWithoutSuggestions,
		} {
			set.ReplaceRule(name, without.RuleFunc)
		}
	}
	inner := set.GetInner()
	var list []core.Rule
	for _, name := range slices.Sorted(maps.Keys(inner)) {
		list = append(list, core.Rule{Name: name, RuleFunc: inner[name]})
	}
	return list
}

// prepare returns the operation that a request asks for. Its errors are the caller's: of syntax, validation, variables or
// a limit. It stops when ctx ends.
func (o *operations) prepare(ctx context.Context, p params) (*graphql.OperationContext, gqlerror.List) {
	doc, errs := o.document(ctx, p.Query)
	if errs != nil {
		return nil, errs
	}
	op := doc.Operations.ForName(p.OperationName)
	if op == nil {
		return nil, gqlerror.List{refused("operation %s not found", p.OperationName)}
	}
	variables, err := validator.VariableValues(o.schema.Schema(), op, p.Variables)
	if err != nil {
		wrong := (*gqlerror.Error)(nil)
		if !errors.As(err, &wrong) {
			wrong = gqlerror.Wrap(err)
		}
		errcode.Set(wrong, errcode.ValidationFailed)
		return nil, gqlerror.List{wrong}
	}
	if over := o.checkLimits(ctx, op, variables); over != nil {
		return nil, gqlerror.List{over}
	}
	return &graphql.OperationContext{
		OperationName: p.OperationName, Variables: variables, Doc: doc, Operation: op,
		DisableIntrospection: !o.dev, RecoverFunc: o.panics,
		ResolverMiddleware:     func(ctx context.Context, next graphql.Resolver) (any, error) { return next(ctx) },
		RootResolverMiddleware: func(ctx context.Context, next graphql.RootResolver) graphql.Marshaler { return next(ctx) },
	}, nil
}

// document returns the parsed and validated document of a text.
func (o *operations) document(ctx context.Context, text string) (*ast.QueryDocument, gqlerror.List) {
	if doc := o.parsed.get(text); doc != nil {
		return doc, nil
	}
	doc, err := parse(text)
	if err != nil {
		return nil, gqlerror.List{err}
	}
	facts, err := inspect(ctx, doc)
	if err != nil {
		return nil, gqlerror.List{err}
	}
	if errs := o.validate(doc); errs != nil {
		return nil, errs
	}
	o.parsed.put(text, doc, facts)
	return o.slim(text, doc), nil
}

func parse(text string) (*ast.QueryDocument, *gqlerror.Error) {
	doc, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: text}, maxTokens)
	if err != nil {
		wrong := (*gqlerror.Error)(nil)
		if !errors.As(err, &wrong) {
			wrong = gqlerror.Wrap(err)
		}
		errcode.Set(wrong, errcode.ParseFailed)
		return nil, wrong
	}
	if len(doc.Operations) == 0 {
		return nil, refused("no operation provided")
	}
	return doc, nil
}

// errEnough is what validate's walk panics with when it has found maxErrors: the library's walk has no other way to stop.
var errEnough = errors.New("enough errors")

// validate returns the first maxErrors errors of the document.
func (o *operations) validate(doc *ast.QueryDocument) (errs gqlerror.List) {
	defer func() {
		if v := recover(); v != nil && v != errEnough {
			panic(v)
		}
	}()
	events := &core.Events{}
	for _, rule := range o.rules {
		rule.RuleFunc(events, func(options ...core.ErrorOption) {
			err := &gqlerror.Error{Rule: rule.Name}
			for _, option := range options {
				option(err)
			}
			errcode.Set(err, errcode.ValidationFailed)
			if errs = append(errs, err); len(errs) == maxErrors {
				panic(errEnough)
			}
		})
	}
	core.Walk(o.schema.Schema(), doc, events)
	return errs
}
