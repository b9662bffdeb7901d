package profile

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"time"
)

type encoding struct {
	out       writer
	strings   map[string]uint64
	list      []string
	functions map[Frame]uint64
	locations map[uint64]uint64 // id by hash
}

// Encode writes pprof, gzip. Functions keep the line on which they start: profile-guided optimisation needs it.
func (p *Profile) Encode(start time.Time, duration time.Duration) []byte {
	e := encoding{
		strings:   map[string]uint64{"": 0},
		list:      []string{""},
		functions: map[Frame]uint64{},
		locations: map[uint64]uint64{},
	}
	for _, t := range p.Types {
		e.out.bytes(1, e.valueType(t))
	}
	for _, row := range p.rows {
		e.row(row)
	}
	e.out.number(9, uint64(start.UnixNano()))
	e.out.number(10, uint64(duration))
	if p.PeriodType.Type != "" {
		e.out.bytes(11, e.valueType(p.PeriodType))
	}
	e.out.number(12, uint64(p.Period))
	for _, text := range e.list {
		e.out.text(6, text)
	}
	return pack(e.out.data)
}

func (e *encoding) row(row *Row) {
	var sample, packed writer
	for _, location := range row.Stack {
		packed.data = binary.AppendUvarint(packed.data, e.location(location))
	}
	sample.bytes(1, packed.data)
	packed.data = packed.data[:0]
	for _, value := range row.Values {
		packed.data = binary.AppendUvarint(packed.data, uint64(value))
	}
	sample.bytes(2, packed.data)
	for _, label := range row.Labels {
		var w writer
		w.number(1, e.text(label.Key))
		w.number(2, e.text(label.Value))
		sample.bytes(3, w.data)
	}
	e.out.bytes(2, sample.data)
}

func (e *encoding) location(location *Location) uint64 {
	if id := e.locations[location.hash]; id != 0 {
		return id
	}
	id := uint64(len(e.locations) + 1)
	e.locations[location.hash] = id
	var w writer
	w.number(1, id)
	for _, frame := range location.Frames {
		var line writer
		line.number(1, e.function(frame))
		line.number(2, uint64(frame.Line))
		w.bytes(4, line.data)
	}
	e.out.bytes(4, w.data)
	return id
}

func (e *encoding) function(frame Frame) uint64 {
	frame.Line = 0 // which is the location's
	if id := e.functions[frame]; id != 0 {
		return id
	}
	id := uint64(len(e.functions) + 1)
	e.functions[frame] = id
	var w writer
	w.number(1, id)
	w.number(2, e.text(frame.Function))
	w.number(3, e.text(frame.Function))
	w.number(4, e.text(frame.File))
	w.number(5, uint64(frame.StartLine))
	e.out.bytes(5, w.data)
	return id
}

func (e *encoding) valueType(t ValueType) []byte {
	var w writer
	w.number(1, e.text(t.Type))
	w.number(2, e.text(t.Unit))
	return w.data
}

func (e *encoding) text(text string) uint64 {
	index, known := e.strings[text]
	if !known {
		index = uint64(len(e.list))
		e.strings[text] = index
		e.list = append(e.list, text)
	}
	return index
}

func pack(data []byte) []byte {
	var packed bytes.Buffer
	w, _ := gzip.NewWriterLevel(&packed, gzip.BestSpeed) // the level is one that there is
	_, _ = w.Write(data)                                 // into memory
	_ = w.Close()
	return packed.Bytes()
}
