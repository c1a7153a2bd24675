package source

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// maxWindow is the largest zstd window that is decoded: "zstd --long=27".
const maxWindow = 128 << 20

// A container is an archive file.
type container struct {
	path string
	file *os.File
	info fs.FileInfo
	read func(name string, offset int64) error
}

func (c *container) extent() *extent {
	return &extent{name: c.path, file: c.file, size: c.info.Size(), info: c.info, sparse: sparse(c.info), fault: c.read}
}

// openExtent opens path, which must be a regular file, as a whole.
func openExtent(path string, read func(string, int64) error) (*extent, error) {
	f, err := openQuietly(func(flag int) (*os.File, error) { return os.OpenFile(path, os.O_RDONLY|flag, 0) })
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errNotRegular
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	x := (&container{path: path, file: f, info: info, read: read}).extent()
	x.closes = true
	return x, nil
}

// archive is the store of an archive.
type archive struct {
	*index
	box   *container
	spool *spool
}

func (a *archive) container() *container { return a.box }

func (a *archive) close() error { return errors.Join(a.spool.close(), a.box.file.Close()) }

// openArchive reads the archive at path. The store is nil if there is nothing
// to serve; otherwise the error is nil or an *IncompleteError.
func openArchive(ctx context.Context, path string, o Options, report func(Stranger)) (store, error) {
	x, err := openExtent(path, o.read)
	switch {
	case errors.Is(err, errNotRegular):
		return nil, &InputError{Path: path, Problem: Irregular}
	case err != nil:
		return nil, inputError(path, err)
	}
	a := &archive{
		index: newIndex(path, report),
		box:   &container{path: path, file: x.file, info: x.info, read: o.read},
		spool: newSpool(ctx, path, o),
	}
	err = a.read(ctx)
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	incomplete := new(IncompleteError)
	if err != nil && (!errors.As(err, &incomplete) || incomplete.Members == 0) {
		a.close()
		return nil, err
	}
	a.sort()
	return a, err
}

// read tells the format by content and fills the index.
func (a *archive) read(ctx context.Context) error {
	x := a.box.extent()
	head := make([]byte, tarBlock)
	n, err := x.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return inputError(a.box.path, err)
	}
	head = head[:n]
	whole := &source{ctx: ctx, r: io.NewSectionReader(x, 0, x.size)}
	switch format := sniff(head); {
	case format == "gzip":
		r, err := gzip.NewReader(bufio.NewReaderSize(whole, passBuffer))
		if err != nil {
			return &IncompleteError{Path: a.box.path, Err: err}
		}
		return a.readCompressed(ctx, "gzip-compressed", r)
	case format == "zstd":
		r, err := zstd.NewReader(whole, zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderLowmem(true))
		if err != nil {
			return &IncompleteError{Path: a.box.path, Err: err}
		}
		defer r.Close()
		return a.readCompressed(ctx, "zstd-compressed", r)
	case format == "zip":
		return a.readZip(ctx, x)
	case format == "tar", zeroTar(head, a.box.path):
		whole.seeker = io.NewSectionReader(x, 0, x.size)
		whole.r = whole.seeker
		return a.readTar(ctx, whole, x)
	default:
		return &NotArchiveError{Path: a.box.path, What: format}
	}
}

// readCompressed reads the tar archive that stands in r.
func (a *archive) readCompressed(ctx context.Context, how string, r io.Reader) error {
	inner := bufio.NewReaderSize(r, passBuffer)
	head, err := inner.Peek(tarBlock)
	if err != nil && err != io.EOF {
		return &IncompleteError{Path: a.box.path, Err: err}
	}
	if sniff(head) != "tar" && !zeroTar(head, a.box.path) {
		return &NotArchiveError{Path: a.box.path, What: how + ", and there is no tar archive inside"}
	}
	return a.readTar(ctx, &source{ctx: ctx, r: inner}, nil)
}

// sniff tells what a file is from its first block: "tar", "gzip", "zstd",
// "zip", a description of a format that is not read, or "".
func sniff(head []byte) string {
	for _, known := range []struct{ magic, format string }{
		{"\x1f\x8b", "gzip"},
		{"\x28\xb5\x2f\xfd", "zstd"},
		{"PK\x03\x04", "zip"},
		{"PK\x05\x06", "zip"}, // without members
		{"PK\x07\x08", "the first part of a split zip archive, which is not read"},
		{"\xfd7zXZ\x00", "xz-compressed, which is not read"},
		{"BZh", "bzip2-compressed, which is not read"},
		{"\x04\x22\x4d\x18", "LZ4-compressed, which is not read"},
		{"7z\xbc\xaf\x27\x1c", "a 7-Zip archive, which is not read"},
		{"Rar!\x1a\x07", "a RAR archive, which is not read"},
		{"SQLite format 3\x00", "a SQLite database"},
	} {
		if strings.HasPrefix(string(head), known.magic) {
			return known.format
		}
	}
	// A skippable frame in front (pzstd) has magic 0x184D2A50 to 0x184D2A5F.
	if len(head) >= 4 && head[0]&0xf0 == 0x50 && string(head[1:4]) == "\x2a\x4d\x18" {
		return "zstd"
	}
	if isTarHeader(head) {
		return "tar"
	}
	return ""
}

// isTarHeader reports whether block has the magic of ustar, or the checksum of
// a header of the time before it.
func isTarHeader(block []byte) bool {
	const magic, sum, sumLength = 257, 148, 8
	if len(block) < magic+5 {
		return false
	}
	if string(block[magic:magic+5]) == "ustar" {
		return true
	}
	if len(block) < tarBlock || block[0] == 0 {
		return false
	}
	var stored, computed int64
	for _, c := range bytes.Trim(block[sum:sum+sumLength], " \x00") {
		if c < '0' || c > '7' {
			return false
		}
		stored = stored<<3 | int64(c-'0')
	}
	for i, c := range block {
		if i >= sum && i < sum+sumLength {
			c = ' '
		}
		computed += int64(c)
	}
	return stored == computed
}

// zeroTar reports whether head begins a tar archive without members, which
// only its name can tell from a file of zeros.
func zeroTar(head []byte, path string) bool {
	name := strings.ToLower(path)
	for _, suffix := range []string{".tar", ".tar.gz", ".tgz", ".tar.zst", ".tzst"} {
		if strings.HasSuffix(name, suffix) {
			return len(bytes.Trim(head, "\x00")) == 0
		}
	}
	return false
}

// A source is the stream that an archive is read from. It obeys ctx and knows
// its position.
type source struct {
	ctx    context.Context
	r      io.Reader
	seeker io.ReadSeeker // nil if it can only be read
	offset int64
	// read and nonzero tell tar whether it came to the mark of its end: the
	// number of bytes since mark, and whether one of the last was not zero.
	read    int64
	nonzero bool
}

func (s *source) Read(p []byte) (int, error) {
	if err := context.Cause(s.ctx); err != nil {
		return 0, err
	}
	n, err := s.r.Read(p)
	s.offset += int64(n)
	s.read += int64(n)
	if n > 0 {
		s.nonzero = len(bytes.TrimRight(p[max(0, n-tarBlock):n], "\x00")) > 0
	}
	return n, err
}

func (s *source) mark() { s.read, s.nonzero = 0, false }

// A seekingSource lets archive/tar skip what it is not asked for.
type seekingSource struct{ *source }

func (s seekingSource) Seek(offset int64, whence int) (int64, error) {
	now, err := s.seeker.Seek(offset, whence)
	if err == nil {
		s.offset = now
	}
	return now, err
}
