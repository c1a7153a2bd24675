package galera

import (
	"strconv"
	"strings"

	"github.com/lastwrite/lastwrite/parse/galera"
	"github.com/lastwrite/lastwrite/parse/optionfile"
)

func isTransferInfo(base string) bool {
	return strings.HasSuffix(base, "galera_info") || base == "xtrabackup_galera_info_SST" || base == "rsync_sst_complete"
}

func parseTransferInfo(buf []byte) (galera.UUID, int64, bool) {
	first, _, _ := strings.Cut(strings.TrimSpace(string(buf)), "\n")
	first, _, _ = strings.Cut(first, " ")
	text, seqno, ok := optionfile.Position(first)
	u, valid := galera.ParseUUID(text)
	return u, seqno, ok && valid
}

func failedSeqno(base string) (uint64, bool) {
	parts := strings.Split(strings.TrimSuffix(base, ".log"), "_")
	if len(parts) < 3 || !strings.HasSuffix(base, ".log") {
		return 0, false
	}
	n, err := strconv.ParseUint(parts[2], 10, 64)
	return n, err == nil
}
