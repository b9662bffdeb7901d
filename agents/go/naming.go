package everflame

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
)

// Names that a server accepts. It refuses a push with a bad label name, and a refused push is never tried again; so
// what does not fit is made to fit here, once, and said.
var (
	labelName        = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_.]*$`)
	notInLabelName   = regexp.MustCompile(`[^a-zA-Z0-9_.]`)
	notInServiceName = regexp.MustCompile(`[\x00-\x1f\x7f{}",=\\]`)
	needsQuotes      = regexp.MustCompile(`[,{}"\\]|^\s|\s$`)
)

func cleanServiceName(name string, log *logger) string {
	clean := strings.TrimSpace(notInServiceName.ReplaceAllString(strings.ToValidUTF8(name, "_"), "_"))
	if clean == "" {
		clean = "go"
	}
	if clean != name {
		log.warn("the service name %q is not usable as it stands, %q is used", name, clean)
	}
	return clean
}

func cleanLabels(labels map[string]string, log *logger) map[string]string {
	clean := map[string]string{}
	for name, value := range labels {
		fitting := name
		if !labelName.MatchString(name) {
			fitting = notInLabelName.ReplaceAllString(name, "_")
			if !labelName.MatchString(fitting) {
				fitting = "_" + fitting
			}
			log.warn("the label name %q is not usable as it stands, %q is used", name, fitting)
		}
		clean[fitting] = strings.ToValidUTF8(value, "\uFFFD")
	}
	return clean
}

// formatName writes service{label=value,other="a, b"}.
func formatName(service string, labels map[string]string) string {
	pairs := make([]string, 0, len(labels))
	for name, value := range labels {
		if needsQuotes.MatchString(value) {
			value = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value) + `"`
		}
		pairs = append(pairs, name+"="+value)
	}
	slices.Sort(pairs)
	return service + "{" + strings.Join(pairs, ",") + "}"
}

// identity is which process is speaking.
type identity struct {
	instance string // random
	name     string // the service and its labels, as the server reads them
}

func newIdentity(s settings) identity {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	labels := map[string]string{"language": "go", "host": host, "instance": fmt.Sprintf("%s:%d", host, os.Getpid())}
	for name, value := range s.labels {
		labels[name] = value
	}
	random := make([]byte, 16)
	_, _ = rand.Read(random) // never fails
	return identity{hex.EncodeToString(random), formatName(s.service, labels)}
}
