package everflame

import "time"

const (
	maxQueued = 8 << 20
	maxSpan   = 5 * time.Minute
)

// outbox holds what has been measured and not been acknowledged, within bounds.
//
// Usually that is one window of each kind, for as long as its push takes. In an outage the windows that follow are
// merged with one another, up to five minutes each; never with one that has been sent, which the server may have, and
// whose identity stands for its exact body. What is sealed is kept up to 8 MB, and then the oldest goes, counted.
type outbox struct {
	id       identity
	prefix   string
	maxBytes int
	open     []*window // one of a kind
	sealed   []push
	bytes    int
	sequence uint64
	dropped  int64 // samples lost since the last push that was acknowledged
}

func (o *outbox) add(w *window) {
	for i, waiting := range o.open {
		if waiting.kind != w.kind {
			continue
		}
		if fitTogether(waiting, w) {
			waiting.merge(w)
			return
		}
		o.open = append(o.open[:i:i], o.open[i+1:]...)
		o.seal(waiting)
		break
	}
	o.open = append(o.open, w)
}

func (o *outbox) isEmpty() bool { return len(o.sealed) == 0 && len(o.open) == 0 }

// first is what to send next: the same until it is acknowledged or given up.
func (o *outbox) first() (push, bool) {
	if len(o.sealed) == 0 {
		for _, w := range o.open {
			o.seal(w)
		}
		o.open = nil
	}
	if len(o.sealed) == 0 {
		return push{}, false
	}
	return o.sealed[0], true
}

// acknowledge: the server has the first, and has read that so many samples were dropped.
func (o *outbox) acknowledge(reported int64) {
	o.dropped -= reported
	o.removeFirst()
}

// giveUp: the server will never take the first.
func (o *outbox) giveUp() { o.dropped += o.removeFirst().samples }

// samples that are here and not acknowledged.
func (o *outbox) samples() (sum int64) {
	for _, p := range o.sealed {
		sum += p.samples
	}
	for _, w := range o.open {
		sum += w.samples
	}
	return sum
}

func fitTogether(earlier, later *window) bool {
	span := later.end.Sub(earlier.start)
	return earlier.capture == "" && later.capture == "" && span >= 0 && span <= maxSpan
}

func (o *outbox) seal(w *window) {
	p := w.seal(o.id, o.sequence, o.prefix)
	o.sequence++
	o.sealed = append(o.sealed, p)
	o.bytes += len(p.body)
	for o.bytes > o.maxBytes {
		o.dropped += o.removeFirst().samples
	}
}

func (o *outbox) removeFirst() push {
	p := o.sealed[0]
	o.sealed[0] = push{}
	o.sealed = o.sealed[1:]
	o.bytes -= len(p.body)
	return p
}
