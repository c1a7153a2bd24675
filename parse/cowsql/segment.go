package cowsql

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"

	"github.com/lastwrite/lastwrite/parse"
)

// An EntryType is the type of a log entry (cowsql/raft include/raft.h).
type EntryType uint8

// The entry types.
const (
	Command EntryType = 1
	Barrier EntryType = 2
	Change  EntryType = 3 // configuration change
)

func (t EntryType) String() string {
	switch t {
	case Command:
		return "command"
	case Barrier:
		return "barrier"
	case Change:
		return "configuration"
	}
	return fmt.Sprintf("type %d", uint8(t))
}

const (
	// maxBatch is the highest entry count that the loader accepts: 8 MiB / 32
	// (src/uv_segment.c uvLoadEntriesBatch).
	maxBatch = 8 << 20 / 32
	// maxKept is the size up to which the payload of a configuration entry is
	// kept; larger than anything the library can write.
	maxKept = 1 << 20
	// headOfCommand is how much of a command's payload is looked at while
	// streaming: enough for the header, a file name and the commit flag.
	headOfCommand = 256
)

// A Stop says why reading batches ended. The loader has one message for each
// (src/uv_segment.c uvLoadEntriesBatch).
type Stop uint8

// The causes, in the order in which the loader checks them.
const (
	EndOfFile      Stop = iota // exactly behind a batch
	EmptyFile                  // no byte at all
	ShortFile                  // 1 to 7 bytes: no room for the format word
	BadFormat                  // format word is not 1
	ShortPreamble              // fewer than 16 bytes left
	CountZero                  // entry count 0
	CountTooHigh               // entry count above 262144
	ShortHeader                // batch header reaches behind the end
	HeaderChecksum             // header CRC differs
	BadType                    // entry type not 1, 2 or 3 under a good CRC
	ShortData                  // payload reaches behind the end
	DataChecksum               // data CRC differs
)

// Cut reports whether the file ends inside a structure. The loader treats
// that as an I/O error, everything else as corruption or a malformed entry.
func (s Stop) Cut() bool {
	return s == ShortFile || s == ShortPreamble || s == ShortHeader || s == ShortData
}

// An Entry is one log entry. The file does not hold its index.
type Entry struct {
	Term   uint64
	Type   EntryType
	Size   uint32 // payload bytes
	CRC    uint32 // of the payload alone
	Offset int64  // of the payload in the file
	Batch  int    // number of its batch in the run, from 0
}

// A Special is an entry that is not a command.
type Special struct {
	Pos     int // position in the run, from 0
	Type    EntryType
	Payload []byte // configuration entries up to 1 MiB
}

// A TermRun is a run of entries with the same term.
type TermRun struct {
	Pos  int // position of the first one in its Run
	Term uint64
}

// A Run is a sequence of batches, back to back, all of whose checksums hold.
// It takes 8 bytes of memory an entry, however long the payloads are.
type Run struct {
	Offset   int64 // of the first batch
	End      int64 // behind the last batch
	Terms    []TermRun
	Specials []Special
	Commands map[string]int // frames commands by database name
	Partial  int            // frames commands with is_commit 0
	Unknown  int            // commands that are not open, frames, undo or checkpoint
	Batches  int

	crcs, sizes []uint32
	multi       []multi // batches with more than one entry
}

type multi struct{ pos, n int }

// Len returns the number of entries.
func (r *Run) Len() int { return len(r.crcs) }

// All walks over the entries with their positions.
func (r *Run) All() iter.Seq2[int, Entry] {
	return func(yield func(int, Entry) bool) {
		offset := r.Offset
		term, special, batch, m := -1, 0, -1, 0
		left := 0 // entries left in the current batch
		for i := range r.crcs {
			if left == 0 {
				left = 1
				if m < len(r.multi) && r.multi[m].pos == i {
					left = r.multi[m].n
					m++
				}
				batch++
				offset += 16 + 16*int64(left)
			}
			left--
			if term+1 < len(r.Terms) && r.Terms[term+1].Pos == i {
				term++
			}
			e := Entry{Term: r.Terms[term].Term, Type: Command, Size: r.sizes[i], CRC: r.crcs[i], Offset: offset, Batch: batch}
			if special < len(r.Specials) && r.Specials[special].Pos == i {
				e.Type = r.Specials[special].Type
				special++
			}
			if !yield(i, e) {
				return
			}
			offset += int64(e.Size)
		}
	}
}

