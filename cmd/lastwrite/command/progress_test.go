package command

import (
	"io"
	"io/fs"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/repair"
)

// counter is a progress that remembers.
type counter struct{ total, done, ended int64 }

func (c *counter) Start(total int64) { c.total = total }
func (c *counter) Add(n int64)       { c.done += n }
func (c *counter) Done()             { c.ended++ }

func TestCopied(t *testing.T) {
	node := fstest.MapFS{"whole": {Data: make([]byte, 100)}, "part": {Data: make([]byte, 50)}}
	f := &repair.File{
		Inputs: []repair.Digest{{Node: "n1", File: "whole", Size: 100}, {Node: "n1", File: "part", Size: 50}},
		Plan: analyze.Plan{Steps: []analyze.Step{
			{Op: analyze.Copy, Parts: []analyze.Part{{Node: "n1", File: "whole", Length: -1}}},
			{Op: analyze.Assemble, Parts: []analyze.Part{{Node: "n1", File: "part", Offset: 10, Length: 20}, {Data: []byte("literal")}}},
			{Op: analyze.Assemble, Parts: []analyze.Part{{Node: "n1", File: "part", Offset: 30, Length: -1}}},
		}},
	}
	var c counter
	in, done := copied(repair.Inputs{"n1": node}, f, &c)
	assert.Equal(t, int64(100+20+20), c.total)
	file, err := in["n1"].Open("part")
	require.NoError(t, err)
	at, err := file.(io.Seeker).Seek(30, io.SeekStart)
	require.NoError(t, err)
	assert.Equal(t, int64(30), at)
	data, err := io.ReadAll(file)
	require.NoError(t, err)
	assert.Len(t, data, 20)
	assert.Equal(t, int64(20), c.done)
	done()
	assert.Equal(t, int64(1), c.ended)
	_, err = in["n1"].Open("missing")
	assert.ErrorIs(t, err, fs.ErrNotExist)

	same, done := copied(repair.Inputs{"n1": node}, f, nil)
	done()
	assert.Equal(t, repair.Inputs{"n1": node}, same, "nothing in between where nobody looks")
}

func TestNth(t *testing.T) {
	assert.Equal(t, "reading", nth("reading", 1, 1))
	assert.Equal(t, "reading 2 of 3", nth("reading", 2, 3))
}
