package command

import (
	"fmt"
	"io"
	"strings"

	"github.com/dustin/go-humanize"

	"github.com/lastwrite/lastwrite/report"
)

// text prints the comparison for a terminal.
func (d *wesqlDiff) text(w io.Writer) error {
	p := &printer{w: w}
	for _, n := range []wesqlNode{d.A, d.B} {
		n.text(p)
	}
	if d.SameServer {
		p.para(0, "They have one server_uuid: two copies of the same node.")
	}
	p.line("")
	if d.History == "none" {
		p.para(0, "NO COMMON HISTORY: %s.", d.Reason)
		p.para(0, "Indexes of different clusters say nothing about each other, so nothing else was compared.")
		return p.err
	}
	p.para(0, "%s", d.headline())
	if d.Common != nil {
		p.para(0, "Common entries %d to %d: %s equal, %s different.", d.Common.First, d.Common.Last, humanize.Comma(int64(d.Equal)), humanize.Comma(int64(d.Different)))
	}
	d.textOnly(p, d.A.Name, d.B.Name, d.OnlyA)
	d.textOnly(p, d.B.Name, d.A.Name, d.OnlyB)
	d.textDifferences(p)
	d.textFollows(p)
	return p.err
}

func (n wesqlNode) text(p *printer) {
	what := map[string]string{"data": "data node", "logger": "logger, without tables", "learner": "learner, without a vote", "objectstore": "object store"}[n.Role]
	log := "no entries"
	if n.Last > 0 {
		log = fmt.Sprintf("entries %d to %d, ends in term %d", n.First, n.Last, n.Term)
	}
	p.para(0, "%s: %s, %s", n.Name, what, log)
	p.line("  %s", n.Path)
	if n.Forced {
		p.para(2, "was forced to be the only member (raft_replication_force_single_mode)")
	}
	if n.Member == "no" && n.Role != "objectstore" {
		p.para(2, "is no member of the cluster any more")
	}
	if n.LastTransaction > 0 && n.LastTransaction < n.Last {
		p.para(2, "the last complete transaction ends with entry %d", n.LastTransaction)
	}
	for _, g := range n.Gaps {
		if g.First > 0 && g.Last >= g.First {
			p.para(2, "its log lacks %s", entrySpan(g.diffSpan))
		} else {
			p.para(2, "its log lacks %s, and what stood in it", g.File)
		}
	}
	if n.Behind != nil {
		p.para(2, "%s stand behind damage, where no start reads them; they are not compared", entrySpan(*n.Behind))
	}
	switch {
	case n.StartError != "":
		p.para(2, "does not start as it is: %s", n.StartError)
	case n.Discards != nil:
		p.para(2, "a start drops %s", entrySpan(*n.Discards))
	}
	n.textEngine(p)
	switch {
	case n.RebuildsTo != nil:
		p.para(2, "a data node that is rebuilt from it reaches entry %d", *n.RebuildsTo)
	case n.RebuildProblem != "":
		p.para(2, "no data node can be rebuilt from it: %s", n.RebuildProblem)
	}
}

// textEngine says how far the tables are. A node that led keeps no position in
// them.
func (n wesqlNode) textEngine(p *printer) {
	e := n.Engine
	if e == nil || n.Role == "logger" {
		return
	}
	switch {
	case e.Opens != nil && !*e.Opens && e.Error == n.StartError:
	case e.Opens != nil && !*e.Opens:
		p.para(2, "its tables cannot be opened: %s", e.Error)
	case e.Lost:
		p.para(2, "its tables lack commits that they held; it must not be a source")
	case e.Applied == nil || *e.Applied == 0:
	case *e.Applied > n.Last:
		p.para(2, "its tables are ahead of its log: they hold everything up to entry %d", *e.Applied)
	case *e.Applied == n.Last:
		p.para(2, "its tables hold the whole log")
	case e.Exact:
		p.para(2, "its tables hold everything up to entry %d; a start applies the rest", *e.Applied)
	default:
		p.para(2, "its tables hold at least everything up to entry %d; a start applies the rest", *e.Applied)
	}
	if len(e.Pending) > 0 {
		p.para(2, "prepared and not decided: %s", numbers("entry", "entries", e.Pending))
	}
}

