package sqlite

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/lastwrite/lastwrite/parse"
)

// Sizes of the fixed parts of a WAL in bytes.
const (
	WALHeaderSize   = 32
	FrameHeaderSize = 24
)

const (
	walMagic   = 0x377f0682 // the lowest bit set: checksums over big-endian words
	walVersion = 3007000
)

// A WALHeader is the header of a write-ahead log.
type WALHeader struct {
	BigEndian  bool   // the checksums add up big-endian words
	PageSize   uint32 // bytes
	Checkpoint uint32 // sequence number of the last checkpoint
	Salt       [2]uint32
}

// A Frame is one frame of a write-ahead log whose salts and checksum hold.
type Frame struct {
	Number uint64 // counted from 0
	Page   uint32 // number of the page in the database, from 1
	Commit uint32 // database size in pages if the frame ends a transaction, else 0
	Offset int64  // of the page in the containing file; the frame header stands before it
}

// A WAL is what a write-ahead log says about itself. Only what lies before
// the first bad frame counts for SQLite, and of that only what is committed.
type WAL struct {
	Header    WALHeader
	Slots     uint64         // whole frames that the stated size has room for
	Frames    uint64         // frames before the first bad one
	Committed uint64         // frames up to and with the last commit
	Commits   uint64         // transactions
	Pages     uint32         // database size in pages after the last commit, 0 without commits
	Later     uint64         // frames behind the first bad one whose salts and checksum still hold
	Stale     uint64         // frames behind the end with the salts of an earlier run: left over, no damage
	End       int64          // offset in the containing file behind the last good frame
	Damage    []parse.Damage // at most one entry for a bad frame, and one for a torn end
}

// Complete reports whether every byte of a log of the given size belongs to a
// committed transaction, as in a snapshot of a raft node.
func (w *WAL) Complete(size int64) bool {
	if size == 0 {
		return len(w.Damage) == 0
	}
	return len(w.Damage) == 0 && w.Committed == w.Slots &&
		size == WALHeaderSize+int64(w.Slots)*(FrameHeaderSize+int64(w.Header.PageSize))
}

// ReadWAL reads a write-ahead log of size bytes from r. name and base, the
// offset of the log in the containing file, go into spans and frames. An empty
// log is valid.
//
// each, if not nil, is called for every good frame in order; the page is valid
// during the call only. A frame takes effect with the next Commit that is not
// 0, which may never come. Frames behind the first bad one are not handed out,
// but counted: a frame behind it is good if its checksum continues the one
// stored in the frame before.
//
// One frame is held in memory. r is read to the end of the log in any case, so
// that a stream can go on behind it. The error is that of r or each.
func ReadWAL(r io.Reader, name string, base, size int64, each func(Frame, []byte) error) (WAL, error) {
	w := WAL{End: base}
	if size <= 0 {
		return w, nil
	}
	in := walReader{r: r, name: name, base: base, left: size, wal: &w}
	if err := in.run(each); err != nil {
		return w, err
	}
	_, err := io.CopyN(io.Discard, r, in.left)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return w, err
}

// A walReader is the state of one ReadWAL.
type walReader struct {
	r          io.Reader
	name       string
	base, left int64
	at         int64 // offset in the containing file of the next byte
	wal        *WAL
}

// fill reads len(buf) bytes. It returns the number of bytes read if the log
// ends before, and an error only if reading failed.
func (in *walReader) fill(buf []byte) (int, error) {
	want := buf
	if int64(len(want)) > in.left {
		want = want[:in.left]
	}
	n, err := io.ReadFull(in.r, want)
	in.left -= int64(n)
	in.at += int64(n)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		in.left = 0 // the stream ends before the stated size
		return n, nil
	}
	return n, err
}

func (in *walReader) fail(kind parse.Kind, at, n int64, field, want, got string) {
	in.wal.Damage = append(in.wal.Damage, parse.Damage{
		Span: parse.Span{File: in.name, Offset: at, Length: n, Field: field},
		Kind: kind, Want: want, Got: got,
	})
}

func (in *walReader) run(each func(Frame, []byte) error) error {
	in.at = in.base
	size := in.left
	var head [WALHeaderSize]byte
	n, err := in.fill(head[:])
	if err != nil {
		return err
	}
	if n < len(head) {
		in.fail(parse.Truncated, in.base, int64(n), "wal.header", fmt.Sprintf("%d bytes", len(head)), fmt.Sprint(n))
		return nil
	}
	sum, ok := in.header(head[:])
	if !ok {
		return nil
	}
	w := in.wal
	w.End = in.at
	frame := int64(w.Header.PageSize) + FrameHeaderSize
	w.Slots = uint64((size - WALHeaderSize) / frame)

	buf := make([]byte, frame)
	good := true // no bad frame so far
	for number := uint64(0); in.left > 0; number++ {
		start := in.at
		n, err := in.fill(buf)
		if err != nil {
			return err
		}
		if n < len(buf) {
			got := fmt.Sprintf("%d", n)
			if number < w.Slots {
				got += ", and the stream ends before the stated size"
			}
			in.fail(parse.Truncated, start, int64(n), fmt.Sprintf("wal.frame[%d]", number),
				fmt.Sprintf("%d bytes", len(buf)), got)
			return nil
		}
		stored := [2]uint32{binary.BigEndian.Uint32(buf[16:]), binary.BigEndian.Uint32(buf[20:])}
		bad, stale := in.check(buf, sum, number, start)
		sum = stored
		switch {
		case bad == nil && good:
			f := Frame{
				Number: number,
				Page:   binary.BigEndian.Uint32(buf),
				Commit: binary.BigEndian.Uint32(buf[4:]),
				Offset: start + FrameHeaderSize,
			}
			w.Frames, w.End = number+1, in.at
			if f.Commit != 0 {
				w.Committed, w.Commits, w.Pages = number+1, w.Commits+1, f.Commit
			}
			if each != nil {
				if err := each(f, buf[FrameHeaderSize:]); err != nil {
					return err
				}
			}
		case bad == nil:
			w.Later++
		default:
			if stale {
				w.Stale++
			}
			if good {
				w.Damage = append(w.Damage, *bad)
			}
			good = false
		}
	}
	in.forgive()
	return nil
}

