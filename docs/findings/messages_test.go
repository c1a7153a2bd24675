package findings_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/docs/findings"
)

// elsewhere writes a message as another site would find it in its log: with
// other numbers, UUIDs, paths, names and addresses, and a time in front.
func elsewhere(message string) string {
	digits := regexp.MustCompile(`LZ4F?|MY-\d+|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d+`)
	message = digits.ReplaceAllStringFunc(message, func(m string) string {
		switch {
		case strings.HasPrefix(m, "LZ4"), strings.HasPrefix(m, "MY-"):
			return m
		case strings.Contains(m, "-"):
			return "0f0e0d0c-1111-11f1-8899-a1b2c3d4e5f6"
		}
		return "7" + m
	})
	for _, r := range []struct{ pattern, with string }{
		{`(/[\w.-]+)+/([\w.-]+)`, "/srv/data/site7/$2"},
		{`\./t/`, "./shop/"},
		{`\b(posts|alpha|beta)\b`, "orders"},
		{`\([\d.]+:\d+(,[\d.]+:\d+)*\)`, "(db1.example.net:9312,db2.example.net:9312,db3.example.net:9312)"},
	} {
		message = regexp.MustCompile(r.pattern).ReplaceAllString(message, r.with)
	}
	return "2026-11-21T23:49:10.123456Z 0 [ERROR] " + message
}

// TestEveryMessageIsFound: whatever a page quotes is found, on every site.
func TestEveryMessageIsFound(t *testing.T) {
	all := findings.Messages()
	require.Greater(t, len(all), 100)
	seen := map[string]bool{}
	for _, m := range all {
		assert.NotEmpty(t, m.IDs, m.Text)
		seen[m.IDs[0][:3]] = true
		for _, pasted := range []string{elsewhere(m.Quote), strings.ToUpper(m.Quote)} {
			got := findings.Search(pasted)
			for _, id := range m.IDs {
				assert.Contains(t, got, id, "%s\n%s", m.Text, pasted)
			}
		}
	}
	for _, family := range []string{"LWC", "LWG", "LWM", "LWW"} {
		assert.True(t, seen[family], family)
	}
}

// TestSearchOfLogLines searches lines as logs have them.
func TestSearchOfLogLines(t *testing.T) {
	tests := []struct{ line, want string }{
		{"2026-03-01  4:05:06 0 [ERROR] WSREP: It may not be safe to bootstrap the cluster from this node. It was not the last one to leave the cluster and may not contain all the updates. To force cluster bootstrap with this node, edit the grastate.dat file manually and set safe_to_bootstrap to 1 .", "LWG003"},
		{"2026-03-01T04:05:06.700000Z 0 [ERROR] [MY-012551] [InnoDB] Recovered page [page id: space=12, page number=345] to './shop/orders.ibd' from the doublewrite buffer.", "LWG029"},
		{"[Tue Mar  3 04:05:06.123 2026] [812] WARNING: Cluster orders: cluster 'orders', cannot access directory /srv/manticore/c1, cannot access /srv/manticore/c1, skipped", "LWM004"},
		{"[Tue Mar  3 04:05:06.123 2026] [812] FATAL: binlog: commit (table=orders, lasttid=99, logtid=101, pos=4711, error=(null))", "LWM011"},
		{"WARNING: cluster 'orders', no nodes available(db1:9312,db2:9312,db3:9312), error: ", "LWM032"},
		{"Mar 03 04:05:06 host3 incusd[812]: time=\"2026-03-03T04:05:06Z\" level=error msg=\"Failed to start the daemon\" err=\"raft_start(): io: load closed segment 0000000000012345-0000000000012399: entries batch 3 starting at byte 2048: data checksum mismatch\"", "LWC012"},
		{"2026-03-03T04:05:06.000001Z 0 [ERROR] [MY-025038] [Repl] Failed to find next transaction index. index: 815", "LWW009"},
	}
	for _, tt := range tests {
		assert.Contains(t, findings.Search(tt.line), tt.want, tt.line)
	}
	for _, line := range []string{"the of and", "error", "no", "WARNING:"} {
		assert.LessOrEqual(t, len(findings.Search(line)), len(findings.IDs()), line)
	}
	assert.Empty(t, findings.Search("kernel: Out of memory: Killed process 812 (java)"))
}
