package everflame

import (
	"errors"
	"io"
	"net/http"
	"runtime/pprof"
	"strings"
	"sync"
)

// Go has one profiler of CPU time, and who has it keeps everybody else out: runtime/pprof says "cpu profiling already in
// use". The agent never keeps a foreground user out who asks in one of these ways, and comes back after them.

var foreground struct {
	mu      sync.Mutex
	release func()
}

// StartCPUProfile is runtime/pprof's, with the agent out of the way until StopCPUProfile.
func StartCPUProfile(w io.Writer) error {
	foreground.mu.Lock()
	defer foreground.mu.Unlock()
	if foreground.release != nil {
		return errors.New("everflame: StartCPUProfile is in use already")
	}
	release := giveWay()
	if err := pprof.StartCPUProfile(w); err != nil {
		release()
		return err
	}
	foreground.release = release
	return nil
}

// StopCPUProfile ends what StartCPUProfile began.
func StopCPUProfile() {
	foreground.mu.Lock()
	defer foreground.mu.Unlock()
	if foreground.release == nil {
		return
	}
	pprof.StopCPUProfile()
	foreground.release()
	foreground.release = nil
}

// GiveWay wraps a handler (nil: http.DefaultServeMux) that serves net/http/pprof: while somebody asks it for
// /debug/pprof/profile (or another path that ends in /pprof/profile), the agent is out of the way. Everything else passes
// through.
//
//	http.ListenAndServe("localhost:6060", everflame.GiveWay(nil))
func GiveWay(handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/pprof/profile") {
			defer giveWay()()
		}
		if handler == nil {
			http.DefaultServeMux.ServeHTTP(w, r)
			return
		}
		handler.ServeHTTP(w, r)
	})
}

// giveWay has the agent leave the profiler to others, until what it answers is called.
func giveWay() (release func()) {
	a := running()
	if a == nil {
		return func() {}
	}
	a.cpu.hold()
	return a.cpu.release
}
