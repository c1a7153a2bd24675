package galera

func (g *group) scenarioFindings() {}
