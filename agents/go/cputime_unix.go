//go:build unix

package everflame

import (
	"syscall"
	"time"
)

// processCPU is the CPU time that this process has used, user and system, all threads.
func processCPU() (time.Duration, bool) {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
		return 0, false
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()), true
}
