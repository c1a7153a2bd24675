package manticore

func (g *group) report(all []*group)    {}
func (g *group) hostFindings(m *member) {}
