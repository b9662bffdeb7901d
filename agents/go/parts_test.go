package everflame

import (
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/everflame/everflame/agents/go/internal/profile"
)

func TestSettings(t *testing.T) {
	said := &talk{}
	log := slog.New(slog.NewTextHandler(said, nil))
	env := map[string]string{
		"EVERFLAME_SERVICE_NAME": "from{env}", "EVERFLAME_SERVER": "https://host/prefix/", "EVERFLAME_WINDOW": "2.5",
		"EVERFLAME_LABELS": "env=prod, bad,1st=x", "EVERFLAME_TOKEN": "t", "EVERFLAME_MEMORY": "off",
		"EVERFLAME_RATE": "50", "EVERFLAME_GOROUTINES": "perhaps",
	}
	get := func(name string) string { return env[name] }
	s, err := resolve(Config{Logger: log, Labels: map[string]string{"env": "test"}}, get)
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprint(s.service, " ", s.server, " ", s.window, " ", s.labels, " ", s.token, s.memory, s.cpu, s.goroutines, s.enabled)
	want := "from_env_ https://host/prefix 2.5s map[_1st:x env:test] tfalse true true true"
	if got != want {
		t.Errorf("%s, not %s", got, want)
	}
	for _, part := range []string{"EVERFLAME_LABELS=bad", "EVERFLAME_GOROUTINES=perhaps", "EVERFLAME_RATE=50", "1st"} {
		if !strings.Contains(said.String(), part) {
			t.Errorf("nothing is said of %s: %s", part, said)
		}
	}
	env["EVERFLAME_RATE"], env["EVERFLAME_SERVER"] = "0", "ftp://x"
	s, err = resolve(Config{Logger: log}, get)
	if err != nil || s.cpu || s.server.String() != defaultServer {
		t.Errorf("%v %v %v", err, s.cpu, s.server)
	}
	for _, wrong := range []Config{{Server: "host:5555"}, {Server: "http://u:p@host"}, {Window: time.Millisecond}, {BlockProfileRate: -1}} {
		if _, err := resolve(wrong, func(string) string { return "" }); err == nil {
			t.Errorf("%+v is taken", wrong)
		}
	}
}

func TestControlIsReadAsTheContractSays(t *testing.T) {
	for body, want := range map[string]string{
		`{"control":{}}`: "{false 0 0s} true",
		`{"control":{"enabled":false,"hz":5000,"window":0.01}}`:       "{true 1000 1s} true",
		`{"control":{"enabled":0,"hz":"50","window":null,"more":[]}}`: "{false 0 0s} true",
		`{"control":[1]}`:          "{false 0 0s} false",
		`{"status":"ok"}`:          "{false 0 0s} false",
		`no`:                       "{false 0 0s} false",
		`{"control":{"hz":1e999}}`: "{false 0 0s} false",
		strings.Repeat(" ", maxAnswer) + `{"control":{"hz":50}}`: "{false 0 0s} false",
	} {
		c, found := parseControl([]byte(body))
		if got := fmt.Sprintf("{%v %v %v} %v", c.off, c.hz, c.window, found); got != want {
			t.Errorf("%.60s: %s, not %s", body, got, want)
		}
	}
	for body, want := range map[string]string{
		`{"id":"a","type":"cpu","hz":1,"seconds":99}`:   "{a cpu 1 1m0s}",
		`{"id":"a_-9","type":"heap"}`:                   "{a_-9 heap 0 10s}",
		`{"id":"a","type":7,"hz":"x","seconds":"long"}`: "{a  0 10s}",
		`{"id":"a b","type":"cpu"}`:                     "nil",
		`{"id":5}`:                                      "nil",
	} {
		c, _ := parseControl([]byte(`{"control":{"capture":` + body + `}}`))
		got := "nil"
		if c.capture != nil {
			got = fmt.Sprintf("{%s %s %v %v}", c.capture.id, c.capture.kind, c.capture.hz, c.capture.length)
		}
		if got != want {
			t.Errorf("%s: %s, not %s", body, got, want)
		}
	}
}

func TestACaptureIsBegunOnce(t *testing.T) {
	var s steering
	told := control{capture: &capture{id: "a", kind: "cpu"}}
	s.take(told)
	if s.next(func(*capture) string { return "" }) == nil {
		t.Fatal("not begun")
	}
	s.take(told)
	if s.next(func(*capture) string { return "" }) != nil {
		t.Error("begun again")
	}
	for i := range 100 {
		s.take(control{capture: &capture{id: fmt.Sprint("c", i)}})
		s.next(func(*capture) string { return "no \n “way”" })
	}
	if len(s.seen) != rememberedCaptures || s.refusal != "c99 no ? ?way?" {
		t.Errorf("%d remembered, %q", len(s.seen), s.refusal)
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"7": 7 * time.Second, " 0 ": 0, now.Add(time.Minute).Format(http.TimeFormat): time.Minute,
		now.Add(-time.Hour).Format(http.TimeFormat): 0, "soon": -1, "": -1, "-3": -1,
	} {
		got, found := parseRetryAfter(text, now)
		if !found {
			got = -1
		}
		if got != want {
			t.Errorf("%q: %v, not %v", text, got, want)
		}
	}
	for failures := 1; failures < 100; failures++ {
		if d := retryDelay(failures, 0, false); d < 0 || d > min(longestDelay, firstDelay<<min(failures-1, 20)) {
			t.Errorf("%d failures: %v", failures, d)
		}
		if d := retryDelay(failures, 1000*time.Hour, true); d < longestAsked || d > 2*longestAsked {
			t.Errorf("asked for too much: %v", d)
		}
	}
}

func windowOf(k *kind, second int, rows int) *window {
	p := profile.New([]profile.ValueType{nanoseconds}, nanoseconds, 1)
	for i := range rows {
		frame := profile.Frame{Function: fmt.Sprintf("%d-%d-%x", second, i, time.Now().UnixNano()*int64(i+7))}
		p.Add([]*profile.Location{profile.NewLocation(frame)}, nil, []int64{1})
	}
	start := time.Unix(int64(second), 0)
	return &window{kind: k, profile: p, start: start, end: start.Add(time.Second), samples: int64(rows)}
}

func TestAnOutageMergesWindowsAndIsBounded(t *testing.T) {
	o := &outbox{maxBytes: 100_000}
	o.add(windowOf(cpuKind, 0, 10))
	first, _ := o.first()
	for i := 1; i < 200; i++ {
		o.add(windowOf(cpuKind, i, 10))
		o.add(windowOf(heapKind, i, 1))
	}
	if again, _ := o.first(); string(again.body) != string(first.body) || len(o.open) != 2 {
		t.Errorf("a push that was sent has changed, or %d windows wait", len(o.open))
	}
	total := int64(10 + 199*11)
	for i := 200; i < 20_000; i += 301 { // too far apart to be one window
		o.add(windowOf(cpuKind, i, 500))
		total += 500
		if o.bytes > o.maxBytes {
			t.Fatalf("%d bytes are kept", o.bytes)
		}
	}
	if o.dropped == 0 || o.dropped+o.samples() != total {
		t.Errorf("%d dropped and %d kept, of %d", o.dropped, o.samples(), total)
	}
	o.add(&window{kind: cpuKind, profile: emptyCPU(), capture: "x", start: time.Unix(1, 0), end: time.Unix(2, 0)})
	o.add(windowOf(cpuKind, 2, 1))
	if last := o.sealed[len(o.sealed)-1]; last.headers["Everflame-Capture"] != "x" {
		t.Error("a capture was merged")
	}
}
