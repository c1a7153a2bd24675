package source

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"
)

// content returns all regular files of the tree.
func content(t testing.TB, tree *Tree) map[string]string {
	t.Helper()
	out := make(map[string]string)
	require.NoError(t, fs.WalkDir(tree.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := fs.ReadFile(tree.FS(), name)
		out[name] = string(data)
		return err
	}))
	return out
}

func TestArchiveMembersThatLeadOutAreRefused(t *testing.T) {
	for _, name := range []string{
		"../x", "a/../../x", "a/..", "..", "/etc/passwd", "//x", `..\x`, `a\..\..\x`, `\x`, `C:\x`, "c:/x", "./../x", "a/../b",
	} {
		for _, link := range []bool{false, true} {
			bad := regular(name, "evil")
			if link {
				bad = thing{tar.Header{Typeflag: tar.TypeSymlink, Name: name, Linkname: "good"}, ""}
			}
			archives := map[string][]byte{}
			archives["x.tar"] = tarOf(t, regular("good", "good"), bad, regular("later", "later"))
			archives["x.tar.gz"] = gzipOf(t, archives["x.tar"])
			if !link {
				archives["x.zip"] = zipOf(t, regular("good", "good"), bad)
			}
			for file, data := range archives {
				t.Run(fmt.Sprintf("%s %v in %s", strings.ReplaceAll(name, "/", "|"), link, file), func(t *testing.T) {
					outer := t.TempDir()
					temp := filepath.Join(outer, "a", "b")
					require.NoError(t, os.MkdirAll(temp, 0o700))
					path := archiveFile(t, file, data)
					tree, err := tryOpen(t, path, Options{TempDir: temp})
					require.Nil(t, tree)
					var escape *EscapeError
					require.ErrorAs(t, err, &escape)
					require.Equal(t, name, escape.Member)
					require.Equal(t, path, escape.Path)
					require.Contains(t, err.Error(), "leads out of the archive")
					require.Len(t, fingerprint(t, outer), 3, "something was written")
				})
			}
		}
	}
}

func zipOf(t testing.TB, things ...thing) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, m := range things {
		f, err := w.CreateHeader(&zip.FileHeader{Name: m.Name, Method: zip.Deflate})
		require.NoError(t, err)
		_, err = io.WriteString(f, m.data)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return out.Bytes()
}

func TestArchiveMembersThatAreNotFilesAreStrangers(t *testing.T) {
	special := func(kind byte, name, target string) thing {
		return thing{tar.Header{Typeflag: kind, Name: name, Linkname: target, Mode: 0o777}, ""}
	}
	deep := strings.Repeat("d/", maxNameDepth) + "f"
	plain := tarOf(t,
		regular("a/file", "first"),
		special(tar.TypeSymlink, "a/link", "/etc/passwd"),
		special(tar.TypeLink, "a/hard", "../../etc/shadow"),
		special(tar.TypeFifo, "fifo", ""),
		special(tar.TypeChar, "char", ""),
		special(tar.TypeBlock, "block", ""),
		regular("a/file", "second"),
		regular("a/link/below", "below a link"),
		regular("a/file/below", "below a file"),
		regular("a", "a directory"),
		special(tar.TypeDir, "a/", ""),
		special(tar.TypeDir, "a/file/", ""),
		regular(deep, "deep"),
		regular(strings.Repeat("n", maxNameLength+1), "long"),
		regular("not\xffutf8", "x"),
		thing{tar.Header{Typeflag: '?', Name: "odd", Format: tar.FormatGNU}, ""},
	)
	long := strings.Repeat("n", 256) + "…"
	for file, data := range map[string][]byte{"x.tar": plain, "x.tar.gz": gzipOf(t, plain), "x.tar.zst": zstdOf(t, plain)} {
		t.Run(file, func(t *testing.T) {
			tree := open(t, archiveFile(t, file, data), Options{})
			require.Equal(t, map[string]string{"a/file": "first"}, content(t, tree))
			got := make(map[string][]string)
			for _, s := range tree.Strangers() {
				got[s.Path] = append(got[s.Path], s.Reason+s.Target)
			}
			require.Equal(t, map[string][]string{
				"a":              {"archive member with the name of a directory, refused"},
				"a/link":         {"symbolic link, not followed/etc/passwd"},
				"a/hard":         {"hard link in an archive, not followed../../etc/shadow"},
				"fifo":           {"FIFO, not opened"},
				"char":           {"character device, not opened"},
				"block":          {"block device, not opened"},
				"a/file":         {"second archive member of that name, refused; the first one is served"},
				"a/file/below":   {"archive member below a file, refused"},
				"a/link/below":   {"archive member below a file, refused"},
				deep[:256] + "…": {"archive member whose name is too long, refused"},
				long:             {"archive member whose name is too long, refused"},
				"not\xffutf8":    {"archive member whose name is not valid UTF-8, refused"},
				"odd":            {"archive member of the unknown type '?', refused"},
			}, got)
			_, err := tree.FS().Open("a/link")
			require.Error(t, err)
			target, err := fs.ReadLink(tree.FS(), "a/link")
			require.NoError(t, err)
			require.Equal(t, "/etc/passwd", target)
		})
	}
}