// TermAt returns the term of the entry at position i.
func (r *Run) TermAt(i int) uint64 {
	n, found := slices.BinarySearchFunc(r.Terms, i, func(t TermRun, i int) int { return t.Pos - i })
	if !found {
		n--
	}
	return r.Terms[n].Term
}

// TypeAt returns the type of the entry at position i.
func (r *Run) TypeAt(i int) EntryType {
	if n, found := slices.BinarySearchFunc(r.Specials, i, func(s Special, i int) int { return s.Pos - i }); found {
		return r.Specials[n].Type
	}
	return Command
}

// CRCAt returns the payload checksum of the entry at position i.
func (r *Run) CRCAt(i int) uint32 { return r.crcs[i] }

// SizeAt returns the payload size of the entry at position i.
func (r *Run) SizeAt(i int) uint32 { return r.sizes[i] }

// A Batch is where one batch of a run stands.
type Batch struct {
	Pos, N int // position of its first entry, number of entries
	Offset int64
	End    int64
}

// BatchList returns the batches of the run.
func (r *Run) BatchList() []Batch {
	var out []Batch
	for i, e := range r.All() {
		if e.Batch == len(out) {
			start := r.Offset
			if len(out) > 0 {
				start = out[len(out)-1].End
			}
			out = append(out, Batch{Pos: i, Offset: start})
		}
		b := &out[len(out)-1]
		b.N, b.End = b.N+1, e.Offset+int64(e.Size)
	}
	return out
}

// A Segment is what could be read of one segment file. What was readable
// before damage is kept, and what is readable behind it as well.
type Segment struct {
	File   string
	Size   int64
	Format uint64 // the format word as it stands there
	Run           // the batches from the start of the file to Stop
	Stop   Stop
	// The batch at which Run ends, unless Stop is EndOfFile:
	StopAt    int64  // offset of that batch
	StopCount uint64 // its entry count as it stands there
	StopLeft  int64  // bytes left where a structure is cut
	StopWant  int64  // bytes that it needs
	Damage    *parse.Damage
	// AllZero: the file has bytes, all of them zero.
	AllZero bool
	// NonZero is the offset of the first byte that is not zero at or behind
	// StopAt, or -1. Behind the last batch of an open segment all is zero.
	NonZero int64
	// Islands are runs of valid batches behind the damage.
	Islands []Island
}

// An Island is a run of valid batches behind damage.
type Island struct {
	Run
	// Skipped is the number of entries between the end of the run before and
	// this one where a valid batch header tells it, else -1.
	Skipped int
}

// ReadSegment reads a segment from its first byte to the end of r. at reads
// the same bytes at random and is used behind damage only; nil means that the
// bytes behind damage are not looked at. The error is about reading, never
// about content.
func ReadSegment(r io.Reader, at io.ReaderAt, file string, size int64) (*Segment, error) {
	s := &Segment{File: file, Size: size, NonZero: -1}
	w := newWindow(r, size)
	if size == 0 {
		s.stop(EmptyFile, 0, "", parse.Truncated, "a format word", "an empty file")
		return s, nil
	}
	if size < 8 {
		s.StopLeft, s.StopWant = size, 8
		s.stop(ShortFile, 0, "format", parse.Truncated, "8 bytes", fmt.Sprintf("%d bytes", size))
		return s, nil
	}
	word, err := w.peek(8)
	if err != nil {
		return s, err
	}
	s.Format = binary.LittleEndian.Uint64(word)
	w.skip(8)
	s.Offset, s.End = 8, 8
	if s.Format != 1 {
		got := fmt.Sprint(s.Format)
		if text, ok := parse.ASCII(s.Format); ok {
			got = fmt.Sprintf("text %q", text)
		}
		s.stop(BadFormat, 0, "format", parse.BadVersion, "1", got)
		if s.Format == 0 {
			nz, err := w.firstNonZero()
			if err != nil {
				return s, err
			}
			s.NonZero, s.AllZero = nz, nz < 0
		} else {
			s.NonZero = 0
		}
		if !s.AllZero && at != nil {
			s.Islands, err = findIslands(at, file, 8, size, -1)
		}
		return s, err
	}
	known, err := s.Run.readBatches(w, s, file)
	if err != nil {
		return s, err
	}
	if s.Stop == EndOfFile {
		return s, nil
	}
	nz, err := w.firstNonZero()
	if err != nil {
		return s, err
	}
	s.NonZero = nz
	if nz >= 0 && at != nil {
		s.noteSingleBit(at)
		s.Islands, err = findIslands(at, file, s.StopAt, size, known)
	}
	return s, err
}

