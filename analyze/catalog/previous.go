package catalog

// previousEntries are what a comparison with an earlier report finds, whatever
// the family.
var previousEntries = []Entry{
	{"LWX001", "warning", "A node reaches less far than in the earlier report"},
	{"LWX002", "warning", "A directory has changed since the earlier report"},
	{"LWX003", "warning", "A node of the earlier report is not among the inputs"},
	{"LWX004", "warning", "The verdict is not that of the earlier report"},
}
