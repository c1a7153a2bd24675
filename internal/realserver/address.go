package realserver

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"testing"
)

// An endpoint is the address of a node and the ports that it listens on.
type endpoint struct {
	ip              string
	group, ist, sst int // ports: replication, incremental and full state transfer
}

// claimTries is how many addresses are tried.
const claimTries = 200

// claim finds a loopback address that no other test uses, with free ports.
// Holding a socket on the address keeps other tests, of this process or
// another, away from it until the test ends.
func claim(t testing.TB) endpoint {
	t.Helper()
	for range claimTries {
		ip := fmt.Sprintf("127.%d.%d.%d", 1+rand.IntN(254), rand.IntN(256), 1+rand.IntN(254))
		// Below the range that outgoing connections take their ports from.
		base := 20000 + 10*rand.IntN(1000)
		hold, err := net.Listen("tcp", address(ip, 19999))
		if err != nil {
			continue
		}
		e := endpoint{ip: ip, group: base, ist: base + 1, sst: base + 2}
		if !free(ip, e.group, e.ist, e.sst) {
			_ = hold.Close() // nothing was ever sent
			continue
		}
		t.Cleanup(func() { _ = hold.Close() })
		return e
	}
	t.Fatalf("no free loopback address in %d tries", claimTries)
	return endpoint{}
}

func free(ip string, ports ...int) bool {
	for _, port := range ports {
		l, err := net.Listen("tcp", address(ip, port))
		if err != nil {
			return false
		}
		_ = l.Close() // nothing was ever sent
	}
	return true
}

func address(ip string, port int) string { return net.JoinHostPort(ip, strconv.Itoa(port)) }
