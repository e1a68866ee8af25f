"""The texts and formats of each language: a module a language, made by `python -m translations`."""
