package profile

import "slices"

// Delta makes what was added of profiles that count since the start of the process. It remembers one number for each
// column and stack, by a hash of the stack: the runtime never forgets a stack either.
type Delta struct {
	columns [2]int // both that heap, block and mutex profiles have
	before  map[uint64][2]int64
}

// NewDelta subtracts in these columns; the others are levels and stay as they are.
func NewDelta(first, second int) *Delta {
	return &Delta{columns: [2]int{first, second}, before: map[uint64][2]int64{}}
}

// Since makes `p` what was added since the profile before it, in place. Stacks with nothing in it are left out.
func (d *Delta) Since(p *Profile) {
	for key, row := range p.rows {
		before := d.before[key]
		for i, column := range d.columns {
			now := row.Values[column]
			// The runtime scales what it sampled, and rounds: never less than nothing.
			row.Values[column] = max(0, now-before[i])
			before[i] = max(now, before[i])
		}
		d.before[key] = before
	}
	for column := range p.Types {
		if !slices.Contains(d.columns[:], column) {
			p.Types[column].Level = true
		}
	}
	p.dropEmpty()
}
