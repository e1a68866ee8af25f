"""Coverage-guided fuzzing of the core: `make fuzz` (atheris, based on libFuzzer).

Each target is a function of bytes that raises when a law is broken (`fuzz.targets`); `agreement`
is the one that compares the relay with other parsers. `python -m fuzz TARGET` runs one. The mails
of `tests/corpus` are the seeds, new inputs are stored in `build/fuzz/TARGET/corpus`, and an input
that breaks a law in `build/fuzz/TARGET/crash-…`. Add such an input as an `@example` or a mail of
the corpus.
"""
