package everflame

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/everflame/everflame/agents/go/internal/profile"
)

// attempt is a push as it came in, and what it was answered.
type attempt struct {
	path    string
	query   url.Values
	header  http.Header
	body    []byte
	profile []byte
	config  string
	status  int
	at      time.Time
}

func (a attempt) sequence() string { return a.header.Get("Everflame-Sequence") }

func (a attempt) decode(t *testing.T) *profile.Profile {
	t.Helper()
	p, err := profile.Decode(a.profile)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// server records pushes; behave answers in place of 200, and says with what status.
type server struct {
	*httptest.Server
	mu       sync.Mutex
	attempts []attempt
	behave   func(w http.ResponseWriter, r *http.Request, n int) int
}

func newServer(t *testing.T, behave func(http.ResponseWriter, *http.Request, int) int) *server {
	s := &server{behave: behave}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		s.mu.Lock()
		n := len(s.attempts)
		got := attempt{path: r.URL.Path, query: r.URL.Query(), header: r.Header.Clone(), body: body, at: time.Now()}
		got.profile, got.config = partsOf(r.Header.Get("Content-Type"), body)
		s.attempts = append(s.attempts, got)
		s.mu.Unlock()
		status := http.StatusOK
		if behave != nil {
			status = behave(w, r, n)
		} else {
			_, _ = io.WriteString(w, `{"status":"stored","control":{}}`)
		}
		s.mu.Lock()
		s.attempts[n].status = status
		s.mu.Unlock()
	}))
	t.Cleanup(s.CloseClientConnections)
	return s
}

func partsOf(contentType string, body []byte) ([]byte, string) {
	_, parameters, err := mime.ParseMediaType(contentType)
	if err != nil || parameters["boundary"] == "" {
		return body, ""
	}
	found := map[string]string{}
	reader := multipart.NewReader(bytes.NewReader(body), parameters["boundary"])
	for {
		part, err := reader.NextPart()
		if err != nil {
			return []byte(found["profile"]), found["sample_type_config"]
		}
		content, _ := io.ReadAll(part)
		found[part.FormName()] = string(content)
	}
}

func (s *server) all() []attempt {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]attempt(nil), s.attempts...)
}

// stored are those answered with 200 that have a column of this name.
func (s *server) stored(t *testing.T, column string) (found []attempt) {
	t.Helper()
	for _, a := range s.all() {
		if a.status == http.StatusOK && strings.HasSuffix(a.path, "/ingest") && a.decode(t).Column(column) >= 0 {
			found = append(found, a)
		}
	}
	return found
}

// cpu is the CPU time of all that was stored.
func (s *server) cpu(t *testing.T) (sum time.Duration) {
	t.Helper()
	for _, a := range s.stored(t, "cpu") {
		sum += time.Duration(a.decode(t).Total(0))
	}
	return sum
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !is() {
		if time.Now().After(deadline) {
			t.Fatalf("not within 20 s: %s", what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// talk is what the agent logs.
type talk struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *talk) Write(data []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(data)
}

func (l *talk) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func begin(t *testing.T, to *server, config Config) (*Profiler, *talk) {
	t.Helper()
	said := &talk{}
	config.Server, config.Logger = to.URL, slog.New(slog.NewTextHandler(said, nil))
	if config.Window == 0 {
		config.Window = 300 * time.Millisecond
	}
	p, err := Start(config)
	if err != nil || p == nil {
		t.Fatalf("Start: %v, %v", p, err)
	}
	t.Cleanup(func() { _ = p.Close(expired()) })
	return p, said
}

func expired() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	time.AfterFunc(time.Second, cancel)
	return ctx
}

var sink float64

//go:noinline
func burn(cpu time.Duration) {
	for end := threadlessCPU() + cpu; threadlessCPU() < end; {
		for i := range 100_000 {
			sink = sink*1.0001 + float64(i)
		}
	}
}

// threadlessCPU is the CPU time of the process: the tests burn in one goroutine at a time.
func threadlessCPU() time.Duration {
	used, _ := processCPU()
	return used
}
