import time

import pytest

from eval_pipeline.text import MASK, clip, mask, one_line, plain, tail


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]0;window\x07text", "text"),
        ("\x1b]8;;http://evil.test\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1bc\x1b(Breset", "reset"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("abc\u202edef\u2066\u200f", "abcdef"),
        ("tab\tand\nline\x00\x08\x7f\x9b", "tab\tand\nline"),
        ("\ud800x", "x"),
        ("\x1b", ""),
    ],
)
def test_terminal_escapes_and_control_characters_go_and_text_stays(given, shown):
    assert plain(given) == shown


@pytest.mark.parametrize(
    "secret",
    [
        "dapi0123456789abcdef0123456789abcdef",
        "sk-ant-api03-abcdefgh",
        "xoxb-1234567890-abc",
        "ghp_abcdefghijklmnop1234",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2ln",
    ],
)
def test_what_looks_like_a_credential_is_masked(secret):
    assert mask(f"before {secret} after") == f"before {MASK} after"


def test_credentials_are_masked_within_urls_and_headers():
    assert mask("https://user:pass@host/x") == f"https://{MASK}@host/x"
    assert mask("Authorization: Bearer abcdef123456") == f"Authorization: Bearer {MASK}"
    assert "T0" not in mask("https://hooks.slack.com/services/T0/B0/xyz")


def test_given_secrets_are_masked_the_longest_first():
    assert mask("a-secret-long and a-secret", ["a-secret", "a-secret-long", ""]) == f"{MASK} and {MASK}"


def test_a_long_text_keeps_its_head_and_its_tail():
    text = clip("start" + "x" * 10_000 + "end", 200)
    assert len(text) <= 200 and text.startswith("start") and text.endswith("end") and "left out" in text
    assert clip("short", 200) == "short"
    assert all(len(clip("y" * 100, limit)) <= limit for limit in range(100))


def test_the_tail_is_whole_lines_within_its_limits():
    assert tail("a\nb\nc\n", 2, 100) == "b\nc"
    assert tail("x" * 50 + "\nlast", 5, 20) == "last"


def test_one_line_is_one_line():
    assert one_line(" a\n\tb  \x1b[0mc ", 100) == "a b c"


def test_hostile_text_costs_no_time():
    start = time.process_time()
    for text in ("\x1b[" * 200_000, "\x1b]" * 200_000, "://" * 100_000, "eyJ" + "a" * 200_000, "a:" * 200_000):
        mask(plain(text))
    assert time.process_time() - start < 3
