package everflame

import (
	"encoding/json"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"
)

// What the server says in its answer to a push (docs/agent-contract.md, "Remote control"). Each answer says the whole
// state: what it does not name is as the program was started. What is wrong in it is as if it were not there.

const (
	maxAnswer = 64 << 10
	// How many captures are remembered, so that one that is told again is not begun again.
	rememberedCaptures = 16
	defaultCapture     = 10 * time.Second
)

var captureID = regexp.MustCompile(`^[0-9A-Za-z_-]{1,64}$`)

type capture struct {
	id, kind string  // kind: "cpu", "heap", or what this agent cannot do
	hz       float64 // 0: the own rate
	length   time.Duration
}

// control holds what was said; zero values are left to the program.
type control struct {
	off     bool
	hz      float64
	window  time.Duration
	capture *capture
}

// parseControl finds the control in an answer; false where there is none, and everything stays as it is.
func parseControl(body []byte) (c control, found bool) {
	if len(body) > maxAnswer {
		return c, false
	}
	var answer any
	if json.Unmarshal(body, &answer) != nil {
		return c, false
	}
	whole, _ := answer.(map[string]any)
	said, isObject := whole["control"].(map[string]any)
	if !isObject {
		return c, false
	}
	if enabled, ok := said["enabled"].(bool); ok {
		c.off = !enabled
	}
	if hz, ok := numberOf(said["hz"], 1, 1000); ok {
		c.hz = hz
	}
	if seconds, ok := numberOf(said["window"], 1, 300); ok {
		c.window = time.Duration(seconds * float64(time.Second))
	}
	if asked, ok := said["capture"].(map[string]any); ok {
		c.capture = captureOf(asked)
	}
	return c, true
}

func captureOf(said map[string]any) *capture {
	id, _ := said["id"].(string)
	if !captureID.MatchString(id) {
		return nil
	}
	kind, _ := said["type"].(string)
	c := &capture{id: id, kind: kind, length: defaultCapture}
	if hz, ok := numberOf(said["hz"], 1, 1000); ok {
		c.hz = hz
	}
	if seconds, ok := numberOf(said["seconds"], 1, 60); ok {
		c.length = time.Duration(seconds * float64(time.Second))
	}
	return c
}

// numberOf is a finite number, taken to the nearest bound.
func numberOf(value any, least, most float64) (float64, bool) {
	number, ok := value.(float64)
	if !ok || math.IsNaN(number) || math.IsInf(number, 0) {
		return 0, false
	}
	return min(max(number, least), most), true
}

// steering is the newest control, and the captures that were begun.
type steering struct {
	control control
	seen    []string
	waiting *capture
	refusal string // of a capture, to be said with the next push
}

func (s *steering) hear(body []byte) {
	if c, found := parseControl(body); found {
		s.take(c)
	}
}

func (s *steering) take(c control) {
	s.control = c
	s.waiting = c.capture
	if c.capture != nil && slices.Contains(s.seen, c.capture.id) {
		s.waiting = nil
	}
}

// next is a capture that is to be begun now, once; one that cannot be done is refused instead.
func (s *steering) next(whyNot func(*capture) string) *capture {
	asked := s.waiting
	s.waiting = nil
	if asked == nil {
		return nil
	}
	s.seen = append(s.seen, asked.id)
	s.seen = s.seen[max(0, len(s.seen)-rememberedCaptures):]
	why := whyNot(asked)
	if why == "" {
		return asked
	}
	s.refusal = headerText(asked.id + " " + why)
	return nil
}

// headerText is one line of ASCII, and not long.
func headerText(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, text)
	return text[:min(len(text), 200)]
}