func TestZipMembersThatAreNotFiles(t *testing.T) {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	add := func(h *zip.FileHeader, mode fs.FileMode, data string) {
		h.SetMode(mode)
		f, err := w.CreateHeader(h)
		require.NoError(t, err)
		_, err = io.WriteString(f, data)
		require.NoError(t, err)
	}
	add(&zip.FileHeader{Name: "d/"}, fs.ModeDir|0o750, "")
	add(&zip.FileHeader{Name: "d/file", Method: zip.Store}, 0o600, "stored")
	add(&zip.FileHeader{Name: "d/file"}, 0o600, "again")
	add(&zip.FileHeader{Name: "link"}, fs.ModeSymlink|0o777, "/etc/passwd")
	add(&zip.FileHeader{Name: "fifo"}, fs.ModeNamedPipe|0o600, "")
	z, err := w.CreateRaw(&zip.FileHeader{Name: "zstd", Method: zstd.ZipMethodWinZip, UncompressedSize64: 4,
		CRC32: crc32.ChecksumIEEE([]byte("data")), CompressedSize64: uint64(len(zstdOf(t, []byte("data"))))})
	require.NoError(t, err)
	_, err = z.Write(zstdOf(t, []byte("data")))
	require.NoError(t, err)
	require.NoError(t, w.Close())

	tree := open(t, archiveFile(t, "x.zip", out.Bytes()), Options{})
	require.Equal(t, map[string]string{"d/file": "stored", "zstd": "data"}, content(t, tree))
	require.Equal(t, map[string]string{
		"d/file": "second archive member of that name, refused; the first one is served",
		"link":   "symbolic link, not followed -> /etc/passwd",
		"fifo":   "FIFO, not opened",
	}, strangers(tree))
	info, err := fs.Stat(tree.FS(), "d")
	require.NoError(t, err)
	require.Equal(t, fs.ModeDir|0o750, info.Mode())
}