func numbers(one, many string, list []report.Number) string {
	word := many
	if len(list) == 1 {
		word = one
	}
	var parts []string
	for i, n := range list {
		if i == shownPages {
			parts = append(parts, fmt.Sprintf("and %d more", len(list)-i))
			break
		}
		parts = append(parts, fmt.Sprint(n))
	}
	return word + " " + strings.Join(parts, ", ")
}

func entrySpan(s diffSpan) string {
	if s.First == s.Last {
		return fmt.Sprintf("entry %d", s.First)
	}
	return fmt.Sprintf("entries %d to %d", s.First, s.Last)
}

func (d *wesqlDiff) headline() string {
	switch {
	case d.Identical:
		return fmt.Sprintf("No difference between the logs: %s, and both end with entry %d of term %d. Tables are not compared.", d.Reason, d.A.Last, d.A.Term)
	case d.History == "forked":
		return fmt.Sprintf("FORKED behind entry %d: %s.", d.ForkPoint, d.Reason)
	case d.History == "diverged":
		return fmt.Sprintf("DIFFERENT CONTENT at entry %d: %s.", d.FirstDifference, d.Reason)
	case d.History == "unknown":
		return fmt.Sprintf("Not comparable: %s.", d.Reason)
	}
	return fmt.Sprintf("Different, with one history: %s.", d.Reason)
}

func (d *wesqlDiff) textOnly(p *printer, has, lacks string, list []wesqlOnly) {
	for _, x := range list {
		they := "they are"
		them := "them"
		if x.First == x.Last {
			they, them = "it is", "it"
		}
		why := ""
		switch x.Why {
		case "behind":
			why = fmt.Sprintf("; the log of %s ends before", lacks)
		case "purged":
			why = fmt.Sprintf("; the log of %s begins behind %s", lacks, them)
		case "missing":
			why = fmt.Sprintf("; %s missing or unreadable in the log of %s", they, lacks)
		}
		own := ""
		if x.Why == "forked" {
			own = "its "
		}
		p.para(0, "Only %s holds %s%s%s.", has, own, entrySpan(x.diffSpan), why)
		if sum := x.sum(); sum != "" {
			p.para(2, "%s", sum)
		}
		for _, c := range x.Changes {
			p.para(2, "entry %d: %s", c.Index, c.What)
		}
		if left := x.Memberships - min(x.Memberships, uint64(len(x.Changes))); left > 0 && len(x.Changes) > 0 {
			p.para(2, "and %s more changes of the members (--limit)", humanize.Comma(int64(left)))
		}
	}
}

