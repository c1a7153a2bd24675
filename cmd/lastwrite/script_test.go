package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/lastwrite/lastwrite/fixtures"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"lastwrite": main})
}

// TestScripts runs the program in testdata/script. TMPDIR of a script is the
// directory tmp in it, so that a script can see what was left behind.
//
// Beside the commands of testscript there are
//
//	case FAMILY/NAME [DIR]       unpack the directories of a corpus case into DIR (default NAME)
//	status N PROGRAM [ARG...]    like exec, with this exit status and no other
//	nobody N PROGRAM [ARG...]    the same as a user without rights; skips the script where it cannot be one
//	interrupt FILE PROGRAM ...   send SIGINT as soon as the program has FILE open; wants status 130.
//	                             SIGNAL=TERM in the environment sends SIGTERM
//	snapshot DIR                 remember what is in DIR: names, content, modes, times
//	unchanged DIR                fail if that is not so any more
//	pack ARCHIVE DIR             write DIR as .tar, .tar.gz, .tar.zst or .zip
//	member ARCHIVE NAME          write an archive with one small file of that name
//	zeros ARCHIVE NAME SIZE      write a .tar.zst with one file of so many zero bytes
//	resize FILE SIZE             cut or extend FILE; a negative SIZE cuts so much off its end
//	socket FILE                  make a socket that nobody listens on
//	clusters REPORT.json         print its clusters, without the paths of the nodes
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		Setup:               setup,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"case":      unpackCase,
			"status":    status,
			"nobody":    asNobody,
			"interrupt": interrupt,
			"snapshot":  snapshot,
			"unchanged": unchanged,
			"pack":      pack,
			"member":    member,
			"zeros":     zeros,
			"resize":    resize,
			"socket":    socket,
			"clusters":  clusters,
		},
	})
}

// The keys of what a script keeps.
type (
	testKey      struct{} // testing.TB
	snapshotsKey struct{} // map[string]tree
	environKey   struct{} // *[]string
)

func setup(env *testscript.Env) error {
	env.Values[testKey{}] = env.T()
	env.Values[snapshotsKey{}] = map[string]tree{}
	tmp := filepath.Join(env.WorkDir, "tmp")
	if err := os.Mkdir(tmp, 0o777); err != nil {
		return err
	}
	if err := os.Chmod(tmp, 0o777); err != nil {
		return err
	}
	env.Setenv("TMPDIR", tmp)
	env.Values[environKey{}] = env.Vars
	return nil
}

// want ends the script unless the command got one of these numbers of
// arguments and no negation.
func want(ts *testscript.TestScript, neg bool, args []string, least, most int) {
	if neg {
		ts.Fatalf("this command knows no !")
	}
	if len(args) < least || len(args) > most {
		ts.Fatalf("%d arguments", len(args))
	}
}

const many = 1 << 10

func unpackCase(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, args, 1, 2)
	family, name, ok := strings.Cut(args[0], "/")
	if !ok {
		ts.Fatalf("%s is not FAMILY/NAME", args[0])
	}
	dir := path.Base(name)
	if len(args) == 2 {
		dir = args[1]
	}
	c := fixtures.Open(ts.Value(testKey{}).(testing.TB), family, name)
	ts.Check(os.Rename(c.Dir, ts.MkAbs(dir)))
}

func status(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, args, 2, many)
	number, err := strconv.Atoi(args[0])
	ts.Check(err)
	checkStatus(ts, number, ts.Exec(args[1], args[2:]...))
}

func checkStatus(ts *testscript.TestScript, number int, err error) {
	got := 0
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		got = failed.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != number {
		ts.Fatalf("status %d instead of %d", got, number)
	}
}

func resize(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, args, 2, 2)
	name := ts.MkAbs(args[0])
	size, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	if size < 0 {
		info, err := os.Stat(name)
		ts.Check(err)
		size += info.Size()
	}
	ts.Check(os.Truncate(name, size))
}

func clusters(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, args, 1, 1)
	var report struct {
		Clusters []map[string]any `json:"clusters"`
	}
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &report))
	for _, c := range report.Clusters {
		for _, node := range c["nodes"].([]any) {
			delete(node.(map[string]any), "path")
		}
	}
	out, err := json.MarshalIndent(report.Clusters, "", "  ")
	ts.Check(err)
	fmt.Fprintf(ts.Stdout(), "%s\n", out)
}
