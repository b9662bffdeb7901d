package everflame

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestTheTotalIsWhatTheProcessUsed(t *testing.T) {
	s := newServer(t, nil)
	before := threadlessCPU()
	p, _ := begin(t, s, Config{ServiceName: "shop", Labels: map[string]string{"env": "a, b"}})
	for range 10 {
		burn(150 * time.Millisecond)
		time.Sleep(30 * time.Millisecond)
	}
	truth := threadlessCPU() - before
	if err := p.Stop(); err != nil {
		t.Fatal(err)
	}
	if got := s.cpu(t); got < truth*95/100 || got > truth*108/100 {
		t.Errorf("%v pushed, %v used", got, truth)
	}
	windows := s.stored(t, "cpu")
	name := windows[0].query.Get("name")
	if !strings.HasPrefix(name, `shop{env="a, b",host=`) || !strings.Contains(name, ",language=go") {
		t.Errorf("name %s", name)
	}
	for i, w := range windows[1:] {
		from, _ := strconv.ParseInt(w.query.Get("from"), 10, 64)
		until, _ := strconv.ParseInt(windows[i].query.Get("until"), 10, 64)
		if apart := time.Duration(from - until).Abs(); apart > 5*time.Millisecond { // two clocks are read one after another
			t.Errorf("window %d begins %v apart from the end of the one before", i+1, apart)
		}
	}
	if again, _ := Start(Config{Disabled: true}); again != nil {
		t.Error("Disabled starts")
	}
}

func TestRetriesAreExactAndNothingIsLost(t *testing.T) {
	s := newServer(t, func(w http.ResponseWriter, _ *http.Request, n int) int {
		switch {
		case n%3 == 0:
			w.WriteHeader(http.StatusServiceUnavailable)
			return http.StatusServiceUnavailable
		default:
			return http.StatusOK
		}
	})
	before := threadlessCPU()
	p, said := begin(t, s, Config{})
	for threadlessCPU() < before+1500*time.Millisecond {
		burn(50 * time.Millisecond)
		time.Sleep(50 * time.Millisecond)
	}
	eventually(t, "several pushes", func() bool { return len(s.all()) > 6 })
	truth := threadlessCPU() - before
	_ = p.Stop()
	seen := map[string]string{}
	for _, a := range s.all() {
		if was, known := seen[a.sequence()]; known && was != a.query.Encode()+string(a.body) {
			t.Errorf("push %s was changed", a.sequence())
		}
		seen[a.sequence()] = a.query.Encode() + string(a.body)
	}
	if len(seen) >= len(s.all()) {
		t.Error("nothing was tried again")
	}
	if p.agent.outbox.isEmpty() { // the last attempt may be one of those that fail
		if got := s.cpu(t); got < truth*90/100 || got > truth*110/100 {
			t.Errorf("%v pushed, %v used", got, truth)
		}
	}
	if n := strings.Count(said.String(), "is not taking profiles"); n == 0 {
		t.Errorf("said: %s", said)
	}
}

func TestRefusalsAreNotTriedAgainAndCounted(t *testing.T) {
	for _, status := range []int{400, 401, 403, 413} {
		s := newServer(t, func(w http.ResponseWriter, _ *http.Request, _ int) int {
			w.WriteHeader(status)
			return status
		})
		p, said := begin(t, s, Config{Window: 200 * time.Millisecond, Token: "secret"})
		burn(200 * time.Millisecond)
		eventually(t, "pushes", func() bool { burn(20 * time.Millisecond); return len(s.all()) > 5 })
		_ = p.Stop()
		seen := map[string]bool{}
		var last attempt
		for _, last = range s.all() {
			if seen[last.sequence()] {
				t.Errorf("%d: push %s came again", status, last.sequence())
			}
			seen[last.sequence()] = true
		}
		if last.header.Get("Everflame-Dropped") == "0" {
			t.Errorf("%d: nothing is reported as dropped", status)
		}
		if last.header.Get("Authorization") != "Bearer secret" {
			t.Errorf("authorization %q", last.header.Get("Authorization"))
		}
		if strings.Count(said.String(), "refuses this program's profiles") != 1 {
			t.Errorf("said: %s", said)
		}
	}
}

