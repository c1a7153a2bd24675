package innodb

// A player carries out mini-transactions on the pages that are watched, and
// notes the files that the log speaks of.
type player struct {
	*pages
	files *fileRecords
	// malformed is the LSN at which a server would stop because of a record, 0
	// if there is none.
	malformed uint64
	opaque    bool                       // the records are encrypted
	made      func(space, number uint32) // Options.Made
}

// play carries out one mini-transaction.
func (p *player) play(m mtr) {
	if p.opaque {
		return
	}
	for again := false; ; again = true {
		p.pass(m, again)
		if !p.settle() {
			return
		}
	}
}

// pass goes through the records once. In another pass only the pages count
// that have been added by the one before.
func (p *player) pass(m mtr, again bool) {
	rs := records{rest: m.records}
	var t target
	last := uint32(0) // space of the record before
	for {
		r, ok := rs.next()
		if !ok {
			break
		}
		switch {
		case r.file:
			if !again {
				p.files.operation(r, m)
			}
			continue
		case r.same:
			if t.image == nil {
				continue
			}
		default:
			if r.id.space != last && !again {
				last = r.id.space
				p.files.modified(r.id, m.end)
			}
			if r.kind == recExtended && len(r.body) == 1 && r.body[0] == extTrimPages && !again {
				p.trim(r.id.space, r.id.number)
			}
			if (r.kind == recInit || r.kind == recFree) && p.made != nil {
				p.made(r.id.space, r.id.number)
			}
			if t = p.target(r.id, m, again); t.image == nil {
				continue
			}
		}
		if !t.apply(r) && p.malformed == 0 {
			p.malformed = m.end
		}
		if t.dirty && !t.listed {
			t.listed = true
			p.changed = append(p.changed, t.image)
		}
		if !t.skip {
			t.lsn, t.within = m.end, m.end
		}
	}
	if rs.err && p.malformed == 0 {
		p.malformed = m.end
	}
}

// target returns the page that a record is about, without a page if it does
// not matter.
func (p *player) target(id pageID, m mtr, again bool) target {
	if !p.isWatched(id) || again && !p.added[id] {
		return target{}
	}
	i := p.image(id)
	i.met = i.met || i.base == m.end
	return target{image: i, skip: !i.fresh && !i.blind && i.lsn > m.start && i.within != m.end}
}
