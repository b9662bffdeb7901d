package profile

import (
	"bytes"
	"compress/gzip"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"
	"testing"
	"time"
)

var types = []ValueType{{Type: "alloc", Unit: "bytes"}, {Type: "inuse", Unit: "bytes", Level: true}}

func at(function string, line int64) *Location {
	return NewLocation(Frame{Function: function, File: function + ".go", StartLine: 10, Line: line})
}

func stackNames(row *Row) string {
	var names []string
	for _, location := range row.Stack {
		for _, frame := range location.Frames {
			names = append(names, frame.Function)
		}
	}
	return strings.Join(names, ";")
}

func byName(p *Profile) map[string][]int64 {
	found := map[string][]int64{}
	for _, row := range p.rows {
		found[stackNames(row)] = row.Values
	}
	return found
}

func heapProfile(t *testing.T) []byte {
	t.Helper()
	var raw bytes.Buffer
	if err := pprof.Lookup("heap").WriteTo(&raw, 0); err != nil {
		t.Fatal(err)
	}
	return raw.Bytes()
}

// goTotals are the sums of the columns, as Go's own tool reads them.
func goTotals(t *testing.T, data []byte) []int64 {
	t.Helper()
	file := filepath.Join(t.TempDir(), "profile.pb.gz")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("go", "tool", "pprof", "-raw", file).CombinedOutput()
	if err != nil {
		t.Fatalf("go tool pprof: %v\n%s", err, out)
	}
	_, samples, _ := strings.Cut(string(out), "Samples:\n")
	samples, _, _ = strings.Cut(samples, "\nLocations")
	var totals []int64
	for _, line := range regexp.MustCompile(`(?m)^ *(-?\d+(?: +-?\d+)*):`).FindAllStringSubmatch(samples, -1) {
		for i, text := range strings.Fields(line[1]) {
			value, _ := strconv.ParseInt(text, 10, 64)
			if i == len(totals) {
				totals = append(totals, 0)
			}
			totals[i] += value
		}
	}
	return totals
}

var kept [][]byte

//go:noinline
func allocate(n int) { kept = append(kept, make([]byte, n)) }

func TestRuntimeProfilesKeepTheirTotals(t *testing.T) {
	for range 4 {
		allocate(8 << 20) // so much larger than the sampling interval that each is seen
	}
	runtime.GC()
	raw := heapProfile(t)
	p, err := Decode(raw)
	if err != nil {
		t.Fatal(err)
	}
	again := p.Encode(time.Unix(1700000000, 5), 10*time.Second)
	truth, ours := goTotals(t, raw), goTotals(t, again)
	if len(truth) != 4 || truth[3] < 31<<20 {
		t.Fatalf("go tool pprof says %v", truth)
	}
	for i := range truth {
		if truth[i] != ours[i] || p.Total(i) != truth[i] {
			t.Errorf("column %d: %d written, %d read, %d in truth", i, ours[i], p.Total(i), truth[i])
		}
	}
	for name := range byName(p) {
		if strings.Contains(name, "profile.allocate;") {
			return
		}
	}
	t.Errorf("allocate is not in %v", byName(p))
}

func TestStartLinesAndLabelsComeThrough(t *testing.T) {
	p := New(types, ValueType{Type: "space", Unit: "bytes"}, 524288)
	inlined := NewLocation(
		Frame{Function: "in", File: "in.go", StartLine: 3, Line: 4},
		Frame{Function: "out", File: "out.go", StartLine: 30, Line: 44},
	)
	p.Add([]*Location{inlined, at("main", 7)}, []Label{{"endpoint", "/a"}}, []int64{5, -6})
	p.Add([]*Location{at("main", 7)}, nil, []int64{1, 2})
	again, err := Decode(p.Encode(time.Unix(1, 0), time.Second))
	if err != nil {
		t.Fatal(err)
	}
	if again.Period != p.Period || again.PeriodType != p.PeriodType || again.Len() != 2 {
		t.Errorf("%+v", again)
	}
	for _, row := range again.rows {
		if len(row.Stack) == 1 {
			continue
		}
		if got := row.Stack[0].Frames; got[0] != inlined.Frames[0] || got[1] != inlined.Frames[1] {
			t.Errorf("frames %+v", got)
		}
		if row.Labels[0] != (Label{"endpoint", "/a"}) || row.Values[0] != 5 || row.Values[1] != -6 {
			t.Errorf("row %+v", row)
		}
	}
}

func TestDeltaIsWhatWasAdded(t *testing.T) {
	cumulative := func(a, b int64) *Profile {
		p := New([]ValueType{{Type: "contentions"}, {Type: "delay"}}, ValueType{}, 1)
		p.Add([]*Location{at("a", 1)}, nil, []int64{a, 10 * a})
		p.Add([]*Location{at("b", 1)}, nil, []int64{b, 10 * b})
		return p
	}
	d := NewDelta(0, 1)
	d.Since(cumulative(5, 1))
	p := cumulative(7, 1)
	d.Since(p)
	if got := byName(p); len(got) != 1 || got["a"][0] != 2 || got["a"][1] != 20 {
		t.Errorf("added: %v", got)
	}
	p = cumulative(6, 3) // rounding may take a little away; it is not given back twice
	d.Since(p)
	if got := byName(p); len(got) != 1 || got["b"][0] != 2 {
		t.Errorf("added: %v", got)
	}
	p = cumulative(8, 3)
	d.Since(p)
	if got := byName(p); got["a"][0] != 1 {
		t.Errorf("added: %v", got)
	}
}

