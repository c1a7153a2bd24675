package command

import (
	"fmt"
	"io"
	"strings"

	"github.com/dustin/go-humanize"

	"github.com/lastwrite/lastwrite/report"
)

// text prints the comparison for a terminal.
func (d *manticoreDiff) text(w io.Writer) error {
	p := &printer{w: w}
	for _, h := range []manticoreHost{d.A, d.B} {
		p.para(0, "%s: %s", h.Name, h.Server)
		p.line("  %s", h.Path)
	}
	if len(d.Clusters) == 0 {
		p.line("")
		p.para(0, "NOTHING IN COMMON: there is no replication cluster that both are in, and tables of different clusters are not compared.")
	}
	for i := range d.Clusters {
		p.line("")
		d.textCluster(p, &d.Clusters[i])
	}
	if len(d.OnlyA)+len(d.OnlyB) > 0 {
		p.line("")
	}
	d.textLone(p, d.A.Name, d.B.Name, d.OnlyA)
	d.textLone(p, d.B.Name, d.A.Name, d.OnlyB)
	return p.err
}

func (d *manticoreDiff) textLone(p *printer, in, out string, list []manticoreLone) {
	for _, x := range list {
		name := x.Name
		if name == "" {
			name = "(its name is lost)"
		}
		if x.UUID != "" {
			name += " (" + x.UUID + ")"
		}
		if x.Namesake {
			p.para(0, "%s is in cluster %s, and %s in another cluster of this name: neither state UUID nor nodes are the same.", in, name, out)
		} else {
			p.para(0, "Only %s is in cluster %s.", in, name)
		}
	}
}