// forgive removes the damage of a log that was restarted: a good run of frames,
// then only frames with the salts of earlier runs.
func (in *walReader) forgive() {
	w := in.wal
	if w.Stale > 0 && w.Stale == w.Slots-w.Frames && len(w.Damage) == 1 && w.Damage[0].Kind == parse.Mismatch {
		w.Damage = nil
	}
}

// header reads the log header and returns the checksum that the first frame
// continues.
func (in *walReader) header(b []byte) (sum [2]uint32, ok bool) {
	h := &in.wal.Header
	u32 := func(at int) uint32 { return binary.BigEndian.Uint32(b[at:]) }
	if u32(0)&^1 != walMagic {
		in.fail(parse.BadMagic, in.base, 4, "wal.magic", "377f0682 or 377f0683", fmt.Sprintf("%08x", u32(0)))
		return sum, false
	}
	*h = WALHeader{
		BigEndian:  u32(0)&1 == 1,
		PageSize:   validPageSize(u32(8)),
		Checkpoint: u32(12),
		Salt:       [2]uint32{u32(16), u32(20)},
	}
	if h.PageSize == 0 {
		in.fail(parse.BadValue, in.base+8, 4, "wal.page-size", "a power of two from 512 to 65536", fmt.Sprint(u32(8)))
		return sum, false
	}
	sum = Checksum(h.BigEndian, sum, b[:24])
	if stored := [2]uint32{u32(24), u32(28)}; sum != stored {
		in.fail(parse.BadChecksum, in.base, WALHeaderSize, "wal.checksum", sumText(sum), sumText(stored))
		return sum, false
	}
	if v := u32(4); v != walVersion {
		in.fail(parse.BadVersion, in.base+4, 4, "wal.version", fmt.Sprint(walVersion), fmt.Sprint(v))
		return sum, false
	}
	return sum, true
}

// check returns what is wrong with a frame whose predecessor stored sum, and
// whether it carries other salts than the header.
func (in *walReader) check(buf []byte, sum [2]uint32, number uint64, start int64) (bad *parse.Damage, stale bool) {
	h := &in.wal.Header
	salt := [2]uint32{binary.BigEndian.Uint32(buf[8:]), binary.BigEndian.Uint32(buf[12:])}
	damage := func(kind parse.Kind, at, n int64, field, want, got string) *parse.Damage {
		return &parse.Damage{
			Span: parse.Span{File: in.name, Offset: start + at, Length: n, Field: fmt.Sprintf("wal.frame[%d].%s", number, field)},
			Kind: kind, Want: want, Got: got,
		}
	}
	if salt != h.Salt {
		// Each restart of the log adds 1 to the first salt and to the checkpoint
		// sequence number, and draws the second salt anew (src/wal.c
		// walRestartHdr).
		age := h.Salt[0] - salt[0]
		stale = age > 0 && age <= h.Checkpoint && salt[1] != h.Salt[1]
		return damage(parse.Mismatch, 8, 8, "salt", sumText(h.Salt), sumText(salt)), stale
	}
	if binary.BigEndian.Uint32(buf) == 0 {
		return damage(parse.BadValue, 0, 4, "page", "at least 1", "0"), false
	}
	stored := [2]uint32{binary.BigEndian.Uint32(buf[16:]), binary.BigEndian.Uint32(buf[20:])}
	sum = Checksum(h.BigEndian, sum, buf[:8])
	sum = Checksum(h.BigEndian, sum, buf[FrameHeaderSize:])
	if sum != stored {
		return damage(parse.BadChecksum, 0, int64(len(buf)), "checksum", sumText(sum), sumText(stored)), false
	}
	return nil, false
}

func sumText(s [2]uint32) string { return fmt.Sprintf("%08x %08x", s[0], s[1]) }

// Checksum continues a WAL checksum over data, whose length must be a multiple
// of 8; bytes behind the last multiple are not counted
// (sqlite/sqlite src/wal.c walChecksumBytes). For the 8 bytes 1 to 8 from a zero start
// the little-endian result is 04030201 0c0a0806.
func Checksum(bigEndian bool, sum [2]uint32, data []byte) [2]uint32 {
	a, b := sum[0], sum[1]
	if bigEndian {
		for ; len(data) >= 8; data = data[8:] {
			a += binary.BigEndian.Uint32(data) + b
			b += binary.BigEndian.Uint32(data[4:]) + a
		}
	} else {
		for ; len(data) >= 8; data = data[8:] {
			a += binary.LittleEndian.Uint32(data) + b
			b += binary.LittleEndian.Uint32(data[4:]) + a
		}
	}
	return [2]uint32{a, b}
}
