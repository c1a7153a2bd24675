// Command lastwrite tells from copied data directories which node of a dead
// database cluster wrote last, what stops each node from starting, and what is
// lost with each choice.
package main

import (
	"os"

	"github.com/lastwrite/lastwrite/cmd/lastwrite/command"
)

func main() {
	os.Exit(command.Main(os.Args[1:], command.System()))
}
