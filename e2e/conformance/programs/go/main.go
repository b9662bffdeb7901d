// Burns CPU for so many seconds, so many ms of each 80, under Everflame's Go agent, and says how much.
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
func hot(busy time.Duration) { burn(busy * 3 / 4) }

//go:noinline
func cool(busy time.Duration) { burn(busy / 4) }

func number(text string, unit time.Duration) time.Duration {
	value, err := strconv.ParseFloat(text, 64)
	if err != nil {
		panic(err)
	}
	return time.Duration(value * float64(unit))
}

func main() {
	seconds, busy := number(os.Args[1], time.Second), number(os.Args[2], time.Millisecond)
	profiler, err := everflame.Start(everflame.Config{})
	if err != nil {
		panic(err)
	}
	before := used()
	for deadline := time.Now().Add(seconds); time.Now().Before(deadline); {
		hot(busy)
		cool(busy)
		time.Sleep(80*time.Millisecond - busy)
	}
	fmt.Printf("{\"cpu\": %f}\n", (used() - before).Seconds())
	_ = profiler.Stop()
}