func TestDamagedArchivesServeWhatIsWhole(t *testing.T) {
	noise := make([]byte, 300_000)
	rng := rand.NewChaCha8([32]byte{1})
	rng.Read(noise)
	first, second := regular("n1/first", string(noise[:100_000])), regular("n1/second", string(noise[100_000:]))
	plain := tarOf(t, first, second)
	packed := gzipOf(t, plain)
	zipped := zipOf(t, first, second)
	lying := bytes.Clone(zipped)
	directory := bytes.Index(lying, []byte("PK\x01\x02"))
	const zipSize = 24
	size := func(entry int, n uint32) { binary.LittleEndian.PutUint32(lying[entry+zipSize:], n) }
	other := directory + bytes.Index(lying[directory+4:], []byte("PK\x01\x02")) + 4
	size(other, 1<<31)
	short := bytes.Clone(zipped)
	binary.LittleEndian.PutUint32(short[other+zipSize:], 1000)
	locked := bytes.Clone(zipped)
	locked[other+8] |= 1
	method := bytes.Clone(zipped)
	method[other+10] = 14
	huge := tarOf(t, first)
	huge = append(huge[:len(huge)-1024], func() []byte {
		var out bytes.Buffer
		require.NoError(t, tar.NewWriter(&out).WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "n1/second", Size: 1 << 50, Format: tar.FormatGNU}))
		return append(out.Bytes(), "only this"...)
	}()...)
	flip := func(data []byte, at int) []byte { data = bytes.Clone(data); data[at] ^= 0x10; return data }

	for _, c := range []struct {
		name, file string
		data       []byte
		member     string
		members    int
		text       string
	}{
		{"cut within a member", "x.tar", plain[:len(plain)/2], "n1/second", 1, `damaged at member "n1/second" (it ends too early); 1 file was read completely`},
		{"cut within a member", "x.tar.gz", packed[:len(packed)/2], "n1/second", 1, "it ends too early"},
		{"cut within the first member", "x.tar.gz", packed[:len(packed)/5], "n1/first", 0, "it ends too early"},
		{"cut within a member", "x.tar.zst", zstdOf(t, plain)[:200_000], "n1/second", 1, "it ends too early"},
		{"cut within the header", "x.gz", packed[:9], "", 0, "it ends too early"},
		{"cut within the header", "x.zst", zstdOf(t, plain)[:5], "", 0, "it ends too early"},
		{"cut between members", "x.tar", plain[:512+100_352], "", 1, "it ends without the mark of its end"},
		{"cut between members", "x.tar.gz", gzipOf(t, plain[:512+100_352]), "", 1, "it ends without the mark of its end"},
		{"cut behind the last member", "x.tar.gz", packed[:len(packed)-4], "", 2, "it ends too early"},
		{"wrong checksum", "x.tar.gz", flip(packed, len(packed)-6), "", 2, "the checksum of the whole is wrong"},
		{"wrong checksum", "x.tar.zst", flip(zstdOf(t, plain), len(zstdOf(t, plain))-1), "", 2, "the checksum of the whole is wrong"},
		{"broken header", "x.tar", flip(plain, 512+100_352+100), "", 1, "no valid tar header"},
		{"lies about a size", "x.tar", huge, "n1/second", 1, "it ends too early"},
		{"lies about a size", "x.tar.gz", gzipOf(t, huge), "n1/second", 1, "it ends too early"},
		{"cut", "x.zip", zipped[:len(zipped)-10], "", 0, "the directory at its end is missing or damaged"},
		{"wrong checksum", "x.zip", flip(zipped, 50_000), "n1/first", 1, "its checksum is wrong"},
		{"lies about a size", "x.zip", lying, "n1/second", 1, "it ends too early"},
		{"lies about a size", "x.zip", short, "n1/second", 1, "its header is damaged"},
		{"is encrypted", "x.zip", locked, "n1/second", 1, "it is encrypted"},
		{"unknown method", "x.zip", method, "n1/second", 1, "method 14"},
	} {
		t.Run(c.file+" "+c.name, func(t *testing.T) {
			path := archiveFile(t, c.file, c.data)
			tree, err := tryOpen(t, path, Options{})
			var incomplete *IncompleteError
			require.ErrorAs(t, err, &incomplete)
			require.Equal(t, path, incomplete.Path)
			require.Equal(t, c.member, incomplete.Member)
			require.Equal(t, c.members, incomplete.Members)
			require.Contains(t, err.Error(), c.text)
			if c.members == 0 {
				require.Nil(t, tree)
				return
			}
			got := content(t, tree)
			require.Len(t, got, c.members)
			for name, data := range got {
				want := map[string]string{"n1/first": first.data, "n1/second": second.data}[name]
				require.True(t, want == data, name)
			}
			if c.member != "" {
				require.Contains(t, strangers(tree)[c.member], "archive member that could not be read to its end: ")
			}
			_, err = tree.Sweep(t.Context(), nil, nil)
			require.NoError(t, err)
		})
	}
}

// Every prefix and every flipped bit of an archive gives a typed error or a
// tree that can be read.
func TestArchivePrefixesAndFlippedBits(t *testing.T) {
	plain := tarOf(t, regular("a/b", "some text"), regular("c", strings.Repeat("x", 600)))
	for file, data := range map[string][]byte{
		"x.tar": plain, "x.tar.gz": gzipOf(t, plain), "x.tar.zst": zstdOf(t, plain),
		"x.zip": zipOf(t, regular("a/b", "some text"), regular("c", strings.Repeat("x", 600))),
	} {
		t.Run(file, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), file)
			temp := t.TempDir()
			try := func(data []byte) {
				require.NoError(t, os.WriteFile(path, data, 0o600))
				tryAll(t, path, temp)
				require.NoError(t, os.Remove(path)) // a file that is written anew is flushed
			}
			for n := 1; n < len(data); n++ {
				try(data[:n])
			}
			step := 1
			if len(data) > 1000 {
				step = 7
			}
			for bit := 0; bit < len(data)*8; bit += step {
				flipped := bytes.Clone(data)
				flipped[bit/8] ^= 1 << (bit % 8)
				try(flipped)
			}
			left, err := os.ReadDir(temp)
			require.NoError(t, err)
			require.Empty(t, left)
		})
	}
}

