// Package hostlayout reads what applications keep around a cowsql or dqlite
// raft directory: it finds raft directories in a tree of host data, tells
// which application they belong to, and parses the application's own small
// files. The raft files themselves are read by package cowsql.
//
// # Where the raft directory lies
//
//	Incus, LXD       <root>/database/global           membership in database/local.db (SQLite, raft_nodes)
//	microcluster     <root>/database                  info.yaml, cluster.yaml, ../truststore/*.yaml, ../daemon.yaml
//	k8sd             <root>/database                  the same, below .../k8sd/state
//	MicroK8s         .../var/kubernetes/backend       info.yaml, cluster.yaml, kine.sock*, localnode.yaml
//	k8s-dqlite       any                              info.yaml, cluster.yaml, k8s-dqlite.sock, failure-domain, tuning.yaml
//	Juju             <root>/dqlite                    info.yaml, cluster.yaml, ../agents/
//	go-app           any                              info.yaml, cluster.yaml (go-cowsql and go-dqlite, package app)
//	bare             any                              nothing; the C server interface leaves server-info and node-store
//
// # The files
//
//	info.yaml        ID, Address, Role of the node itself (go-cowsql app/app.go New)
//	cluster.yaml     list of the same (client/store.go YamlNodeStore)
//	join             empty; the node has not completed joining (app/files.go)
//	node-store       "v1", then address, id and role word per node (cowsql src/server.c writeNodeStore)
//	server-info      "v1", address, id (writeLocalInfo)
//	daemon.yaml      name, address, servers (microcluster rest/types/config.go DaemonConfig)
//	truststore/*     name, address, certificate (internal/trust/remotes.go Remote)
//	recovery.yaml    list of id, address, role word, name (cluster/recover.go DqliteMember)
//	raft_nodes.yaml  list of nodeinfo {ID, Address, Role} and name (LXD recovery archive)
//	init.yaml        Address, Cluster (k8s-dqlite pkg/server/types.go)
//	update.yaml      Address (the same file)
//	localnode.yaml   list as cluster.yaml, only the node itself (old MicroK8s)
//	patch.*.sql      statements for the next start (Incus and LXD Reconfigure, microcluster writeGlobalMembersPatch)
//
// # Numbers of roles
//
// YAML files, raft_nodes and the client protocol number roles 0 voter,
// 1 standby, 2 spare; the configuration in the raft log numbers them
// 0 standby, 1 voter, 2 spare (cowsql src/translate.c).
//
// # Limits
//
// Bad content is parse.Damage. YAML documents above 32 KiB or with more than
// a thousand flow brackets are refused before the YAML library sees them, as
// its time and memory grow with the square of the nesting and of the number
// of keys; aliases are never resolved. Other text files are read up to 1 MiB,
// archives up to 256 MiB of unpacked data. Private keys are never opened.
package hostlayout
