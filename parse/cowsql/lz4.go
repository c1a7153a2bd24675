package cowsql

import (
	"errors"
	"fmt"
	"io"

	"github.com/pierrec/lz4/v4"

	"github.com/lastwrite/lastwrite/parse"
)

// lz4Magic starts an LZ4 frame, little-endian.
const lz4Magic = 0x184D2204

// LZ4 says how a snapshot's data file is stored.
type LZ4 struct {
	Used     bool
	HasSize  bool   // the frame states its content size
	Size     uint64 // that size in bytes
	Read     int64  // bytes that could be decompressed
	Cut      bool   // the file ends inside the frame
	Checksum bool   // a checksum of the frame does not hold
	Err      string // what the decompressor says, "" if all is well
}

func (s *Snapshot) readCompressed(src *source, flags byte, file string) error {
	fileSize, size := s.Size, int64(-1)
	if s.LZ4.HasSize && s.LZ4.Size < 1<<62 {
		size = int64(s.LZ4.Size)
	}
	z := &lz4Reader{r: lz4.NewReader(newLZ4Frame(src, flags))}
	p := &payload{r: z, file: file, snapshot: s, size: size}
	if err := p.read(); err != nil {
		return err
	}
	// What follows the databases still has to be decompressed: the checksum
	// of the content stands at the end of the frame.
	if _, err := io.Copy(io.Discard, z); err != nil {
		return err
	}
	extra, err := io.Copy(io.Discard, src)
	if src.err != nil {
		return src.err
	}
	if err != nil {
		return err
	}
	s.LZ4.Read, s.Size = z.n, z.n
	if z.err != nil {
		s.LZ4.Err = z.err.Error()
		s.LZ4.Cut = errors.Is(z.err, io.ErrUnexpectedEOF)
		s.LZ4.Checksum = errors.Is(z.err, lz4.ErrInvalidFrameChecksum) || errors.Is(z.err, lz4.ErrInvalidBlockChecksum) || errors.Is(z.err, lz4.ErrInvalidHeaderChecksum)
		kind := parse.BadValue
		switch {
		case s.LZ4.Cut:
			kind = parse.Truncated
		case s.LZ4.Checksum:
			kind = parse.BadChecksum
		}
		s.Damage = append(s.Damage, parse.Damage{
			Span: parse.Span{File: file, Field: "lz4"}, Kind: kind,
			Want: "a complete LZ4 frame", Got: fmt.Sprintf("%d bytes of content, then: %s", z.n, z.err),
		})
		return nil
	}
	if extra > 0 {
		s.Damage = append(s.Damage, parse.Damage{
			Span: parse.Span{File: file, Offset: fileSize - extra, Length: extra, Field: "lz4.end"}, Kind: parse.Trailing,
			Want: "the end of the file behind the LZ4 frame", Got: fmt.Sprintf("%d more bytes", extra),
		})
	}
	if s.LZ4.HasSize && uint64(z.n) != s.LZ4.Size {
		s.LZ4.Err = "frame size wrong"
		s.Damage = append(s.Damage, parse.Damage{
			Span: parse.Span{File: file, Offset: 6, Length: 8, Field: "lz4.content_size"}, Kind: parse.Mismatch,
			Want: fmt.Sprintf("%d bytes", s.LZ4.Size), Got: fmt.Sprintf("%d bytes", z.n),
		})
	}
	return nil
}

// source remembers an error of the file, so that it can be told from an error
// of the decompressor.
type source struct {
	r   io.Reader
	err error
}

func (c *source) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	if err != nil && err != io.EOF {
		c.err = err
	}
	return n, err
}

// lz4Reader turns the first error of a decompressor into an end of the stream.
type lz4Reader struct {
	r    *lz4.Reader
	n    int64
	done bool
	err  error
}

func (z *lz4Reader) Read(b []byte) (n int, err error) {
	if z.done {
		return 0, io.EOF
	}
	defer func() {
		if p := recover(); p != nil { // the library promises no panic; damage must not become one
			z.err = fmt.Errorf("decompressor failed: %v", p)
			z.done, n, err = true, 0, io.EOF
		}
	}()
	n, err = z.r.Read(b)
	z.n += int64(n)
	if err != nil {
		z.done = true
		if err != io.EOF {
			z.err, err = err, io.EOF
		}
	}
	return n, err
}
