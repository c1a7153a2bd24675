package manticore

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/lastwrite/lastwrite/parse/galera"
)

// kept is what a bundle holds of a host: the evidence, with caches in a form
// that encoding/json carries.
type kept struct {
	evidence
	Caches map[string]*keptCache
}

// A keptCache is a cache whose own First and Last stand beside those of the
// file.
type keptCache struct {
	Cache       *galera.Cache
	UUID        string
	First, Last int64
}

// maxKept is how many of the newest write sets of a cache a bundle holds.
const maxKept = 1 << 18

// Evidence implements analyze.Keeper.
func (r *reading) Evidence(func(string) string) any {
	k := kept{evidence: r.files, Caches: map[string]*keptCache{}}
	for name, c := range r.files.Caches {
		whole := *c.Cache
		whole.Index = *c.Index.Newest(maxKept)
		k.Caches[name] = &keptCache{&whole, c.UUID, c.First, c.Last}
	}
	return k
}

// Missing implements analyze.Partial.
func (r *reading) Missing() []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(r.files.Caches)) {
		if n := r.files.Caches[name].Index.Len(); n > maxKept {
			out = append(out, fmt.Sprintf("the oldest %d write sets of %s", n-maxKept, name))
		}
	}
	return out
}

// Recall implements analyze.Keeper.
func (r *reading) Recall(data []byte) error {
	k := kept{evidence: r.files}
	if err := json.Unmarshal(data, &k); err != nil {
		return err
	}
	e := &k.evidence
	if name := cmp.Or(unknown(e.Configs), unknown(e.Metas), unknown(e.Logs), unknown(e.Tables), unknown(e.Memory), unknown(e.Confs),
		unknown(e.Journal), unknown(e.States), unknown(e.Views)); name != "" {
		return fmt.Errorf("%s: nothing is known of it", name)
	}
	r.files, r.kept = *e, true
	r.files.Caches = map[string]*cache{}
	for name, c := range k.Caches {
		if c == nil || c.Cache == nil {
			return fmt.Errorf("%s: nothing is known of it", name)
		}
		r.files.Caches[name] = &cache{Cache: c.Cache, UUID: c.UUID, First: c.First, Last: c.Last}
	}
	return nil
}

// unknown returns a file of which a bundle says nothing, "" if there is none.
func unknown[T any](files map[string]*T) string {
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if files[name] == nil {
			return name
		}
	}
	return ""
}
