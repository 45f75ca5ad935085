"""Read models over what is stored: how tasks end, recoveries, a replay beside its first. Pure."""
