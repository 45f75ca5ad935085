"""Clock, ids, programs, git, log censoring; knows nothing of us."""
