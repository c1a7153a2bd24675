package realserver_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/internal/realserver"
)

const uuid = "847588e5-e604-11f1-8792-1f622605b655"

func TestRecoveredPosition(t *testing.T) {
	for _, tt := range []struct{ log, want string }{
		{"2026-01-01 [Note] WSREP: Recovered position: " + uuid + ":949\nmore", uuid + ":949"},
		{"[Note] WSREP: Recovered position: " + uuid + ":949,7-1-3\n", uuid + ":949,7-1-3"},
		{"[Note] WSREP: Recovered position: " + realserver.ZeroUUID + ":-1", realserver.ZeroUUID + ":-1"},
		{"[Note] WSREP: Recovered position: nonsense", ""},
		{"Aborting", ""},
	} {
		p, err := realserver.RecoveredPosition([]byte(tt.log))
		if tt.want == "" {
			assert.Error(t, err, tt.log)
			continue
		}
		require.NoError(t, err)
		assert.Equal(t, tt.want, p.String())
	}
}

func TestCacheRange(t *testing.T) {
	for _, tt := range []struct {
		log  string
		want realserver.Range
		ok   bool
	}{
		{"WSREP: Recovering GCache ring buffer: found gapless sequence 2-949\n", realserver.Range{First: 2, Last: 949}, true},
		{"WSREP: Recovering GCache ring buffer: Recovery failed, need to do full reset.", realserver.Range{}, true},
		{"WSREP: Skipped GCache ring buffer recovery: could not determine history UUID.", realserver.Range{}, true},
		{"Aborting", realserver.Range{}, false},
	} {
		got, ok := realserver.CacheRange(tt.log)
		assert.Equal(t, tt.want, got, tt.log)
		assert.Equal(t, tt.ok, ok, tt.log)
	}
}

func TestJoinedBy(t *testing.T) {
	const required = "State transfer required: \n\tGroup state: " + uuid + ":20\n\tLocal state: "
	for _, tt := range []struct {
		log  string
		want realserver.Transfer
	}{
		{"Synchronized with group", realserver.NoTransfer},
		{required + uuid + ":12\nSST received: " + uuid + ":12\nIST received: " + uuid + ":20", realserver.Incremental},
		{required + uuid + ":12\nSST received: " + uuid + ":20", realserver.Full},
		{required + realserver.ZeroUUID + ":-1\nSST received: " + uuid + ":20", realserver.Full},
	} {
		assert.Equal(t, tt.want, realserver.JoinedBy(tt.log), tt.log)
	}
}

func TestState(t *testing.T) {
	dir := t.TempDir()
	for _, want := range []realserver.State{{UUID: uuid, Seqno: 7, SafeToBootstrap: true}, {UUID: realserver.ZeroUUID, Seqno: -1}} {
		require.NoError(t, realserver.WriteState(dir, want))
		got, err := realserver.ReadState(dir)
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
}
