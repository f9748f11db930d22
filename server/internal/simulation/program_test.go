package simulation

import (
	"context"
	"fmt"
	"time"

	"example.com/latchkey/shared/session"
)

// program is a native client: its jar outlives it.
type program struct {
	*device
	starts int
	worker *worker
}

func (w *world) newProgram(i int) *program {
	p := &program{device: w.newDevice(fmt.Sprintf("program %d", i+1), i)}
	p.program = true
	return p
}

// begin starts the program.
func (p *program) begin() {
	p.starts++
	p.worker = p.newWorker(fmt.Sprintf("%s.%d", p.name, p.starts))
	w := p.worker
	p.w.running.Go(func() { w.resume(context.Background()) })
}

// live has the program be used as the dice say.
func (p *program) live(h habits) {
	d := p.w.random(p.name + " user")
	time.Sleep(d.between(time.Millisecond, 3*time.Second))
	p.begin()
	time.Sleep(time.Millisecond) // its first refresh has begun
	for range h.acts {
		if len(p.w.broken()) > 0 {
			break
		}
		switch x := d.float(); {
		case x < 0.25:
			p.worker.close()
			time.Sleep(h.gap(d))
			p.begin()
		case x < 0.45:
			p.sleep()
			time.Sleep(h.gap(d))
			p.wake()
		case x < 0.55:
			p.setClock(d.between(-365*24*time.Hour, 365*24*time.Hour))
		default:
			w := p.worker
			p.w.running.Go(func() { w.query(context.Background()) })
		}
		time.Sleep(d.scaled(50*time.Millisecond, 6*time.Minute))
	}
}

// prove has the program show, on a good network, that its user is logged in.
func (p *program) prove() {
	p.worker.close()
	p.begin()
	for range 2 {
		time.Sleep(2 * time.Second)
		if len(p.w.broken()) == 0 && p.worker.s.State().Phase != session.Active {
			p.lost(p.worker.who, "in the end the client is "+p.worker.s.State().Phase.String(), p.session())
			break
		}
		p.worker.query(context.Background())
		time.Sleep(accessTTL)
	}
	p.worker.close()
}
