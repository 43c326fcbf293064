"""The report in a headless Chromium, from a file and without a network: keys, links, dark, narrow and printed."""

import json
import re
from typing import Any

import pytest

from tests.report.browser import Page, in_browser

pytestmark = pytest.mark.chromium

CHOSEN = "document.querySelector('#explorer-{id} [aria-selected=true]').textContent"
STATE = "document.querySelector('#explorer-{id} .state').innerText"
PAPER = "getComputedStyle(document.body).backgroundColor"


async def chosen(page: Page, exhibit_id: str = "kip-101") -> str:
    return str(await page.run(CHOSEN.format(id=exhibit_id)))


async def state(page: Page, exhibit_id: str = "kip-101") -> str:
    return str(await page.run(STATE.format(id=exhibit_id)))


def test_it_opens_at_the_violation_with_both_sides_and_the_false_conjunct(home, page_at):
    async def play(page: Page) -> None:
        await page.open(page_at)
        assert "truncates to" in await state(page)
        said = await state(page)
        assert "the broker says" in said
        assert "the model says" in said
        assert "False: s.probe_answered" in said, "the false conjunct"
        marked = "[...document.querySelectorAll('#explorer-kip-101 mark.odd')].map(mark => mark.textContent)"
        differs: Any = await page.run(marked)
        ends = {text for text in differs if text.startswith("log end")}
        assert len(ends) == 2, "what the follower cut off, the model has"

    in_browser(home, play)


def test_keys_step_through_it_and_the_address_follows(home, page_at):
    async def play(page: Page) -> None:
        await page.open(page_at)
        await page.run("document.querySelector('#explorer-kip-101 .steps').focus()")
        last = await chosen(page)
        await page.press("Home")
        assert "creates: n" in await chosen(page)
        assert "empty log" not in await state(page), "no replica is known yet"
        await page.press("ArrowDown")
        second = await chosen(page)
        assert "creates: n" not in second
        assert "empty log" in await state(page)
        link = await page.run("location.hash")
        await page.press("ArrowUp")
        assert "creates: n" in await chosen(page)
        await page.press("ArrowUp")
        assert "creates: n" in await chosen(page), "there is nothing before the first"
        await page.press("ArrowRight")
        await page.press("ArrowLeft")
        assert "creates: n" in await chosen(page)
        await page.press("End")
        await page.press("ArrowDown")
        assert await chosen(page) == last
        await page.open("about:blank")
        await page.open(page_at + str(link))
        assert await chosen(page) == second, "the address of a step opens at that step"

    in_browser(home, play)


def test_a_link_opens_its_counterexample_and_what_it_names_for_a_reader_who_cannot_see(home, page_at):
    async def play(page: Page) -> None:
        await page.open(page_at + "#model-kip-101:0")
        assert await page.run("document.getElementById('model-kip-101').open") is True
        assert await page.run("document.activeElement.getAttribute('role')") == "listbox"
        await page.open("about:blank")
        await page.width(1280, 500)
        await page.open(page_at + "#truncates-one-late:")
        seen = (
            "(() => { const box = name => document.querySelector('#explorer-truncates-one-late ' + name)"
            ".getBoundingClientRect(), list = box('.steps'), one = box('[aria-selected=true]'); "
            "return one.top >= list.top && one.bottom <= list.bottom; })()"
        )
        assert await page.run(seen) is True, "the chosen step is in sight"
        await page.open("about:blank")
        await page.open(page_at + "#model-kip-101:0")
        active = "document.getElementById(document.activeElement.getAttribute('aria-activedescendant')).textContent"
        assert await page.run(active) == await chosen(page, "model-kip-101")
        nameless = (
            "[...document.querySelectorAll('button, [role]')].filter(e => !e.textContent.trim() && "
            "!e.getAttribute('aria-label')).length"
        )
        assert await page.run(nameless) == 0
        assert await page.run("document.querySelectorAll('[id]').length") == await page.run(
            "new Set([...document.querySelectorAll('[id]')].map(e => e.id)).size"
        ), "ids are given once"

    in_browser(home, play)


def test_light_dark_and_narrow(home, page_at):
    async def play(page: Page) -> None:
        await page.open(page_at)
        await page.media("screen")
        light = await page.run(PAPER)
        await page.media("screen", dark=True)
        dark = await page.run(PAPER)
        assert brightness(light) > 200
        assert brightness(dark) < 60
        assert brightness(await page.run("getComputedStyle(document.body).color")) > 180
        for pixels in (390, 1280):
            await page.width(pixels)
            assert await page.run("document.documentElement.scrollWidth <= innerWidth") is True

    in_browser(home, play)


def test_printed_it_has_the_state_without_the_controls(home, page_at):
    async def play(page: Page) -> None:
        await page.open(page_at)
        await page.media("print", dark=True)
        assert brightness(await page.run(PAPER)) > 200, "paper is white"
        assert await page.run("getComputedStyle(document.querySelector('.steps')).display") == "none"
        assert "the model says" in await state(page)
        await page.media()
        assert (await page.printed()).startswith(b"%PDF")

    in_browser(home, play)


def test_tables_say_what_was_given(home, page_at):
    async def play(page: Page) -> None:
        await page.open(page_at)
        row = "document.getElementById('planted-kip-101').innerText"
        assert "fails with it, passes without" in await page.run(row)
        assert await page.run("document.querySelector('td.hole').textContent") == "never"
        assert json.loads(await page.run("JSON.stringify(performance.getEntriesByType('resource'))")) == []

    in_browser(home, play)


def brightness(colour: Any) -> float:
    """Of an `rgb(...)`, from 0 to 255."""
    parts = [float(part) for part in re.findall(r"[\d.]+", str(colour))[:3]]
    return sum(parts) / 3
