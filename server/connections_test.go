package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/latchkey/server/internal/route"
)

func TestConnectionLimit(t *testing.T) {
	for _, row := range []struct {
		flag, files int
		want        int // 0: an error
	}{
		{0, 1 << 20, 8192}, {0, 4096, 3968}, {0, 1024, 896}, {0, 200, 100}, {0, 0, 8192},
		{300, 1024, 300}, {20000, 1 << 20, 20000}, {20000, 0, 20000}, {896, 1024, 896},
		{897, 1024, 0}, {-1, 1024, 0},
	} {
		got, err := connectionLimit(row.flag, row.files)
		if got != row.want || (err != nil) != (row.want == 0) {
			t.Errorf("--connections=%d with %d open files: %d, %v; want %d", row.flag, row.files, got, err, row.want)
		}
		if err != nil && !strings.Contains(err.Error(), "--connections=") {
			t.Errorf("the error does not name the flag: %v", err)
		}
	}
	if openFiles() < 64 {
		t.Errorf("the process may have %d files open", openFiles())
	}
}

// flood opens so many connections to a listener, which send nothing, and returns how many of them are open in the end.
func flood(t *testing.T, ln net.Listener, many int) (open int) {
	t.Helper()
	go func() {
		for range many {
			c, err := net.Dial("tcp", ln.Addr().String())
			if err != nil {
				t.Error(err)
				return
			}
			t.Cleanup(func() { _ = c.Close() })
		}
	}()
	var accepted []net.Conn
	for range many {
		c, err := ln.Accept()
		if err != nil {
			t.Fatal(err)
		}
		accepted = append(accepted, c)
	}
	for _, c := range accepted {
		if c.SetReadDeadline(time.Time{}) == nil { // fails where it was closed for another
			open++
		}
	}
	return open
}

// Every listener is bounded: those for visitors together, and the operators' by itself.
func TestEveryListenerIsBounded(t *testing.T) {
	ca := newAuthority(t)
	ca.issue(t, 7)
	at, err := openSockets(config{
		Addr: freeAddress(t), AdminAddr: freeAddress(t), Connections: 20,
		transport: transport{HTTPAddr: freeAddress(t), TLSCert: ca.cert, TLSKey: ca.key},
	}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = at.close() }()
	if open := flood(t, at.app, 15); open != 15 {
		t.Errorf("%d connections of 15 are open", open)
	}
	if open := flood(t, at.insecure, 40); open != 20 {
		t.Errorf("%d connections in the clear are open", open)
	}
	if open := flood(t, at.admin, 40); open != adminConnections {
		t.Errorf("%d connections of operators are open", open)
	}
}

// pipes is a listener whose connections are pipes.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	c, ok := <-p
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}

func (p pipes) Close() error   { return nil }
func (p pipes) Addr() net.Addr { return &net.TCPAddr{} }

// Clients that send or read nothing cannot keep the server from ending, nor from ending well.
func TestHostileClientsAtTheEnd(t *testing.T) {
	for name, send := range map[string]string{
		"nothing":                    "",
		"half a request":             "GET / HTTP/1.1\r\n",
		"no body":                    "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n",
		"takes no answer":            "GET /long HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"a request without an end":   "GET /endless HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"a body byte by byte, whole": "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\nx",
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				log := slog.New(slog.DiscardHandler)
				ctx, end := context.WithCancel(t.Context())
				never := make(chan struct{})
				srv := route.Server(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					switch r.URL.Path {
					case "/long":
						_, _ = w.Write(make([]byte, 1<<20))
					case "/endless":
						<-never
					default:
						_, _ = io.Copy(io.Discard, r.Body)
					}
				}), log)
				ln := make(pipes)
				ended := make(chan error, 1)
				go func() { ended <- listen(ctx, srv, route.Listen(ln), log) }()
				client, server := net.Pipe()
				ln <- server
				_, _ = fmt.Fprint(client, send)
				synctest.Wait()
				end()
				synctest.Wait()
				close(ln)
				began := time.Now()
				if err := <-ended; err != nil || time.Since(began) > drain+time.Second {
					t.Errorf("it ends after %s with %v", time.Since(began), err)
				}
				close(never)
				_ = client.Close()
			})
		})
	}
}
