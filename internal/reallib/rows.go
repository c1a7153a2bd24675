package reallib

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
)

// rowsTimeout bounds everything that Rows does.
const rowsTimeout = time.Minute

// A Table is the content of one table, without the content.
type Table struct {
	Rows int64
	// SHA256 is the hash, in hexadecimal, over all rows in the order of the
	// first column: values joined by |, a line feed behind every row, NULL
	// for null, text and blobs as they are.
	SHA256 string
}

// Tables maps the tables of a database to their content.
type Tables map[string]Table

// Rows makes the node the only voter of the log in dir with the library's own
// function, starts it and reads every table of the databases over the wire.
func (lib *Library) Rows(ctx context.Context, dir string, id uint64, address string, databases []string) (map[string]Tables, error) {
	ctx, cancel := context.WithTimeout(ctx, rowsTimeout)
	defer cancel()
	if err := lib.ReconfigureSingle(ctx, dir, id, address); err != nil {
		return nil, err
	}
	cluster, err := lib.StartCluster(ctx, []Member{{ID: id, Address: address, Dir: dir}})
	if err != nil {
		return nil, err
	}
	defer cluster.Kill()
	return cluster.Rows(ctx, databases)
}

// Rows reads every table of the databases through the leader.
func (c *Cluster) Rows(ctx context.Context, databases []string) (map[string]Tables, error) {
	all := map[string]Tables{}
	for _, name := range databases {
		err := c.OnLeader(ctx, name, func(conn *Conn) (err error) {
			all[name], err = readTables(conn)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("database %s: %w", name, err)
		}
	}
	return all, nil
}

func readTables(conn *Conn) (Tables, error) {
	names, err := conn.Query("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")
	if err != nil {
		return nil, err
	}
	tables := Tables{}
	for _, row := range names.Rows {
		name := fmt.Sprint(row[0])
		set, err := conn.Query(`SELECT * FROM "` + strings.ReplaceAll(name, `"`, `""`) + `" ORDER BY 1`)
		if err != nil {
			return nil, fmt.Errorf("table %s: %w", name, err)
		}
		tables[name] = Table{Rows: int64(len(set.Rows)), SHA256: hashRows(set)}
	}
	return tables, nil
}

func hashRows(set ResultSet) string {
	hash := sha256.New()
	for _, row := range set.Rows {
		for j, value := range row {
			if j > 0 {
				hash.Write([]byte("|"))
			}
			switch v := value.(type) {
			case nil:
				hash.Write([]byte("NULL"))
			case []byte:
				hash.Write(v)
			default:
				fmt.Fprint(hash, v)
			}
		}
		hash.Write([]byte("\n"))
	}
	return hex.EncodeToString(hash.Sum(nil))
}
