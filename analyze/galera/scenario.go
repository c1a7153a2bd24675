package galera

import (
	"fmt"
	"slices"

	"github.com/lastwrite/lastwrite/analyze"
)

// A scenario is one of the published cases of what happens to a Galera
// cluster: those of the TASSTA documentation (two nodes, T.Lion and T.Brother,
// and an arbitrator) and the numbered ones of the Manticore manual, which hold
// for every Galera cluster.
type scenario struct {
	Tassta    string // its heading there, "" if it has none
	Manticore string
	Happened  string // with the names of these nodes
	Do        string
}

// scenarioFindings recognises the case.
func (g *group) scenarioFindings() {
	s, ok := g.scenario()
	if !ok {
		return
	}
	var evidence []analyze.Evidence
	for _, m := range g.all {
		evidence = append(evidence, m.anything()...)
	}
	name := fmt.Sprintf("case %s of the recovery cases in the Manticore manual, which hold for every Galera cluster", s.Manticore)
	if s.Tassta != "" && g.tassta() {
		name = fmt.Sprintf("the scenario %q of the TASSTA documentation (two nodes and an arbitrator), %s", s.Tassta, name)
	}
	g.add("LWG036", "", evidence, "%s This is %s. %s", s.Happened, name, s.Do)
}

// tassta reports whether the cluster has two data nodes and an arbitrator.
func (g *group) tassta() bool {
	arbitrators, _ := g.arbitrators()
	return len(g.nodes) == 2 && len(g.missing) == 0 && (len(arbitrators) > 0 || len(g.all) > len(g.nodes))
}

// A past sorts the usable nodes by how they ended.
type past struct {
	Clean, Crashed []*model
	Newest, Older  []*model
}

func (g *group) past() past {
	var p past
	for _, m := range g.usable() {
		if g.copyOf(m) != nil {
			continue
		}
		if m.clean() {
			p.Clean = append(p.Clean, m)
		} else {
			p.Crashed = append(p.Crashed, m)
		}
		if slices.Contains(g.verdict.MostRecent, m.name()) {
			p.Newest = append(p.Newest, m)
		} else {
			p.Older = append(p.Older, m)
		}
	}
	return p
}

// scenario tells the cases apart by who stopped, who crashed, and who of them
// is ahead.
func (g *group) scenario() (scenario, bool) {
	if s, ok := g.splitScenario(); ok {
		return s, true
	}
	p := g.past()
	if !g.verdict.Decided || len(p.Clean)+len(p.Crashed) < 2 {
		return scenario{}, false
	}
	w := g.node(g.verdict.Recommended)
	first := fmt.Sprintf("Bootstrap %s (%s), then start the others one at a time (%s).", w.name(), w.handling().bootstrap, w.handling().start)
	if w.Engine.Refusal != "" {
		first = fmt.Sprintf("No server opens %s as it is, see LWG025.", w.name())
	}
	before := g.disappeared(p)
	switch {
	case len(p.Crashed) == 0:
		return g.stoppedScenario(w, p, first), true
	case g.withoutQuorum(p) != nil:
		alone := g.withoutQuorum(p)
		return scenario{
			"T.Brother and Arbitrator disappear", "5",
			fmt.Sprintf("%s went down without a shutdown; %s could not form a quorum any more, refused writes, and was stopped later.", list(names(p.Crashed)), alone.name()),
			fmt.Sprintf("While %s still ran, SET GLOBAL wsrep_provider_options='pc.bootstrap=true' on it would have made it primary again, after a check that the others were really down. Now that all are down: %s", alone.name(), first),
		}, true
	case len(p.Clean) == 0 && len(before) == 0:
		return scenario{
			"All nodes went down without proper shutdown procedures", "6",
			"All given nodes went down without a shutdown, so no grastate.dat has a seqno.",
			fmt.Sprintf("The positions come from InnoDB instead. safe_to_bootstrap is set to 1 on %s alone. %s", w.name(), first),
		}, true
	case len(p.Clean) == 0 && w.View != nil && w.View.Bootstrap:
		return scenario{
			"", "5",
			fmt.Sprintf("%s disappeared, %s was made primary by hand (pc.bootstrap), served alone, and crashed too.", list(names(before)), w.name()),
			first,
		}, true
	case len(p.Clean) == 0:
		return scenario{
			"", "4, followed by case 6",
			fmt.Sprintf("%s disappeared first, the others kept the quorum and went on, and went down without a shutdown later.", list(names(before))),
			first,
		}, true
	case slices.Contains(p.Crashed, w):
		return scenario{
			"T.Lion or T.Brother is gracefully stopped", "1, followed by case 6",
			fmt.Sprintf("%s stopped in good order, the others went on without, and went down without a shutdown later. The only readable seqno is that of the older data.", list(names(p.Clean))),
			fmt.Sprintf("Do not go by the seqno in grastate.dat. safe_to_bootstrap is set to 1 on %s alone. %s", w.name(), first),
		}, true
	default:
		return scenario{
			"T.Lion disappears from the cluster", "4",
			fmt.Sprintf("%s disappeared without a shutdown; %s kept the quorum, went on, and was stopped in good order.", list(names(p.Crashed)), list(names(p.Newest))),
			first,
		}, true
	}
}

