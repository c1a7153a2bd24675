package wesql

import "github.com/lastwrite/lastwrite/analyze"

func (g *group) plans() []analyze.Plan { return nil }
