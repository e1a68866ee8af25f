"""The sandbox's terminal output: `event_lines` composes the text, `output` writes it."""
