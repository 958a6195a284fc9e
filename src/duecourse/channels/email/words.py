"""What a reply itself says: without what it quotes, in whatever language its program wrote that.

Its own words are never lost for a guess: where nothing would be left, all is given. Each line is looked at a bounded
number of times, so that no mail, however odd, takes long.
"""

import re
from collections.abc import Sequence
from html.parser import HTMLParser
from typing import Final

CHARACTERS_MAX: Final = 50_000
_LINE_MAX: Final = 1_000
_QUOTED: Final = re.compile(r"[ \t]*>")
_DASHED: Final = re.compile(r"-{3,}[ \t]*[^\s-][^-]{1,60}-{3,}")  # --- Original Message ---
_WROTE: Final = (
    "wrote", "writes", "schrieb", "escribió", "escribio", "写道", "寫道", "a écrit", "ha scritto", "schreef", "napisał",
    "escreveu", "skrev", "kirjoitti", "napsal", "написал", "пише", "yazdı", "menulis", "sumulat", "viết",
    "のメール", "書きました", "작성", "ने लिखा", "كتب",
)  # fmt: skip
_FROM: Final = frozenset(
    "from von de da van från fra od do от kimden dari 发件人 發件人 寄件者 寄件人 差出人 보낸사람 จาก từ".split()  # noqa: SIM905
)
_BESIDE: Final = frozenset(
    """
    sent date to subject cc gesendet datum an betreff kopie enviado fecha para asunto envoyé à objet inviato data a
    oggetto verzonden aan onderwerp skickat till ämne sendt til emne wysłano do temat enviada assunto отправлено кому
    тема gönderilme kime konu dikirim kepada perihal 发送时间 日期 收件人 主题 抄送 傳送時間 主旨 收件者 送信日時 宛先
    件名 보낸날짜 받는사람 제목 gửi tới
    """.split()  # noqa: SIM905
)
_BLOCKS: Final = frozenset(
    {"br", "p", "div", "li", "tr", "h1", "h2", "h3", "h4", "table", "ul", "ol", "blockquote", "hr"}
)
_SILENT: Final = frozenset({"script", "style", "title"})


def own_words(text: str) -> str:
    """Return what a reply itself says, of its first 50,000 characters; all of it where nothing would be left."""
    lines = [line[:_LINE_MAX].rstrip() for line in text[:CHARACTERS_MAX].splitlines()]
    kept: list[str] = []
    is_signature = False
    for at, line in enumerate(lines):
        if _QUOTED.match(line):
            is_signature = False
            continue
        if line == "--":
            is_signature = True
        if _begins_quoted(lines, at):
            break
        if _is_wrote(line) and (begins := _back_to_date(kept, line)) is not None:
            has_marks = _is_followed_by_quotes(lines, at)
            # Whoever tells what an agent wrote goes on in their own words; a program names an address.
            if has_marks or "@" in "".join([*kept[len(kept) - begins :], line]):
                del kept[len(kept) - begins :]
                if has_marks:
                    continue
                break
        if not is_signature:
            kept.append(line)
    found = _tidy(kept)
    return found or _tidy(lines)


def _tidy(lines: Sequence[str]) -> str:
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _begins_quoted(lines: Sequence[str], at: int) -> bool:
    """Say whether all from a line on is another's: a bar above the head of a mail, or the head itself."""
    line = lines[at].strip()
    is_bar = _DASHED.fullmatch(line) or (line.startswith("____") and not line.strip("_"))
    if is_bar and any(_name(below) for below in lines[at + 1 : at + 4]):
        return True
    return _is_head(lines, at)


def _is_head(lines: Sequence[str], at: int) -> bool:
    """Say whether a line and those below it are the head of a mail: three of six, one of them whom it is from."""
    if not _name(lines[at]):
        return False
    names = []
    for line in lines[at : at + 6]:
        if not line.strip():
            break
        names.append(_name(line))
    return sum(map(bool, names)) >= 3 and any(name in _FROM for name in names)


def _name(line: str) -> str:
    """Return the name of a header that a program wrote into a text, "" when it is none of these."""
    name, colon, _ = line[:40].replace("：", ":").partition(":")
    name = "".join(name.split()).strip("*").casefold()
    return name if colon and name in _FROM | _BESIDE else ""


def _is_wrote(line: str) -> bool:
    bare = line.strip().casefold()
    return bare.endswith((":", "：")) and any(word in bare for word in _WROTE)


def _back_to_date(kept: Sequence[str], line: str) -> int | None:
    """Say how many of the lines kept belong to "On such a day, so-and-so wrote:"; None when it names no day at all."""
    for back in range(3):
        if re.search(r"\d", line):
            return back
        if back >= len(kept) or not kept[-1 - back].strip():
            return None
        line = kept[-1 - back]
    return None


def _is_followed_by_quotes(lines: Sequence[str], at: int) -> bool:
    below = next((line for line in lines[at + 1 : at + 4] if line.strip()), "")
    return bool(_QUOTED.match(below))


class _Shown(HTMLParser):
    """The words of an HTML text, a line for each block; what stands in a quotation gets a mark."""

    def __init__(self) -> None:
        super().__init__()
        self.lines = [(False, "")]
        self._quoted = self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        self._quoted += tag == "blockquote"
        self._silent += tag in _SILENT
        if tag in _BLOCKS:
            self.lines.append((self._quoted > 0, ""))

    def handle_endtag(self, tag: str) -> None:
        self._quoted -= tag == "blockquote" and self._quoted > 0
        self._silent -= tag in _SILENT and self._silent > 0
        if tag in _BLOCKS:
            self.lines.append((self._quoted > 0, ""))

    def handle_data(self, data: str) -> None:
        if not self._silent:
            is_quoted, text = self.lines[-1]
            self.lines[-1] = (is_quoted, text + re.sub(r"\s+", " ", data))


def shown_words(html: str) -> str:
    """Return the words of the first 50,000 characters of an HTML text, quotations marked as in plain mails."""
    parser = _Shown()
    parser.feed(html[:CHARACTERS_MAX])
    parser.close()
    shown = ((is_quoted, text.strip()) for is_quoted, text in parser.lines)
    return "\n".join(f"> {text}" if is_quoted else text for is_quoted, text in shown if text)
