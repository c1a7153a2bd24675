package command

import "github.com/spf13/cobra"

func st(n string) *cobra.Command    { return &cobra.Command{Use: n} }
func newPlan(Env) *cobra.Command    { return st("plan") }
func newRepair(Env) *cobra.Command  { return st("repair") }
func newVerify(Env) *cobra.Command  { return st("verify") }
func newInspect(Env) *cobra.Command { return st("inspect") }
func newDiff(Env) *cobra.Command    { return st("diff") }
func newExplain(Env) *cobra.Command { return st("explain") }
