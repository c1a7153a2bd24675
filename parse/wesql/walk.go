package wesql

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"

	"github.com/lastwrite/lastwrite/parse"
	"github.com/lastwrite/lastwrite/parse/binlog"
)

// Sizes in bytes.
const (
	headerSize   = binlog.HeaderSize
	checksumSize = 4
	consensusLen = 36 // body of a 101 event
	maxFormat    = 512
)

// A walk goes over the events of one file.
type walk struct {
	log    *Log
	win    *window
	size   int64 // offset of the end of the file
	offset int64 // of its first byte
	visit  func(*Entry)
	bare   bool // a slice without magic
	behind bool // behind damage: nothing counts for a scan

	scan   scanner
	frozen bool // the strict scan has ended
	head   binlog.Header
	entry  Entry // the open one, or the last
	open   bool
	last   uint64 // index of the last entry, 0 if none
	term   uint64
}

func (w *walk) damage(off, n int64, field string, kind parse.Kind, want, got string) {
	if len(w.log.Damage) < maxDamage {
		w.log.Damage = append(w.log.Damage, parse.Damage{
			Span: parse.Span{File: w.log.File, Offset: off - w.offset, Length: max(0, min(n, w.size-off)), Field: field}, Kind: kind, Want: want, Got: got,
		})
	}
}

// begin reads magic and format description.
func (w *walk) begin() bool {
	l := w.log
	b := w.win.peek(4)
	if len(b) < 4 {
		w.damage(0, int64(len(b)), "magic", parse.Truncated, "4 bytes", fmt.Sprintf("%d left", len(b)))
		return false
	}
	if !bytes.Equal(b, []byte("\xfebin")) {
		w.damage(0, 4, "magic", parse.BadMagic, "fe62696e", fmt.Sprintf("%x", b))
		return false
	}
	l.Magic = true
	w.win.skip(4)
	l.Server.End = 4
	b = w.win.peek(headerSize)
	if len(b) < headerSize {
		w.damage(4, int64(len(b)), "header", parse.Truncated, fmt.Sprintf("%d bytes", headerSize), fmt.Sprintf("%d left", len(b)))
		return false
	}
	var h binlog.Header
	decode(&h, b, 4)
	if h.Type != binlog.FormatDescriptionType {
		w.damage(8, 1, "type", parse.BadValue, "a format description as the first event", h.Type.String())
		l.Server.Malformed, l.Server.From, l.Server.To = "First event is not a Format_description_event", 4, h.End()
		return false
	}
	l.InUse = h.Flags&binlog.FlagInUse != 0
	if h.Length < headerSize+57+1+checksumSize || h.Length > maxFormat {
		w.damage(13, 4, "length", parse.BadValue, "the length of a format description", fmt.Sprint(h.Length))
		return false
	}
	b = w.win.peek(int(h.Length))
	if int64(len(b)) < h.Length {
		w.damage(4, int64(len(b)), h.Type.String(), parse.Truncated, fmt.Sprintf("%d bytes", h.Length), fmt.Sprintf("%d left", len(b)))
		return false
	}
	w.format(h, b)
	w.win.skip(len(b))
	l.Events++
	l.Server.End = h.End()
	return true
}

// format takes the format description.
func (w *walk) format(h binlog.Header, b []byte) {
	l := w.log
	l.Format, l.ServerID = true, h.ServerID
	version, _, _ := bytes.Cut(b[21:71], []byte{0})
	l.Version = strings.ToValidUTF8(string(version), "\uFFFD")
	l.Created = binary.LittleEndian.Uint32(b[71:])
	l.Types = len(b) - headerSize - 57 - 1 - checksumSize
	at := len(b) - checksumSize
	crc := crc32.ChecksumIEEE(b[:17])
	crc = crc32.Update(crc, crc32.IEEETable, []byte{b[17] &^ byte(binlog.FlagInUse)})
	crc = crc32.Update(crc, crc32.IEEETable, b[18:at])
	if stored := binary.LittleEndian.Uint32(b[at:]); stored != crc {
		w.bad(h, stored, crc)
	}
	switch b[at-1] {
	case 0:
		l.Checksum = binlog.NoChecksum
	case 1:
		l.Checksum = binlog.CRC32
	default:
		w.damage(h.End()-5, 1, "checksum-algorithm", parse.BadValue, "0 or 1", fmt.Sprint(b[at-1]))
	}
}

