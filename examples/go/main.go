// A small shop over HTTP, profiled by route. Run it with
//
//	go run .
//	curl localhost:8080/orders/7
//
// and look for shop-go at the server (http://127.0.0.1:5555, or EVERFLAME_SERVER).
package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"log"
	"net/http"
	_ "net/http/pprof" // which goes on working
	"os"
	"os/signal"
	"runtime/pprof"
	"syscall"
	"time"

	everflame "github.com/everflame/everflame/agents/go"
)

func main() {
	profiler, err := everflame.Start(everflame.Config{ServiceName: "shop-go", Labels: map[string]string{"env": "dev"}})
	if err != nil {
		log.Print(err) // a mistake in the Config is no reason not to serve
	}

	http.Handle("GET /orders/{id}", labelled("/orders/{id}", order))
	http.Handle("GET /search", labelled("/search", search))
	address := os.Getenv("ADDRESS")
	if address == "" {
		address = "localhost:8080"
	}
	server := &http.Server{Addr: address, Handler: everflame.GiveWay(nil), ReadHeaderTimeout: 10 * time.Second}

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	go func() {
		<-ctx.Done()
		_ = server.Shutdown(context.Background())
	}()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		log.Print(err)
	}
	// The last window; without this it is lost.
	if err := profiler.Stop(); err != nil {
		log.Print(err)
	}
}

// labelled has the samples of a handler carry its route: the template, never the path.
func labelled(route string, handler http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		pprof.Do(r.Context(), pprof.Labels("endpoint", route, "method", r.Method), func(ctx context.Context) {
			handler(w, r.WithContext(ctx))
		})
	})
}

type line struct {
	Name  string
	Price float64
	Sum   [sha256.Size]byte
}

func order(w http.ResponseWriter, r *http.Request) {
	lines := make([]line, 200)
	for i := range lines {
		lines[i] = line{Name: r.PathValue("id"), Price: float64(i) * 1.2}
		for range 50 {
			lines[i].Sum = sha256.Sum256(lines[i].Sum[:])
		}
	}
	_ = json.NewEncoder(w).Encode(lines)
}

func search(w http.ResponseWriter, _ *http.Request) {
	time.Sleep(50 * time.Millisecond) // asks a database
	_, _ = w.Write([]byte("[]"))
}
