"""How the pages look: their one style sheet, and their icon.

Light and dark, on a phone and by keyboard, from left and from right. Colours keep 4.5:1 for text
and 3:1 for what has to be told apart (WCAG 2.2, criteria 1.4.3 and 1.4.11), whatever colour the
operator chose: `relay_core.wording.colour`.
"""

from __future__ import annotations

from functools import cache

from relay_core.wording.colour import EDGE, TEXT, readable, text_on

_LIGHT_GROUND, _LIGHT_CARD = "#f3f5f8", "#ffffff"
_DARK_GROUND, _DARK_CARD = "#0f151b", "#18212a"


@cache
def style(accent: str) -> str:
    """The style sheet, with that colour for what can be pressed."""
    light = readable(accent, _LIGHT_CARD, _LIGHT_GROUND, least=TEXT)
    dark = readable(accent, _DARK_CARD, _DARK_GROUND, least=TEXT)
    edge = readable(accent, _LIGHT_CARD, _LIGHT_GROUND, least=EDGE)
    dark_edge = readable(accent, _DARK_CARD, _DARK_GROUND, least=EDGE)
    return (
        f":root{{--brand:{accent};--on-brand:{text_on(accent)};--accent:{light};"
        f"--accent-line:{edge}}}\n"
        f"@media (prefers-color-scheme:dark){{:root{{--accent:{dark};--accent-line:{dark_edge}}}}}"
        f"\n{_STYLE}"
    )


_STYLE = """
:root{color-scheme:light dark;--ground:#f3f5f8;--card:#fff;--ink:#17212b;--soft:#52606d;
--line:#d9e0e7;--tile:#e8eef5;
--stop:#a3231b;--stop-ground:#fdf0ef;--wait-ground:#fff7e0;--wait:#7a4b00}
@media (prefers-color-scheme:dark){:root{--ground:#0f151b;--card:#18212a;--ink:#e9eef3;
--soft:#a6b4c2;--line:#2d3a46;
--tile:#22303d;--stop:#ffb0a8;--stop-ground:#3a1d1b;--wait-ground:#332a10;--wait:#f5cf7a}}
*{box-sizing:border-box;margin:0}
body{background:var(--ground);color:var(--ink);
font:1rem/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif}
main{max-width:46rem;margin:0 auto;padding:1.25rem 1rem 1.5rem}
h1{font-size:1.5rem;line-height:1.25;overflow-wrap:anywhere}
h2{font-size:1.125rem}
h3{font-size:1rem;font-weight:600;line-height:1.35;overflow-wrap:anywhere}
.banner{background:var(--brand);color:var(--on-brand)}
.banner p{max-width:46rem;margin:0 auto;padding:.75rem 1rem;font-weight:600;
overflow-wrap:anywhere}
footer{max-width:46rem;margin:0 auto;padding:0 1rem 3rem;color:var(--soft);font-size:.875rem;
overflow-wrap:anywhere}
footer p{margin-top:.25rem}
footer strong{color:var(--ink)}
a{color:var(--accent)}
.kind{color:var(--soft);font-size:.875rem;margin-bottom:.25rem}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.125rem 1rem;margin:1rem 0 1.5rem}
dt{color:var(--soft)}
dd{overflow-wrap:anywhere}
.bar{display:flex;flex-wrap:wrap;gap:.75rem;align-items:center;margin-bottom:.75rem}
.bar h2{flex:1 1 auto}
ul{list-style:none;padding:0;background:var(--card);border:1px solid var(--line);
border-radius:.75rem}
li{display:grid;grid-template-columns:5rem 1fr;gap:.75rem 1rem;padding:1rem;align-items:center}
li+li{border-top:1px solid var(--line)}
.tile{position:relative;display:grid;place-items:center;width:100%;aspect-ratio:4/3;
border-radius:.5rem;overflow:hidden;background:var(--tile);color:var(--soft);
font-size:.8125rem;font-weight:600;text-decoration:none}
.tile img{position:absolute;inset:0;width:100%;height:100%;object-fit:cover}
.tile img::after{content:attr(data-kind);position:absolute;inset:0;display:grid;
place-items:center;background:var(--tile)}
.facts{color:var(--soft);font-size:.875rem}
.state{grid-column:1/-1;padding:.5rem .75rem;border-radius:.5rem;font-size:.9375rem}
.stop{background:var(--stop-ground);color:var(--stop)}
.wait{background:var(--wait-ground);color:var(--wait)}
button,.button{display:inline-block;min-height:2.75rem;padding:.5rem 1.125rem;font:inherit;
font-weight:600;line-height:1.625rem;text-align:center;text-decoration:none;cursor:pointer;
border:1px solid var(--accent-line);border-radius:.5rem;background:transparent;
color:var(--accent)}
.main{background:var(--brand);color:var(--on-brand);border-color:var(--accent-line)}
.acts{grid-column:1/-1;display:flex;flex-wrap:wrap;gap:.5rem}
.acts>*{flex:1 1 auto}
button:hover,.button:hover{text-decoration:underline}
:focus-visible{outline:3px solid var(--accent);outline-offset:3px}
.ways{display:flex;flex-wrap:wrap;gap:.75rem;align-items:center;margin-top:1rem}
.name{font-size:1.25rem}
.shown{margin-top:1rem;overflow:auto;max-height:80vh;background:var(--card);
border:1px solid var(--line);border-radius:.75rem}
.shown img,.shown video,.shown audio{display:block;max-width:100%;margin:0 auto}
.shown img{min-height:3rem;max-height:calc(80vh - 2px);position:relative}
.shown img::after{content:attr(data-kind);position:absolute;inset:0;padding:.75rem;
background:var(--card)}
.shown video{max-height:calc(80vh - 2px)}
.shown audio{width:100%}
pre{width:max-content;min-width:100%;padding:1rem;
font:.875rem/1.5 ui-monospace,Menlo,Consolas,monospace;tab-size:4}
table{border-collapse:collapse;font-size:.875rem}
td{unicode-bidi:plaintext;padding:.375rem .75rem;border:1px solid var(--line);white-space:nowrap}
.note{color:var(--soft);font-size:.875rem;margin-top:1.5rem}
.notice{background:var(--card);border:1px solid var(--line);border-radius:.75rem;
padding:1.5rem 1.25rem;margin-top:8vh}
.notice p{margin-top:.75rem}
.notice .button{margin-top:1.25rem}
.checking{margin-bottom:.75rem;padding:.75rem 1rem;border-radius:.5rem}
.unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);
white-space:nowrap}
@media (min-width:36rem){main{padding-top:2.5rem}h1{font-size:1.75rem}
li{grid-template-columns:6rem 1fr auto}.acts,.state{grid-column:auto}
.state{max-width:16rem}.notice{padding:2rem}}
""".strip()


@cache
def icon(accent: str) -> str:
    """An arrow to a line, as a URL.

    Without an icon in the page, every browser asks for /favicon.ico as well, and the function
    would have to be there to say no. It is why images may come from `data:` too.
    """
    ground, line = accent.replace("#", "%23"), text_on(accent).replace("#", "%23")
    return (
        "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E"
        f"%3Crect width='32' height='32' rx='7' fill='{ground}'/%3E"
        f"%3Cpath d='M16 6v13m-6-6 6 6 6-6M9 25h14' fill='none' stroke='{line}'"
        " stroke-width='3'/%3E%3C/svg%3E"
    )
