package everflame

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
)

// logger says things once per cause: an outage is one line in a log, not one every ten seconds.
type logger struct {
	to   *slog.Logger
	mu   sync.Mutex
	said map[string]bool
}

func newLogger(to *slog.Logger) *logger {
	return &logger{to: to, said: map[string]bool{}}
}

func (l *logger) warn(format string, values ...any) { l.say(slog.LevelWarn, format, values...) }
func (l *logger) info(format string, values ...any) { l.say(slog.LevelInfo, format, values...) }

// once says something unless something was said of the cause before.
func (l *logger) once(cause, format string, values ...any) {
	l.mu.Lock()
	first := !l.said[cause]
	l.said[cause] = true
	l.mu.Unlock()
	if first {
		l.warn(format, values...)
	}
}

// over forgets that something was said of these causes, and answers whether it was of any.
func (l *logger) over(causes ...string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	found := false
	for _, cause := range causes {
		found = found || l.said[cause]
		delete(l.said, cause)
	}
	return found
}

func (l *logger) say(level slog.Level, format string, values ...any) {
	to := l.to
	if to == nil {
		to = slog.Default() // which the program may have set after Start
	}
	to.Log(context.Background(), level, "everflame: "+fmt.Sprintf(format, values...))
}
