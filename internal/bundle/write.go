package bundle

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/zstd"
)

// Add appends a node and its evidence, in which every string has gone through
// text.
func (b *Bundle) Add(n Node, evidence any, text func(string) string) error {
	data, err := json.Marshal(mapped(evidence, text))
	if err != nil {
		return fmt.Errorf("%s: %w", n.Name, err)
	}
	if err := bounded(data); err != nil {
		return fmt.Errorf("%s: %w", n.Name, err)
	}
	sum := sha256.Sum256(data)
	n.File, n.Size, n.SHA256 = memberName(len(b.Manifest.Nodes)), int64(len(data)), hex.EncodeToString(sum[:])
	b.Manifest.Nodes = append(b.Manifest.Nodes, n)
	b.Evidence = append(b.Evidence, data)
	return nil
}

// Map puts text in the place of every string of the manifest that tells
// something about the site.
func (m *Manifest) Map(text func(string) string) {
	m.Inputs = mapped(m.Inputs, text).([]Input)
	m.Notes = mapped(m.Notes, text).([]Note)
	m.Missing = mapped(m.Missing, text).([]string)
	for i := range m.Nodes {
		n := &m.Nodes[i]
		n.Name, n.Dir, n.Data, n.Note = text(n.Name), text(n.Dir), text(n.Data), text(n.Note)
	}
}

// WriteTo writes the bundle as tar.zst. The same bundle gives the same bytes.
func (b *Bundle) WriteTo(w io.Writer) (int64, error) {
	count := &counter{w: w}
	z, err := zstd.NewWriter(count, zstd.WithEncoderLevel(zstd.SpeedBetterCompression), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return 0, err
	}
	err = errors.Join(b.write(z), z.Close())
	return count.n, err
}

func (b *Bundle) write(w io.Writer) error {
	b.Manifest.Format = Format
	if err := b.Manifest.validate(); err != nil {
		return err
	}
	manifest, err := json.MarshalIndent(b.Manifest, "", " ")
	if err != nil {
		return err
	}
	if err := bounded(manifest); err != nil {
		return fmt.Errorf("%s: %w", manifestName, err)
	}
	total := len(manifest)
	t := tar.NewWriter(w)
	members := append([][]byte{append(manifest, '\n')}, b.Evidence...)
	for i, data := range members {
		name := manifestName
		if i > 0 {
			name = memberName(i - 1)
		}
		if total += len(data); total > maxTotal {
			return fmt.Errorf("the evidence has more than %d MiB; make a bundle for each node", maxTotal>>20)
		}
		if err := t.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: int64(len(data)), Format: tar.FormatUSTAR}); err != nil {
			return err
		}
		if _, err := t.Write(data); err != nil {
			return err
		}
	}
	return t.Close()
}

// bounded refuses a member that a reader would refuse.
func bounded(data []byte) error {
	if len(data) > maxMember {
		return fmt.Errorf("has %d MiB, and a bundle holds at most %d of one node", len(data)>>20, maxMember>>20)
	}
	if n := bytes.Count(data, []byte{'{'}); n > maxObjects {
		return fmt.Errorf("has %d objects, and a bundle holds at most %d of one node", n, maxObjects)
	}
	return nil
}

type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

// Create writes a new file, whole or not at all, and returns its size. The
// error is fs.ErrExist if there is one of that name.
func (b *Bundle) Create(name string) (size int64, err error) {
	if _, err := os.Lstat(name); !errors.Is(err, fs.ErrNotExist) {
		return 0, errors.Join(err, &fs.PathError{Op: "create", Path: name, Err: fs.ErrExist})
	}
	f, err := os.CreateTemp(filepath.Dir(name), ".lastwrite-*.tmp")
	if err != nil {
		return 0, err
	}
	defer os.Remove(f.Name()) // in vain once it is renamed
	size, err = b.WriteTo(f)
	if err = errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close()); err != nil {
		return 0, err
	}
	// A link, unlike a rename, does not replace what appeared meanwhile.
	if err = os.Link(f.Name(), name); err != nil && !errors.Is(err, fs.ErrExist) {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return 0, err
	}
	if dir, err := os.Open(filepath.Dir(name)); err == nil {
		err = errors.Join(ignoreUnsupported(dir.Sync()), dir.Close())
		return size, err
	}
	return size, nil
}

// ignoreUnsupported forgives file systems that cannot sync a directory.
func ignoreUnsupported(err error) error {
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, fs.ErrInvalid) || errors.Is(err, fs.ErrPermission) {
		return nil
	}
	return err
}
