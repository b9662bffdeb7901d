// Package profile holds what was sampled as stacks and values, and reads and writes it as pprof
// (https://github.com/google/pprof/blob/main/proto/profile.proto).
//
// It is there because Go's heap, block and mutex profiles count since the start of the process: what a window adds is
// a difference of two profiles, and windows that wait for a server are sums of them. Stacks are the same where their
// functions, files and lines are; addresses are left out, as the runtime has already named everything.
package profile

import (
	"cmp"
	"hash/maphash"
	"iter"
	"maps"
	"slices"
	"strconv"
)

// ValueType is what a column counts.
type ValueType struct {
	Type, Unit string
	// Level says how much there is, not how much there was: two windows of it do not add up.
	Level bool
}

// Frame is a function on the stack, at a line of it.
type Frame struct {
	Function, File  string
	StartLine, Line int64
}

// Location is one place in the program: several frames where functions were inlined, the innermost first.
type Location struct {
	Frames []Frame
	hash   uint64
}

// Label is a pair of a goroutine's labels (pprof.Do).
type Label struct{ Key, Value string }

// Row is a stack with one set of labels, leaf first.
type Row struct {
	Stack  []*Location
	Labels []Label // in order of their keys
	Values []int64 // in order of the profile's types
}

// Profile is a table of rows.
type Profile struct {
	Types      []ValueType
	PeriodType ValueType
	Period     int64
	rows       map[uint64]*Row
}

// Hashes are of this process only: they are compared with one another and go nowhere.
var seed = maphash.MakeSeed()

// New makes an empty profile.
func New(types []ValueType, periodType ValueType, period int64) *Profile {
	return &Profile{Types: types, PeriodType: periodType, Period: period, rows: map[uint64]*Row{}}
}

// NewLocation makes a location of its frames, the innermost first.
func NewLocation(frames ...Frame) *Location {
	var hash maphash.Hash
	hash.SetSeed(seed)
	for _, frame := range frames {
		hash.WriteString(frame.Function)
		hash.WriteByte(0)
		hash.WriteString(frame.File)
		hash.WriteByte(0)
		maphash.WriteComparable(&hash, [2]int64{frame.StartLine, frame.Line})
	}
	return &Location{Frames: frames, hash: hash.Sum64()}
}

// Box is a stack of one frame that is no function: time or stacks that belong to none.
func Box(name string) []*Location {
	return []*Location{NewLocation(Frame{Function: name})}
}

// Len is the number of different stacks.
func (p *Profile) Len() int { return len(p.rows) }

// Add adds values to a stack.
func (p *Profile) Add(stack []*Location, labels []Label, values []int64) {
	key := keyOf(stack, labels)
	row := p.rows[key]
	if row == nil {
		p.rows[key] = &Row{Stack: stack, Labels: labels, Values: slices.Clone(values)}
		return
	}
	for i, value := range values {
		row.Values[i] += value
	}
}

// Total is the sum of a column.
func (p *Profile) Total(column int) int64 {
	var total int64
	for _, row := range p.rows {
		total += row.Values[column]
	}
	return total
}

// Column finds a type by its name; -1 where there is none.
func (p *Profile) Column(name string) int {
	return slices.IndexFunc(p.Types, func(t ValueType) bool { return t.Type == name })
}

// Keep makes a profile of one column.
func (p *Profile) Keep(column int) *Profile {
	kept := New([]ValueType{p.Types[column]}, p.PeriodType, p.Period)
	for key, row := range p.rows {
		kept.rows[key] = &Row{Stack: row.Stack, Labels: row.Labels, Values: []int64{row.Values[column]}}
	}
	return kept
}

// Merge adds a later profile of the same types. Of levels the later ones hold.
func (p *Profile) Merge(later *Profile) {
	for column, t := range p.Types {
		if t.Level {
			for _, row := range p.rows {
				row.Values[column] = 0
			}
		}
	}
	for _, row := range later.rows {
		p.Add(row.Stack, row.Labels, row.Values)
	}
	p.dropEmpty()
}

// Scale multiplies a column, so that its total becomes `total` exactly.
func (p *Profile) Scale(column int, total int64) {
	before := p.Total(column)
	if before <= 0 {
		return
	}
	factor := float64(total) / float64(before)
	var seen, given int64
	for _, row := range p.rows {
		seen += row.Values[column]
		upTo := total
		if seen < before {
			upTo = int64(float64(seen) * factor)
		}
		row.Values[column] = upTo - given
		given = upTo
	}
}

// Bound keeps the `most` largest rows by a column; the others become one box. It answers how many rows that were.
func (p *Profile) Bound(most, column int) int {
	if len(p.rows) <= most {
		return 0
	}
	keys := make([]uint64, 0, len(p.rows))
	for key := range p.rows {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b uint64) int {
		return cmp.Compare(p.rows[b].Values[column], p.rows[a].Values[column])
	})
	rest := make([]int64, len(p.Types))
	for _, key := range keys[most-1:] {
		for i, value := range p.rows[key].Values {
			rest[i] += value
		}
		delete(p.rows, key)
	}
	p.Add(Box("[truncated]"), nil, rest)
	return len(keys) - most + 1
}

func (p *Profile) dropEmpty() {
	for key, row := range p.rows {
		if !slices.ContainsFunc(row.Values, func(value int64) bool { return value != 0 }) {
			delete(p.rows, key)
		}
	}
}

func keyOf(stack []*Location, labels []Label) uint64 {
	var hash maphash.Hash
	hash.SetSeed(seed)
	for _, location := range stack {
		maphash.WriteComparable(&hash, location.hash)
	}
	for _, label := range labels {
		hash.WriteString(strconv.Quote(label.Key))
		hash.WriteString(strconv.Quote(label.Value))
	}
	return hash.Sum64()
}

// Rows of the profile, in no order.
func (p *Profile) Rows() iter.Seq2[uint64, *Row] { return maps.All(p.rows) }
