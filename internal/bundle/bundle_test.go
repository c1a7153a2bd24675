package bundle

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func small(t testing.TB) *Bundle {
	t.Helper()
	b := &Bundle{Manifest: Manifest{
		Tool: Tool{"lastwrite", "test"}, Redaction: "none", Notes: []Note{}, Missing: []string{},
		Inputs: []Input{{Path: "n1", Kind: "directory", ManifestSHA256: strings.Repeat("a", 64), Changed: []string{}, Directories: []string{"empty"}, Files: []File{
			{Path: "a/b", Size: 5, Mode: 0o640, Modified: time.Unix(1, 0).UTC(), SHA256: strings.Repeat("0", 64)}, {Path: "c", Unreadable: "denied"},
		}}},
	}}
	require.NoError(t, b.Add(Node{System: "cowsql", Name: "n1", Dir: ".", Data: "."}, map[string]string{"key": "value"}, strings.ToUpper))
	return b
}

func written(t testing.TB, b *Bundle) []byte {
	t.Helper()
	var out bytes.Buffer
	n, err := b.WriteTo(&out)
	require.NoError(t, err)
	require.Equal(t, int64(out.Len()), n)
	return out.Bytes()
}

func TestRoundTrip(t *testing.T) {
	b := small(t)
	data := written(t, b)
	assert.Equal(t, data, written(t, small(t)), "the same bundle has the same bytes")
	got, ok, err := Read(t.Context(), bytes.NewReader(data))
	require.NoError(t, err)
	require.True(t, ok)
	assert.Equal(t, b, got)
	assert.JSONEq(t, `{"KEY": "VALUE"}`, string(got.Evidence[0]))
}

func TestListing(t *testing.T) {
	in := small(t).Manifest.Inputs[0]
	fsys := in.FS()
	info, err := fs.Stat(fsys, "a/b")
	require.NoError(t, err)
	assert.Equal(t, int64(5), info.Size())
	assert.Equal(t, fs.FileMode(0o640), info.Mode())
	_, err = fs.ReadFile(fsys, "a/b")
	assert.ErrorIs(t, err, ErrNotInBundle)
	_, err = fs.Stat(fsys, "a/x")
	assert.ErrorIs(t, err, fs.ErrNotExist)
	var names []string
	require.NoError(t, fs.WalkDir(fsys, ".", func(name string, _ fs.DirEntry, err error) error {
		names = append(names, name)
		return err
	}))
	assert.Equal(t, []string{".", "a", "a/b", "c", "empty"}, names)
	// Everything but the content is what a file system owes.
	err = fstest.TestFS(fsys, "a/b", "c", "empty")
	assert.ErrorContains(t, err, ErrNotInBundle.Error())
}

// A file below a file, as only a hostile manifest has it, is left out.
func TestListingRefusesFileBelowFile(t *testing.T) {
	in := Input{Files: []File{{Path: "a"}, {Path: "a/b"}, {Path: "a"}}, Directories: []string{"a/c", "a"}}
	entries, err := fs.ReadDir(in.FS(), ".")
	require.NoError(t, err)
	require.Len(t, entries, 1)
	assert.False(t, entries[0].IsDir())
}

type memberText struct{ name, content string }

// packed writes members as they are given.
func packed(t testing.TB, members ...memberText) []byte {
	t.Helper()
	var out bytes.Buffer
	z, err := zstd.NewWriter(&out)
	require.NoError(t, err)
	w := tar.NewWriter(z)
	for _, m := range members {
		require.NoError(t, w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: m.name, Size: int64(len(m.content))}))
		_, err := io.WriteString(w, m.content)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	require.NoError(t, z.Close())
	return out.Bytes()
}

// TestHostile: what a bundle says of itself is not believed.
func TestHostile(t *testing.T) {
	good, err := json.Marshal(small(t).Manifest)
	require.NoError(t, err)
	manifest := strings.Replace(string(good), `"format":""`, `"format":"`+Format+`"`, 1)
	node := string(small(t).Evidence[0])
	with := func(old, now string) string {
		require.Contains(t, manifest, old)
		return strings.Replace(manifest, old, now, 1)
	}
	for name, tt := range map[string]struct {
		members []memberText
		want    string
	}{
		"another version":   {[]memberText{{"manifest.json", with(Format, "lastwrite.bundle/2")}}, `its format is "lastwrite.bundle/2"`},
		"no node":           {[]memberText{{"manifest.json", manifest}}, "nodes/1.json: is missing"},
		"another name":      {[]memberText{{"manifest.json", manifest}, {"nodes/../1.json", node}}, "stands in its place"},
		"another size":      {[]memberText{{"manifest.json", manifest}, {"nodes/1.json", node + " "}}, "the manifest says"},
		"another digest":    {[]memberText{{"manifest.json", manifest}, {"nodes/1.json", strings.Replace(node, "VALUE", "OTHER", 1)}}, "its SHA-256 is not the one"},
		"one more":          {[]memberText{{"manifest.json", manifest}, {"nodes/1.json", node}, {"nodes/2.json", node}}, "does not name"},
		"escaping file":     {[]memberText{{"manifest.json", with(`"a/b"`, `"../b"`)}}, `the file "../b" is described wrongly`},
		"deep file":         {[]memberText{{"manifest.json", with(`"a/b"`, `"`+strings.Repeat("a/", 500)+`b"`)}}, "is described wrongly"},
		"negative size":     {[]memberText{{"manifest.json", with(`"size":5`, `"size":-5`)}}, "is described wrongly"},
		"input of nowhere":  {[]memberText{{"manifest.json", with(`"input":0`, `"input":7`)}}, `the node "n1" is described wrongly`},
		"file of a node":    {[]memberText{{"manifest.json", with(`"nodes/1.json"`, `"manifest.json"`)}}, `the node "n1" is described wrongly`},
		"wrong type":        {[]memberText{{"manifest.json", with(`"size":5`, `"size":"5"`)}}, "cannot unmarshal"},
		"objects in masses": {[]memberText{{"manifest.json", with(`"notes":[]`, `"notes":[`+strings.Repeat("{},", maxObjects)+`{}]`)}}, "objects"},
	} {
		t.Run(name, func(t *testing.T) {
			b, ok, err := Read(t.Context(), bytes.NewReader(packed(t, tt.members...)))
			assert.True(t, ok)
			assert.Nil(t, b)
			assert.ErrorContains(t, err, tt.want)
		})
	}
}

