package everflame

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"net/textproto"
	"net/url"
	"strconv"
	"time"

	"github.com/everflame/everflame/agents/go/internal/profile"
)

// window is what one profile showed between two moments.
type window struct {
	kind       *kind
	profile    *profile.Profile
	start, end time.Time
	samples    int64
	rate       float64 // of the sampler of CPU time; 0: off
	capture    string  // id of the capture that it is
}

// newWindow has its end by the wall clock and its length by the monotonic one: a clock that is set makes no gap.
func newWindow(k *kind, p *profile.Profile, began, now time.Time) *window {
	p.Bound(maxStacks, len(p.Types)-1)
	return &window{kind: k, profile: p, start: now.Add(-now.Sub(began)), end: now}
}

// merge makes one window of two, as an outage does: the resolution in time is what is lost.
func (w *window) merge(later *window) {
	w.profile.Merge(later.profile)
	w.profile.Bound(maxStacks, len(w.profile.Types)-1)
	w.end = later.end
	w.samples += later.samples
	w.rate = min(w.rate, later.rate)
}

// push is a window on its way: what is sent, and sent again unchanged until the server has it.
type push struct {
	target      string // path and query
	contentType string
	headers     map[string]string
	body        []byte
	samples     int64
}

// seal makes the push of a window. From here on it is never changed: its identity stands for exactly this body.
func (w *window) seal(id identity, sequence uint64, prefix string) push {
	query := url.Values{
		"name":    {id.name},
		"from":    {strconv.FormatInt(w.start.UnixNano(), 10)},
		"until":   {strconv.FormatInt(w.end.UnixNano(), 10)},
		"format":  {"pprof"},
		"spyName": {"everflame-go"},
	}
	p := push{
		target:      prefix + "/ingest?" + query.Encode(),
		contentType: "application/octet-stream",
		headers: map[string]string{
			"Everflame-Sequence": strconv.FormatUint(sequence, 10),
			"Everflame-Rate":     strconv.FormatFloat(w.rate, 'g', 4, 64),
		},
		body:    w.profile.Encode(w.start, w.end.Sub(w.start)),
		samples: w.samples,
	}
	if w.capture != "" {
		p.headers["Everflame-Capture"] = w.capture
	}
	if w.kind.config != "" {
		p.body, p.contentType = withConfig(p.body, w.kind.config)
	}
	return p
}

// withConfig puts a profile and what its value types are into one body.
func withConfig(body []byte, config string) ([]byte, string) {
	var parts bytes.Buffer
	form := multipart.NewWriter(&parts)
	for _, part := range []struct{ name, contentType string }{
		{"profile", "application/octet-stream"},
		{"sample_type_config", "application/json"},
	} {
		header := textproto.MIMEHeader{}
		header.Set("Content-Disposition", fmt.Sprintf(`form-data; name=%q; filename=%q`, part.name, part.name))
		header.Set("Content-Type", part.contentType)
		content, _ := form.CreatePart(header) // into memory
		if part.name == "profile" {
			_, _ = content.Write(body)
		} else {
			_, _ = content.Write([]byte(config))
		}
	}
	_ = form.Close()
	return parts.Bytes(), form.FormDataContentType()
}
