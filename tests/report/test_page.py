"""The page around the explorer, in a headless Chromium: what was found first, voters, tables, links, contrast."""

import re
from typing import Any

import pytest

from tests.report.browser import Page, in_browser

pytestmark = pytest.mark.chromium

CELLS = "[...document.querySelectorAll('table.planted tbody tr')].map(row => row.children[{column}].textContent.trim())"
GOES = "new Promise(done => {{ addEventListener('hashchange', () => done(true), {{once: true}}); {act}; }})"
"""What leads to another place of the page, and the page has followed."""
STATE = "document.querySelector('#explorer-{id} .state').innerText"


async def column(page: Page, place: int) -> list[str]:
    cells: list[str] = await page.run(CELLS.format(column=place))
    return cells


async def choose(page: Page, exhibit: str, *keys: str) -> str:
    """The state after stepping with these keys."""
    await page.run(f"document.querySelector('#explorer-{exhibit} .steps').focus()")
    for key in keys:
        await page.press(key)
    return str(await page.run(STATE.format(id=exhibit)))


def test_voters_have_a_state_table_with_votes_epochs_logs_and_watermarks_on_both_sides(home, page_at):
    async def play(page: Page) -> None:
        await page.open(page_at + "#votes-twice:")
        last = await choose(page, "votes-twice", "End")
        assert "the controllers say" in last
        assert "controller-1" in last
        assert "high watermark 9" in last
        assert "0:e1\N{MULTIPLICATION SIGN}9" in last, "the log, by the epoch that wrote it"
        marked: Any = await page.run(
            "[...document.querySelectorAll('#explorer-votes-twice mark.odd')].map(mark => mark.textContent)"
        )
        votes = {text for text in marked if text.startswith("voted for")}
        assert votes == {"voted for controller-2,", "voted for controller-3,"}, "the second vote, beside the first"
        before = await choose(page, "votes-twice", "ArrowUp", "ArrowUp")
        assert "stands for epoch 2" in before
        first = await choose(page, "votes-twice", "Home")
        assert "empty log" in first
        assert "voted for" not in first

    in_browser(home, play)


def test_an_execution_of_the_quorums_model_shows_its_votes_too(home, page_at):
    async def play(page: Page) -> None:
        await page.open(page_at + "#model-quorum-vote-doubled:4")
        said = str(await page.run(STATE.format(id="model-quorum-vote-doubled")))
        assert "voted for n3" in said
        assert "voted for n1" in said, "in the model as it is"

    in_browser(home, play)


def test_the_step_that_leaves_the_model_is_told_in_plain_words_before_the_condition(home, page_at):
    async def play(page: Page) -> None:
        await page.open(page_at)
        said = await choose(page, "kip-101", "End")
        words, condition = said.index("has not told yet where"), said.index("s.probe_answered")
        assert words < condition
        assert "This breaks no_committed_loss: Everything committed" in said
        assert "is not allowed here" not in said, "no model language before it"

    in_browser(home, play)


def test_the_sentence_comes_first_in_red_and_in_sight_when_a_link_opens_it(home, page_at):
    async def play(page: Page) -> None:
        await page.width(1366, 768)
        await page.open(page_at + "#votes-twice:")
        box: Any = await page.run(
            "(() => { const box = document.querySelector('#votes-twice .sentence').getBoundingClientRect(); "
            "return [box.top, box.bottom, innerHeight]; })()"
        )
        assert box[0] >= 0
        assert box[1] <= box[2]
        order = "[...document.querySelector('#votes-twice').children].map(e => e.className || e.tagName)"
        assert (await page.run(order))[1] == "sentence"

    in_browser(home, play)


def test_what_the_run_found_itself_stands_above_all_else(home, violated_page_at):
    async def play(page: Page) -> None:
        await page.open(violated_page_at)
        headings: Any = await page.run("[...document.querySelectorAll('h2')].map(h => h.textContent)")
        assert headings[0] == "Found in this run"
        assert await page.run("document.getElementById('run-7').open") is True
        colour = await page.run("getComputedStyle(document.getElementById('found')).color")
        red, green, blue = (int(part) for part in re.findall(r"\d+", str(colour))[:3])
        assert red > 2 * max(green, blue)
        assert "truncates to" in str(await page.run(STATE.format(id="run-7"))), "it can be stepped through"

    in_browser(home, play)


def test_the_table_of_planted_bugs_sorts_by_key_and_says_how(home, page_at):
    async def play(page: Page) -> None:
        await page.open(page_at)
        button = "document.querySelectorAll('table.planted th button')[{place}]"
        await page.run(button.format(place=3) + ".focus()")
        await page.press("Enter")
        runs = [float(cell) for cell in await column(page, 3) if cell != "-"]
        assert runs == sorted(runs)
        assert runs[0] < runs[-1], "as numbers, with something to sort"
        sort = "document.querySelectorAll('table.planted th')[3].getAttribute('aria-sort')"
        assert await page.run(sort) == "ascending"
        await page.press("Enter")
        assert [float(cell) for cell in await column(page, 3) if cell != "-"] == runs[::-1]
        assert await page.run(sort) == "descending"
        await page.run(button.format(place=0) + ".click()")
        names = await column(page, 0)
        assert names == sorted(names)

    in_browser(home, play)


