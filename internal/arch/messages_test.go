package arch_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/analyze/catalog"
	"github.com/lastwrite/lastwrite/docs/findings"
)

const messagesFile = root + "/docs/messages/README.md"

// families are the parts of the list of messages, by the letter of the IDs.
var families = []struct{ letter, title string }{
	{"C", "cowsql, dqlite, and the programs that use them"},
	{"G", "MariaDB Galera Cluster, Percona XtraDB Cluster"},
	{"M", "Manticore Search"},
	{"W", "WeSQL"},
}

// TestMessages checks docs/messages/README.md; -update writes it.
func TestMessages(t *testing.T) {
	var b bytes.Buffer
	b.WriteString(messagesHead)
	rest := findings.Messages()
	for _, family := range families {
		fmt.Fprintf(&b, "\n## %s\n\n| message | means | page |\n| --- | --- | --- |\n", family.title)
		for _, m := range rest {
			if m.IDs[0][2:3] == family.letter {
				b.WriteString(messageRow(t, m))
			}
		}
		rest = slices.DeleteFunc(rest, func(m findings.Message) bool { return m.IDs[0][2:3] == family.letter })
	}
	assert.Empty(t, rest, "messages of a family without a title")
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(messagesFile), 0o755))
		require.NoError(t, os.WriteFile(messagesFile, b.Bytes(), 0o644))
	}
	have, err := os.ReadFile(messagesFile)
	require.NoError(t, err)
	assert.Equal(t, b.String(), string(have), "run go test ./internal/arch -run TestMessages -update")
}

// messageRow is a message as a page quotes it, what it means, and the pages.
func messageRow(t *testing.T, m findings.Message) string {
	t.Helper()
	var meanings, links []string
	for _, id := range m.IDs {
		e, ok := catalog.Get(id)
		require.True(t, ok, id)
		meanings = append(meanings, e.Title)
		links = append(links, fmt.Sprintf("[%s](../findings/%s.md)", id, id))
	}
	quote := strings.Join(strings.Fields(m.Quote), " ")
	return fmt.Sprintf("| %s | %s | %s |\n", codeCell(quote), strings.Join(meanings, "; or: "), strings.Join(links, ", "))
}

const messagesHead = `# What servers say when they do not start

The exact messages of the servers and of the programs around them, what each of them means, and the page that says what to do.
Numbers, UUIDs, paths and names are those of one case; yours are others. Where a message has several causes, the files tell which
it is: ` + "`lastwrite analyze n1 n2 n3`" + `.

The program finds a message too, pasted as it stands in the log:

` + "```" + `
lastwrite explain "raft_start(): io: closed segment 0000000000049266-0000000000049266 is past last snapshot snapshot-10-49152-97531"
` + "```" + `

A message that ends with a colon is printed like that, with nothing behind it. In front of the messages of the raft library the Go
packages print ` + "`create node: `" + ` or ` + "`start node: `" + `, Incus ` + "`Failed to start cowsql server: `" + ` and LXD
` + "`Failed to start dqlite server: `" + `.
`
