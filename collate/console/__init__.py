"""What a user is told: events, and who listens to them (terminal, log file, events.jsonl)."""
