"""Run folders on disk: tables, manifest, shards, atomic commits, locks, the weights of a run."""
