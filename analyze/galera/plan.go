package galera

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/parse/galera"
)

// plans offers ways out, the one to take first.
func (g *group) plans() []analyze.Plan {
	var out []analyze.Plan
	add := func(p analyze.Plan, ok bool) {
		if ok && !slices.ContainsFunc(out, func(q analyze.Plan) bool { return samePlan(p, q) }) {
			out = append(out, p)
		}
	}
	if m := g.node(g.options.Choose); m != nil && !m.Arbitrator {
		add(g.planContinue(m))
	}
	if g.verdict.Decided {
		out = g.decidedPlans(out)
		add(g.planRestore())
	} else {
		for _, m := range g.heads() {
			add(g.planContinue(m))
		}
	}
	for _, p := range slices.Clone(out) {
		if w := g.node(p.Base); w != nil {
			if q, ok := g.planAlike(w); ok {
				out = append(out, q)
			}
		}
	}
	if len(out) == 0 {
		for _, m := range g.usable() {
			add(g.planSalvage(m))
		}
	}
	return out
}

// samePlan reports whether one of two plans is enough.
func samePlan(p, q analyze.Plan) bool {
	return q.ID == p.ID || q.Base == p.Base && len(p.Steps) > 0 && len(q.Steps) > 0
}

// decidedPlans adds the plan for the best base that can be had. One that has
// lost transactions below its position is not the only choice.
func (g *group) decidedPlans(out []analyze.Plan) []analyze.Plan {
	holed := g.node(g.verdict.Recommended).holed()
	for _, m := range g.bases() {
		if m.holed() && len(out) > 0 {
			continue
		}
		p, ok := g.planContinue(m)
		if ok && !slices.ContainsFunc(out, func(q analyze.Plan) bool { return samePlan(p, q) }) {
			out = append(out, p)
		}
		if len(out) > 0 && (!holed || ok && !m.holed()) {
			break
		}
	}
	return out
}

// bases returns the nodes to continue from in a decided cluster, the best
// first: where no server opens the newest, an older one is all there is.
func (g *group) bases() []*model {
	list := g.usable()
	w := g.node(g.verdict.Recommended)
	slices.SortStableFunc(list, func(a, b *model) int {
		if a == w || b == w {
			return b2i(a != w) - b2i(b != w)
		}
		x, y := g.reach[a].Lower, g.reach[b].Lower
		if x != y {
			if x > y {
				return -1
			}
			return 1
		}
		return g.prefer(a, b)
	})
	return slices.DeleteFunc(list, func(m *model) bool { return m.UUID != w.UUID })
}

// heads returns the best node of every branch of every history.
func (g *group) heads() []*model {
	var out []*model
	for _, h := range g.histories {
		list := slices.DeleteFunc(slices.Clone(h.Nodes), func(m *model) bool { return !m.Condition.usable() || m.Engine.Refusal != "" })
		if len(list) == 0 {
			continue
		}
		slices.SortStableFunc(list, func(a, b *model) int {
			x, y := g.reach[a].Lower, g.reach[b].Lower
			switch {
			case x > y:
				return -1
			case x < y:
				return 1
			}
			return g.prefer(a, b)
		})
		if !slices.Contains(out, list[0]) {
			out = append(out, list[0])
		}
	}
	return out
}

// A fate is what a plan does with one node.
type fate struct {
	*model
	Kept   bool         // its directory is copied, with a new grastate.dat
	State  []byte       // of that file
	Exact  bool         // it holds the seqno
	Join   join         // how it joins the base
	Reason string       // why it is left out
	Loss   analyze.Loss // what of its own is given up
}

// planContinue lets one node form the cluster and the others join it.
func (g *group) planContinue(w *model) (analyze.Plan, bool) {
	var fates []fate
	for _, m := range g.nodes {
		fates = append(fates, g.fate(m, w))
	}
	return g.planOf(w, fates)
}

// alikeID is the ID of the plan of planAlike.
func alikeID(w *model) string { return "continue-from-" + w.name() + "-others-empty" }

