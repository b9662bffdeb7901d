//go:build !unix

package everflame

import "time"

// processCPU is not known here: each sample counts for the time between two.
func processCPU() (time.Duration, bool) { return 0, false }