// disappeared returns the nodes that crashed before the others did: the
// others saw a view without them.
func (g *group) disappeared(p past) []*model {
	var out []*model
	for _, m := range p.Crashed {
		if s, _ := g.goneOn(m); s != nil {
			out = append(out, m)
		}
	}
	return out
}

// stoppedScenario: all stopped in good order, at once or with work between.
func (g *group) stoppedScenario(w *model, p past, first string) scenario {
	apart := uint64(0)
	for _, m := range p.Older {
		if g.reach[m].Exact() {
			apart = max(apart, g.itemise(w, g.reach[m].Upper+1, g.reach[w].Lower).data())
		}
	}
	if apart > 0 && w.safe() {
		return scenario{
			"Both T.Brother and Arbitrator are gracefully stopped", "2, followed by case 3",
			fmt.Sprintf("%s stopped in good order, %s went on alone and was stopped last.", list(names(p.Older)), w.name()),
			first,
		}
	}
	happened := fmt.Sprintf("All nodes stopped in good order, %s last.", w.name())
	if arbitrators, last := g.arbitrators(); last {
		happened = fmt.Sprintf("All nodes stopped in good order, %s last of them, while %s was still there: so no node has safe_to_bootstrap: 1.", w.name(), list(arbitrators))
		first = fmt.Sprintf("Set safe_to_bootstrap to 1 on %s alone. %s", w.name(), first)
	}
	return scenario{"All nodes are gracefully stopped", "3", happened, first}
}

// splitScenario: both sides of a split were made primary.
func (g *group) splitScenario() (scenario, bool) {
	list := g.usable()
	for i, a := range list {
		for _, b := range list[i+1:] {
			if r := g.relation(a, b); r.fork() {
				return scenario{
					"", "7",
					fmt.Sprintf("%s and %s took writes in two primary components at the same time.", a.name(), b.name()),
					"Starting both sides together does not bring them together again. Choose one side (--choose NODE), save what only the other one has, and let its nodes get a full state transfer.",
				}, true
			}
		}
	}
	return scenario{}, false
}

// withoutQuorum returns a newest node that stopped in good order and whose
// last view still has a node that crashed: it lost the quorum with it.
func (g *group) withoutQuorum(p past) *model {
	for _, m := range p.Newest {
		if !m.clean() {
			continue
		}
		if m.Log.LostQuorum != nil {
			return m
		}
		v := m.lastView()
		if v == nil || len(v.Members) < 2 {
			continue
		}
		for _, o := range p.Crashed {
			if slices.ContainsFunc(v.Members, o.is) {
				return m
			}
		}
	}
	return nil
}