// TestOtherFiles: what is no bundle is left to others.
func TestOtherFiles(t *testing.T) {
	dir := t.TempDir()
	for name, data := range map[string][]byte{
		"empty": {}, "text": []byte("text"), "zstd": {0x28, 0xb5, 0x2f, 0xfd, 0},
		"archive":        packed(t, memberText{"n1/metadata1", "x"}),
		"other manifest": packed(t, memberText{"manifest.json", `{"format": "oci/1"}`}),
	} {
		file := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(file, data, 0o600))
		_, ok, err := Open(t.Context(), file)
		assert.False(t, ok, name)
		assert.NoError(t, err, name)
	}
	for _, file := range []string{dir, filepath.Join(dir, "missing")} {
		_, ok, err := Open(t.Context(), file)
		assert.False(t, ok)
		assert.NoError(t, err)
	}
}

// TestEveryPrefix: a bundle that is cut is refused, or is none any more.
func TestEveryPrefix(t *testing.T) {
	data := written(t, small(t))
	for n := range data {
		b, ok, err := Read(t.Context(), bytes.NewReader(data[:n]))
		assert.Nil(t, b, n)
		assert.True(t, !ok || err != nil, n)
	}
}

// TestEveryBit: a flipped bit is noticed, or changes nothing.
func TestEveryBit(t *testing.T) {
	want := small(t)
	data := written(t, want)
	for i := range 8 * len(data) {
		broken := bytes.Clone(data)
		broken[i/8] ^= 1 << (i % 8)
		b, ok, err := Read(t.Context(), bytes.NewReader(broken))
		if ok && err == nil {
			assert.Equal(t, want, b, "bit %d", i)
		}
	}
}

func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(fmt.Errorf("enough"))
	b, _, _ := Read(ctx, bytes.NewReader(written(t, small(t))))
	assert.Nil(t, b)
}

func TestCreate(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "b.tar.zst")
	size, err := small(t).Create(name)
	require.NoError(t, err)
	data, err := os.ReadFile(name)
	require.NoError(t, err)
	assert.Len(t, data, int(size))
	_, err = new(Bundle).Create(name)
	assert.ErrorIs(t, err, fs.ErrExist)
	bad := small(t)
	bad.Manifest.Nodes[0].Input = 9
	_, err = bad.Create(filepath.Join(dir, "bad.tar.zst"))
	require.Error(t, err)
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, entries, 1, "nothing is left behind")
}

type inner struct {
	Text string
	word string
}

type kind string

type outer struct {
	inner
	Kind    kind
	Nil     []string
	Empty   []string
	Bytes   []byte
	Map     map[string]*inner
	Pointer *string
	Time    time.Time
}

func TestMapped(t *testing.T) {
	text := "p"
	v := outer{
		inner: inner{"a", "b"}, Kind: "k", Empty: []string{}, Bytes: []byte("x"), Map: map[string]*inner{"m": {Text: "n"}, "z": nil}, Pointer: &text, Time: time.Unix(1, 0),
	}
	got := mapped(v, strings.ToUpper).(outer)
	want := v
	upper := "P"
	want.Text, want.Map, want.Pointer = "A", map[string]*inner{"M": {Text: "N"}, "Z": nil}, &upper
	assert.Equal(t, want, got)
	assert.Equal(t, "p", text)
	assert.Equal(t, "n", v.Map["m"].Text)
}

func FuzzRead(f *testing.F) {
	f.Add(written(f, small(f)))
	f.Add(packed(f, memberText{"manifest.json", `{"format": "lastwrite.bundle/1", "inputs": [{"files": [{"path": "a"}]}]}`}))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, ok, err := Read(t.Context(), bytes.NewReader(data))
		if !ok || err != nil {
			return
		}
		require.Len(t, b.Evidence, len(b.Manifest.Nodes))
		for i := range b.Manifest.Inputs {
			_ = fs.WalkDir(b.Manifest.Inputs[i].FS(), ".", func(string, fs.DirEntry, error) error { return nil })
		}
	})
}
