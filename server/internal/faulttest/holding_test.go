package faulttest_test

import (
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

// mostConnections is how many connections a flooded server may have: fewer than the floods open, and more than the proxy.
const mostConnections = 1000

// What hostile connections send. All come past the proxy, from addresses of their own.
const (
	head       = "POST /graphql HTTP/1.1\r\nHost: app.example\r\nContent-Type: application/json\r\n"
	silentBody = head + "Content-Length: 1048576\r\n\r\n"
	halfHead   = head + "X-Header: "
	unread     = "GET /login HTTP/1.1\r\nHost: app.example\r\n\r\n"
)

// connectionFloods are connections that take something of the server and never complete a request, or never take its answer.
var connectionFloods = []flood{
	{"silent bodies", 100, hold(silentBody), []string{"0"}},
	{"bodies that stop", 20, hold(silentBody + strings.Repeat(" ", 512<<10)), []string{"0"}},
	{"connections that send nothing", 100, hold(""), []string{"0"}},
	{"half of a header", 100, hold(halfHead), []string{"0"}},
	{"headers without end", 20, hold(halfHead + strings.Repeat("x", 1<<20)), []string{"0"}},
	{"answers that are not read", 20, hold(strings.Repeat(unread, 500)), []string{"0"}},
}

// hold returns how to open twenty connections of one address that send the text, and to hold them for half a second.
func hold(text string) func(*rig, int, int) (answer, error) {
	const many, held = 20, 500 * time.Millisecond
	return func(r *rig, _, address int) (answer, error) {
		dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(fmt.Sprintf("127.0.1.%d", 1+address%10))}, Timeout: 20 * time.Second}
		for range many {
			c, err := dialer.Dial("tcp", r.servers[0].address.Load().(string))
			if err != nil {
				return answer{}, err
			}
			defer c.Close()
			_ = c.(*net.TCPConn).SetLinger(0) // or its port is not free for a minute
			_ = c.SetWriteDeadline(time.Now().Add(held))
			_, _ = io.WriteString(c, text) // the server may close it before
		}
		time.Sleep(held)
		return answer{}, nil
	}
}
