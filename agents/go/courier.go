package everflame

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

const (
	pushTimeout = 10 * time.Second
	// Between two questions, while the server has the agent switched off.
	askEvery = time.Minute
)

var advice = map[int]string{
	http.StatusUnauthorized:          ": set EVERFLAME_TOKEN or EVERFLAME_TOKEN_FILE to a token that the server knows",
	http.StatusForbidden:             ": the token may not push to this service",
	http.StatusNotFound:              ": is EVERFLAME_SERVER the address of an Everflame server?",
	http.StatusRequestEntityTooLarge: ": a shorter EVERFLAME_WINDOW makes smaller pushes",
}

// courier gets pushes to the server, and asks it what to do while there is nothing to push. Of what a server can answer,
// only what may pass is tried again (the network, 429, 5xx); what is wrong now will be wrong in a minute.
type courier struct {
	settings settings
	id       identity
	outbox   *outbox
	steering *steering
	captures func() string
	client   *http.Client
	failures int
	retryAt  time.Time
}

func newCourier(s settings, id identity, o *outbox, steering *steering, captures func() string) *courier {
	transport := &http.Transport{
		MaxIdleConns: 1,
		// The pushes of one window share a connection. Between windows none is kept, whose end would be found out by a
		// push that fails.
		IdleConnTimeout:        2 * time.Second,
		TLSHandshakeTimeout:    pushTimeout,
		MaxResponseHeaderBytes: maxAnswer,
		DisableCompression:     true,
	}
	client := &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return &courier{settings: s, id: id, outbox: o, steering: steering, captures: captures, client: client}
}

// answer is as much of the server's as matters.
type answer struct {
	status     int
	body       []byte
	retryAfter string
}

// sendAll sends what there is until something fails.
func (c *courier) sendAll(ctx context.Context, timeout time.Duration) {
	for {
		p, found := c.outbox.first()
		if !found || ctx.Err() != nil || !c.send(ctx, p, timeout) {
			return
		}
	}
}

// send answers whether the push is settled, one way or the other.
func (c *courier) send(ctx context.Context, p push, timeout time.Duration) bool {
	reported := c.outbox.dropped
	headers := map[string]string{"Everflame-Dropped": strconv.FormatInt(reported, 10), "Content-Type": p.contentType}
	for name, value := range p.headers {
		headers[name] = value
	}
	got, err := c.post(ctx, p.target, headers, p.body, timeout)
	switch {
	case err != nil && ctx.Err() != nil: // cut off by Close, which says what is lost
		return false
	case err != nil:
		c.later(0, false, fmt.Sprintf("%s cannot be reached (%v)", c.settings.server, reason(err)))
		return false
	case got.status/100 == 2:
		c.outbox.acknowledge(reported)
		c.failures, c.retryAt = 0, time.Time{}
		if c.settings.log.over("later", "refused") {
			c.settings.log.info("profiles reach %s again", c.settings.server)
		}
		c.steering.hear(got.body)
		return true
	case got.status == http.StatusTooManyRequests || got.status >= 500:
		asked, isAsked := parseRetryAfter(got.retryAfter, time.Now())
		c.later(asked, isAsked, fmt.Sprintf("%s is not taking profiles (%s)", c.settings.server, got.words()))
		return false
	default:
		c.outbox.giveUp()
		c.failures, c.retryAt = 0, time.Time{}
		c.settings.log.once("refused", "%s refuses this program's profiles, and they are lost (%s)%s",
			c.settings.server, got.words(), advice[got.status])
		return true
	}
}

// ask asks for the control; it answers after how long to ask again.
func (c *courier) ask(ctx context.Context) time.Duration {
	query := url.Values{"name": {c.id.name}, "spyName": {"everflame-go"}}
	again := spread(askEvery)
	got, err := c.post(ctx, c.settings.server.Path+"/ingest/control?"+query.Encode(), nil, nil, pushTimeout)
	switch {
	case err != nil:
	case got.status/100 == 2:
		c.steering.hear(got.body)
	case got.status == http.StatusNotFound || got.status == http.StatusMethodNotAllowed:
		c.steering.take(control{}) // a server that has no control: nobody is left who could switch on again
	default:
		asked, _ := parseRetryAfter(got.retryAfter, time.Now())
		again = max(again, min(asked, longestAsked))
	}
	return again
}

func (c *courier) post(ctx context.Context, target string, headers map[string]string, body []byte, timeout time.Duration) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	address := c.settings.server.Scheme + "://" + c.settings.server.Host + target
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	set := request.Header.Set
	set("User-Agent", "everflame-go/"+Version)
	set("Everflame-Protocol", "1")
	set("Everflame-Instance", c.id.instance)
	set("Everflame-Captures", c.captures())
	refusal := c.steering.refusal
	if refusal != "" {
		set("Everflame-Capture-Refused", refusal)
	}
	if token := c.token(); token != "" {
		set("Authorization", "Bearer "+token)
	}
	for name, value := range headers {
		set(name, value)
	}
	response, err := c.client.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	got := answer{status: response.StatusCode, retryAfter: response.Header.Get("Retry-After")}
	// The status says whether the server has it; of an answer that breaks off, what came.
	got.body, _ = io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	if got.status/100 == 2 && c.steering.refusal == refusal {
		c.steering.refusal = ""
	}
	return got, nil
}

func (c *courier) later(asked time.Duration, isAsked bool, why string) {
	c.failures++
	c.retryAt = time.Now().Add(retryDelay(c.failures, asked, isAsked))
	c.settings.log.once("later", "%s; profiles are kept and sent later", why)
}

func (c *courier) token() string {
	if c.settings.token != "" || c.settings.tokenFile == "" {
		return c.settings.token
	}
	text, err := os.ReadFile(c.settings.tokenFile) // each time: tokens are rotated
	if err != nil {
		c.settings.log.once("token", "EVERFLAME_TOKEN_FILE cannot be read: %v", err)
	}
	return strings.TrimSpace(string(text))
}

// words are the status and what the server says of it, on one line.
func (a answer) words() string {
	said := strings.ToValidUTF8(string(a.body[:min(len(a.body), 300)]), "?")
	return strings.TrimSpace(fmt.Sprintf("HTTP %d %s", a.status, strings.Join(strings.Fields(said), " ")))
}

// reason is an error without the address, which has the service's labels in it.
func reason(err error) error {
	if failed, ok := err.(*url.Error); ok {
		return failed.Err
	}
	return err
}
