// Package token keeps one access token fresh in memory.
//
// It knows nothing of how a token is fetched (that is the caller's [Config.Fetch]) nor of what one looks like, and
// needs the standard library alone. Start with [New], then ask [Keeper.Token] before every use:
//
//	k := token.New(token.Config[User]{Fetch: fetch})
//	defer k.Close()
//	secret, err := k.Token(ctx) // has life left; was fetched first where it had to be
//
// # States
//
//	             Token, Renew: fetched
//	┌───────┐ ─────────────────────────▶ ┌──────┐ ──┐ the timer, Reject, Renew, or stale
//	│ Empty │                            │ Live │   │ when asked for: fetched again
//	└───────┘ ◀──────── Forget ───────── └──────┘ ◀─┘
//	  │   ▲                                │  ▲
//	  │   │                        refused │  │ Renew: fetched
//	  │   │                                ▼  │
//	  │   └─────────── Forget ────────── ┌─────────┐
//	  └───────── Token, Renew: refused ▶ │ Refused │
//	                                     └─────────┘
//
// Replace leads to Live from anywhere, Drop to Refused, Close to the end. In Refused, Token returns the refusal at
// once and asks nobody.
//
// # One flight
//
// However many callers need a fresh token, one fetch is under way: a flight. The others wait for its end or for
// their own context, and one that stops waiting does the flight no harm. A fetch that fails without an answer is
// made again, after a backoff that grows and is scattered, until the issuer has spoken: a token lands, a [Refuse]
// ends it. Meanwhile a token with life left is still given out.
//
// A flight never overlaps [Keeper.Replace] or [Keeper.Drop] (logging in, logging out): these abort a running one,
// wait until it has stopped, and keep the next from starting. Whatever an aborted fetch still brings is thrown away.
//
// # Time
//
// The lifetime of a token counts from its arrival, so it does not matter what the local clock shows, only that it
// runs. It is read from both of Go's clocks, and the less favourable one counts: the monotonic clock may stand still
// while the machine sleeps, the wall clock may be set back. The timer is a comfort, the check on use is the truth: a
// token past its life, less a margin, is not given out.
//
// Who learns that the machine has slept, or that a network is back, says so with [Keeper.Wake], and nobody has to
// wait for a timer that is late.
//
// Renewals are scattered over a fifth of a token's life, and retries over a backoff of up to 30 s, so that many
// keepers which began together, or which an outage has brought together, do not ask in step: of a thousand with
// tokens of five minutes, about 30 ask in the fullest second of the minute in which all do.
package token
