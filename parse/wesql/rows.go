package wesql

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"io"
	"strings"

	"github.com/lastwrite/lastwrite/parse"
)

// A Meta is the row of mysql.consensus_info.
type Meta struct {
	parse.Span
	VotedFor         uint64
	Term             uint64
	RecoverStatus    uint64 // 0 follower, 1 was leader
	LastLeaderTerm   uint64
	StartApplyIndex  uint64
	ClusterID        string
	Members          string
	Learners         string
	ConfigIndex      uint64
	transaction      uint64
	FromRedo         bool // found in the redo log, newer than the page
	MembersMalformed bool
}

// Rows are the raft rows of an InnoDB node.
type Rows struct {
	Meta       *Meta
	Applied    uint64 // Consensus_apply_index of consensus_applier_info
	HasApplied bool
	AppliedAt  parse.Span
	Workers    uint32
	Highest    uint64 // greatest Consensus_apply_index of consensus_applier_worker
	Pages      int64  // index pages that were looked at
}

// InnoDB pages (storage/innobase/include/fil0types.h, page0types.h); all
// numbers are big-endian.
const (
	pageType     = 24
	pageIndex    = 17855
	pageHeapTop  = 38 + 2
	pageRecords  = 38 + 16
	pageLevel    = 38 + 26
	infimum      = 99
	supremum     = 112
	hiddenFields = 13 // transaction and roll pointer
)

// ReadRows looks through a tablespace of size bytes, with pages of 16 KiB, for
// the rows of the raft tables. They are known by their shape; of several rows
// of consensus_info the one of the latest transaction counts.
func ReadRows(r io.Reader, file string, size int64) (*Rows, error) {
	const pageSize = 16 << 10
	out := &Rows{}
	page := make([]byte, pageSize)
	for off := int64(0); off+pageSize <= size; off += pageSize {
		if _, err := io.ReadFull(r, page); err != nil {
			if err == io.EOF || err == io.ErrUnexpectedEOF {
				return out, nil
			}
			return out, err
		}
		if binary.BigEndian.Uint16(page[pageType:]) != pageIndex || binary.BigEndian.Uint16(page[pageLevel:]) != 0 {
			continue
		}
		out.Pages++
		out.page(page, file, off)
	}
	return out, nil
}

// page looks at the records of a leaf page.
func (x *Rows) page(page []byte, file string, off int64) {
	n := int(binary.BigEndian.Uint16(page[pageRecords:]))
	if n == 0 || n > 128 {
		return
	}
	workers, highest := 0, uint64(0)
	at := infimum
	for range n {
		next := (at + int(binary.BigEndian.Uint16(page[at-2:]))) & 0xffff
		if next == supremum || next < 120 || next+29 > len(page) {
			break
		}
		at = next
		if page[at-5]&0x20 != 0 { // delete mark
			continue
		}
		span := parse.Span{File: file, Offset: off + int64(at), Length: 4, Field: "consensus_info"}
		if m := infoRecord(page, at); m != nil && (x.Meta == nil || m.transaction > x.Meta.transaction) {
			m.Span = span
			x.Meta = m
		}
		key, b := binary.BigEndian.Uint32(page[at:]), page[at+4+hiddenFields:]
		top := int(binary.BigEndian.Uint16(page[pageHeapTop:]))
		if n == 1 && key == 3 && top == at+29 && at == 126 && page[at-6]&^1 == 0 {
			span.Field = "consensus_applier_info"
			x.Workers, x.Applied, x.HasApplied, x.AppliedAt = binary.BigEndian.Uint32(b), binary.BigEndian.Uint64(b[4:]), true, span
		}
		if key >= 1 && key <= 64 && binary.BigEndian.Uint32(b) == 3 && (at-125)%34 == 0 {
			workers, highest = workers+1, max(highest, binary.BigEndian.Uint64(b[4:]))
		}
	}
	if workers == n {
		x.Highest = max(x.Highest, highest)
	}
}

