"""The reference pages say what the code says."""

from campaign.reference import DOCS, pages


def test_no_reference_page_is_stale():
    stale = [name for name, text in pages().items() if (DOCS / name).read_text(encoding="utf-8") != text]
    assert stale == [], "run python -m campaign.reference"