// planAlike is planContinue with empty directories for all others: after a
// schema change that may have taken effect on some of the nodes only, nothing
// else makes them the same without a look at their tables.
func (g *group) planAlike(w *model) (analyze.Plan, bool) {
	var fates []fate
	for _, m := range g.nodes {
		fates = append(fates, g.fate(m, w))
	}
	if len(inSchemaChange(fates)) == 0 || !othersKept(w, fates) {
		return analyze.Plan{}, false
	}
	for i := range fates {
		if f := &fates[i]; f.Kept && f.model != w {
			f.Kept, f.Join, f.Reason = false, join{How: sst}, "LWG008"
		}
	}
	p, ok := g.planOf(w, fates)
	p.ID, p.Title = alikeID(w), fmt.Sprintf("Bootstrap %s, and give all others a full copy of it", w.name())
	return p, ok
}

// othersKept reports whether a plan keeps more than its base.
func othersKept(w *model, fates []fate) bool {
	return slices.ContainsFunc(fates, func(f fate) bool { return f.Kept && f.model != w })
}

// inSchemaChange names the nodes of a plan that were killed in one and are
// kept.
func inSchemaChange(fates []fate) []string {
	var out []string
	for _, f := range fates {
		if f.Kept && f.Condition == schemaChange {
			out = append(out, f.name())
		}
	}
	return out
}

// planOf writes down a plan that does this with the nodes.
func (g *group) planOf(w *model, fates []fate) (analyze.Plan, bool) {
	if !w.Condition.usable() || !w.Span.Known && !g.only(w) || w.Engine.Refusal != "" || !w.hasPrivileges() {
		return analyze.Plan{}, false
	}
	p := analyze.Plan{ID: "continue-from-" + w.name(), Base: w.name(), Title: fmt.Sprintf("Bootstrap %s, and let the others join it", w.name()), Warnings: []string{}, Loses: []analyze.Loss{}}
	changed := w.View != nil
	for _, f := range fates {
		m := f.model
		if !f.Kept {
			p.Steps = append(p.Steps, analyze.Step{Op: analyze.LeaveOut, Node: m.name(), File: ".", Because: f.Reason})
		} else {
			steps := m.directory(f.State, g.because(m, w))
			p.Steps = append(p.Steps, steps...)
			p.Promise = append(p.Promise, promise(m, m == w))
			changed = changed || m.needsState(m == w)
		}
		if f.Loss.Text != "" {
			p.Loses = append(p.Loses, f.Loss)
		}
	}
	for _, m := range g.all {
		if m.Arbitrator {
			p.Steps = append(p.Steps, analyze.Step{Op: analyze.LeaveOut, Node: m.name(), File: ".", Because: "LWG034"})
		}
	}
	if !changed && len(g.nodes) == len(p.Promise) && g.options.Choose == "" {
		p.ID, p.Title = "start", fmt.Sprintf("Bootstrap %s as it is, and start the others", w.name())
	}
	if w.holed() {
		p.Loses = append(p.Loses, g.holeLoss(w))
	}
	p.Warnings = append(p.Warnings, g.holeWarnings(w)...)
	p.Warnings = append(p.Warnings, g.warnings(w, fates)...)
	p.Commands = g.commands(w, fates, p.ID != "start")
	return p, true
}

// only reports whether there is nothing else to continue from, or a person
// said so: the position does not matter then, and the server finds it.
func (g *group) only(w *model) bool {
	return g.options.Choose == w.name() || len(g.usable()) == 1
}

// needsState reports whether the state files of a node must change before it
// forms or joins the cluster.
func (m *model) needsState(base bool) bool {
	_, seqno, ok := m.claims()
	return m.View != nil || !ok || m.contradicted() || uint64(seqno) != m.Span.Lower || m.State.SafeToBootstrap != base
}

// promise is what the analysis of the copy has to say.
func promise(m *model, base bool) analyze.Promise {
	p := analyze.Promise{Node: m.name(), Index: m.Span.Lower}
	if !base {
		p.Error = notSafe
	}
	return p
}