// infoRecord reads a record of mysql.consensus_info: 2 null bytes and three
// lengths stand in front of its header of 5 bytes, backwards.
func infoRecord(page []byte, at int) *Meta {
	if binary.BigEndian.Uint32(page[at:]) != 10 || at < 120+5+2+3 {
		return nil
	}
	nulls := uint(page[at-6]) | uint(page[at-7])<<8
	back := at - 8
	lengths := [3]int{-1, -1, -1}
	for i := range lengths {
		if nulls&(1<<(5+i)) != 0 {
			continue
		}
		n := int(page[back])
		back--
		if n >= 0x80 {
			if n&0x40 != 0 {
				return nil // stored elsewhere
			}
			n = n&0x3f<<8 | int(page[back])
			back--
		}
		lengths[i] = n
	}
	m := &Meta{transaction: u48(page[at+4:])}
	pos := at + 4 + hiddenFields
	number := func(bit uint, to *uint64) bool {
		if nulls&(1<<bit) != 0 {
			return true
		}
		if pos+8 > len(page) {
			return false
		}
		*to = binary.BigEndian.Uint64(page[pos:])
		pos += 8
		return true
	}
	text := func(n int, to *string) bool {
		if n < 0 {
			return true
		}
		if pos+n > len(page) {
			return false
		}
		*to = string(page[pos : pos+n])
		pos += n
		return clean(*to)
	}
	ok := number(0, &m.VotedFor) && number(1, &m.Term) && number(2, &m.RecoverStatus) && number(3, &m.LastLeaderTerm) && number(4, &m.StartApplyIndex) &&
		text(lengths[0], &m.ClusterID) && text(lengths[1], &m.Members) && text(lengths[2], &m.Learners) && number(8, &m.ConfigIndex)
	if !ok || m.RecoverStatus > 1 || m.VotedFor > 1<<20 {
		return nil
	}
	if _, good := ParseMembers(m.Members); !good && m.Members != "" {
		return nil
	}
	return m
}

func u48(b []byte) uint64 {
	return uint64(binary.BigEndian.Uint16(b))<<32 | uint64(binary.BigEndian.Uint32(b[2:]))
}

// Redo log files of MySQL since 8.0.30, block and header sizes in bytes
// (storage/innobase/include/log0types.h).
const (
	redoBlock   = 512
	redoHeader  = 2048
	redoDataEnd = redoBlock - 4
)

// A Redo is what one file of the redo log says.
type Redo struct {
	File       string
	Start      uint64 // LSN of offset 2048
	Checkpoint uint64 // highest, 0 if none
	End        uint64 // LSN behind the last block that follows the checkpoint, if it is in this file
	Valid      bool   // the file has the format that is known
	Meta       *Meta  // the last whole row of consensus_info behind the checkpoint
}

// ReadRedo reads a file of the redo log. from is the checkpoint when that
// stands in another file, else 0.
func ReadRedo(r io.ReaderAt, file string, size int64, from uint64) (*Redo, error) {
	x := &Redo{File: file}
	head := make([]byte, redoHeader)
	if n, err := r.ReadAt(head, 0); n < len(head) {
		if err == io.EOF {
			err = nil
		}
		return x, err
	}
	x.Start = binary.BigEndian.Uint64(head[8:])
	x.Valid = binary.BigEndian.Uint32(head) == 6 && x.Start%redoBlock == 0 && x.Start > 0
	if !x.Valid {
		return x, nil
	}
	x.Checkpoint = max(binary.BigEndian.Uint64(head[redoBlock+8:]), binary.BigEndian.Uint64(head[3*redoBlock+8:]))
	lsn := cmp.Or(from, x.Checkpoint)
	if lsn < x.Start {
		lsn = x.Start
	}
	return x, x.follow(r, size, lsn)
}

// maxRedoText is how much of the redo log is searched for a row at a time.
const maxRedoText = 1 << 20

