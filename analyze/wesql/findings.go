package wesql

func (g *group) report() {}

func (g *group) plainFindings(m *model) {}