// tryAll opens and reads an archive that may be anything.
func tryAll(t testing.TB, path, temp string) {
	t.Helper()
	tree, err := Open(t.Context(), path, Options{TempDir: temp, faults: faults{free: mostly(256 << 20)}})
	switch err.(type) {
	case nil:
		require.NotNil(t, tree)
	case *IncompleteError:
	case *NotArchiveError, *EscapeError, *InputError, *SpaceError:
		require.Nil(t, tree)
	default:
		t.Fatalf("untyped error: %v", err)
	}
	if err != nil {
		require.NotContains(t, err.Error(), "\n")
	}
	if tree == nil {
		return
	}
	defer func() { require.NoError(t, tree.Close()) }()
	for _, s := range tree.Strangers() {
		require.NotEmpty(t, s.Reason)
	}
	m, err := tree.Snapshot(t.Context())
	require.NoError(t, err)
	if m.Bytes() > 64<<20 {
		return // holes
	}
	m, err = tree.Sweep(t.Context(), nil, nil)
	require.NoError(t, err)
	require.Len(t, content(t, tree), len(m.Files))
}

// mostly is a disk that is full after it was asked a few times: every 64 MiB.
func mostly(total int64) func(string) (uint64, error) {
	return func(string) (uint64, error) {
		if total -= spoolCheck; total < 0 {
			return 0, nil
		}
		return 1 << 40, nil
	}
}

func TestUnpackingLeavesSpaceOnTheDisk(t *testing.T) {
	plain := tarOf(t, regular("big", strings.Repeat("z", 3*spoolCheck)))
	path := archiveFile(t, "x.tar.gz", gzipOf(t, plain))
	for _, answers := range [][]uint64{{spoolLeave - 1}, {1 << 40, spoolLeave, spoolLeave - 1}} {
		tree, err := tryOpen(t, path, Options{faults: faults{free: func(string) (uint64, error) {
			free := answers[0]
			answers = answers[1:]
			return free, nil
		}}})
		require.Nil(t, tree)
		var space *SpaceError
		require.ErrorAs(t, err, &space)
		require.Empty(t, answers)
		require.Contains(t, err.Error(), "unpacking stopped, only 256 MiB are left in ")
	}
	free, err := freeSpace(t.TempDir())
	require.NoError(t, err)
	require.Positive(t, free)
}

func TestUnpackingNeedsItsDirectory(t *testing.T) {
	path := archiveFile(t, "x.tar.gz", gzipOf(t, sampleTar(t)))
	tree, err := Open(t.Context(), path, Options{TempDir: filepath.Join(t.TempDir(), "none")})
	require.Nil(t, tree)
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.Contains(t, err.Error(), path+": cannot be unpacked into ")
}

func TestUnpackingStopsWhenCancelled(t *testing.T) {
	plain := sampleTar(t)
	for file, data := range map[string][]byte{"x.tar": plain, "x.tgz": gzipOf(t, plain), "x.tzst": zstdOf(t, plain), "x.zip": sampleZip(t)} {
		why := errors.New("interrupted")
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(why)
		temp := t.TempDir()
		tree, err := Open(ctx, archiveFile(t, file, data), Options{TempDir: temp})
		require.Nil(t, tree)
		require.ErrorIs(t, err, why)
		left, err := os.ReadDir(temp)
		require.NoError(t, err)
		require.Empty(t, left)
	}
}

func TestReadErrorOfTheArchive(t *testing.T) {
	eio := errors.New("input/output error")
	plain := sampleTar(t)
	tree, err := tryOpen(t, archiveFile(t, "x.tar", plain), Options{faults: faults{read: func(_ string, offset int64) error {
		if offset > 20_000 {
			return eio
		}
		return nil
	}}})
	var incomplete *IncompleteError
	require.ErrorAs(t, err, &incomplete)
	require.ErrorIs(t, err, eio)
	require.NotNil(t, tree)
}

