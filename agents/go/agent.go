package everflame

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"runtime/pprof"
	"strings"
	"time"
)

// courtesy is how long the profiler of CPU time is free between two windows, so that somebody who asks for it again and
// again gets it. Little of a window, and what is used meanwhile counts by the clock of the process.
const courtesy = 20 * time.Millisecond

// agent is one goroutine that closes windows, gets them to the server, and does what the server says. It is in one of
// three states: windows of the usual length follow one another; a window is a capture, exactly as long as was asked for;
// or sampling is switched off, and it asks now and then whether it still is.
type agent struct {
	settings   settings
	cpu        *cpuSampler
	heap       *collector
	collectors []*collector
	contention contention
	outbox     *outbox
	courier    *courier
	steering   steering

	stopping chan struct{}
	done     chan struct{}
	deadline context.Context // for the last pushes; set before stopping is closed
	inFlight context.Context // ends when a push under way has to make room for the last ones
	cut      context.CancelFunc
	rest     int64 // samples that were not delivered at the end

	on       bool
	cpuBegan time.Time
	closes   time.Time // the window, if it is on
	asks     time.Time // the server, if it is off
	capture  *capture
}

func newAgent(s settings) *agent {
	id := newIdentity(s)
	a := &agent{
		settings:   s,
		cpu:        newCPUSampler(),
		heap:       newHeapCollector(),
		contention: contention{blockRate: s.blockRate, mutexFraction: s.mutexFraction},
		outbox:     &outbox{id: id, prefix: s.server.Path, maxBytes: maxQueued},
		stopping:   make(chan struct{}),
		done:       make(chan struct{}),
		on:         true,
	}
	a.inFlight, a.cut = context.WithCancel(context.Background())
	a.collectors = newCollectors(s, a.heap)
	a.courier = newCourier(s, id, a.outbox, &a.steering, a.captures)
	return a
}

// start has CPU time sampled from here on.
func (a *agent) start() {
	a.contention.start()
	a.cpuBegan = time.Now()
	a.startCPU(cpuRate)
	go a.run()
}

// close waits until the last window is at the server, or the context is done.
func (a *agent) close(ctx context.Context) error {
	if _, limited := ctx.Deadline(); !limited {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, StopWithin)
		defer cancel()
	}
	// A push that hangs gets half of the time; the last window must have a chance, too.
	end, _ := ctx.Deadline()
	timer := time.AfterFunc(time.Until(end)/2, a.cut)
	defer timer.Stop()
	a.deadline = ctx
	close(a.stopping)
	select {
	case <-a.done:
	case <-ctx.Done():
		a.cpu.stop() // whatever the goroutine does: from here on the program is left alone
		a.settings.log.warn("the last profiles were not delivered to %s in time", a.settings.server)
		return fmt.Errorf("everflame: the last profiles were not delivered to %s: %w", a.settings.server, ctx.Err())
	}
	if a.rest > 0 {
		a.settings.log.warn("%d samples were not delivered to %s, and are lost", a.rest, a.settings.server)
		return fmt.Errorf("everflame: %d samples were not delivered to %s", a.rest, a.settings.server)
	}
	return nil
}

func (a *agent) run() {
	defer close(a.done)
	defer func() {
		if fault := recover(); fault != nil { // a defect of ours: the program must go on, and be told
			a.settings.log.warn("profiles are no longer made: %v", fault)
			a.cpu.stop()
			a.contention.stop()
			a.rest = a.outbox.samples()
		}
	}()
	pprof.SetGoroutineLabels(context.Background()) // not those of whoever called Start
	now := time.Now()
	for _, c := range a.collectors {
		a.complain(c.reset(now))
	}
	// A fleet that starts together pushes apart.
	a.closes = now.Add(time.Duration((0.1 + 0.9*rand.Float64()) * float64(a.window())))
	for !a.isStopping() {
		a.turn(time.Now())
		a.waitUntil(a.due())
	}
	if a.on {
		a.closeWindow(true)
	}
	a.cpu.stop()
	a.contention.stop()
	a.courier.sendAll(a.deadline, pushTimeout)
	a.rest = a.outbox.samples()
	a.courier.client.CloseIdleConnections()
}

// turn does what is due.
func (a *agent) turn(now time.Time) {
	if a.on {
		a.cpu.again()
		if !now.Before(a.closes) {
			wasCapture := a.capture != nil
			a.closeWindow(false)
			if wasCapture && a.steering.control.off {
				a.switchOff()
			} else {
				a.begin(spread(a.window()))
			}
		}
	}
	if !now.Before(a.courier.retryAt) && !a.isStopping() {
		timeout := pushTimeout
		if a.capture != nil {
			timeout = min(timeout, max(time.Second, time.Until(a.closes)))
		}
		a.courier.sendAll(a.inFlight, timeout)
	}
	if !a.on && !now.Before(a.asks) && !a.isStopping() {
		a.asks = time.Now().Add(a.courier.ask(a.inFlight))
	}
	a.follow()
}

