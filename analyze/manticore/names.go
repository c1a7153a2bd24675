package manticore

import (
	"maps"
	"slices"

	"github.com/lastwrite/lastwrite/analyze"
)

// names are the addresses of nodes and the names of clusters, of their
// directories, and of tables that the report may show.
func (h *host) names() []analyze.Name {
	var out []analyze.Name
	add := func(kind analyze.NameKind, texts ...string) {
		for _, text := range texts {
			if name := (analyze.Name{Kind: kind, Text: text}); text != "" && !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
	}
	add(analyze.HostName, h.Addresses...)
	for _, p := range slices.Concat(h.Parts, h.Orphans) {
		add(analyze.ClusterName, p.Name)
		if p.Entry != nil {
			add(analyze.ClusterName, p.Entry.Path)
			add(analyze.HostName, p.Entry.Nodes...)
			add(analyze.TableName, p.Entry.Tables...)
		}
	}
	for _, c := range h.SkippedDups {
		add(analyze.ClusterName, c.Name, c.Path)
		add(analyze.HostName, c.Nodes...)
		add(analyze.TableName, c.Tables...)
	}
	add(analyze.TableName, slices.Sorted(maps.Keys(h.Tables))...)
	return out
}
