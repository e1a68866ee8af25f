"""Coverage-guided fuzzing of the core: `make fuzz` (atheris, which stands on libFuzzer).

Each target is a function from bytes to nothing that raises where a law is broken
(`fuzz.targets`). `python -m fuzz TARGET` runs one; the mails of `tests/corpus` are the seeds, what
it learns is kept in `build/fuzz/TARGET/corpus`, and an input that breaks a law is written to
`build/fuzz/TARGET/crash-…`. Such an input becomes an `@example` or a mail of the corpus.
"""
