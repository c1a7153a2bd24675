package galera

import (
	"encoding/json"
	"fmt"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/parse/galera"
)

// kept is what a bundle holds of a node: its model without what the listing of
// its files tells, and without the pages of tablespaces.
type kept struct {
	model
	Node, FS, Files, Dirs, Pages *struct{}   `json:",omitempty"`
	Engine                       *keptEngine `json:",omitempty"`
}

// A keptEngine is what InnoDB says of its position, without its pages.
type keptEngine struct {
	engine
	Made *struct{} `json:",omitempty"`
}

// maxKept is how many of the newest write sets of the cache a bundle holds.
const maxKept = 1 << 18

// Evidence implements analyze.Keeper.
func (r *reading) Evidence(func(string) string) any {
	k := kept{model: *r.model}
	m := &k.model
	if m.Engine != nil {
		k.Engine = &keptEngine{engine: *m.Engine}
		k.Engine.engine.Made = nil
	}
	if m.Cache != nil {
		c := *m.Cache
		c.Index = c.Index.Newest(maxKept)
		m.Cache = &c
	}
	m.Node, m.FS, m.Files, m.Dirs, m.Pages, m.Engine = nil, nil, nil, nil, nil, nil
	return k
}

// Missing implements analyze.Partial.
func (r *reading) Missing() []string {
	if c := r.model.Cache; c != nil && c.Index.Len() > maxKept {
		return []string{fmt.Sprintf("the oldest %d write sets of %s", c.Index.Len()-maxKept, c.File)}
	}
	return nil
}

// Recall implements analyze.Keeper.
func (r *reading) Recall(data []byte) error {
	var k kept
	if err := json.Unmarshal(data, &k); err != nil {
		return err
	}
	m := k.model
	if k.Engine != nil {
		m.Engine = &k.Engine.engine
	}
	if m.Engine == nil && !m.Arbitrator {
		return fmt.Errorf("nothing is known of InnoDB")
	}
	if m.Cache != nil && m.Cache.Index == nil {
		m.Cache.Index = new(galera.Index)
	}
	r.model = &m
	return nil
}

// recalled completes a node that comes from a bundle.
func (r *reading) recalled() (*analyze.Node, error) {
	m := r.model
	m.FS, m.Data = r.dir, r.candidate.Data
	err := m.list()
	m.Node = &analyze.Node{Name: r.name, System: "galera", Product: r.candidate.Product, Role: "data", Damage: m.Damage, Model: m}
	if m.Arbitrator {
		m.Node.Role = "arbitrator"
	}
	return m.Node, err
}
