package phrase

import (
	"fmt"

	"github.com/lastwrite/lastwrite/report"
)

// Custody returns the paragraphs of a report's chain of custody, but for the
// digests of the inputs.
func Custody(c *report.Custody) []string {
	program := "Read by " + c.Program + "."
	if c.ProgramSHA256 != "" {
		program = fmt.Sprintf("Read by %s, whose file has the SHA-256 %s.", c.Program, c.ProgramSHA256)
	}
	return []string{
		fmt.Sprintf("Read from %s to %s (UTC). %s", c.Started, c.Finished, program),
		"Files were opened for reading only, links were not followed, and no server was started. Each digest was taken twice: while the analysis read the bytes, and of all bytes again when it had ended. " +
			"That of an archive or a bundle is the SHA-256 of the file. That of a directory is the SHA-256 over the digests, sizes and paths of its files; lastwrite verify DIR --write-manifest FILE writes them one by one, for hashdeep.",
	}
}

// Kept tells what became of an input between the two digests.
func Kept(in report.CustodyInput) string {
	switch {
	case in.After == "":
		return "not readable at the end"
	case in.Before == in.After:
		return "the same before and after"
	}
	return "CHANGED"
}
