// The name is that of no place: nothing is published yet. packages/OWNER says what it becomes then.
module sync-group-sim

go 1.23