def test_invariant_planted_bug_and_counterexample_lead_to_each_other(home, page_at):
    async def play(page: Page) -> None:
        await page.open(page_at)
        assert await page.run("document.querySelector('#one_leader a[href=\"#planted-votes-twice\"]') !== null")
        row = "document.getElementById('planted-votes-twice')"
        assert await page.run("document.getElementById('one_leader').open") is False
        await page.run(GOES.format(act=row + ".querySelector('a[href=\"#one_leader\"]').click()"))
        assert await page.run("document.getElementById('one_leader').open") is True
        assert await page.run(row + ".querySelector('a[href=\"#one_leader\"]') !== null")
        await page.run(row + ".querySelector('a[href=\"#votes-twice:\"]').click()")
        assert await page.run("document.getElementById('votes-twice').open") is True
        dead = (
            "[...document.querySelectorAll('a[href^=\"#\"]')].map(a => a.getAttribute('href').slice(1).split(':')[0])"
            ".filter(id => !document.getElementById(id))"
        )
        assert await page.run(dead) == []

    in_browser(home, play)


def test_counterexamples_are_narrowed_to_a_word_and_a_link_shows_one_that_was_hidden(home, page_at):
    async def play(page: Page) -> None:
        await page.open(page_at)
        type_in = "filter.value = {word!r}, filter.dispatchEvent(new Event('input'))"
        shown = "[...document.querySelectorAll('details.exhibit')].filter(card => !card.hidden).map(card => card.id)"
        await page.run(type_in.format(word="two votes"))
        assert await page.run(shown) == ["votes-twice"]
        assert await page.run("document.getElementById('filtered').textContent") == "1 of 5"
        await page.run(GOES.format(act="location.hash = '#kip-101:'"))
        assert "kip-101" in await page.run(shown)
        await page.run(type_in.format(word=""))
        assert len(await page.run(shown)) == 5

    in_browser(home, play)


def test_empty_cells_are_told_from_those_that_cannot_be(home, page_at):
    async def play(page: Page) -> None:
        await page.open(page_at)
        cells: Any = await page.run(
            "[...document.querySelectorAll('table.counts td')].map(cell => [cell.className, cell.textContent])"
        )
        assert cells == [["full", "3"], ["hole", "never"], ["none", ""]]
        dense: Any = await page.run(
            "[...document.querySelectorAll('table.dense td')].map(cell => [cell.className, cell.title])"
        )
        assert dense == [["full", "-, then append: 1"], ["hole", "append, then append: 0"]]
        assert await page.run("document.querySelector('table.dense th[scope=row]').textContent") == "at first"

    in_browser(home, play)


CONTRAST = """
(() => {
  const parse = text => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = e => {
    for (; e; e = e.parentElement) {
      const colour = parse(getComputedStyle(e).backgroundColor);
      if (colour.length < 4 || colour[3]) return colour;
    }
  };
  const has_text = e => [...e.childNodes].some(node => node.nodeType === 3 && node.data.trim());
  const poor = [];
  for (const e of document.querySelectorAll('main *')) {
    if (e.closest('svg') || !e.checkVisibility() || !has_text(e)) continue;
    const [a, b] = [light(parse(getComputedStyle(e).color)), light(ground(e))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.4) poor.push(e.className + ' ' + e.textContent.trim().slice(0, 40) + ' ' + ratio.toFixed(2));
  }
  return [...new Set(poor)];
})()
"""


@pytest.mark.parametrize("dark", [False, True])
def test_all_text_can_be_read_on_its_ground(home, violated_page_at, dark):
    async def play(page: Page) -> None:
        await page.media("screen", dark=dark)
        await page.open(violated_page_at)
        assert await page.run(CONTRAST) == []

    in_browser(home, play)


def test_printed_it_keeps_the_sentence_and_the_voters_and_drops_what_is_to_be_pressed(home, page_at):
    async def play(page: Page) -> None:
        await page.open(page_at + "#votes-twice:")
        await page.media("print", dark=True)
        for name in ("nav", ".bar-of-buttons", ".steps", ".filter"):
            assert await page.run(f"getComputedStyle(document.querySelector('{name}')).display") == "none", name
        seen = str(await page.run("document.getElementById('votes-twice').innerText"))
        assert "two votes in one epoch" in seen
        assert "voted for controller-3" in seen

    in_browser(home, play)
