package profile

import (
	"encoding/binary"
	"errors"
)

// Wire types of protobuf (https://protobuf.dev/programming-guides/encoding/).
const (
	wireVarint  = 0
	wireFixed64 = 1
	wireBytes   = 2
	wireFixed32 = 5
)

var errMalformed = errors.New("malformed protobuf")

// reader goes through the fields of one message. The first error stays, and ends it.
type reader struct {
	data []byte
	err  error
}

// field is one field: a number in value, or bytes in data, by its wire type.
type field struct {
	number int
	wire   int
	value  uint64
	data   []byte
}

func (r *reader) next(f *field) bool {
	if r.err != nil || len(r.data) == 0 {
		return false
	}
	tag := r.varint()
	*f = field{number: int(tag >> 3), wire: int(tag & 7)}
	switch f.wire {
	case wireVarint:
		f.value = r.varint()
	case wireBytes:
		f.data = r.take(r.varint())
	case wireFixed64:
		r.take(8)
	case wireFixed32:
		r.take(4)
	default:
		r.err = errMalformed
	}
	return r.err == nil
}

func (r *reader) varint() uint64 {
	value, n := binary.Uvarint(r.data)
	if n <= 0 {
		r.err, r.data = errMalformed, nil
		return 0
	}
	r.data = r.data[n:]
	return value
}

func (r *reader) take(n uint64) []byte {
	if r.err != nil || n > uint64(len(r.data)) {
		r.err, r.data = errMalformed, nil
		return nil
	}
	taken := r.data[:n]
	r.data = r.data[n:]
	return taken
}

// numbers appends the numbers of a repeated field, which stand alone or packed.
func (f *field) numbers(to []uint64) ([]uint64, error) {
	if f.wire == wireVarint {
		return append(to, f.value), nil
	}
	packed := reader{data: f.data}
	for len(packed.data) > 0 {
		to = append(to, packed.varint())
	}
	return to, packed.err
}

// writer builds one message.
type writer struct{ data []byte }

// number writes a number; zero is what a field is where it is missing.
func (w *writer) number(number int, value uint64) {
	if value != 0 {
		w.data = binary.AppendUvarint(w.data, uint64(number)<<3|wireVarint)
		w.data = binary.AppendUvarint(w.data, value)
	}
}

func (w *writer) bytes(number int, data []byte) {
	w.data = binary.AppendUvarint(w.data, uint64(number)<<3|wireBytes)
	w.data = binary.AppendUvarint(w.data, uint64(len(data)))
	w.data = append(w.data, data...)
}

func (w *writer) text(number int, text string) {
	w.data = binary.AppendUvarint(w.data, uint64(number)<<3|wireBytes)
	w.data = binary.AppendUvarint(w.data, uint64(len(text)))
	w.data = append(w.data, text...)
}
