"""How the report looks: one style sheet, light and dark, on screen and on paper."""

from __future__ import annotations

from typing import Final

STYLE: Final = """
:root{color-scheme:light dark;--page:#fff;--card:#f6f7f9;--text:#1c2127;--quiet:#59636e;--line:#d5dae0;--link:#0b57d0;
--good:#17693a;--good-back:#e3f4e8;--degraded:#7a4b00;--degraded-back:#fdf0d5;--bad:#a1161f;--bad-back:#fde7e8;
--unclassified:#4a5560;--unclassified-back:#e8ebee}
@media (prefers-color-scheme:dark){:root{--page:#14171a;--card:#1d2126;--text:#e6e9ec;--quiet:#a3adb8;--line:#3a424b;
--link:#8ab4f8;--good:#7fd6a0;--good-back:#16301f;--degraded:#f3c26b;--degraded-back:#37290c;--bad:#ff9aa0;
--bad-back:#3d1518;--unclassified:#b5bfc9;--unclassified-back:#2a3037}
figure img{filter:invert(.92) hue-rotate(180deg)}}
*{box-sizing:border-box}
body{margin:0 auto;padding:1.5rem 1.25rem 3rem;max-width:70rem;background:var(--page);color:var(--text);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;overflow-wrap:anywhere}
h1{font-size:1.7rem;line-height:1.2;margin:0 0 .3rem}
h2{font-size:1.25rem;margin:2.2rem 0 .6rem;padding-top:.6rem;border-top:1px solid var(--line)}
h3{font-size:1rem;margin:0 0 .5rem}
p{margin:.4rem 0;max-width:62rem}
a{color:var(--link)}
.quiet,caption,figcaption,dt{color:var(--quiet)}
.notice{border-left:4px solid var(--degraded);background:var(--degraded-back);padding:.5rem .8rem;
border-radius:0 6px 6px 0}
.notice.safe{border-color:var(--good);background:var(--good-back)}
.lead{font-size:1.1rem;background:var(--card);border:1px solid var(--line);border-radius:8px;padding:.8rem 1rem}
nav ul{display:flex;flex-wrap:wrap;gap:.2rem 1rem;list-style:none;padding:0;margin:.8rem 0 0;font-size:.9rem}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem .9rem;margin:.4rem 0}
dd{margin:0}
pre{white-space:pre-wrap;background:var(--card);border:1px solid var(--line);border-radius:8px;padding:.8rem 1rem;
font:13px/1.45 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
.scroll{overflow-x:auto;margin:.6rem 0}
table{border-collapse:collapse;width:100%;font-size:.86rem;font-variant-numeric:tabular-nums;overflow-wrap:normal}
caption{text-align:left;padding:.2rem 0 .4rem;caption-side:top}
th,td{padding:.28rem .55rem;text-align:left;vertical-align:top;border-bottom:1px solid var(--line)}
thead th{border-bottom:2px solid var(--line);vertical-align:bottom;font-weight:600}
tbody th{font-weight:600}
td.n,th.n{text-align:right}
td.n,.tight{white-space:nowrap}
td.wide{min-width:16rem}
td.middling{min-width:10rem}
.badge{display:inline-block;padding:.05rem .5rem;border-radius:999px;font-size:.95em;font-weight:600;
white-space:nowrap;color:var(--unclassified);background:var(--unclassified-back)}
.badge.good{color:var(--good);background:var(--good-back)}
.badge.degraded,.badge.warn{color:var(--degraded);background:var(--degraded-back)}
.badge.bad{color:var(--bad);background:var(--bad-back)}
article{border:1px solid var(--line);border-radius:8px;padding:.8rem 1rem;margin:.9rem 0}
figure{margin:.8rem 0 0}
figure img{max-width:100%;height:auto;display:block;border-radius:6px}
figcaption{font-size:.85rem;margin-top:.3rem}
li{margin:.15rem 0;max-width:62rem}
footer{margin-top:2.5rem;border-top:1px solid var(--line);padding-top:.6rem;font-size:.85rem;color:var(--quiet)}
@media (max-width:40rem){dl{grid-template-columns:1fr}dd{margin-bottom:.4rem}body{padding:1rem .8rem}}
@media print{:root{--page:#fff;--card:#fff;--text:#000;--quiet:#444;--line:#bbb;--link:#000;--good:#17693a;
--good-back:#fff;--degraded:#7a4b00;--degraded-back:#fff;--bad:#a1161f;--bad-back:#fff;--unclassified:#444;
--unclassified-back:#fff}
@page{margin:14mm 12mm}
body{max-width:none;padding:0;font-size:9.5pt}
nav{display:none}
.badge{border:1px solid}
.scroll{overflow:visible}
table{font-size:7.6pt}
td{overflow-wrap:anywhere}
th{overflow-wrap:break-word}
th,td{padding:1.2pt 3pt}
td.n,td.tight{white-space:normal;overflow-wrap:normal}
td.wide,td.middling{min-width:0}
thead{display:table-header-group}
tr,figure,.lead,.notice{break-inside:avoid}
h2,h3,caption{break-after:avoid}
figure img{filter:none;max-height:150mm}
a{text-decoration:none}
pre{font-size:8pt}}
"""
