package cowsql

import "github.com/lastwrite/lastwrite/analyze"

func (g *group) report()                                        {}
func (g *group) plans() []analyze.Plan                          { return nil }
func (m *member) draw()                                         {}
func noteForeign([]analyze.Cluster)                             {}
func (g *group) noCandidateReason() string                      { return "no copy can be made whole" }
func (g *group) winReason(winners, candidates []*member) string { return "highest last entry" }
