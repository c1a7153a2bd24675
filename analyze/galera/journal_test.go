package galera

import (
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// blanks is a line that does not end.
type blanks struct{}

func (blanks) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// TestJournalWithoutLines: a line of 1 GiB is neither kept nor a reason to
// forget what stands around it.
func TestJournalWithoutLines(t *testing.T) {
	if testing.Short() {
		t.Skip("reads 1 GiB")
	}
	const view = "2026-11-21 23:50:00 0 [Note] WSREP: Server status change initialized -> joined\n" +
		"2026-11-21 23:50:00 0 [Note] WSREP: New COMPONENT: primary = no, bootstrap = no, my_idx = 0, memb_num = 1\n"
	in := io.MultiReader(strings.NewReader("2026-11-21 23:50:00 0 [Note] WSREP: "), io.LimitReader(blanks{}, 1<<30), strings.NewReader("\n"+view))
	j, err := readJournal(in, "error.log")
	require.NoError(t, err)
	assert.Equal(t, "error.log", j.File)
	assert.NotNil(t, j.LostQuorum)
}
