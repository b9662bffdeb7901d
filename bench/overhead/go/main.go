//go:build unix

// An HTTP service whose agent can be switched on and off, and what loads it. Use node bench/overhead-go.mjs.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime/pprof"
	"sort"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	everflame "github.com/everflame/everflame/agents/go"
)

func main() {
	if len(os.Args) == 4 && os.Args[1] == "load" {
		load(os.Args[2], os.Args[3])
		return
	}
	serve(os.Args[1])
}

type line struct {
	ID    int
	Name  string
	Price float64
}

//go:noinline
func deeper(n int) []line {
	if n > 0 {
		found := deeper(n - 1)
		return found[:len(found):len(found)] // so that it is no tail call
	}
	lines := make([]line, 40)
	for i := range lines {
		lines[i] = line{i, fmt.Sprintf("item %d", i), float64(i*7919%40) * 1.2}
	}
	return lines
}

// serve answers /orders at so many frames of its own below net/http's, and /agent, /cpu for whoever measures.
func serve(depthText string) {
	depth, err := strconv.Atoi(depthText)
	if err != nil {
		panic(err)
	}
	var profiler *everflame.Profiler
	http.HandleFunc("/orders", func(w http.ResponseWriter, _ *http.Request) {
		lines := deeper(depth)
		sort.Slice(lines, func(a, b int) bool { return lines[a].Price > lines[b].Price })
		_ = json.NewEncoder(w).Encode(lines)
	})
	http.HandleFunc("/agent/start", func(w http.ResponseWriter, r *http.Request) {
		quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
		window, _ := time.ParseDuration(r.URL.Query().Get("window"))
		if profiler, err = everflame.Start(everflame.Config{ServiceName: "overhead", Window: window, Logger: quiet}); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	http.HandleFunc("/agent/stop", func(http.ResponseWriter, *http.Request) { _ = profiler.Stop() })
	// The profiler of the runtime by itself, with nobody who reads what it finds.
	http.HandleFunc("/plain/start", func(w http.ResponseWriter, _ *http.Request) {
		if err := pprof.StartCPUProfile(io.Discard); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	http.HandleFunc("/plain/stop", func(http.ResponseWriter, *http.Request) { pprof.StopCPUProfile() })
	http.HandleFunc("/cpu", func(w http.ResponseWriter, _ *http.Request) {
		var usage syscall.Rusage
		_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
		_, _ = fmt.Fprint(w, usage.Utime.Nano()+usage.Stime.Nano())
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println("http://" + listener.Addr().String())
	panic(http.Serve(listener, nil))
}

// load asks on eight connections for so many seconds, and says how many answers came.
func load(url, secondsText string) {
	seconds, err := strconv.ParseFloat(secondsText, 64)
	if err != nil {
		panic(err)
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 8}}
	var answers atomic.Int64
	var group sync.WaitGroup
	deadline := time.Now().Add(time.Duration(seconds * float64(time.Second)))
	for range 8 {
		group.Go(func() {
			for time.Now().Before(deadline) {
				answer, err := client.Get(url)
				if err != nil {
					panic(err)
				}
				_, _ = io.Copy(io.Discard, answer.Body)
				_ = answer.Body.Close()
				answers.Add(1)
			}
		})
	}
	group.Wait()
	fmt.Println(answers.Load())
}
