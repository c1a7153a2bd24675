package reallib

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// pollInterval is how often a node is asked whether there is a leader.
const pollInterval = 20 * time.Millisecond

// The codes of a node that is no leader, or was none any more before a majority
// had what it wrote (cowsql src/leader.h SQLITE_IOERR_NOT_LEADER and
// SQLITE_IOERR_LEADERSHIP_LOST).
const (
	notLeader      = 10 | 40<<8
	leadershipLost = 10 | 41<<8
)

// A Cluster is a set of nodes that run together and can reach each other.
type Cluster struct {
	Nodes []*Node
}

// StartCluster starts a node on every member's directory. The membership comes
// from the logs; members says which process answers for which address. The
// caller ends the cluster with Kill.
func (lib *Library) StartCluster(ctx context.Context, members []Member) (_ *Cluster, err error) {
	c := new(Cluster)
	defer func() {
		if err != nil {
			c.Kill()
		}
	}()
	for _, m := range members {
		n, start, err := lib.create(ctx, m)
		if err := start.failure(m, err); err != nil {
			return nil, err
		}
		c.Nodes = append(c.Nodes, n)
	}
	for _, n := range c.Nodes {
		start, err := n.start(ctx, c.Nodes)
		if err := start.failure(n.Member, err); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// failure makes one error of a start that did not succeed.
func (s Start) failure(m Member, err error) error {
	if err == nil && s.Outcome != Starts {
		err = errors.New(strings.TrimSpace(fmt.Sprintf("%s %s %s %s", s.Outcome, s.Error, s.Signal, s.Stderr)))
	}
	if err != nil {
		return fmt.Errorf("start node %d: %w", m.ID, err)
	}
	return nil
}

// Kill ends all nodes like kill -9.
func (c *Cluster) Kill() {
	for _, n := range c.Nodes {
		n.Kill()
	}
}

// Leader waits until the nodes have elected a leader and returns it. The
// deadline of ctx bounds the wait.
func (c *Cluster) Leader(ctx context.Context) (*Node, error) {
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for {
		for _, n := range c.Nodes {
			address, err := n.leader(ctx)
			if err != nil || address == "" {
				continue
			}
			for _, m := range c.Nodes {
				if m.Address == address {
					return m, nil
				}
			}
		}
		for _, n := range c.Nodes {
			select {
			case <-n.Done():
				return nil, n.death().failure(n.Member, nil)
			default:
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, fmt.Errorf("no leader: %w", ctx.Err())
		}
	}
}

func (n *Node) leader(ctx context.Context) (address string, err error) {
	conn, err := n.Connect(ctx)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	return conn.Leader()
}

// Database connects to the leader and opens a database there.
func (c *Cluster) Database(ctx context.Context, name string) (*Conn, error) {
	leader, err := c.Leader(ctx)
	if err != nil {
		return nil, err
	}
	conn, err := leader.Connect(ctx)
	if err != nil {
		return nil, err
	}
	if err := conn.Open(name); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

// OnLeader opens a database on the leader for do. If the node is no leader any
// more when do asks it, as happens on a busy machine, do is called again on the
// next leader; what it wrote before may be there or not. The deadline of ctx
// bounds the wait.
func (c *Cluster) OnLeader(ctx context.Context, database string, do func(*Conn) error) error {
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for {
		conn, err := c.Database(ctx, database)
		if err == nil {
			err = errors.Join(do(conn), conn.Close())
		}
		var f *Failure
		if !errors.As(err, &f) || f.Code != notLeader && f.Code != leadershipLost {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		}
	}
}
