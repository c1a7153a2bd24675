package command

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/lastwrite/lastwrite/analyze"
)

// shownMembers is how many names of members a complaint lists.
const shownMembers = 12

// checkLost refuses a --lost that names nobody: a mistyped name would declare
// nothing, and the plan would wait for a member that is gone. Where not all
// was read the files may name it all the same, so that is only said.
func (o *inputOptions) checkLost(env Env, clusters []analyze.Cluster, incomplete bool) error {
	if len(o.Lost) == 0 || len(clusters) == 0 {
		return nil
	}
	missing, known, all := o.members(clusters)
	var text []string
	for _, name := range o.Lost {
		if slices.Contains(all, name) {
			continue
		}
		line := fmt.Sprintf("--lost %s: the files name no such member", name)
		if near := nearest(all, name); near != "" {
			line += fmt.Sprintf("; is %s meant?", near)
		}
		text = append(text, line)
	}
	if len(text) == 0 {
		return nil
	}
	text = append(text, "not given: "+listed(missing), "known too: "+listed(known))
	if o.Quick || incomplete {
		complain(env, errors.New(strings.Join(append(text, "not all was read, so it may be one; here it changed nothing"), "\n")))
		return nil
	}
	return usage("%s\ncorrect it, or leave it out: it would change nothing", strings.Join(text, "\n"))
}

// members are the names of the members that were not given, of the others, and
// all names that --lost takes.
func (o *inputOptions) members(clusters []analyze.Cluster) (missing, known, all []string) {
	add := func(list *[]string, names ...string) {
		for _, name := range names {
			if name != "" && !slices.Contains(*list, name) {
				*list = append(*list, name)
			}
		}
	}
	var own []string // other names of given nodes
	for _, c := range clusters {
		add(&missing, c.Verdict.Missing...)
		for _, n := range c.Nodes {
			add(&known, n.Name)
			add(&own, n.Identity.Name, n.Identity.Address)
		}
	}
	add(&all, missing...)
	for _, c := range clusters {
		for _, p := range c.Peers {
			add(&all, p...)
			if !slices.ContainsFunc(p, func(name string) bool { return slices.Contains(missing, name) || slices.Contains(own, name) }) {
				add(&known, p[0])
			}
		}
	}
	add(&all, known...)
	add(&all, own...)
	if o.previous != nil {
		add(&all, o.previous.Members()...)
	}
	return missing, known, all
}

// listed is a list of names, not longer than a reader wants it.
func listed(list []string) string {
	if rest := len(list) - shownMembers; rest > 0 {
		return oneOf(list[:shownMembers]) + fmt.Sprintf(" and %d more", rest)
	}
	return oneOf(list)
}
