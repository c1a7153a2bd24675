package source

import (
	"context"
	"crypto/sha256"
	"hash"
	"io"
)

const (
	passBuffer = 512 << 10
	// directRead is the size from which on a consumer's own buffer is read
	// into, instead of copying from ours.
	directRead = 32 << 10
)

// A pass reads one extent from first to last byte and hashes what it hands
// out, if it is to. Large reads go straight into the caller's memory and WriteTo lends out
// the pass's own buffer, so that hash and consumer see the same copy of the
// bytes. Holes are not read from disk.
type pass struct {
	ctx    context.Context
	add    func(n int64)
	sum    hash.Hash // nil: no digest is wanted
	zeros  []byte    // never written to
	buffer []byte

	extent  *extent
	offset  int64  // of the next byte that is not hashed yet
	pending []byte // hashed, not handed out
	hole    bool   // offset lies in a hole
	until   int64  // and the hole, or the data, ends here
	err     error  // sticky, io.EOF at the end
}

// newPass returns a pass for files of at most largest bytes. zeros may be
// shared by many.
func newPass(ctx context.Context, zeros []byte, largest int64, hashed bool, add func(n int64)) *pass {
	p := &pass{ctx: ctx, add: add, zeros: zeros, buffer: newBuffer(largest)}
	if hashed {
		p.sum = sha256.New()
	}
	return p
}

// newBuffer returns a buffer for reading files of at most largest bytes.
func newBuffer(largest int64) []byte { return make([]byte, max(spoolBlock, min(largest, passBuffer))) }

func (p *pass) reset(x *extent) {
	if p.sum != nil {
		p.sum.Reset()
	}
	p.extent, p.offset, p.pending, p.hole, p.until, p.err = x, 0, nil, false, 0, nil
}

// next returns the next bytes of the file, hashed; they stand in into unless
// they come from a hole and lend is set. It returns none at the end or after
// an error.
func (p *pass) next(into []byte, lend bool) []byte {
	if p.err != nil {
		return nil
	}
	if err := context.Cause(p.ctx); err != nil {
		p.err = err
		return nil
	}
	if p.offset >= p.extent.size {
		p.err = io.EOF
		return nil
	}
	if p.offset >= p.until {
		p.hole, p.until = p.extent.hole(p.offset)
	}
	n := int(min(int64(len(into)), p.until-p.offset))
	out := into[:n]
	switch {
	case p.hole && lend:
		out = p.zeros[:min(n, len(p.zeros))]
	case p.hole:
		clear(out)
	default:
		got, err := p.extent.ReadAt(out, p.offset)
		out = out[:got]
		if err == io.EOF && p.offset+int64(got) < p.extent.size {
			err = errShrunk
		}
		if err != io.EOF {
			p.err = err // for the next call, if there are bytes now
		}
	}
	if p.sum != nil {
		p.sum.Write(out)
	}
	p.offset += int64(len(out))
	p.add(int64(len(out)))
	return out
}

func (p *pass) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	if len(p.pending) == 0 {
		if len(b) >= directRead {
			if n := len(p.next(b, false)); n > 0 {
				return n, nil
			}
			return 0, p.err
		}
		if p.pending = p.next(p.buffer, true); len(p.pending) == 0 {
			return 0, p.err
		}
	}
	n := copy(b, p.pending)
	p.pending = p.pending[n:]
	return n, nil
}

// WriteTo implements io.WriterTo. w must not keep or change what it gets.
func (p *pass) WriteTo(w io.Writer) (written int64, err error) {
	for {
		if len(p.pending) == 0 {
			if p.pending = p.next(p.buffer, true); len(p.pending) == 0 {
				if p.err == io.EOF {
					return written, nil
				}
				return written, p.err
			}
		}
		n, err := w.Write(p.pending)
		written += int64(n)
		p.pending = p.pending[n:]
		if err != nil {
			return written, err
		}
	}
}

// finish reads what is left and returns the digest of the whole file, zero if
// none is wanted.
func (p *pass) finish() (digest [sha256.Size]byte, err error) {
	p.pending = nil
	for len(p.next(p.buffer, true)) > 0 {
	}
	if p.err != io.EOF {
		return digest, p.err
	}
	if p.sum != nil {
		p.sum.Sum(digest[:0])
	}
	return digest, nil
}
