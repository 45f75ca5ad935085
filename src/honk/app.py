"""The front desk: everything a person may ask, one short method each."""