func (s *Segment) stop(why Stop, at int64, field string, kind parse.Kind, want, got string) {
	s.Stop, s.StopAt = why, at
	s.Damage = &parse.Damage{Span: parse.Span{File: s.File, Offset: at, Field: field}, Kind: kind, Want: want, Got: got}
}

// readBatches appends batches until the end of the file or the first batch
// that does not hold. For a batch whose header holds and whose data does not,
// known is the number of its entries, else -1.
func (r *Run) readBatches(w *window, s *Segment, file string) (known int64, err error) {
	for number := 1; ; number++ {
		start := w.offset
		if start == w.size {
			return -1, nil
		}
		fail := func(why Stop, at, length int64, field string, kind parse.Kind, want, got string) {
			s.stop(why, start, fmt.Sprintf("batch[%d].%s", number, field), kind, want, got)
			s.Damage.Offset, s.Damage.Length = at, length
		}
		short := func(why Stop, field string, left, want int64) {
			s.StopLeft, s.StopWant = left, want
			fail(why, start, w.size-start, field, parse.Truncated, fmt.Sprintf("%d bytes", want), fmt.Sprintf("%d left", left))
		}
		// The loader consumes the two checksums and the count one after the
		// other, which shows in the numbers of its message.
		if left := w.size - start; left < 16 {
			if left >= 8 {
				left -= 8
			}
			short(ShortPreamble, "preamble", left, 8)
			return -1, nil
		}
		head, err := w.peek(16)
		if err != nil {
			return -1, err
		}
		headerCRC, dataCRC := binary.LittleEndian.Uint32(head), binary.LittleEndian.Uint32(head[4:])
		count := binary.LittleEndian.Uint64(head[8:])
		s.StopCount = count
		if count == 0 {
			fail(CountZero, start+8, 8, "count", parse.BadValue, "1 to 262144", "0")
			return -1, nil
		}
		if count > maxBatch {
			got := fmt.Sprint(count)
			if text, ok := parse.ASCII(count); ok {
				got = fmt.Sprintf("text %q", text)
			}
			fail(CountTooHigh, start+8, 8, "count", parse.BadValue, "1 to 262144", got)
			return -1, nil
		}
		n := int(count)
		if left, want := w.size-start-16, 16*int64(n); left < want {
			short(ShortHeader, "header", left, want)
			return -1, nil
		}
		header, err := w.peek(16 + 16*n)
		if err != nil {
			return -1, err
		}
		if got := CRC(0, header[8:]); got != headerCRC {
			fail(HeaderChecksum, start, 4, "header-crc", parse.BadChecksum, fmt.Sprintf("%08x", headerCRC), fmt.Sprintf("%08x computed", got))
			return -1, nil
		}
		entries, total := decodeHeader(header[16:], n)
		for i, e := range entries {
			if e.Type < Command || e.Type > Change {
				fail(BadType, start+24+16*int64(i), 1, fmt.Sprintf("entry[%d].type", i), parse.BadValue, "1, 2 or 3", fmt.Sprint(uint8(e.Type)))
				return int64(n), nil
			}
		}
		if left := w.size - start - 16 - 16*int64(n); left < total {
			short(ShortData, "data", left, total)
			return int64(n), nil
		}
		w.skip(16 + 16*n)
		got, err := r.readData(w, entries, file)
		if err != nil {
			return -1, err
		}
		if got != dataCRC {
			fail(DataChecksum, start+4, 4, "data-crc", parse.BadChecksum, fmt.Sprintf("%08x", dataCRC), fmt.Sprintf("%08x computed", got))
			return int64(n), nil
		}
		r.append(entries)
		r.End = w.offset
	}
}

// batchEntry is an entry while its batch is being read.
type batchEntry struct {
	Term    uint64
	Type    EntryType
	Size    uint32
	crc     uint32
	payload []byte // configurations
	frames  frameHead
}

