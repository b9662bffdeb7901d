// Package everflame profiles a Go program in production and pushes what it finds to an Everflame server: CPU time, the
// heap, goroutines, blocking and contention, all the time. It needs nothing beyond the standard library.
//
//	profiler, err := everflame.Start(everflame.Config{ServiceName: "checkout"})
//	if err != nil {
//		log.Print(err) // a mistake in the Config; the program can go on
//	}
//	defer profiler.Stop()
package everflame

import (
	"context"
	"os"
	"sync"
	"time"
)

// Version of the agent.
const Version = "0.1.0"

// StopWithin is how long Stop waits at most.
const StopWithin = 2 * time.Second

// Profiler is the agent of this process. A nil Profiler does nothing.
type Profiler struct {
	agent *agent
	once  sync.Once
	err   error
}

var (
	mu      sync.Mutex
	current *Profiler
)

// Start starts profiling this process, which is done once: while a Profiler runs, Start answers that one. The error
// is about the Config; it never keeps a server that cannot be reached, and the Profiler is nil where profiling is
// switched off.
func Start(config Config) (*Profiler, error) {
	mu.Lock()
	defer mu.Unlock()
	if current != nil {
		return current, nil
	}
	settings, err := resolve(config, os.Getenv)
	if err != nil || !settings.enabled {
		return nil, err
	}
	current = &Profiler{agent: newAgent(settings)}
	current.agent.start()
	return current, nil
}

// Stop is Close with a deadline of 2 s.
func (p *Profiler) Stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), StopWithin)
	defer cancel()
	return p.Close(ctx)
}

// Close stops profiling, and pushes what was measured up to now. It comes back at the deadline of its context (2 s where
// there is none) at the latest, with an error that says what the server does not have.
func (p *Profiler) Close(ctx context.Context) error {
	if p == nil {
		return nil
	}
	p.once.Do(func() {
		p.err = p.agent.close(ctx)
		mu.Lock()
		defer mu.Unlock()
		if current == p {
			current = nil
		}
	})
	return p.err
}

// running is the agent of this process, if there is one.
func running() *agent {
	mu.Lock()
	defer mu.Unlock()
	if current == nil {
		return nil
	}
	return current.agent
}
