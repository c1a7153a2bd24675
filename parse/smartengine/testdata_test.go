package smartengine

import (
	"bufio"
	"encoding/hex"
	"os"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/parse"
)

// directory reads a sample directory: files without their zeros.
func directory(t testing.TB, name string) fstest.MapFS {
	t.Helper()
	f, err := os.Open("testdata/" + name + ".txt")
	require.NoError(t, err)
	defer f.Close()
	out := fstest.MapFS{"LOCK": {}}
	var data []byte
	for lines := bufio.NewScanner(f); lines.Scan(); {
		words := strings.Fields(lines.Text())
		switch words[0] {
		case "#":
		case "file":
			size, err := strconv.Atoi(words[2])
			require.NoError(t, err)
			data = make([]byte, size)
			out[words[1]] = &fstest.MapFile{Data: data}
		default:
			at, err := strconv.Atoi(words[0])
			require.NoError(t, err)
			_, err = hex.Decode(data[at:], []byte(words[1]))
			require.NoError(t, err)
		}
	}
	return out
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	require.NoError(t, err)
	return b
}

func readEngine(t testing.TB, dir fstest.MapFS) *Engine {
	t.Helper()
	e, err := Read(t.Context(), dir, Options{Deep: true})
	require.NoError(t, err)
	for _, d := range e.Damage {
		if f := dir[d.File]; f != nil {
			requireInside(t, &d, int64(len(f.Data)))
		}
	}
	return e
}

// requireInside fails if a span lies outside of a file of size bytes.
func requireInside(t testing.TB, d *parse.Damage, size int64) {
	t.Helper()
	if d.Offset < 0 || d.Length < 0 || d.Offset+d.Length > size || d.Kind == "" || d.Field == "" {
		t.Fatalf("%s is not a place in %d bytes", d, size)
	}
}

// requireAllInside does so for a list.
func requireAllInside(t testing.TB, list []parse.Damage, size int64) {
	t.Helper()
	for _, d := range list {
		requireInside(t, &d, size)
	}
}
