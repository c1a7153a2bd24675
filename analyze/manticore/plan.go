package manticore

import "github.com/lastwrite/lastwrite/analyze"

func (g *group) plans(all []*group) []analyze.Plan { return nil }
