package binlog

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/lastwrite/lastwrite/parse"
)

// window is how many bytes a Reader holds; smaller than most second level
// caches, so that the checksum does not wait for memory.
const window = 256 << 10

// maxFormat is the most that a format description has: all 255 types.
const maxFormat = 512

// maxBodyLimit is the most that Options.BodyLimit can ask for.
const maxBodyLimit = 64 << 20

// A Header is the header of an event.
type Header struct {
	Offset   int64 // of the event in its file
	Time     uint32
	Type     Type
	ServerID uint32
	Length   int64  // with header and checksum
	NextPos  uint32 // as stored
	Flags    uint16
}

// End returns the offset behind the event.
func (h *Header) End() int64 { return h.Offset + h.Length }

// Placed reports whether the stored position of the next event is the end of
// this one, as it is in all binary logs, and in relay logs is not.
func (h *Header) Placed() bool { return h.NextPos == uint32(h.End()) }

// decode reads a header from at least HeaderSize bytes.
func (h *Header) decode(b []byte, off int64) {
	_ = b[HeaderSize-1]
	h.Offset = off
	h.Time = binary.LittleEndian.Uint32(b)
	h.Type = Type(b[4])
	h.ServerID = binary.LittleEndian.Uint32(b[5:])
	h.Length = int64(binary.LittleEndian.Uint32(b[9:]))
	h.NextPos = binary.LittleEndian.Uint32(b[13:])
	h.Flags = binary.LittleEndian.Uint16(b[17:])
}

// An Event is one event of a log.
type Event struct {
	Header
	Body    []byte // between header and checksum, up to the limit; valid until the next event
	BodyLen int64  // of the whole body
}

// Whole reports whether Body is all of the body.
func (e *Event) Whole() bool { return int64(len(e.Body)) == e.BodyLen }

// Options say where and how a Reader begins.
type Options struct {
	Offset    int64    // of the first byte that the reader gets; 0: the magic is there
	Bare      bool     // no magic: events from the first byte on, as in GRA_*.log and write sets
	Checksum  Checksum // until a format description says otherwise
	BodyLimit int      // bytes of a body that are kept at least, if it has as many
}

// A Magic is what the first bytes of a file say.
type Magic uint8

// The magics.
const (
	NoMagic Magic = iota // not looked for, or too short
	PlainMagic
	EncryptedMagic // encrypted by MySQL
	OtherMagic
)

// A Reader walks over the events of a log, once, from the front to the first
// damage or the end. Memory does not grow with the file or with an event.
//
// A Reader stops at the first event that is not whole or whose checksum is
// wrong. Damage tells why, nil at the end of the file.
type Reader struct {
	r     io.Reader
	file  string
	size  int64 // of the file; events that end behind it are truncated
	limit int

	buf        []byte
	start, end int
	off        int64 // of buf[start]
	err        error // of r; io.EOF at its end

	magic     Magic
	checksum  Checksum
	format    *FormatDescription
	encrypted bool
	event     Event
	damage    *parse.Damage
	begun     bool
	done      bool
}

// NewReader returns a Reader over r, which begins at o.Offset of a file of
// size bytes. file is its name in damage.
func NewReader(r io.Reader, file string, size int64, o Options) *Reader {
	limit := min(max(o.BodyLimit, 0), maxBodyLimit)
	// A small file needs no more than its size; the format description has a
	// limit of its own.
	hold := min(int64(max(window, limit+HeaderSize+checksumSize)), max(size-o.Offset, 0)+maxFormat)
	return &Reader{
		r: r, file: file, size: size, limit: limit, buf: make([]byte, hold),
		off: o.Offset, checksum: o.Checksum, begun: o.Bare || o.Offset > 0,
	}
}

// Event returns the event that Next found, valid until the next call of Next.
func (r *Reader) Event() *Event { return &r.event }

// Damage returns what ended the walk, nil if it was the end of the file.
func (r *Reader) Damage() *parse.Damage { return r.damage }

// Offset returns where the walk stands: behind the last good event.
func (r *Reader) Offset() int64 { return r.off }

// Format returns the last format description, nil if there was none.
func (r *Reader) Format() *FormatDescription { return r.format }

// Checksum returns the algorithm that the log uses.
func (r *Reader) Checksum() Checksum { return r.checksum }

