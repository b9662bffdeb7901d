package everflame

import (
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Config says whose profiles these are, where they go and what is measured. What is left out comes from the
// environment (EVERFLAME_SERVICE_NAME and so on, see README.md), and then from defaults.
type Config struct {
	// ServiceName is what the program is called; its file name where it is left out.
	ServiceName string
	// Server is http or https, with a path in front if need be. http://127.0.0.1:5555 by default.
	Server string
	// Labels of this process, added to those of EVERFLAME_LABELS; language, host and instance are there by themselves.
	Labels map[string]string
	// Token is sent as a bearer token.
	Token string
	// TokenFile holds the token; it is read at each push, so the token can be rotated.
	TokenFile string
	// Window is the time between two pushes, 200 ms to 10 min; 10 s by default.
	Window time.Duration

	// Disabled makes Start do nothing, as EVERFLAME_ENABLED=0 does.
	Disabled bool
	// NoCPU, NoMemory and NoGoroutines leave these profiles out.
	NoCPU, NoMemory, NoGoroutines bool
	// BlockProfileRate is passed on to runtime.SetBlockProfileRate: a sample for each so many nanoseconds of blocking.
	// It is switched off by Stop. Where it is 0 the rate is not touched, and what the program has switched on itself is
	// pushed.
	BlockProfileRate int
	// MutexProfileFraction is passed on to runtime.SetMutexProfileFraction: one of so many contentions is sampled.
	// Where it is 0 the fraction is not touched.
	MutexProfileFraction int

	// Logger gets what the agent has to say; slog.Default() where it is left out.
	Logger *slog.Logger
}

const (
	defaultServer = "http://127.0.0.1:5555"
	defaultWindow = 10 * time.Second
	leastWindow   = 200 * time.Millisecond
	mostWindow    = 10 * time.Minute
)

// settings are what Config and environment come to.
type settings struct {
	service          string
	server           *url.URL
	labels           map[string]string
	token, tokenFile string
	window           time.Duration
	enabled          bool
	cpu, memory      bool
	goroutines       bool
	blockRate        int
	mutexFraction    int
	log              *logger
}

// resolve makes settings. A wrong Config is a mistake in a program and an error; a wrong variable is a mistake in a
// deployment: it is logged, the default is used, and the program never notices.
func resolve(config Config, getenv func(string) string) (settings, error) {
	log := newLogger(config.Logger)
	env := environment{getenv, log}
	s := settings{
		service:       cleanServiceName(firstOf(config.ServiceName, env.text("SERVICE_NAME"), programName()), log),
		token:         firstOf(config.Token, env.text("TOKEN")),
		tokenFile:     firstOf(config.TokenFile, env.text("TOKEN_FILE")),
		enabled:       !config.Disabled && env.isOn("ENABLED", true),
		memory:        !config.NoMemory && env.isOn("MEMORY", true),
		goroutines:    !config.NoGoroutines && env.isOn("GOROUTINES", true),
		blockRate:     config.BlockProfileRate,
		mutexFraction: config.MutexProfileFraction,
		log:           log,
	}
	rate := env.number("RATE", cpuRate, 0, 1000)
	s.cpu = !config.NoCPU && rate > 0
	if rate != 0 && rate != cpuRate {
		log.warn("EVERFLAME_RATE=%g is %d: Go's profiler of CPU time has no other rate, and 0 for off", rate, cpuRate)
	}
	if s.blockRate == 0 {
		s.blockRate = int(env.number("BLOCK_RATE", 0, 0, 1e12))
	}
	if s.mutexFraction == 0 {
		s.mutexFraction = int(env.number("MUTEX_FRACTION", 0, 0, 1e9))
	}
	if s.blockRate < 0 || s.mutexFraction < 0 {
		return s, fmt.Errorf("everflame: BlockProfileRate and MutexProfileFraction must not be negative")
	}
	var err error
	if config.Server != "" {
		if s.server, err = parseServer(config.Server); err != nil {
			return s, fmt.Errorf("everflame: Config.Server %w", err)
		}
	} else {
		s.server = env.server()
	}
	s.window = config.Window
	if s.window == 0 {
		seconds := env.number("WINDOW", defaultWindow.Seconds(), leastWindow.Seconds(), mostWindow.Seconds())
		s.window = time.Duration(seconds * float64(time.Second))
	} else if s.window < leastWindow || s.window > mostWindow {
		return s, fmt.Errorf("everflame: Config.Window must be between %v and %v, not %v", leastWindow, mostWindow, s.window)
	}
	labels := env.labels()
	for name, value := range config.Labels {
		labels[name] = value
	}
	s.labels = cleanLabels(labels, log)
	return s, nil
}

// parseServer takes an address apart; its path has no slash at the end.
func parseServer(text string) (*url.URL, error) {
	parsed, err := url.Parse(strings.TrimSpace(text))
	if err != nil || (parsed.Scheme != "http" && parsed.Scheme != "https") || parsed.Hostname() == "" ||
		parsed.RawQuery != "" || parsed.Fragment != "" {
		return nil, fmt.Errorf("must look like http://host:5555 or https://host/prefix, not %q", text)
	}
	if parsed.User != nil {
		return nil, fmt.Errorf("must not carry a user name: put a token into EVERFLAME_TOKEN or EVERFLAME_TOKEN_FILE")
	}
	parsed.Path = strings.TrimRight(parsed.Path, "/")
	parsed.RawPath = ""
	return parsed, nil
}

// environment reads EVERFLAME_* as the other agents do.
type environment struct {
	getenv func(string) string
	log    *logger
}

func (e environment) text(name string) string {
	return strings.TrimSpace(e.getenv("EVERFLAME_" + name))
}

func (e environment) number(name string, otherwise, least, most float64) float64 {
	text := e.text(name)
	if text == "" {
		return otherwise
	}
	value, err := strconv.ParseFloat(text, 64)
	if err != nil || !(value >= least && value <= most) {
		e.ignore(name, text, fmt.Sprintf("must be between %g and %g, %g is used", least, most, otherwise))
		return otherwise
	}
	return value
}

func (e environment) isOn(name string, otherwise bool) bool {
	switch text := e.text(name); strings.ToLower(text) {
	case "":
		return otherwise
	case "1", "true", "yes", "on":
		return true
	case "0", "false", "no", "off":
		return false
	default:
		e.ignore(name, text, "must be 1 or 0")
		return otherwise
	}
}

func (e environment) server() *url.URL {
	if text := e.text("SERVER"); text != "" {
		parsed, err := parseServer(text)
		if err == nil {
			return parsed
		}
		e.ignore("SERVER", text, err.Error())
	}
	parsed, _ := parseServer(defaultServer) // which is right
	return parsed
}

func (e environment) labels() map[string]string {
	labels := map[string]string{}
	for _, pair := range strings.Split(e.text("LABELS"), ",") {
		pair = strings.TrimSpace(pair)
		name, value, isPair := strings.Cut(pair, "=")
		if name = strings.TrimSpace(name); isPair && name != "" {
			labels[name] = strings.TrimSpace(value)
		} else if pair != "" {
			e.ignore("LABELS", pair, "write name=value,name=value")
		}
	}
	return labels
}

func (e environment) ignore(name, text, why string) {
	e.log.warn("EVERFLAME_%s=%s is ignored: it %s", name, text, why)
}

func programName() string {
	if len(os.Args) > 0 && os.Args[0] != "" {
		return strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe")
	}
	return "go"
}

func firstOf(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}