func decode(h *binlog.Header, b []byte, off int64) {
	_ = b[headerSize-1]
	h.Offset = off
	h.Time = binary.LittleEndian.Uint32(b)
	h.Type = binlog.Type(b[4])
	h.ServerID = binary.LittleEndian.Uint32(b[5:])
	h.Length = int64(binary.LittleEndian.Uint32(b[9:]))
	h.NextPos = binary.LittleEndian.Uint32(b[13:])
	h.Flags = binary.LittleEndian.Uint16(b[17:])
}

// bad notes an event whose checksum is wrong. The strict scan ends in front of
// it.
func (w *walk) bad(h binlog.Header, stored, got uint32) {
	w.log.BadEvents++
	w.damage(h.Offset, h.Length, h.Type.String(), parse.BadChecksum, fmt.Sprintf("%08x", stored), fmt.Sprintf("%08x", got))
	if !w.frozen && !w.behind {
		w.freeze()
	}
}

// freeze ends the strict scan where the other one stands.
func (w *walk) freeze() {
	w.frozen, w.log.Strict = true, w.log.Server
	w.log.Strict.Open = w.scan.open
}

// run goes over events to the first that is not whole.
func (w *walk) run() {
	h := &w.head
	for first := true; ; first = false {
		b := w.win.peek(headerSize)
		if len(b) < headerSize {
			if len(b) > 0 {
				w.damage(w.win.off, int64(len(b)), "header", parse.Truncated, fmt.Sprintf("%d bytes", headerSize), fmt.Sprintf("%d left", len(b)))
			}
			return
		}
		decode(h, b, w.win.off)
		if first && w.bare && h.Type == binlog.ConsensusLogType && h.Length == headerSize+consensusLen {
			w.log.Checksum = binlog.NoChecksum
		}
		least := int64(headerSize)
		if w.log.Checksum == binlog.CRC32 {
			least += checksumSize
		}
		left := w.size - h.Offset
		switch {
		case h.Length < least:
			w.damage(h.Offset+9, 4, "length", parse.BadValue, fmt.Sprintf("at least %d", least), fmt.Sprint(h.Length))
			return
		case h.Length > left:
			w.damage(h.Offset, left, h.Type.String(), parse.Truncated, fmt.Sprintf("%d bytes", h.Length), fmt.Sprintf("%d left", left))
			return
		}
		ok := false
		if h.Length <= int64(len(w.win.buf)) && h.Length <= digestChunk {
			ok = w.small(h)
		} else {
			ok = w.large(h)
		}
		if !ok {
			return
		}
	}
}

// small takes an event that fits into the window and into one piece of the
// digest.
func (w *walk) small(h *binlog.Header) bool {
	b := w.win.peek(int(h.Length))
	if int64(len(b)) < h.Length {
		return w.cut(h, len(b))
	}
	body := b[headerSize:]
	good := true
	if w.log.Checksum == binlog.CRC32 {
		at := len(b) - checksumSize
		body = b[headerSize:at]
		if stored, got := binary.LittleEndian.Uint32(b[at:]), crc32.ChecksumIEEE(b[:at]); stored != got {
			good = false
			w.bad(*h, stored, got)
		}
	}
	w.take(h, body, 0, good)
	w.win.skip(int(h.Length))
	w.close101(h)
	return true
}

// large walks through an event in pieces.
func (w *walk) large(h *binlog.Header) bool {
	left := h.Length - headerSize
	tail := int64(0)
	if w.log.Checksum == binlog.CRC32 {
		tail = checksumSize
	}
	left -= tail
	b := w.win.peek(headerSize)
	crc := crc32.ChecksumIEEE(b)
	w.win.skip(headerSize)
	var sum uint64
	var body []byte
	for left > 0 {
		n := int(min(left, digestChunk))
		b := w.win.peek(n)
		if len(b) < n {
			return w.cut(h, int(w.win.off-h.Offset)+len(b))
		}
		if body == nil {
			body = bytes.Clone(b[:min(n, 256)])
		}
		if tail > 0 {
			crc = crc32.Update(crc, crc32.IEEETable, b)
		}
		sum = digest(sum, b)
		w.win.skip(n)
		left -= int64(n)
	}
	good := true
	if tail > 0 {
		b := w.win.peek(checksumSize)
		if len(b) < checksumSize {
			return w.cut(h, int(h.Length)-checksumSize)
		}
		if stored := binary.LittleEndian.Uint32(b); stored != crc {
			good = false
			w.bad(*h, stored, crc)
		}
		w.win.skip(checksumSize)
	}
	w.take(h, body, sum|1, good)
	w.close101(h)
	return true
}

// cut says that the file is shorter than its size promised.
func (w *walk) cut(h *binlog.Header, have int) bool {
	w.damage(h.Offset, int64(have), h.Type.String(), parse.Truncated, fmt.Sprintf("%d bytes", h.Length), "the end of the data")
	return false
}

