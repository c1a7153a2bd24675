package galera

import (
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/lastwrite/lastwrite/analyze"
)

// names are the names of members, their addresses, the cluster, and the
// databases and tables that the report may show.
func (m *model) names() []analyze.Name {
	var out []analyze.Name
	add := func(kind analyze.NameKind, text string) {
		if name := (analyze.Name{Kind: kind, Text: text}); text != "" && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	for _, s := range m.Sightings {
		for _, p := range s.Members {
			add(analyze.HostName, p.Name)
			add(analyze.HostName, p.Address)
		}
	}
	server := m.Layout.Server
	for _, host := range append([]string{server.NodeName.V, server.NodeAddress.V, server.NodeIncoming.V}, server.ClusterAddress.V.Members...) {
		add(analyze.HostName, host)
	}
	add(analyze.ClusterName, server.ClusterName.V)
	files := []string{}
	for _, f := range m.Files {
		files = append(files, strings.TrimPrefix(f.Path, m.Data+"/"))
	}
	said := m.Node.Start.Error
	if m.Engine != nil {
		said += " " + m.Engine.Refusal
	}
	for _, path := range tablePath.FindAllStringSubmatch(said, -1) {
		files = append(files, path[1]) // only the redo log may know it
	}
	tables := map[analyze.Name]bool{}
	for _, file := range files {
		for _, name := range tableNames(file) {
			if !tables[name] {
				tables[name] = true
				out = append(out, name)
			}
		}
	}
	return out
}

// tablePath is a tablespace in a message of the server.
var tablePath = regexp.MustCompile(`\./([^/\s']+/[^/\s']+\.ibd)`)

// tableNames are the database and the table that a file in the data directory
// belongs to, as the path has them and as the server shows them. The server's
// own databases are no secret.
func tableNames(file string) []analyze.Name {
	database, rest, ok := strings.Cut(file, "/")
	if !ok || strings.Contains(rest, "/") || strings.HasPrefix(database, "#") || strings.HasPrefix(database, ".") ||
		slices.Contains([]string{"mysql", "sys", "performance_schema", "information_schema"}, database) {
		return nil
	}
	out := []analyze.Name{{Kind: analyze.DatabaseName, Text: database}, {Kind: analyze.DatabaseName, Text: decoded(database)}}
	table := strings.TrimSuffix(rest, path.Ext(rest))
	if at := strings.Index(strings.ToUpper(table), "#P#"); at > 0 {
		table = table[:at] // a partition
	}
	if rest != "db.opt" && !strings.HasPrefix(table, "#") && table != "" {
		out = append(out, analyze.Name{Kind: analyze.TableName, Text: table}, analyze.Name{Kind: analyze.TableName, Text: decoded(table)})
	}
	return out
}

var encoded = regexp.MustCompile(`@[0-9a-f]{4}`)

// decoded takes the encoding of file names out of a name: "@002d" is "-"
// (MariaDB/server sql/sql_table.cc filename_to_tablename).
func decoded(name string) string {
	return encoded.ReplaceAllStringFunc(name, func(code string) string {
		r, _ := strconv.ParseUint(code[1:], 16, 16) // the pattern has hexadecimal digits only
		return string(rune(r))
	})
}
