// Package serverlog reads the error logs of MariaDB, MySQL, Percona XtraDB
// Cluster and the Galera arbitrator garbd, and turns the lines that say
// something about the end of a cluster into typed events.
//
// A log may have any size: it is streamed, lines have a limit, and of each
// kind of event only the first and the last ones are kept, with their number.
// Lines that match no pattern leave nothing behind but their count: logs hold
// statements and passwords. From lines that match only named fields are taken;
// of errors the number, as their texts may quote keys and rows.
//
// Lines begin in many ways. Understood are:
//
//	2026-11-21 23:51:00 0 [Note] WSREP: …          MariaDB 10.1 and later, MySQL 5.6
//	2026-11-21T23:51:00.123456Z 0 [Note] WSREP: …  MySQL and PXC 5.7
//	2026-11-21T23:51:00.123456Z 0 [Note] [MY-000000] [Galera] …  MySQL and PXC 8.0
//	261121 23:51:00 [Note] WSREP: …                MariaDB 5.5
//	2026-11-21 23:51:00.123  INFO: …               garbd
//
// each with "Nov 21 23:51:00 host mariadbd[123]: " or the same with an ISO time
// in front, as syslog and the journal write them.
//
// Messages were read in codership/galera (gcs/src, gcomm/src, galera/src),
// codership/wsrep-lib src/server_state.cpp, MariaDB/server sql/wsrep_*.cc and
// storage/innobase/log, and in the logs of clusters that were killed. Where
// the texts of Galera 3 and 4 differ both are known.
package serverlog
