package command

import (
	"os"

	"github.com/lastwrite/lastwrite/internal/progress"
	"github.com/lastwrite/lastwrite/internal/source"
)

// newProgress returns what shows the reading of one input: a line on standard
// error if that is a terminal and nobody asked for quiet.
func newProgress(env Env, o *inputOptions) source.Progress {
	f, ok := env.Stderr.(*os.File)
	if !ok {
		return nil
	}
	return progress.New(f, o.Quiet || o.NoProgress)
}
