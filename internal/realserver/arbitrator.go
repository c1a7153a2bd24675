package realserver

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// StartArbitrator starts garbd as one more member and waits until a node counts
// it. It is killed at the end of the test. stop ends it in good order.
func (c *Cluster) StartArbitrator(t testing.TB) (stop func(context.Context) error, err error) {
	ctx, cancel := context.WithTimeout(t.Context(), syncTimeout)
	defer cancel()
	before, err := c.Nodes[0].Status(ctx)
	if err != nil {
		return nil, err
	}
	home := filepath.Join(c.dir, "garbd")
	if err := os.Mkdir(home, 0o755); err != nil {
		return nil, err
	}
	if err := c.server.owns(home); err != nil {
		return nil, err
	}
	e := claim(t)
	own := address(e.ip, e.group)
	d, err := c.server.start(c.options.Life, filepath.Join(home, "output"), c.server.arbitrator,
		"--group", clusterName, "--address", c.gcomm(own), "--log", filepath.Join(home, "log"), "--workdir", home,
		"--options", fmt.Sprintf("gmcast.listen_addr=tcp://%s;base_host=%s;base_port=%d", own, e.ip, e.group))
	if err != nil {
		return nil, err
	}
	t.Cleanup(d.kill)
	c.peers = append(c.peers, own)
	want := fmt.Sprint(before.clusterSize() + 1)
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for {
		if s, err := c.Nodes[0].Status(ctx); err == nil && s["wsrep_cluster_size"] == want {
			return d.stop, nil
		}
		select {
		case <-tick.C:
		case <-d.ended:
			log, _ := os.ReadFile(filepath.Join(home, "log"))
			return nil, fmt.Errorf("garbd ended: %w\n%s", d.err, log)
		case <-ctx.Done():
			return nil, fmt.Errorf("garbd is no member: %w", ctx.Err())
		}
	}
}

func (s Status) clusterSize() int {
	var n int
	if _, err := fmt.Sscan(s["wsrep_cluster_size"], &n); err != nil {
		return 0
	}
	return n
}