func TestDeltasOfTheRealHeapAddUp(t *testing.T) {
	d := NewDelta(0, 1)
	total := func() int64 {
		runtime.GC() // publishes what was allocated
		runtime.GC()
		p, err := Decode(heapProfile(t))
		if err != nil {
			t.Fatal(err)
		}
		d.Since(p)
		if !p.Types[2].Level || !p.Types[3].Level || p.Types[1].Level {
			t.Errorf("levels: %+v", p.Types)
		}
		var bytes int64
		for _, row := range p.rows {
			if strings.Contains(stackNames(row), "profile.allocate;") {
				bytes += row.Values[1]
			}
		}
		return bytes
	}
	total()
	for range 8 {
		allocate(8 << 20) // so much larger than the sampling interval that each is seen
	}
	if got := total(); got < 60<<20 || got > 68<<20 {
		t.Errorf("%d MB of 64 were added", got>>20)
	}
	if got := total(); got != 0 {
		t.Errorf("%d bytes were added twice", got)
	}
}

func TestMergeAddsFlowsAndReplacesLevels(t *testing.T) {
	first, second := New(types, ValueType{}, 1), New(types, ValueType{}, 1)
	first.Add([]*Location{at("a", 1)}, nil, []int64{10, 100})
	first.Add([]*Location{at("gone", 1)}, nil, []int64{0, 50})
	second.Add([]*Location{at("a", 1)}, nil, []int64{5, 70})
	second.Add([]*Location{at("b", 1)}, nil, []int64{1, 2})
	first.Merge(second)
	got := byName(first)
	if len(got) != 2 || got["a"][0] != 15 || got["a"][1] != 70 || got["b"][1] != 2 {
		t.Errorf("merged: %v", got)
	}
}

func TestScaleReachesItsTotalExactly(t *testing.T) {
	for _, total := range []int64{0, 1, 999, 1_000_003, 1 << 50} {
		p := New(types[:1], ValueType{}, 1)
		for i := range 7 {
			p.Add([]*Location{at("f", int64(i))}, nil, []int64{int64(i)*3 + 1})
		}
		p.Scale(0, total)
		if p.Total(0) != total {
			t.Errorf("%d instead of %d", p.Total(0), total)
		}
		for _, row := range p.rows {
			if row.Values[0] < 0 {
				t.Errorf("%d: negative %v", total, row)
			}
		}
	}
}

func TestBoundKeepsTheLargest(t *testing.T) {
	p := New(types[:1], ValueType{}, 1)
	for i := range 100 {
		p.Add([]*Location{at("f"+strconv.Itoa(i), 1)}, nil, []int64{int64(i)})
	}
	if n := p.Bound(10, 0); n != 91 || p.Len() != 10 || p.Total(0) != 4950 {
		t.Errorf("%d folded, %d left, total %d", n, p.Len(), p.Total(0))
	}
	if got := byName(p); got["f99"] == nil || got["[truncated]"][0] != 90*91/2 {
		t.Errorf("kept: %v", got)
	}
}

func unpacked(t testing.TB, data []byte) []byte {
	r, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestBrokenProfilesAreErrors(t *testing.T) {
	whole := unpacked(t, heapProfile(t))
	if _, err := Decode(whole); err != nil {
		t.Fatal(err)
	}
	errors := 0
	for n := 1; n < len(whole); n += 1 + len(whole)/500 {
		if _, err := Decode(whole[:n]); err != nil {
			errors++
		}
	}
	if errors < 100 {
		t.Errorf("only %d prefixes of a profile are errors", errors)
	}
	if _, err := Decode([]byte{0x1f, 0x8b, 8, 0}); err == nil {
		t.Error("half a gzip header is a profile")
	}
}

func FuzzDecode(f *testing.F) {
	var raw bytes.Buffer
	_ = pprof.Lookup("goroutine").WriteTo(&raw, 0)
	f.Add(unpacked(f, raw.Bytes()))
	f.Add([]byte{0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f})
	f.Fuzz(func(t *testing.T, data []byte) {
		if p, err := Decode(data); err == nil {
			p.Encode(time.Unix(0, 0), 0)
		}
	})
}

func TestDamagedProfilesNeverPanic(t *testing.T) {
	whole := unpacked(t, heapProfile(t))
	random := rand.New(rand.NewPCG(1, 2))
	refused := 0
	for range 300 {
		damaged := bytes.Clone(whole)
		for range 1 + random.IntN(8) {
			damaged[random.IntN(len(damaged))] = byte(random.Uint32())
		}
		p, err := Decode(damaged)
		if err != nil {
			refused++
			continue
		}
		p.Encode(time.Unix(0, 0), 0)
	}
	if refused < 30 {
		t.Errorf("only %d of 300 damaged profiles are refused", refused)
	}
}
