package command

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/repair"
	"github.com/lastwrite/lastwrite/report/escape"
)

const notesName = "restore-notes.txt"

// writeNotes adds the notes, the plan and a manifest to a repaired directory.
func writeNotes(ctx context.Context, dir string, f *repair.File, a *analysis) error {
	var plan bytes.Buffer
	if err := f.Write(&plan); err != nil {
		return err
	}
	for _, x := range []struct {
		name string
		data []byte
	}{{planName, plan.Bytes()}, {notesName, notesText(f, a)}} {
		if err := writeNew(filepath.Join(dir, x.name), x.data); err != nil {
			return err
		}
	}
	return writeManifest(ctx, dir)
}

// notesText is what an operator reads with the directories in hand.
func notesText(f *repair.File, a *analysis) []byte {
	var b bytes.Buffer
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("%s", escape.Text(f.Plan.Title))
	line("made by %s; plan.json holds every step", escape.Text(f.Tool))
	line("")
	if len(f.Plan.Loses) > 0 {
		line("WHAT IS LOST")
		for _, l := range f.Plan.Loses {
			line("  %s", escape.Text(lossText(l)))
		}
		line("")
	}
	if len(f.Plan.Warnings) > 0 {
		line("READ FIRST")
		for _, w := range f.Plan.Warnings {
			line("  - %s", escape.Text(w))
		}
		line("")
	}
	line("COMMANDS, in this order (OUT is the directory of this file)")
	for i, c := range f.Plan.Commands {
		line("  %2d. on %s: %s", i+1, escape.Text(c.Node), escape.Text(c.Run))
		if c.Why != "" {
			line("      (%s)", escape.Text(c.Why))
		}
	}
	line("")
	line("OWNER AND MODE as seen in the input; set them on the copies")
	for _, d := range nodeDirs(f) {
		for _, text := range ownership(a, d) {
			line("  %s", escape.Text(text))
		}
	}
	line("")
	line("KEYS. Private keys are never copied. Put these back from the original host:")
	keys := keysOf(a, nodeDirs(f))
	for _, k := range keys {
		line("  %s", escape.Text(k))
	}
	if len(keys) == 0 {
		line("  none were seen in the input")
	}
	return b.Bytes()
}

// nodeDirs lists the output directories of a plan in order.
func nodeDirs(f *repair.File) []string {
	var out []string
	seen := map[string]bool{"": true}
	for _, s := range f.Plan.Steps {
		if s.Op != analyze.LeaveOut && !seen[s.Node] {
			seen[s.Node] = true
			out = append(out, s.Node)
		}
	}
	return out
}

// ownership describes who owned a node's directory and files.
func ownership(a *analysis, node string) []string {
	n := a.node(node)
	if n == nil {
		return nil
	}
	in := a.inputs[n.Input]
	var out []string
	add := func(name, label string) {
		info, err := fs.Stat(in.FS(), name)
		if err != nil {
			return
		}
		out = append(out, fmt.Sprintf("%s/%s  mode %04o%s", node, label, info.Mode().Perm(), ownerOf(info)))
	}
	add(n.Dir, "")
	for _, f := range in.manifest.Files {
		rel, ok := strings.CutPrefix(f.Path, n.Dir+"/")
		if n.Dir == "." {
			rel, ok = f.Path, true
		}
		if ok && (strings.HasSuffix(rel, "metadata1") || strings.HasSuffix(rel, "info.yaml") || strings.HasSuffix(rel, "local.db") || strings.HasSuffix(rel, "grastate.dat") || strings.HasSuffix(rel, "ibdata1")) {
			add(f.Path, rel)
		}
	}
	return out
}

// keysOf lists the private keys that lie beside the databases, by name only.
func keysOf(a *analysis, nodes []string) []string {
	var out []string
	for _, name := range nodes {
		n := a.node(name)
		if n == nil {
			continue
		}
		for _, f := range a.inputs[n.Input].manifest.Files {
			if isKey(f.Path) {
				if n.Dir == "." || strings.HasPrefix(f.Path, n.Dir+"/") {
					out = append(out, name+": "+f.Path)
				}
			}
		}
	}
	return out
}

// isKey reports whether a file holds a private key by its name.
func isKey(name string) bool {
	for _, end := range []string{".key", ".pfx", ".p12", "-key.pem", "private_key.pem"} {
		if strings.HasSuffix(name, end) {
			return true
		}
	}
	return false
}

// writeManifest writes the digests of all files below dir.
func writeManifest(ctx context.Context, dir string) error {
	text, err := manifestOf(ctx, dir)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, manifestName), text, 0o600)
}
