package command

import "github.com/spf13/cobra"

func st(n string) *cobra.Command    { return &cobra.Command{Use: n} }
func newExplain(Env) *cobra.Command { return st("explain") }
