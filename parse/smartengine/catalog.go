package smartengine

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/lastwrite/lastwrite/parse"
)

// A catalog is what a replay of checkpoint and manifests knows: subtables and
// their live extents (db/version_set.cc replay, storage/storage_manager.cc).
type catalog struct {
	tables  map[uint32]*table
	dropped map[uint32]bool
	extents map[ExtentID]Extent
	// failure is where the engine's replay fails, so that it does not open.
	failure *parse.Damage
}

// A table is a subtable with the number of layers that name each extent; an
// extent that moves between levels is deleted and added in any order.
type table struct {
	Subtable
	live map[ExtentID]int
}

func newCatalog(c *Checkpoint) *catalog {
	out := &catalog{tables: map[uint32]*table{0: {live: map[ExtentID]int{}}}, dropped: map[uint32]bool{}, extents: map[ExtentID]Extent{}}
	if c == nil {
		return out
	}
	for _, x := range c.extents {
		out.extents[x.ID] = x
	}
	for _, t := range c.tables {
		live := map[ExtentID]int{}
		for _, id := range t.extents {
			live[id]++
		}
		out.tables[t.ID] = &table{t.Subtable, live}
	}
	return out
}

// replay applies manifests in their order. all takes records behind damage too,
// and does not fail.
func (c *catalog) replay(manifests []*Manifest, all bool) {
	committed := map[uint64]bool{}
	for _, m := range manifests {
		for id, read := range m.committed {
			if read || all {
				committed[id] = true
			}
		}
	}
	for _, m := range manifests {
		for _, e := range m.entries {
			if (all || !e.ignored) && committed[e.transaction] {
				c.apply(m, e, all)
			}
		}
	}
}

func (c *catalog) apply(m *Manifest, e entry, all bool) {
	id := e.subtable.ID
	t := c.tables[id]
	switch e.kind {
	case entryAddSubtable:
		if t == nil {
			c.tables[id] = &table{e.subtable, map[ExtentID]int{}}
			delete(c.dropped, id)
		}
		return
	case entryExtent:
		c.extents[e.extent.ID] = e.extent
		return
	}
	if t == nil {
		if e.kind == entryModifySubtable && c.dropped[id] || all || c.failure != nil {
			return
		}
		c.failure = &parse.Damage{
			Span: parse.Span{File: m.File, Field: "entry.index-id"}, Kind: parse.Mismatch, Want: "a subtable that was added before", Got: fmt.Sprint(id),
		}
		return
	}
	switch e.kind {
	case entryRemoveSubtable:
		delete(c.tables, id)
		c.dropped[id] = true
	case entryModifySchema:
		t.Database = e.subtable.Database
	case entryModifySubtable:
		if p := e.subtable.Point; cmp.Or(cmp.Compare(p.WAL, t.Point.WAL), cmp.Compare(p.Sequence, t.Point.Sequence)) > 0 {
			t.Point = p
		}
		for _, x := range e.changes {
			if x.add {
				t.live[x.id]++
			}
			if x.delete {
				t.live[x.id]--
			}
			if t.live[x.id] == 0 {
				delete(t.live, x.id)
			}
		}
	}
}

// subtables returns the tables in the order of their ids.
func (c *catalog) subtables() []Subtable {
	var out []Subtable
	for _, id := range slices.Sorted(maps.Keys(c.tables)) {
		t := c.tables[id]
		s := t.Subtable
		s.Extents = len(t.live)
		for x := range t.live {
			s.Rows += c.extents[x].Rows
		}
		out = append(out, s)
	}
	return out
}

// live returns the live extents in the order of their places. What no record
// describes has only an id and the subtable.
func (c *catalog) live() []Extent {
	var out []Extent
	for id, t := range c.tables {
		for x := range t.live {
			e, ok := c.extents[x]
			if !ok {
				e = Extent{ID: x}
			}
			e.Subtable = id
			out = append(out, e)
		}
	}
	slices.SortFunc(out, func(a, b Extent) int {
		return cmp.Or(cmp.Compare(a.ID.File, b.ID.File), cmp.Compare(a.ID.Number, b.ID.Number), cmp.Compare(a.Subtable, b.Subtable))
	})
	return out
}

// point returns the highest sequence of all recovery points.
func (c *catalog) point() (p RecoveryPoint) {
	for _, t := range c.tables {
		if t.Point.Sequence > p.Sequence {
			p = t.Point
		}
	}
	return p
}
