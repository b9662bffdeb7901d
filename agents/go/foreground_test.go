package everflame

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	_ "net/http/pprof"
	"runtime/pprof"
	"testing"
	"time"

	"github.com/everflame/everflame/agents/go/internal/profile"
)

// samplesAgain waits until the agent has the profiler.
func samplesAgain(t *testing.T, p *Profiler) {
	t.Helper()
	eventually(t, "the agent samples", func() bool {
		p.agent.cpu.mu.Lock()
		defer p.agent.cpu.mu.Unlock()
		return p.agent.cpu.running
	})
}

func TestWhoHasTheProfilerFirstKeepsIt(t *testing.T) {
	var theirs bytes.Buffer
	if err := pprof.StartCPUProfile(&theirs); err != nil {
		t.Fatal(err)
	}
	s := newServer(t, nil)
	before := threadlessCPU()
	p, _ := begin(t, s, Config{})
	burn(400 * time.Millisecond)
	pprof.StopCPUProfile()
	if found, err := profile.Decode(theirs.Bytes()); err != nil || found.Total(found.Column("cpu")) < int64(300*time.Millisecond) {
		t.Errorf("the foreground profile was disturbed: %v", err)
	}
	samplesAgain(t, p)
	burn(300 * time.Millisecond)
	truth := threadlessCPU() - before
	_ = p.Stop()
	// What could not be sampled is in the total, as a box of its own.
	if got := s.cpu(t); got < truth*95/100 || got > truth*110/100 {
		t.Errorf("%v pushed, %v used", got, truth)
	}
	var box int64
	for _, a := range s.stored(t, "cpu") {
		for _, row := range a.decode(t).Rows() {
			if row.Stack[0].Frames[0].Function == notSampled {
				box += row.Values[0]
			}
		}
	}
	if box < int64(300*time.Millisecond) || box > int64(truth) {
		t.Errorf("%v not sampled, of %v", time.Duration(box), truth)
	}
}

func TestForegroundUsersGetTheProfiler(t *testing.T) {
	p, _ := begin(t, newServer(t, nil), Config{})
	defer p.Stop()
	samplesAgain(t, p)
	if pprof.StartCPUProfile(io.Discard) == nil {
		t.Fatal("the agent does not have the profiler")
	}
	var theirs bytes.Buffer
	if err := StartCPUProfile(&theirs); err != nil {
		t.Fatal(err)
	}
	if StartCPUProfile(io.Discard) == nil {
		t.Error("two at once")
	}
	burn(400 * time.Millisecond)
	StopCPUProfile()
	if found, err := profile.Decode(theirs.Bytes()); err != nil || found.Total(found.Column("cpu")) < int64(300*time.Millisecond) {
		t.Errorf("the foreground profile: %v", err)
	}
	samplesAgain(t, p)

	site := httptest.NewServer(GiveWay(nil))
	defer site.Close()
	for _, url := range []string{"/debug/pprof/profile?seconds=1", "/debug/pprof/heap", "/debug/pprof/goroutine"} {
		answer, err := http.Get(site.URL + url)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(answer.Body)
		answer.Body.Close()
		if _, err := profile.Decode(body); answer.StatusCode != 200 || err != nil {
			t.Errorf("%s: %d, %v", url, answer.StatusCode, err)
		}
	}
	samplesAgain(t, p)
}

func TestWhoAsksAgainAndAgainGetsTheProfiler(t *testing.T) {
	p, _ := begin(t, newServer(t, nil), Config{Window: time.Second})
	defer p.Stop()
	samplesAgain(t, p)
	eventually(t, "the profiler", func() bool { return pprof.StartCPUProfile(io.Discard) == nil })
	time.Sleep(1500 * time.Millisecond) // windows end meanwhile, and leave it alone
	if pprof.StartCPUProfile(io.Discard) == nil {
		t.Error("the foreground profile was ended by the agent")
	}
	pprof.StopCPUProfile()
	samplesAgain(t, p)
}

func TestAProfileThatTheProgramEndsIsKept(t *testing.T) {
	s := newServer(t, nil)
	before := threadlessCPU()
	p, _ := begin(t, s, Config{Window: 5 * time.Second})
	samplesAgain(t, p)
	burn(300 * time.Millisecond)
	pprof.StopCPUProfile() // a deferred one, whose start failed
	var theirs bytes.Buffer
	if err := pprof.StartCPUProfile(&theirs); err != nil {
		t.Fatal(err)
	}
	burn(200 * time.Millisecond)
	truth := threadlessCPU() - before
	_ = p.Stop()
	if pprof.StartCPUProfile(io.Discard) == nil {
		t.Error("Stop ended the program's own profile")
	}
	pprof.StopCPUProfile()
	if got := s.cpu(t); got < truth*95/100 || got > truth*112/100 {
		t.Errorf("%v pushed, %v used", got, truth)
	}
}
