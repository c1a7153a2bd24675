// Package innodb reads what InnoDB leaves on disk: pages, tablespaces, and the
// redo log. It finds the position of a node without starting a server (Recover)
// and checks the pages of files (Verifier).
package innodb
