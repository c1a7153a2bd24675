// Package galera reads the files that a Galera provider and the scripts around
// it leave in the data directory of a node.
package galera
