// Package systems is the list of database families.
package systems

import (
	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/analyze/cowsql"
	"github.com/lastwrite/lastwrite/analyze/galera"
	"github.com/lastwrite/lastwrite/analyze/manticore"
	"github.com/lastwrite/lastwrite/analyze/wesql"
)

// All returns every family, in the order of the report.
func All() []analyze.System {
	return []analyze.System{cowsql.System{}, galera.System{}, manticore.System{}, wesql.System{}}
}
