package realserver

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// A Load is a set of clients that write until it is stopped.
type Load struct {
	cancel     context.CancelFunc
	writers    sync.WaitGroup
	statements atomic.Int64
}

// LoadOptions say who writes what.
type LoadOptions struct {
	Writers int
	Seed    uint64 // the same seed gives the same statements; in what order they arrive is up to the machine
	// SchemaChanges makes one in fifty statements a schema change. A server that
	// is killed inside of one may have carried it out or not, whatever its
	// position says.
	SchemaChanges bool
}

// StartLoad makes a schema and lets clients write into it: rows one by one and in
// transactions, updates, deletes. The writers are spread over the nodes. The load
// ends with the test.
func (c *Cluster) StartLoad(t testing.TB, o LoadOptions) (*Load, error) {
	_, err := c.Nodes[0].SQL(t.Context(), "CREATE DATABASE IF NOT EXISTS lastwrite;\n"+
		"CREATE TABLE IF NOT EXISTS lastwrite.shared (id INT PRIMARY KEY, n BIGINT, filler VARBINARY(400));\n"+
		"INSERT IGNORE INTO lastwrite.shared VALUES (0, 0, ''), (1, 0, ''), (2, 0, ''), (3, 0, '');\n")
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	l := &Load{cancel: cancel}
	t.Cleanup(func() { l.Stop() })
	for i := range o.Writers {
		n := c.Nodes[i%len(c.Nodes)]
		// Conflicts and the end of the server are part of the load.
		cmd := c.server.command(ctx, c.server.client, n.clientArgs("--force", "--silent")...)
		stdin, err := cmd.StdinPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			l.Stop()
			return nil, err
		}
		l.writers.Go(func() {
			l.write(cmd, stdin, &author{table: i, random: rand.New(rand.NewPCG(o.Seed, uint64(i))), schemaChanges: o.SchemaChanges})
		})
	}
	return l, nil
}

// Stop ends the clients and returns how many statements they were given.
func (l *Load) Stop() int64 {
	l.cancel()
	l.writers.Wait()
	return l.statements.Load()
}

// write feeds a client until it is gone.
func (l *Load) write(cmd *exec.Cmd, stdin io.WriteCloser, a *author) {
	// Small, so that a client is never far ahead of its server.
	w := bufio.NewWriterSize(stdin, 256)
	_, err := w.WriteString(a.begin())
	for err == nil {
		_, err = w.WriteString(a.next())
		l.statements.Add(1)
	}
	_ = errors.Join(stdin.Close(), cmd.Wait()) // killed, as is meant
}

// An author makes up the statements of one client.
type author struct {
	table         int
	random        *rand.Rand
	schemaChanges bool
}

func (a *author) name() string { return fmt.Sprintf("lastwrite.t%d", a.table) }

func (a *author) begin() string {
	return fmt.Sprintf("CREATE TABLE IF NOT EXISTS %s (id BIGINT AUTO_INCREMENT PRIMARY KEY, n BIGINT, filler VARBINARY(4000), KEY (n));\n", a.name())
}

// next is one statement, or one transaction.
func (a *author) next() string {
	switch n := a.random.IntN(200); {
	case n < 100:
		return a.insert(1, 400)
	case n < 120:
		return a.insert(1+a.random.IntN(20), 400)
	case n < 150:
		return fmt.Sprintf("UPDATE %s SET n = n + 1, filler = REPEAT('u', %d) ORDER BY id DESC LIMIT %d;\n", a.name(), a.random.IntN(400), 1+a.random.IntN(10))
	case n < 165:
		return fmt.Sprintf("UPDATE lastwrite.shared SET n = n + 1 WHERE id = %d;\n", a.random.IntN(4))
	case n < 180:
		return fmt.Sprintf("DELETE FROM %s ORDER BY id LIMIT %d;\n", a.name(), 1+a.random.IntN(12))
	case n < 192:
		return "BEGIN;\n" + a.insert(2, 100) + a.insert(1, 1000) + a.end()
	case n < 196 || !a.schemaChanges:
		return a.insert(5, 4000)
	default:
		return a.schemaChange()
	}
}

func (a *author) insert(rows, most int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "INSERT INTO %s (n, filler) VALUES", a.name())
	for i := range rows {
		if i > 0 {
			b.WriteString(",")
		}
		fmt.Fprintf(&b, " (%d, REPEAT('%c', %d))", a.random.IntN(1000), 'a'+rune(a.random.IntN(26)), a.random.IntN(most))
	}
	b.WriteString(";\n")
	return b.String()
}

func (a *author) end() string {
	if a.random.IntN(5) == 0 {
		return "ROLLBACK;\n"
	}
	return "COMMIT;\n"
}

func (a *author) schemaChange() string {
	switch a.random.IntN(4) {
	case 0:
		return fmt.Sprintf("ALTER TABLE %s ADD COLUMN IF NOT EXISTS extra INT DEFAULT 5;\n", a.name())
	case 1:
		return fmt.Sprintf("ALTER TABLE %s DROP COLUMN IF EXISTS extra, FORCE;\n", a.name())
	case 2:
		return fmt.Sprintf("CREATE TABLE IF NOT EXISTS lastwrite.d%d (id INT PRIMARY KEY);\nDROP TABLE lastwrite.d%d;\n", a.table, a.table)
	default:
		return fmt.Sprintf("CREATE INDEX IF NOT EXISTS i ON %s (n, id);\nDROP INDEX IF EXISTS i ON %s;\n", a.name(), a.name())
	}
}
