"""What the registry knows from the start; ids are deterministic, so seeding again adds nothing."""
