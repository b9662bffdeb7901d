package everflame

import (
	"bytes"
	"runtime"
	"runtime/pprof"
	"sync"
	"time"

	"github.com/everflame/everflame/agents/go/internal/profile"
)

// cpuRate is what runtime/pprof samples at, Hz. There is no other way in: runtime.SetCPUProfileRate before
// StartCPUProfile works, and makes the runtime write a line of complaint to standard error each time. That is borne for
// a capture that somebody asked for, and not every ten seconds.
const cpuRate = 100

// Of fewer samples than this the total is not stretched to more than twice what was sampled: one sample says little of
// where the time was. What is beyond is a box of its own.
const fewSamples = 10

const notSampled = "[not sampled]"

var nanoseconds = profile.ValueType{Type: "cpu", Unit: "nanoseconds"}

// cpuSampler runs Go's profiler of CPU time, which there is once per process, window by window.
//
// Between two windows the profiler is off for a moment, and the kernel may deliver fewer signals than it was asked for.
// So the samples say where time went, and the clock of the process says how much it was: the CPU time used while the
// profiler was ours, and in the moments between, is shared out over the samples.
type cpuSampler struct {
	mu      sync.Mutex
	wanted  bool // by the agent
	holds   int  // foreground users that it gives way to
	running bool
	hz      int
	output  *output
	sampled *profile.Profile // of this window so far
	mark    time.Duration    // CPU time of the process up to which it has been accounted for
	covered time.Duration    // of the window: while the profiler ran, and in between windows
	foreign time.Duration    // of the window: while somebody else had the profiler
	between bool             // the profiler is off because a window ended
	err     error
}

// cpuWindow is what a window came to.
type cpuWindow struct {
	profile *profile.Profile
	samples int64
	rate    float64 // samples per second of CPU time, as they really came
	covered time.Duration
}

func newCPUSampler() *cpuSampler {
	return &cpuSampler{hz: cpuRate, sampled: emptyCPU()}
}

func emptyCPU() *profile.Profile {
	return profile.New([]profile.ValueType{nanoseconds}, nanoseconds, int64(time.Second/cpuRate))
}

// start begins to sample, at a rate in Hz. Where somebody else profiles, it has to be tried again.
func (c *cpuSampler) start(hz int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.wanted {
		c.wanted = true
		c.mark, _ = processCPU()
	}
	c.hz = hz
	c.begin()
}

// again tries to begin where it could not. It answers whether the profiler runs.
func (c *cpuSampler) again() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.begin()
	return c.running || !c.wanted
}

// stop ends sampling; what was measured stays for take.
func (c *cpuSampler) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.end()
	c.wanted = false
}

// take ends the window. start begins the next one.
func (c *cpuSampler) take() (cpuWindow, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.end()
	c.account()
	c.between = true
	window := cpuWindow{profile: c.sampled, covered: c.covered, rate: cpuRate}
	nanos := c.sampled.Total(0)
	window.samples = nanos / max(1, c.sampled.Period)
	window.profile.Period = int64(time.Second / cpuRate)
	if c.covered > 0 {
		window.rate = min(float64(c.hz), float64(window.samples)/c.covered.Seconds())
	}
	if c.covered+c.foreign > 0 {
		c.calibrate(window.samples, nanos)
	}
	err := c.err
	c.sampled, c.covered, c.foreign, c.err = emptyCPU(), 0, 0, nil
	return window, err
}

// calibrate gives the window the total that the clock of the process says.
func (c *cpuSampler) calibrate(samples, nanos int64) {
	total := int64(c.covered)
	if samples < fewSamples {
		total = min(total, 2*nanos)
	}
	c.sampled.Scale(0, total)
	if rest := int64(c.covered+c.foreign) - c.sampled.Total(0); rest > 0 {
		c.sampled.Add(profile.Box(notSampled), nil, []int64{rest})
	}
}

// hold gives way to a foreground user until release.
func (c *cpuSampler) hold() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.holds++
	c.end()
	c.between = false
}

func (c *cpuSampler) release() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.holds--
	c.begin()
}

// account shares out the CPU time used since it was last looked at.
func (c *cpuSampler) account() {
	now, known := processCPU()
	if !known || !c.wanted {
		return
	}
	if used := now - c.mark; c.running || c.between {
		c.covered += used
	} else {
		c.foreign += used
	}
	c.mark = now
}

func (c *cpuSampler) begin() {
	if !c.wanted || c.running || c.holds > 0 {
		return
	}
	out := &output{}
	if pprof.StartCPUProfile(out) != nil {
		c.account()
		c.between = false // somebody else has it, and will for a while
		return
	}
	if c.hz != cpuRate {
		// The profiler is free, so that this asks nobody else's profile to change.
		pprof.StopCPUProfile()
		out = &output{}
		runtime.SetCPUProfileRate(c.hz)
		if pprof.StartCPUProfile(out) != nil {
			return
		}
	}
	c.account()
	c.output, c.running, c.between = out, true, false
}

func (c *cpuSampler) end() {
	if !c.running {
		return
	}
	data := c.output.bytes()
	raw, err := profile.Decode(data)
	if err != nil || len(data) == 0 {
		// As it should be. A profile that is complete was stopped by somebody else, and the one that runs now is theirs.
		pprof.StopCPUProfile()
		raw, err = profile.Decode(c.output.bytes())
	}
	c.account()
	c.running, c.output = false, nil
	if err != nil {
		c.err = err
		return
	}
	column := raw.Column("cpu")
	if column < 0 {
		return
	}
	// The count of samples is the same thing once more.
	c.sampled.Merge(raw.Keep(column))
	c.sampled.Period = raw.Period
}

// output is what the runtime writes a profile to, from a goroutine of its own.
type output struct {
	mu   sync.Mutex
	data bytes.Buffer
}

func (o *output) Write(data []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.data.Write(data)
}

// bytes are those written up to now.
func (o *output) bytes() []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	return bytes.Clone(o.data.Bytes())
}

// isFree says whether the profiler is ours, or nobody's.
func (c *cpuSampler) isFree() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.holds == 0 && (c.running || !c.wanted || c.between)
}
