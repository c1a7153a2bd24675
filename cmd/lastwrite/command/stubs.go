package command

import (
	"io"

	"github.com/spf13/cobra"

	"github.com/lastwrite/lastwrite/internal/source"
	"github.com/lastwrite/lastwrite/report"
)

func Version() string { return "0.1" }
func renderMarkdown(w io.Writer, d *report.Document) error { return nil }
func newProgress(env Env, o *inputOptions) source.Progress { return nil }
func st(n string) *cobra.Command { return &cobra.Command{Use: n} }
func newPlan(Env) *cobra.Command { return st("plan") }
func newRepair(Env) *cobra.Command { return st("repair") }
func newVerify(Env) *cobra.Command { return st("verify") }
func newInspect(Env) *cobra.Command { return st("inspect") }
func newDiff(Env) *cobra.Command { return st("diff") }
func newExplain(Env) *cobra.Command { return st("explain") }
func newVersion(Env) *cobra.Command { return st("version") }
func newMan(Env) *cobra.Command { return st("man") }
