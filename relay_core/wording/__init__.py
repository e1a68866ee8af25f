"""What recipients read, in their language: texts, moments, sizes, numbers.

`language` names the languages and picks one for a reader; `wording` says a text in one; `plurals`
has the forms that numbers ask for; `tables` holds a language's texts and formats, made from
`translations/*.po` and CLDR by `python -m translations`; `table` is their form. `time_zone` reads
the name of a time zone, `colour` keeps an operator's colour legible, `contact` makes a link of
whom recipients may ask, and `appearance` is all that an operator sets of it. The operator's own
words (notices, alarms, `relayctl`) are English, and elsewhere.
"""