// due is when there is something to do next.
func (a *agent) due() time.Time {
	when := a.closes
	if !a.on {
		when = a.asks
	} else if second := time.Now().Add(time.Second); !a.cpu.again() && second.Before(when) {
		when = second // somebody else profiles; until they have done
	}
	if !a.outbox.isEmpty() && a.courier.retryAt.Before(when) {
		when = a.courier.retryAt
	}
	return when
}

func (a *agent) waitUntil(when time.Time) {
	timer := time.NewTimer(time.Until(when))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-a.stopping:
	}
}

func (a *agent) isStopping() bool {
	select {
	case <-a.stopping:
		return true
	default:
		return false
	}
}

func (a *agent) window() time.Duration {
	if a.steering.control.window > 0 {
		return a.steering.control.window
	}
	return a.settings.window
}

func (a *agent) startCPU(hz int) {
	if a.settings.cpu {
		a.cpu.start(hz)
	}
}

// begin: a window of the usual kind begins now.
func (a *agent) begin(length time.Duration) {
	a.startCPU(cpuRate)
	a.closes = time.Now().Add(length)
	if hz := a.steering.control.hz; hz != 0 && hz != cpuRate {
		a.settings.log.once("hz", "the server asks for %g samples per second: Go's profiler of CPU time goes on with %d", hz, cpuRate)
	}
}

// closeWindow ends the window; sampling of CPU time goes on with begin.
func (a *agent) closeWindow(last bool) {
	running := a.capture
	a.capture = nil
	if running != nil && running.kind == "heap" {
		runtime.GC() // what is in use is what the last collection left
	}
	now := time.Now()
	if a.settings.cpu {
		a.closeCPU(now, running)
	}
	if !last && running == nil {
		time.Sleep(min(courtesy, a.window()/50))
		a.startCPU(cpuRate)
	}
	for _, c := range a.collectors {
		w, err := c.collect(now, last || running != nil)
		a.complain(err)
		a.keep(w, running)
	}
	if running != nil && running.kind == "heap" && !a.settings.memory {
		w, err := a.heap.collect(now, true)
		a.complain(err)
		a.keep(w, running)
	}
}

func (a *agent) closeCPU(now time.Time, running *capture) {
	taken, err := a.cpu.take()
	a.complain(err)
	w := newWindow(cpuKind, taken.profile, a.cpuBegan, now)
	w.samples, w.rate = taken.samples, cpuRate
	if running != nil && running.kind == "cpu" {
		w.rate = taken.rate
	}
	a.cpuBegan = now
	a.keep(w, running)
}

func (a *agent) keep(w *window, running *capture) {
	if w == nil {
		return
	}
	if running != nil && w.kind.name == running.kind {
		w.capture = running.id
	}
	if w.kind != cpuKind && a.settings.cpu {
		w.rate = cpuRate
	}
	a.outbox.add(w)
}

// follow does what the server said last. A capture that runs is finished first.
func (a *agent) follow() {
	if a.capture != nil || a.isStopping() {
		return
	}
	if asked := a.steering.next(a.whyNot); asked != nil {
		a.beginCapture(asked)
		return
	}
	switch off := a.steering.control.off; {
	case a.on && off:
		a.closeWindow(true)
		a.switchOff()
	case !a.on && !off:
		a.resume()
		a.begin(spread(a.window()))
	}
}

func (a *agent) switchOff() {
	a.cpu.stop()
	a.contention.stop()
	a.on = false
	a.asks = time.Now().Add(spread(askEvery))
}

// resume counts from here on.
func (a *agent) resume() {
	a.on = true
	a.contention.start()
	a.cpuBegan = time.Now()
	for _, c := range a.collectors {
		a.complain(c.reset(a.cpuBegan))
	}
}

func (a *agent) beginCapture(asked *capture) {
	hz := cpuRate
	if asked.kind == "cpu" && asked.hz != 0 {
		hz = int(asked.hz)
	}
	if asked.kind == "heap" {
		runtime.GC()
	}
	if a.on {
		a.closeWindow(true)
	} else {
		a.resume()
	}
	if asked.kind == "heap" && !a.settings.memory {
		a.complain(a.heap.reset(time.Now()))
	}
	a.startCPU(hz)
	a.capture = asked
	a.closes = time.Now().Add(asked.length)
}

func (a *agent) captures() string {
	var can []string
	for _, kind := range []string{"cpu", "heap"} {
		if a.whyNot(&capture{kind: kind}) == "" {
			can = append(can, kind)
		}
	}
	if len(can) == 0 {
		return "none"
	}
	return strings.Join(can, ",")
}

func (a *agent) whyNot(asked *capture) string {
	switch asked.kind {
	case "cpu":
		if !a.settings.cpu {
			return "CPU time is not sampled in this process"
		}
		if !a.cpu.isFree() {
			return "somebody else is using the profiler of CPU time"
		}
	case "heap":
		if runtime.MemProfileRate == 0 {
			return "the program has set runtime.MemProfileRate to 0"
		}
	default:
		return "Go has no sampler for " + asked.kind + " time"
	}
	return ""
}

func (a *agent) complain(err error) {
	if err != nil {
		a.settings.log.once("profile", "a profile was lost: %v", err)
	}
}
