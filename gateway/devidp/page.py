"""The page on which one chooses whom to be. Plain HTML, no script, no style."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from gateway.devidp.samples import SampleParty

CSP = "default-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

_PAGE = """<!doctype html>
<html lang="zh-CN">
<head><meta charset="utf-8"><title>仅供开发 DEVELOPMENT ONLY</title></head>
<body>
<h1>仅供开发 · DEVELOPMENT ONLY</h1>
<p>这不是真实的身份认证：任何人都可以任何主体的身份登录，只用于样本数据。</p>
<p lang="en">This proves nobody's identity: anybody can sign in as any party. For sample data only.</p>
<form method="post" action="authorize">
{hidden}
{samples}
<fieldset><legend>其他主体 · Another party</legend>
<p><label>名称 · Name <input name="name" maxlength="200" autocomplete="off"></label></p>
<p><label>证件种类 · Kind <select name="identifier_kind">
<option value="uscc">统一社会信用代码 · Unified Social Credit Code</option>
<option value="resident_id">居民身份证 · Resident ID</option>
<option value="residence_permit">港澳台居民居住证 · Residence permit</option>
<option value="passport">护照 · Passport</option>
</select></label></p>
<p><label>号码 · Number <input name="identifier" maxlength="40" autocomplete="off"></label></p>
<button name="choice" value="typed">登录 · Sign in</button>
</fieldset>
</form>
</body>
</html>
"""

_SAMPLES = """<fieldset><legend>样本主体 · Sample party</legend>
{choices}
<button name="choice" value="sample">登录 · Sign in</button>
</fieldset>"""


def choose_party(parties: Sequence[SampleParty], request: Mapping[str, str]) -> str:
    """The page for one authorization request, whose parameters it sends back when the form is posted."""
    hidden = "\n".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in request.items()
    )
    choices = "\n".join(
        f'<p><label><input type="radio" name="party" value="{number}"{" checked" if number == 0 else ""}> '
        f"{escape(party.name)} ({escape(party.identifier)})</label></p>"
        for number, party in enumerate(parties)
    )
    return _PAGE.format(hidden=hidden, samples=_SAMPLES.format(choices=choices) if parties else "")
