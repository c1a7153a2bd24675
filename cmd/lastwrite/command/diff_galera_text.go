package command

import (
	"fmt"
	"io"
	"strings"

	"github.com/dustin/go-humanize"
)

// text prints the comparison for a terminal.
func (d *galeraDiff) text(w io.Writer) error {
	p := &printer{w: w}
	for _, n := range []galeraNode{d.A, d.B} {
		p.line("%s: %s, %s", n.Name, n.position(), n.Path)
	}
	p.line("")
	if d.History == "none" {
		p.line("NO COMMON HISTORY: %s.", d.Reason)
		p.line("Seqnos of different histories say nothing about each other, so nothing else was compared.")
		d.textJoins(p)
		return p.err
	}
	p.line("%s", d.headline())
	if d.Common == nil {
		p.line("The write-set caches have no seqno in common: %s, %s.", d.A.cache(), d.B.cache())
	} else {
		p.line("Write-set caches: seqnos %d to %d compared by digest, %s equal, %s different, %s not comparable.", d.Common.First, d.Common.Last,
			humanize.Comma(int64(d.Equal)), humanize.Comma(int64(d.Different)), humanize.Comma(int64(d.Unknown)))
	}
	d.textOnly(p, d.A.Name, d.B.Name, d.OnlyA)
	d.textOnly(p, d.B.Name, d.A.Name, d.OnlyB)
	if len(d.Differences) > 0 {
		p.line("")
		p.line("Different write sets:")
		for _, x := range d.Differences {
			p.line("  %d", x.Seqno)
			p.line("    %s: %s", d.A.Name, x.A)
			p.line("    %s: %s", d.B.Name, x.B)
		}
		if left := d.Different - min(d.Different, uint64(len(d.Differences))); left > 0 {
			p.line("  and %s more (--limit)", humanize.Comma(int64(left)))
		}
	}
	p.line("")
	d.textViews(p)
	d.textJoins(p)
	return p.err
}

func (n galeraNode) position() string {
	switch {
	case n.Bound == "exact":
		return fmt.Sprintf("%s:%d", n.UUID, n.Seqno)
	case n.Bound == "at_least" && n.Upper > n.Seqno:
		return fmt.Sprintf("%s:%d to %d", n.UUID, n.Seqno, n.Upper)
	case n.Bound == "at_least":
		return fmt.Sprintf("%s:%d at least", n.UUID, n.Seqno)
	}
	return "no position"
}

func (n galeraNode) cache() string {
	if n.Cache == nil {
		return n.Name + " holds none of its history"
	}
	return fmt.Sprintf("%s holds %d to %d", n.Name, n.Cache.First, n.Cache.Last)
}

func (d *galeraDiff) headline() string {
	switch {
	case d.Identical:
		return fmt.Sprintf("No difference: %s, and both end at seqno %d.", d.Reason, d.A.Seqno)
	case d.History == "forked":
		return fmt.Sprintf("FORKED at seqno %d: %s.", d.FirstDifference, d.Reason)
	case d.History == "undecided":
		return fmt.Sprintf("PERHAPS FORKED at seqno %d: %s.", d.FirstDifference, d.Reason)
	case d.History == "unknown":
		return fmt.Sprintf("Not comparable: %s.", d.Reason)
	case len(d.OnlyA)+len(d.OnlyB) == 0 && d.FirstDifference == 0 && d.A.Bound+d.B.Bound != "exactexact":
		return fmt.Sprintf("No difference was found, but a position is not known to the number: %s.", d.Reason)
	}
	return fmt.Sprintf("Different, with one history: %s.", d.Reason)
}

func (d *galeraDiff) textOnly(p *printer, has, lacks string, list []galeraOnly) {
	for _, x := range list {
		span := fmt.Sprintf("seqnos %d to %d", x.First, x.Last)
		if x.First == x.Last {
			span = fmt.Sprintf("seqno %d", x.First)
		}
		switch x.Why {
		case "committed":
			p.line("Only %s committed %s: %s.", has, span, x.sum())
		case "received":
			p.line("Only %s received %s, and did not commit it: %s.", has, span, x.sum())
		default:
			p.line("%s perhaps has %s and %s has not, which is not proven: %s.", has, span, lacks, x.sum())
		}
	}
}

// sum counts what a run of seqnos holds.
func (x galeraOnly) sum() string {
	var parts []string
	for _, c := range []struct {
		n         uint64
		one, many string
	}{
		{x.Transactions, "transaction", "transactions"}, {x.Schema, "schema change", "schema changes"}, {x.Views, "view change", "view changes"},
		{x.Skipped, "write set that nobody applies", "write sets that nobody applies"}, {uint64(x.Unknown), "seqno that the cache does not hold", "seqnos that the cache does not hold"},
	} {
		if c.n > 0 {
			parts = append(parts, counted(int64(c.n), c.one, c.many))
		}
	}
	out := strings.Join(parts, ", ")
	if x.Bytes > 0 {
		out += ", " + humanize.IBytes(x.Bytes)
	}
	for i, s := range x.Sources {
		word := ", "
		if i == 0 {
			word = "; written on "
		}
		out += fmt.Sprintf("%s%s (%s)", word, s.Source, humanize.Comma(int64(s.WriteSets)))
	}
	return out
}

// String is the write set in one line, without its content.
func (e galeraWriteSet) String() string {
	out := fmt.Sprintf("%s, %s bytes, digest %s", e.Type, humanize.Comma(int64(e.Bytes)), e.Digest)
	if e.Source != "" {
		out += ", written on " + e.Source
	}
	return out
}

func (d *galeraDiff) textViews(p *printer) {
	switch {
	case d.A.Saved == nil && d.B.Saved == nil:
		p.line("Neither saved a primary view (gvwstate.dat): both left the group by a stop.")
		return
	case d.Views.Same:
		p.line("Both saved the same primary view, %s.", d.A.Saved)
		return
	}
	for _, n := range []galeraNode{d.A, d.B} {
		if n.Saved == nil {
			p.line("%s saved no primary view (gvwstate.dat): it left the group by a stop.", n.Name)
		} else {
			p.line("%s saved primary view %s.", n.Name, n.Saved)
		}
	}
}

func (v *galeraView) String() string {
	out := fmt.Sprintf("number %d of %s", v.Sequence, strings.Join(v.Members, ", "))
	if v.Bootstrap {
		out += ", made primary by pc.bootstrap"
	}
	return out
}

// textJoins says how each would join the other.
func (d *galeraDiff) textJoins(p *printer) {
	ist := false
	for _, x := range []struct {
		joiner, donor string
		galeraJoin
	}{{d.A.Name, d.B.Name, d.AJoinsB}, {d.B.Name, d.A.Name, d.BJoinsA}} {
		switch x.How {
		case "ist":
			ist = true
			p.line("%s would join %s by IST: %s, %s.", x.joiner, x.donor, counted(int64(x.Events), "write set", "write sets"), humanize.IBytes(x.Bytes))
		case "sst":
			line := fmt.Sprintf("%s would join %s by SST, a copy of everything: %s", x.joiner, x.donor, x.Why)
			if x.Ahead > 0 {
				line += " by " + counted(int64(x.Ahead), "seqno", "seqnos")
			}
			p.line("%s.", line)
		default:
			p.line("%s cannot join %s: %s.", x.joiner, x.donor, strings.Replace(x.Why, "it is", x.donor+" is", 1))
		}
	}
	if ist && (d.History == "forked" || d.History == "undecided") {
		p.line("The provider compares numbers alone: such an IST succeeds, and leaves different rows on both for good.")
	}
}
