package cowsql

import (
	"fmt"
	"io"

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
	Header   bool   // what is wrong is in the header of the frame
	Over     bool   // there is more content than the frame states
	Err      string // liblz4's name for what is wrong, or a text where it has none; "" if all is well
}

func (s *Snapshot) readCompressed(src *source, file string) error {
	fileSize, size := s.Size, int64(-1)
	if s.LZ4.HasSize && s.LZ4.Size < 1<<62 {
		size = int64(s.LZ4.Size)
	}
	z := &lz4Reader{src: src, info: &s.LZ4}
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
	if err != nil {
		return err
	}
	s.LZ4.Read, s.Size = z.n, z.n
	s.clamp(z.n)
	if s.LZ4.Err != "" {
		kind := parse.BadValue
		switch {
		case s.LZ4.Cut:
			kind = parse.Truncated
		case s.LZ4.Checksum:
			kind = parse.BadChecksum
		}
		s.Damage = append(s.Damage, parse.Damage{
			Span: parse.Span{File: file, Field: "lz4"}, Kind: kind,
			Want: "a complete LZ4 frame", Got: fmt.Sprintf("%d bytes of content, then: %s", z.n, s.LZ4.Err),
		})
		return nil
	}
	if extra > 0 {
		s.Damage = append(s.Damage, parse.Damage{
			Span: parse.Span{File: file, Offset: fileSize - extra, Length: extra, Field: "lz4.end"}, Kind: parse.Trailing,
			Want: "the end of the file behind the LZ4 frame", Got: fmt.Sprintf("%d more bytes", extra),
		})
	}
	return nil
}

// clamp takes back what was expected of a frame that states more content than
// it has: damage lies in the content that could be decompressed.
func (s *Snapshot) clamp(size int64) {
	for i := range s.Damage {
		d := &s.Damage[i]
		if more := d.Offset + d.Length - size; d.Kind == parse.Truncated && more > 0 {
			d.Length -= more
			d.Got = fmt.Sprintf("%d bytes before the end of the content", d.Length)
			s.Missing += more
		}
	}
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
