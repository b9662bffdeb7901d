package profile

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"fmt"
	"io"
	"slices"
)

// MaxBytes bounds a decompressed profile: one that is larger is not worth its cost to the program.
const MaxBytes = 64 << 20

// decoding holds the tables of a message. Its parts refer to one another, so references are resolved at the end.
type decoding struct {
	strings   []string
	functions map[uint64]Frame // without lines; names are indices until they are resolved
	locations map[uint64]*Location
	types     [][2]uint64
	period    [2]uint64
	samples   [][]byte
}

// Decode reads a profile that this process's runtime wrote, gzip or not. Rows with the same functions, files, lines
// and labels become one. Labels that are numbers are left out: heap profiles carry the size of a block in one.
func Decode(data []byte) (*Profile, error) {
	if len(data) > 2 && data[0] == 0x1f && data[1] == 0x8b {
		unpacked, err := gunzip(data)
		if err != nil {
			return nil, err
		}
		data = unpacked
	}
	d := decoding{functions: map[uint64]Frame{}, locations: map[uint64]*Location{}}
	var rawFunctions, rawLocations [][]byte
	p := &Profile{rows: map[uint64]*Row{}}
	r, f := reader{data: data}, field{}
	for r.next(&f) {
		switch f.number {
		case 1:
			d.types = append(d.types, valueType(&r, f.data))
		case 2:
			d.samples = append(d.samples, f.data)
		case 4:
			rawLocations = append(rawLocations, f.data)
		case 5:
			rawFunctions = append(rawFunctions, f.data)
		case 6:
			d.strings = append(d.strings, string(f.data))
		case 11:
			d.period = valueType(&r, f.data)
		case 12:
			p.Period = int64(f.value)
		}
	}
	for _, raw := range rawFunctions {
		d.function(&r, raw)
	}
	for _, raw := range rawLocations {
		d.location(&r, raw)
	}
	for _, t := range d.types {
		p.Types = append(p.Types, d.valueType(&r, t))
	}
	p.PeriodType = d.valueType(&r, d.period)
	for _, raw := range d.samples {
		d.sample(&r, raw, p)
	}
	if r.err != nil {
		return nil, fmt.Errorf("the profile cannot be read: %w", r.err)
	}
	return p, nil
}

func gunzip(data []byte) ([]byte, error) {
	unpacked, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	out, err := io.ReadAll(io.LimitReader(unpacked, MaxBytes+1))
	if err == nil && len(out) > MaxBytes {
		err = fmt.Errorf("the profile is larger than %d bytes", MaxBytes)
	}
	return out, err
}

func (d *decoding) text(r *reader, index uint64) string {
	if index >= uint64(len(d.strings)) {
		r.err = errMalformed
		return ""
	}
	return d.strings[index]
}

func valueType(r *reader, data []byte) (found [2]uint64) {
	message, f := reader{data: data}, field{}
	for message.next(&f) {
		if f.number == 1 || f.number == 2 {
			found[f.number-1] = f.value
		}
	}
	r.err = cmp.Or(r.err, message.err)
	return found
}

func (d *decoding) valueType(r *reader, t [2]uint64) ValueType {
	if len(d.strings) == 0 {
		return ValueType{}
	}
	return ValueType{Type: d.text(r, t[0]), Unit: d.text(r, t[1])}
}

func (d *decoding) function(r *reader, data []byte) {
	message, f := reader{data: data}, field{}
	var id uint64
	var frame Frame
	for message.next(&f) {
		switch f.number {
		case 1:
			id = f.value
		case 2:
			frame.Function = d.text(r, f.value)
		case 4:
			frame.File = d.text(r, f.value)
		case 5:
			frame.StartLine = int64(f.value)
		}
	}
	r.err = cmp.Or(r.err, message.err)
	d.functions[id] = frame
}

func (d *decoding) location(r *reader, data []byte) {
	message, f := reader{data: data}, field{}
	var id, address uint64
	var frames []Frame
	for message.next(&f) {
		switch f.number {
		case 1:
			id = f.value
		case 3:
			address = f.value
		case 4:
			line, g := reader{data: f.data}, field{}
			var frame Frame
			var at int64
			for line.next(&g) {
				switch g.number {
				case 1:
					frame = d.functions[g.value]
				case 2:
					at = int64(g.value)
				}
			}
			frame.Line = at
			frames = append(frames, frame)
			r.err = cmp.Or(r.err, line.err)
		}
	}
	r.err = cmp.Or(r.err, message.err)
	if len(frames) == 0 { // C code without symbols
		frames = []Frame{{Function: fmt.Sprintf("0x%x", address)}}
	}
	d.locations[id] = NewLocation(frames...)
}

func (d *decoding) sample(r *reader, data []byte, to *Profile) {
	message, f := reader{data: data}, field{}
	var ids, raw []uint64
	var labels []Label
	var err error
	for message.next(&f) {
		switch f.number {
		case 1:
			ids, err = f.numbers(ids)
		case 2:
			raw, err = f.numbers(raw)
		case 3:
			if label, ok := d.label(r, f.data); ok {
				labels = append(labels, label)
			}
		}
		r.err = cmp.Or(r.err, err)
	}
	r.err = cmp.Or(r.err, message.err)
	if len(raw) != len(to.Types) {
		r.err = cmp.Or(r.err, errMalformed)
		return
	}
	stack := make([]*Location, 0, len(ids))
	for _, id := range ids {
		location := d.locations[id]
		if location == nil {
			r.err = cmp.Or(r.err, errMalformed)
			return
		}
		stack = append(stack, location)
	}
	values := make([]int64, len(raw))
	for i, value := range raw {
		values[i] = int64(value)
	}
	slices.SortFunc(labels, func(a, b Label) int { return cmp.Compare(a.Key, b.Key) })
	to.Add(stack, labels, values)
}

func (d *decoding) label(r *reader, data []byte) (label Label, ok bool) {
	message, f := reader{data: data}, field{}
	for message.next(&f) {
		switch f.number {
		case 1:
			label.Key = d.text(r, f.value)
		case 2:
			label.Value, ok = d.text(r, f.value), true
		}
	}
	r.err = cmp.Or(r.err, message.err)
	return label, ok
}