// Magic returns what the first bytes are.
func (r *Reader) Magic() Magic { return r.magic }

// Encrypted reports whether the log is encrypted from here on.
func (r *Reader) Encrypted() bool { return r.encrypted }

// Err returns the error of the underlying reader, if any.
func (r *Reader) Err() error {
	if errors.Is(r.err, io.EOF) {
		return nil
	}
	return r.err
}

// peek makes n bytes available, n up to the size of the buffer, and returns
// what there is.
func (r *Reader) peek(n int) []byte {
	if r.end-r.start < n {
		r.fill(n)
	}
	return r.buf[r.start:min(r.end, r.start+n)]
}

// fill reads until n bytes are there, or no more come.
func (r *Reader) fill(n int) {
	r.end = copy(r.buf, r.buf[r.start:r.end])
	r.start = 0
	for idle := 0; r.end < n && r.err == nil; {
		var got int
		got, r.err = r.r.Read(r.buf[r.end:])
		if r.end += got; got > 0 {
			idle = 0
		} else if idle++; idle == 100 && r.err == nil {
			r.err = io.ErrNoProgress
		}
	}
}

func (r *Reader) skip(n int) {
	r.start += n
	r.off += int64(n)
}

// stop ends the walk.
func (r *Reader) stop(off, n int64, field string, kind parse.Kind, want, got string) bool {
	r.done = true
	if r.Err() == nil {
		n = max(0, min(n, r.size-off))
		r.damage = &parse.Damage{Span: parse.Span{File: r.file, Offset: off, Length: n, Field: field}, Kind: kind, Want: want, Got: got}
	}
	return false
}

// Next goes to the next event. It returns false at the end, at damage, and
// where a log begins to be encrypted.
func (r *Reader) Next() bool {
	if r.done || !r.begun && !r.begin() {
		return false
	}
	head := r.peek(HeaderSize)
	if len(head) < HeaderSize {
		r.done = true
		if len(head) == 0 {
			return false
		}
		return r.stop(r.off, int64(len(head)), "header", parse.Truncated, fmt.Sprintf("%d bytes", HeaderSize), fmt.Sprintf("%d left", len(head)))
	}
	h := &r.event.Header
	h.decode(head, r.off)
	least := int64(HeaderSize)
	if r.checksum == CRC32 {
		least += checksumSize
	}
	switch left := r.size - r.off; {
	case h.Length < least && isZero(head):
		return r.stop(r.off, left, "header", parse.BadValue, "an event", "zero bytes")
	case h.Length < least:
		return r.stop(r.off+9, 4, "length", parse.BadValue, fmt.Sprintf("at least %d", least), fmt.Sprint(h.Length))
	case h.Length > left:
		return r.stop(r.off, left, h.Type.String(), parse.Truncated, fmt.Sprintf("%d bytes", h.Length), fmt.Sprintf("%d left", left))
	}
	if h.Type == FormatDescriptionType {
		return r.describe(h)
	}
	if r.format == nil && r.magic == PlainMagic {
		return r.stop(r.off+4, 1, "type", parse.BadValue, "a format description as the first event", h.Type.String())
	}
	if h.Length <= int64(len(r.buf)) {
		return r.small(h)
	}
	return r.large(h)
}

// begin reads the magic.
func (r *Reader) begin() bool {
	r.begun = true
	b := r.peek(4)
	switch {
	case len(b) < 4:
		return r.stop(0, int64(len(b)), "magic", parse.Truncated, "4 bytes", fmt.Sprintf("%d left", len(b)))
	case bytes.Equal(b, []byte("\xfebin")):
		r.magic = PlainMagic
		r.skip(4)
		return true
	case bytes.Equal(b, []byte("\xfdbin")):
		r.magic, r.encrypted, r.done = EncryptedMagic, true, true
		return false
	}
	r.magic = OtherMagic
	return r.stop(0, 4, "magic", parse.BadMagic, "fe62696e", fmt.Sprintf("%x", b))
}

