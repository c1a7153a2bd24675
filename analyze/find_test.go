package analyze_test

import (
	"errors"
	"io/fs"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/analyze"
)

func TestListing(t *testing.T) {
	l := analyze.List(fstest.MapFS{"b": {}, "a/x": {}, "garb-1.log": {}, "garb": {}, "link": {Mode: fs.ModeSymlink}}, ".")
	assert.True(t, l.File("none", "b"))
	assert.False(t, l.File("a", "link", "", "zz"))
	assert.True(t, l.Dir("a"))
	assert.False(t, l.Dir("b", "c"))
	var names []string
	for _, e := range l.From("garb") {
		names = append(names, e.Name())
	}
	assert.Equal(t, []string{"garb", "garb-1.log", "link"}, names)
	assert.Empty(t, analyze.List(fstest.MapFS{}, "gone"))
}

func TestDirectories(t *testing.T) {
	tree := fstest.MapFS{"1/2/3/4/5/6/7/deep": {}, "a/b/file": {}, "a/skip/below/file": {}, "a/link": {Mode: fs.ModeSymlink}}
	var seen []string
	require.NoError(t, analyze.Directories(tree, func(dir string, _ analyze.Listing) bool {
		seen = append(seen, dir)
		return dir != "a/skip"
	}))
	assert.Equal(t, []string{".", "1", "1/2", "1/2/3", "1/2/3/4", "1/2/3/4/5", "1/2/3/4/5/6", "a", "a/b", "a/skip"}, seen)
	assert.NoError(t, analyze.Directories(failing{fs.ErrNotExist}, nil), "an input that is empty is reported as one without nodes")
	assert.ErrorIs(t, analyze.Directories(failing{errBroken}, nil), errBroken)
}

var errBroken = errors.New("broken")

type failing struct{ err error }

func (f failing) Open(string) (fs.File, error) { return nil, f.err }

func TestSeparate(t *testing.T) {
	list := []analyze.Candidate{{Dir: ".", Data: "var/lib/mysql"}, {Dir: "backup/n2", Data: "."}, {Dir: "h", Data: "a"}, {Dir: "h", Data: "b"}, {Dir: "alone", Data: "data"}}
	analyze.Separate(list)
	assert.Equal(t, []analyze.Candidate{{Dir: "var/lib/mysql", Data: "."}, {Dir: "backup/n2", Data: "."}, {Dir: "h/a", Data: "."}, {Dir: "h/b", Data: "."}, {Dir: "alone", Data: "data"}}, list)
}
