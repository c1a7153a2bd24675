package galera

import (
	"cmp"
	"fmt"
	"io"
	"slices"

	"github.com/lastwrite/lastwrite/parse/galera"
	"github.com/lastwrite/lastwrite/parse/serverlog"
)

// readJournal takes from an error log what the judgement asks for.
func readJournal(in io.Reader, name string) (journal, error) {
	log, err := serverlog.Read(in, name, 0)
	if log == nil {
		return journal{File: name}, err
	}
	return newJournal(log), err
}

// newJournal looks at the last run only where a statement is about the state
// in which the node was left.
func newJournal(log *serverlog.Log) journal {
	j := journal{File: log.File}
	run := lastRun(log)
	for _, e := range log.Of(serverlog.Version, serverlog.Start) {
		j.Version = cmp.Or(e.Text, j.Version)
	}
	for _, e := range log.Of(serverlog.Bootstrapping) {
		j.ClusterName = cmp.Or(e.Name, j.ClusterName)
	}
	for _, e := range log.Of(serverlog.ArbitratorConfig) {
		for _, o := range e.Options {
			switch o.Key {
			case "group":
				j.ClusterName = cmp.Or(o.Value, j.ClusterName)
			case "name":
				j.Name = cmp.Or(o.Value, j.Name)
			}
		}
	}
	for _, e := range log.Of(serverlog.Connected) {
		j.Name = cmp.Or(e.Name, j.Name)
		if u, ok := galera.ParseUUID(e.Other.UUID); ok {
			j.UUID = u
		}
	}
	j.positions(log)
	j.views(log)
	for _, e := range log.Of(serverlog.Inconsistent, serverlog.InconsistencyOther, serverlog.MarkedCorrupt) {
		if e.Offset >= run && (j.Inconsistent == nil || e.Position.Set) {
			s := newStatement(e, e.Position)
			j.Inconsistent = &s
		}
	}
	for _, e := range log.Of(serverlog.VoteInitiated, serverlog.VoteResponded) {
		if e.Offset >= run {
			s := newStatement(e, e.Position)
			s.Quote = fmt.Sprintf("%s votes %s on seqno %d %s", e.Member.Name, e.Code, e.Position.Seqno, e.Text)
			j.Votes = append(j.Votes, s)
		}
	}
	if e, ok := log.LastOf(serverlog.Component); ok && e.Offset >= run {
		j.component(log, run)
	}
	if e, ok := log.LastOf(serverlog.ShutdownComplete); ok && e.Offset >= run {
		s := newStatement(e, e.Position)
		j.Ended = &s
	}
	return j
}

// lastRun returns the offset at which the last run of the server begins.
// Position recoveries are runs of their own that never connect.
func lastRun(log *serverlog.Log) int64 {
	var at int64
	connected, ok := log.LastOf(serverlog.Connected, serverlog.Component)
	for _, e := range log.Of(serverlog.Start, serverlog.SavedState) {
		if ok && e.Offset > connected.Offset {
			break
		}
		at = e.Offset
	}
	return at
}

// component looks at the last statement on quorum before the node left the
// group by itself: a stop prints a non-primary component too.
func (j *journal) component(log *serverlog.Log, run int64) {
	stop := int64(1) << 62
	if e, ok := log.LastOf(serverlog.ShutdownBegin); ok && e.Offset >= run {
		stop = e.Offset
	}
	if j.Inconsistent != nil {
		stop = min(stop, j.Inconsistent.Offset)
	}
	for _, e := range log.Of(serverlog.Component) {
		if e.Offset < run || e.Offset > stop {
			continue
		}
		s := newStatement(e, serverlog.Position{})
		s.Quote = fmt.Sprintf("New COMPONENT: primary = %s, bootstrap = %s, memb_num = %d", yes(e.Flag), yes(e.Bootstrap), e.Last)
		j.LostQuorum = nil
		if !e.Flag {
			j.LostQuorum = &s
		}
		if e.Flag && e.Bootstrap {
			j.Bootstrapped = &s
		}
	}
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// positions collects histories and lower bounds.
func (j *journal) positions(log *serverlog.Log) {
	kinds := []serverlog.Kind{
		serverlog.RecoveredPosition, serverlog.SavedState, serverlog.StartPosition, serverlog.Connected, serverlog.ClusterView, serverlog.ISTReceived,
		serverlog.SSTReceived, serverlog.SSTSent, serverlog.SSTInstalled, serverlog.ProviderPaused, serverlog.Inconsistent, serverlog.VotedConsistent,
		serverlog.NewGroup, serverlog.Quorum, serverlog.ApplyFailed, serverlog.TransferRequired,
	}
	for _, e := range log.Of(kinds...) {
		u, ok := galera.ParseUUID(e.Position.UUID)
		if !ok || u.IsZero() {
			continue
		}
		if !slices.Contains(j.Histories, u) {
			j.Histories = append(j.Histories, u)
		}
		switch e.Kind {
		case serverlog.RecoveredPosition, serverlog.ISTReceived, serverlog.SSTReceived, serverlog.SSTInstalled, serverlog.ProviderPaused:
			if e.Position.Seqno >= 0 { // what was committed when the line was written
				j.Bounds = append(j.Bounds, newStatement(e, e.Position))
			}
		}
	}
}

// views collects the configurations that the server printed.
func (j *journal) views(log *serverlog.Log) {
	for _, e := range log.Of(serverlog.ClusterView) {
		u, ok := galera.ParseUUID(e.Position.UUID)
		if !ok || e.To != "primary" || e.Position.Seqno <= 0 || e.Incomplete {
			continue
		}
		s := sighting{UUID: u, Seqno: uint64(e.Position.Seqno), Source: e.Span, change: change{Primary: true}}
		for _, m := range e.Members {
			if id, ok := galera.ParseUUID(m.UUID); ok {
				s.Members = append(s.Members, peer{UUID: id, Name: m.Name, Address: unknownAddress})
			}
		}
		j.Views = append(j.Views, s)
	}
}

// unknownAddress stands for an address that a source does not name.
const unknownAddress = "?"

func newStatement(e serverlog.Event, p serverlog.Position) statement {
	s := statement{Span: e.Span, Seqno: -1, Quote: string(e.Kind)}
	if u, ok := galera.ParseUUID(p.UUID); ok && p.Set {
		s.UUID, s.Seqno = u, p.Seqno
		s.Quote = fmt.Sprintf("%s %s:%d", e.Kind, p.UUID, p.Seqno)
	}
	return s
}
