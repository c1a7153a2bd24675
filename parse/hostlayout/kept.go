package hostlayout

// A Kept is an Application in a form that encoding/json carries whole.
type Kept struct {
	Application  *Application
	InfoError    string // what go-cowsql's YAML library says about info.yaml
	ClusterError string // the same about cluster.yaml
	Unexpected   string // first name that a start with init.yaml refuses
}

// Keep returns a with what its exported fields do not tell.
func (a *Application) Keep() Kept { return Kept{a, a.infoError, a.clusterError, a.unexpected} }

// Restore returns the Application that was kept, nil if there was none.
func (k Kept) Restore() *Application {
	if k.Application != nil {
		k.Application.infoError, k.Application.clusterError, k.Application.unexpected = k.InfoError, k.ClusterError, k.Unexpected
	}
	return k.Application
}
