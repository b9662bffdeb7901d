//go:build linux

// A program with a known truth: two threads burn CPU time in known shares by their own clocks, so many bytes are alive,
// and so many are allocated. It runs for so many seconds, and says how much it was.
package main

import (
	"context"
	"encoding/json"
	"os"
	"runtime"
	"runtime/pprof"
	"strconv"
	"sync"
	"syscall"
	"time"

	everflame "github.com/everflame/everflame/agents/go"
)

// Blocks are so much larger than the heap's sampling interval (512 KB) that each is seen.
const block = 8 << 20

const rusageThread = 1 // RUSAGE_THREAD of Linux

func used(who int) time.Duration {
	var usage syscall.Rusage
	_ = syscall.Getrusage(who, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func burn(d time.Duration) time.Duration {
	x := 0.0
	began := used(rusageThread)
	for used(rusageThread) < began+d {
		for i := range 20_000 {
			x = x*1.0001 + float64(i)
		}
	}
	runtime.KeepAlive(x)
	return used(rusageThread) - began
}

//go:noinline
func hot() time.Duration { return burn(45 * time.Millisecond) }

//go:noinline
func cool() time.Duration { return burn(15 * time.Millisecond) }

var alive [][]byte

//go:noinline
func keep(blocks int) {
	for range blocks {
		alive = append(alive, make([]byte, block))
	}
}

var last []byte

//go:noinline
func churn(blocks int) {
	for range blocks {
		last = make([]byte, block)
	}
	last = nil
}

type truth struct {
	CPU, Hot, Cool   float64 // seconds
	Alive, Allocated int     // bytes
}

func main() {
	seconds, err := strconv.ParseFloat(os.Args[1], 64)
	if err != nil {
		panic(err)
	}
	keep(8)
	runtime.GC()
	profiler, err := everflame.Start(everflame.Config{MutexProfileFraction: 1})
	if err != nil {
		panic(err)
	}
	time.Sleep(200 * time.Millisecond) // the agent has looked at the heap
	began := used(syscall.RUSAGE_SELF)
	churn(16)
	runtime.GC() // publishes what was allocated; twice, as the runtime counts by cycles
	runtime.GC()

	said := truth{Alive: 8 * block, Allocated: 16 * block}
	var lock sync.Mutex
	var group sync.WaitGroup
	deadline := time.Now().Add(time.Duration(seconds * float64(time.Second)))
	for range 2 {
		group.Go(func() {
			runtime.LockOSThread()
			for time.Now().Before(deadline) {
				var h, c time.Duration
				pprof.Do(context.Background(), pprof.Labels("endpoint", "/hot"), func(context.Context) { h = hot() })
				pprof.Do(context.Background(), pprof.Labels("endpoint", "/cool"), func(context.Context) { c = cool() })
				lock.Lock()
				said.Hot += h.Seconds()
				said.Cool += c.Seconds()
				time.Sleep(5 * time.Millisecond)
				lock.Unlock()
			}
		})
	}
	group.Wait()
	said.CPU = (used(syscall.RUSAGE_SELF) - began).Seconds()
	if err := profiler.Stop(); err != nil {
		panic(err)
	}
	_ = json.NewEncoder(os.Stdout).Encode(said)
	runtime.KeepAlive(alive)
}
