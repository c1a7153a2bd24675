package reallib_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/fixtures"
	"github.com/lastwrite/lastwrite/internal/reallib"
)

func TestRowsAreWhatTruthSays(t *testing.T) {
	lib := reallib.Available(t)
	for _, name := range fixtures.Cases("cowsql") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := fixtures.Open(t, "cowsql", name)
			for _, n := range c.Nodes {
				truth := c.Cowsql.Nodes[n.Name]
				if truth.Rows == nil {
					continue
				}
				got, err := lib.Rows(t.Context(), n.Data, truth.ID, truth.Address, c.Cowsql.Databases)
				load := otherLoad(lib, truth)
				if refused := !made(lib, c) && load != nil && !load.Loads; refused || truth.Rows.Crash != "" {
					require.Error(t, err, n.Name)
					continue
				}
				require.NoError(t, err, n.Name)
				assert.Equal(t, tablesOf(truth.Rows), got, n.Name)
			}
		})
	}
}

func tablesOf(truth *fixtures.RowsTruth) map[string]reallib.Tables {
	all := map[string]reallib.Tables{}
	for database, d := range truth.Databases {
		all[database] = reallib.Tables{}
		for table, content := range d.Tables {
			all[database][table] = reallib.Table{Rows: content.Rows, SHA256: content.SHA256}
		}
	}
	return all
}

// The written recovery procedure, carried out with the library: the copy of
// the node that wrote last is made the log of all members.
func TestRecoveredCopiesFormACluster(t *testing.T) {
	lib := reallib.Available(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c := fixtures.Open(t, "cowsql", "kill9-under-load")
	donor := c.Node(t, "n1")
	var members []reallib.Member
	for _, n := range c.Nodes {
		truth := c.Cowsql.Nodes[n.Name]
		members = append(members, reallib.Member{ID: truth.ID, Address: truth.Address, Role: reallib.Voter})
	}
	require.NoError(t, lib.Recover(ctx, donor.Data, members))
	for i := range members {
		members[i].Dir = fixtures.Copy(t, donor.Data)
	}

	cluster, err := lib.StartCluster(ctx, members)
	require.NoError(t, err)
	defer cluster.Kill()
	rows, err := cluster.Rows(ctx, c.Cowsql.Databases)
	require.NoError(t, err)
	kept := tablesOf(c.Cowsql.Nodes["n1"].Rows)
	assert.Equal(t, kept, rows)

	conn, err := cluster.Database(ctx, "demo")
	require.NoError(t, err)
	changed, err := conn.Exec("INSERT INTO kv(k, v) VALUES('after', 'the recovery')")
	require.NoError(t, err)
	assert.EqualValues(t, 1, changed)
	require.NoError(t, conn.Close())

	_, err = conn.Exec("INSERT INTO kv(k, v) VALUES('on', 'a closed connection')")
	require.Error(t, err)
	rows, err = cluster.Rows(ctx, c.Cowsql.Databases)
	require.NoError(t, err)
	assert.Equal(t, kept["demo"]["kv"].Rows+1, rows["demo"]["kv"].Rows)
}
