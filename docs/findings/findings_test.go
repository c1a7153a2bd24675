package findings_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/lastwrite/lastwrite/docs/findings"
)

func TestPage(t *testing.T) {
	page, ok := findings.Page("LWC001")
	assert.True(t, ok)
	assert.True(t, strings.HasPrefix(page, "# LWC001 "))
	assert.NotEmpty(t, findings.Section(page, "What to do"))
	assert.Empty(t, findings.Section(page, "Weather"))
	for _, id := range []string{"", "LWC999", "lwc001", "README", "../findings/LWC001", "LWC001.md"} {
		_, ok := findings.Page(id)
		assert.False(t, ok, id)
	}
	assert.Contains(t, findings.IDs(), "LWC076")
	assert.NotContains(t, findings.IDs(), "README")
}

func TestSearch(t *testing.T) {
	tests := []struct {
		name, message string
		want          []string
	}{
		{"remembered", "past last snapshot", []string{"LWC011"}},
		{"as logged", "Error: start node: raft_start(): io: closed segment 0000000000049266-0000000000049266 is past last snapshot snapshot-10-49152-97531", []string{"LWC011"}},
		{"several causes", "raft_start(): io: unexpected closed segment 0000000000000078-0000000000000113: first index should have been 42", []string{"LWC005", "LWC010", "LWC016", "LWC019", "LWC030"}},
		{"the longest wins", "io: load closed segment 0000000000000001-0000000000000009: entries batch 4 starting at byte 1784: read data: short read: 460 bytes instead of 560", []string{"LWC014"}},
		{"of a .meta file", "start node: raft_start(): io: short read: 20 bytes instead of 32", []string{"LWC032", "LWC036"}},
		{"nothing behind the colon", "start node: raft_start(): ", []string{"LWC034", "LWC039", "LWC065"}},
		{"nothing behind the second", "raft_start(): io: ", []string{"LWC032"}},
		{"nothing behind the last", "raft_start(): io: load closed segment 0000000000000002-0000000000000005: entries batch 3 starting at byte 1192: ", []string{"LWC064"}},
		{"other names in quotes", `address "a:1" in info.yaml does not match "b:2"`, []string{"LWC053", "LWC054"}},
		{"upper case", "METADATA1 AND METADATA2 ARE BOTH AT VERSION 12", []string{"LWC003"}},
		{"other UUIDs", "[Note] WSREP: GCache history reset: 4b745218-0000-11f1-81e7-6ab4a564cbbd:81 -> 5886dd31-e609-11f1-abcd-97591ea37944:0", []string{"LWG008", "LWG011", "LWG037"}},
		{"of Galera", "2026-11-21 23:49:10 0 [ERROR] WSREP: wsrep::connect(gcomm://) failed: 7", []string{"LWG003"}},
		{"text only", "quick_check", []string{"LWC034"}},
		{"unknown", "no such message anywhere", nil},
		{"empty", " \n", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			assert.Equal(t, tt.want, findings.Search(tt.message))
		})
	}
}