// take puts an event into its entry. sum is the digest of a body that is not
// here as a whole, else 0.
func (w *walk) take(h *binlog.Header, body []byte, sum uint64, good bool) {
	l := w.log
	l.Events++
	if h.Type != binlog.RotateType {
		l.NextFile = ""
	}
	l.Stopped = h.Type == binlog.StopType
	switch h.Type {
	case binlog.FormatDescriptionType, binlog.PreviousGTIDsType, binlog.StopType:
	case binlog.RotateType:
		if len(body) > 8 && len(body) < 8+512 {
			l.NextFile = strings.ToValidUTF8(string(body[8:]), "\uFFFD")
		}
	case binlog.PreviousConsensusIndexType:
		if len(body) == 8 && !w.behind {
			l.HasFirst, l.First = true, binary.LittleEndian.Uint64(body)
			w.scan.cur = l.First - 1
			w.last = l.First - 1
		}
	case binlog.ConsensusLogType:
		w.begin101(h, body, good)
	default:
		w.payload(h, body, sum, good)
	}
	if !w.behind {
		w.scan.after(h, &l.Server)
	}
}

// begin101 opens an entry.
func (w *walk) begin101(h *binlog.Header, body []byte, good bool) {
	w.finishEntry()
	if len(body) < consensusLen {
		w.damage(h.Offset, h.Length, h.Type.String(), parse.BadValue, fmt.Sprintf("a body of %d bytes", consensusLen), fmt.Sprint(len(body)))
		return
	}
	e := &w.entry
	*e = Entry{
		Flag: Flag(binary.LittleEndian.Uint32(body)), Term: binary.LittleEndian.Uint64(body[4:]), Index: binary.LittleEndian.Uint64(body[12:]),
		Length: binary.LittleEndian.Uint64(body[20:]), Reserve: binary.LittleEndian.Uint64(body[28:]),
		Offset: h.Offset, Start: h.End(), End: h.End(), Behind: w.behind,
	}
	e.Digest = mix(uint64(e.Flag)^mulA, mulB)
	if !good {
		e.Bad = h.Offset
	}
	w.open = true
	w.place(h)
	if !w.behind && !w.scan.open101(e, &w.log.Server) {
		w.log.Server.From, w.log.Server.To = h.Offset, h.End()
		if !w.frozen {
			w.freeze()
		}
		w.behind, e.Behind = true, true
	}
	if !slices.Contains(w.log.Servers, h.ServerID) && len(w.log.Servers) < maxServers {
		w.log.Servers = append(w.log.Servers, h.ServerID)
	}
}

// place compares index and term with the entry before.
func (w *walk) place(h *binlog.Header) {
	e, l := &w.entry, w.log
	span := parse.Span{File: l.File, Offset: h.Offset - w.offset + headerSize + 12, Length: 8, Field: "index"}
	if (w.last != 0 || l.HasFirst && !w.behind) && e.Index != w.last+1 && len(l.Gaps) < maxDamage {
		l.Gaps = append(l.Gaps, Gap{span, w.last + 1, e.Index})
	}
	if e.Term < w.term && len(l.Decreases) < maxDamage {
		span.Offset, span.Field = span.Offset-8, "term"
		l.Decreases = append(l.Decreases, Gap{span, w.term, e.Term})
	}
	w.last, w.term = e.Index, e.Term
}

// payload adds an event to the open entry.
func (w *walk) payload(h *binlog.Header, body []byte, sum uint64, good bool) {
	e := &w.entry
	if !w.open {
		return
	}
	if !good && e.Bad == 0 {
		e.Bad = h.Offset
	}
	if e.Events++; e.Events == 1 {
		e.Time, e.Leader = h.Time, h.ServerID
	}
	e.End = h.End()
	head := uint64(h.Type) | uint64(h.Flags)<<8 | uint64(h.Time)<<32
	switch h.Type {
	case binlog.ConsensusClusterInfoType:
		if len(body) >= 4 {
			if n := int64(binary.LittleEndian.Uint32(body)); n <= int64(len(body)-4) {
				body = body[4 : 4+n]
			}
		}
		if c, ok := parseChange(body); ok || len(c.Addresses) > 0 {
			e.Change = c
			c.Index, c.Term = e.Index, e.Term
		}
		head = uint64(h.Type)
	case binlog.ConsensusEmptyType:
		e.Empty = e.Events == 1
	case binlog.XIDType:
		if len(body) == 8 {
			e.XID, e.HasXID = binary.LittleEndian.Uint64(body), true
		}
		head ^= mix(uint64(h.ServerID)^mulC, mulA)
	case binlog.XAPrepareType:
		e.XA = true
		head ^= mix(uint64(h.ServerID)^mulC, mulA)
	case binlog.QueryType:
		e.DDL = e.DDL || !bytes.HasSuffix(body, []byte("BEGIN"))
		head ^= mix(uint64(h.ServerID)^mulC, mulA)
	default:
		head ^= mix(uint64(h.ServerID)^mulC, mulA)
	}
	e.Digest = mix(e.Digest^head, mulB^uint64(e.Events))
	if sum != 0 {
		e.Digest = mix(e.Digest^sum, mulC)
	} else {
		e.Digest = digest(e.Digest, body)
	}
}

