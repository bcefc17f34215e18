"""The sample: an importer called demo, its broker and a supplier, and a simulated port that keeps their entries
moving. Everything in it is invented; nothing of it is needed to run the gateway."""
