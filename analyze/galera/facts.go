package galera

import (
	"fmt"
)

// Facts are the facts of one node, as the contract of the report lists them.
type Facts struct {
	Grastate          *GrastateFacts    `json:"grastate"`
	RecoveredPosition string            `json:"recovered_position"` // as the server's position recovery prints it, "" if it cannot
	RecoveredFrom     string            `json:"recovered_from"`     // what the position rests on
	Gvwstate          *GvwstateFacts    `json:"gvwstate"`
	Gcache            *GcacheFacts      `json:"gcache"`
	SSTInProgress     bool              `json:"sst_in_progress"`
	CleanShutdown     bool              `json:"clean_shutdown"`
	Incomplete        bool              `json:"incomplete"`
	Inconsistent      bool              `json:"inconsistent"`
	JoinsBy           map[string]string `json:"joins_by"` // donor to ist or sst, with the directories as they are
	Condition         string            `json:"condition"`
	LowerBound        *uint64           `json:"lower_bound"` // of the position, null if nothing is proven
	UpperBound        *uint64           `json:"upper_bound"`
	Views             []ViewFacts       `json:"views"` // the last configurations that the node saw
}

// GrastateFacts is grastate.dat as the provider reads it.
type GrastateFacts struct {
	Version         string `json:"version"`
	UUID            string `json:"uuid"`
	Seqno           int64  `json:"seqno"`
	SafeToBootstrap bool   `json:"safe_to_bootstrap"`
}

// GvwstateFacts is gvwstate.dat.
type GvwstateFacts struct {
	MyUUID    string        `json:"my_uuid"`
	ViewID    ViewIDFacts   `json:"view_id"`
	Members   []MemberFacts `json:"members"`
	Bootstrap bool          `json:"bootstrap"`
}

// ViewIDFacts identifies a view of the group communication.
type ViewIDFacts struct {
	Type string `json:"type"`
	UUID string `json:"uuid"`
	Seq  uint32 `json:"seq"`
}

// MemberFacts is one member of a view; the name is known from elsewhere.
type MemberFacts struct {
	UUID    string `json:"uuid"`
	Segment uint8  `json:"segment"`
	Name    string `json:"name"`
}

// GcacheFacts is the usable gapless range of the write-set cache.
type GcacheFacts struct {
	UUID  string `json:"uuid"`
	First uint64 `json:"first"`
	Last  uint64 `json:"last"`
}

// ViewFacts is a configuration by the names of its members.
type ViewFacts struct {
	Seqno   uint64   `json:"seqno"`
	Members []string `json:"members"`
}

// maxViews is how many of the last configurations the facts list.
const maxViews = 8

func (g *group) facts(m *model) *Facts {
	f := &Facts{
		SSTInProgress: m.SST != "", CleanShutdown: m.clean(), Incomplete: m.Condition == incomplete, Inconsistent: m.Condition == inconsistent,
		JoinsBy: map[string]string{}, Condition: m.Condition.String(), Views: []ViewFacts{},
	}
	if s := m.State; s != nil && s.Size > 0 {
		f.Grastate = &GrastateFacts{s.Version, s.UUID.String(), s.Seqno, s.SafeToBootstrap}
	}
	if v := m.View; v != nil {
		f.Gvwstate = &GvwstateFacts{MyUUID: v.MyUUID.String(), ViewID: ViewIDFacts{v.Type.String(), v.Representative.String(), v.Seq}, Members: []MemberFacts{}, Bootstrap: v.Bootstrap}
		for _, p := range v.Members {
			f.Gvwstate.Members = append(f.Gvwstate.Members, MemberFacts{p.UUID.String(), p.Segment, g.nameOf(p.UUID)})
		}
	}
	if c := m.Cache; c != nil && c.Last > 0 {
		f.Gcache = &GcacheFacts{c.UUID.String(), c.First, c.Last}
	}
	if m.Arbitrator {
		f.RecoveredFrom = "none"
		return f
	}
	f.RecoveredPosition, f.RecoveredFrom = m.Engine.Printed, m.Engine.From
	if !m.Span.Exact() && m.Span.Known {
		f.RecoveredFrom = m.Span.Because
	}
	if m.Span.Known {
		f.LowerBound = &m.Span.Lower
	}
	if m.Span.Bounded {
		f.UpperBound = &m.Span.Upper
	}
	for _, donor := range g.usable() {
		if donor != m && donor.Span.Known {
			f.JoinsBy[donor.name()] = m.joinAsIs(donor).How
		}
	}
	for _, s := range m.Sightings[max(0, len(m.Sightings)-maxViews):] {
		v := ViewFacts{Seqno: s.Seqno, Members: []string{}}
		for _, p := range s.Members {
			v.Members = append(v.Members, p.Name)
		}
		f.Views = append(f.Views, v)
	}
	return f
}

// String names the condition for the report.
func (c condition) String() string {
	switch c {
	case sound:
		return "sound"
	case schemaChange:
		return "killed-in-schema-change"
	case stateLost:
		return "state-file-lost"
	case backwards:
		return "redo-log-damaged"
	case inconsistent:
		return "inconsistent"
	case incomplete:
		return "incomplete"
	case fresh:
		return "never-joined"
	case arbitrator:
		return "arbitrator"
	}
	return fmt.Sprintf("condition-%d", uint8(c))
}
