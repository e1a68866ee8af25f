"""Made by `python -m translations`, a module a language."""