// follow goes over the blocks behind an LSN.
func (x *Redo) follow(r io.ReaderAt, size int64, lsn uint64) error {
	begin := lsn / redoBlock * redoBlock
	var text []byte
	buf := make([]byte, 128*redoBlock)
	for off := int64(redoHeader + begin - x.Start); off+redoBlock <= size; {
		n, err := r.ReadAt(buf[:min(int64(len(buf)), (size-off)/redoBlock*redoBlock)], off)
		if n < redoBlock {
			if err == io.EOF {
				err = nil
			}
			return err
		}
		for b := buf[:n/redoBlock*redoBlock]; len(b) > 0; b = b[redoBlock:] {
			number := binary.BigEndian.Uint32(b) &^ (1 << 31)
			length := binary.BigEndian.Uint16(b[4:])
			if uint64(number) != begin/redoBlock%(1<<30)+1 || length > redoBlock {
				x.search(text)
				return nil
			}
			x.End = begin + uint64(length)
			if length > 12 {
				text = append(text, b[12:min(int(length), redoDataEnd)]...)
			}
			if begin += redoBlock; length < redoBlock {
				x.search(text)
				return nil
			}
		}
		if len(text) > maxRedoText {
			x.search(text)
			text = append(text[:0], text[len(text)-4096:]...)
		}
		off += int64(n / redoBlock * redoBlock)
	}
	x.search(text)
	return nil
}

// search looks for whole rows of consensus_info in the text of log records.
func (x *Redo) search(text []byte) {
	const fixed = 4 + hiddenFields + 40
	for at := 0; at+fixed < len(text); at++ {
		i := bytes.Index(text[at:], []byte{0, 0, 0, 10})
		if i < 0 {
			return
		}
		at += i
		if at+fixed+8 > len(text) {
			return
		}
		b := text[at+4+hiddenFields:]
		m := &Meta{
			VotedFor: binary.BigEndian.Uint64(b), Term: binary.BigEndian.Uint64(b[8:]), RecoverStatus: binary.BigEndian.Uint64(b[16:]),
			LastLeaderTerm: binary.BigEndian.Uint64(b[24:]), StartApplyIndex: binary.BigEndian.Uint64(b[32:]), FromRedo: true,
		}
		if m.RecoverStatus > 1 || m.VotedFor > 1<<20 || m.Term > 1<<40 || m.Term == 0 {
			continue
		}
		if m.ClusterID, m.Members = splitRow(b[40:min(len(b), 7000)]); m.Members == "" {
			continue
		}
		m.Span = parse.Span{File: x.File, Field: "consensus_info"}
		x.Meta = m
	}
}

// splitRow parts "1127.0.0.1:23101;…@2": cluster id and members stand next to
// each other without lengths. The id is the shortest beginning behind which the
// rest is a member string.
func splitRow(b []byte) (id, members string) {
	end := 0
	for end < len(b) && b[end] > ' ' && b[end] < 0x7f {
		end++
	}
	text := string(b[:end])
	at := strings.IndexByte(text, '@')
	if at < 0 {
		return "", ""
	}
	end = at + 1
	for end < len(text) && text[end] >= '0' && text[end] <= '9' {
		end++
	}
	text = text[:end]
	first := text
	if i := strings.IndexByte(first, ';'); i >= 0 {
		first = first[:i]
	}
	for i := 1; i < len(first); i++ {
		if m, ok := ParseMembers(text[i:]); ok && dotted(m) {
			return text[:i], text[i:]
		}
	}
	return "", ""
}

// dotted reports whether all addresses are IPv4 addresses whose first number
// has the length that makes the split right.
func dotted(m Members) bool {
	for _, x := range m.List {
		host, _, _ := strings.Cut(x.Address, ":")
		if x.Address != "" && (strings.Count(host, ".") != 3 || strings.Trim(host, "0123456789.") != "" || len(host) > 15) {
			return false
		}
		if first, _, _ := strings.Cut(host, "."); len(first) > 3 || len(first) == 3 && first > "255" || strings.HasPrefix(first, "0") {
			return false
		}
	}
	return true
}
