package source

import (
	"io/fs"
	"os"
)

const (
	flagNonblock = 0
	flagNoAtime  = 0
)

func stampOf(fs.FileInfo) stamp { return stamp{} }

func sparse(fs.FileInfo) bool { return false }

func nextHole(_ *os.File, _, end int64) (hole bool, until int64) { return false, end }
