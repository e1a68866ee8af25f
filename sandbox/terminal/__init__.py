"""What a person sees of the sandbox in a terminal: `narration` words it, `output` writes it."""