// fate decides about one node: its directory is worth keeping if it can join
// incrementally, or forms the cluster.
func (g *group) fate(m, w *model) fate {
	f := fate{model: m}
	r := g.relation(m, w)
	if m == w {
		f.Kept, f.Exact = true, m.Span.Exact()
		f.State = stateFile(m, w.Span.Exact(), true)
		return f
	}
	f.Join = join{How: sst}
	switch {
	case m.Condition == fresh:
		f.Reason = "LWG006"
	case m.Condition == incomplete:
		f.Reason = "LWG005"
	case m.Condition == inconsistent:
		f.Reason = "LWG007"
	case m.Condition == backwards:
		f.Reason = "LWG026"
	case m.UUID != w.UUID:
		f.Reason = "LWG014"
		f.Loss = analyze.Loss{Node: m.name(), Text: fmt.Sprintf("all that was written in its own history %s, as far as %s does not hold it too", m.UUID, w.name())}
	case g.conflict(m, w):
		f.Reason = "LWG015"
		if !r.fork() {
			f.Reason = "LWG016"
		}
		f.Loss = g.loss(m, r.Diverge, m.Span.Lower)
	case m.Engine.Refusal != "":
		f.Reason = "LWG025"
		if m.Span.Known && m.Span.Lower > w.Span.Lower {
			f.Loss = g.loss(m, w.Span.Lower+1, m.Span.Lower)
		}
	case m.holed() || w.holed():
		f.Reason = "LWG053"
		if m.Span.Known && m.Span.Lower > w.Span.Lower {
			f.Loss = g.loss(m, w.Span.Lower+1, m.Span.Lower)
		}
	case !m.Span.Exact():
		f.Reason = "LWG027"
	case r.Diverge > 0 && m.Span.Lower >= r.Diverge:
		f.Reason = "LWG042"
	default:
		f.Join = m.joinAt(w, m.Span.Lower)
		switch {
		case f.Join.Ahead > 0:
			f.Reason = "LWG042"
			f.Loss = g.loss(m, w.Span.Lower+1, m.Span.Lower)
		case f.Join.How == sst:
			f.Reason = "LWG030"
		default:
			f.Kept, f.Exact = true, true
			f.State = stateFile(m, true, false)
		}
	}
	return f
}

// loss itemises seqnos that only m holds.
func (g *group) loss(m *model, first, last uint64) analyze.Loss {
	if last < first {
		return analyze.Loss{}
	}
	t := g.itemise(m, first, last)
	return analyze.Loss{Node: m.name(), Entries: last - first + 1, From: first, To: last, Text: t.String() + " that no node of the new cluster holds"}
}

// stateFile writes a grastate.dat as the provider would. The seqno is written
// only where it is certain: the provider believes the file more than InnoDB.
func stateFile(m *model, exact, safe bool) []byte {
	s := galera.SavedState{UUID: m.UUID, Seqno: -1, SafeToBootstrap: safe}
	if exact {
		s.Seqno = int64(m.Span.Lower)
	}
	return s.Encode()
}

// because names the finding that a new state file answers.
func (g *group) because(m, w *model) string {
	switch {
	case m.Condition == schemaChange:
		return "LWG008"
	case m.State == nil:
		return "LWG010"
	case m.Condition == stateLost:
		return "LWG009"
	case m.contradicted():
		return "LWG011"
	case m == w && !m.safe():
		return "LWG003"
	case m != w && m.safe():
		return "one node only may be bootstrapped"
	case m.State.Seqno < 0:
		return "LWG001"
	}
	return "the state of a clean stop"
}

// directory makes the steps for one node: every file of its database as it
// is, a new grastate.dat, and nothing that belongs to a process of the past.
func (m *model) directory(state []byte, because string) []analyze.Step {
	steps := []analyze.Step{{
		Op: analyze.Write, Node: m.name(), File: m.Layout.state("grastate.dat"), Because: because, Mode: 0o660, Parts: []analyze.Part{{Data: state}},
	}}
	for _, f := range m.Files {
		if !m.belongs(f.Path) || f.Path == m.Layout.state("grastate.dat") {
			continue
		}
		if why := m.leaves(f.Path); why != "" {
			steps = append(steps, analyze.Step{Op: analyze.LeaveOut, Node: m.name(), File: f.Path, Because: why})
			continue
		}
		steps = append(steps, analyze.Step{Op: analyze.Copy, Node: m.name(), File: f.Path, Mode: 0o660, Parts: []analyze.Part{{Node: m.name(), File: f.Path, Length: -1}}})
	}
	if text := m.Layout.paths(); text != "" {
		steps = append(steps, analyze.Step{Op: analyze.Write, Node: m.name(), File: "etc/mysql/my.cnf", Because: "where the parts of this copy lie; not the node's own option file", Parts: []analyze.Part{{Data: []byte(text)}}})
	}
	return steps
}

