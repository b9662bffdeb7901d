package everflame

import (
	"bytes"
	"runtime"
	"runtime/pprof"
	"time"

	"github.com/everflame/everflame/agents/go/internal/profile"
)

// kind is a profile with a push of its own.
type kind struct {
	name string // as runtime/pprof has it
	// Block and mutex profiles have the same value types: who sends them says which is which (sample_type_config).
	config string
}

var (
	cpuKind       = &kind{name: "cpu"}
	heapKind      = &kind{name: "heap"}
	goroutineKind = &kind{name: "goroutine"}
	blockKind     = contentionKind("block")
	mutexKind     = contentionKind("mutex")
)

func contentionKind(name string) *kind {
	return &kind{name, `{"contentions":{"units":"lock_samples","display-name":"` + name + `_count"},` +
		`"delay":{"units":"lock_nanoseconds","display-name":"` + name + `_duration"}}`}
}

const (
	// Of a profile that takes long to make, the next one comes later: one part in so many of the time at most.
	costShare = 100
	// Stacks of one push. What is beyond is one box, the smallest stacks first.
	maxStacks = 8192
	// With more goroutines than this, each look at all of them stops the program for too long.
	maxGoroutines = 50_000
)

// collector makes windows of one of the runtime's own profiles.
type collector struct {
	kind  *kind
	delta *profile.Delta // of those that count since the start of the process
	began time.Time
	next  time.Time // not before
	// Why there is nothing to collect now; nil: there always is.
	idle func() bool
}

func newCollectors(s settings, heap *collector) []*collector {
	contended := func(name string) func() bool {
		return func() bool { return pprof.Lookup(name).Count() == 0 }
	}
	// Block and mutex profiles are there whoever switched them on.
	found := []*collector{
		{kind: blockKind, delta: profile.NewDelta(0, 1), idle: contended("block")},
		{kind: mutexKind, delta: profile.NewDelta(0, 1), idle: contended("mutex")},
	}
	if s.memory {
		found = append(found, heap)
	}
	if s.goroutines {
		found = append(found, &collector{kind: goroutineKind, idle: func() bool {
			many := runtime.NumGoroutine() > maxGoroutines
			if many {
				s.log.once("goroutines", "goroutines are not profiled while there are more than %d", maxGoroutines)
			}
			return many
		}})
	}
	return found
}

// Columns of a heap profile: objects and bytes allocated, objects and bytes in use.
func newHeapCollector() *collector {
	return &collector{kind: heapKind, delta: profile.NewDelta(0, 1), idle: func() bool { return runtime.MemProfileRate == 0 }}
}

// reset begins to count from here.
func (c *collector) reset(now time.Time) error {
	c.began = now
	if c.delta == nil || c.idle() {
		return nil
	}
	_, err := c.read()
	return err
}

// collect ends a window; nil where there is nothing to say, or where it is too early to pay for it again.
func (c *collector) collect(now time.Time, must bool) (*window, error) {
	if c.idle() {
		c.began = now // what comes later did not begin now
		return nil, nil
	}
	if now.Before(c.next) && !must {
		return nil, nil
	}
	began := time.Now()
	found, err := c.read()
	c.next = now.Add(costShare * time.Since(began))
	if err != nil {
		return nil, err
	}
	w := newWindow(c.kind, found, c.began, now)
	c.began = now
	if found.Len() == 0 {
		return nil, nil
	}
	w.samples = int64(found.Len())
	return w, nil
}

func (c *collector) read() (*profile.Profile, error) {
	var raw bytes.Buffer
	if err := pprof.Lookup(c.kind.name).WriteTo(&raw, 0); err != nil {
		return nil, err
	}
	found, err := profile.Decode(raw.Bytes())
	if err != nil {
		return nil, err
	}
	if c.delta != nil {
		c.delta.Since(found)
	} else {
		for i := range found.Types {
			found.Types[i].Level = true
		}
	}
	return found, nil
}
