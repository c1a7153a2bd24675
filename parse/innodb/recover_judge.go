package innodb

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"

	"github.com/lastwrite/lastwrite/parse"
)

// onDisk notes what the data files hold before the log is applied.
func (r *recovery) onDisk() {
	best := map[UUID]Position{}
	add := func(p Position, ok bool) {
		if old, seen := best[p.UUID]; ok && (!seen || p.Seqno > old.Seqno) {
			best[p.UUID] = p
		}
	}
	pages := r.player.pages
	sys := pages.image(trxSysID)
	sys.initial = true
	if !sys.blind {
		p, _, ok := trxSysXID(sys.bytes)
		add(p, ok)
	}
	for _, id := range pages.rsegs {
		if id.number == noPage {
			continue
		}
		if i := pages.image(id); !i.blind {
			i.initial = PageType(binary.BigEndian.Uint16(i.bytes[offType:])) == TypeSystem
			p, ok := rsegPosition(i.bytes)
			add(p, ok)
		}
	}
	r.OnDisk = slices.SortedFunc(maps.Values(best), func(a, b Position) int {
		return cmp.Or(cmp.Compare(b.Seqno, a.Seqno), slices.Compare(a.UUID[:], b.UUID[:]))
	})
}

// rsegPosition reads the XID of a rollback segment header page.
func rsegPosition(page []byte) (Position, bool) {
	if binary.BigEndian.Uint32(page[rsegFormat:]) != 0 {
		return undefined(), false // from before MariaDB 10.3.5, or of MySQL
	}
	return parseXID(page[rsegXID(len(page)):])
}

// judge takes the position out of the pages as the log left them (MariaDB
// storage/innobase/trx/trx0rseg.cc trx_rseg_array_init).
func (r *recovery) judge() {
	pages := r.player.pages
	sys := pages.image(trxSysID)
	r.look(sys)
	if p, at, ok := trxSysXID(sys.bytes); ok && !sys.blind {
		r.offer(p, sys, at)
	}
	for _, id := range pages.rsegs {
		if id.number == noPage {
			continue
		}
		i := pages.image(id)
		r.look(i)
		if i.blind {
			if i.known&knownSeqno == knownSeqno {
				r.LogSeqno = max(r.LogSeqno, seqnoOf(i.bytes))
			}
			continue
		}
		r.Segments++
		if p, ok := rsegPosition(i.bytes); ok {
			r.offer(p, i, rsegXID(len(i.bytes)))
		}
	}
	if r.LogSeqno > r.Position.Seqno && !r.Position.UUID.IsZero() {
		r.Position.Seqno, r.Position.GTID, r.From = r.LogSeqno, ServerGTID{}, FromRedo
	}
	r.Settled = r.Position
	r.undoLogs()
	if pages.lost {
		r.reason(TooManyUndoPages, parse.Span{File: r.files.System[0].Name}, 0)
	}
	r.Bound = Exact
	if len(r.Reasons) > 0 {
		r.Bound = AtLeast
		if r.Position.IsUndefined() {
			r.Bound = None
		}
	}
}

// look notes how a page came about.
func (r *recovery) look(i *image) {
	span := parse.Span{File: i.file, Offset: i.at, Length: int64(len(i.bytes)), Field: pageField(i.id.number)}
	if i.from == FromDoublewrite && !i.fresh {
		r.Mended++
	}
	if i.touched {
		r.Applied++
	}
	end := r.Log.End
	switch {
	case i.blind && r.store.spaces[i.id.space] == nil:
		r.reason(SpaceMissing, parse.Span{Field: pageField(i.id.number)}, 0)
		r.refuse(fmt.Sprintf("InnoDB: Failed to open the undo tablespace undo%03d", i.id.space-r.undoStart+1))
	case i.sealed && i.blind:
		r.reason(PageEncrypted, span, 0)
	case i.blind:
		r.reason(PageUnreadable, span, 0)
		d, damaged := r.player.damage[i.id]
		if damaged && len(r.Damage) < MaxDamage {
			r.Damage = append(r.Damage, d)
		}
		switch {
		case i.touched:
			r.refuse(fmt.Sprintf("InnoDB: Unable to apply log to corrupted page %d in file ./%s", i.id.number, r.shownName(i)))
		case damaged:
			r.refuse(fmt.Sprintf("InnoDB: Failed to read page %d from file './%s': Page read from tablespace is corrupted.", i.id.number, r.shownName(i)))
		}
	case end != 0 && i.lsn > end:
		r.reason(PageAhead, span, i.lsn)
	case end != 0 && !r.player.opaque && i.slots && i.initial && i.base > r.Log.Checkpoint && !i.met:
		r.reason(LogForeign, span, i.base)
	}
}

