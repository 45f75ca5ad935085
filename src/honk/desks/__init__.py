"""The team's desks, one for each matter, handed out by `honk.team`: rights first, then the front desk."""
