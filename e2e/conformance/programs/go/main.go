// Burns CPU for so many seconds under Everflame's Go agent, and says how much.
package main

import (
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"

	everflame "github.com/everflame/everflame/agents/go"
)

func used() time.Duration {
	var usage syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

var sink float64

func burn(d time.Duration) {
	for end := used() + d; used() < end; {
		for i := range 20_000 {
			sink = sink*1.0001 + float64(i)
		}
	}
}

//go:noinline
func hot() { burn(15 * time.Millisecond) }

//go:noinline
func cool() { burn(5 * time.Millisecond) }

func main() {
	seconds, err := strconv.ParseFloat(os.Args[1], 64)
	if err != nil {
		panic(err)
	}
	profiler, err := everflame.Start(everflame.Config{})
	if err != nil {
		panic(err)
	}
	before := used()
	for deadline := time.Now().Add(time.Duration(seconds * float64(time.Second))); time.Now().Before(deadline); {
		hot()
		cool()
		time.Sleep(60 * time.Millisecond)
	}
	fmt.Printf("{\"cpu\": %f}\n", (used() - before).Seconds())
	_ = profiler.Stop()
}
