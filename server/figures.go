package main

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"example.com/latchkey/server/internal/auth"
)

// figures are what /metrics tells: of Go and of the process, and what the process did for its users. It is the
// auth.Meter.
type figures struct {
	registry                *prometheus.Registry
	logins, refreshes, ends *prometheus.CounterVec
}

var _ auth.Meter = (*figures)(nil)

func newFigures() *figures {
	f := &figures{
		registry: prometheus.NewRegistry(),
		logins: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "latchkey_logins_total",
			Help: "Logins by outcome: OK, or why they were refused."}, []string{"outcome"}),
		refreshes: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "latchkey_refreshes_total",
			Help: "Requests to refresh by outcome: how they were answered, or why they were refused."}, []string{"outcome"}),
		ends: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "latchkey_sessions_ended_total",
			Help: "Sessions that this process ended, by reason."}, []string{"reason"}),
	}
	f.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		f.logins, f.refreshes, f.ends)
	// A rate can be told only of what was 0 before it was 1.
	for _, outcome := range []string{auth.OutcomeOK, string(auth.ReasonInvalidCredentials), string(auth.CodeRateLimited), string(auth.ReasonBusy)} {
		f.logins.WithLabelValues(outcome)
	}
	for _, outcome := range []string{auth.OutcomeRotated, auth.OutcomeKept, auth.OutcomeRepeated, auth.OutcomeRecovered} {
		f.refreshes.WithLabelValues(outcome)
	}
	for _, reason := range []auth.Reason{auth.ReasonNoToken, auth.ReasonUnknownToken, auth.ReasonIdle, auth.ReasonMaxAge, auth.ReasonUndecided} {
		f.refreshes.WithLabelValues(string(reason))
	}
	for _, reason := range []auth.Reason{auth.ReasonTokenReused, auth.ReasonLoggedOut, auth.ReasonRevoked,
		auth.ReasonPasswordChanged, auth.ReasonTooMany} {
		f.refreshes.WithLabelValues(string(reason))
		f.ends.WithLabelValues(string(reason))
	}
	return f
}

// Login implements auth.Meter.
func (f *figures) Login(outcome string) { f.logins.WithLabelValues(outcome).Inc() }

// Refresh implements auth.Meter.
func (f *figures) Refresh(outcome string) { f.refreshes.WithLabelValues(outcome).Inc() }

// Ended implements auth.Meter.
func (f *figures) Ended(reason auth.Reason, sessions int) {
	f.ends.WithLabelValues(string(reason)).Add(float64(sessions))
}
