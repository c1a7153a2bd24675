package galera

import (
	"github.com/lastwrite/lastwrite/parse"
	"github.com/lastwrite/lastwrite/parse/innodb"
)

// A resolver decides about prepared transactions as a start does: with the
// binary log that was in use, without one by the position itself.
type resolver struct {
	model  *model
	damage []parse.Damage
	err    error
}

func (r *resolver) resolve(p []innodb.Prepared) (committed []bool, known bool) {
	return nil, false
}
