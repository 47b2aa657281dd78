module sync-group-sim-example

go 1.23
