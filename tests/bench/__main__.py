"""`make bench`: the figures of the graph, with its peers where TIDEGATE_BENCH_PEERS names a folder of them."""

from tests.bench.graph import main

main()
