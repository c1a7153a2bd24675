package realserver_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/internal/realserver"
)

// A node that was stopped says where it is, a killed one has to be asked.
func TestOneNode(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	c := realserver.Available(t).NewCluster(t, 1, realserver.Options{UndoTablespaces: 3, Binlog: true, GTIDMode: true})
	n := c.Nodes[0]
	require.NoError(t, c.Start(ctx))
	_, err := n.SQL(ctx, "CREATE DATABASE d; CREATE TABLE d.t (id INT PRIMARY KEY); INSERT INTO d.t VALUES (1);")
	require.NoError(t, err)
	before, err := n.Status(ctx)
	require.NoError(t, err)
	require.NoError(t, n.Stop(ctx))
	state, err := realserver.ReadState(n.Dir)
	require.NoError(t, err)
	assert.Equal(t, before["wsrep_cluster_state_uuid"], state.UUID)
	assert.GreaterOrEqual(t, state.Seqno, before.LastCommitted(), "leaving is an event too")
	assert.True(t, state.SafeToBootstrap)

	require.NoError(t, n.Bootstrap(ctx))
	_, err = n.SQL(ctx, "INSERT INTO d.t VALUES (2);")
	require.NoError(t, err)
	before, err = n.Status(ctx)
	require.NoError(t, err)
	n.Kill()
	killed, err := realserver.ReadState(n.Dir)
	require.NoError(t, err)
	assert.Equal(t, int64(-1), killed.Seqno)
	position, log, err := n.RecoverCopy(ctx)
	require.NoError(t, err)
	assert.Equal(t, state.UUID, position.UUID)
	assert.Equal(t, before.LastCommitted(), position.Seqno)
	// All zeros if the last write set was still prepared in InnoDB.
	assert.Regexp(t, `^(7-1-\d+|0-0-0)$`, position.ServerGTID)
	assert.Contains(t, log, "Starting crash recovery")

	require.NoError(t, realserver.WriteState(n.Dir, realserver.State{UUID: position.UUID, Seqno: position.Seqno, SafeToBootstrap: true}))
	require.NoError(t, n.Bootstrap(ctx))
	rows, err := n.SQL(ctx, "SELECT id FROM d.t ORDER BY id")
	require.NoError(t, err)
	assert.Equal(t, "1\n2\n", rows)
	started, err := n.Log()
	require.NoError(t, err)
	cache, ok := realserver.CacheRange(started)
	assert.True(t, ok)
	assert.Equal(t, position.Seqno, cache.Last)
}

// New nodes get everything, a node that was away for a moment what it missed.
func TestCluster(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	c := realserver.Available(t).NewCluster(t, 3, realserver.Options{})
	require.NoError(t, c.Start(ctx))
	joined := func(n *realserver.Node) realserver.Transfer {
		log, err := n.Log()
		require.NoError(t, err)
		return realserver.JoinedBy(log)
	}
	assert.Equal(t, realserver.NoTransfer, joined(c.Nodes[0]))
	assert.Equal(t, realserver.Full, joined(c.Nodes[1]))
	assert.Equal(t, realserver.Full, joined(c.Nodes[2]))

	stop, err := c.StartArbitrator(t)
	require.NoError(t, err)
	require.NoError(t, c.Nodes[2].Stop(ctx))
	load, err := c.StartLoad(t, realserver.LoadOptions{Writers: 2, Seed: 1, SchemaChanges: true}) // on the two that are left
	require.NoError(t, err)
	status, err := c.Nodes[0].Status(ctx)
	require.NoError(t, err)
	require.NoError(t, c.Nodes[0].WaitCommitted(ctx, status.LastCommitted()+50))
	assert.Positive(t, load.Stop())
	require.NoError(t, c.Nodes[2].Join(ctx))
	assert.Equal(t, realserver.Incremental, joined(c.Nodes[2]))
	require.NoError(t, stop(ctx))
	sums, err := c.Checksums(ctx)
	require.NoError(t, err)
	assert.NotEmpty(t, sums[0])
	assert.Equal(t, sums[0], sums[1])
	assert.Equal(t, sums[0], sums[2])

	c.Kill()
	for _, n := range c.Nodes {
		assert.False(t, n.Running())
		p, _, err := n.RecoverCopy(ctx)
		require.NoError(t, err)
		assert.Equal(t, status["wsrep_cluster_state_uuid"], p.UUID)
		assert.Greater(t, p.Seqno, status.LastCommitted())
	}
}

// A start that fails is an error with the server's own words.
func TestRefusedBootstrap(t *testing.T) {
	t.Parallel()
	c := realserver.Available(t).NewCluster(t, 1, realserver.Options{})
	n := c.Nodes[0]
	require.NoError(t, realserver.WriteState(n.Dir, realserver.State{UUID: realserver.ZeroUUID, Seqno: -1}))
	assert.ErrorContains(t, n.Bootstrap(t.Context()), "It may not be safe to bootstrap the cluster from this node")
}
