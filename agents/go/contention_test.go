package everflame

import (
	"runtime"
	"testing"
	"time"
)

// waits blocks for a moment, which is an event of its own where blocking is sampled.
//
//go:noinline
func waits() {
	ready := make(chan bool)
	time.AfterFunc(2*time.Millisecond, func() { close(ready) })
	<-ready
}

func blockings(t *testing.T) int64 {
	t.Helper()
	c := &collector{kind: blockKind, idle: func() bool { return false }}
	p, err := c.read()
	if err != nil {
		t.Fatal(err)
	}
	return p.Total(0)
}

func TestContentionIsSampledOnlyWhileTheAgentIsOn(t *testing.T) {
	defer runtime.SetMutexProfileFraction(runtime.SetMutexProfileFraction(7))
	p, _ := begin(t, newServer(t, nil), Config{BlockProfileRate: 1, MutexProfileFraction: 3})
	before := blockings(t)
	waits()
	if blockings(t) <= before {
		t.Error("blocking is not sampled")
	}
	if got := runtime.SetMutexProfileFraction(-1); got != 3 {
		t.Errorf("one of %d contentions is sampled", got)
	}
	if err := p.Stop(); err != nil {
		t.Error(err)
	}
	before = blockings(t)
	waits()
	if blockings(t) != before {
		t.Error("blocking is sampled after Stop")
	}
	if got := runtime.SetMutexProfileFraction(-1); got != 7 {
		t.Errorf("the program's own fraction was 7, and is %d", got)
	}
}

func TestWhatComesAfterALullDoesNotBeginBeforeIt(t *testing.T) {
	idle := true
	c := &collector{kind: goroutineKind, idle: func() bool { return idle }}
	start := time.Now()
	if err := c.reset(start); err != nil {
		t.Fatal(err)
	}
	if w, _ := c.collect(start.Add(time.Hour), false); w != nil {
		t.Error("a window of nothing")
	}
	idle = false
	w, err := c.collect(start.Add(time.Hour+time.Second), false)
	if err != nil || w == nil {
		t.Fatal(w, err)
	}
	if length := w.end.Sub(w.start); length != time.Second {
		t.Errorf("the window is %v long", length)
	}
}
