package recovery_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/lastwrite/lastwrite/docs/recovery"
)

func TestPages(t *testing.T) {
	assert.Equal(t, []string{"cowsql", "galera", "manticore", "wesql"}, recovery.Families())
	for _, family := range append(recovery.Families(), "") {
		page, ok := recovery.Page(family)
		assert.True(t, ok, family)
		assert.True(t, strings.HasPrefix(page, "# Recover "), family)
		for _, section := range []string{"How to read the verdict", "What never to do"} {
			assert.Contains(t, page, "\n## "+section+"\n", family)
		}
		if family == "" {
			continue
		}
		for _, section := range []string{"What to stop", "What to copy and how", "What to run", "What to do with the plan"} {
			assert.Contains(t, page, "\n## "+section+"\n", family)
		}
		for _, sparse := range []string{"tar -", "cSf", "rsync -aS"} {
			assert.Contains(t, page, sparse, family)
		}
	}
	for _, family := range []string{"README", "postgres", "../findings/LWC001", "GALERA"} {
		_, ok := recovery.Page(family)
		assert.False(t, ok, family)
	}
}