// small takes an event that fits into the buffer.
func (r *Reader) small(h *Header) bool {
	b := r.peek(int(h.Length))
	if int64(len(b)) < h.Length {
		return r.cut(h, len(b))
	}
	body := b[HeaderSize:]
	if r.checksum == CRC32 {
		at := len(b) - checksumSize
		if stored, got := binary.LittleEndian.Uint32(b[at:]), crc32.ChecksumIEEE(b[:at]); stored != got {
			return r.mismatch(h, stored, got)
		}
		body = b[HeaderSize:at]
	}
	return r.take(h, body, int64(len(body)), int(h.Length))
}

// take hands out an event whose last n bytes are at the front of the buffer.
func (r *Reader) take(h *Header, body []byte, bodyLen int64, n int) bool {
	r.event.Body, r.event.BodyLen = body, bodyLen
	r.skip(n)
	if h.Type == StartEncryptionType {
		r.encrypted, r.done = true, true
	}
	return true
}

// cut says that the file is shorter than its size promised.
func (r *Reader) cut(h *Header, have int) bool {
	return r.stop(h.Offset, int64(have), h.Type.String(), parse.Truncated, fmt.Sprintf("%d bytes", h.Length), "the end of the data")
}

func (r *Reader) mismatch(h *Header, stored, got uint32) bool {
	return r.stop(h.Offset, h.Length, h.Type.String(), parse.BadChecksum, fmt.Sprintf("%08x", stored), fmt.Sprintf("%08x", got))
}

// large walks through an event that does not fit into the buffer.
func (r *Reader) large(h *Header) bool {
	left := h.Length
	if r.checksum == CRC32 {
		left -= checksumSize
	}
	var crc uint32
	var body []byte
	begin := r.off
	for first := true; left > 0; first = false {
		b := r.peek(int(min(left, int64(len(r.buf)))))
		if len(b) == 0 {
			have := int(r.off - begin)
			r.off = begin
			return r.cut(h, have)
		}
		if first {
			body = bytes.Clone(b[HeaderSize:min(len(b), HeaderSize+r.limit)])
		}
		if r.checksum == CRC32 {
			crc = crc32.Update(crc, crc32.IEEETable, b)
		}
		r.skip(len(b))
		left -= int64(len(b))
	}
	bodyLen, tail := h.Length-HeaderSize, 0
	if r.checksum == CRC32 {
		bodyLen, tail = bodyLen-checksumSize, checksumSize
		b := r.peek(tail)
		ok := len(b) == tail
		if !ok || binary.LittleEndian.Uint32(b) != crc {
			r.off = begin
			if !ok {
				return r.cut(h, int(h.Length)-tail)
			}
			return r.mismatch(h, binary.LittleEndian.Uint32(b), crc)
		}
	}
	return r.take(h, body, bodyLen, tail)
}

// describe takes a format description, which has rules of its own.
func (r *Reader) describe(h *Header) bool {
	if h.Length > maxFormat {
		return r.stop(r.off+9, 4, "length", parse.BadValue, fmt.Sprintf("a format description of up to %d bytes", maxFormat), fmt.Sprint(h.Length))
	}
	b := r.peek(int(h.Length))
	if int64(len(b)) < h.Length {
		return r.cut(h, len(b))
	}
	f, ok := parseFormat(*h, b[HeaderSize:])
	if !ok {
		return r.stop(r.off, h.Length, h.Type.String(), parse.BadVersion, "binary log version 4", fmt.Sprintf("%d", f.BinlogVersion))
	}
	body := b[HeaderSize:]
	if f.HasChecksum {
		at := len(b) - checksumSize
		stored, got := binary.LittleEndian.Uint32(b[at:]), formatCRC(b[:at])
		if stored != got {
			return r.mismatch(h, stored, got)
		}
		body = b[HeaderSize:at]
	}
	if f.Checksum > CRC32 {
		return r.stop(r.off+h.Length-checksumSize-1, 1, "checksum-algorithm", parse.BadValue, "0 or 1", fmt.Sprint(uint8(f.Checksum)))
	}
	r.format, r.checksum = &f, f.Checksum
	return r.take(h, body, int64(len(body)), int(h.Length))
}

// formatCRC is the checksum of a format description, computed as if its log
// were closed.
func formatCRC(b []byte) uint32 {
	crc := crc32.ChecksumIEEE(b[:17])
	crc = crc32.Update(crc, crc32.IEEETable, []byte{b[17] &^ byte(FlagInUse)})
	return crc32.Update(crc, crc32.IEEETable, b[18:])
}

func isZero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}
