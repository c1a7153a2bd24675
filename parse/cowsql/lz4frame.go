package cowsql

import (
	"encoding/binary"
	"io"
)

// Flags of an LZ4 frame (lz4/lz4 doc/lz4_Frame_format.md, FLG byte).
const (
	lz4HasDictionary      = 1 << 0
	lz4HasContentChecksum = 1 << 2
	lz4HasContentSize     = 1 << 3
	lz4HasBlockChecksum   = 1 << 4
)

// lz4FrameHeader returns the size of a frame's header: magic, flags, block
// size, content size, dictionary, checksum.
func lz4FrameHeader(flags byte) int64 {
	n := int64(7)
	if flags&lz4HasContentSize != 0 {
		n += 8
	}
	if flags&lz4HasDictionary != 0 {
		n += 4
	}
	return n
}

// An lz4Frame hands out the bytes of the first frame in r. The decompressor
// would go on with the next one, which the server does not (cowsql/raft
// src/compress.c Decompress).
type lz4Frame struct {
	r     io.Reader
	flags byte
	left  int64  // bytes of the part that is being handed out
	word  []byte // size of the next block, not handed out yet
	end   bool   // the part is the last one
}

func newLZ4Frame(r io.Reader, flags byte) *lz4Frame {
	return &lz4Frame{r: r, flags: flags, left: lz4FrameHeader(flags)}
}

func (f *lz4Frame) Read(b []byte) (int, error) {
	for f.left == 0 && len(f.word) == 0 {
		if f.end {
			return 0, io.EOF
		}
		if err := f.next(); err != nil {
			return 0, err
		}
	}
	if len(f.word) > 0 {
		n := copy(b, f.word)
		f.word = f.word[n:]
		return n, nil
	}
	n, err := f.r.Read(b[:min(int64(len(b)), f.left)])
	f.left -= int64(n)
	return n, err
}

// next reads the size of a block; 0 ends the frame.
func (f *lz4Frame) next() error {
	word := make([]byte, 4)
	n, err := io.ReadFull(f.r, word)
	f.word = word[:n]
	if n < len(word) {
		if n > 0 && err == io.ErrUnexpectedEOF {
			return nil // hand out what is there
		}
		return err
	}
	size := binary.LittleEndian.Uint32(word) &^ (1 << 31) // the highest bit: not compressed
	f.left = int64(size)
	switch {
	case size == 0:
		f.end = true
		if f.flags&lz4HasContentChecksum != 0 {
			f.left = 4
		}
	case f.flags&lz4HasBlockChecksum != 0:
		f.left += 4
	}
	return nil
}
