"""Do what the clock, a commit or another replica makes due."""
