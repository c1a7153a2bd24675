package cowsql

import (
	"context"
	"fmt"

	"github.com/lastwrite/lastwrite/parse/cowsql"
)

// A state is what the replicated databases look like at an index: the
// checksum of every page.
type state struct {
	Index     uint64
	Databases map[string]*pages
}

// pages are the page checksums of one database. A page that no entry wrote
// yet is 0, as zero bytes have the checksum 0.
type pages struct {
	Size uint32 // bytes of a page
	CRC  []uint32
}

// stateOf returns the state that a snapshot holds.
func stateOf(s *snapshot) *state {
	out := &state{Index: s.Index, Databases: map[string]*pages{}}
	for _, d := range s.Data.Snapshot.Databases {
		out.Databases[d.Name] = &pages{Size: d.PageSize, CRC: append([]uint32(nil), d.PageCRC...)}
	}
	return out
}

// apply lays the frames entries up to an index over the state. It returns
// false if the log has a hole on the way.
func (st *state) apply(ctx context.Context, m *model, to uint64) (bool, error) {
	view := View{m}
	next := st.Index + 1
	err := view.Walk(next, to, func(e EntryView) error {
		if e.Index != next {
			return nil // behind a hole
		}
		next++
		if e.Type != cowsql.Command {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		payload, err := view.Payload(e)
		if err != nil {
			return err
		}
		st.lay(e, payload)
		return nil
	})
	st.Index = next - 1
	return err == nil && st.Index == to, err
}

func (st *state) lay(e EntryView, payload []byte) {
	c, damage := cowsql.ParseCommand(e.File, "command", e.Offset, payload)
	if damage != nil || c.Type != cowsql.CommandFrames {
		return
	}
	p := st.Databases[c.Database]
	if p == nil {
		p = &pages{Size: uint32(c.PageSize)}
		st.Databases[c.Database] = p
	}
	for i, number := range c.Pages {
		// As many pages as were really read; a huge number is no page.
		if number == 0 || number > uint64(len(p.CRC))+1<<20 {
			continue
		}
		for uint64(len(p.CRC)) < number {
			p.CRC = append(p.CRC, 0)
		}
		p.CRC[number-1] = cowsql.CRC(0, c.Content[i*c.PageSize:(i+1)*c.PageSize])
	}
}

// A pageDiff is a page that two states do not agree on.
type pageDiff struct {
	Database string
	Page     uint32
}

// differ returns the first page that differs and how many do.
func differ(a, b *state) (first pageDiff, n int) {
	for _, name := range sortedKeys(a.Databases) {
		p, q := a.Databases[name], b.Databases[name]
		if q == nil {
			q = &pages{}
		}
		for i := range max(len(p.CRC), len(q.CRC)) {
			if at(p.CRC, i) == at(q.CRC, i) {
				continue
			}
			if n == 0 {
				first = pageDiff{name, uint32(i + 1)}
			}
			n++
		}
	}
	return first, n
}

func at(list []uint32, i int) uint32 {
	if i < len(list) {
		return list[i]
	}
	return 0
}

// maxCrossCheck bounds the bytes of log that are read a second time to check
// one snapshot.
const maxCrossCheck = 1 << 30

// crossCheck compares every snapshot with what an older one and the log in
// between give: the only check that finds damage in the main part of plain
// snapshots, over which there is no checksum.
func (m *model) crossCheck(ctx context.Context) error {
	if m.Kept {
		return nil // whoever made the bundle did it
	}
	list := m.snapshots()
	for i := 1; i < len(list); i++ {
		older, newer := list[i-1], list[i]
		if older.Data.Snapshot == nil || newer.Data.Snapshot == nil || len(older.Data.Damage) > 0 || len(newer.Data.Damage) > 0 ||
			newer.Index < older.Index || m.bytesBetween(older.Index, newer.Index) > maxCrossCheck {
			continue
		}
		st := stateOf(older)
		whole, err := st.apply(ctx, m, newer.Index)
		if err != nil {
			return err
		}
		if !whole {
			continue
		}
		if first, n := differ(st, stateOf(newer)); n > 0 {
			newer.Data.Suspect = fmt.Sprintf("%s of %s, first page %d, differ from what %s and the entries up to %d give",
				plural(n, "page", "pages"), first.Database, first.Page, older.Data.Name.File, newer.Index)
		}
	}
	return nil
}

func (m *model) bytesBetween(from, to uint64) int64 {
	var n int64
	for _, s := range m.Log.Stretches {
		for i := max(s.First, from+1); i <= min(s.last(), to); i++ {
			n += int64(s.at(i).Size)
		}
	}
	return n
}
