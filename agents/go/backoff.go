package everflame

import (
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	firstDelay   = time.Second
	longestDelay = 5 * time.Minute
	// What a server may ask for at most: a date from a wrong clock must not silence an agent for a year.
	longestAsked = time.Hour
)

// spread is d ± 20 %, so that agents, windows and the program's own rhythm do not fall into step.
func spread(d time.Duration) time.Duration {
	return time.Duration(float64(d) * (0.8 + 0.4*rand.Float64()))
}

// retryDelay is how long to wait after so many failures in a row (at least one): full jitter between nothing and a
// bound that doubles from 1 s to 5 min. Those who were all turned away at once are told the same time: none comes
// earlier, and not all together.
func retryDelay(failures int, asked time.Duration, isAsked bool) time.Duration {
	bound := longestDelay
	if failures < 10 {
		bound = min(bound, firstDelay<<(max(failures, 1)-1))
	}
	jitter := time.Duration(rand.Float64() * float64(bound))
	if !isAsked {
		return jitter
	}
	asked = min(max(asked, 0), longestAsked)
	return asked + min(jitter, max(time.Second, asked/4))
}

// parseRetryAfter reads seconds or a date (RFC 9110, 10.2.3).
func parseRetryAfter(value string, now time.Time) (time.Duration, bool) {
	value = strings.TrimSpace(value)
	if seconds, err := strconv.ParseUint(value, 10, 32); err == nil {
		return time.Duration(seconds) * time.Second, true
	}
	if then, err := http.ParseTime(value); err == nil {
		return max(0, then.Sub(now)), true
	}
	return 0, false
}