func decodeHeader(b []byte, n int) (entries []batchEntry, total int64) {
	entries = make([]batchEntry, n)
	for i := range entries {
		e := b[16*i:]
		entries[i] = batchEntry{Term: binary.LittleEndian.Uint64(e), Type: EntryType(e[8]), Size: binary.LittleEndian.Uint32(e[12:])}
		total += int64(entries[i].Size)
	}
	return entries, total
}

// readData reads the payloads of one batch and returns the CRC of all of them.
func (r *Run) readData(w *window, entries []batchEntry, file string) (uint32, error) {
	var all uint32
	for i := range entries {
		e := &entries[i]
		var crc uint32
		for left := int64(e.Size); left > 0; {
			chunk, err := w.peekSome(left)
			if err != nil {
				return 0, err
			}
			crc = CRC(crc, chunk)
			switch {
			case e.Type == Change && e.Size <= maxKept:
				e.payload = append(e.payload, chunk...)
			case e.Type == Command && left == int64(e.Size):
				e.frames = parseFrameHead(chunk[:min(len(chunk), headOfCommand)])
			}
			w.skip(len(chunk))
			left -= int64(len(chunk))
		}
		e.crc = crc
		if i == 0 {
			all = crc
		} else {
			all = combine(all, crc, int64(e.Size))
		}
	}
	return all, nil
}

func (r *Run) append(entries []batchEntry) {
	if len(entries) > 1 {
		r.multi = append(r.multi, multi{len(r.crcs), len(entries)})
	}
	r.Batches++
	for _, e := range entries {
		pos := len(r.crcs)
		if len(r.Terms) == 0 || r.Terms[len(r.Terms)-1].Term != e.Term {
			r.Terms = append(r.Terms, TermRun{pos, e.Term})
		}
		if e.Type != Command {
			r.Specials = append(r.Specials, Special{pos, e.Type, e.payload})
		} else {
			r.countCommand(e.frames)
		}
		r.crcs, r.sizes = append(r.crcs, e.crc), append(r.sizes, e.Size)
	}
}

func (r *Run) countCommand(h frameHead) {
	switch {
	case !h.known:
		r.Unknown++
	case h.frames:
		if r.Commands == nil {
			r.Commands = map[string]int{}
		}
		r.Commands[h.database]++
		if !h.commit {
			r.Partial++
		}
	}
}

// noteSingleBit says so if one flipped bit explains a wrong checksum.
func (s *Segment) noteSingleBit(at io.ReaderAt) {
	var from, n int64
	var field int64
	switch s.Stop {
	case HeaderChecksum:
		from, n, field = s.StopAt+8, 8+16*int64(s.StopCount), s.StopAt
	case DataChecksum:
		header := make([]byte, 16+16*s.StopCount)
		if _, err := at.ReadAt(header, s.StopAt); err != nil {
			return
		}
		_, total := decodeHeader(header[16:], int(s.StopCount))
		from, n, field = s.StopAt+int64(len(header)), total, s.StopAt+4
	default:
		return
	}
	var stored [4]byte
	if _, err := at.ReadAt(stored[:], field); err != nil {
		return
	}
	crc, err := crcOf(io.NewSectionReader(at, from, n))
	if err != nil {
		return
	}
	want := binary.LittleEndian.Uint32(stored[:])
	if diff := want ^ crc; diff&(diff-1) == 0 {
		s.Damage.Note = fmt.Sprintf("one bit of the stored checksum differs, the content is as it was written: byte %d", field)
	} else if offset, bit, ok := flippedBit(want, crc, n); ok {
		s.Damage.Note = fmt.Sprintf("one flipped bit explains it: bit %d of byte %d", bit, from+offset)
	}
}

func crcOf(r io.Reader) (uint32, error) {
	var crc uint32
	buf := make([]byte, 64<<10)
	for {
		n, err := r.Read(buf)
		crc = CRC(crc, buf[:n])
		if errors.Is(err, io.EOF) {
			return crc, nil
		}
		if err != nil {
			return 0, err
		}
	}
}

// NewRun returns a run of the given entries in batches of one; payloads are
// unknown. It stands for entries that a server would write.
func NewRun(entries []Entry) *Run {
	r := &Run{Offset: 8, End: 8}
	for _, e := range entries {
		r.append([]batchEntry{{Term: e.Term, Type: e.Type, Size: e.Size, crc: e.CRC}})
		r.End += 32 + int64(e.Size)
	}
	return r
}
