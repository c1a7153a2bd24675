package realserver

import (
	"context"
	"fmt"
	"strings"
)

// Checksums returns, for every node, the result of CHECKSUM TABLE for every table
// that users made, one line a table. Each node first waits for what the others
// have committed.
func (c *Cluster) Checksums(ctx context.Context) ([]string, error) {
	const tables = "SELECT CONCAT('`', table_schema, '`.`', table_name, '`') FROM information_schema.tables " +
		"WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('mysql', 'sys', 'performance_schema', 'information_schema') " +
		"ORDER BY table_schema, table_name"
	var sums []string
	for _, n := range c.Nodes {
		const wait = "SET SESSION wsrep_sync_wait = 15;\n"
		names, err := n.SQL(ctx, wait+tables)
		if err != nil {
			return nil, err
		}
		var list []string
		for name := range strings.Lines(names) {
			list = append(list, strings.TrimSuffix(name, "\n"))
		}
		if len(list) == 0 {
			sums = append(sums, "")
			continue
		}
		sum, err := n.SQL(ctx, fmt.Sprintf("%sCHECKSUM TABLE %s EXTENDED", wait, strings.Join(list, ", ")))
		if err != nil {
			return nil, err
		}
		sums = append(sums, sum)
	}
	return sums, nil
}