// close101 ends the open entry if its payload is whole.
func (w *walk) close101(h *binlog.Header) {
	if w.open && w.entry.Events > 0 && uint64(w.entry.End-w.entry.Start) == w.entry.Length && w.entry.End == h.End() {
		w.entry.Complete = true
		w.finishEntry()
	}
}

// finishEntry hands out the open entry, whole or not.
func (w *walk) finishEntry() {
	if !w.open {
		return
	}
	w.open = false
	e, l := &w.entry, w.log
	if e.Complete {
		w.count(e)
	} else if len(l.Misfits) < maxDamage {
		l.Misfits = append(l.Misfits, Misfit{
			parse.Span{File: l.File, Offset: e.Offset - w.offset, Length: e.End - e.Offset, Field: fmt.Sprintf("entry[%d].length", e.Index)},
			e.Index, e.Term, e.Length, uint64(e.End - e.Start),
		})
	}
	if w.visit != nil {
		w.visit(e)
	}
}

// count sums up an entry.
func (w *walk) count(e *Entry) {
	l := w.log
	if e.Behind {
		if l.Behind == 0 {
			l.BehindFirst = e.Index
		}
		l.Behind, l.BehindLast = l.Behind+1, e.Index
		return
	}
	if l.Entries == 0 {
		l.FirstIndex = e.Index
	}
	l.Entries, l.LastIndex = l.Entries+1, e.Index
	if n := len(l.Terms) - 1; n >= 0 && l.Terms[n].Term == e.Term && l.Terms[n].Last+1 == e.Index {
		l.Terms[n].Last = e.Index
	} else if len(l.Terms) < maxTerms {
		l.Terms = append(l.Terms, TermRange{e.Term, e.Index, e.Index})
	}
	if e.Change != nil && len(l.Changes) < maxChanges {
		l.Changes = append(l.Changes, e.Change)
	}
}

// close ends the scan at the end of the file.
func (w *walk) close() {
	w.finishEntry()
	w.log.Server.Open = w.scan.open
	if !w.frozen {
		w.log.Strict = w.log.Server
	}
}

// A scanner is what a start does with the last file of a log
// (plugin/raft_replication/consensus_binlog_recovery.cc).
type scanner struct {
	cur        uint64
	term       uint64
	open       bool
	start, end int64
	length     uint64
	flag       Flag
	large      bool
}

// open101 opens an entry; false means that the server gives up.
func (s *scanner) open101(e *Entry, out *Scan) bool {
	if e.Index < s.cur {
		out.Malformed = "Consensus_log_event log index out of order"
		return false
	}
	s.cur, s.term, s.flag, s.length = e.Index, e.Term, e.Flag, e.Length
	s.start, s.end, s.open = e.Start, e.Start, true
	return true
}

// after takes an event into account.
func (s *scanner) after(h *binlog.Header, out *Scan) {
	switch h.Type {
	case binlog.PreviousConsensusIndexType, binlog.ConsensusLogType, binlog.FormatDescriptionType, binlog.PreviousGTIDsType, binlog.RotateType:
	default:
		s.end = h.End()
		if s.open && s.end > s.start && uint64(s.end-s.start) == s.length && s.flag&FlagBlob == 0 {
			s.open, s.large = false, s.flag&FlagLarge != 0
		}
	}
	if s.open || context(h.Type) {
		return
	}
	out.Index, out.Term, out.End, out.InLarge = s.cur, s.term, h.End(), s.large
	if !s.large {
		out.Complete = s.cur
	}
}

// context reports whether an event only prepares the next one.
func context(t binlog.Type) bool {
	const intvar, random, userVar, rowsQuery = 5, 13, 14, 29
	switch t {
	case intvar, random, userVar, rowsQuery, binlog.MySQLGTIDType, binlog.AnonymousGTIDType:
		return true
	}
	return false
}
