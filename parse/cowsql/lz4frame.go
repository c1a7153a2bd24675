package cowsql

import (
	"encoding/binary"
	"errors"
	"io"
	"slices"
)

// Flags of an LZ4 frame (lz4/lz4 doc/lz4_Frame_format.md, FLG byte).
const (
	lz4HasDictionary      = 1 << 0
	lz4Reserved           = 1 << 1
	lz4HasContentChecksum = 1 << 2
	lz4HasContentSize     = 1 << 3
	lz4HasBlockChecksum   = 1 << 4
	lz4Independent        = 1 << 5
)

const (
	lz4Window   = 64 << 10 // how far back a match of a dependent block reaches
	lz4NotCoded = 1 << 31  // in the size of a block: its bytes are the content
)

// An lz4Reader decompresses the first LZ4 frame of src and ends where liblz4
// would stop: with the same checks in the same order (lz4/lz4 lib/lz4frame.c
// LZ4F_decodeHeader, LZ4F_decompress), so that the reason is the one that the
// server prints. It needs no more memory than two blocks, at most 4 MiB each.
type lz4Reader struct {
	src  io.Reader
	info *LZ4
	n    int64 // bytes of content so far
	done bool

	flags byte
	max   int    // largest block
	in    []byte // the block as it stands in the file
	out   []byte // history, then the current block
	next  []byte // of out, not handed out yet
	sum   xxh32
}

func (z *lz4Reader) Read(b []byte) (int, error) {
	for len(z.next) == 0 {
		if z.done {
			return 0, io.EOF
		}
		var err error
		if z.max == 0 {
			err = z.header()
		} else {
			err = z.block()
		}
		if err != nil {
			return 0, err
		}
	}
	n := copy(b, z.next)
	z.next = z.next[n:]
	z.n += int64(n)
	return n, nil
}

// fail ends the content with the name that liblz4 has for the reason.
func (z *lz4Reader) fail(name string) error {
	z.done = true
	z.info.Err = name
	return nil
}

// read reads n bytes, or what is left. ok is false if the file ends before.
func (z *lz4Reader) read(n int) (b []byte, ok bool, err error) {
	z.in = z.in[:0]
	for len(z.in) < n {
		have := len(z.in)
		z.in = slices.Grow(z.in, min(n-have, lz4Window))
		z.in = z.in[:min(n, cap(z.in))]
		m, err := io.ReadFull(z.src, z.in[have:])
		z.in = z.in[:have+m]
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			z.info.Cut = true
			return z.in, false, z.fail("the file ends inside the frame")
		}
		if err != nil {
			return z.in, false, err
		}
	}
	return z.in, true, nil
}

// header reads what stands in front of the blocks.
func (z *lz4Reader) header() error {
	z.info.Header = true
	b, ok, err := z.read(5)
	if ok {
		z.flags = b[4]
		var rest []byte
		head := slices.Clone(b)
		rest, ok, err = z.read(int(lz4FrameHeader(z.flags)) - len(b))
		b = append(head, rest...)
	}
	if err != nil {
		return err
	}
	if !ok {
		return z.fail("ERROR_frameHeader_incomplete")
	}
	descriptor := b[5]
	switch check := b[len(b)-1]; {
	case z.flags&lz4Reserved != 0:
		return z.fail("ERROR_reservedFlag_set")
	case z.flags>>6 != 1:
		return z.fail("ERROR_headerVersion_wrong")
	case descriptor>>7 != 0:
		return z.fail("ERROR_reservedFlag_set")
	case descriptor>>4 < 4:
		return z.fail("ERROR_maxBlockSize_invalid")
	case descriptor&15 != 0:
		return z.fail("ERROR_reservedFlag_set")
	case byte(checksumXXH32(b[4:len(b)-1])>>8) != check:
		z.info.Checksum = true
		return z.fail("ERROR_headerChecksum_invalid")
	}
	if z.flags&lz4HasContentSize != 0 {
		z.info.HasSize, z.info.Size = true, binary.LittleEndian.Uint64(b[6:])
	}
	z.max = 1 << (8 + 2*(descriptor>>4))
	z.info.Header = false
	z.sum.reset()
	return nil
}

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

// block reads one block, or the end of the frame.
func (z *lz4Reader) block() error {
	b, ok, err := z.read(4)
	if !ok {
		return err
	}
	word := binary.LittleEndian.Uint32(b)
	size := int(word &^ lz4NotCoded)
	switch {
	case word == 0:
		return z.finish()
	case size > z.max:
		return z.fail("ERROR_maxBlockSize_invalid")
	}
	start := z.keep()
	checksum := 0
	if z.flags&lz4HasBlockChecksum != 0 {
		checksum = 4
	}
	b, ok, err = z.read(size + checksum)
	if err != nil {
		return err
	}
	if word&lz4NotCoded != 0 { // handed out even if it is cut, as liblz4 does
		z.out = append(z.out, b[:min(size, len(b))]...)
		z.produced(start)
	}
	if !ok {
		return nil
	}
	if checksum > 0 && checksumXXH32(b[:size]) != binary.LittleEndian.Uint32(b[size:]) {
		z.info.Checksum = true
		return z.fail("ERROR_blockChecksum_invalid")
	}
	if word&lz4NotCoded != 0 {
		return nil
	}
	z.out = slices.Grow(z.out, z.max)[:start+z.max]
	end, ok := decodeLZ4Block(z.out, start, b[:size])
	z.out = z.out[:end]
	if !ok {
		return z.fail("ERROR_decompressionFailed")
	}
	z.produced(start)
	return nil
}

// keep moves what the next block may refer to to the front of out, and returns
// its length.
func (z *lz4Reader) keep() int {
	history := 0
	if z.flags&lz4Independent == 0 {
		history = min(len(z.out), lz4Window)
	}
	copy(z.out, z.out[len(z.out)-history:])
	z.out = z.out[:history]
	return history
}

// produced takes what stands in out from start on as content.
func (z *lz4Reader) produced(start int) {
	z.next = z.out[start:]
	z.sum.write(z.next)
	z.info.Over = z.info.Over || z.info.HasSize && uint64(z.n)+uint64(len(z.next)) > z.info.Size
}

// finish checks what stands behind the blocks.
func (z *lz4Reader) finish() error {
	if z.info.HasSize && uint64(z.n) != z.info.Size {
		return z.fail("ERROR_frameSize_wrong")
	}
	z.done = true
	if z.flags&lz4HasContentChecksum == 0 {
		return nil
	}
	b, ok, err := z.read(4)
	if ok && binary.LittleEndian.Uint32(b) != z.sum.sum() {
		z.info.Checksum = true
		return z.fail("ERROR_contentChecksum_invalid")
	}
	return err
}
