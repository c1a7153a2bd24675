package wesql

import (
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/lastwrite/lastwrite/analyze"
)

// names are the addresses of members, and the databases and tables that the
// report may show. The server's own databases are no secret.
func (m *model) names() []analyze.Name {
	var out []analyze.Name
	add := func(kind analyze.NameKind, text string) {
		if name := (analyze.Name{Kind: kind, Text: text}); text != "" && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	members, _ := m.members()
	for _, address := range members.Addresses() {
		add(analyze.HostName, address)
	}
	for _, file := range slices.Sorted(maps.Keys(m.sizes)) {
		rel := strings.TrimPrefix(file, m.Data+"/")
		database, table := path.Split(rel)
		database = strings.TrimSuffix(database, "/")
		if !strings.HasSuffix(table, ".ibd") && !strings.HasSuffix(table, ".sdi") || database == "" || strings.ContainsAny(database, "/#") ||
			slices.Contains([]string{"mysql", "sys", "performance_schema", "smartengine"}, database) {
			continue
		}
		add(analyze.DatabaseName, database)
		add(analyze.TableName, strings.TrimSuffix(table, path.Ext(table)))
	}
	return out
}
