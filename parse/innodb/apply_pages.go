package innodb

import (
	"encoding/binary"

	"github.com/lastwrite/lastwrite/parse"
)

// The most pages that are kept: what a sound log names is far below.
const (
	maxWatched = 1 << 18 // names
	maxImages  = 4096    // pages in memory
)

// pages holds the few pages that the position depends on, and carries out what
// the log does to them: TRX_SYS, the headers of the rollback segments, and the
// first pages of undo logs. Which they are may change with the log; a page that
// becomes one of them is made anew by the mini-transaction that names it, which
// is why only that one has to be looked at again.
type pages struct {
	store   *storage
	watched map[pageID]*image // nil: not in memory yet
	filter  [1024]uint64      // a bit for each page that may be watched
	rsegs   [rsegCount]pageID
	added   map[pageID]bool // since the records of this mini-transaction began
	changed []*image        // with other slots than before
	images  int
	lost    bool // more pages than can be kept
	damage  map[pageID]parse.Damage
	err     error
}

var trxSysID = pageID{0, trxSysPage}

func newPages(s *storage) (*pages, error) {
	p := &pages{store: s, watched: map[pageID]*image{}, added: map[pageID]bool{}, damage: map[pageID]parse.Damage{}}
	for i := range p.rsegs {
		p.rsegs[i].number = noPage
	}
	p.watch(trxSysID)
	p.slotsChanged(p.image(trxSysID))
	return p, p.err
}

// bit returns the place of a page in the filter.
func (id pageID) bit() (word, bit uint32) {
	h := (id.number ^ id.space*0x9e5) & 0xffff
	return h >> 6, h & 63
}

func (p *pages) watch(id pageID) {
	if _, ok := p.watched[id]; ok || id.number == noPage {
		return
	}
	if len(p.watched) >= maxWatched {
		p.prune()
		if len(p.watched) >= maxWatched {
			p.lost = true
			return
		}
	}
	p.watched[id] = nil
	p.added[id] = true
	word, bit := id.bit()
	p.filter[word] |= 1 << bit
}

// isWatched reports whether the records of a page matter.
func (p *pages) isWatched(id pageID) bool {
	word, bit := id.bit()
	if p.filter[word]>>bit&1 == 0 {
		return false
	}
	_, ok := p.watched[id]
	return ok
}

// image returns a watched page, which is read when it is needed for the first
// time.
func (p *pages) image(id pageID) *image {
	if i := p.watched[id]; i != nil {
		return i
	}
	if p.images >= maxImages {
		p.prune()
		p.lost = p.lost || p.images >= maxImages
	}
	i := p.peek(id)
	if _, ok := p.watched[id]; ok && i != nil && p.images < maxImages {
		p.watched[id] = i
		p.images++
	}
	return i
}

// peek reads a page without keeping it.
func (p *pages) peek(id pageID) *image {
	if i := p.watched[id]; i != nil {
		return i
	}
	i, damage, err := p.store.load(id)
	if err != nil {
		p.err = err
		return &image{id: id, bytes: make([]byte, p.store.pageSize), blind: true}
	}
	if damage != nil {
		p.damage[id] = *damage
	}
	return i
}

// has reports whether there is such a page, in memory or in a file.
func (p *pages) has(id pageID) bool {
	if p.watched[id] != nil {
		return true
	}
	t := p.store.spaces[id.space]
	if t == nil {
		return false
	}
	_, _, ok := t.locate(id.number)
	return ok
}

// slotsChanged goes through the slots of TRX_SYS or of a rollback segment and
// watches what they name.
func (p *pages) slotsChanged(i *image) {
	i.slots, i.dirty, i.listed = true, false, false
	if i.id != trxSysID {
		if i.blind {
			return
		}
		for _, n := range undoPages(i.bytes) {
			p.watch(pageID{i.id.space, n})
		}
		return
	}
	p.rsegs = rsegPages(i.bytes)
	for n, id := range p.rsegs {
		if id.number == noPage {
			continue
		}
		if i.blind && !p.looksLikeSegment(id) {
			p.rsegs[n].number = noPage
			continue
		}
		p.watch(id)
		if seg := p.image(id); !seg.slots {
			p.slotsChanged(seg)
		}
	}
}

// looksLikeSegment reports whether a page that a damaged TRX_SYS names may be
// the header of a rollback segment.
func (p *pages) looksLikeSegment(id pageID) bool {
	if id.number == 0 || !p.has(id) {
		return false
	}
	i := p.peek(id)
	return !i.blind && PageType(binary.BigEndian.Uint16(i.bytes[offType:])) == TypeSystem
}

// prune forgets pages that no slot names any more.
func (p *pages) prune() {
	keep := map[pageID]bool{trxSysID: true}
	for _, id := range p.rsegs {
		keep[id] = true
		if i := p.watched[id]; i != nil && !i.blind {
			for _, n := range undoPages(i.bytes) {
				keep[pageID{id.space, n}] = true
			}
		}
	}
	p.images = 0
	p.filter = [1024]uint64{}
	for id, i := range p.watched {
		if !keep[id] {
			delete(p.watched, id)
			continue
		}
		if i != nil {
			p.images++
		}
		word, bit := id.bit()
		p.filter[word] |= 1 << bit
	}
}

// trim forgets what is known of an undo tablespace that the log cuts short
// (TRIM_PAGES): everything in it is made anew.
func (p *pages) trim(space, from uint32) {
	for id, i := range p.watched {
		if i != nil && id.space == space && (space != 0 || id.number >= from) {
			i.blind = true
			clear(i.bytes)
		}
	}
}

// settle is called behind each mini-transaction; it reports whether its
// records have to be looked at again for pages that are watched since.
func (p *pages) settle() bool {
	if len(p.changed) == 0 {
		return false
	}
	clear(p.added)
	changed := p.changed
	p.changed = p.changed[:0]
	for _, i := range changed {
		p.slotsChanged(i)
	}
	return len(p.added) > 0
}
