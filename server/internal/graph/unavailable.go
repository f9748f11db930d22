package graph

import "net/http"

// unavailable makes the headers those of an answer that may be asked for again in a moment (RFC 9110 §15.6.4), and
// returns its status. The client scatters its tries by itself.
func unavailable(h http.Header) (status int) {
	h.Set("Retry-After", "2") // seconds: a database that was restarted takes about so long
	return http.StatusServiceUnavailable
}

// answerWriter gives the executor's answer another status where the database could not be reached for it: to the
// executor every answer is 200. It writes once everything is resolved.
type answerWriter struct {
	http.ResponseWriter
	caller *caller
	wrote  bool
}

// WriteHeader implements http.ResponseWriter.
func (w *answerWriter) WriteHeader(status int) {
	if !w.wrote && w.caller.unavailable.Load() {
		status = unavailable(w.Header())
	}
	w.wrote = true
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *answerWriter) Write(p []byte) (int, error) {
	if !w.wrote {
		w.WriteHeader(http.StatusOK)
	}
	return w.ResponseWriter.Write(p)
}
