package smartengine

import (
	"cmp"
	"maps"
	"slices"

	"github.com/lastwrite/lastwrite/parse"
)

// Tables are the index ids of the raft tables. 0: not known.
type Tables struct {
	Info    uint32 // mysql.consensus_info
	Applier uint32 // mysql.consensus_applier_info
	Worker  uint32 // mysql.consensus_applier_worker
}

// A State is what the raft tables hold. Fields are nil without a row.
type State struct {
	Info    *Info
	Applier *Applier
	Workers []Worker // in the order of their ids
	// InfoAt and ApplierAt say where the rows stand.
	InfoAt    Place
	ApplierAt Place
}

// A Place is where the newest version of a row stands, and when it was written.
type Place struct {
	parse.Span        // the record of the WAL, or the block of the extent
	Sequence   uint64 // of the engine
}

// find completes ids that are not known. The rows have recognisable keys and
// values; known says what database a subtable belongs to.
func (t Tables) find(r rows, database func(uint32) (string, bool)) Tables {
	var info, applier, worker []uint32
	for k, v := range r {
		if db, known := database(k.subtable); known && db != "mysql" || v.deleted {
			continue
		}
		if _, d := ParseInfo("", 0, v.value); d == nil && k.line == infoLine {
			info = append(info, k.subtable)
		}
		if _, d := ParseApplier("", 0, v.value); d == nil && k.line == applierLine {
			applier = append(applier, k.subtable)
		}
		if _, d := ParseWorker("", 0, v.value); d == nil && k.line > 0 {
			worker = append(worker, k.subtable)
		}
	}
	lowest := func(have uint32, found []uint32) uint32 {
		if have == 0 && len(found) > 0 {
			return slices.Min(found)
		}
		return have
	}
	return Tables{lowest(t.Info, info), lowest(t.Applier, applier), lowest(t.Worker, worker)}
}

// state reads the rows of the tables. Damage is that of rows that do not decode.
func (t Tables) state(r rows) (s State, damage []parse.Damage) {
	order := func(a, b rowKey) int { return cmp.Or(cmp.Compare(a.subtable, b.subtable), cmp.Compare(a.line, b.line)) }
	for _, k := range slices.SortedFunc(maps.Keys(r), order) {
		v := r[k]
		if v.deleted || k.subtable == 0 {
			continue
		}
		var d *parse.Damage
		switch {
		case k == rowKey{t.Info, infoLine}:
			var row Info
			if row, d = ParseInfo(v.span.File, v.span.Offset, v.value); d == nil {
				s.Info, s.InfoAt = &row, Place{v.span, v.sequence}
			}
		case k == rowKey{t.Applier, applierLine}:
			var row Applier
			if row, d = ParseApplier(v.span.File, v.span.Offset, v.value); d == nil {
				s.Applier, s.ApplierAt = &row, Place{v.span, v.sequence}
			}
		case k.subtable == t.Worker:
			var row Worker
			if row, d = ParseWorker(v.span.File, v.span.Offset, v.value); d == nil {
				row.ID = k.line
				s.Workers = append(s.Workers, row)
			}
		}
		if d != nil {
			d.Offset, d.Length = v.span.Offset, v.span.Length
			damage = append(damage, *d)
		}
	}
	return s, damage
}
