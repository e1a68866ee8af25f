"""The sandbox's terminal output: `narration` composes the text, `output` writes it."""