func TestStopKeepsItsDeadline(t *testing.T) {
	hole, err := net.Listen("tcp", "127.0.0.1:0") // connections are made, and nothing ever comes back
	if err != nil {
		t.Fatal(err)
	}
	defer hole.Close()
	p, err := Start(Config{Server: "http://" + hole.Addr().String(), Window: 200 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(500 * time.Millisecond)
	began := time.Now()
	err = p.Stop()
	if took := time.Since(began); took > StopWithin+time.Second {
		t.Errorf("Stop took %v", took)
	}
	if err == nil {
		t.Error("Stop does not say that the last window is lost")
	}
	if err := pprof.StartCPUProfile(io.Discard); err != nil {
		t.Errorf("the profiler is not free after Stop: %v", err)
	}
	pprof.StopCPUProfile()
	// Another one can be started; what the first one left hanging is its own.
	again, _ := begin(t, newServer(t, nil), Config{})
	if again == p {
		t.Error("a stopped Profiler is started again")
	}
	if err := again.Stop(); err != nil {
		t.Error(err)
	}
	eventually(t, "the goroutines end", func() bool {
		var all strings.Builder
		_ = pprof.Lookup("goroutine").WriteTo(&all, 2)
		return !strings.Contains(all.String(), "(*agent).run")
	})
}

func TestLabelsOfGoroutines(t *testing.T) {
	s := newServer(t, nil)
	p, _ := begin(t, s, Config{})
	pprof.Do(context.Background(), pprof.Labels("endpoint", "/buy"), func(context.Context) {
		burn(500 * time.Millisecond)
	})
	_ = p.Stop()
	var labelled, all int64
	for _, a := range s.stored(t, "cpu") {
		for _, row := range a.decode(t).Rows() {
			all += row.Values[0]
			for _, label := range row.Labels {
				if label.Key == "endpoint" && label.Value == "/buy" {
					labelled += row.Values[0]
				}
			}
		}
	}
	if labelled < all*7/10 {
		t.Errorf("%d of %d ns have the label", labelled, all)
	}
}

func TestContentionHasTheNamesThatTheServerKnows(t *testing.T) {
	s := newServer(t, nil)
	p, _ := begin(t, s, Config{BlockProfileRate: 1, MutexProfileFraction: 1})
	defer runtime.SetBlockProfileRate(0)
	defer runtime.SetMutexProfileFraction(0)
	var lock sync.Mutex
	var group sync.WaitGroup
	for range 4 {
		group.Add(1)
		go func() {
			defer group.Done()
			for range 20 {
				lock.Lock()
				time.Sleep(time.Millisecond)
				lock.Unlock()
			}
		}()
	}
	group.Wait()
	_ = p.Stop()
	delay := map[string]time.Duration{}
	for _, a := range s.stored(t, "delay") {
		for _, name := range []string{"block_duration", "mutex_duration"} {
			if strings.Contains(a.config, name) {
				delay[name] += time.Duration(a.decode(t).Total(1))
			}
		}
	}
	// Three wait while one sleeps, 80 times a millisecond or more; block has whatever else waits, too.
	for _, name := range []string{"block_duration", "mutex_duration"} {
		if delay[name] < 100*time.Millisecond {
			t.Errorf("%s: %v", name, delay[name])
		}
	}
	if len(s.stored(t, "goroutine")) == 0 || len(s.stored(t, "inuse_space")) == 0 {
		t.Error("goroutines or heap are missing")
	}
}

func TestControl(t *testing.T) {
	answers := make(chan string, 1)
	answers <- `{}`
	s := newServer(t, func(w http.ResponseWriter, _ *http.Request, _ int) int {
		said := <-answers
		answers <- said
		_, _ = io.WriteString(w, said)
		return http.StatusOK
	})
	say := func(text string) { <-answers; answers <- text }
	p, said := begin(t, s, Config{NoMemory: true})
	defer p.Stop()
	eventually(t, "a push", func() bool { return len(s.stored(t, "cpu")) > 0 })
	if got := s.all()[0].header.Get("Everflame-Captures"); got != "cpu,heap" {
		t.Errorf("captures: %s", got)
	}

	say(`{"control":{"hz":50,"capture":{"id":"wall1","type":"wall","seconds":1}}}`)
	refused := func() int {
		n := 0
		for _, a := range s.all() {
			if strings.HasPrefix(a.header.Get("Everflame-Capture-Refused"), "wall1 ") {
				n++
			}
		}
		return n
	}
	eventually(t, "a refusal", func() bool { return refused() > 0 })
	if !strings.Contains(said.String(), "50 samples per second") {
		t.Errorf("said: %s", said)
	}

	captured := func(id string) (found []attempt) {
		for _, a := range s.all() {
			if a.header.Get("Everflame-Capture") == id {
				found = append(found, a)
			}
		}
		return found
	}
	for _, one := range []struct{ kind, column string }{{"cpu", "cpu"}, {"heap", "inuse_space"}} {
		say(`{"control":{"capture":{"id":"` + one.kind + `2","type":"` + one.kind + `","hz":250,"seconds":1}}}`)
		eventually(t, one.kind, func() bool { burn(10 * time.Millisecond); return len(captured(one.kind+"2")) > 0 })
		time.Sleep(400 * time.Millisecond)
		found := captured(one.kind + "2")
		if len(found) != 1 || found[0].decode(t).Column(one.column) < 0 {
			t.Fatalf("%d pushes of the capture of %s", len(found), one.kind)
		}
		if length := found[0].decode(t); length.Len() == 0 {
			t.Errorf("nothing in the capture of %s", one.kind)
		}
	}
	if refused() != 1 {
		t.Errorf("refused %d times", refused())
	}

	say(`{"control":{"enabled":false}}`)
	eventually(t, "the profiler is off", func() bool {
		if pprof.StartCPUProfile(io.Discard) != nil {
			return false
		}
		pprof.StopCPUProfile()
		p.agent.cpu.mu.Lock()
		defer p.agent.cpu.mu.Unlock()
		return !p.agent.cpu.wanted
	})
	time.Sleep(300 * time.Millisecond)
	n := len(s.all())
	time.Sleep(900 * time.Millisecond)
	if now := len(s.all()); now != n {
		t.Errorf("%d pushes while it is off", now-n)
	}
}

func TestMain(m *testing.M) {
	for _, pair := range os.Environ() {
		if name, _, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "EVERFLAME_") {
			os.Unsetenv(name)
		}
	}
	os.Exit(m.Run())
}