// sum counts what a run of entries holds.
func (x wesqlOnly) sum() string {
	if !x.Described {
		return "what is in them is not in the bundle"
	}
	var parts []string
	for _, c := range []struct {
		n         uint64
		one, many string
	}{
		{x.Transactions, "transaction", "transactions"}, {x.Statements, "schema change or other statement", "schema changes or other statements"},
		{x.Memberships, "membership change", "membership changes"}, {x.NoOps, "no-op of a new leader", "no-ops of new leaders"},
		{x.Parts, "part of a large transaction", "parts of large transactions"}, {x.Other, "other entry", "other entries"},
	} {
		if c.n > 0 {
			parts = append(parts, counted(int64(c.n), c.one, c.many))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	out := strings.Join(parts, ", ")
	if x.Unfinished > 0 {
		out += fmt.Sprintf(" (the last %s belong to a transaction without its end)", counted(int64(x.Unfinished), "entry", "entries"))
	}
	out += "; " + humanize.IBytes(x.Bytes) + " of " + numbers("term", "terms", x.Terms)
	if x.From != "" {
		out += ", written " + timeSpan(x.From, x.To)
	}
	return out
}

// timeSpan writes two times, the date of the second only if it is another.
func timeSpan(from, to string) string {
	plain := func(s string) string { return strings.TrimSuffix(strings.Replace(s, "T", " ", 1), "Z") }
	from, to = plain(from), plain(to)
	switch {
	case from == to:
		return from + " UTC"
	case len(from) > 11 && strings.HasPrefix(to, from[:11]):
		to = to[11:]
	}
	return from + " to " + to + " UTC"
}

// textDifferences lists entries that differ. Behind a fork nothing is the same,
// and one pair is enough to see.
func (d *wesqlDiff) textDifferences(p *printer) {
	if len(d.Differences) == 0 || d.Differences[0].A == nil && d.Differences[0].B == nil {
		return
	}
	p.line("")
	shown, forks := 0, 0
	for _, x := range d.Differences {
		if x.Cause == "fork" {
			if forks++; forks > 1 {
				continue
			}
		}
		shown++
		title := "different"
		switch x.Cause {
		case "fork":
			title = "where the logs part"
		case "damage":
			title = "different, a checksum is wrong"
		case "large-event":
			title = "different, a large event"
		}
		p.para(0, "Entry %d: %s", x.Index, title)
		p.para(2, "%s: %s", d.A.Name, x.A)
		p.para(2, "%s: %s", d.B.Name, x.B)
	}
	left := d.Different - min(d.Different, uint64(len(d.Differences)))
	switch {
	case left > 0:
		p.para(0, "%s more differ; -o json lists them (--limit).", humanize.Comma(int64(d.Different-uint64(shown))))
	case forks > 1:
		p.para(0, "%s more differ; -o json lists them.", humanize.Comma(int64(forks-1)))
	}
}

// String is the entry in one line, without its content.
func (e *wesqlEntry) String() string {
	if e == nil {
		return "not in the bundle"
	}
	out := fmt.Sprintf("term %d, %s", e.Term, e.Kind)
	if e.Change != "" {
		out += " (" + e.Change + ")"
	}
	out += fmt.Sprintf(", %s bytes", humanize.Comma(int64(e.Bytes)))
	if e.Time != "" {
		out += ", " + timeSpan(e.Time, e.Time)
	}
	out += fmt.Sprintf(", %s at byte %d", e.File, e.Offset)
	if e.BadChecksum {
		out += ", wrong checksum"
	}
	return out
}

// textFollows says what each would do with the other as its leader.
func (d *wesqlDiff) textFollows(p *printer) {
	if d.AFollowsB.How == "none" && d.BFollowsA.How == "none" {
		return
	}
	p.line("")
	switch {
	case d.A.StartError != "" && d.B.StartError != "":
		p.para(0, "Neither starts as it is. Once repaired:")
	case d.A.StartError != "":
		p.para(0, "%s does not start as it is. Once repaired:", d.A.Name)
	case d.B.StartError != "":
		p.para(0, "%s does not start as it is. Once repaired:", d.B.Name)
	}
	for _, x := range []struct {
		follower, leader string
		wesqlFollow
	}{{d.B.Name, d.A.Name, d.BFollowsA}, {d.A.Name, d.B.Name, d.AFollowsB}} {
		switch x.How {
		case "nothing":
			p.para(0, "If %s leads, %s changes nothing.", x.leader, x.follower)
		case "appends":
			p.para(0, "If %s leads, %s deletes nothing and receives %s.", x.leader, x.follower, entrySpan(*x.Receives))
		case "deletes":
			then := ""
			if x.Receives != nil {
				then = " and receives " + entrySpan(*x.Receives)
			}
			p.para(0, "If %s leads, %s DELETES its %s%s.", x.leader, x.follower, entrySpan(*x.Deletes), then)
		case "cannot":
			p.para(0, "If %s leads, %s cannot follow: %s.", x.leader, x.follower, x.Why)
		case "unknown":
			p.para(0, "If %s leads, what %s does is not known: %s.", x.leader, x.follower, x.Why)
		}
	}
	switch {
	case d.Election == "a" || d.Election == "b":
		name := d.A.Name
		if d.Election == "b" {
			name = d.B.Name
		}
		but := ""
		if d.History == "forked" && d.Loser == "" {
			but = ", which does not say whose history counts"
		}
		p.para(0, "Between the two, an election prefers %s%s.", name, but)
	case d.Election == "either" && !d.Identical:
		p.para(0, "An election between the two may choose either.")
	}
}
