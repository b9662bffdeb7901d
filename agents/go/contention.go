package everflame

import "runtime"

// contention has the runtime sample blocking and mutexes where the Config asks for it, and only while the agent is on.
// Rates that the program has set itself are left alone.
type contention struct {
	blockRate, mutexFraction int
	before                   int // fraction of the program
	on                       bool
}

func (c *contention) start() {
	if c.on {
		return
	}
	c.on = true
	if c.blockRate > 0 {
		runtime.SetBlockProfileRate(c.blockRate)
	}
	if c.mutexFraction > 0 {
		c.before = runtime.SetMutexProfileFraction(c.mutexFraction)
	}
}

func (c *contention) stop() {
	if !c.on {
		return
	}
	c.on = false
	if c.blockRate > 0 {
		runtime.SetBlockProfileRate(0) // nobody can ask what it was before
	}
	// Unless the program has set another one meanwhile; less than 0 asks.
	if c.mutexFraction > 0 && runtime.SetMutexProfileFraction(-1) == c.mutexFraction {
		runtime.SetMutexProfileFraction(c.before)
	}
}