func TestBytesBehindTheEndAreReported(t *testing.T) {
	plain := tarOf(t, regular("a", "b"))
	two := append(bytes.Clone(plain), tarOf(t, regular("hidden", "x"))...)
	padded := append(bytes.Clone(plain), make([]byte, 20_000)...)
	for file, data := range map[string][]byte{"x.tar": two, "x.tar.gz": gzipOf(t, two), "gz.gz": append(gzipOf(t, plain), "a trailer of some length"...)} {
		tree := open(t, archiveFile(t, file, data), Options{})
		require.Equal(t, map[string]string{".": "bytes behind the end of the archive, not read"}, strangers(tree), file)
	}
	require.Empty(t, open(t, archiveFile(t, "x.tar", padded), Options{}).Strangers())
	halves := append(gzipOf(t, plain[:700]), gzipOf(t, plain[700:])...)
	require.Equal(t, map[string]string{"a": "b"}, content(t, open(t, archiveFile(t, "x.tgz", halves), Options{})))
}

func TestEmptyArchives(t *testing.T) {
	empty := tarOf(t)
	for file, data := range map[string][]byte{"x.tar": empty, "x.tar.gz": gzipOf(t, empty), "x.zip": zipOf(t)} {
		tree := open(t, archiveFile(t, file, data), Options{})
		require.Empty(t, content(t, tree), file)
	}
}

// Zeros of a member that could not be read must not show what was written of
// the member before it.
func TestUnpackedHolesAreZero(t *testing.T) {
	noise := bytes.Repeat([]byte("noise"), 100_000)
	data := zipOf(t, regular("bad", string(noise)), regular("zeros", strings.Repeat("\x00", 300_000)), regular("end", "end"))
	directory := bytes.Index(data, []byte("PK\x01\x02"))
	data[directory+16] ^= 1 // its checksum
	tree, err := tryOpen(t, archiveFile(t, "x.zip", data), Options{})
	var incomplete *IncompleteError
	require.ErrorAs(t, err, &incomplete)
	got := content(t, tree)
	require.Len(t, got, 2)
	require.True(t, got["zeros"] == strings.Repeat("\x00", 300_000))
	require.Equal(t, "end", got["end"])
}

// tool runs a program in dir, or skips the test.
func tool(t *testing.T, dir, name string, args ...string) {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Skip(name + " is not installed")
	}
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
}

func TestArchivesOfTheUsualTools(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the tools differ")
	}
	dir := makeDir(t)
	sparse, err := os.OpenFile(filepath.Join(dir, "n1", "gcache"), os.O_CREATE|os.O_WRONLY, 0o640)
	require.NoError(t, err)
	_, err = sparse.WriteAt([]byte("in the middle"), 4<<20)
	require.NoError(t, err)
	require.NoError(t, sparse.Truncate(16<<20))
	require.NoError(t, sparse.Close())
	want := content(t, open(t, dir, Options{}))
	out := t.TempDir()
	for _, c := range [][]string{
		{"tar", "cf", "gnu.tar", "--format=gnu", "--sparse"},
		{"tar", "cf", "pax.tar", "--format=posix", "--sparse"},
		{"tar", "cf", "pax01.tar", "--format=posix", "--sparse", "--sparse-version=0.1"},
		{"tar", "cf", "v7.tar", "--format=v7"},
		{"tar", "czf", "x.tar.gz", "--sparse"},
		{"tar", "cf", "x.tar.zst", "-I", "zstd --long=27"},
		{"zip", "-qr", "x.zip"},
	} {
		t.Run(c[2], func(t *testing.T) {
			file := c[2]
			if c[0] == "zip" {
				tool(t, dir, "zip", "-qr", filepath.Join(out, file), ".")
			} else {
				tool(t, dir, "tar", append([]string{c[1], filepath.Join(out, file)}, append(c[3:], ".")...)...)
			}
			got := content(t, open(t, filepath.Join(out, file), Options{}))
			require.Len(t, got, len(want))
			for name := range want {
				require.True(t, want[name] == got[name], name)
			}
		})
	}
}

func TestZstdWindows(t *testing.T) {
	noise := make([]byte, 4<<20)
	rng := rand.NewChaCha8([32]byte{2})
	rng.Read(noise)
	plain := tarOf(t, regular("noise", string(noise)))
	path := archiveFile(t, "x.tar.zst", zstdOf(t, plain, zstd.WithWindowSize(maxWindow), zstd.WithSingleSegment(false)))
	require.Len(t, content(t, open(t, path, Options{})), 1)
	path = archiveFile(t, "x.tar.zst", zstdOf(t, plain, zstd.WithWindowSize(2*maxWindow), zstd.WithSingleSegment(false)))
	tree, err := tryOpen(t, path, Options{})
	require.Nil(t, tree)
	require.ErrorIs(t, err, zstd.ErrWindowSizeExceeded)
}