func (d *manticoreDiff) textCluster(p *printer, c *manticorePair) {
	uuid := c.A.UUID
	if c.A.UUID == "" {
		uuid = "no state UUID"
	}
	if c.A.UUID != c.B.UUID {
		uuid = fmt.Sprintf("%s on %s, %s on %s", orNone(c.A.UUID), d.A.Name, orNone(c.B.UUID), d.B.Name)
	}
	name := c.Name
	if name == "" {
		name = "without a name"
	}
	p.para(0, "Cluster %s, %s", name, uuid)
	p.para(0, "%s", c.headline())
	if c.History == "none" {
		p.para(0, "Seqnos and TIDs of different histories say nothing about each other.")
		return
	}
	for _, x := range []struct {
		name string
		side manticoreSide
	}{{d.A.Name, c.A}, {d.B.Name, c.B}} {
		p.para(2, "%s: %s", x.name, x.side.position())
	}
	equal, shown, left := 0, 0, 0
	for i := range c.Tables {
		t := &c.Tables[i]
		switch {
		case t.equal() && len(c.Tables) > 1:
			equal++
		case d.limit > 0 && shown == d.limit:
			left++
		default:
			shown++
			d.textTable(p, c, t)
		}
	}
	if left > 0 {
		p.para(2, "and %s (--limit)", counted(int64(left), "more table that differs", "more tables that differ"))
	}
	if equal > 0 {
		p.para(2, "%s", counted(int64(equal), "table does not differ", "tables do not differ"))
	}
	d.textCaches(p, c)
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

func (c *manticorePair) headline() string {
	switch {
	case c.identical():
		return "No difference: " + c.Reason + "."
	case c.History == "none":
		return "NO COMMON HISTORY: " + c.Reason + "."
	case c.History == "forked":
		return "FORKED: " + c.Reason + "."
	case c.History == "undecided":
		return "Not decided: " + c.Reason + "."
	case c.Ahead == "neither":
		return "The tables do not differ: " + c.Reason + "."
	}
	return "Different, with one history: " + c.Reason + "."
}

// position says what the files of one host tell about its seqno, the best
// source first.
func (s manticoreSide) position() string {
	var parts []string
	switch s.Member {
	case "no":
		parts = append(parts, "left the cluster")
	case "unknown":
		parts = append(parts, "perhaps no member any more")
	}
	stopped := s.Saved != nil && *s.Saved >= 0
	switch {
	case stopped && (s.Proven == nil || *s.Proven == *s.Saved):
		parts = append(parts, fmt.Sprintf("seqno %d in grastate.dat", *s.Saved))
	case s.Proven == nil:
		parts = append(parts, "its tables prove no seqno")
	default:
		parts = append(parts, fmt.Sprintf("seqno %d by its tables", *s.Proven))
	}
	switch {
	case s.Saved == nil:
		parts = append(parts, "no grastate.dat")
	case !stopped:
		parts = append(parts, fmt.Sprintf("grastate.dat has %d (crashed)", *s.Saved))
	case s.Proven != nil && *s.Proven != *s.Saved:
		parts = append(parts, fmt.Sprintf("grastate.dat has %d", *s.Saved))
	}
	if s.Memory != nil {
		parts = append(parts, fmt.Sprintf("shared memory has %d", *s.Memory))
	}
	if s.Received != nil {
		parts = append(parts, fmt.Sprintf("received up to %d", s.Received.Last))
	}
	if s.NotCounted != "" && s.Member != "no" {
		parts = append(parts, "does not count: "+s.NotCounted)
	}
	if n := s.vanished(); n > 0 {
		parts = append(parts, counted(n, "write set that it had applied is not in its tables", "write sets that it had applied are not in its tables"))
	}
	return strings.Join(parts, ", ")
}

// vanished counts the write sets that the host applied and whose transactions
// its tables do not hold.
func (s manticoreSide) vanished() (n int64) {
	if s.Proven == nil {
		return 0
	}
	for _, other := range []*int64{s.Saved, s.Memory} {
		if other != nil {
			n = max(n, *other-*s.Proven)
		}
	}
	return n
}

func (d *manticoreDiff) textTable(p *printer, c *manticorePair, t *manticoreTable) {
	p.para(2, "table %s: %s", t.Name, d.tids(t))
	for _, x := range []struct {
		name string
		side manticoreSide
		manticoreCopy
	}{{d.A.Name, c.A, t.A}, {d.B.Name, c.B, t.B}} {
		switch {
		case !x.Replicated && x.There && x.side.Member != "no":
			p.para(4, "%s does not replicate it in this cluster", x.name)
		case x.There && x.Refused != "":
			p.para(4, "%s does not serve it: %s", x.name, x.Refused)
		}
		if x.TID != nil && x.Start != nil && *x.Start < *x.TID {
			p.para(4, "a start of %s drops %s", x.name, tidSpan(newDiffSpan(uint64(max(*x.Start, 0))+1, uint64(*x.TID))))
		}
		if x.Behind != nil {
			p.para(4, "%s also has %s behind damage, where no start reads them", x.name, tidSpan(*x.Behind))
		}
	}
	if t.Common != nil {
		sample := ""
		if t.Sampled {
			sample = " of a sample"
		}
		p.para(4, "logs: %s on both, %s equal and %s different%s", tidSpan(*t.Common), humanize.Comma(int64(t.Equal)), humanize.Comma(int64(t.Different)), sample)
	}
	if t.Fork != nil {
		p.para(4, "nothing is equal from TID %d to %d, the last one that both logs have", t.Fork.At, t.Fork.To)
	}
	d.textOnly(p, t, d.A.Name, t.OnlyA)
	d.textOnly(p, t, d.B.Name, t.OnlyB)
}

// tids says how far each copy of a table goes.
func (d *manticoreDiff) tids(t *manticoreTable) string {
	one := func(name string, c manticoreCopy) string {
		switch {
		case !c.There:
			return "not on " + name
		case c.TID == nil:
			return "no usable TID on " + name
		}
		return fmt.Sprintf("TID %d on %s", *c.TID, name)
	}
	if t.Ahead == "neither" {
		return fmt.Sprintf("TID %d on both", *t.A.TID)
	}
	return one(d.A.Name, t.A) + ", " + one(d.B.Name, t.B)
}

func tidSpan(s diffSpan) string {
	if s.First == s.Last {
		return fmt.Sprintf("TID %d", s.First)
	}
	return fmt.Sprintf("TIDs %d to %d", s.First, s.Last)
}

func (d *manticoreDiff) textOnly(p *printer, t *manticoreTable, has string, x *manticoreOnly) {
	if x == nil {
		return
	}
	n := uint64(x.Last - x.First + 1)
	own := ""
	if t.Fork != nil {
		own = "its "
	}
	sum := counted(int64(n), "transaction", "transactions")
	if x.Bytes > 0 {
		sum += ", " + humanize.IBytes(x.Bytes)
	}
	where := "all in its log"
	switch {
	case x.Logged == 0:
		where = "not in its log, saved in the table"
	case !x.Exact:
		where = fmt.Sprintf("about %s in its log", humanize.Comma(int64(x.Logged)))
	case x.Logged < n:
		where = fmt.Sprintf("%s in its log, the others saved in the table", humanize.Comma(int64(x.Logged)))
	case n == 1:
		where = "in its log"
	}
	p.para(4, "only %s has %s%s: %s, %s", has, own, tidSpan(x.diffSpan), sum, where)
}

func (d *manticoreDiff) textCaches(p *printer, c *manticorePair) {
	x := &c.Cache
	if x.Common == nil {
		p.para(2, "write-set caches: no seqno in common")
	} else {
		unknown := ""
		if x.Unknown > 0 {
			unknown = fmt.Sprintf(", %s not comparable", humanize.Comma(int64(x.Unknown)))
		}
		p.para(2, "write-set caches: seqnos %d to %d on both, %s equal, %s different%s", x.Common.First, x.Common.Last,
			humanize.Comma(int64(x.Equal)), humanize.Comma(int64(x.Different)), unknown)
	}
	if x.FirstDifference > 0 {
		p.para(4, "the first that differs is seqno %d", x.FirstDifference)
	}
	for _, o := range []struct {
		name string
		side manticoreSide
		span *diffSpan
	}{{d.A.Name, c.A, x.OnlyA}, {d.B.Name, c.B, x.OnlyB}} {
		if o.span == nil {
			continue
		}
		but := ""
		if o.side.Proven == nil || report.Number(max(*o.side.Proven, 0)) < o.span.Last {
			but = ", and nothing proves that its tables hold all of that"
		}
		span := fmt.Sprintf("seqnos %d to %d", o.span.First, o.span.Last)
		if o.span.First == o.span.Last {
			span = fmt.Sprintf("seqno %d", o.span.First)
		}
		p.para(4, "only %s received %s%s", o.name, span, but)
	}
}