// offer takes a position if it is further than those before.
func (r *recovery) offer(p Position, i *image, at int) {
	if p.Seqno <= r.Position.Seqno {
		return
	}
	r.Position, r.From = p, i.from
	if i.touched {
		r.From = FromRedo
	}
	file, offset := i.file, i.at
	if t := r.store.spaces[i.id.space]; t != nil {
		f, page, _ := t.locate(i.id.number)
		file, offset = f.Name, page
	}
	r.At = parse.Span{File: file, Offset: offset + int64(at), Length: xidEnd, Field: pageField(i.id.number) + ".wsrep-xid"}
}

func seqnoOf(page []byte) int64 {
	return int64(binary.LittleEndian.Uint64(page[rsegXID(len(page))+xidSeqno:]))
}

// undoLogs looks for prepared transactions.
func (r *recovery) undoLogs() {
	pages := r.player.pages
	seen := map[pageID]bool{}
	for _, rseg := range pages.rsegs {
		if rseg.number == noPage {
			continue
		}
		i := pages.image(rseg)
		if i.blind || binary.BigEndian.Uint32(i.bytes[rsegFormat:]) != 0 {
			continue
		}
		for _, n := range undoPages(i.bytes) {
			id := pageID{rseg.space, n}
			if seen[id] || !pages.has(id) {
				continue
			}
			seen[id] = true
			u := pages.peek(id)
			r.Undo++
			r.look(u)
			if u.blind || !undoIsPrepared(u.bytes) {
				continue
			}
			if p, trx, at, ok := preparedXID(u.bytes); ok {
				r.Prepared = append(r.Prepared, Prepared{Position: p, Trx: trx,
					At: parse.Span{File: u.file, Offset: u.at + int64(at), Length: xidEnd, Field: pageField(n) + ".undo.xid"}})
			}
		}
	}
	if len(r.Prepared) == 0 {
		return
	}
	slices.SortStableFunc(r.Prepared, func(a, b Prepared) int { return cmp.Compare(a.Seqno, b.Seqno) })
	var committed []bool
	known := false
	if r.options.Resolve != nil {
		committed, known = r.options.Resolve(slices.Clone(r.Prepared))
	}
	if !known || len(committed) != len(r.Prepared) {
		r.reason(PreparedUnknown, r.Prepared[0].At, 0)
		return
	}
	for i := range r.Prepared {
		p := &r.Prepared[i]
		if p.Committed = committed[i]; p.Committed && p.Seqno > r.Position.Seqno {
			r.Position, r.From, r.At = p.Position, FromUndo, p.At
		}
	}
}

// Continuation tells which prepared transactions a server commits that has no
// binary log: those that continue the history at seqno without a gap and have a
// server GTID (MariaDB sql/handler.cc xarecover_handlerton). prepared is in the
// order of seqnos, as Options.Resolve gets it.
func Continuation(seqno int64, prepared []Prepared) []bool {
	out := make([]bool, len(prepared))
	for i, p := range prepared {
		if p.Seqno != seqno+1 {
			break
		}
		seqno = p.Seqno
		out[i] = !p.GTID.IsZero()
	}
	return out
}

// lookBeyond looks for records behind the end of the log, and how far they go.
func (r *recovery) lookBeyond(ctx context.Context) error {
	s := r.scan
	found, err := s.beyond(ctx)
	if err != nil || !found {
		return err
	}
	p := r.player
	p.made = nil // a start does not come here
	for _, i := range p.watched {
		if i != nil {
			i.known = 0
		}
	}
	b := &Beyond{Seqno: -1}
	for n := 0; ; n++ {
		if n&0xfff == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		m, ok, err := s.next()
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		if b.Mtrs == 0 {
			b.First = m.start
		}
		b.Mtrs++
		b.Last = m.end
		p.play(m)
	}
	if b.Mtrs == 0 {
		return nil
	}
	for _, id := range p.rsegs {
		if i := p.watched[id]; i != nil && i.known&knownSeqno == knownSeqno {
			b.Seqno = max(b.Seqno, seqnoOf(i.bytes))
		}
	}
	r.Recovery.Beyond = b
	r.reason(LogDamaged, parse.Span{File: r.Log.File, Offset: r.ring.offset(r.Log.End), Field: "redo"}, r.Log.End)
	r.Bound = min(r.Bound, AtLeast)
	return p.err
}
