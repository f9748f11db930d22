package graph

import (
	"container/list"
	"strings"
	"sync"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/lexer"
	"github.com/vektah/gqlparser/v2/validator/core"
)

// The limits of the queries that are kept parsed.
const (
	parsedBytes = 4 << 20 // of memory, all together
	keptText    = 4 << 10 // bytes of a query's text: a longer one is parsed each time
	nodeBytes   = 512     // of memory that a node of a document takes, as TestParsedQueriesMemory measures
)

// parsedQueries keeps the documents used last, by their text, within a number of bytes. It keeps no document in which a
// string is written: that may be a password.
type parsedQueries struct {
	limit int // bytes

	mu     sync.Mutex // guards what follows
	bytes  int
	byText map[string]*list.Element
	recent list.List // of *parsedQuery, the one used last in front
}

type parsedQuery struct {
	text  string
	doc   *ast.QueryDocument
	bytes int
}

func newParsedQueries(limit int) *parsedQueries {
	return &parsedQueries{limit: limit, byText: map[string]*list.Element{}}
}

// get returns the document of a text, or nil. Documents are shared: nothing may change them.
func (p *parsedQueries) get(text string) *ast.QueryDocument {
	p.mu.Lock()
	defer p.mu.Unlock()
	e := p.byText[text]
	if e == nil {
		return nil
	}
	p.recent.MoveToFront(e)
	return e.Value.(*parsedQuery).doc
}

// put keeps the document of a text, if it is one to keep, and drops those that were not used for longest.
func (p *parsedQueries) put(text string, doc *ast.QueryDocument, facts outline) {
	bytes := 2*len(text) + nodeBytes*(facts.nodes+1)
	if len(text) > keptText || facts.literals || bytes > p.limit {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.byText[text] != nil {
		return // another request was faster
	}
	p.byText[text] = p.recent.PushFront(&parsedQuery{text, doc, bytes})
	p.bytes += bytes
	for p.bytes > p.limit {
		last := p.recent.Remove(p.recent.Back()).(*parsedQuery)
		delete(p.byText, last.text)
		p.bytes -= last.bytes
	}
}

// slim returns a valid document that does not hold on to its text. A document refers to its whole text, padding and
// comments included, for as long as the operation runs: a login waits for its turn meanwhile.
func (o *operations) slim(text string, doc *ast.QueryDocument) *ast.QueryDocument {
	if len(text) <= keptText {
		return doc
	}
	short, err := parse(compact(text))
	if err != nil {
		return doc
	}
	core.Walk(o.schema.Schema(), short, &core.Events{}) // links it to the schema
	return short
}

// compact returns a query's text without what does not count: spaces, commas and comments.
func compact(text string) string {
	var b strings.Builder
	for lex := lexer.New(&ast.Source{Input: text}); ; b.WriteByte(' ') {
		switch token, err := lex.ReadToken(); {
		case err != nil || token.Kind == lexer.EOF:
			return b.String()
		case token.Kind == lexer.Comment:
		case token.Kind == lexer.String, token.Kind == lexer.BlockString:
			b.WriteString((&ast.Value{Kind: ast.StringValue, Raw: token.Value}).String())
		case token.Value != "":
			b.WriteString(token.Value)
		default:
			b.WriteString(token.Kind.String())
		}
	}
}
