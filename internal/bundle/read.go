package bundle

import (
	"archive/tar"
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/klauspost/compress/zstd"
)

var magic = []byte{0x28, 0xb5, 0x2f, 0xfd} // of zstd

// Open reads the bundle at path. ok is false, without an error, for everything
// that is no bundle of any version: a directory, another archive, a path that
// is not there. The error is a *FormatError for a bundle that is damaged, that
// lies, or whose version is not known.
func Open(ctx context.Context, path string) (b *Bundle, ok bool, err error) {
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return nil, false, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, false, nil // whoever opens it as an archive says why
	}
	defer f.Close()
	b, ok, err = Read(ctx, f)
	if err != nil && ctx.Err() == nil {
		err = &FormatError{path, err}
	}
	return b, ok, err
}

// Read reads a bundle from its first byte on; see Open.
func Read(ctx context.Context, r io.Reader) (b *Bundle, ok bool, err error) {
	in := bufio.NewReader(r)
	if head, _ := in.Peek(len(magic)); string(head) != string(magic) {
		return nil, false, nil
	}
	z, err := zstd.NewReader(in, zstd.WithDecoderMaxWindow(16<<20), zstd.WithDecoderLowmem(true), zstd.WithDecoderConcurrency(1))
	if err != nil {
		return nil, false, nil
	}
	defer z.Close()
	t := tar.NewReader(&limited{ctx: ctx, r: z, left: maxTotal + maxTotal/8})
	h, err := t.Next()
	if err != nil || h.Typeflag != tar.TypeReg || h.Name != manifestName {
		return nil, false, nil
	}
	body := bufio.NewReader(t)
	if head, _ := body.Peek(64); !announces(head) {
		return nil, false, nil
	}
	b = new(Bundle)
	data, err := member(body, h.Size)
	if err != nil {
		return nil, true, fmt.Errorf("%s: %w", manifestName, err)
	}
	if err := b.Manifest.read(data); err != nil {
		return nil, true, err
	}
	for i := range b.Manifest.Nodes {
		n := &b.Manifest.Nodes[i]
		data, err := b.evidence(t, n)
		if err != nil {
			return nil, true, fmt.Errorf("%s: %w", n.File, err)
		}
		b.Evidence = append(b.Evidence, data)
	}
	if h, err := t.Next(); err == nil {
		return nil, true, fmt.Errorf("it has a member %q, which its manifest does not name", h.Name)
	} else if err != io.EOF {
		return nil, true, err
	}
	return b, true, nil
}

// announces reports whether the beginning of a manifest names a version of the
// format.
func announces(head []byte) bool {
	rest := strings.TrimLeft(string(head), " \r\n\t")
	for _, token := range []string{"{", `"format"`, ":", `"` + formats} {
		var ok bool
		if rest, ok = strings.CutPrefix(rest, token); !ok {
			return false
		}
		rest = strings.TrimLeft(rest, " \r\n\t")
	}
	return true
}

func (m *Manifest) read(data []byte) error {
	var version struct {
		Format string `json:"format"`
	}
	if err := json.Unmarshal(data, &version); err != nil {
		return fmt.Errorf("%s: %w", manifestName, err)
	}
	if version.Format != Format {
		return fmt.Errorf("its format is %.40q, and this version reads %q", version.Format, Format)
	}
	if err := json.Unmarshal(data, m); err != nil {
		return fmt.Errorf("%s: %w", manifestName, err)
	}
	return m.validate()
}

// evidence reads the member of a node.
func (b *Bundle) evidence(t *tar.Reader, n *Node) ([]byte, error) {
	h, err := t.Next()
	switch {
	case errors.Is(err, io.EOF):
		return nil, errors.New("is missing")
	case err != nil:
		return nil, err
	case h.Typeflag != tar.TypeReg || h.Name != n.File:
		return nil, fmt.Errorf("is missing; %.80q stands in its place", h.Name)
	case h.Size != n.Size:
		return nil, fmt.Errorf("has %d bytes, the manifest says %d", h.Size, n.Size)
	}
	data, err := member(t, h.Size)
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != n.SHA256 {
		return nil, errors.New("its SHA-256 is not the one in the manifest")
	}
	return data, nil
}

// member reads the content of a member, whose size is not believed.
func member(r io.Reader, size int64) ([]byte, error) {
	if size > maxMember {
		return nil, fmt.Errorf("claims %d bytes, and %d is the most", size, maxMember)
	}
	data, err := io.ReadAll(r)
	if err == nil {
		err = bounded(data)
	}
	return data, err
}

// A limited reader obeys ctx and ends with an error when too much came out of
// the decompressor.
type limited struct {
	ctx  context.Context
	r    io.Reader
	left int64
}

func (l *limited) Read(p []byte) (int, error) {
	if err := context.Cause(l.ctx); err != nil {
		return 0, err
	}
	n, err := l.r.Read(p)
	if l.left -= int64(n); l.left < 0 {
		return 0, fmt.Errorf("it unpacks to more than %d MiB", maxTotal>>20)
	}
	return n, err
}
