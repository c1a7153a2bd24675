package cowsql

import (
	"encoding/binary"
	"fmt"
	"io"
	"math/bits"

	"github.com/lastwrite/lastwrite/parse"
)

// A Stop says why reading batches ended. The loader has one message for each
// (cowsql/raft src/uv_segment.c uvLoadEntriesBatch).
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
	// Islands are runs of valid batches behind the damage, in the order of the
	// file. There are at most 4096.
	Islands []Island
}

// An Island is a run of valid batches behind damage.
type Island struct {
	Run
	// Skipped is the number of entries between the end of the run before and
	// this one where valid batch headers tell it, else -1. It is 0 if nothing
	// but the format word of the file is damaged.
	Skipped int
}

// ReadSegment reads a segment from its first byte to the end of r. at reads
// the same bytes at random and is used behind damage only; nil means that the
// bytes behind damage are not looked at. The error is about reading, never
// about content.
//
// Memory is bounded by what was read: a few times the largest batch header,
// which has at most 4 MiB, and some bytes for every entry whose checksums hold.
func ReadSegment(r io.Reader, at io.ReaderAt, file string, size int64) (*Segment, error) {
	s := &Segment{File: file, Size: size, NonZero: -1}
	switch {
	case size <= 0:
		s.stop(EmptyFile, 0, "", parse.Truncated, "a format word", "an empty file")
		return s, nil
	case size < 8:
		s.StopLeft, s.StopWant = size, 8
		s.stop(ShortFile, size, "format", parse.Truncated, "8 bytes", fmt.Sprintf("%d bytes", size))
		return s, nil
	}
	w := newWindow(r, 0, size)
	word, err := w.peek(8)
	if err != nil {
		return s, err
	}
	s.Format = binary.LittleEndian.Uint64(word)
	w.skip(8)
	s.Offset, s.End = 8, 8
	if s.Format != 1 {
		return s, s.badFormat(w, at)
	}
	b := batchReader{w: w, file: file}
	stop, err := b.read(&s.Run)
	if err != nil {
		return s, err
	}
	s.Stop, s.StopAt, s.StopCount, s.StopLeft, s.StopWant = stop.why, stop.at, stop.count, stop.left, stop.want
	s.Damage, s.NonZero = stop.damage, stop.nonZero
	if s.Stop == EndOfFile {
		s.StopAt = 0
		return s, nil
	}
	if s.NonZero < 0 {
		if s.NonZero, err = w.firstNonZero(); err != nil {
			return s, err
		}
	}
	if s.NonZero < 0 || at == nil {
		return s, nil
	}
	if s.Damage.Note, err = stop.singleBit(at, size); err != nil {
		return s, err
	}
	from := w.offset // behind a batch whose header holds
	if stop.known < 0 {
		from = s.StopAt + 8
	}
	s.Islands, err = findIslands(at, file, from, size, stop.known)
	return s, err
}

func (s *Segment) stop(why Stop, length int64, field string, kind parse.Kind, want, got string) {
	s.Stop = why
	s.Damage = &parse.Damage{Span: parse.Span{File: s.File, Length: length, Field: field}, Kind: kind, Want: want, Got: got}
}

// badFormat looks at what is left of a file whose format word is not 1.
func (s *Segment) badFormat(w *window, at io.ReaderAt) error {
	got := fmt.Sprint(s.Format)
	if text, ok := parse.ASCII(s.Format); ok {
		got = fmt.Sprintf("text %q", text)
	}
	s.stop(BadFormat, 8, "format", parse.BadVersion, "1", got)
	if s.Format == 0 {
		nz, err := w.firstNonZero()
		if err != nil {
			return err
		}
		s.NonZero, s.AllZero = nz, nz < 0
	} else {
		s.NonZero = int64(bits.TrailingZeros64(s.Format) / 8)
	}
	if s.AllZero || at == nil {
		return nil
	}
	var err error
	s.Islands, err = findIslands(at, s.File, 8, s.Size, 0)
	if diff := s.Format ^ 1; diff&(diff-1) == 0 && len(s.Islands) > 0 && s.Islands[0].Offset == 8 {
		bit := uint(bits.TrailingZeros64(diff))
		s.Damage.Note = flipNote(int64(bit/8), bit%8)
	}
	return err
}
