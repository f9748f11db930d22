package auth

import "errors"

// Meter counts what a Service does, for an operator's figures. Its methods are called from many goroutines, and while
// requests wait.
type Meter interface {
	// Login counts a login by its Outcome.
	Login(outcome string)
	// Refresh counts a request to refresh by its Outcome, which of one that is answered says how.
	Refresh(outcome string)
	// Ended counts sessions that this process ended.
	Ended(reason Reason, sessions int)
}

// Outcomes that are none of an error: of a login, and of a request to refresh by the rows of the package's table.
const (
	OutcomeOK        = "OK"
	OutcomeRotated   = "ROTATED"   // S1'
	OutcomeKept      = "KEPT"      // S1
	OutcomeRepeated  = "REPEATED"  // S4
	OutcomeRecovered = "RECOVERED" // S5, S5'
)

// outcome is the reason of an error, or its code where it has none; "CANCELED" where the caller had gone.
func outcome(err error) string {
	e := (*Error)(nil)
	switch {
	case err == nil:
		return OutcomeOK
	case !errors.As(err, &e):
		return "CANCELED"
	case e.Reason != "":
		return string(e.Reason)
	}
	return string(e.Code)
}

// outcome is how a token was answered.
func (p *presentation) outcome() string {
	switch {
	case p.judged.action == keep:
		return OutcomeKept
	case p.judged.action == rotate:
		return OutcomeRotated
	case len(p.judged.change.Events) > 0:
		return OutcomeRecovered
	}
	return OutcomeRepeated
}

// unmetered is the Meter where there is none.
type unmetered struct{}

func (unmetered) Login(string)      {}
func (unmetered) Refresh(string)    {}
func (unmetered) Ended(Reason, int) {}
