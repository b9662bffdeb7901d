package everflame

import (
	"testing"
	"time"
)

// What it takes to close a window, and to make its push.
func BenchmarkWindow(b *testing.B) {
	id := identity{"instance", "name{}"}
	goroutines := &collector{kind: goroutineKind, idle: func() bool { return false }}
	for _, c := range []*collector{newHeapCollector(), goroutines} {
		b.Run(c.kind.name, func(b *testing.B) {
			_ = c.reset(time.Now())
			for b.Loop() {
				if w, err := c.collect(time.Now(), true); err != nil {
					b.Fatal(err)
				} else if w != nil {
					w.seal(id, 0, "")
				}
			}
		})
	}
	b.Run("cpu", func(b *testing.B) {
		c := newCPUSampler()
		c.start(cpuRate)
		burn(200 * time.Millisecond)
		for b.Loop() {
			taken, err := c.take()
			if err != nil {
				b.Fatal(err)
			}
			newWindow(cpuKind, taken.profile, time.Now(), time.Now()).seal(id, 0, "")
			c.start(cpuRate)
		}
		c.stop()
	})
}