// belongs reports whether a file is a part of the node's database.
func (m *model) belongs(name string) bool {
	if m.inData(name) {
		return m.Data != "." || !strings.HasPrefix(name, "etc/")
	}
	for _, dir := range []string{m.Layout.States, path.Dir(m.Layout.Cache), m.Layout.System, m.Layout.Redo, m.Layout.Undo, m.Layout.Binlog} {
		if dir != "." && strings.HasPrefix(name, dir+"/") {
			return true
		}
	}
	return false
}

// leaves says why a file is not taken over, "" if it is.
func (m *model) leaves(name string) string {
	base := path.Base(name)
	switch {
	case base == "gvwstate.dat" || base == "gvwstate.dat.tmp":
		return "the view of processes that are gone; with it the node would wait for them"
	case strings.HasSuffix(base, ".pid"), strings.HasSuffix(base, ".sock"), strings.HasSuffix(base, ".sock.lock"), strings.HasSuffix(base, ".lock"):
		return "belongs to a process that is gone"
	case strings.HasPrefix(base, "gcache.page."):
		return "LWG038"
	case base == "ibtmp1":
		return "temporary tables, made anew at every start"
	case isSecret(base):
		return "a private key or password: put it back from the host"
	case base == "my.cnf" || strings.HasSuffix(base, ".cnf") && base != "auto.cnf":
		return "an option file, which may hold passwords"
	case base == "rsync_sst.conf" || base == "sst_in_progress" || base == "rsync_sst_complete":
		return "belongs to a state transfer that is over"
	}
	return ""
}

// isSecret reports whether a file is a private key or holds a password by its
// name, as servers and their tools make them.
func isSecret(base string) bool {
	switch base {
	case "private_key.pem", "debian.cnf", ".mylogin.cnf", ".my.cnf", "keyring", "keyring_file", "keys.enc", "keyfile.enc", ".keyfile":
		return true
	}
	return strings.HasSuffix(base, "-key.pem") || strings.HasSuffix(base, ".key") || strings.HasSuffix(base, ".p12") || strings.HasSuffix(base, ".pfx") || strings.HasPrefix(base, "component_keyring")
}

// paths writes the options that say where the parts of a split layout lie, ""
// if everything is in the data directory.
func (l *layout) paths() string {
	var b strings.Builder
	line := func(name, dir string) {
		if dir != l.Data {
			fmt.Fprintf(&b, "%s = /%s\n", name, dir)
		}
	}
	line("wsrep_data_home_dir", l.States)
	line("innodb_data_home_dir", l.System)
	line("innodb_log_group_home_dir", l.Redo)
	line("innodb_undo_directory", l.Undo)
	if l.Binlog != l.Data || l.Index != "" {
		fmt.Fprintf(&b, "log_bin = /%s\n", path.Join(l.Binlog, strings.TrimSuffix(path.Base(l.Index), ".index")))
	}
	if dir := path.Dir(l.Cache); dir != l.States && dir != l.Data {
		fmt.Fprintf(&b, "wsrep_provider_options = \"gcache.dir = /%s\"\n", dir)
	}
	if list := l.Server.DataFilePath.V; len(list) > 0 {
		var parts []string
		for _, d := range list {
			part := fmt.Sprintf("%s:%d", d.Name, d.Size)
			if d.Autoextend {
				part += ":autoextend"
			}
			parts = append(parts, part)
		}
		fmt.Fprintf(&b, "innodb_data_file_path = %s\n", strings.Join(parts, ";"))
	}
	if b.Len() == 0 {
		return ""
	}
	return "[mysqld]\ndatadir = /" + l.Data + "\n" + b.String()
}
